package expand

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/jackc/pgx/v5"

	"relink/linker"
	"relink/linker/postgres"
	"relink/linker/postgres/pg"
	"relink/linker/postgres/platform"
	"relink/linker/postgres/sql"
)

// RemapOptions select whose links are moved.
type RemapOptions struct {
	Run int64
	// Organization is the caller's: rows of others do not exist. "" for any.
	Organization string
	// From is the connection of old rows that name none, "" when all do.
	From string
}

// RemapFiles take what a map comes to.
type RemapFiles struct {
	Links    io.Writer // rows of an import, CSV with a header
	Unmapped io.Writer // links to rows of the old connections that no pair names, the same
	// Row is called with every row of the map, in order. The row is valid during
	// the call.
	Row func(*linker.MapRow) error
}

// Remap turns pairs of CRM rows, which next gives until io.EOF, into rows that move
// the current links of the old ones. The links are of one snapshot. An error of
// next or of the files ends it and is returned as it is.
func Remap(ctx context.Context, store *postgres.Store, o RemapOptions, next func(*linker.Pair) error, to RemapFiles) (totals linker.MapTotals, err error) {
	err = expanded(ctx, store, o.Run, func(x *expansion) error {
		if err := x.readMap(ctx, next); err != nil {
			return err
		}
		organization := sql.OrNull(o.Organization)
		if err := x.findPairs(ctx, organization); err != nil {
			return err
		}
		return pgx.BeginTxFunc(ctx, x.conn, pgx.TxOptions{IsoLevel: pgx.RepeatableRead}, func(pgx.Tx) error {
			if _, err := x.table(ctx, "links", "map_links", organization, linker.Triggers); err != nil {
				return err
			}
			if totals.Unmapped, err = x.table(ctx, "unmapped", "unmapped", organization, sql.OrNull(o.From)); err != nil {
				return err
			}
			if err := x.mapRows(ctx, &totals, to.Row); err != nil {
				return err
			}
			if err := x.copyTo(ctx, "unmapped_file", to.Unmapped); err != nil {
				return err
			}
			return x.copyTo(ctx, "links_file", to.Links)
		})
	})
	return totals, err
}

// readMap copies the pairs into a table.
func (x *expansion) readMap(ctx context.Context, next func(*linker.Pair) error) error {
	if _, err := x.exec(ctx, "map"); err != nil {
		return err
	}
	r, w := io.Pipe()
	read := make(chan error, 1)
	go func() {
		err := x.encode(w, next)
		w.CloseWithError(err)
		read <- err
	}()
	_, err := x.conn.PgConn().CopyFrom(ctx, r, x.texts.Inline("COPY run.map FROM STDIN (FORMAT csv, ENCODING 'UTF8')"))
	r.CloseWithError(io.ErrClosedPipe) // the writer must not wait for a reader that has gone
	if readErr := <-read; readErr != nil && !errors.Is(readErr, io.ErrClosedPipe) {
		return readErr
	}
	if err != nil {
		return fmt.Errorf("copying the map: %w", err)
	}
	return x.analyze(ctx, "map")
}

// encode writes pairs as CSV in the columns of the table.
func (x *expansion) encode(to io.Writer, next func(*linker.Pair) error) error {
	w := csv.NewWriter(to)
	var p linker.Pair
	var row []string
	for {
		err := next(&p)
		if errors.Is(err, io.EOF) {
			w.Flush()
			return w.Error()
		}
		if err != nil {
			return err
		}
		code, message := "", p.Note
		if p.Fault != nil {
			code, message = string(p.Fault.Code), p.Fault.Message
		}
		fit := func(side, id, column string) string {
			if id == "" {
				return ""
			}
			kind := x.texts.Platform.Kind(column)
			canonical, fits := kind.Canonical(id)
			if !fits {
				message = joined(message, fmt.Sprintf("%s row: %q is not a %s, as this platform's are", side, id, kind))
			}
			return canonical
		}
		external, connection := fit("old", p.Old.ExternalID, platform.ExternalID), fit("old", p.Old.IntegrationConnectionID, platform.ConnectionID)
		newExternal, newConnection := fit("new", p.New.ExternalID, platform.ExternalID), fit("new", p.New.IntegrationConnectionID, platform.ConnectionID)
		row = append(row[:0],
			strconv.FormatInt(p.Row, 10), strconv.FormatInt(p.Line, 10), code, message,
			p.Old.DataType, external, connection, p.New.DataType, newExternal, newConnection)
		if err := w.Write(row); err != nil {
			return err
		}
	}
}

func joined(a, b string) string {
	if a == "" {
		return b
	}
	return a + "; " + b
}

// findPairs looks both sides of the map up, those that are not found in the other
// forms of their ids as well, and judges the pairs.
func (x *expansion) findPairs(ctx context.Context, organization *string) error {
	if _, err := x.table(ctx, "map_found", "map_found", organization); err != nil {
		return err
	}
	if x.texts.Platform.Kind(platform.ExternalID) <= platform.Citext {
		if err := x.secondLook(ctx, organization); err != nil {
			return err
		}
	}
	_, err := x.table(ctx, "map_pairs", "map_pairs", organization)
	return err
}

// secondLook tries the other forms of Salesforce ids. The rule that knows them is
// salesforce.Alternatives, so the ids come out and their other forms go in, both
// in one stream each.
func (x *expansion) secondLook(ctx context.Context, organization *string) error {
	if _, err := x.exec(ctx, "map_alternates"); err != nil {
		return err
	}
	in, err := x.store.Connect(ctx, fmt.Sprintf("run %d second look", x.run))
	if err != nil {
		return err
	}
	defer pg.Close(in)
	missed, err := x.conn.Query(ctx, x.texts.Of("map_missed"))
	if err != nil {
		return fmt.Errorf("reading the ids of the map that were not found: %w", err)
	}
	n, err := postgres.CopyAlternatives(ctx, in, fmt.Sprintf("run_%d_map_alternates", x.run), missed)
	if err != nil || n == 0 {
		return err
	}
	if err := x.analyze(ctx, "map_alternates"); err != nil {
		return err
	}
	_, err = x.exec(ctx, "map_found_again", organization)
	return err
}

// mapRows gives the rows of the map with what they come to.
func (x *expansion) mapRows(ctx context.Context, totals *linker.MapTotals, each func(*linker.MapRow) error) error {
	rows, err := x.conn.Query(ctx, x.texts.Of("map_rows"))
	if err != nil {
		return fmt.Errorf("reading the map: %w", err)
	}
	var r linker.MapRow
	var failed error
	_, err = pgx.ForEachRow(rows, []any{
		&r.Row, &r.Line, &r.Old.DataType, &r.Old.ExternalID, &r.Old.IntegrationConnectionID,
		&r.New.DataType, &r.New.ExternalID, &r.New.IntegrationConnectionID,
		&r.Code, &r.Message, &r.EntityID, &r.NewEntityID, &r.Links,
	}, func() error {
		totals.Add(&r)
		failed = each(&r)
		return failed
	})
	if failed != nil || err == nil {
		return failed
	}
	return fmt.Errorf("reading the map: %w", err)
}
