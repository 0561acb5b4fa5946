package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Tune sets what long statements over whole tables want, for this session only.
// None of it needs a privilege. lockWait is how long they wait for a lock.
func Tune(ctx context.Context, conn *pgx.Conn, lockWait time.Duration) error {
	_, err := conn.Exec(ctx, `
		SELECT
		    -- joins of millions of rows in one batch where memory allows: a
		    -- sixteenth of what the server counts on for its cache, 64 to 512 MB
		    set_config('work_mem', greatest(65536, least(524288,
		        (SELECT setting::bigint * 8 / 16 FROM pg_settings WHERE name = 'effective_cache_size')))::text || 'kB', false),
		    -- all the workers that the server has for a statement, since no
		    -- other statement of this run is at work
		    set_config('max_parallel_workers_per_gather',
		        (SELECT setting FROM pg_settings WHERE name = 'max_parallel_workers'), false),
		    -- the server thinks a row handed on by a worker ten times as dear
		    -- as it is here, and then does by itself what two can do
		    set_config('parallel_tuple_cost', '0.01', false),
		    -- a statement over all rows must not outlive its client for
		    -- long: the resumed run waits for its tables
		    set_config('client_connection_check_interval', '1s', false),
		    -- whatever the URL says: it was written for short statements
		    set_config('statement_timeout', '0', false),
		    set_config('lock_timeout', $1, false),
		    set_config('idle_in_transaction_session_timeout', '0', false)`,
		fmt.Sprintf("%dms", lockWait.Milliseconds()))
	if err != nil {
		return fmt.Errorf("setting up the session: %w", err)
	}
	return nil
}
