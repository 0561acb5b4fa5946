package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"relink/linker"
	"relink/linker/postgres/pg"
	"relink/linker/postgres/platform"
	"relink/linker/postgres/sql"
)

// ExportOptions choose the links of an export. The zero value means all that
// are current. At most one of Unlinked and Dead is set.
type ExportOptions struct {
	// Organization is the caller's: rows of others do not exist. "" for any.
	Organization string
	// Connections, DataTypes and Organizations limit the links; those of one
	// kind add up.
	Connections, DataTypes, Organizations []string
	// At is the moment at which the links stood; zero means now.
	At time.Time
	// Dead leaves only links to CRM rows that are merged, deleted or gone.
	Dead bool
	// Unlinked gives the recordings without a current link instead, as rows
	// that name nothing else.
	Unlinked bool
}

// Export gives each the links as rows of an import with both forms of the CRM
// row's id, in bytewise order of recordings. All are of one snapshot. The fields
// are valid until each returns; an error of each ends the export.
func (s *Store) Export(ctx context.Context, o ExportOptions, each func(*linker.Fields) error) error {
	conn, t, err := s.connectTexts(ctx, "export")
	if err != nil {
		return err
	}
	defer pg.Close(conn)
	if !o.At.IsZero() && !t.Platform.KeepsPast() {
		return pg.NewError("this platform does not keep when a link was made and cleared, so it cannot say which links stood at an earlier moment",
			"`relink history RECORDING` says what the runs of relink have done to a recording's links")
	}
	statement := t.Of("export")
	args := []any{sql.OrNull(o.Organization), o.Connections, o.DataTypes, o.Organizations, timeOrNull(o.At), o.Dead}
	if o.Unlinked {
		statement, args = t.Of("unlinked"), []any{sql.OrNull(o.Organization), o.Organizations}
	}
	rows, err := conn.Query(ctx, statement, args...)
	if err != nil {
		return pg.Explain(fmt.Errorf("reading the links: %w", err))
	}
	var recording string
	var dataType, id, externalID, connection, trigger *string
	_, err = pgx.ForEachRow(rows, []any{&recording, &dataType, &id, &externalID, &connection, &trigger}, func() error {
		return each(&linker.Fields{
			RecordingID: recording, DataType: orEmpty(dataType), ID: orEmpty(id), ExternalID: orEmpty(externalID),
			IntegrationConnectionID: orEmpty(connection), Trigger: orEmpty(trigger),
		})
	})
	if err != nil {
		return pg.Explain(fmt.Errorf("reading the links: %w", err))
	}
	return nil
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// timeOrNull is t, NULL for the zero time.
func timeOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// Survey counts the recordings that are not deleted, those of them that have a
// current link, and the current links in groups. organization is the caller's,
// "" for any.
func (s *Store) Survey(ctx context.Context, organization string) (linker.Survey, error) {
	var survey linker.Survey
	conn, t, err := s.connectTexts(ctx, "survey")
	if err != nil {
		return survey, err
	}
	defer pg.Close(conn)
	// Both statements are to see the same links.
	err = pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, t.Of("survey_recordings"), sql.OrNull(organization)).Scan(&survey.Recordings, &survey.Linked)
		if err != nil {
			return err
		}
		rows, err := tx.Query(ctx, t.Of("survey_links"), sql.OrNull(organization))
		if err != nil {
			return err
		}
		survey.Links, err = pgx.CollectRows(rows, pgx.RowToStructByPos[linker.SurveyGroup])
		return err
	})
	if err != nil {
		return survey, pg.Explain(fmt.Errorf("counting recordings and links: %w", err))
	}
	return survey, nil
}

// History returns every link that a recording has had, oldest first. It is empty
// for a recording that has none, and for one of another organization than the
// caller's ("" for any).
func (s *Store) History(ctx context.Context, recording, organization string) ([]linker.PastLink, error) {
	conn, t, err := s.connectTexts(ctx, "history")
	if err != nil {
		return nil, err
	}
	defer pg.Close(conn)
	id, fits := t.Platform.Kind(platform.RecordingID).Canonical(recording)
	if !fits {
		return nil, nil // no recording has such an id
	}
	rows, err := conn.Query(ctx, t.Of("history"), id, sql.OrNull(organization), t.Platform.Schema)
	if err != nil {
		return nil, pg.Explain(fmt.Errorf("reading the history: %w", err))
	}
	links, err := pgx.CollectRows(rows, pgx.RowToStructByPos[linker.PastLink])
	if err != nil {
		return nil, pg.Explain(fmt.Errorf("reading the history: %w", err))
	}
	return links, nil
}
