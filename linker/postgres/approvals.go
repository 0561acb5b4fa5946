package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"relink/linker"
	"relink/linker/postgres/pg"
)

// Approve records that the plan of a dry run may be carried out. Who approves it,
// and when, the server says: this role needs no right to insert these columns.
func (s *Store) Approve(ctx context.Context, run linker.Run, reason string) (a linker.Approval, err error) {
	conn, err := s.Connect(ctx, "approve")
	if err != nil {
		return a, err
	}
	defer pg.Close(conn)
	by, err := Operator(ctx, conn)
	if err != nil {
		return a, err
	}
	a = linker.Approval{
		Run: run.ID, Kind: run.Kind, Schema: run.Database.Schema, OfRun: run.OfRun, SourceSHA256: run.Source.SHA256,
		PlanSHA256: run.PlanSHA256, By: by, Reason: reason, Options: run.Options,
	}
	const insert = `
		INSERT INTO relink.approvals (run, kind, platform_schema, of_run, source_sha256, options, plan_sha256, reason, operator_user, operator_host)
		VALUES ($1, $2, $3, nullif($4, 0), nullif($5, ''), $6, $7, $8, $9, $10)
		RETURNING approved_by, approved_at`
	err = conn.QueryRow(ctx, insert, a.Run, a.Kind, a.Schema, a.OfRun, a.SourceSHA256, []byte(a.Options), a.PlanSHA256, a.Reason, by.User, by.Host).
		Scan(&a.By.Role, &a.At)
	if err != nil {
		return a, pg.Explain(fmt.Errorf("recording the approval of run %d: %w", run.ID, err))
	}
	a.At = a.At.UTC()
	return a, nil
}

const selectApproval = `
	SELECT run, kind, platform_schema, coalesce(of_run, 0), coalesce(source_sha256, ''), plan_sha256,
	    approved_by, coalesce(operator_user, ''), coalesce(operator_host, ''), reason, options, approved_at
	FROM relink.approvals`

// ApprovalsOf returns the approvals of a dry run, newest first.
func (s *Store) ApprovalsOf(ctx context.Context, run int64) ([]linker.Approval, error) {
	return s.approvals(ctx, selectApproval+" WHERE run = $1 ORDER BY id DESC", run)
}

// ApprovalsFor returns the approvals of dry runs of what a run does: of its kind, on
// its schema, of the run that it takes back, and of the file with its checksum (""
// for any). The newest comes first.
func (s *Store) ApprovalsFor(ctx context.Context, r linker.Run) ([]linker.Approval, error) {
	return s.approvals(ctx, selectApproval+`
		WHERE kind = $1 AND platform_schema = $2 AND coalesce(of_run, 0) = $3 AND ($4 = '' OR source_sha256 = $4)
		ORDER BY id DESC`, r.Kind, r.Database.Schema, r.OfRun, r.Source.SHA256)
}

func (s *Store) approvals(ctx context.Context, query string, args ...any) ([]linker.Approval, error) {
	conn, err := s.Connect(ctx, "look")
	if err != nil {
		return nil, err
	}
	defer pg.Close(conn)
	rows, err := conn.Query(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("looking for approvals: %w", err)
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (a linker.Approval, err error) {
		var options []byte
		err = row.Scan(&a.Run, &a.Kind, &a.Schema, &a.OfRun, &a.SourceSHA256, &a.PlanSHA256,
			&a.By.Role, &a.By.User, &a.By.Host, &a.Reason, &options, &a.At)
		a.Options, a.At = options, a.At.UTC()
		return a, err
	})
	if err != nil {
		return nil, fmt.Errorf("looking for approvals: %w", err)
	}
	return found, nil
}

// Operator returns who is using this store.
func (s *Store) Operator(ctx context.Context) (linker.Operator, error) {
	conn, err := s.Connect(ctx, "look")
	if err != nil {
		return linker.Operator{}, err
	}
	defer pg.Close(conn)
	return Operator(ctx, conn)
}
