package main

import (
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
)

// rowByRow is what a quick program does: a transaction for each row, over one
// or several sessions, with a look-up, a clear and an insert by prepared
// statements. The rows are the first of the file.
func (b *bench) rowByRow(ctx context.Context, file string, sessions int) (cost, error) {
	rows, err := firstRows(file, min(b.perRow, b.rows))
	if err != nil {
		return cost{}, err
	}
	began := time.Now()
	group, ctx := errgroup.WithContext(ctx)
	for n := range sessions {
		group.Go(func() error {
			conn, err := b.server.connect(ctx, scene)
			if err != nil {
				return err
			}
			defer conn.Close(context.Background())
			for i := n; i < len(rows); i += sessions {
				if err := linkOne(ctx, conn, rows[i]); err != nil {
					return fmt.Errorf("row %d: %w", i+1, err)
				}
			}
			return nil
		})
	}
	err = group.Wait()
	return cost{seconds: time.Since(began).Seconds()}, err
}

func linkOne(ctx context.Context, conn *pgx.Conn, row []string) error {
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		var entity string
		var current *string
		err := tx.QueryRow(ctx, `
			SELECT e.id, l.entity_id
			FROM recordings AS r
			JOIN integration_connections AS c ON c.id = $3 AND c.organization_id = r.organization_id
			JOIN crm_entities AS e ON e.integration_connection_id = c.id AND e.data_type = $4 AND e.external_id = $2
			LEFT JOIN recording_links AS l ON l.recording_id = r.id AND l.cleared_at IS NULL
			WHERE r.id = $1 AND r.deleted_at IS NULL AND e.deleted_at IS NULL AND e.merged_into_id IS NULL`,
			row[0], row[2], row[3], row[4]).Scan(&entity, &current)
		if err != nil || (current != nil && *current == entity) {
			return err
		}
		if current != nil {
			_, err := tx.Exec(ctx, "UPDATE recording_links SET cleared_at = clock_timestamp(), cleared_trigger = $2 WHERE recording_id = $1 AND cleared_at IS NULL", row[0], row[5])
			if err != nil {
				return err
			}
		}
		_, err = tx.Exec(ctx, "INSERT INTO recording_links (recording_id, data_type, entity_id, trigger, linked_at) VALUES ($1, $2, $3, $4, clock_timestamp())", row[0], row[4], entity, row[5])
		return err
	})
}

func firstRows(file string, n int) ([][]string, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := csv.NewReader(f)
	if _, err := r.Read(); err != nil {
		return nil, err
	}
	rows := make([][]string, n)
	for i := range rows {
		if rows[i], err = r.Read(); err != nil {
			return nil, err
		}
	}
	return rows, nil
}
