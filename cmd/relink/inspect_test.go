package main

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"relink/cmd/relink/exit"
	"relink/linker"
)

// What is exported and read back changes nothing, whichever way the CRM rows are
// named and wherever the file goes.
func TestExportReadsBack(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.relink(exit.Rejected, "import", "links.csv")
	before := ask[string](s, "SELECT md5(string_agg(l::text, '' ORDER BY id)) FROM recording_links AS l")
	for _, args := range [][]string{
		{"--out", "out.csv"},
		{"--out", "out.csv.gz", "--ids", "internal"},
		{"--out", "out.csv.zst", "--connection", "c-1"},
		{"--out", "out.csv", "--organization", "o-1", "--data-type", "account"},
	} {
		s.relink(exit.OK, append([]string{"export"}, args...)...)
		p := s.relink(exit.OK, "reconcile", "--dry-run", "--json", args[1])
		var summary struct {
			Drift    bool
			Outcomes map[string]int
			Rows     int
		}
		if err := json.Unmarshal([]byte(p.stdout.String()), &summary); err != nil {
			t.Fatal(err)
		}
		if linked := ask[int](s, "SELECT count(*) FROM recording_links WHERE cleared_at IS NULL"); summary.Drift || summary.Outcomes["unchanged"] != linked || summary.Rows != linked {
			t.Errorf("export %v, reconciled, gives %+v, want %d unchanged rows", args, summary, linked)
		}
	}
	if after := ask[string](s, "SELECT md5(string_agg(l::text, '' ORDER BY id)) FROM recording_links AS l"); after != before {
		t.Error("exporting changed the links")
	}
	p := s.relink(exit.OK, "export")
	text := p.stdout.String()
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if lines[0] != "recordingId,dataType,id,externalId,integrationConnectionId,trigger" {
		t.Errorf("the header is %q", lines[0])
	}
	if lines[1] != "r-1,ACCOUNT,,x-1,c-1," || lines[2] != "r-11,ACCOUNT,,x-1,c-1," {
		t.Errorf("the first rows are %q, want those of r-1 and r-11", lines[1:3])
	}
	f, err := os.Open(filepath.Join(s.dir, "out.csv.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(z); err != nil || !strings.Contains(string(got), "r-1,ACCOUNT,e-1,,c-1,") {
		t.Errorf("the compressed export is %.80q (%v), want the platform's ids", got, err)
	}
}

func TestExportOfWhatNeedsALook(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.exec(`UPDATE crm_entities SET merged_into_id = 'e-2' WHERE id = 'e-1';
		INSERT INTO recordings (id, organization_id, deleted_at) VALUES ('r-gone', 'o-1', now());
		INSERT INTO recordings (id, organization_id) VALUES ('r-other', 'o-2')`)
	rows := func(args ...string) []string {
		t.Helper()
		p := s.relink(exit.OK, append([]string{"export"}, args...)...)
		return strings.Split(strings.TrimSpace(p.stdout.String()), "\n")[1:]
	}
	if got := rows("--dead"); len(got) != 30 {
		t.Errorf("%d links are dead, want 30", len(got))
	}
	if got := rows("--unlinked"); len(got) != 31 || got[0] != "r-10,,,,," || got[30] != "r-other,,,,," {
		t.Errorf("recordings without a link: %d, %q; want 31 and not the deleted one", len(got), got)
	}
	if got := rows("--unlinked", "--organization", "o-1"); len(got) != 30 {
		t.Errorf("recordings of o-1 without a link: %d, want 30", len(got))
	}
	s.exec("UPDATE crm_entities SET merged_into_id = NULL")
	want := rows()
	s.relink(exit.Rejected, "import", "links.csv")
	if got := rows("--at-run", "1"); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("before run 1 the links were\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, c := range []struct{ args, want string }{
		{"--connection c-9", `there is no connection "c-9"`},
		{"--at-run 9", "run 9"},
		{"--unlinked --data-type LEAD", "--unlinked does not go with"},
		{"--out none/x.csv", "none"},
	} {
		s.relink(exit.Error, append([]string{"export"}, strings.Fields(c.args)...)...).says(c.want)
	}
}

// A survey counts what a person would count by hand, and nothing of others.
func TestSurvey(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.exec(`UPDATE crm_entities SET merged_into_id = 'e-2' WHERE id = 'e-1';
		INSERT INTO integration_connections VALUES ('c-2', 'o-2', 'hubspot', 'Two', true);
		INSERT INTO recordings (id, organization_id) VALUES ('r-other', 'o-2');
		INSERT INTO crm_entities (id, data_type, integration_connection_id, external_id) VALUES ('e-other', 'LEAD', 'c-2', 'y-1');
		INSERT INTO recording_links (recording_id, data_type, entity_id, trigger, linked_at) VALUES ('r-other', 'LEAD', 'e-other', 'USER_LINK_WEB', now())`)
	type survey struct {
		Recordings, Linked, Unlinked int
		Links                        []struct {
			Connection, Name, DataType, Trigger string
			Links, Merged, Deleted, Gone        int
		}
	}
	read := func(args ...string) (v survey) {
		t.Helper()
		p := s.relink(exit.OK, append([]string{"survey", "--json"}, args...)...)
		if err := json.Unmarshal([]byte(p.stdout.String()), &v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	all := read()
	if all.Recordings != 61 || all.Linked != 31 || all.Unlinked != 30 || len(all.Links) != 2 {
		t.Errorf("the survey is %+v, want 61 recordings, 31 linked into two connections", all)
	}
	if g := all.Links[0]; g.Connection != "c-1" || g.Name != "One" || g.DataType != "ACCOUNT" || g.Links != 30 || g.Merged != 30 {
		t.Errorf("the first group is %+v, want 30 links into c-1, all to a merged row", g)
	}
	if mine := read("--organization", "o-1"); mine.Recordings != 60 || len(mine.Links) != 1 {
		t.Errorf("the survey of o-1 is %+v, want nothing of o-2", mine)
	}
	p := s.relink(exit.OK, "survey")
	for _, want := range []string{"recordings", "61", "50.8 %", "30 merged", "USER_LINK_WEB"} {
		if !strings.Contains(p.stdout.String(), want) {
			t.Errorf("the survey is\n%swant %q in it", p.stdout.String(), want)
		}
	}
}

func TestHistory(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.relink(exit.Rejected, "import", "--reason", "the move", "links.csv")
	s.file("one.csv", "recordingId,dataType,id\nr-1,ACCOUNT,e-1\n")
	s.relink(exit.OK, "reconcile", "--connection", "c-1", "--prune", "--max-changes", "100%", "--reason", "one is\nenough", "one.csv")
	// Another platform of this database may have links of the same ids.
	s.exec(`INSERT INTO relink.runs (kind, state, platform_schema) VALUES ('import', 'done', 'tenant');
		INSERT INTO relink.marks (run, row_no, recording_id, made, cleared) SELECT 3, 1, recording_id, made, made FROM relink.marks WHERE run = 1`)
	p := s.relink(exit.OK, "history", "r-11")
	sum := ask[string](s, "SELECT source_sha256 FROM relink.runs WHERE id = 2")
	for _, want := range []string{
		"the platform", "run 2 (one.csv), USER_UNLINK",
		"run 2, reconcile of one.csv (SHA-256 " + sum + "), ", " UTC, by ", " as role ", ": one is enough\n",
	} {
		if !strings.Contains(p.stdout.String(), want) {
			t.Errorf("the history is\n%swant %q in it", p.stdout.String(), want)
		}
	}
	var links []struct {
		EntityID, ExternalID     string
		ClearedAt                *string
		LinkedByRun, LinkedByRow int
		ClearedByRun             int
		LinkedBySource           *struct{ Name, SHA256 string }
		LinkedByOperator         *linker.Operator
		LinkedByReason           string
		ClearedByReason          string
	}
	p = s.relink(exit.OK, "history", "--json", "r-3")
	if err := json.Unmarshal([]byte(p.stdout.String()), &links); err != nil {
		t.Fatal(err)
	}
	if len(links) != 2 || links[0].EntityID != "e-1" || links[0].LinkedByRun != 0 || links[0].ClearedByRun != 1 ||
		links[1].EntityID != "e-3" || links[1].LinkedByRun != 1 || links[1].LinkedByRow != 3 || links[1].ClearedByRun != 2 ||
		links[1].LinkedBySource == nil || links[1].LinkedBySource.SHA256 == "" {
		t.Errorf("the history is %s, want a link of the platform's and one of run 1, row 3", p.stdout.String())
	}
	if l := links[1]; l.LinkedByReason != "the move" || l.ClearedByReason != "one is enough" || l.LinkedByOperator == nil || l.LinkedByOperator.Role == "" || links[0].LinkedByOperator != nil {
		t.Errorf("the history is %s, want who made and cleared the second link and why, and nobody for the first", p.stdout.String())
	}
	s.relink(exit.Error, "history", "r-none").says(`no recording "r-none" has ever had a link`)
	s.relink(exit.Error, "history", "--organization", "o-2", "r-3").says(`no recording "r-3" has ever had a link`)
}

// Where clearing deletes a link, and where no link has a time, the history is made
// of what is left: the marks of runs.
func TestHistoryOfDeletedLinks(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.exec(`INSERT INTO relink.platforms (name, schema, profile) VALUES ('calls', 'public', '{"current": "row"}');
		UPDATE recording_links SET trigger = 'CALENDAR_MATCH' WHERE recording_id = 'r-3'`)
	s.relink(exit.Rejected, "import", "--reason", "the move", "links.csv")
	s.file("one.csv", "recordingId,dataType,id\nr-1,ACCOUNT,e-1\n")
	s.relink(exit.OK, "reconcile", "--connection", "c-1", "--prune", "--max-changes", "100%", "one.csv")
	type link struct {
		EntityID, DataType, ExternalID, Trigger, ClearedTrigger string
		LinkedAt, ClearedAt                                     *string
		LinkedByRun, LinkedByRow, ClearedByRun, ClearedByRow    int
		LinkedByReason                                          string
	}
	history := func(args ...string) (links []link) {
		t.Helper()
		p := s.relink(exit.OK, append([]string{"history", "--json"}, args...)...)
		if err := json.Unmarshal([]byte(p.stdout.String()), &links); err != nil {
			t.Fatal(err)
		}
		return links
	}
	for _, args := range [][]string{{"r-3"}, {"r-3", "--organization", "o-1"}} {
		links := history(args...)
		if len(links) != 2 {
			t.Fatalf("the history is %+v, want two links", links)
		}
		first, second := links[0], links[1]
		if first.EntityID != "e-1" || first.ExternalID != "x-1" || first.Trigger != "CALENDAR_MATCH" || first.LinkedByRun != 0 || first.ClearedByRun != 1 || first.ClearedByRow != 3 || first.ClearedAt == nil {
			t.Errorf("the first link is %+v, want the platform's to e-1, cleared by row 3 of run 1", first)
		}
		if second.EntityID != "e-3" || second.DataType != "ACCOUNT" || second.LinkedByRun != 1 || second.LinkedByRow != 3 || second.LinkedByReason != "the move" ||
			second.ClearedByRun != 2 || second.ClearedByRow != 0 || second.ClearedTrigger != "USER_UNLINK" {
			t.Errorf("the second link is %+v, want that of run 1 to e-3, pruned by run 2", second)
		}
	}
	s.relink(exit.Error, "history", "--organization", "o-2", "r-3").says("has ever had a link")
	if links := history("r-1"); len(links) != 1 || links[0].ClearedAt != nil || links[0].LinkedAt == nil {
		t.Errorf("the history of r-1 is %+v, want its current link", links)
	}
	s.exec(`UPDATE relink.platforms SET profile = '{"current": "row", "absent": ["recording_links.linked_at"]}'`)
	if links := history("r-1"); len(links) != 1 || links[0].LinkedAt != nil {
		t.Errorf("the history of r-1 is %+v, want a link without a time", links)
	}
	if p := s.relink(exit.OK, "history", "r-1"); !strings.Contains(p.stdout.String(), "unknown") {
		t.Errorf("the history is\n%swant a link whose time is unknown", p.stdout.String())
	}
	if p := s.relink(exit.OK, "survey"); !strings.Contains(p.stdout.String(), "unknown") {
		t.Errorf("the survey is\n%swant that the time of the last link is unknown", p.stdout.String())
	}
}
