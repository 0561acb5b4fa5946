package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"relink/linker"
	"relink/linker/postgres"
	"relink/linker/postgres/pg"
	"relink/linker/postgres/platform"
	"relink/linker/postgres/sql"
	"relink/linker/salesforce"
)

// Single relinks single recordings, for callers that wait for each: the HTTP
// operation. It decides by the statement that decides the rows of a run, and
// writes in the careful form of a run, without marks. It is safe for
// concurrent use.
type Single struct {
	cfg  pg.Config
	pool *pgxpool.Pool
	// Environment is the label that the database must have, "" where none is
	// asked for. A database that does not admit it is never written to.
	Environment string

	hints *hints

	mu         sync.Mutex
	known      *sql.Texts
	oneCurrent oneCurrent // once the texts are known
}

// singleTries is how often one request is started again after a lock, a
// deadlock or a concurrently inserted key.
const singleTries = 3

// NewSingle returns a Single with a pool of at most max connections. The
// caller closes it.
func NewSingle(ctx context.Context, cfg pg.Config, max int32) (*Single, error) {
	pool, err := pg.NewPool(ctx, cfg, max)
	if err != nil {
		return nil, err
	}
	return &Single{cfg: cfg, pool: pool, hints: newHints()}, nil
}

// Close waits for the requests in hand and closes the pool.
func (s *Single) Close() { s.pool.Close() }

// texts are the statements for the platform, which is looked for once.
func (s *Single) texts(ctx context.Context) (*sql.Texts, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known == nil {
		conn, err := s.pool.Acquire(ctx)
		if err != nil {
			return nil, err
		}
		defer conn.Release()
		p, err := postgres.FindPlatform(ctx, conn.Conn(), s.cfg)
		if err != nil {
			return nil, err
		}
		if err := s.admit(ctx, conn.Conn()); err != nil {
			return nil, err
		}
		// A request does not wait as long as another session has the table
		// locked.
		if _, err := conn.Exec(ctx, "SET lock_timeout = '500ms'"); err != nil {
			return nil, err
		}
		if s.oneCurrent, err = findOneCurrent(ctx, conn.Conn(), p); err != nil {
			return nil, fmt.Errorf("looking for the unique index on current links: %w", err)
		}
		s.known = sql.New(p, 0)
	}
	return s.known, nil
}

// admit refuses a database that has another label, or in which everything
// written must have been approved. One without tables of relink has no label.
func (s *Single) admit(ctx context.Context, conn *pgx.Conn) error {
	e, err := postgres.EnvironmentOf(ctx, conn)
	switch pg.SQLState(err) {
	case pg.StateNoTable, pg.StateNoSchema:
		return nil
	}
	if err != nil {
		return err
	}
	if err := e.Admits(s.Environment, true); err != nil {
		return err
	}
	return e.AdmitsUnapproved()
}

// Ping checks that the database answers and its tables exist.
func (s *Single) Ping(ctx context.Context) error {
	texts, err := s.texts(ctx)
	if err != nil {
		return err
	}
	_, err = s.pool.Exec(ctx, texts.Inline("SELECT FROM platform.recording_links AS l LIMIT 0"))
	return err
}

// Put links the recording of a checked row, for a caller of one organization,
// to whom nothing of any other exists. The decision has an outcome and, when it
// is rejected or failed, a code; the CRM row comes with the others.
func (s *Single) Put(ctx context.Context, organization string, c linker.Checked) (linker.Decision, linker.Entity, error) {
	var r linker.Decision
	var e linker.Entity
	err := s.try(ctx, func(tx pgx.Tx, t *sql.Texts) (err error) {
		planned, err := s.plan(ctx, tx, t, organization, c)
		if err != nil {
			return err
		}
		r = planned.Decision
		if r.Outcome == linker.Created || r.Outcome == linker.Replaced {
			if r, err = s.relink(ctx, tx, t, planned, c.Fields.Trigger); err != nil {
				return err
			}
		}
		if r.Outcome == linker.Rejected || r.Outcome == linker.Failed {
			return nil
		}
		e, err = entity(ctx, tx, t, r.EntityID)
		return err
	})
	r, err = s.conclude(ctx, organization, c, r, err)
	return r, e, err
}

// conclude makes an answer of what a transaction came to.
func (s *Single) conclude(ctx context.Context, organization string, c linker.Checked, r linker.Decision, err error) (linker.Decision, error) {
	switch {
	case isContention(err):
		return linker.Decision{Outcome: linker.Failed, Code: linker.Locked}, nil
	case err != nil && isRefusal(err):
		return linker.Decision{Outcome: linker.Failed, Code: linker.DatabaseRefused, Detail: pg.Refusal(err)}, nil
	case err != nil || r.Outcome != linker.Rejected:
		return r, err
	}
	near, err := s.nearMiss(ctx, organization, r.Code, c.Fields)
	r.Detail = joinDetail(r.Detail, near)
	return r, err
}

// Delete clears the recording's current link if it is to the CRM row that the
// checked row names. removed is false when there was no such link. The result
// is rejected, with a code, when the recording or the CRM row is not there. A
// link to a CRM row that is deleted or merged can be removed: often that is
// why it should be.
func (s *Single) Delete(ctx context.Context, organization string, c linker.Checked) (removed bool, r linker.Decision, err error) {
	err = s.try(ctx, func(tx pgx.Tx, t *sql.Texts) error {
		planned, err := s.plan(ctx, tx, t, organization, c)
		if err != nil {
			return err
		}
		r = planned.Decision
		switch {
		case r.Code == linker.EntityDeleted || r.Code == linker.EntityMerged:
			// A merge is detected before type and connection are compared; then
			// they are compared here.
			if r.Code = planned.mismatch(); r.Code != "" {
				return nil
			}
			r.Outcome, r.Detail = linker.Unchanged, ""
		case r.Outcome != linker.Unchanged:
			return nil
		}
		trigger := c.Fields.Trigger
		if trigger == "" {
			trigger = "USER_UNLINK"
		}
		if err := pg.SetPath(ctx, tx, t.Platform.Path); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, t.Of("remove_link"), planned.recording, planned.entity, trigger)
		if err != nil {
			return fmt.Errorf("removing a link: %w", err)
		}
		removed = tag.RowsAffected() > 0
		return nil
	})
	r, err = s.conclude(ctx, organization, c, r, err)
	return removed && err == nil && r.Outcome != linker.Failed, r, err
}

// try runs do in a transaction, again while others are in its way.
func (s *Single) try(ctx context.Context, do func(pgx.Tx, *sql.Texts) error) error {
	t, err := s.texts(ctx)
	if err != nil {
		return err
	}
	for try := 1; ; try++ {
		err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
			// One row must reach the tables by index, whatever their
			// statistics say, and wait for others less long than it takes
			// the server to look for a deadlock.
			_, err := tx.Exec(ctx, `
				SELECT set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
				    set_config('enable_seqscan', 'off', true), set_config('lock_timeout', '500ms', true)`)
			if err != nil {
				return fmt.Errorf("beginning to relink: %w", err)
			}
			if err := do(tx, t); err != nil {
				return err
			}
			// For triggers and constraints that wait for the commit.
			return pg.SetPath(ctx, tx, t.Platform.Path)
		})
		if !isContention(err) || try == singleTries {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Duration(try) * tryPause):
		}
	}
}

// plannedRow is one row as resolve.sql decided it.
type plannedRow struct {
	linker.Decision
	organization string // the caller's
	recording    string
	entity       string // the CRM row found, also that of a rejected row
	link         string
	// Whether it has another type or connection than the row gives.
	otherType, otherConnection bool
}

// mismatch is the code of a CRM row that differs from what the row gives.
func (p *plannedRow) mismatch() linker.Code {
	switch {
	case p.otherType:
		return linker.DataTypeMismatch
	case p.otherConnection:
		return linker.ConnectionMismatch
	}
	return ""
}

// plan decides the row, by its external id in all the forms that a file's row
// would be tried in.
func (s *Single) plan(ctx context.Context, tx pgx.Tx, t *sql.Texts, organization string, c linker.Checked) (plannedRow, error) {
	p, err := planOne(ctx, tx, t, organization, c.Fields)
	if err != nil || p.Code != linker.EntityNotFound || c.Fields.ExternalID == "" {
		return p, err
	}
	for _, form := range salesforce.Alternatives(c.Fields.ExternalID) {
		row := c.Fields
		row.ExternalID = form
		again, err := planOne(ctx, tx, t, organization, row)
		if err != nil || again.Code != linker.EntityNotFound {
			again.Detail = "found as " + form
			return again, err
		}
	}
	return p, nil
}

func planOne(ctx context.Context, tx pgx.Tx, t *sql.Texts, organization string, row linker.Fields) (p plannedRow, err error) {
	query := t.Of("one_row", "run.staged", "one")
	none := []string(nil)
	ids := idsOf(t.Platform, row)
	args := append([]any{organization, false, none, none, none, none, sql.OrNull(""), ids.recording, row.DataType, ids.entity, ids.external, ids.connection}, ids.unfit()...)
	err = tx.QueryRow(ctx, query, args...).
		Scan(&p.recording, &p.Outcome, &p.Code, &p.EntityID, &p.link, &p.PreviousEntityID, &p.PreviousDataType, &p.otherType, &p.otherConnection)
	if err != nil {
		return p, fmt.Errorf("resolving recording %q: %w", row.RecordingID, err)
	}
	p.organization, p.entity, p.Detail = organization, p.EntityID, ids.detail
	if p.Outcome == linker.Rejected {
		p.EntityID, p.PreviousEntityID, p.PreviousDataType = "", "", ""
	}
	return p, nil
}

// relink carries a planned change out.
func (s *Single) relink(ctx context.Context, tx pgx.Tx, t *sql.Texts, p plannedRow, trigger string) (linker.Decision, error) {
	// One row needs no lock on its CRM row: the foreign key takes it.
	path := &slowPath{texts: t, oneCurrent: s.oneCurrent, rules: linker.Rules{Organization: p.organization}}
	c := change{row: 1, recording: p.recording, entity: p.EntityID, trigger: sql.OrNull(trigger), link: p.link}
	done, err := path.link(ctx, tx, []change{c})
	if err != nil {
		return linker.Decision{}, err
	}
	if len(done) != 1 {
		return linker.Decision{}, fmt.Errorf("relinking recording %q: %d answers for one row", p.recording, len(done))
	}
	a := done[0]
	a.Detail, a.EntityID = p.Detail+a.Detail, p.EntityID
	return a.Decision, nil
}

func entity(ctx context.Context, tx pgx.Tx, t *sql.Texts, id string) (e linker.Entity, err error) {
	err = tx.QueryRow(ctx, t.Of("entity"), id).Scan(&e.ID, &e.ExternalID, &e.DataType, &e.Name, &e.LastActivityAt)
	if errors.Is(err, pgx.ErrNoRows) {
		// It went between the link and this look; the link keeps its id.
		return linker.Entity{ID: id}, nil
	}
	if err != nil {
		return e, fmt.Errorf("reading CRM row %q: %w", id, err)
	}
	return e, nil
}

// ids are the ids of one row as its statement takes them: in the form in which
// the platform writes them, or, where the text cannot be one, beside it.
type ids struct {
	recording, entity, external, connection                     *string
	unfitRecording, unfitEntity, unfitExternal, unfitConnection *string
	detail                                                      string // which do not fit
}

func idsOf(p *platform.Platform, row linker.Fields) (i ids) {
	fit := func(id, field, column string) (canonical, unfit *string) {
		if id == "" {
			return nil, nil
		}
		if text, fits := p.Kind(column).Canonical(id); fits {
			return &text, nil
		}
		i.detail = joinDetail(i.detail, unfitDetail(p, id, field, column))
		return nil, &id
	}
	i.recording, i.unfitRecording = fit(row.RecordingID, "recordingId", platform.RecordingID)
	i.entity, i.unfitEntity = fit(row.ID, "id", platform.EntityID)
	i.external, i.unfitExternal = fit(row.ExternalID, "externalId", platform.ExternalID)
	i.connection, i.unfitConnection = fit(row.IntegrationConnectionID, "integrationConnectionId", platform.ConnectionID)
	return i
}

func (i ids) unfit() []any {
	return []any{i.unfitRecording, i.unfitEntity, i.unfitExternal, i.unfitConnection}
}

// unfitDetail is the part of the message about an id of the wrong type.
func unfitDetail(p *platform.Platform, id, field, column string) string {
	return fmt.Sprintf("%s %q is not a %s, as this platform's are", field, id, p.Kind(column))
}

func joinDetail(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}
