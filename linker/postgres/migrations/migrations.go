package migrations

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed relink/*.sql platform/*.sql
var files embed.FS

// Schema is the schema of everything that relink keeps for itself.
const Schema = "relink"

// Set is one of the two sets of migrations.
type Set string

// The sets. Each name is also the folder of the set's files.
const (
	Relink   Set = "relink"
	Platform Set = "platform"
)

// VersionTable returns the name, with schema, of the table that says which
// migrations of the set a database has.
func (s Set) VersionTable() string {
	if s == Platform {
		return Schema + ".platform_migrations"
	}
	return Schema + ".migrations"
}

// lockRetrySeconds and lockTries bound the wait for another process that
// migrates the same database: five minutes, asked for each second. Asking and
// not waiting in the server is what keeps two migrating processes from a
// deadlock when one builds an index concurrently: that waits for every older
// snapshot, that of a waiting session included.
const (
	lockRetrySeconds = 1
	lockTries        = 300
)

const (
	duplicateSchema = "42P06"
	uniqueViolation = "23505"
)

// Up applies those migrations of the relink set that db lacks, in order, each in a
// transaction of its own. It does nothing when there are none, and waits when
// another process is at it. db must speak pgx (database/sql over pgx's stdlib
// package), so that errors are *pgconn.PgError.
func Up(ctx context.Context, db *sql.DB) error { return up(ctx, db, Relink, "") }

// UpPlatform is Up for the platform set, whose tables go into the given schema.
func UpPlatform(ctx context.Context, db *sql.DB, schema string) error {
	return up(ctx, db, Platform, schema)
}

func up(ctx context.Context, db *sql.DB, set Set, schema string) error {
	if err := createSchema(ctx, db); err != nil {
		return fmt.Errorf("creating schema %s: %w", Schema, err)
	}
	p, err := provider(db, set, schema)
	if err != nil {
		return fmt.Errorf("reading the %s migrations: %w", set, err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("applying the %s migrations: %w", set, err)
	}
	return nil
}

// Latest returns the version that Up brings a database to.
func Latest(set Set) (int64, error) {
	p, err := provider(new(sql.DB), set, "")
	if err != nil {
		return 0, fmt.Errorf("reading the %s migrations: %w", set, err)
	}
	sources := p.ListSources()
	return sources[len(sources)-1].Version, nil
}

// Hash returns a short text that changes whenever a migration of any set does.
func Hash() (string, error) {
	h := sha256.New()
	err := fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := files.ReadFile(path)
		if err != nil {
			return err
		}
		fmt.Fprintf(h, "%s %d\n", path, len(text))
		h.Write(text)
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("reading the migrations: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil))[:16], nil
}

// createSchema makes the relink schema, which the tables of versions need
// before the first migration. It looks first, because CREATE SCHEMA IF NOT
// EXISTS asks for the right to create even when there is nothing to create,
// and an administrator may have made the schema for a role that lacks it.
func createSchema(ctx context.Context, db *sql.DB) error {
	var exists bool
	err := db.QueryRowContext(ctx,
		"SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)", Schema).Scan(&exists)
	if err != nil || exists {
		return err
	}
	_, err = db.ExecContext(ctx, "CREATE SCHEMA IF NOT EXISTS "+Schema)
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) && (pgErr.Code == duplicateSchema || pgErr.Code == uniqueViolation) {
		// Another process made it between our look and now: IF NOT EXISTS
		// does not save from that.
		return nil
	}
	return err
}

func provider(db *sql.DB, set Set, schema string) (*goose.Provider, error) {
	var fsys fs.FS
	var inSchema goose.ProviderOption
	var err error
	if set == Platform {
		inSchema, err = platformMigrations(schema)
	} else {
		fsys, err = fs.Sub(files, string(set))
	}
	if err != nil {
		return nil, err
	}
	locker, err := lock.NewPostgresSessionLocker(
		lock.WithLockTimeout(lockRetrySeconds, lockTries))
	if err != nil {
		return nil, err
	}
	options := []goose.ProviderOption{
		goose.WithTableName(set.VersionTable()),
		goose.WithSessionLocker(locker),
		goose.WithDisableGlobalRegistry(true),
		goose.WithLogger(goose.NopLogger()),
	}
	if inSchema != nil {
		options = append(options, inSchema)
	}
	return goose.NewProvider(goose.DialectPostgres, db, fsys, options...)
}

// platformMigrations are the files of the platform set with their tables in the
// given schema: goose itself knows files of fixed text only.
func platformMigrations(schema string) (goose.ProviderOption, error) {
	names, err := fs.Glob(files, string(Platform)+"/*.sql")
	if err != nil {
		return nil, err
	}
	var all []*goose.Migration
	for _, name := range names {
		version, err := goose.NumericComponent(name)
		if err != nil {
			return nil, err
		}
		statements, err := readStatements(name)
		if err != nil {
			return nil, err
		}
		all = append(all, goose.NewGoMigration(version, &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error {
			for _, s := range statements {
				if _, err := tx.ExecContext(ctx, InSchema(s, schema)); err != nil {
					return err
				}
			}
			return nil
		}}, nil))
	}
	return goose.WithGoMigrations(all...), nil
}

// InSchema puts a schema in the place that the statements of the platform set
// leave open.
func InSchema(statement, schema string) string {
	return strings.ReplaceAll(statement, "platform.", pgx.Identifier{schema}.Sanitize()+".")
}

// comments finds SQL comments; no text in our migrations has two hyphens.
var comments = regexp.MustCompile(`(?m)[ ]*--.*$\n?`)

// Statements returns the statements of all migrations of the set, in order,
// without comments and without the semicolon.
func (s Set) Statements() ([]string, error) { return s.StatementsAfter(0) }

// StatementsAfter is Statements without those of the migrations up to a version.
func (s Set) StatementsAfter(version int64) ([]string, error) {
	names, err := fs.Glob(files, string(s)+"/*.sql")
	if err != nil {
		return nil, err
	}
	var statements []string
	for _, name := range names {
		if of, err := goose.NumericComponent(name); err != nil || of <= version {
			continue
		}
		some, err := readStatements(name)
		if err != nil {
			return nil, fmt.Errorf("reading the %s migrations: %w", s, err)
		}
		statements = append(statements, some...)
	}
	return statements, nil
}

func readStatements(name string) (statements []string, err error) {
	text, err := files.ReadFile(name)
	if err != nil {
		return nil, err
	}
	for statement := range strings.SplitSeq(comments.ReplaceAllString(string(text), ""), ";") {
		if statement = strings.TrimSpace(statement); statement != "" {
			statements = append(statements, statement)
		}
	}
	return statements, nil
}
