package localpg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// startSeconds bounds the wait for a server to accept connections. Only
	// recovery after a crash with much to replay takes more than a second.
	startSeconds = "300"
	stopSeconds  = "60"
	// startingPoll is how often a server that is starting or stopping is
	// asked whether it is done.
	startingPoll = 50 * time.Millisecond
	// crashPatience is how long the sessions of a killed server may take to
	// notice. Idle ones do at once, busy ones at their next wait.
	crashPatience = 20 * time.Second
	// logTail is how much of a log stands in an error.
	logTail = 2000
)

// The names of what stands in a server's folder.
const (
	dataName = "data"
	logName  = "server.log"
)

// cannotConnectNow is the SQLSTATE of a server that is starting or stopping.
const cannotConnectNow = "57P03"

// throwawaySettings are for servers whose data nobody wants after a crash of
// the machine: they never wait for the disk. A crash of the server alone must
// lose nothing that was committed, as on a real one, so synchronous_commit
// stays on; with fsync off it costs next to nothing. Tests that play many
// writers at once need many sessions.
var throwawaySettings = []string{
	"fsync=off", "full_page_writes=off",
	"max_connections=300", "max_wal_size=4GB", "checkpoint_timeout=1h",
}

// start makes the server accept connections, whatever it finds: nothing, data,
// a server that runs, starts or stops, or the remains of one that was killed.
// The caller holds the start lock.
func (p place) start(ctx context.Context) error {
	running, err := p.awaitState(ctx)
	if err != nil || running {
		return err
	}
	for _, dir := range []string{p.home, p.sockets} {
		if err := p.owner.mkdir(dir); err != nil {
			return fmt.Errorf("making the folder of the local database: %w", err)
		}
	}
	if _, err := os.Stat(p.data()); errors.Is(err, os.ErrNotExist) {
		if err := p.initialise(ctx); err != nil {
			return fmt.Errorf("making the local database in %s: %w", p.home, err)
		}
	}
	settings := []string{"listen_addresses=", "port=5432", "unix_socket_directories=" + quoteListItem(p.sockets)}
	if p.cfg.Throwaway {
		settings = append(settings, throwawaySettings...)
	}
	var options strings.Builder
	for _, s := range settings {
		options.WriteString(" -c " + quoteShell(s))
	}
	if err := p.startProgram(ctx, options.String()); err != nil {
		return fmt.Errorf("starting the local database: %w%s", err, p.tail())
	}
	if err := p.createDatabase(ctx); err != nil {
		return errors.Join(err, p.stop(context.WithoutCancel(ctx), Fast))
	}
	return nil
}

// startProgram tries again for a while when a server was here and did not stop
// in order: the sessions of a server that was killed outlive it for a moment,
// and while they do no other may use its data. It is not interrupted when ctx
// ends: a server whose pg_ctl was killed would come up with nobody to stop it.
func (p place) startProgram(ctx context.Context, options string) error {
	_, err := p.pid()
	crashed := err == nil
	giveUp := time.Now().Add(crashPatience)
	for {
		// Without -l the server would inherit our pipe for its messages, and
		// we would wait for the end of that pipe for as long as it runs.
		err := p.run(context.WithoutCancel(ctx), "pg_ctl", "start", "-w", "-t", startSeconds,
			"-D", dataName, "-l", logName, "-o", options)
		if err == nil || !crashed || ctx.Err() != nil || time.Now().After(giveUp) {
			return err
		}
		time.Sleep(startingPoll)
	}
}

// awaitState tells whether the server runs, after it has finished starting or
// stopping if it is at that.
func (p place) awaitState(ctx context.Context) (running bool, err error) {
	for {
		err := p.ping(ctx)
		var pgErr *pgconn.PgError
		switch {
		case err == nil:
			return true, nil
		case ctx.Err() != nil:
			return false, fmt.Errorf("connecting to the local database: %w", context.Cause(ctx))
		case !errors.As(err, &pgErr):
			return false, nil
		case pgErr.Code != cannotConnectNow:
			return false, fmt.Errorf("connecting to the local database: %w", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(startingPoll):
		}
	}
}

// initialise makes the data folder under another name and renames it, so that
// one that is there is always complete.
func (p place) initialise(ctx context.Context) error {
	const fresh = dataName + ".new"
	if err := os.RemoveAll(filepath.Join(p.home, fresh)); err != nil {
		return err
	}
	args := []string{
		"-D", fresh, "-U", User, "--auth-local=trust", "--auth-host=reject",
		"--encoding=UTF8", "--locale=C",
	}
	if p.cfg.Throwaway {
		args = append(args, "--no-sync")
	}
	if err := p.run(ctx, "initdb", args...); err != nil {
		return err
	}
	return os.Rename(filepath.Join(p.home, fresh), p.data())
}

// createDatabase makes the database that every server has. A server that was
// killed just after initialise has none, so this looks at every start.
func (p place) createDatabase(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, p.url("postgres"))
	if err != nil {
		return fmt.Errorf("connecting to the local database: %w", err)
	}
	defer conn.Close(ctx)
	var exists bool
	err = conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", Database).Scan(&exists)
	if err == nil && !exists {
		_, err = conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{Database}.Sanitize())
	}
	if err != nil {
		return fmt.Errorf("creating the database %s: %w", Database, err)
	}
	return nil
}

// stop returns when the server is gone. It is no error when there is none.
func (p place) stop(ctx context.Context, mode Mode) error {
	if _, err := p.pid(); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	err := p.run(ctx, "pg_ctl", "stop", "-w", "-t", stopSeconds, "-D", dataName, "-m", string(mode))
	if err == nil {
		return nil
	}
	// pg_ctl complains about the remains of a server that crashed, too. Only
	// one that answers, if with a refusal, is still there.
	pingErr := p.ping(ctx)
	var pgErr *pgconn.PgError
	if pingErr == nil || errors.As(pingErr, &pgErr) {
		return fmt.Errorf("stopping the local database: %w%s", err, p.tail())
	}
	return nil
}

// run runs one of the server programs as the server's owner, in the server's
// folder. Names of files are relative to that: pg_ctl hands them to a shell
// without escaping them. The error holds what the program said.
func (p place) run(ctx context.Context, name string, args ...string) error {
	var output bytes.Buffer
	cmd := exec.CommandContext(ctx, p.programs.path(name), args...)
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.Dir = p.home
	cmd.Env = environment()
	p.owner.run(cmd)
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, lastOf(output.String()))
	}
	return nil
}

// inherited are the variables that the server programs get of ours: what they need
// to be found and to find their libraries. Everything else stays here, secrets
// above all: whoever runs as the server's owner can read its environment.
var inherited = []string{"PATH", "TMPDIR", "TZ", "TZDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"}

// environment is that of the server programs. Their messages are in English.
func environment() []string {
	env := []string{"LC_ALL=C"}
	for _, name := range inherited {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// tail returns the end of the server's log, for an error.
func (p place) tail() string {
	text, err := os.ReadFile(p.logFile())
	if err != nil {
		return ""
	}
	return fmt.Sprintf("\nthe end of %s:\n%s", filepath.Clean(p.logFile()), lastOf(string(text)))
}

func lastOf(text string) string {
	text = strings.TrimSpace(text)
	if len(text) <= logTail {
		return text
	}
	text = text[len(text)-logTail:]
	if _, whole, ok := strings.Cut(text, "\n"); ok {
		text = whole
	}
	return text
}

// quoteShell quotes an argument for the shell that pg_ctl starts the server
// with.
func quoteShell(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// quoteListItem quotes an item of a setting that is a list.
func quoteListItem(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
