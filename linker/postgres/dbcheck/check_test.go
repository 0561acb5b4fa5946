package dbcheck_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"relink/linker/postgres/dbcheck"
	"relink/linker/postgres/pg"
	"relink/linker/postgres/pgtest"
)

// fix runs the SQL of findings as printed, one statement at a time.
func fix(t *testing.T, admin *pgx.Conn, findings []dbcheck.Finding) {
	t.Helper()
	for _, f := range findings {
		if f.SQL == "" {
			t.Errorf("finding %q has no SQL", f)
			continue
		}
		wantOurs(t, f)
		for statement := range strings.SplitSeq(f.SQL, ";\n") {
			exec(t, admin, statement)
		}
	}
}

// wantOurs fails for a statement that would change anything of the platform's but
// the privileges of relink's role.
func wantOurs(t *testing.T, f dbcheck.Finding) {
	t.Helper()
	for statement := range strings.SplitSeq(strings.TrimSuffix(f.SQL, ";"), ";\n") {
		if statement != "" && !strings.HasPrefix(statement, "GRANT ") && !strings.Contains(statement, " ON SCHEMA relink ") && !strings.Contains(statement, " ON relink.") {
			t.Errorf("finding %q prints %q, which is about the platform", f, statement)
		}
	}
}

// Check leaves the platform alone, whatever it finds: each finding has a label and
// says what to do, and none prints a statement that would alter the platform.
func TestCheckFindsWhatIsMissingAndAltersNothing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		spoil string
		want  []string
		label dbcheck.Label
		fix   string // by the platform's administrators; "" where db adapt has to
	}{
		{"the reference tables", "", nil, "", ""},
		{
			"no unique index on current links", "DROP INDEX recording_links_current_key",
			[]string{"recording_links: has no valid unique index on recording_id where cleared_at is null"},
			dbcheck.Safe, "CREATE UNIQUE INDEX CONCURRENTLY ON recording_links (recording_id) WHERE cleared_at IS NULL",
		},
		{
			"a unique index over history too",
			"DROP INDEX recording_links_current_key; CREATE UNIQUE INDEX ON recording_links (recording_id)",
			[]string{"recording_links: has no valid unique index"},
			dbcheck.Safe, "CREATE UNIQUE INDEX CONCURRENTLY ON recording_links (recording_id) WHERE cleared_at IS NULL",
		},
		{
			"an index on current links that is not unique",
			"DROP INDEX recording_links_current_key; CREATE INDEX ON recording_links (recording_id) WHERE cleared_at IS NULL",
			[]string{"recording_links: has no valid unique index"},
			dbcheck.Safe, "CREATE UNIQUE INDEX CONCURRENTLY ON recording_links (recording_id) WHERE cleared_at IS NULL",
		},
		{
			"an invalid unique index",
			"UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'recording_links_current_key'::regclass",
			[]string{"recording_links: has no valid unique index"},
			dbcheck.Safe, "REINDEX INDEX recording_links_current_key",
		},
		{
			"no entity index", "DROP INDEX recording_links_current_entity_idx",
			[]string{"recording_links: has no valid index on entity_id"},
			dbcheck.Safe, "CREATE INDEX CONCURRENTLY ON recording_links (entity_id) WHERE cleared_at IS NULL",
		},
		{
			"no foreign keys",
			`ALTER TABLE recording_links DROP CONSTRAINT recording_links_entity_id_fkey;
			ALTER TABLE crm_entities DROP CONSTRAINT crm_entities_integration_connection_id_fkey`,
			[]string{
				"crm_entities.integration_connection_id: has no foreign key",
				"recording_links.entity_id: has no foreign key",
			},
			dbcheck.Touches,
			`ALTER TABLE recording_links ADD FOREIGN KEY (entity_id) REFERENCES crm_entities;
			ALTER TABLE crm_entities ADD FOREIGN KEY (integration_connection_id) REFERENCES integration_connections`,
		},
		{
			"a foreign key that was never validated",
			`ALTER TABLE recording_links DROP CONSTRAINT recording_links_entity_id_fkey;
			ALTER TABLE recording_links ADD CONSTRAINT late FOREIGN KEY (entity_id) REFERENCES crm_entities NOT VALID`,
			[]string{"recording_links.entity_id: its foreign key was never validated"},
			dbcheck.Touches, "ALTER TABLE recording_links VALIDATE CONSTRAINT late",
		},
		{
			"no unique keys",
			`ALTER TABLE crm_entities DROP CONSTRAINT crm_entities_external_id_key;
			ALTER TABLE recordings DROP CONSTRAINT recordings_pkey`,
			[]string{
				"recordings: (id) has no unique key",
				"crm_entities: (data_type, external_id, integration_connection_id) has no unique key",
			},
			dbcheck.Safe,
			`CREATE UNIQUE INDEX ON recordings (id);
			CREATE UNIQUE INDEX ON crm_entities (integration_connection_id, data_type, external_id)`,
		},
		{
			"no unique keys and values that are there twice",
			`ALTER TABLE recordings DROP CONSTRAINT recordings_pkey;
			INSERT INTO recordings (id, organization_id) VALUES ('r', 'o'), ('r', 'o'), ('s', 'o')`,
			[]string{"recordings: (id) has no unique key", "recordings: the table has 1 values of (id) more than once"},
			"",
			"DELETE FROM recordings; ALTER TABLE recordings ADD PRIMARY KEY (id)",
		},
		{
			"several current links",
			`DROP INDEX recording_links_current_key;
			INSERT INTO integration_connections VALUES ('c', 'o', 'x', NULL, true);
			INSERT INTO crm_entities (id, data_type, integration_connection_id, external_id) VALUES ('e', 'LEAD', 'c', 'x');
			INSERT INTO recording_links (recording_id, data_type, entity_id, linked_at)
			VALUES ('r', 'LEAD', 'e', now()), ('r', 'LEAD', 'e', now()), ('s', 'LEAD', 'e', now())`,
			[]string{"recording_links: has no valid unique index", "recording_links: 1 recording has more than one current link"},
			"",
			`DELETE FROM recording_links;
			CREATE UNIQUE INDEX ON recording_links (recording_id) WHERE cleared_at IS NULL`,
		},
		{
			"wrong types",
			`ALTER TABLE recordings ALTER deleted_at TYPE date`,
			[]string{"recordings.deleted_at: is date, not timestamp with time zone"},
			dbcheck.Safe, "",
		},
		{
			"times without a zone are in UTC",
			`ALTER TABLE recordings ALTER deleted_at TYPE timestamp, ALTER created_at TYPE timestamp`,
			nil, "", "",
		},
		{
			"a column that is not there",
			`ALTER TABLE crm_entities DROP merged_into_id`,
			[]string{"crm_entities.merged_into_id: is missing"},
			dbcheck.Safe, "",
		},
		{
			"varchar and domains are text too",
			`CREATE DOMAIN key AS varchar(40);
			ALTER TABLE recordings ALTER organization_id TYPE varchar(255), ALTER id TYPE key`,
			nil, "", "",
		},
		{
			"columns that may be null", "ALTER TABLE recordings ALTER organization_id DROP NOT NULL",
			[]string{"recordings.organization_id: may be NULL"},
			dbcheck.Rewrites, "ALTER TABLE recordings ALTER organization_id SET NOT NULL",
		},
		{
			"columns that relink leaves empty and may not",
			`ALTER TABLE recording_links ALTER trigger SET NOT NULL, ADD tenant text NOT NULL,
			ADD noted_at timestamptz NOT NULL DEFAULT now()`,
			[]string{"recording_links.trigger: may not be NULL", "recording_links.tenant: may not be NULL"},
			dbcheck.Safe, "",
		},
		{
			"ids that are not numbered", "ALTER TABLE recording_links ALTER id DROP IDENTITY",
			[]string{"recording_links.id: has no default that numbers new rows"},
			dbcheck.Safe, "",
		},
		{
			"data types as an enum", asEnum("crm_entities") + asEnum("recording_links"), nil, "", "",
		},
		{
			"two types for one thing", asEnum("crm_entities"),
			[]string{"recording_links.data_type: is text, and crm_entities.data_type is data_type_word"},
			dbcheck.Safe, "",
		},
		{
			"an enum that lacks a word",
			strings.ReplaceAll(asEnum("crm_entities")+asEnum("recording_links"), ", 'ENGAGEMENT'", ""),
			[]string{
				"crm_entities.data_type: type data_type_word lacks ENGAGEMENT",
				"recording_links.data_type: type data_type_word lacks ENGAGEMENT",
			},
			dbcheck.Safe, "",
		},
		{
			"unlogged links", "ALTER TABLE recording_links SET UNLOGGED",
			[]string{"recording_links: is unlogged"},
			dbcheck.Rewrites, "ALTER TABLE recording_links SET LOGGED",
		},
		{
			"no tables of the platform", "DROP TABLE recordings, recording_links, crm_entities, integration_connections",
			[]string{
				"recordings: is missing in schema public", "integration_connections: is missing",
				"crm_entities: is missing", "recording_links: is missing",
			},
			dbcheck.Safe, "",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			admin := connect(t, pg.Config{URL: pgtest.Database(t)})
			exec(t, admin, c.spoil)
			findings := wantFindings(t, admin, "", c.want...)
			for _, f := range findings {
				if f.Label == "" || c.label != "" && f.Label != c.label {
					t.Errorf("finding %q is labelled %q, want %q", f, f.Label, c.label)
				}
				if f.SQL != "" {
					t.Errorf("finding %q prints %q, want a sentence or a command", f, f.SQL)
				}
				if c.fix == "" && f.Command != "relink db adapt" || c.fix != "" && f.Ask == "" && f.Label != dbcheck.Touches {
					t.Errorf("finding %q does not say what to do: %q, %q", f, f.Command, f.Ask)
				}
			}
			if c.fix != "" {
				for statement := range strings.SplitSeq(c.fix, ";") {
					exec(t, admin, statement)
				}
				wantFindings(t, admin, "")
			}
		})
	}
}

// Tables without a row are told: the schema is probably not the one that is meant.
func TestCheckEmptyTables(t *testing.T) {
	t.Parallel()
	conn := connect(t, pg.Config{URL: pgtest.Database(t)})
	empty := func() (names []string) {
		findings, err := dbcheck.Check(t.Context(), conn, pg.Config{})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range findings {
			if strings.HasPrefix(f.Problem, "is empty: ") && f.Warning && f.Label == dbcheck.Safe {
				names = append(names, f.Object)
			}
		}
		return names
	}
	if got := strings.Join(empty(), " "); got != "recordings integration_connections crm_entities recording_links" {
		t.Errorf("empty tables: %s, want all four", got)
	}
	exec(t, conn, "INSERT INTO recordings (id, organization_id) VALUES ('r', 'o')")
	if got := strings.Join(empty(), " "); got != "integration_connections crm_entities recording_links" {
		t.Errorf("empty tables: %s, want three", got)
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
		"relink.marks"+lacks+"SELECT, INSERT", "relink.platforms"+lacks+"SELECT", "relink.environment"+lacks+"SELECT", "relink.approvals"+lacks+"SELECT",
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
	fix(t, admin, findings[1:])
	findings = wantFindings(t, admin, "", "schema public: lets PUBLIC create functions in it")
	if f := findings[0]; f.SQL != "" || f.Label != dbcheck.Touches || f.Ask == "" {
		t.Errorf("what is said about schema public: %+v, want a sentence for its administrators", f)
	}

	exec(t, admin, "ALTER SCHEMA relink OWNER TO "+stranger)
	wantFindings(t, admin, "", "schema relink: belongs to role "+stranger)
}

func TestCheckATypeInAClosedSchema(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	admin := connect(t, pg.Config{URL: url})
	role := newRole(t, admin)
	exec(t, admin, asEnum("crm_entities")+asEnum("recording_links")+`
CREATE SCHEMA kinds;
ALTER TYPE data_type_word SET SCHEMA kinds;
GRANT USAGE, CREATE ON SCHEMA relink TO `+role+`;
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public, relink TO `+role)
	conn := connect(t, pg.Config{URL: as(url, role)})
	findings := wantFindings(t, conn, "",
		"crm_entities.data_type: role "+role+" lacks USAGE, to name", "recording_links.data_type: role "+role+" lacks USAGE, to name")
	fix(t, admin, findings)
	wantFindings(t, conn, "")
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
	if f := wantFindings(t, conn, "", "role "+role+": has read-only transactions"); f[0].SQL != "" || f[0].Ask == "" {
		t.Errorf("what is said about the role: %+v, want a sentence for its administrators", f[0])
	}
}

// Where plans must be approved, a role that could do without is named, with what
// takes that from it.
func TestCheckWhoMayApprove(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	admin := connect(t, pg.Config{URL: url})
	exec(t, admin, "INSERT INTO recordings VALUES ('r', 'o'); INSERT INTO integration_connections VALUES ('c', 'o', 'salesforce', 'C', true)")
	exec(t, admin, "INSERT INTO crm_entities (id, data_type, integration_connection_id, external_id) VALUES ('e', 'LEAD', 'c', 'x')")
	exec(t, admin, "INSERT INTO recording_links (recording_id, data_type, entity_id, linked_at) VALUES ('r', 'LEAD', 'e', now())")
	role, approver := newRole(t, admin), newRole(t, admin)
	exec(t, admin, "GRANT USAGE, CREATE ON SCHEMA relink TO "+role+"; GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public, relink TO "+role)
	conn := connect(t, pg.Config{URL: as(url, role)})
	wantFindings(t, conn, "")
	exec(t, admin, "INSERT INTO relink.environment (require_approval) VALUES (true)")

	const alone = "relink.approvals: no other role may approve the plans of role "
	findings := wantFindings(t, conn, "",
		"relink.approvals: role "+role+" may approve its own plans in another role's name",
		"relink.environment: role "+role+" may write without approval", alone+role)
	fix(t, admin, findings[:2])
	wantFindings(t, conn, "", alone+role)
	exec(t, admin, "GRANT INSERT (plan_sha256) ON relink.approvals TO "+approver)
	wantFindings(t, conn, "")
	exec(t, admin, "REVOKE CREATE ON SCHEMA relink FROM "+role)
	wantFindings(t, admin, "", "role relink: is a superuser")
}
