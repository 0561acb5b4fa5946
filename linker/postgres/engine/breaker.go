package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"relink/linker/guard"
	"relink/linker/postgres/pg"
)

// breakerRows is how many changes must all be refused, and none made, before
// the rest is not tried any more: one by one they would take hours.
const breakerRows = 100

// breaker ends a run whose every change the database refuses for one reason.
// The lanes of a session share it.
type breaker struct {
	mu       sync.Mutex
	closed   bool // something was done, or refused for another reason
	refused  int
	state    string // SQLSTATE of the refusals
	name     string // of the constraint, "" for none
	sentence string
}

// made notes that a change was made.
func (b *breaker) made() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
}

// refuse notes that n changes were refused. It returns a *linker.Refusal when
// nothing else has happened to the first breakerRows.
func (b *breaker) refuse(err error, n int) error {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.refused == 0 {
		b.state, b.name, b.sentence = e.Code, e.ConstraintName, pg.Sentence(e)
	}
	b.refused += n
	b.closed = b.closed || e.Code != b.state || e.ConstraintName != b.name
	if b.closed || b.refused < breakerRows {
		return nil
	}
	return &guard.Refusal{
		Kind:    guard.RefusedByDatabase,
		Message: fmt.Sprintf("the database refuses every change, as it did the first %d: %s", b.refused, b.sentence),
		Hint:    "a rule of the platform's own says so: have it changed, or the file, and start again",
	}
}

// errTried takes a change back that was only tried.
var errTried = errors.New("only tried")

// try finds out, for a dry run, whether the database would let the planned
// changes be made: one is made in a transaction that is rolled back, with all
// constraints checked at once. When it is refused others are tried, as many as
// would end the run. It returns the *linker.Refusal with which the run would
// end, nil for none.
func (x *Session) try(ctx context.Context) (*guard.Refusal, error) {
	blocks, err := x.workBlocks(ctx, "changes")
	if err != nil || blocks == 0 {
		return nil, err
	}
	conn, err := x.store.Connect(ctx, fmt.Sprintf("run %d trial", x.opt.Run))
	if err != nil {
		return nil, err
	}
	defer pg.Close(conn)
	l := &lane{x: x, conn: conn, batch: x.statement("batch")}
	if err := l.prepare(ctx); err != nil {
		return nil, fmt.Errorf("preparing to try a change: %w", err)
	}
	var b breaker
	tried := 0
	for block := int64(0); block < blocks && tried < breakerRows; block++ {
		changes, err := l.read(ctx, tid(block, 1), tid(block+1, 1))
		if err != nil {
			return nil, err
		}
		for _, c := range changes[:min(len(changes), breakerRows-tried)] {
			err := l.tryOne(ctx, c)
			switch {
			case errors.Is(err, errTried) || isContention(err):
				return nil, nil
			case !isRefusal(err):
				return nil, err
			}
			tried++
			var stop *guard.Refusal
			if errors.As(b.refuse(err, 1), &stop) {
				return stop, nil
			}
		}
	}
	if tried > 0 {
		x.notice("the database refused the changes that were tried, and would refuse them: %s", b.sentence)
	}
	return nil, nil
}

// tryOne makes a change and takes it back: it returns errTried when it could be
// made.
func (l *lane) tryOne(ctx context.Context, c change) error {
	return l.inTransaction(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SET CONSTRAINTS ALL IMMEDIATE"); err != nil {
			return fmt.Errorf("trying a change: %w", err)
		}
		if _, err := l.form()(ctx, tx, []change{c}); err != nil {
			return err
		}
		return errTried
	})
}
