package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"relink/cmd/relink/exit"
)

// A plan is carried out exactly as approved, whatever the format of the
// reports, and no other plan is.
func TestApprovedPlan(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.relink(exit.Rejected, "import", "--dry-run", "--report-format", "jsonl", "--report-compress", "zst", "links.csv") // run 1
	s.relink(exit.Guard, "import", "--approved", "1", "links.csv").says("the plan is not approved: run 1 is not approved", "relink approve RUN")
	p := s.relink(exit.OK, "approve", "1", "--reason", "looked at\nit all")
	for _, want := range []string{"approved: the plan of run 1, import of links.csv\n", "plan      24 created, 24 replaced, 6 unchanged, 6 rejected\n", "reason    looked at it all\n"} {
		if !strings.Contains(p.stdout.String(), want) {
			t.Errorf("it prints\n%swant %q", p.stdout.String(), want)
		}
	}
	shown := s.relink(exit.OK, "runs", "show", "1").stdout.String()
	if !strings.Contains(shown, "approved  ") || !strings.Contains(shown, ": looked at it all\n") {
		t.Errorf("the run is\n%swant its approval", shown)
	}

	// The link of r-7 has moved since.
	s.exec("UPDATE recording_links SET entity_id = 'e-5' WHERE recording_id = 'r-7'")
	before := s.links()
	moved := func(run string, want ...string) {
		t.Helper()
		s.relink(exit.Guard, "import", "--approved", run, "links.csv").says(append(want, "the plan is not the one approved in run "+run)...)
		if s.links() != before {
			t.Error("a plan that was not approved was carried out")
		}
	}
	moved("1", "line 7 was ", "e-1", " and is now ", "e-5")

	// Where the report is not at hand, or is another one, the checksum decides.
	report := filepath.Join(s.folder(1), "report.jsonl.zst")
	if err := os.Rename(report, report+".away"); err != nil {
		t.Fatal(err)
	}
	moved("1", "its report is no longer available")
	if err := os.WriteFile(report, []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	moved("1", "its report is no longer available")
	s.exec("UPDATE relink.runs SET out_dir = '/none' WHERE id = 1")
	moved("1", "its report is no longer available")
	s.relink(exit.OK, "approve", "1", "--reason", "by the copy").says("the report of run 1 is not at hand here")
	s.exec("UPDATE relink.runs SET out_dir = $1 WHERE id = 1", filepath.Dir(report))
	s.relink(exit.Error, "approve", "1", "--reason", "again").says("is not what run 1 has reported")
	s.exec("UPDATE recording_links SET entity_id = 'e-1' WHERE recording_id = 'r-7'")

	s.exec("DELETE FROM relink.runs WHERE id = 1") // as runs clean --older-than does
	p = s.relink(exit.Rejected, "import", "--approved", "1", "--max-rejects", "50%", "--json", "links.csv")
	var v struct{ Run, ApprovedRun int }
	if err := json.Unmarshal([]byte(p.stdout.String()), &v); err != nil || v.ApprovedRun != 1 {
		t.Errorf("summary.json is %s (%v), want the approved run in it", p.stdout.String(), err)
	}
	if page := s.read(filepath.Join(s.folder(v.Run), "report.html")); !strings.Contains(page, "that of run 1") || !strings.Contains(page, "as role relink, ") || !strings.Contains(page, ": by the copy") {
		t.Error("the page does not say who approved the plan, and why")
	}
	if shown := s.relink(exit.OK, "runs", "show", strconv.Itoa(v.Run)).stdout.String(); !strings.Contains(shown, "approved  as the plan of run 1\n") {
		t.Errorf("the run is\n%swant what approved it", shown)
	}
}

// An approval is one of this very file, these options, this kind of run; and what
// has no plan is not approved.
func TestApprovalOfSomethingElse(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.file("other.csv", "recordingId,dataType,id\nr-2,ACCOUNT,e-1\n")
	s.file("typed.csv", "recordingId,dataType,id\nr-4,ACCOUNT,e-1\n")
	s.relink(exit.OK, "import", "--dry-run", "other.csv") // run 1
	s.relink(exit.OK, "approve", "1", "--reason", "fine")
	for args, want := range map[string]string{
		"import --approved 1 typed.csv":                                   "run 1 is approved for another file",
		"import --approved 1 --set trigger=USER_LINK_WEB other.csv":       "run 1 is approved with other options",
		"import --approved 1 --existing keep other.csv":                   "run 1 is approved with other options",
		"reconcile --approved 1 --max-changes 100% other.csv":             `run 1 is approved as "import", and this is "reconcile"`,
		"import --approved 77 other.csv":                                  "run 77 is not approved",
		"import --require-approval typed.csv":                             "no dry run of it is approved",
		"import --require-approval --set trigger=USER_LINK_WEB other.csv": "run 1 is approved with other options",
		"import --require-approval other.csv":                             "run 1 is approved by role relink, which is to write it: another role must approve it",
	} {
		s.relink(exit.Guard, strings.Fields(args)...).says("the plan is not approved: "+want, "relink approve RUN --reason TEXT")
	}
	if n := s.applied(); n != 0 {
		t.Errorf("%d links were made, want none", n)
	}
	s.relink(exit.OK, "import", "--approved", "1", "--out", "elsewhere", "--report-format", "jsonl", "other.csv")
	done := ask[int](s, "SELECT max(id) FROM relink.runs")
	s.relink(exit.Budget, "import", "--dry-run", "--max-rejects", "0", "links.csv")
	for args, want := range map[string]string{
		fmt.Sprintf("approve %d --reason x", done):   "is no dry run",
		fmt.Sprintf("approve %d --reason x", done+1): "is refused: it has no plan",
		"approve 1":             "--reason is missing",
		"approve 99 --reason x": "run 99",
	} {
		s.relink(exit.Error, strings.Fields(args)...).says(want)
	}
}

// roles are two roles of a site's database as an administrator would make them:
// one that writes, and one that approves.
func (s *site) roles() (writer, approver string) {
	s.t.Helper()
	of := ask[string](s, "SELECT substr(md5(current_database()), 1, 12)")
	writer, approver = "writer_"+of, "approver_"+of
	w, a := pgx.Identifier{writer}.Sanitize(), pgx.Identifier{approver}.Sanitize()
	s.exec(fmt.Sprintf(`
		CREATE ROLE %[1]s LOGIN; CREATE ROLE %[2]s LOGIN;
		GRANT USAGE ON SCHEMA public, relink TO %[1]s, %[2]s;
		GRANT CREATE ON SCHEMA relink TO %[1]s;
		GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO %[1]s;
		GRANT SELECT ON ALL TABLES IN SCHEMA relink TO %[1]s, %[2]s;
		GRANT INSERT, UPDATE ON relink.runs TO %[1]s;
		GRANT INSERT ON relink.marks TO %[1]s;
		GRANT INSERT (run, kind, platform_schema, of_run, source_sha256, options, plan_sha256, reason, operator_user, operator_host)
		    ON relink.approvals TO %[2]s`, w, a))
	s.t.Cleanup(func() { s.exec(fmt.Sprintf("DROP OWNED BY %[1]s, %[2]s; DROP ROLE %[1]s, %[2]s", w, a)) })
	return writer, approver
}

// as is the site as another role sees it.
func (s *site) as(role string) *site {
	other := *s
	other.url, other.conn = strings.Replace(s.url, "user=relink", "user="+role, 1), nil
	return &other
}

// With the setting on, a role writes only what another one has approved, whichever
// kind of run it is, and it can neither approve for itself nor lift the setting.
func TestRequireApproval(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	writerRole, approverRole := s.roles()
	writer, approver := s.as(writerRole), s.as(approverRole)
	s.relink(exit.OK, "db", "require-approval", "on")
	if got := writer.relink(exit.OK, "db", "require-approval").stdout.String(); got != "on\n" {
		t.Errorf("the setting is %q, want on", got)
	}
	writer.relink(exit.Error, "db", "require-approval", "off").says("permission denied for table environment")
	writer.relink(exit.Guard, "import", "links.csv").says("the plan is not approved: no dry run of it is approved")

	writer.relink(exit.Rejected, "import", "--dry-run", "links.csv").says("another role must approve this plan", "relink approve 2 --reason TEXT")
	writer.relink(exit.Error, "approve", "2", "--reason", "mine").says("permission denied for table approvals")
	s.exec("GRANT INSERT ON relink.approvals TO " + writerRole)
	writer.relink(exit.OK, "approve", "2", "--reason", "mine")
	writer.relink(exit.Guard, "import", "links.csv").says("run 2 is approved by role " + writerRole + ", which is to write it")
	s.exec("REVOKE INSERT ON relink.approvals FROM " + writerRole)
	approver.relink(exit.OK, "approve", "2", "--reason", "seen")

	// After a kill in the middle, the run continues under the same approval,
	// but not if a row that it has not reached was changed.
	s.slowly(100 * time.Millisecond)
	p := writer.start("import", "--batch-rows", "5", "--lanes", "1", "links.csv") // run 4
	s.until("a slow run applies", func() bool { return s.applied() >= 10 && s.held() })
	p.kills()
	s.until("the server has noticed", func() bool { return !s.held() })
	s.slowly(0)
	run := ask[int](s, "SELECT max(id) FROM relink.runs")
	open := ask[string](s, "SELECT min(recording_id) FROM recording_links WHERE cleared_at IS NULL AND entity_id = 'e-1' AND recording_id IN ('r-3', 'r-5', 'r-7', 'r-9', 'r-13', 'r-15', 'r-17', 'r-19', 'r-23', 'r-25', 'r-27', 'r-29')")
	s.exec("UPDATE recording_links SET entity_id = 'e-9' WHERE recording_id = $1 AND cleared_at IS NULL", open)
	made := s.applied()
	writer.relink(exit.Guard, "resume", strconv.Itoa(run)).says("the plan is not the one approved in run 2 by role "+approverRole+": line ", open)
	if now := s.applied(); now != made {
		t.Errorf("the run went on from %d to %d links though its plan has moved", made, now)
	}
	s.exec("UPDATE recording_links SET entity_id = 'e-1' WHERE recording_id = $1 AND cleared_at IS NULL", open)
	writer.relink(exit.Rejected, "resume", strconv.Itoa(run))

	// A revert, and a reconciliation that clears.
	revert := strconv.Itoa(run)
	writer.relink(exit.Guard, "revert", revert).says("no dry run of it is approved")
	writer.relink(exit.OK, "revert", "--dry-run", revert)
	dry := ask[int](s, "SELECT max(id) FROM relink.runs")
	approver.relink(exit.OK, "approve", strconv.Itoa(dry), "--reason", "back")
	writer.relink(exit.OK, "revert", revert)

	s.file("few.csv", "recordingId,dataType,id\nr-1,ACCOUNT,e-1\nr-2,ACCOUNT,e-3\n")
	prune := []string{"reconcile", "--connection", "c-1", "--prune", "--max-changes", "100%", "few.csv"}
	writer.relink(exit.Drift, append(prune, "--dry-run")...)
	dry = ask[int](s, "SELECT max(id) FROM relink.runs")
	approver.relink(exit.OK, "approve", strconv.Itoa(dry), "--reason", "29 of them")
	s.exec("UPDATE recording_links SET entity_id = 'e-9' WHERE recording_id = 'r-5' AND cleared_at IS NULL")
	writer.relink(exit.Guard, prune...).says("r-5", "cleared", "e-1", " and is now ", "e-9")
	s.exec("UPDATE recording_links SET entity_id = 'e-1' WHERE recording_id = 'r-5' AND cleared_at IS NULL")
	writer.relink(exit.OK, prune...)
	if n := ask[int](s, "SELECT count(*) FROM recording_links WHERE cleared_at IS NULL"); n != 2 {
		t.Errorf("%d links are current, want the 2 of the file", n)
	}

	// Nothing goes past it, and it is lifted by whoever may.
	s.relink(exit.OK, "serve", "token", "add", "--organization", "o-1", "--tokens-file", "tokens", "--out", "token")
	s.relink(exit.Error, "serve", "--tokens-file", "tokens", "--listen", "127.0.0.1:0").says("only what another role has approved may be written")
	s.relink(exit.OK, "db", "require-approval", "off")
	writer.relink(exit.Rejected, "import", "links.csv")
}

// The rows of a remap are made anew for each run. When a link has moved, the first
// line that differs is named all the same.
func TestApprovedRemap(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.exec(`INSERT INTO integration_connections VALUES ('c-2', 'o-1', 'hubspot', 'Two', true);
		INSERT INTO crm_entities (id, data_type, integration_connection_id, external_id)
		SELECT 'f-' || n, 'ACCOUNT', 'c-2', 'y-' || n FROM generate_series(1, 9) AS n;
		UPDATE recording_links SET trigger = 'USER_LINK_WEB' WHERE recording_id = 'r-3'`)
	s.file("map.csv", "dataType,externalId,newDataType,newExternalId\nACCOUNT,x-1,ACCOUNT,y-1\nACCOUNT,x-2,ACCOUNT,y-2\n")
	remap := []string{"remap", "--from", "c-1", "--to", "c-2", "map.csv"}
	s.relink(exit.OK, append(remap, "--dry-run", "--reason", "HubSpot comes")...) // run 1
	report := filepath.Join(s.folder(1), "report.csv")
	s.relink(exit.Guard, append(remap, "--approved", "1")...).says("run 1 is not approved")
	s.relink(exit.OK, "approve", "1", "--reason", "all 30")
	s.exec("UPDATE recording_links SET entity_id = 'e-2' WHERE recording_id = 'r-5'")
	before := s.links()
	for _, held := range [][]string{{"--approved", "1"}, {"--expect", report}} {
		s.relink(exit.Guard, append(remap, held...)...).says("the plan is not the one approved in", "r-5", " and is now ")
	}
	s.relink(exit.Guard, append(remap, "--require-approval")...).says("another role must approve it")
	s.relink(exit.Guard, "remap", "--from", "c-1", "--to", "c-2", "--follow-merges", "--approved", "1", "map.csv").says("with other options")
	if s.links() != before {
		t.Error("what was refused has written")
	}
	s.exec("UPDATE recording_links SET entity_id = 'e-1' WHERE recording_id = 'r-5'")
	p := s.relink(exit.OK, append(remap, "--approved", "1", "--expect", report, "--json")...)
	var v struct {
		ApprovedRun      int
		PreviousTriggers []struct {
			Trigger  string
			Replaced int
		}
	}
	if err := json.Unmarshal([]byte(p.stdout.String()), &v); err != nil || v.ApprovedRun != 1 || len(v.PreviousTriggers) != 2 || v.PreviousTriggers[1].Trigger != "USER_LINK_WEB" {
		t.Errorf("summary.json is %s (%v), want the approved run and whose links were replaced", p.stdout.String(), err)
	}
	s.relink(exit.OK, "db", "label", "production", "--protected")
	s.relink(exit.Error, remap...).says("environment production is protected")
}

// So is a run that clears the links of a file.
func TestApprovedUnlink(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.exec("UPDATE recording_links SET trigger = 'USER_LINK_WEB' WHERE recording_id = 'r-3'")
	s.file("gone.csv", "recordingId,dataType,id\nr-1,ACCOUNT,e-1\nr-3,ACCOUNT,e-1\nr-2,ACCOUNT,e-1\n")
	s.relink(exit.Guard, "unlink", "--max-changes", "1", "gone.csv").says("1 of these links was made by a person; --keep-trigger USER_LINK_WEB leaves it")
	s.relink(exit.OK, "unlink", "--dry-run", "gone.csv") // run 2
	s.relink(exit.OK, "approve", "2", "--reason", "they are gone")
	s.exec("UPDATE recording_links SET entity_id = 'e-2' WHERE recording_id = 'r-3'")
	for _, held := range [][]string{{"--approved", "2"}, {"--expect", filepath.Join(s.folder(2), "report.csv")}} {
		s.relink(exit.Guard, append([]string{"unlink", "gone.csv"}, held...)...).says("line 3 was ", "cleared", " and is now ", "unchanged")
	}
	s.exec("UPDATE recording_links SET entity_id = 'e-1' WHERE recording_id = 'r-3'")
	s.relink(exit.OK, "unlink", "--approved", "2", "--reason", "as approved", "gone.csv")
	if text := s.read(filepath.Join(s.folder(5), "summary.json")); !strings.Contains(text, `"trigger": "USER_LINK_WEB"`) || !strings.Contains(text, `"approvedRun": 2`) || !strings.Contains(text, `"reason": "as approved"`) {
		t.Errorf("summary.json is %s, want the approved run, the reason and whose links were cleared", text)
	}
}

// And one that follows merges, nightly and without a file.
func TestApprovedFollow(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.exec("UPDATE crm_entities SET merged_into_id = 'e-2' WHERE id = 'e-1'")
	follow := []string{"follow", "--connection", "c-1"}
	s.relink(exit.Drift, append(follow, "--dry-run")...) // run 1
	s.relink(exit.OK, "approve", "1", "--reason", "30 links to one survivor")
	s.exec("UPDATE recording_links SET entity_id = 'e-3' WHERE recording_id = 'r-3'")
	for _, held := range [][]string{{"--approved", "1"}, {"--expect", filepath.Join(s.folder(1), "report.csv")}} {
		s.relink(exit.Guard, append(follow, held...)...).says("the plan is not the one approved in", "r-3")
	}
	s.exec("UPDATE recording_links SET entity_id = 'e-1' WHERE recording_id = 'r-3'")
	s.relink(exit.OK, "db", "label", "production", "--protected")
	s.relink(exit.Error, append(follow, "--approved", "1")...).says("environment production is protected")
	s.relink(exit.OK, append(follow, "--approved", "1", "--environment", "production", "--reason", "nightly")...)
	if n := ask[int](s, "SELECT count(*) FROM recording_links WHERE cleared_at IS NULL AND entity_id = 'e-2'"); n != 30 {
		t.Errorf("%d links lead to the survivor, want 30", n)
	}
}

// And one that sends the rejects of another again.
func TestApprovedRetry(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.relink(exit.Rejected, "import", "links.csv") // run 1: e-10 is not there
	s.exec("INSERT INTO crm_entities (id, data_type, integration_connection_id, external_id) VALUES ('e-10', 'ACCOUNT', 'c-1', 'x-10')")
	p := s.relink(exit.OK, "retry", "--dry-run", "1") // run 2
	if !strings.Contains(p.stdout.String(), "relink retry --out runs --expect ") {
		t.Errorf("the summary is\n%swant the command that carries the plan out", p.stdout.String())
	}
	s.relink(exit.OK, "approve", "2", "--reason", "it is there now")
	s.exec("INSERT INTO recording_links (recording_id, data_type, entity_id, linked_at) VALUES ('r-20', 'ACCOUNT', 'e-1', now())")
	s.relink(exit.Guard, "retry", "--approved", "2", "1").says("r-20", "created", " and is now ", "replaced")
	s.exec("UPDATE recording_links SET trigger = 'USER_LINK_WEB' WHERE recording_id = 'r-20'")
	s.relink(exit.Guard, "retry", "--max-changes", "0", "1").says("; 1 of these links was made by a person; --keep-trigger USER_LINK_WEB leaves it")
	p = s.relink(exit.OK, "retry", "--dry-run", "--keep-trigger", "USER_LINK_WEB", "--max-changes", "0", "1")
	if !strings.Contains(p.stdout.String(), "kept") {
		t.Errorf("the summary is\n%swant the person's link kept", p.stdout.String())
	}
	s.exec("DELETE FROM recording_links WHERE recording_id = 'r-20'")
	s.relink(exit.OK, "retry", "--approved", "2", "--reason", "healed", "1")
}

// Nobody can approve in another role's name: the server records who it was.
func TestApprovalCannotBeForged(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	_, approverRole := s.roles()
	approver := s.as(approverRole)
	for _, column := range []string{"approved_by", "approved_at", "id"} {
		_, err := approver.connection().Exec(t.Context(), fmt.Sprintf(
			"INSERT INTO relink.approvals (run, kind, platform_schema, options, plan_sha256, reason, %s) OVERRIDING SYSTEM VALUE VALUES (1, 'import', 'public', '{}', 'x', 'x', DEFAULT)", column))
		if err == nil || !strings.Contains(err.Error(), "permission denied") {
			t.Errorf("the approver gives %s: %v, want it refused", column, err)
		}
	}
}
