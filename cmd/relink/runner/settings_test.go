package runner

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"relink/batch/source"
	"relink/linker"
	"relink/linker/guard"
)

// The options of a run recorded by an earlier version still mean the same, and
// are recorded in the same format.
func TestSettingsKeepTheirForm(t *testing.T) {
	t.Parallel()
	const earlier = `{"layout":1,"path":"/data/links.csv","name":"/data/links.csv","format":"csv","encoding":"windows-1252","delimiter":";",` +
		`"map":{"Owner":"","SFDC Id":"externalId"},"rules":{"set":{"RecordingID":"","DataType":"OPPORTUNITY","ID":"","ExternalID":"",` +
		`"IntegrationConnectionID":"c-1","Trigger":""},"organization":"o-1","lastWins":true,"followMerges":true,"keepExisting":true,` +
		`"keepTriggers":["USER_LINK_WEB"],"scope":{"connections":["c-1"],"dataTypes":["OPPORTUNITY"],"takeOver":true,"prune":true}},` +
		`"guard":{"maxRejects":"0.5%","maxChanges":"10","minRows":3,"force":7,"reconcile":true},"expect":"/data/report.csv","reportFormat":"jsonl","out":"/runs"}`
	got, err := readSettings(linker.Run{ID: 1, Options: []byte(earlier)})
	if err != nil {
		t.Fatal(err)
	}
	rejects, err := guard.ParseLimit("0.5%")
	if err != nil {
		t.Fatal(err)
	}
	force := int64(7)
	want := Settings{
		Layout: 1,
		Input: source.Input{
			Path: "/data/links.csv", Name: "/data/links.csv", Format: "csv", Encoding: "windows-1252", Delimiter: ";",
			Map: map[string]string{"Owner": "", "SFDC Id": "externalId"},
		},
		Rules: linker.Rules{
			Set:          linker.Fields{DataType: "OPPORTUNITY", IntegrationConnectionID: "c-1"},
			Organization: "o-1", LastWins: true, FollowMerges: true, KeepExisting: true, KeepTriggers: []string{"USER_LINK_WEB"},
			Scope: &linker.Scope{Connections: []string{"c-1"}, DataTypes: []string{"OPPORTUNITY"}, TakeOver: true, Prune: true},
		},
		Guard:  guard.Guard{MaxRejects: rejects, MaxChanges: guard.Count(10), MinRows: 3, Force: &force, Reconcile: true},
		Expect: "/data/report.csv", ReportFormat: "jsonl", Out: "/runs",
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(guard.Limit{}), cmpopts.IgnoreUnexported(source.Input{})); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
	again, err := got.encode()
	if err != nil || string(again) != earlier {
		t.Errorf("recorded as %s, %v", again, err)
	}
}
