package postgres_test

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"relink/linker"
	"relink/linker/guard"
	"relink/linker/postgres/engine"
)

// newScopes is the small world, with a link of the other organization's.
func newScopes(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.exec(`INSERT INTO recording_links (recording_id, data_type, entity_id, linked_at) VALUES ('s-1', 'ACCOUNT', 'f-1', now())`)
	return w
}

// extras returns the lines after the input rows, as recording>entity outcome.
func extras(results []linker.Result) (lines []string) {
	for _, r := range results {
		if !linker.Reconcile.IsInput(r.Outcome) {
			lines = append(lines, fmt.Sprintf("%s>%s %s", r.RecordingID, r.PreviousEntityID, r.Outcome))
		}
	}
	return lines
}

func TestReconcileScope(t *testing.T) {
	t.Parallel()
	const (
		account1 = "r-1>e-1"
		account2 = "r-2>e-2"
		lead     = "r-3>e-lead"
		other    = "r-4>e-two"
		theirs   = "s-1>f-1"
	)
	cases := []struct {
		name         string
		scope        linker.Scope
		organization string
		row          linker.Fields // links r-50, in scope
		extras       []string
	}{
		{"a connection", linker.Scope{Connections: []string{"c-1"}}, "", byID("r-50", "e-9"), []string{account1, account2, lead}},
		{"two connections add up", linker.Scope{Connections: []string{"c-1", "c-2"}}, "", byID("r-50", "e-9"), []string{account1, account2, lead, other}},
		{"a data type", linker.Scope{DataTypes: []string{"LEAD"}}, "", typed("LEAD", byID("r-50", "e-lead")), []string{lead}},
		{"a data type in all organizations", linker.Scope{DataTypes: []string{"ACCOUNT"}}, "", byID("r-50", "e-9"), []string{account1, account2, other, theirs}},
		{"a data type for a caller of one organization", linker.Scope{DataTypes: []string{"ACCOUNT"}}, "o-1", byID("r-50", "e-9"), []string{account1, account2, other}},
		{"connection and data type intersect", linker.Scope{Connections: []string{"c-1"}, DataTypes: []string{"ACCOUNT"}}, "", byID("r-50", "e-9"), []string{account1, account2}},
		{"an organization", linker.Scope{Organizations: []string{"o-1"}}, "", byID("r-50", "e-9"), []string{account1, account2, lead, other}},
		{"connection and organization intersect", linker.Scope{Connections: []string{"c-2", "c-9"}, Organizations: []string{"o-1"}}, "", in("c-2", byID("r-50", "e-two")), []string{other}},
		{"implied by an id", linker.Scope{Implied: true}, "", byID("r-50", "e-9"), []string{account1, account2, lead}},
		{"implied by an external id", linker.Scope{Implied: true}, "", byExternal("r-50", "ACCOUNT", "c-2", "x-two"), []string{other}},
		{"implied by a row that is not found", linker.Scope{Implied: true}, "", byExternal("r-50", "ACCOUNT", "c-2", "nope"), []string{other}},
		{"implied by a row that is refused before", linker.Scope{Implied: true}, "", byExternal("r-50", "DEAL", "c-2", "x-two"), []string{other}},
		{"not implied by an id that is not found", linker.Scope{Implied: true}, "", byID("r-50", "nope"), nil},
		{"not implied by another organization's row", linker.Scope{Implied: true}, "", byID("r-50", "f-1"), nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newScopes(t)
			before := w.current()
			scope := c.scope
			opt := engine.Options{Rules: linker.Rules{Scope: &scope, Organization: c.organization}}
			results := w.imported(opt, []linker.Fields{c.row})
			if results[0].Outcome == linker.Created {
				before = append(before, "r-50>"+results[0].EntityID)
			}
			if diff := cmp.Diff(each(c.extras, " extra"), extras(results)); diff != "" {
				t.Errorf("extras (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(before, w.current(), sortedStrings); diff != "" {
				t.Errorf("current links without prune (-want +got):\n%s", diff)
			}
			if c.scope.Implied {
				return
			}
			scope.Prune = true
			results = w.imported(opt, []linker.Fields{c.row})
			if diff := cmp.Diff(each(c.extras, " cleared"), extras(results)); diff != "" {
				t.Errorf("pruned (-want +got):\n%s", diff)
			}
			left := slices.DeleteFunc(before, func(link string) bool { return slices.Contains(c.extras, link) })
			if diff := cmp.Diff(left, w.current(), sortedStrings); diff != "" {
				t.Errorf("current links after prune (-want +got):\n%s", diff)
			}
			const marked = `SELECT count(*) FROM pgtest.marked_links()
				WHERE cleared_trigger = 'USER_UNLINK' AND cleared_by_run IS NOT NULL AND cleared_by_row IS NULL`
			if got := one[int](w, marked); got != len(c.extras) {
				t.Errorf("%d links carry the marks of a prune, want %d", got, len(c.extras))
			}
		})
	}
}

// each returns the links, each with an end to it.
func each(links []string, end string) (lines []string) {
	for _, link := range links {
		lines = append(lines, link+end)
	}
	return lines
}

func TestReconcileRejectsTargetsOutOfScope(t *testing.T) {
	t.Parallel()
	outside := rejected(linker.OutOfScope, "")
	t.Run("by connection and type", func(t *testing.T) {
		t.Parallel()
		scope := &linker.Scope{Connections: []string{"c-1"}, DataTypes: []string{"ACCOUNT", "CONTACT"}}
		decide(newWorld(t), linker.Rules{Scope: scope, FollowMerges: true}, []decision{
			{"inside", byID("r-10", "e-1"), created("e-1")},
			{"in another connection", byID("r-11", "e-two"), outside},
			{"in another connection, linked to it", byID("r-4", "e-two"), outside},
			{"of another type", typed("LEAD", byID("r-12", "e-lead")), outside},
			{"of another organization", byID("s-2", "f-1"), outside},
			{"the survivor is in another connection", byID("r-13", "e-to-two"), rejected(linker.OutOfScope, "e-to-two is merged into e-two")},
			{"the merged row is in scope", byID("r-14", "e-merged"), saying("e-merged is merged into e-1", created("e-1"))},
			{"deleted comes first", byID("r-15", "e-deleted"), rejected(linker.EntityDeleted, "")},
			{"an out-of-scope row is no conflict", byID("r-16", "e-two"), outside},
			{"with this one", byID("r-16", "e-1"), created("e-1")},
		}, extra(linker.Extra, "r-1", "e-1", "ACCOUNT"), extra(linker.Extra, "r-2", "e-2", "ACCOUNT"))
	})
	t.Run("by organization", func(t *testing.T) {
		t.Parallel()
		decide(newWorld(t), linker.Rules{Scope: &linker.Scope{Organizations: []string{"o-2"}}}, []decision{
			{"inside", byID("s-2", "f-1"), created("f-1")},
			{"outside", byID("r-10", "e-1"), outside},
		})
	})
	t.Run("none when implied", func(t *testing.T) {
		t.Parallel()
		decide(newWorld(t), linker.Rules{Scope: &linker.Scope{Implied: true}}, []decision{
			{"one connection", byID("r-10", "e-1"), created("e-1")},
			{"another", byID("r-11", "e-two"), created("e-two")},
			{"known links", byID("r-1", "e-1"), unchanged("e-1", "ACCOUNT")},
			{"known links", byID("r-2", "e-2"), unchanged("e-2", "ACCOUNT")},
			{"known links", typed("LEAD", byID("r-3", "e-lead")), unchanged("e-lead", "LEAD")},
			{"known links", byID("r-4", "e-two"), unchanged("e-two", "ACCOUNT")},
		})
	})
}

func TestReconcileLeavesLinksElsewhere(t *testing.T) {
	t.Parallel()
	elsewhere := rejected(linker.LinkedElsewhere, "")
	t.Run("in another connection or of another type", func(t *testing.T) {
		t.Parallel()
		scope := &linker.Scope{Connections: []string{"c-1"}, DataTypes: []string{"ACCOUNT"}, Prune: true}
		decide(newWorld(t), linker.Rules{Scope: scope, KeepTriggers: []string{"USER_LINK_WEB"}}, []decision{
			{"in scope", byID("r-1", "e-5"), replaced("e-5", "e-1", "ACCOUNT")},
			{"a person's", byID("r-2", "e-5"), kept("e-5", "e-2", "ACCOUNT")},
			{"of another type", byID("r-3", "e-5"), elsewhere},
			{"in another connection", byID("r-4", "e-5"), elsewhere},
			{"in another connection, and a twin that asks for another", byID("r-4", "e-6"), elsewhere},
		})
	})
	t.Run("taken over", func(t *testing.T) {
		t.Parallel()
		scope := &linker.Scope{Connections: []string{"c-1"}, DataTypes: []string{"ACCOUNT"}, Prune: true, TakeOver: true}
		decide(newWorld(t), linker.Rules{Scope: scope}, []decision{
			{"in scope", byID("r-1", "e-5"), replaced("e-5", "e-1", "ACCOUNT")},
			{"in scope", byID("r-2", "e-2"), unchanged("e-2", "ACCOUNT")},
			{"of another type", byID("r-3", "e-5"), replaced("e-5", "e-lead", "LEAD")},
			{"in another connection", byID("r-4", "e-5"), replaced("e-5", "e-two", "ACCOUNT")},
		})
	})
	t.Run("implied", func(t *testing.T) {
		t.Parallel()
		decide(newWorld(t), linker.Rules{Scope: &linker.Scope{Implied: true}}, []decision{
			{"in a connection of the file", byID("r-1", "e-5"), replaced("e-5", "e-1", "ACCOUNT")},
			{"in no connection of the file", byID("r-4", "e-5"), elsewhere},
		}, extra(linker.Extra, "r-2", "e-2", "ACCOUNT"), extra(linker.Extra, "r-3", "e-lead", "LEAD"))
	})
	t.Run("two scopes in turn do not fight", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		for range 2 {
			decide(w, linker.Rules{Scope: &linker.Scope{Connections: []string{"c-2"}, Prune: true}}, []decision{
				{"theirs", in("c-2", byID("r-1", "e-two")), elsewhere},
				{"ours", in("c-2", byID("r-4", "e-two")), unchanged("e-two", "ACCOUNT")},
			})
			decide(w, linker.Rules{Scope: &linker.Scope{Connections: []string{"c-1"}, DataTypes: []string{"ACCOUNT"}, Prune: true}}, []decision{
				{"ours", in("c-1", byID("r-1", "e-1")), unchanged("e-1", "ACCOUNT")},
				{"ours", in("c-1", byID("r-2", "e-2")), unchanged("e-2", "ACCOUNT")},
				{"theirs", in("c-1", byID("r-4", "e-1")), elsewhere},
			})
		}
	})
}

// What others do between plan and write meets the same rules.
func TestReconcileLeavesLinksMovedMeanwhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	scope := &linker.Scope{Connections: []string{"c-1"}, Prune: true}
	x := w.begin(engine.Options{Rules: linker.Rules{Scope: scope, KeepTriggers: []string{"USER_LINK_WEB"}}})
	w.stage(x, []linker.Fields{
		byID("r-1", "e-5"), byID("r-10", "e-5"), byID("r-11", "e-5"), byID("r-12", "e-5"), byID("r-13", "e-5"),
		byID("r-14", "e-5"), byID("r-14", "e-5"), typed("LEAD", byID("r-3", "e-lead")),
	})
	w.plan(x, true)
	w.exec(`
		UPDATE recording_links SET cleared_at = now() WHERE recording_id = 'r-1';
		INSERT INTO recording_links (recording_id, data_type, entity_id, trigger, linked_at) VALUES
		    ('r-1', 'ACCOUNT', 'e-two', NULL, now()),
		    ('r-10', 'ACCOUNT', 'e-two', NULL, now()),
		    ('r-11', 'ACCOUNT', 'e-6', NULL, now()),
		    ('r-12', 'ACCOUNT', 'e-6', 'USER_LINK_WEB', now()),
		    ('r-13', 'ACCOUNT', 'e-5', NULL, now()),
		    ('r-14', 'ACCOUNT', 'e-two', NULL, now())`)
	w.apply(x)
	elsewhere := rejected(linker.LinkedElsewhere, "")
	want := append(numbered([]linker.Result{
		elsewhere, elsewhere,
		replaced("e-5", "e-6", "ACCOUNT"),
		kept("e-5", "e-6", "ACCOUNT"),
		unchanged("e-5", "ACCOUNT"),
		elsewhere, elsewhere,
		unchanged("e-lead", "LEAD"),
	}), extra(linker.Cleared, "r-2", "e-2", "ACCOUNT"))
	want[len(want)-1].Outcome, want[len(want)-1].Detail = linker.Extra, "left alone: made with USER_LINK_WEB"
	if diff := cmp.Diff(want, w.results(x)); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
}

// withheldCase is a file that lets the prune through, or not.
type withheldCase struct {
	name string
	rows []linker.Checked
	why  string // in the reason, "" for none
}

// An id that no recording has is trusted when it has the form of the recordings'
// ids, and where they have none in common, when it could be one at all.
func TestPruneTrustsIDsOfThePlatformsForm(t *testing.T) {
	t.Parallel()
	const uuid = "5d1c2f6a-8d34-4c1b-8a51-0f0e1c7b9a0"
	for name, c := range map[string]struct {
		known            string // SQL of one recording's id, of n
		trusted, doubted []string
	}{
		"uuids":              {"'5d1c2f6a-8d34-4c1b-8a51-0f0e1c7b9a' || lpad(n::text, 2, '0')", []string{uuid + "f", strings.ToUpper(uuid + "f")}, []string{"r-100", "Total", "0061t00000AbCdEAAV", uuid, "12345"}},
		"numbers":            {"(n * 1000)::text", []string{"7", "123456789"}, []string{"r-7", "1234x", uuid + "f", "12.5"}},
		"one length":         {"'rec-' || lpad(n::text, 4, '0')", []string{"rec-9999", "abc-1234"}, []string{"rec-99999", "rec-999", "REC-9999", "Total"}},
		"letters and digits": {"lpad(n::text, 8, 'a')", []string{"aaaa9999"}, []string{"aaa-9999", "AAAA9999", "aaaa99990"}},
		"two shapes":         {"CASE WHEN n < 5 THEN 'rec-' || 7 * n ELSE '" + uuid + "' || n END", []string{"rec-99", "rec-1", uuid + "f"}, []string{"NULL", "a;b", "(2 rows)", "rec-99.mp3", "mailto:rec-99", "same", "WAHR", "17", "-1", "x", "rec-"}},
		"at random":          {"upper(substr(md5(n::text), 1, 20 + n % 3))", []string{"0A1B2C3D4E5F6A7B8C9D0", "B5B5B5B5B5B5B5B5B5B5"}, []string{"FALSCHFALSCHFALSCHFALS", "0a1b2c3d4e5f6a7b8c9d0", "17", "0A1B-C3D4E5F6A7B8C9D", "N.N", "0A1B2C3D4E5F6A7B8C9D0A1B2C3"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.exec(`
				DELETE FROM recording_links;
				DELETE FROM recordings;
				INSERT INTO recordings (id, organization_id) SELECT ` + c.known + `, 'o-1' FROM generate_series(1, 9) AS n`)
			scope := &linker.Scope{Connections: []string{"c-1"}, Prune: true}
			withheld := func(id string) string {
				x := w.begin(engine.Options{Rules: linker.Rules{Scope: scope}})
				defer x.Close()
				w.stage(x, []linker.Fields{byID(one[string](w, "SELECT min(id) FROM recordings"), "e-1"), byID(id, "e-1")})
				return w.plan(x, true).PruneWithheld
			}
			for _, id := range c.trusted {
				if why := withheld(id); why != "" {
					t.Errorf("%q is not trusted: %s", id, why)
				}
			}
			for _, id := range c.doubted {
				if why := withheld(id); !strings.Contains(why, "line 3 has "+strconv.Quote(id)) {
					t.Errorf("%q is trusted, or not named: %q", id, why)
				}
			}
		})
	}
}

// A file that may not be whole proves nothing by what it leaves out.
func TestPruneIsWithheldFromDoubtedFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.begin(engine.Options{Rules: linker.Rules{Scope: &linker.Scope{Connections: []string{"c-1"}, Prune: true}}})
	rows := 0
	_, err := x.Stage(t.Context(), func(n *linker.Numbered) error {
		if rows++; rows > 1 {
			return io.EOF
		}
		n.Row, n.Line, n.Checked = 1, 2, linker.Check(byID("r-1", "e-1"), linker.Fields{})
		return nil
	}, func() []string { return []string{"the file may be cut off", "it is Monday"} })
	if err != nil {
		t.Fatal(err)
	}
	if got, want := w.plan(x, true).PruneWithheld, "the file may be cut off; it is Monday"; got != want {
		t.Errorf("withheld because %q, want %q", got, want)
	}
	w.apply(x)
	if got := one[int](w, "SELECT count(*) FROM recording_links WHERE cleared_trigger = 'USER_UNLINK'"); got != 0 {
		t.Errorf("%d links were cleared, want none", got)
	}
}

func TestPruneIsWithheld(t *testing.T) {
	t.Parallel()
	fault := func(code linker.Code) linker.Checked {
		return linker.Checked{Fault: &linker.RowError{Code: code, Message: "not to be read"}}
	}
	checked := func(f linker.Fields) linker.Checked { return linker.Check(f, linker.Fields{}) }
	const (
		single  = "line 3 has no recording id that can be trusted"
		several = "lines 3, 4 have no recording id that can be trusted"
	)
	stray := func(code linker.Code, text string) linker.Checked {
		c := fault(code)
		c.Stray = text
		return c
	}
	cases := []withheldCase{
		{"nothing is wrong", nil, ""},
		{"a record that is too long", []linker.Checked{fault(linker.RecordTooLong)}, single},
		{"a record in another encoding", []linker.Checked{fault(linker.InvalidEncoding)}, single},
		{"a malformed record", []linker.Checked{fault(linker.MalformedRow)}, single},
		{"two malformed records", []linker.Checked{fault(linker.MalformedRow), fault(linker.MalformedRow)}, several},
		{"a line break in the CRM id", []linker.Checked{checked(byID("r-10", "e\n1"))}, single},
		{"no recording id", []linker.Checked{checked(byID("", "e-1"))}, single},
		{"a recording id that is too long", []linker.Checked{checked(byID(strings.Repeat("r", 256), "e-1"))}, single},
		{"a damaged recording id", []linker.Checked{checked(byID("1.23E+17", "e-1"))}, single},
		{"a damaged recording id after another fault", []linker.Checked{checked(typed("", byID("1.23E+17", "e-1")))}, single},
		{"a recording id that looks damaged, and no recording", []linker.Checked{checked(byID("1E7", "e-1"))}, single},
		{"a recording id that looks damaged, and another fault", []linker.Checked{checked(typed("", byID("1E7", "e-1")))}, single},
		{"a recording id that looks damaged, and a line break", []linker.Checked{checked(byID("1E7", "e\n1"))}, single},
		{"a recording id that only looks damaged", []linker.Checked{checked(byID("1E5", "e-1"))}, ""},
		{"a recording id that only looks damaged, and another fault", []linker.Checked{checked(typed("", byID("1E5", "e-1")))}, ""},
		{"a row with a fault and a good recording id", []linker.Checked{checked(typed("", byID("r-10", "e-1")))}, ""},
		{"a recording that does not exist", []linker.Checked{checked(byID("r-99", "e-1"))}, ""},
		{"a recording id like no other", []linker.Checked{checked(byID("nope", "e-1"))}, single},
		{"a damaged CRM id", []linker.Checked{checked(byID("r-10", "1.2E+5"))}, ""},
		{"a footer", []linker.Checked{stray(linker.MalformedRow, "Copyright, all links")}, ""},
		{"a footer above a row", []linker.Checked{stray(linker.MalformedRow, "Copyright, all links"), checked(byID("r-1", "e-1"))}, single},
		{"a ruler above a row", []linker.Checked{stray(linker.MalformedRow, "---+---"), checked(byID("r-1", "e-1"))}, ""},
		{"only ignored columns, above a row", []linker.Checked{stray(linker.MissingRecordingID, "FALSE"), checked(byID("r-1", "e-1"))}, ""},
		{"totals", []linker.Checked{checked(linker.Fields{RecordingID: "Total: 2", DataType: "2"})}, ""},
		{"totals above a row", []linker.Checked{checked(linker.Fields{RecordingID: "Total: 2", DataType: "2"}), checked(byID("r-1", "e-1"))}, single},
	}
	for _, id := range []string{
		"NULL", `\N`, "nan", "None", "undefined", "-", "n/a", "#N/D", "#N/B", "#Н/Д", "Err:502", "https://app.example.com/recordings/x-9", "x\u20119", "“x-9”", "'x-9'",
		"{x-9}", `="x-9"`, "x-9;y-9", "x-9 y-9", "1,234", "x\u200b9", "ünder",
	} {
		cases = append(cases, withheldCase{"recordingId " + id, []linker.Checked{checked(byID(id, "e-1"))}, single})
		cases = append(cases, withheldCase{"recordingId " + id + " and another fault", []linker.Checked{checked(typed("", byID(id, "e-1")))}, single})
	}
	w := newWorld(t)
	w.exec(`INSERT INTO recordings (id, organization_id) VALUES ('1E5', 'o-1')`)
	scope := &linker.Scope{Connections: []string{"c-1"}, Prune: true}
	for _, c := range cases {
		x := w.begin(engine.Options{Rules: linker.Rules{Scope: scope}})
		rows := append([]linker.Checked{checked(byID("r-1", "e-1"))}, c.rows...)
		i := 0
		_, err := x.Stage(t.Context(), func(n *linker.Numbered) error {
			if i == len(rows) {
				return io.EOF
			}
			i++
			n.Row, n.Line, n.Checked = int64(i), int64(i+1), rows[i-1]
			return nil
		}, wholeFile)
		if err != nil {
			t.Fatal(err)
		}
		plan := w.plan(x, true)
		if (plan.PruneWithheld == "") != (c.why == "") || !strings.Contains(plan.PruneWithheld, c.why) {
			t.Errorf("%s: withheld because %q, want %q", c.name, plan.PruneWithheld, c.why)
		}
		if plan.Rows != int64(len(rows)) {
			t.Errorf("%s: %d rows planned, want %d", c.name, plan.Rows, len(rows))
		}
		want := []string{"r-2>e-2 cleared", "r-3>e-lead cleared"}
		if c.why != "" {
			want = []string{"r-2>e-2 extra", "r-3>e-lead extra"}
			w.apply(x)
		}
		if diff := cmp.Diff(want, extras(w.results(x))); diff != "" {
			t.Errorf("%s: extras (-want +got):\n%s", c.name, diff)
		}
		x.Close()
	}
	if got := one[int](w, "SELECT count(*) FROM recording_links WHERE cleared_at IS NOT NULL"); got != 0 {
		t.Errorf("%d links were cleared, want none", got)
	}
}

func TestPruneProtects(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(`
		INSERT INTO recordings (id, organization_id) VALUES ('00ab', 'o-1'), ('a b', 'o-1'), ('Ünder', 'o-1');
		INSERT INTO recording_links (recording_id, data_type, entity_id, linked_at)
		SELECT id, 'ACCOUNT', 'e-9', now() FROM unnest('{r-10,r-11,r-12,r-Case,007,00ab,a b,Ünder}'::text[]) AS id`)
	scope := &linker.Scope{Connections: []string{"c-1"}, DataTypes: []string{"ACCOUNT"}, Prune: true}
	rules := linker.Rules{Scope: scope, KeepTriggers: []string{"USER_LINK_WEB"}}
	results := w.imported(engine.Options{Rules: rules}, []linker.Fields{
		byID("R-CASE", "e-1"),                    // letter case, not found
		byID("7", "e-1"),                         // leading zeros, not found
		byID("0AB", "e-1"),                       // both
		byID("a  B", "e-1"),                      // white space
		byID("ünder", "e-1"),                     // letters beyond ASCII
		byID("r-10", "nope"),                     // the recording itself, rejected by the database
		typed("", byID("r-11", "e-1")),           // the recording itself, rejected before
		typed("", byID("R-12", "e-1")),           // letter case, rejected before
		typed("LEAD", byID("r-1", "e-1")),        // rejected: the type does not match
		byID("r-20", "e-1"), byID("r-20", "e-2"), // conflicting rows of somebody else
	})
	const almost = "left alone: a rejected row names almost this recording"
	want := []linker.Result{
		saying(almost, extra(linker.Extra, "007", "e-9", "ACCOUNT")),
		saying(almost, extra(linker.Extra, "00ab", "e-9", "ACCOUNT")),
		saying(almost, extra(linker.Extra, "a b", "e-9", "ACCOUNT")),
		saying(almost, extra(linker.Extra, "r-12", "e-9", "ACCOUNT")),
		saying("left alone: made with USER_LINK_WEB", extra(linker.Extra, "r-2", "e-2", "ACCOUNT")),
		saying(almost, extra(linker.Extra, "r-Case", "e-9", "ACCOUNT")),
		saying(almost, extra(linker.Extra, "Ünder", "e-9", "ACCOUNT")),
	}
	var got []linker.Result
	for _, r := range results {
		if !linker.Reconcile.IsInput(r.Outcome) {
			got = append(got, r)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("extras (-want +got):\n%s", diff)
	}
	if n := one[int](w, "SELECT count(*) FROM recording_links WHERE cleared_at IS NOT NULL"); n != 0 {
		t.Errorf("%d links were cleared, want none", n)
	}
}

// A recording that stands in what is not an id is left, whatever stands around it.
func TestPruneProtectsWhatIsMeant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(`
		INSERT INTO recording_links (recording_id, data_type, entity_id, linked_at)
		SELECT id, 'ACCOUNT', 'e-9', now()
		FROM unnest('{a-17,a-18,a-19,a-20,a-21,a-22,a-23,5d1c2f6a-8d34-4c1b-8a51-0f0e1c7b9a01,1234567,z-1}'::text[]) AS id`)
	rules := linker.Rules{Scope: &linker.Scope{Connections: []string{"c-1"}, DataTypes: []string{"ACCOUNT"}, Prune: true}}
	x := w.begin(engine.Options{Rules: rules})
	rows := []linker.Checked{{Fault: &linker.RowError{Code: linker.MalformedRow}, Stray: "Links of a-22 and others"}}
	for _, id := range []string{
		"https://app.example.com/rec/a-17?x=1", `="a-18"`, "a-19;A-20", "a\u201121", "“a_23”", "urn:uuid:5D1C2F6A8D344C1B8A510F0E1C7B9A01", "1,234,567",
	} {
		rows = append(rows, linker.Check(byID(id, "e-1"), linker.Fields{}))
	}
	i := 0
	if _, err := x.Stage(t.Context(), func(n *linker.Numbered) error {
		if i == len(rows) {
			return io.EOF
		}
		i++
		n.Row, n.Line, n.Checked = int64(i), int64(i+1), rows[i-1]
		return nil
	}, wholeFile); err != nil {
		t.Fatal(err)
	}
	w.plan(x, true)
	for _, r := range w.results(x) {
		const almost = "left alone: a rejected row names almost this recording"
		if left := r.Detail == almost; r.Outcome == linker.Extra && left == (r.RecordingID == "z-1" || r.RecordingID == "r-2" || r.RecordingID == "r-1") {
			t.Errorf("%s: %q", r.RecordingID, r.Detail)
		}
	}
}

// A link that somebody changes or holds is not cleared, and the run ends.
func TestPruneLeavesWhatOthersHold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	scope := &linker.Scope{Connections: []string{"c-1"}, Prune: true}
	run := w.record(linker.Reconcile)
	opt := engine.Options{Run: run, Rules: linker.Rules{Scope: scope}, BatchRows: 1}
	x := w.begin(opt)
	w.stage(x, []linker.Fields{byID("r-50", "e-9")})
	first := w.plan(x, true)
	other := w.connect()
	tx, err := other.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "SELECT FROM recording_links WHERE recording_id = 'r-2' FOR UPDATE"); err != nil {
		t.Fatal(err)
	}
	stop, stopped := make(chan struct{}), make(chan error, 1)
	go func() {
		var n atomic.Int64
		stopped <- x.Apply(t.Context(), stop, &n)
	}()
	w.within(20*time.Second, "the first link is cleared", func() bool {
		return one[int](w, "SELECT count(*) FROM relink.marks WHERE run = $1 AND cleared IS NOT NULL", run) == 1
	})
	close(stop)
	if err := <-stopped; !errors.Is(err, linker.ErrStopped) {
		t.Fatalf("Apply: %v, want ErrStopped", err)
	}
	if diff := cmp.Diff([]string{"r-1>e-1 cleared", "r-2>e-2 extra", "r-3>e-lead extra"}, extras(w.results(x))); diff != "" {
		t.Errorf("extras when stopped (-want +got):\n%s", diff)
	}
	x.Close()
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}

	// Somebody links the pruned recording again: that is theirs.
	w.exec(`INSERT INTO recording_links (recording_id, data_type, entity_id, linked_at) VALUES ('r-1', 'ACCOUNT', 'e-7', now())`)
	x = w.begin(opt)
	again := w.plan(x, false)
	if diff := cmp.Diff(first.Outcomes, again.Outcomes); diff != "" {
		t.Errorf("outcomes (-first plan +second plan):\n%s", diff)
	}
	want := []guard.Group{
		{Connection: "c-1", DataType: "ACCOUNT", Current: 3, Cleared: 2}, // one of them made since
		{Connection: "c-1", DataType: "LEAD", Current: 1, Cleared: 1},
	}
	if diff := cmp.Diff(want, again.Groups); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
	w.apply(x)
	if diff := cmp.Diff([]string{"r-1>e-1 cleared", "r-2>e-2 cleared", "r-3>e-lead cleared"}, extras(w.results(x))); diff != "" {
		t.Errorf("extras in the end (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"r-1>e-7", "r-4>e-two", "r-50>e-9"}, w.current()); diff != "" {
		t.Errorf("current links (-want +got):\n%s", diff)
	}
}

func TestPlanCountsGroups(t *testing.T) {
	t.Parallel()
	rows := []linker.Fields{
		byID("r-1", "e-5"), byID("r-1", "e-5"), byID("r-2", "nope"), byID("r-3", "e-6"), byID("r-4", "e-two"), byID("r-10", "e-1"),
		in("c-9", byID("s-1", "f-1")),
	}
	cases := []struct {
		name  string
		rules linker.Rules
		want  []guard.Group
	}{
		{"import: links of the recordings mentioned", linker.Rules{}, []guard.Group{
			{Connection: "c-1", DataType: "ACCOUNT", Current: 2, Replaced: 1},
			{Connection: "c-1", DataType: "LEAD", Current: 1, Replaced: 1},
			{Connection: "c-2", DataType: "ACCOUNT", Current: 1},
			{Connection: "c-9", DataType: "ACCOUNT", Current: 1},
		}},
		{"reconcile: links of the scope", linker.Rules{Scope: &linker.Scope{Connections: []string{"c-1"}, Prune: true}}, []guard.Group{
			{Connection: "c-1", DataType: "ACCOUNT", Current: 3, Replaced: 1, Cleared: 1},
			{Connection: "c-1", DataType: "LEAD", Current: 1, Replaced: 1},
		}},
		{"reconcile without prune", linker.Rules{Scope: &linker.Scope{Connections: []string{"c-1"}}}, []guard.Group{
			{Connection: "c-1", DataType: "ACCOUNT", Current: 3, Replaced: 1},
			{Connection: "c-1", DataType: "LEAD", Current: 1, Replaced: 1},
		}},
		{"reconcile of a type, taking over", linker.Rules{Scope: &linker.Scope{Connections: []string{"c-1"}, DataTypes: []string{"ACCOUNT"}, Prune: true, TakeOver: true}}, []guard.Group{
			{Connection: "c-1", DataType: "ACCOUNT", Current: 3, Replaced: 1, Cleared: 1},
			{Connection: "c-1", DataType: "LEAD", Current: 1, Replaced: 1},
		}},
		{"reconcile for a caller of one organization", linker.Rules{Organization: "o-2", Scope: &linker.Scope{DataTypes: []string{"ACCOUNT"}, Prune: true}}, []guard.Group{
			{Connection: "c-9", DataType: "ACCOUNT", Current: 1},
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newScopes(t)
			w.exec(`INSERT INTO recording_links (recording_id, data_type, entity_id, linked_at) VALUES ('r-20', 'ACCOUNT', 'e-9', now())`)
			opt := engine.Options{Run: w.record(linker.Import), Rules: c.rules, CountGroups: true}
			x := w.begin(opt)
			w.stage(x, rows)
			if diff := cmp.Diff(c.want, w.plan(x, true).Groups); diff != "" {
				t.Errorf("groups (-want +got):\n%s", diff)
			}
			w.apply(x)
			if diff := cmp.Diff(c.want, w.plan(x, false).Groups); diff != "" {
				t.Errorf("groups once all is applied (-want +got):\n%s", diff)
			}
		})
	}
}

// With a file in which every row is good, the links in scope are the file's
// and outside nothing has changed. Reconciling again finds nothing to do.
func TestReconcileMakesScopeEqualToFile(t *testing.T) {
	t.Parallel()
	for seed := range uint64(seeds) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(seed, 2))
			w := emptyWorld(t)
			m := newModel(rng, 40)
			m.fill(w, func(id string) string { return id })
			scope := linker.Scope{Prune: true, TakeOver: true, Connections: []string{"c-1"}}
			if rng.IntN(2) == 0 {
				scope.Connections = append(scope.Connections, "c-2")
			}
			if rng.IntN(2) == 0 {
				scope.DataTypes = []string{"LEAD"}
			}
			inScope := func(entity string) bool {
				e := m.entities[entity]
				return strings.Contains(strings.Join(scope.Connections, " "), e.connection) &&
					(scope.DataTypes == nil || e.dataType == "LEAD")
			}
			rules := linker.Rules{Scope: &scope, LastWins: true, FollowMerges: true}
			var rows []linker.Fields
			mentioned, want := map[string]bool{}, map[string]string{}
			for _, f := range m.rows(rng, 60) {
				f.ExpectedEntityID, f.ExpectedExternalID = "", ""
				c := linker.Check(f, linker.Fields{})
				if c.Fault != nil {
					continue
				}
				if entity, code := m.resolve(c.Fields, rules); code == "" && inScope(entity) {
					rows = append(rows, f)
					mentioned[f.RecordingID] = true
					want[f.RecordingID] = entity
				}
			}
			for recording, link := range m.links {
				if !mentioned[recording] && !inScope(link.entity) {
					want[recording] = link.entity
				}
			}
			opt := engine.Options{Rules: rules, Lanes: 2, BatchRows: rng.IntN(4)}
			results := w.imported(opt, rows)
			for _, r := range results {
				if r.Outcome == linker.Rejected || r.Outcome == linker.Failed || r.Outcome == linker.Extra {
					t.Errorf("result %+v, want the row or link done", r)
				}
			}
			var links []string
			for recording, entity := range want {
				links = append(links, recording+">"+entity)
			}
			if diff := cmp.Diff(links, w.current(), sortedStrings); diff != "" {
				t.Errorf("current links (-want +got):\n%s", diff)
			}
			before := w.everything()
			for _, r := range w.imported(opt, rows) {
				if r.Outcome != linker.Unchanged && r.Outcome != linker.Superseded {
					t.Errorf("reconciled again: result %+v, want nothing left to do", r)
				}
			}
			if diff := cmp.Diff(before, w.everything()); diff != "" {
				t.Errorf("reconciling again wrote (-before +after):\n%s", diff)
			}
		})
	}
}
