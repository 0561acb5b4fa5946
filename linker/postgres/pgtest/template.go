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
	if err := migrate(ctx, s.URL(building)); err != nil {
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

// migrate makes the tables of both migrations.
func migrate(ctx context.Context, url string) error {
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		return err
	}
	// The role is called like relink's own schema, which the default search
	// path would prefer for the platform's tables.
	cfg.RuntimeParams["search_path"] = "public"
	db := stdlib.OpenDB(*cfg)
	defer db.Close()
	for _, set := range []migrations.Set{migrations.Relink, migrations.Platform} {
		if err := migrations.Up(ctx, db, set); err != nil {
			return fmt.Errorf("in %s: %w", cfg.Database, err)
		}
	}
	return nil
}
