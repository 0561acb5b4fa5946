package adapt_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"relink/linker/postgres/adapt"
	"relink/linker/postgres/pg"
	"relink/linker/postgres/pgtest"
	"relink/linker/postgres/shapes"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// platformOf is a database with relink's own tables and a platform's.
func platformOf(t *testing.T, sql string) (*pgx.Conn, string) {
	t.Helper()
	url := pgtest.Database(t)
	conn := pgtest.Connect(t, pg.Config{URL: url})
	pgtest.Exec(t, conn, "DROP SCHEMA public CASCADE; CREATE SCHEMA public")
	switch sql {
	case shapes.UUID, shapes.Names:
		if err := shapes.Make(t.Context(), pg.Config{URL: url}, sql); err != nil {
			t.Fatal(err)
		}
	default:
		pgtest.Exec(t, conn, sql)
	}
	return conn, url
}

func look(t *testing.T, conn *pgx.Conn, o adapt.Options) (*adapt.Plan, string) {
	t.Helper()
	plan, err := adapt.Look(t.Context(), conn, o)
	if err != nil {
		t.Fatalf("Look: %v", err)
	}
	sql, err := plan.SQL()
	if err != nil {
		t.Fatalf("SQL: %v", err)
	}
	return plan, sql
}

// german is a platform whose owners name things in German, without foreign keys and
// with a flag for current links.
const german = `
CREATE TABLE tbl_mandanten (mandant_nr bigint PRIMARY KEY, bezeichnung text);
CREATE TABLE tbl_gespraeche (gespraech_id bigint PRIMARY KEY, mandant_nr bigint NOT NULL, betreff text, begonnen_am timestamp NOT NULL, ist_geloescht boolean NOT NULL DEFAULT false);
CREATE TABLE tbl_gespraech_notizen (id bigint PRIMARY KEY, gespraech_id bigint, notiz text);
CREATE TABLE tbl_gespraech_teilnehmer (id bigint PRIMARY KEY, gespraech_id bigint, name text);
CREATE TABLE tbl_crm_anbindungen (id bigint PRIMARY KEY, mandant_nr bigint NOT NULL, anbieter text NOT NULL, bezeichnung text, aktiv boolean NOT NULL DEFAULT true);
CREATE TABLE tbl_crm_objekte (objekt_id bigint PRIMARY KEY, anbindung_id bigint NOT NULL, objektart text NOT NULL, externe_nr text NOT NULL, bezeichnung text,
    geloescht_am timestamp, zusammengefuehrt_in bigint, UNIQUE (anbindung_id, objektart, externe_nr));
CREATE TABLE tbl_crm_objekt_felder (id bigint PRIMARY KEY, objekt_id bigint, feld text, wert text);
CREATE TABLE "tbl_gespraech_Verknüpfungen" (id bigserial PRIMARY KEY, gespraech_id bigint NOT NULL, objekt_id bigint NOT NULL,
    "verknüpft_am" timestamp NOT NULL DEFAULT now(), "ist_aktuell" boolean NOT NULL, angelegt_von text NOT NULL DEFAULT 'system', "Ausloeser" text);
CREATE UNIQUE INDEX ON "tbl_gespraech_Verknüpfungen" (gespraech_id) WHERE ist_aktuell;
INSERT INTO tbl_crm_objekte (objekt_id, anbindung_id, objektart, externe_nr)
SELECT n, 1, (ARRAY['Firma', 'Kontakt', 'Verkaufschance', 'Termin', 'Interessent'])[1 + n % 5], n::text FROM generate_series(1, 50) AS n`

// rails is a platform that deletes links, has organizations only behind a join, and
// no defaults.
const rails = `
CREATE TABLE workspaces (id bigserial PRIMARY KEY, name varchar);
CREATE TABLE users (id bigserial PRIMARY KEY, workspace_id bigint NOT NULL REFERENCES workspaces);
CREATE TABLE meetings (id bigserial PRIMARY KEY, user_id bigint NOT NULL REFERENCES users, title varchar, discarded_at timestamp, created_at timestamp NOT NULL, updated_at timestamp NOT NULL);
CREATE TABLE meeting_events (id bigserial PRIMARY KEY, meeting_id bigint NOT NULL REFERENCES meetings);
CREATE TABLE crm_connections (id bigserial PRIMARY KEY, workspace_id bigint NOT NULL REFERENCES workspaces, provider varchar NOT NULL, created_at timestamp NOT NULL, updated_at timestamp NOT NULL);
CREATE TABLE crm_objects (id bigserial PRIMARY KEY, crm_connection_id bigint NOT NULL REFERENCES crm_connections, object_type varchar NOT NULL, external_id varchar NOT NULL, name varchar,
    created_at timestamp NOT NULL, updated_at timestamp NOT NULL);
CREATE UNIQUE INDEX ON crm_objects (crm_connection_id, object_type, external_id);
CREATE TABLE meeting_crm_associations (id uuid PRIMARY KEY, meeting_id bigint NOT NULL REFERENCES meetings, crm_object_id bigint NOT NULL REFERENCES crm_objects,
    source varchar NOT NULL, created_at timestamp NOT NULL, updated_at timestamp NOT NULL);
CREATE UNIQUE INDEX ON meeting_crm_associations (meeting_id);
INSERT INTO workspaces VALUES (1, 'w'); INSERT INTO users VALUES (1, 1);
INSERT INTO meetings SELECT n, 1, 'm', NULL, now(), now() FROM generate_series(1, 9) AS n;
INSERT INTO crm_connections VALUES (1, 1, 'hubspot', now(), now());
INSERT INTO crm_objects SELECT n, 1, (ARRAY['companies', 'contacts', 'deals'])[1 + n % 3], 'x' || n, 'n', now(), now() FROM generate_series(1, 9) AS n;
INSERT INTO meeting_crm_associations VALUES (gen_random_uuid(), 1, 1, 'manual', now(), now()), (gen_random_uuid(), 2, 1, 'api', now(), now())`

// What is found on platforms of different kinds, as the views show it.
func TestLookFindsThePlatform(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, sql string
		want      []string // in the file
		unsettled []string
	}{
		{
			"uuid", shapes.UUID,
			[]string{
				"FROM public.conversations AS t;", "FROM public.integrations AS t;", "FROM public.crm_records AS t;", "FROM public.conversation_crm_links AS t;",
				"t.conversation_id AS recording_id,", "t.crm_record_id AS entity_id,", "t.unlinked_at AS cleared_at,", "t.unlink_trigger AS cleared_trigger",
				"t.merged_into_id,", "t.record_type AS data_type,", "t.provider AS platform,", `"opportunity": "OPPORTUNITY"`, `"current": "cleared_at"`,
			},
			nil,
		},
		{
			"names", shapes.Names,
			[]string{
				"FROM app.calls AS t;", "FROM crm.sources AS t;", "FROM crm.objects AS t;", "FROM crm.call_object_links AS t;",
				"t.call_id AS id,", "t.tenant AS organization_id,", "t.removed_on AS deleted_at", "t.remote_id AS external_id,", "t.into_object AS merged_into_id,",
				"t.since AS linked_at,", "t.until AS cleared_at,", "NULL::text AS trigger,", `"deal": "OPPORTUNITY"`, `"company": "ACCOUNT"`,
				"ALTER COLUMN updated_at SET DEFAULT pg_catalog.clock_timestamp();",
			},
			nil,
		},
		{
			"german", german,
			[]string{
				"FROM public.tbl_gespraeche AS t;", "FROM public.tbl_crm_anbindungen AS t;", "FROM public.tbl_crm_objekte AS t;", `FROM public."tbl_gespraech_Verknüpfungen" AS t;`,
				"t.mandant_nr AS organization_id,", "CASE WHEN t.ist_geloescht THEN 'epoch'::timestamptz END AS deleted_at", "t.externe_nr AS external_id,",
				"t.zusammengefuehrt_in AS merged_into_id,", `t."verknüpft_am" AS linked_at,`, `"current": "flag:ist_aktuell"`, "    t.ist_aktuell\n",
				`"Firma": "ACCOUNT"`, `"Verkaufschance": "OPPORTUNITY"`, `"Interessent": "LEAD"`, `"Termin": "ENGAGEMENT"`, `t."Ausloeser" AS trigger,`,
			},
			nil,
		},
		{
			"rails", rails,
			[]string{
				"FROM public.meetings AS t\nLEFT JOIN public.users AS j1 ON j1.id = t.user_id;", "j1.workspace_id AS organization_id,", "FROM public.crm_connections AS t;",
				"t.discarded_at AS deleted_at", `"current": "row"`, `"deals": "OPPORTUNITY"`,
				"ALTER COLUMN id SET DEFAULT pg_catalog.gen_random_uuid();", "ALTER COLUMN updated_at SET DEFAULT pg_catalog.clock_timestamp();",
				"coalesce(t.source, NULL) AS trigger,", "ALTER COLUMN source SET DEFAULT 'api';",
			},
			nil,
		},
		{
			"unknown words", shapes.Names + "+",
			[]string{`-- TODO`},
			[]string{`the word "ticket" for a type of CRM rows is not known`},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			sql := strings.TrimSuffix(c.sql, "+")
			conn, _ := platformOf(t, sql)
			if sql != c.sql {
				pgtest.Exec(t, conn, "ALTER TYPE crm.kind ADD VALUE 'ticket'")
			}
			plan, file := look(t, conn, adapt.Options{Name: "here"})
			for _, want := range c.want {
				if !strings.Contains(file, want) {
					t.Errorf("the file lacks %q", want)
				}
			}
			unsettled := plan.Unsettled()
			for i := range max(len(unsettled), len(c.unsettled)) {
				if i >= len(unsettled) || i >= len(c.unsettled) || !strings.HasPrefix(unsettled[i], c.unsettled[i]) {
					t.Errorf("unsettled: %q, want %q", unsettled, c.unsettled)
					break
				}
			}
			if t.Failed() {
				t.Log(file)
			}
			err := adapt.Apply(t.Context(), conn, file)
			if settled := len(c.unsettled) == 0; settled != (err == nil) || !settled && !strings.Contains(err.Error(), c.unsettled[0]) {
				t.Errorf("Apply: %v", err)
			}
		})
	}
}

// allowed are the statements of a file: none is about a table of the platform's.
var allowed = regexp.MustCompile(`^(BEGIN|COMMIT|DO '.*'|CREATE SCHEMA IF NOT EXISTS relink_here|CREATE OR REPLACE VIEW relink_here\.\w+ AS .*|` +
	`ALTER VIEW relink_here\.recording_links ALTER COLUMN \S+ SET DEFAULT .*|INSERT INTO relink\.platforms .*|` +
	`GRANT USAGE ON SCHEMA (relink_here|crm) TO \S+|GRANT (SELECT|INSERT|UPDATE|DELETE)( \([^)]*\))? ON (relink_here\.\w+(, )?)+ TO \S+|GRANT USAGE ON SEQUENCE \S+ TO \S+|` +
	`GRANT USAGE, CREATE ON SCHEMA relink TO \S+|GRANT [A-Z, ]+ ON ALL (TABLES|SEQUENCES) IN SCHEMA relink TO \S+)$`)

// The catalog's rows about the platform's tables are the same before and after.
const catalogOf = `
	SELECT coalesce(string_agg(facts, E'\n' ORDER BY facts), '')
	FROM (
	    SELECT to_jsonb(x) - 'relfrozenxid' - 'relminmxid' - 'reltuples' - 'relpages' - 'relallvisible' AS of
	    FROM pg_class AS x JOIN pg_namespace AS n ON n.oid = x.relnamespace
	    WHERE n.nspname !~ '^(relink|pg_|information_schema)' AND x.relkind IN ('r', 'p', 'i', 'I')
	    UNION ALL
	    SELECT to_jsonb(x) FROM pg_attribute AS x JOIN pg_class AS c ON c.oid = x.attrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
	    WHERE n.nspname !~ '^(relink|pg_|information_schema)'
	    UNION ALL SELECT to_jsonb(x) FROM pg_constraint AS x JOIN pg_namespace AS n ON n.oid = x.connamespace WHERE n.nspname !~ '^(relink|pg_|information_schema)'
	    UNION ALL SELECT to_jsonb(x) FROM pg_trigger AS x
	    UNION ALL SELECT to_jsonb(x) FROM pg_enum AS x
	    UNION ALL SELECT to_jsonb(x) FROM pg_attrdef AS x JOIN pg_class AS c ON c.oid = x.adrelid AND c.relkind = 'r'
	) AS rows, LATERAL (SELECT rows.of::text AS facts) AS text`

func TestFileLeavesThePlatformAlone(t *testing.T) {
	t.Parallel()
	for name, sql := range map[string]string{"uuid": shapes.UUID, "names": shapes.Names, "german": german, "rails": rails} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, url := platformOf(t, sql)
			role := pgtest.NewRole(t, conn)
			facts := func() (all string) {
				if err := conn.QueryRow(t.Context(), catalogOf).Scan(&all); err != nil {
					t.Fatal(err)
				}
				return all
			}
			before := facts()
			for range 2 { // the second time over the views of the first
				_, file := look(t, conn, adapt.Options{Name: "here", Role: role})
				for _, statement := range statements(file) {
					if !allowed.MatchString(statement) {
						t.Errorf("the file has the statement %q", statement)
					}
				}
				if err := adapt.Apply(t.Context(), conn, file); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(before, facts()); diff != "" {
				t.Errorf("the catalog of the platform's tables (-before +after):\n%s", diff)
			}
			// The role can work with what it was granted, and with nothing else.
			as := pgtest.Connect(t, pg.Config{URL: pgtest.As(url, role), Schema: "relink_here"})
			for _, view := range []string{"recordings", "integration_connections", "crm_entities", "recording_links"} {
				pgtest.Exec(t, as, "SELECT * FROM relink_here."+view)
			}
		})
	}
}

// statements are those of a file, without comments, a line each. No text in them has
// a semicolon at the end of a line.
func statements(file string) (all []string) {
	file = regexp.MustCompile(`(?m)^--.*$| -- (TODO|for its types).*$`).ReplaceAllString(file, "")
	for s := range strings.SplitSeq(file, ";\n") {
		if s = strings.Join(strings.Fields(s), " "); s != "" {
			all = append(all, s)
		}
	}
	return all
}

func TestOptionsCorrectWhatIsFound(t *testing.T) {
	t.Parallel()
	conn, _ := platformOf(t, shapes.UUID)
	_, file := look(t, conn, adapt.Options{
		Name: "here", Schema: `Müller "& Söhne"`,
		Tables:  map[string]string{"recordings": "conversations", "integration_connections": "public.integrations"},
		Columns: map[string]string{"recordings.organization_id": "owner_id.organization_id", "recordings.title": "-", "recording_links.linked_at": "created_at"},
		Words:   map[string]string{"engagement": "-"},
	})
	for _, want := range []string{
		`CREATE OR REPLACE VIEW "Müller ""& Söhne""".recordings AS`, "j1.organization_id,\n", "LEFT JOIN public.users AS j1 ON j1.id = t.owner_id;",
		"NULL::text AS title,", "t.created_at AS linked_at,", `CRM rows of the type "engagement" are never linked`,
	} {
		if !strings.Contains(strings.ReplaceAll(file, "organization_id AS organization_id", "organization_id"), want) {
			t.Errorf("the file lacks %q:\n%s", want, file)
		}
	}
	if err := adapt.Apply(t.Context(), conn, file); err != nil {
		t.Error(err)
	}
	for _, c := range []struct {
		options adapt.Options
		want    string
	}{
		{adapt.Options{Tables: map[string]string{"recordings": "app.calls"}}, "--table recordings=app.calls: there is no such table"},
		{adapt.Options{Columns: map[string]string{"recordings.id": "call_id"}}, `--column recordings.id=call_id: public.conversations has no column "call_id"`},
		{adapt.Options{Columns: map[string]string{"recordings.colour": "id"}}, "--column recordings.colour: relink has no such column"},
		{adapt.Options{Columns: map[string]string{"recordings.title": "title.name"}}, "no foreign key leads from conversations.title"},
		{adapt.Options{Columns: map[string]string{"recordings.title": "owner_id.name"}}, `users, to which owner_id refers, has no column "name"`},
		{adapt.Options{Words: map[string]string{"account": "KUNDE"}}, "--word account=KUNDE: relink has no such word"},
		{adapt.Options{Schema: "public"}, `schema "public" holds `},
		{adapt.Options{Role: "nobody_is_called_so"}, `there is no role "nobody_is_called_so"`},
	} {
		if _, err := adapt.Look(t.Context(), conn, c.options); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.options, err, c.want)
		}
	}
}

// A look writes nothing and reads no more of a table than a sample, even when the
// database does not let it write.
func TestLookIsReadOnlyAndBounded(t *testing.T) {
	t.Parallel()
	conn, url := platformOf(t, shapes.UUID)
	pgtest.Exec(t, conn, `
		INSERT INTO organizations (name) VALUES ('o');
		INSERT INTO integrations (organization_id, provider) SELECT id, 'p' FROM organizations;
		INSERT INTO crm_records (record_type, integration_id, external_id)
		SELECT 'account', i.id, n::text FROM integrations AS i, generate_series(1, 150000) AS n;
		ANALYZE crm_records;
		SET default_transaction_read_only = on`)
	if _, err := adapt.Look(t.Context(), conn, adapt.Options{}); err != nil {
		t.Fatal(err)
	}
	conn.Close(t.Context()) // so that the server counts what was read
	other := pgtest.Connect(t, pg.Config{URL: url})
	var read int64
	for deadline := time.Now().Add(30 * time.Second); read == 0 && time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if err := other.QueryRow(t.Context(), "SELECT pg_stat_get_tuples_returned('crm_records'::regclass)").Scan(&read); err != nil {
			t.Fatal(err)
		}
	}
	if read == 0 || read > 30_000 {
		t.Errorf("%d rows of crm_records are read, want a sample", read)
	}
}

func TestEditedFilesAreKnown(t *testing.T) {
	t.Parallel()
	conn, _ := platformOf(t, shapes.Names)
	_, file := look(t, conn, adapt.Options{})
	if !adapt.Untouched(file) || adapt.Untouched(strings.Replace(file, "t.subject", "t.region", 1)) || adapt.Untouched("") {
		t.Error("it cannot be told whether a file was edited")
	}
}
