package dbcheck_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"relink/linker/postgres/dbcheck"
	"relink/linker/postgres/pg"
	"relink/linker/postgres/pgtest"
)

// fix runs the SQL of findings as an administrator would, one statement at a
// time.
func fix(t *testing.T, admin *pgx.Conn, findings []dbcheck.Finding) {
	t.Helper()
	for _, f := range findings {
		if f.SQL == "" {
			t.Errorf("finding %q has no SQL", f)
		}
		for statement := range strings.SplitSeq(f.SQL, ";\n") {
			exec(t, admin, statement)
		}
	}
}

func TestCheckFindsWhatIsMissingAndItsSQLMendsIt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		spoil string
		want  []string
	}{
		{"the reference tables", "", nil},
		{
			"no unique index on current links", "DROP INDEX recording_links_current_key",
			[]string{"recording_links: has no valid unique index on recording_id where cleared_at is null"},
		},
		{
			"a unique index over history too",
			"DROP INDEX recording_links_current_key; CREATE UNIQUE INDEX ON recording_links (recording_id)",
			[]string{"recording_links: has no valid unique index"},
		},
		{
			"an index on current links that is not unique",
			"DROP INDEX recording_links_current_key; CREATE INDEX ON recording_links (recording_id) WHERE cleared_at IS NULL",
			[]string{"recording_links: has no valid unique index"},
		},
		{
			"an invalid unique index",
			"UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'recording_links_current_key'::regclass",
			[]string{"recording_links: has no valid unique index"},
		},
		{
			"no entity index", "DROP INDEX recording_links_current_entity_idx",
			[]string{"recording_links: has no valid index on entity_id"},
		},
		{
			"no foreign keys",
			`ALTER TABLE recording_links DROP CONSTRAINT recording_links_entity_id_fkey;
			ALTER TABLE crm_entities DROP CONSTRAINT crm_entities_integration_connection_id_fkey`,
			[]string{
				"crm_entities.integration_connection_id: has no foreign key",
				"recording_links.entity_id: has no foreign key",
			},
		},
		{
			"a foreign key that was never validated",
			`ALTER TABLE recording_links DROP CONSTRAINT recording_links_entity_id_fkey;
			ALTER TABLE recording_links ADD FOREIGN KEY (entity_id) REFERENCES crm_entities NOT VALID`,
			[]string{"recording_links.entity_id: its foreign key was never validated"},
		},
		{
			"no unique keys",
			`ALTER TABLE crm_entities DROP CONSTRAINT crm_entities_external_id_key;
			ALTER TABLE recordings DROP CONSTRAINT recordings_pkey`,
			[]string{
				"recordings: (id) has no unique key",
				"crm_entities: (data_type, external_id, integration_connection_id) has no unique key",
			},
		},
		{
			"wrong types",
			`ALTER TABLE recordings ALTER deleted_at TYPE date`,
			[]string{"recordings.deleted_at: is date, not timestamp with time zone"},
		},
		{
			"varchar and domains are text too",
			`CREATE DOMAIN key AS varchar(40);
			ALTER TABLE recordings ALTER organization_id TYPE varchar(255), ALTER id TYPE key`,
			nil,
		},
		{
			"columns that may be null", "ALTER TABLE recordings ALTER organization_id DROP NOT NULL",
			[]string{"recordings.organization_id: may be NULL"},
		},
		{
			"columns that relink leaves empty and may not",
			`ALTER TABLE recording_links ALTER trigger SET NOT NULL, ADD tenant text NOT NULL,
			ADD noted_at timestamptz NOT NULL DEFAULT now()`,
			[]string{"recording_links.trigger: may not be NULL", "recording_links.tenant: may not be NULL"},
		},
		{
			"ids that are not numbered", "ALTER TABLE recording_links ALTER id DROP IDENTITY",
			[]string{"recording_links.id: does not number new rows"},
		},
		{
			"data types as an enum", asEnum("crm_entities") + asEnum("recording_links"), nil,
		},
		{
			"two types for one thing", asEnum("crm_entities"),
			[]string{"recording_links.data_type: is text, and crm_entities.data_type is data_type_word"},
		},
		{
			"an enum that lacks a word",
			strings.ReplaceAll(asEnum("crm_entities")+asEnum("recording_links"), ", 'ENGAGEMENT'", ""),
			[]string{
				"crm_entities.data_type: type data_type_word lacks ENGAGEMENT",
				"recording_links.data_type: type data_type_word lacks ENGAGEMENT",
			},
		},
		{
			"unlogged links", "ALTER TABLE recording_links SET UNLOGGED",
			[]string{"recording_links: is unlogged"},
		},
		{
			"no tables of the platform", "DROP TABLE recordings, recording_links, crm_entities, integration_connections",
			[]string{
				"recordings: is missing in schema public", "integration_connections: is missing",
				"crm_entities: is missing", "recording_links: is missing",
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			admin := connect(t, pg.Config{URL: pgtest.Database(t)})
			exec(t, admin, c.spoil)
			findings := wantFindings(t, admin, "", c.want...)
			if c.name == "an enum that lacks a word" {
				findings = findings[:1] // one ALTER TYPE fixes both
			}
			if c.name == "columns that relink leaves empty and may not" || c.name == "the marks are missing" {
				fix(t, admin, findings)
				wantFindings(t, admin, "")
				return
			}
			fix(t, admin, findings)
			wantFindings(t, admin, "")
		})
	}
}

// asEnum turns a data_type column into an enum.
func asEnum(table string) string {
	return `
DO $$ BEGIN
    CREATE TYPE data_type_word AS ENUM ('ACCOUNT', 'CONTACT', 'LEAD', 'OPPORTUNITY', 'ENGAGEMENT');
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;
ALTER TABLE ` + table + ` DROP CONSTRAINT ` + table + `_data_type_check,
    ALTER data_type TYPE data_type_word USING data_type::data_type_word;
`
}

func TestCheckAsksForExactlyThePrivilegesThatAreNeeded(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	admin := connect(t, pg.Config{URL: url})
	role := newRole(t, admin)
	exec(t, admin, "REVOKE ALL ON SCHEMA public FROM public")
	conn := connect(t, pg.Config{URL: as(url, role)})

	lacks := ": role " + role + " lacks "
	findings := wantFindings(t, conn, "",
		"schema relink"+lacks+"USAGE", "schema relink"+lacks+"CREATE",
		"relink.migrations"+lacks+"SELECT", "relink.runs"+lacks+"SELECT, INSERT, UPDATE",
		"relink.marks"+lacks+"SELECT, INSERT", "relink.environment"+lacks+"SELECT", "relink.approvals"+lacks+"SELECT",
		"schema public"+lacks+"USAGE", "recordings"+lacks+"SELECT", "integration_connections"+lacks+"SELECT",
		"crm_entities"+lacks+"SELECT", "recording_links"+lacks+"SELECT", "recording_links"+lacks+"INSERT",
		"recording_links"+lacks+"UPDATE")
	fix(t, admin, findings)
	wantFindings(t, conn, "")

	exec(t, admin, "REVOKE SELECT ON recordings FROM "+role)
	exec(t, admin, "GRANT SELECT (id, organization_id, deleted_at) ON recordings TO "+role)
	findings = wantFindings(t, conn, "", "recordings"+lacks+"SELECT (title, created_at)")
	fix(t, admin, findings)
	wantFindings(t, conn, "")

	exec(t, admin, "ALTER TABLE recordings ENABLE ROW LEVEL SECURITY")
	wantFindings(t, conn, "", "recordings: row security hides rows from role "+role)
}

// Others who may create in a schema are told, and a schema relink that a stranger
// owns is refused by everything that would look into it.
func TestCheckWhoOwnsAndCreates(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	admin := connect(t, pg.Config{URL: url})
	stranger := newRole(t, admin)
	exec(t, admin, "GRANT CREATE ON SCHEMA public TO PUBLIC; GRANT CREATE, USAGE ON SCHEMA relink TO "+stranger)
	findings := wantFindings(t, admin, "",
		"schema public: lets PUBLIC create functions in it", "schema relink: lets "+stranger+" create functions in it")
	fix(t, admin, findings)
	wantFindings(t, admin, "")

	exec(t, admin, "ALTER SCHEMA relink OWNER TO "+stranger)
	wantFindings(t, admin, "", "schema relink: belongs to role "+stranger)
}

func TestCheckASerialColumn(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	admin := connect(t, pg.Config{URL: url})
	role := newRole(t, admin)
	exec(t, admin, `
ALTER TABLE recording_links ALTER id DROP IDENTITY;
CREATE SEQUENCE link_ids OWNED BY recording_links.id;
ALTER TABLE recording_links ALTER id SET DEFAULT nextval('link_ids');
GRANT USAGE, CREATE ON SCHEMA relink TO `+role+`;
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public, relink TO `+role)
	conn := connect(t, pg.Config{URL: as(url, role)})
	findings := wantFindings(t, conn, "", "recording_links.id: role "+role+" lacks USAGE")
	fix(t, admin, findings)
	wantFindings(t, conn, "")
}

func TestCheckViews(t *testing.T) {
	t.Parallel()
	conn := connect(t, pg.Config{URL: pgtest.Database(t)})
	exec(t, conn, `
CREATE SCHEMA source;
ALTER TABLE recordings SET SCHEMA source;
ALTER TABLE crm_entities SET SCHEMA source;
CREATE VIEW recordings AS SELECT * FROM source.recordings;
CREATE VIEW crm_entities AS SELECT * FROM source.crm_entities`)
	wantFindings(t, conn, "")

	exec(t, conn, `
INSERT INTO source.recordings (id, organization_id) VALUES ('r1', 'o'), ('r2', 'o');
CREATE OR REPLACE VIEW recordings AS SELECT * FROM source.recordings UNION ALL SELECT * FROM source.recordings`)
	wantFindings(t, conn, "", "recordings: the view has 2 values of (id) more than once")

	exec(t, conn, `
DROP VIEW recordings;
CREATE VIEW recordings AS SELECT id, organization_id, title, created_at FROM source.recordings`)
	findings := wantFindings(t, conn, "", "recordings.deleted_at: is missing")
	if findings[0].SQL != "" {
		t.Errorf("SQL for a column that a view lacks = %q, want none", findings[0].SQL)
	}

	exec(t, conn, `
ALTER TABLE recording_links RENAME TO links;
DROP VIEW recordings;
ALTER TABLE source.recordings SET SCHEMA public;
CREATE VIEW recording_links AS SELECT * FROM links`)
	wantFindings(t, conn, "")
	exec(t, conn, "CREATE OR REPLACE VIEW recording_links AS SELECT * FROM links LIMIT 10")
	wantFindings(t, conn, "", "recording_links: is a view that cannot be written to")
}

func TestCheckOtherWords(t *testing.T) {
	t.Parallel()
	conn := connect(t, pg.Config{URL: pgtest.Database(t)})
	exec(t, conn, `
ALTER TABLE crm_entities DROP CONSTRAINT crm_entities_data_type_check;
INSERT INTO integration_connections VALUES ('c', 'o', 'HUBSPOT', NULL, true);
INSERT INTO crm_entities (id, data_type, integration_connection_id, external_id) VALUES ('e', 'deal', 'c', 'x')`)
	wantFindings(t, conn, "", `crm_entities.data_type: holds "deal"; relink knows ACCOUNT`)
}

func TestCheckOurOwnSchema(t *testing.T) {
	t.Parallel()
	conn := connect(t, pg.Config{URL: pgtest.Database(t)})
	exec(t, conn, "INSERT INTO relink.migrations (version_id, is_applied) VALUES (999, true)")
	wantFindings(t, conn, "", "schema relink: is at version 999, made by a newer relink")
	exec(t, conn, "DELETE FROM relink.migrations WHERE version_id > 0")
	wantFindings(t, conn, "", "schema relink: is at version 0, this relink needs")
	exec(t, conn, "DROP TABLE relink.runs CASCADE")
	if got := wantFindings(t, conn, "", "relink.runs: is missing"); got[0].Command != "relink db migrate" {
		t.Errorf("command for a missing relink.runs = %q, want relink db migrate", got[0].Command)
	}
	exec(t, conn, "DROP SCHEMA relink CASCADE")
	wantFindings(t, conn, "", "schema relink: is missing")
	wantFindings(t, conn, "nowhere", "schema relink: is missing", "schema nowhere: is missing; --schema names")
}

func TestCheckAReadOnlyRole(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	admin := connect(t, pg.Config{URL: url})
	role := newRole(t, admin)
	exec(t, admin, fmt.Sprintf(`
ALTER ROLE %[1]s SUPERUSER;
ALTER ROLE %[1]s SET default_transaction_read_only = on`, role))
	conn := connect(t, pg.Config{URL: as(url, role)})
	fix(t, admin, wantFindings(t, conn, "", "role "+role+": has read-only transactions"))
	conn.Close(context.Background())
	wantFindings(t, connect(t, pg.Config{URL: as(url, role)}), "")
}
