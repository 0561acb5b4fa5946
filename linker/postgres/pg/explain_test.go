package pg_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"relink/linker"
	"relink/linker/postgres/localpg"
	"relink/linker/postgres/pg"
	"relink/linker/postgres/pgtest"
)

// explained returns what Explain makes of err; ok is false when it finds no
// hint.
func explained(err error) (message, hint string, ok bool) {
	if err = pg.Explain(err); err == nil {
		return "", "", false
	}
	var hinted interface{ Hint() string }
	if !errors.As(err, &hinted) || hinted.Hint() == "" {
		return err.Error(), "", false
	}
	return err.Error(), hinted.Hint(), true
}

func isTransient(err error) bool { return linker.IsTransient(pg.Explain(err)) }

// wantExplained fails unless Explain's message and hint have these words.
func wantExplained(t *testing.T, err error, message, hint string) {
	t.Helper()
	gotMessage, gotHint, ok := explained(err)
	if !ok || !strings.Contains(gotMessage, message) || !strings.Contains(gotHint, hint) {
		t.Errorf("Explain(%v) = %q, %q, %v; want %q, %q", err, gotMessage, gotHint, ok, message, hint)
	}
	if strings.Contains(gotMessage+gotHint, "secret") {
		t.Errorf("Explain(%v) = %q, %q, which tells a password", err, gotMessage, gotHint)
	}
}

func TestExplainConnecting(t *testing.T) {
	t.Parallel()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refused := closed.Addr().String()
	closed.Close()

	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { silent.Close() })

	rude, err := net.Listen("tcp", "127.0.0.1:0") // hangs up at once
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rude.Close() })
	go func() {
		for {
			conn, err := rude.Accept()
			if err != nil {
				return
			}
			conn.Close()
		}
	}()

	plain := refusesTLS(t)
	empty := t.TempDir()
	for _, c := range []struct {
		name          string
		url           string
		message, hint string
		transient     bool
	}{
		{"nothing listens", "postgres://u:secret@" + refused + "/d", "no database server answers at " + refused, "PGPORT", true},
		{"no socket", "postgres:///d?host=" + empty, "no database server at " + empty, "PGHOST", true},
		{"a host that does not exist", "postgres://u:secret@no-such-host.invalid/d", `host "no-such-host.invalid" is not known`, "PGHOST", true},
		{"nothing listens on any of the hosts", "postgres://u:secret@" + refused + "," + refused + ",127.0.0.2:1/d", "no database server answers at " + refused + ", 127.0.0.2:1", "PGPORT", true},
		{"a server that is no standby", pgtest.Database(t) + "&target_session_attrs=standby", "is what target_session_attrs in the URL asks for", "failover", true},
		{"a server without TLS", "postgres://u:secret@" + plain + "/d?sslmode=require", "no TLS with the database server at " + plain, "sslmode", false},
		{"a host that does not answer", "postgres://u:secret@" + silent.Addr().String() + "/d?connect_timeout=1&sslmode=disable", "did not answer in time", "firewall", true},
		{"something that is not PostgreSQL", "postgres://u:secret@" + rude.Addr().String() + "/d?sslmode=disable", "ended the connection", "sslmode", true},
		{"a URL that is none", "postgres://u:secret@host:port/d", "the database URL cannot be read", "postgres://user:password@", false},
		{"no such database", pgtest.Database(t) + "&dbname=nowhere", `database "nowhere" does not exist`, "PGDATABASE", false},
		{"no such role", as(pgtest.Database(t), "nobody_here"), `role "nobody_here" does not exist`, "pg_hba.conf", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := pg.Connect(t.Context(), pg.Config{URL: c.url})
			if err == nil {
				t.Fatal("Connect succeeded, want an error")
			}
			wantExplained(t, err, c.message, c.hint)
			if got := isTransient(err); got != c.transient {
				t.Errorf("IsTransient(%v) = %v, want %v", err, got, c.transient)
			}
		})
	}
}

// refusesTLS is the address of a server that answers a request for TLS with no.
func refusesTLS(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			io.ReadFull(conn, make([]byte, 8))
			conn.Write([]byte("N"))
			conn.Close()
		}
	}()
	return l.Addr().String()
}

// Every way in which a network fails is an outage, whatever the errors are
// called.
func TestNetworksThatFailAreOutages(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	for name, cause := range map[string]error{
		"there is no route to the database server":         os.NewSyscallError("connect", syscall.EHOSTUNREACH),
		"there is no route to the database server at":      os.NewSyscallError("connect", syscall.ENETUNREACH),
		"ended the connection before it was made":          os.NewSyscallError("connect", syscall.ECONNRESET),
		"cannot be looked up: server misbehaving":          &net.DNSError{Err: "server misbehaving", Name: "db", IsTemporary: true},
		`the database's host "db" is not known`:            &net.DNSError{Err: "no such host", Name: "db", IsNotFound: true},
		"cannot connect to the database at":                os.NewSyscallError("connect", syscall.EADDRNOTAVAIL),
		"this user may not use the database's socket":      os.NewSyscallError("connect", syscall.EACCES),
		"ended the connection before it was made; its end": io.EOF,
	} {
		_, err := pg.Connect(t.Context(), pg.Config{URL: url, Dial: func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: cause}
		}})
		want, _, _ := strings.Cut(name, ";")
		wantExplained(t, err, want, "")
		if !isTransient(err) {
			t.Errorf("%v is no outage, want one", err)
		}
		if text := pg.Explain(err).Error(); strings.Contains(text, "\n") {
			t.Errorf("%q has more than one line", text)
		}
	}
}

func TestExplainWrongPassword(t *testing.T) {
	t.Parallel()
	s := pgtest.Server(t)
	admin := connect(t, pg.Config{URL: s.URL(localpg.Database)})
	exec(t, admin, "CREATE ROLE guarded LOGIN PASSWORD 'right'")
	rules := "local all relink trust\nlocal all guarded scram-sha-256\n"
	if err := os.WriteFile(filepath.Join(s.Dir(), "data", "pg_hba.conf"), []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
	exec(t, admin, "SELECT pg_reload_conf()")

	url := as(s.URL(localpg.Database), "guarded") + "&password="
	deadline := time.Now().Add(10 * time.Second)
	for { // the server reads its rules again when it gets to it
		_, err := pg.Connect(t.Context(), pg.Config{URL: url + "secret"})
		if _, _, ok := explained(err); ok || time.Now().After(deadline) {
			wantExplained(t, err, "password authentication failed", "PGPASSWORD")
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	connect(t, pg.Config{URL: url + "right"})
}

func TestExplainStatements(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	admin := connect(t, pg.Config{URL: url})
	role := newRole(t, admin)
	for _, c := range []struct {
		name          string
		role          string
		sql           string
		message, hint string
		transient     bool
	}{
		{"a missing table", "relink", "SELECT FROM no_such_table", `"no_such_table" does not exist`, "relink db adapt", false},
		{"a missing schema", "relink", "CREATE TABLE nowhere.t ()", `schema "nowhere" does not exist`, "--schema", false},
		{"a missing column", "relink", "SELECT restored FROM public.recording_links", `"restored" does not exist`, "relink db check", false},
		{"a missing privilege", role, "SELECT FROM public.recordings", "permission denied for table recordings", "relink db check", false},
		{"a read-only transaction", "relink", "BEGIN READ ONLY; CREATE TABLE public.t ()", "read-only transaction", "primary", true},
		{"a session that is ended", "relink", "SELECT pg_terminate_backend(pg_backend_pid())", "terminating connection", "up again", true},
		{"a statement that is cancelled", "relink", "SET statement_timeout = 1; SELECT pg_sleep(9)", "statement timeout", "cancelled", false},
		{"a prepared statement that is another session's", "relink", "EXECUTE other", `"other" does not exist`, "pool_mode = session", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			conn := connect(t, pg.Config{URL: as(url, c.role)})
			_, err := conn.PgConn().Exec(t.Context(), c.sql).ReadAll()
			err = fmt.Errorf("doing something: %w", err)
			wantExplained(t, err, c.message, c.hint)
			if got := isTransient(err); got != c.transient {
				t.Errorf("IsTransient(%v) = %v, want %v", err, got, c.transient)
			}
		})
	}
}

func TestExplainTooManyConnections(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	admin := connect(t, pg.Config{URL: url})
	role := newRole(t, admin)
	exec(t, admin, "ALTER ROLE "+role+" CONNECTION LIMIT 1")
	connect(t, pg.Config{URL: as(url, role)})
	_, err := pg.Connect(t.Context(), pg.Config{URL: as(url, role)})
	wantExplained(t, err, "too many connections for role", "--lanes")
}

func TestExplainLockConflicts(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	holder, other := connect(t, pg.Config{URL: url}), connect(t, pg.Config{URL: url})
	exec(t, holder, "BEGIN; LOCK TABLE public.recordings")
	exec(t, other, "SET lock_timeout = '10ms'")
	_, err := other.Exec(t.Context(), "SELECT FROM public.recordings")
	wantExplained(t, err, "lock timeout", "another session holds a lock")
	if !isTransient(err) {
		t.Errorf("IsTransient(%v) = false, want true", err)
	}

	// Two sessions that wait for each other.
	exec(t, other, "SET lock_timeout = 0; BEGIN; LOCK TABLE public.crm_entities")
	waited := make(chan error, 1)
	go func() {
		_, err := other.Exec(context.Background(), "SELECT FROM public.recordings")
		waited <- err
	}()
	_, err = holder.Exec(t.Context(), "SELECT FROM public.crm_entities")
	if err == nil {
		err = <-waited
	} else {
		exec(t, holder, "ROLLBACK")
		<-waited
	}
	if !isTransient(err) {
		t.Errorf("IsTransient(%v) = false, want true for a deadlock", err)
	}
}

func TestExplainAConnectionThatBreaks(t *testing.T) {
	t.Parallel()
	var broken atomic.Pointer[net.Conn]
	conn := connect(t, pg.Config{
		URL: pgtest.Database(t),
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := new(net.Dialer).DialContext(ctx, network, address)
			broken.Store(&c)
			return c, err
		},
	})
	time.AfterFunc(20*time.Millisecond, func() { (*broken.Load()).Close() })
	_, err := conn.Exec(t.Context(), "SELECT pg_sleep(9)")
	wantExplained(t, err, "the connection to the database was lost", "the server's log")
	if !isTransient(err) {
		t.Errorf("IsTransient(%v) = false, want true", err)
	}
	_, err = conn.Exec(t.Context(), "SELECT 1")
	if !isTransient(err) {
		t.Errorf("IsTransient of the next statement (%v) = false, want true", err)
	}
}

func TestExplainAServerThatCrashes(t *testing.T) {
	t.Parallel()
	s := pgtest.Server(t)
	cfg := pg.Config{URL: s.URL(localpg.Database)}
	conn := connect(t, cfg)
	if err := s.Crash(t.Context(), localpg.Immediate); err != nil {
		t.Fatal(err)
	}
	_, err := conn.Exec(t.Context(), "SELECT 1")
	if _, _, ok := explained(err); !ok || !isTransient(err) {
		t.Errorf("a statement on a crashed server (%v): explained %v, transient %v, want both true", err, ok, isTransient(err))
	}
	_, err = pg.Connect(t.Context(), cfg)
	wantExplained(t, err, "no database server", "start the server")
	if !isTransient(err) {
		t.Errorf("IsTransient(%v) = false, want true", err)
	}
}

// The states that a test cannot bring a server into.
func TestExplainStates(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		state     string
		hint      string
		transient bool
	}{
		{"53100", "free disk space on the server", false},
		{"53200", "--lanes", false},
		{"57P02", "up again", true},
		{"57P03", "up again", true},
		{"58030", "administrator", false},
		{"XX001", "administrator", false},
		{"40001", "run the command again", true},
		{"25006", "primary", true},
		{"25P03", "idle sessions", true},
		{"25P04", "idle sessions", true},
		{"57P05", "idle sessions", true},
		{"53300", "max_connections", true},
		{"55P03", "holds a lock", true},
		{"08006", "", true},
		{"08P01", "pgbouncer", false},
		{"42P05", "pool_mode = session", false},
	} {
		err := fmt.Errorf("doing something: %w", &pgconn.PgError{Code: c.state, Message: "the message", Detail: "The detail."})
		if c.hint != "" {
			wantExplained(t, err, "the database says: the message (The detail)", c.hint)
		}
		if got := isTransient(err); got != c.transient {
			t.Errorf("IsTransient of state %s = %v, want %v", c.state, got, c.transient)
		}
	}
}

func TestExplainLeavesOtherErrorsAlone(t *testing.T) {
	t.Parallel()
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	_, connectCancelled := pg.Connect(cancelled, pg.Config{URL: pgtest.Database(t)})
	running := connect(t, pg.Config{URL: pgtest.Database(t)})
	stopped, stop := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer stop()
	_, statementStopped := running.Exec(stopped, "SELECT pg_sleep(9)")
	for name, err := range map[string]error{
		"no error":                          nil,
		"a file that ends too soon":         fmt.Errorf("reading links.csv.gz: %w", io.ErrUnexpectedEOF),
		"a file that is not there":          &os.PathError{Op: "open", Path: "links.csv", Err: os.ErrNotExist},
		"a connection nobody waits for":     connectCancelled,
		"a statement out of its own time":   statementStopped,
		"no rows":                           pgx.ErrNoRows,
		"an error of somebody else's world": errors.New("out of cheese"),
	} {
		if message, hint, ok := explained(err); ok {
			t.Errorf("Explain of %s (%v) = %q, %q, want nothing", name, err, message, hint)
		}
		if isTransient(err) {
			t.Errorf("IsTransient of %s (%v) = true, want false", name, err)
		}
	}
	missing := &localpg.MissingError{}
	wantExplained(t, fmt.Errorf("starting: %w", missing), "no PostgreSQL 14 to 18 server programs", localpg.BinDirVariable)
	wantExplained(t, fmt.Errorf("starting: %w", pg.ErrPooled), "pools transactions", "pool_mode = session")
}
