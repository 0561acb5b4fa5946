package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"relink/linker/postgres"
	"relink/linker/postgres/pg"
)

// The databases: world is what section after section is cloned from, linked is
// the world after the file of case changes was imported, scene is where a
// measurement happens.
const (
	world  = "world"
	linked = "linked"
	scene  = "scene"
)

type bench struct {
	options
	dir    string
	server *server
}

// makeWorld fills the template and writes the files.
func (b *bench) makeWorld(ctx context.Context) error {
	fmt.Fprintf(os.Stderr, "making a world of %d recordings\n", b.rows)
	if err := b.server.exec(ctx, "postgres", "CREATE DATABASE "+world); err != nil {
		return err
	}
	if err := postgres.Migrate(ctx, pg.Config{URL: b.server.url(world)}, true); err != nil {
		return err
	}
	err := command(ctx, b.dir, nil, "psql", "-q", "-X", "-d", b.server.url(world), "-v", fmt.Sprintf("n=%d", b.rows), "-f", "-", worldSQL)
	if err != nil {
		return err
	}
	for name, query := range files {
		if err := b.writeFile(ctx, name, query); err != nil {
			return err
		}
	}
	if !strings.Contains(b.cases, "unchanged") {
		return nil
	}
	if err := b.server.clone(ctx, world, linked); err != nil {
		return err
	}
	if _, err := b.relinkRun(ctx, linked, b.file("changes"), "import"); err != nil {
		return err
	}
	return b.server.exec(ctx, linked, "VACUUM (ANALYZE) recording_links", "CHECKPOINT")
}

func (b *bench) file(name string) string { return filepath.Join(b.dir, name+".csv") }

// target is the CRM row, by number, that a file asks for. Its type and its
// connection follow from the number, as in world.sql.
const target = `
SELECT n, md5('recording' || n)::uuid::text AS recording, t, md5('entity' || t)::uuid::text AS id,
    lpad(t::text, 12, '0') AS external, 'conn-' || (1 + t / 5 %% 5) AS connection,
    (ARRAY['ACCOUNT', 'CONTACT', 'LEAD', 'OPPORTUNITY', 'ENGAGEMENT'])[1 + t %% 5] AS type
FROM (SELECT n, %s AS t FROM generate_series(1, $rows) AS n) AS row`

// files are the link files, each a query for its rows in random order.
var files = map[string]string{
	"changes": `SELECT recording, NULL, external, connection, type FROM (` +
		fmt.Sprintf(target, "1 + n * 7919::bigint % $rows") + `) AS f`,
	"by-id": `SELECT recording, id, NULL, NULL, type FROM (` +
		fmt.Sprintf(target, "1 + n * 7919::bigint % $rows") + `) AS f`,
	"unchanged": `SELECT recording, NULL, external, connection, type FROM (` +
		fmt.Sprintf(target, "1 + (n * 7919::bigint + CASE WHEN n % 100 = 0 THEN 1 ELSE 0 END) % $rows") + `) AS f`,
	"rejected": `SELECT recording, NULL, CASE WHEN n % 2 = 0 THEN external ELSE 'no-' || external END, connection, type FROM (` +
		fmt.Sprintf(target, "1 + n * 7919::bigint % $rows") + `) AS f`,
}

func (b *bench) writeFile(ctx context.Context, name, query string) error {
	conn, err := b.server.connect(ctx, world)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	f, err := os.Create(b.file(name))
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	fmt.Fprintln(w, "recordingId,id,externalId,integrationConnectionId,dataType,trigger")
	query = strings.ReplaceAll(query, "$rows", fmt.Sprint(b.rows))
	copyOut := "COPY (SELECT q.*, 'EXTERNAL_API_LINK' FROM (" + query + " ORDER BY md5(n::text)) AS q) TO STDOUT (FORMAT csv)"
	if _, err := conn.PgConn().CopyTo(ctx, w, copyOut); err != nil {
		return fmt.Errorf("writing file %s: %w", name, err)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}

// command runs a program in dir; of its last argument "-" follows the standard
// input.
func command(ctx context.Context, dir string, env []string, name string, args ...string) error {
	var input string
	if n := len(args); n > 1 && args[n-2] == "-" {
		input, args = args[n-1], args[:n-1]
	}
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	if name == "go" {
		cmd.Dir = "" // the module
	}
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, out)
	}
	return nil
}
