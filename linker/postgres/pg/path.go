package pg

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// safePath is the search path of every session. Whoever may create functions
// or operators in a schema of the path can have them called in the place of the
// server's own, with the rights of the session: so the path holds no schema that
// anybody but the server's owner creates in. Tables are named with their schema.
const safePath = "pg_catalog, pg_temp"

// Place is where the platform's tables stand.
type Place struct {
	// Schema holds the tables.
	Schema string
	// Path is the search_path with which the platform's own triggers run: the
	// one that the URL, the role or the database sets.
	Path string
}

// Locate finds the platform's tables: in the schema that cfg names, by its own name
// or by that of its platform in relink.platforms, else in the first schema of the
// session's own search_path (the URL's, the role's or the database's) that has a
// table or view called recording_links, else in that of the only platform in
// relink.platforms. It returns an error when cfg and its URL name different schemas.
// conn is a session of cfg.
func Locate(ctx context.Context, conn *pgx.Conn, cfg Config) (Place, error) {
	given, err := cfg.pathOfURL()
	if err != nil {
		return Place{}, err
	}
	named := pathNames(given)
	place := Place{Schema: cfg.Schema, Path: given}
	if place.Path == "" {
		if err := conn.QueryRow(ctx, "SELECT reset_val FROM pg_settings WHERE name = 'search_path'").Scan(&place.Path); err != nil {
			return Place{}, fmt.Errorf("reading the search path: %w", err)
		}
	}
	schemas, err := schemasOf(ctx, conn, place.Path)
	if err != nil {
		return Place{}, fmt.Errorf("reading the search path %s: %w", place.Path, err)
	}
	if place.Schema == "" {
		if place.Schema, err = firstWithLinks(ctx, conn, schemas); err != nil {
			return Place{}, fmt.Errorf("looking for the platform's tables: %w", err)
		}
	}
	if !slices.Contains(schemas, place.Schema) {
		if place.Schema, err = schemaOfPlatform(ctx, conn, place.Schema); err != nil {
			return Place{}, fmt.Errorf("looking for the platform: %w", err)
		}
	}
	if place.Schema == "" {
		// Without the tables, the schema in which they are missing.
		place.Schema = DefaultSchema
		if at := slices.IndexFunc(named, func(s string) bool { return s != "$user" }); at >= 0 {
			place.Schema = named[at]
		}
	}
	home, err := homeOf(ctx, conn, place.Schema)
	if err != nil {
		return Place{}, fmt.Errorf("looking for the platform's tables: %w", err)
	}
	if len(named) > 0 && home == place.Schema && !slices.Contains(named, home) {
		return Place{}, fmt.Errorf("the schema given is %q, and the database URL (or PGOPTIONS) sets the search path %s", place.Schema, given)
	}
	if !slices.Contains(schemas, home) {
		place.Path = pgx.Identifier{home}.Sanitize() + ", " + cmp.Or(place.Path, safePath)
	}
	return place, nil
}

// schemaOfPlatform returns the schema of the platform called name, or of the only
// one there is when name is "". It returns name itself where no platform is called
// so, or a schema is.
func schemaOfPlatform(ctx context.Context, conn *pgx.Conn, name string) (string, error) {
	some, err := HasPlatforms(ctx, conn)
	if err != nil || !some {
		return name, err
	}
	const query = `
		SELECT max(schema)
		FROM relink.platforms
		WHERE (name = $1 OR $1 = '') AND NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)
		HAVING count(*) = 1`
	schema := name
	err = conn.QueryRow(ctx, query, name).Scan(&schema)
	if errors.Is(err, pgx.ErrNoRows) {
		err = nil
	}
	return schema, err
}

// HasPlatforms tells whether table relink.platforms is there and may be read.
func HasPlatforms(ctx context.Context, conn *pgx.Conn) (has bool, err error) {
	const query = `
		SELECT EXISTS (
		    SELECT FROM pg_class AS c
		    JOIN pg_namespace AS n ON n.oid = c.relnamespace
		    WHERE n.nspname = 'relink' AND c.relname = 'platforms'
		        AND has_table_privilege(c.oid, 'SELECT') AND has_schema_privilege(n.oid, 'USAGE')
		)`
	err = conn.QueryRow(ctx, query).Scan(&has)
	return has, err
}

// homeOf returns the schema in which the platform's own sessions find its table of
// links: that of the table beneath where schema shows it as a view.
func homeOf(ctx context.Context, conn *pgx.Conn, schema string) (string, error) {
	const query = `
		SELECT tn.nspname
		FROM pg_class AS v
		JOIN pg_namespace AS n ON n.oid = v.relnamespace
		JOIN pg_rewrite AS r ON r.ev_class = v.oid
		JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
		JOIN pg_class AS t ON t.oid = d.refobjid AND t.oid <> v.oid AND t.relkind IN ('r', 'p')
		JOIN pg_namespace AS tn ON tn.oid = t.relnamespace
		WHERE n.nspname = $1 AND v.relname = 'recording_links' AND v.relkind = 'v'
		ORDER BY t.oid
		LIMIT 1`
	home := schema
	err := conn.QueryRow(ctx, query, schema).Scan(&home)
	if errors.Is(err, pgx.ErrNoRows) {
		err = nil
	}
	return home, err
}

// firstWithLinks returns the first of the schemas that has the platform's links,
// "" for none.
func firstWithLinks(ctx context.Context, conn *pgx.Conn, schemas []string) (string, error) {
	const query = `
		SELECT EXISTS (
		    SELECT FROM pg_class AS c
		    JOIN pg_namespace AS n ON n.oid = c.relnamespace
		    WHERE n.nspname = $1 AND c.relname = 'recording_links' AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
		)`
	for _, schema := range schemas {
		var has bool
		if err := conn.QueryRow(ctx, query, schema).Scan(&has); err != nil {
			return "", err
		}
		if has {
			return schema, nil
		}
	}
	return "", nil
}

// schemasOf returns the schemas of a search path that exist, but for the
// server's own.
func schemasOf(ctx context.Context, conn *pgx.Conn, path string) (schemas []string, err error) {
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if err := SetPath(ctx, tx, path); err != nil {
			return err
		}
		return tx.QueryRow(ctx, "SELECT pg_catalog.current_schemas(false)").Scan(&schemas)
	})
	return schemas, err
}

// SetPath sets the search path for the rest of a transaction. While it holds
// schemas of the platform's, statements must say pg_catalog for every function,
// type and operator in them.
func SetPath(ctx context.Context, tx pgx.Tx, path string) error {
	if _, err := tx.Exec(ctx, "SELECT pg_catalog.set_config('search_path', $1, true)", path); err != nil {
		return fmt.Errorf("setting the search path: %w", err)
	}
	return nil
}

// ResetPath sets the search path of relink's own statements for the rest of a
// transaction.
func ResetPath(ctx context.Context, tx pgx.Tx) error { return SetPath(ctx, tx, safePath) }

// beSafe sets the session's search path. It is the first statement of a session.
func beSafe(ctx context.Context, conn *pgconn.PgConn) error {
	_, err := conn.Exec(ctx, "SELECT pg_catalog.set_config('search_path', '"+safePath+"', false)").ReadAll()
	return err
}

// pathOfURL is the search path that the URL sets by search_path, by schema (as
// object mappers call it) or within options (or PGOPTIONS), "" for none.
func (c Config) pathOfURL() (string, error) {
	parsed, err := pgx.ParseConfig(c.URL)
	if err != nil {
		return "", fmt.Errorf("reading the database URL: %w", err)
	}
	params := parsed.RuntimeParams
	path := params["search_path"]
	if path == "" {
		path = pathOfOptions(params["options"])
	}
	if schema := params["schema"]; schema != "" {
		if path != "" && !slices.Contains(pathNames(path), schema) {
			return "", fmt.Errorf("the database URL names schema %q and sets the search path %s", schema, path)
		}
		path = cmp.Or(path, pgx.Identifier{schema}.Sanitize())
	}
	return path, nil
}

// pathOfOptions finds -c search_path=… and --search_path=… in the options of a
// connection, in which a backslash protects the next character.
func pathOfOptions(options string) (path string) {
	var words []string
	var word strings.Builder
	for i := 0; i < len(options); i++ {
		switch b := options[i]; {
		case b == '\\' && i+1 < len(options):
			i++
			word.WriteByte(options[i])
		case b == ' ' || b == '\t' || b == '\n':
			words = append(words, word.String())
			word.Reset()
		default:
			word.WriteByte(b)
		}
	}
	for _, w := range append(words, word.String()) {
		setting, ok := strings.CutPrefix(w, "--")
		if !ok {
			setting = strings.TrimPrefix(w, "-c")
		}
		if name, value, ok := strings.Cut(setting, "="); ok && strings.ReplaceAll(name, "-", "_") == "search_path" {
			path = value
		}
	}
	return path
}

// pathNames are the names in a search path, as they stand there.
func pathNames(path string) (names []string) {
	for part := range strings.SplitSeq(path, ",") {
		part = strings.TrimSpace(part)
		if unquoted, ok := strings.CutPrefix(part, `"`); ok {
			part = strings.ReplaceAll(strings.TrimSuffix(unquoted, `"`), `""`, `"`)
		} else {
			part = strings.ToLower(part)
		}
		if part != "" && part != "pg_temp" && part != "pg_catalog" {
			names = append(names, part)
		}
	}
	return names
}
