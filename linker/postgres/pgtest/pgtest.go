package pgtest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"relink/linker/postgres/localpg"
)

const (
	// startTimeout bounds the start of a server. A cold one takes a second.
	startTimeout = 2 * time.Minute
	// leaveTimeout bounds the dropping of the databases of a whole package, some
	// hundreds, each with a checkpoint, on a machine that does other things.
	leaveTimeout = 15 * time.Minute
	// keepFailed is how long the databases of failed tests can be looked at.
	keepFailed = time.Hour
)

// process is what the tests of this process share.
var process shared

type shared struct {
	mu       sync.Mutex
	main     bool     // whether Main runs the tests
	failed   bool     // whether a test with a database failed
	passed   []string // databases that nobody wants to look at
	server   *localpg.Server
	admin    *pgx.Conn // a session in database postgres
	template string
}

// Main runs the tests of a package and gives back the shared server. Its result
// is for os.Exit.
func Main(m interface{ Run() int }) int {
	process.mu.Lock()
	process.main = true
	process.mu.Unlock()
	code := m.Run()
	if err := process.leave(); err != nil {
		fmt.Fprintf(os.Stderr, "pgtest: leaving the shared server: %v\n", err)
		return max(code, 1)
	}
	return code
}

// Database returns the URL of a fresh database with the tables of both
// migrations. It is not dropped: it goes with the server.
func Database(t testing.TB) string {
	t.Helper()
	name, url, err := process.clone(t.Name())
	if err != nil {
		t.Fatalf("making a database for the test: %v", err)
	}
	t.Cleanup(func() {
		process.ended(name, t.Failed())
		if t.Failed() {
			t.Logf("this test's database stays for %v: psql '%s'", keepFailed, url)
		}
	})
	return url
}

// Server returns a server for this test alone, which the test may Crash and
// Restart. Its database localpg.Database has the tables of both migrations. The
// server is deleted when the test ends.
func Server(t testing.TB) *localpg.Server {
	t.Helper()
	dir, err := os.MkdirTemp(localpg.TempDir(), "relink-pgtest-")
	if err != nil {
		t.Fatalf("making a folder for the test's server: %v", err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	s, err := localpg.Start(ctx, localpg.Config{Dir: dir, Throwaway: true})
	if err != nil {
		t.Fatalf("starting a server for the test: %v", err)
	}
	t.Cleanup(func() {
		if _, err := s.Leave(context.Background()); err != nil {
			t.Errorf("stopping the test's server: %v", err)
		}
	})
	if err := Migrate(ctx, s.URL(localpg.Database)); err != nil {
		t.Fatalf("making the tables on the test's server: %v", err)
	}
	return s
}

// ended takes note of how the test of a database ended.
func (p *shared) ended(name string, failed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if failed {
		p.failed = true
	} else {
		p.passed = append(p.passed, name)
	}
}

// clone makes a database from the template and returns its name and URL.
func (p *shared) clone(test string) (name, url string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	if err := p.join(ctx); err != nil {
		return "", "", err
	}
	name = databaseName(test)
	_, err = p.admin.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize()+
		" TEMPLATE "+pgx.Identifier{p.template}.Sanitize())
	if err != nil {
		p.admin.Close(ctx)
		p.admin = nil // the next test connects again
		return "", "", err
	}
	return name, p.server.URL(name), nil
}

// join starts or adopts the shared server, unless this process has it already.
func (p *shared) join(ctx context.Context) (err error) {
	if !p.main {
		return fmt.Errorf("the package lacks: func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }")
	}
	if p.server == nil {
		p.server, err = localpg.Start(ctx, localpg.Config{
			Dir:       filepath.Join(localpg.TempDir(), "relink-pgtest-"+strconv.Itoa(os.Geteuid())),
			Throwaway: true,
		})
		if err != nil {
			return err
		}
	}
	if p.admin == nil {
		if p.admin, err = pgx.Connect(ctx, p.server.URL("postgres")); err != nil {
			return err
		}
	}
	if p.template == "" {
		p.template, err = makeTemplate(ctx, p.admin, p.server)
	}
	return err
}

func (p *shared) leave() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.server == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), leaveTimeout)
	defer cancel()
	if p.failed {
		if err := p.server.Keep(time.Now().Add(keepFailed)); err != nil {
			return err
		}
	}
	if err := p.tidy(ctx); err != nil {
		return err
	}
	_, err := p.server.Leave(ctx)
	return err
}

// tidy drops the databases of tests that passed, when the server stays for
// those of tests that failed. Otherwise they go with the server: to drop one
// takes as long as to make it.
func (p *shared) tidy(ctx context.Context) error {
	if p.admin == nil {
		return nil
	}
	defer p.admin.Close(ctx)
	if !p.server.Kept() {
		return nil
	}
	for _, name := range p.passed {
		_, err := p.admin.Exec(ctx, "DROP DATABASE "+pgx.Identifier{name}.Sanitize()+" WITH (FORCE)")
		if err != nil {
			return fmt.Errorf("dropping the database of a test that passed: %w", err)
		}
	}
	return nil
}

// maxNameLength leaves room in PostgreSQL's 63 bytes for what makes the name of
// a database unique.
const maxNameLength = 50

var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

// databaseName returns a name that tells people which test it was.
func databaseName(test string) string {
	name := strings.Trim(notInNames.ReplaceAllString(strings.ToLower(test), "_"), "_")
	if len(name) > maxNameLength {
		name = name[len(name)-maxNameLength:]
	}
	unique := make([]byte, 4)
	rand.Read(unique)
	return name + "_" + hex.EncodeToString(unique)
}
