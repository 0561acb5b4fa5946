package pgtest

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"relink/linker/postgres/localpg"
	"relink/linker/postgres/migrations"
	"relink/linker/postgres/pg"
)

// templateLock is the advisory lock under which a template is made, so that
// processes which start together make it once.
const templateLock = 0x72656c696e6b // "relink"

// makeTemplate returns the name of the database that the others are cloned
// from, after making it when there is none for these migrations. It is built
// under another name, so that one that is there is always complete.
func makeTemplate(ctx context.Context, admin *pgx.Conn, s *localpg.Server) (string, error) {
	hash, err := migrations.Hash()
	if err != nil {
		return "", err
	}
	suffix := hash + strings.ToLower(strings.ReplaceAll(os.Getenv(LocaleVariable), "-", "_"))
	name, building := "template_"+suffix, "building_"+suffix

	if _, err := admin.Exec(ctx, "SELECT pg_advisory_lock($1)", int64(templateLock)); err != nil {
		return "", err
	}
	defer admin.Exec(ctx, "SELECT pg_advisory_unlock($1)", int64(templateLock))

	var exists bool
	err = admin.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name).Scan(&exists)
	if err != nil || exists {
		return name, err
	}
	if _, err := admin.Exec(ctx, "DROP DATABASE IF EXISTS "+building); err != nil {
		return "", err
	}
	if err := create(ctx, admin, building); err != nil {
		return "", err
	}
	if err := Migrate(ctx, s.URL(building)); err != nil {
		return "", err
	}
	_, err = admin.Exec(ctx, "ALTER DATABASE "+building+" RENAME TO "+name)
	return name, err
}

// LocaleVariable names the locale of the databases of tests: C, SQL_ASCII, which
// is an encoding without one, or one of ICU's, such as tr-TR.
const LocaleVariable = "RELINK_TEST_LOCALE"

// create makes a database in the locale that LocaleVariable names. By default it
// sorts text as people do and real platforms are set to, not by bytes: a query
// that needs the order of bytes and does not say so must fail its test. Which of
// these forms a server takes depends on its version and how it was built; the
// last one every server takes.
func create(ctx context.Context, admin *pgx.Conn, name string) error {
	forms := []string{"LOCALE_PROVIDER icu ICU_LOCALE 'en-US'", "LC_COLLATE 'en_US.UTF-8'", ""}
	switch locale := os.Getenv(LocaleVariable); locale {
	case "":
	case "C":
		forms = []string{"LC_COLLATE 'C' LC_CTYPE 'C'"}
	case "SQL_ASCII":
		forms = []string{"ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'"}
	default:
		forms = []string{"LOCALE_PROVIDER icu ICU_LOCALE '" + locale + "'"}
	}
	var err error
	for _, form := range forms {
		_, err = admin.Exec(ctx, "CREATE DATABASE "+name+" TEMPLATE template0 "+form)
		if err == nil {
			return nil
		}
	}
	return err
}

// markedLinks gives tests the links of the search path's platform with the marks
// of the runs beside them. The server does not look into its text, so that a test
// may do to the tables what it likes.
const markedLinks = `
REVOKE CREATE ON SCHEMA public FROM PUBLIC; -- as it is from PostgreSQL 15 on
CREATE SCHEMA pgtest;
CREATE FUNCTION pgtest.marked_links() RETURNS TABLE (
    id bigint, recording_id text, data_type text, entity_id text, trigger text, linked_at timestamptz,
    linked_by_run bigint, linked_by_row bigint, restores bigint,
    cleared_at timestamptz, cleared_by_run bigint, cleared_by_row bigint, cleared_trigger text
) LANGUAGE sql AS '
SELECT l.id, l.recording_id, l.data_type::text, l.entity_id, l.trigger, l.linked_at,
    made.run, made.row_no, made.restores::bigint,
    l.cleared_at, cleared.run, cleared.row_no, l.cleared_trigger
FROM recording_links AS l
LEFT JOIN relink.marks AS made ON made.made = l.id::text
LEFT JOIN relink.marks AS cleared ON cleared.cleared = l.id::text'`

// Migrate makes the tables of both migrations in the database at url, and the
// function marked_links of schema pgtest.
func Migrate(ctx context.Context, url string) error {
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		return err
	}
	db := stdlib.OpenDB(*cfg)
	defer db.Close()
	if err = migrations.Up(ctx, db); err == nil {
		err = migrations.UpPlatform(ctx, db, pg.DefaultSchema)
	}
	if err == nil {
		_, err = db.ExecContext(ctx, markedLinks)
	}
	if err != nil {
		return fmt.Errorf("in %s: %w", cfg.Database, err)
	}
	return nil
}
