package pg

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// DefaultSchema is the platform's schema unless Config names another.
	DefaultSchema = "public"
	// DefaultApplication is the name under which sessions of relink appear in
	// pg_stat_activity.
	DefaultApplication = "relink"
	// DefaultConnectTimeout bounds one attempt to connect. A person waits for
	// it; a firewall that drops packets would otherwise keep them for minutes.
	DefaultConnectTimeout = 10 * time.Second
)

// Config says where the database is and what sessions on it are like.
type Config struct {
	// URL is a connection URL or a string of keywords and values. What it
	// does not say comes from the PG* environment variables, so that it may
	// be empty.
	URL string
	// Schema is the platform's schema; "" leaves it to the search path: see
	// Locate.
	Schema string
	// ApplicationName defaults to DefaultApplication.
	ApplicationName string
	// ConnectTimeout defaults to what the URL says (connect_timeout), else to
	// DefaultConnectTimeout.
	ConnectTimeout time.Duration
	// Dial replaces the way to the server. Tests break connections with it.
	// Nil means the network.
	Dial pgconn.DialFunc
}

// Connect opens a session whose settings are those that relink needs, whatever
// the server, the database or the role have as defaults. The caller closes it.
func Connect(ctx context.Context, cfg Config) (*pgx.Conn, error) {
	c, err := cfg.PoolConfig()
	if err != nil {
		return nil, err
	}
	conn, err := pgx.ConnectConfig(ctx, c.ConnConfig)
	if err != nil {
		return nil, fmt.Errorf("connecting to the database: %w", err)
	}
	return conn, nil
}

// Close closes a connection, waiting at most a second: a server that has gone
// away must not keep a stopping run waiting.
func Close(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	conn.Close(ctx)
}

// NewPool returns a pool of at most max such sessions. It connects when a
// session is first asked for. The caller closes it.
func NewPool(ctx context.Context, cfg Config, max int32) (*pgxpool.Pool, error) {
	c, err := cfg.PoolConfig()
	if err != nil {
		return nil, err
	}
	c.MaxConns = max
	pool, err := pgxpool.NewWithConfig(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("making a pool of connections: %w", err)
	}
	return pool, nil
}

// PoolConfig returns what pgx connects with. The error is an *AddressError.
func (c Config) PoolConfig() (*pgxpool.Config, error) {
	parsed, err := parse(c.URL)
	if err != nil {
		return nil, err
	}
	cc := parsed.ConnConfig
	if c.ConnectTimeout > 0 {
		cc.ConnectTimeout = c.ConnectTimeout
	}
	if cc.ConnectTimeout == 0 {
		cc.ConnectTimeout = DefaultConnectTimeout
	}
	if c.Dial != nil {
		cc.DialFunc = c.Dial
	}
	cc.DialFunc = overWire(cc.DialFunc)
	cc.RuntimeParams["application_name"] = cmp.Or(c.ApplicationName, DefaultApplication)
	// The session sets its own; see Locate for what the URL means by these.
	delete(cc.RuntimeParams, "search_path")
	delete(cc.RuntimeParams, "schema")
	// A platform's URL may ask for another mode, for the sake of a pool in
	// transaction mode; results are read here as the binary form they have
	// in this one.
	cc.DefaultQueryExecMode = pgx.QueryExecModeCacheStatement

	wanted, err := json.Marshal(settings(cc.RuntimeParams))
	if err != nil {
		return nil, fmt.Errorf("writing down the session's settings: %w", err)
	}
	if validate := cc.ValidateConnect; validate != nil { // target_session_attrs
		cc.ValidateConnect = func(ctx context.Context, conn *pgconn.PgConn) error {
			if err := beSafe(ctx, conn); err != nil {
				return err
			}
			return validate(ctx, conn)
		}
	}
	cc.AfterConnect = func(ctx context.Context, conn *pgconn.PgConn) error {
		return setUp(ctx, conn, wanted)
	}
	return parsed, nil
}

// settings returns what every session of relink sets for itself, but for what
// the URL sets on purpose.
func settings(fromURL map[string]string) map[string]string {
	settings := map[string]string{
		// A statement here reads whole tables and may rightly take an hour,
		// and the session with the locks is idle nearly all the time. Roles
		// often have limits for web requests, which would end both.
		"statement_timeout":                   "0",
		"lock_timeout":                        "0",
		"idle_in_transaction_session_timeout": "0",
		"idle_session_timeout":                "0",
		"transaction_timeout":                 "0",
		// Each statement needs a fresh view of what others did meanwhile.
		"default_transaction_isolation": "read committed",
		// Compiling takes longer than it saves in statements such as ours.
		"jit":       "off",
		"DateStyle": "ISO, YMD",
		"TimeZone":  "UTC",
	}
	for name := range fromURL {
		delete(settings, name)
	}
	return settings
}

// setUp sets them by a statement and not at the start of the connection, where
// proxies refuse settings that they do not know. The join leaves out settings
// that this server is too old to have.
func setUp(ctx context.Context, conn *pgconn.PgConn, settings []byte) error {
	if err := beSafe(ctx, conn); err != nil {
		return fmt.Errorf("setting up the session: %w", err)
	}
	const statement = `
SELECT set_config(s.name, wanted.value, false)
FROM json_each_text($1) AS wanted (name, value)
JOIN pg_settings AS s USING (name)`
	r := conn.ExecParams(ctx, statement, [][]byte{settings}, nil, nil, nil).Read()
	if r.Err != nil {
		return fmt.Errorf("setting up the session: %w", r.Err)
	}
	return nil
}
