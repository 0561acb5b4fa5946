package linker

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Rejects are grouped by the value they were refused for, with the flag that
// repairs all of them where there is one.
func TestTallyGroupsByValue(t *testing.T) {
	t.Parallel()
	var tally Tally
	var row int64
	add := func(times int, c Code, f Fields) {
		for range times {
			row++
			tally.Add(&Entry{Row: row, Line: row + 1, Fields: f, Decision: Decision{Outcome: Rejected, Code: c}})
		}
	}
	add(3, InvalidDataType, Fields{DataType: "Deal"})
	add(2, InvalidDataType, Fields{DataType: "Thing"})
	add(1, InvalidDataType, Fields{DataType: "Company"})
	add(1, InvalidDataType, Fields{DataType: "Once"})
	add(2, InvalidTrigger, Fields{Trigger: "NULL"})
	add(2, InvalidTrigger, Fields{Trigger: "user link web"})
	add(2, IDAndExternalID, Fields{ID: `\N`, ExternalID: "x"})
	add(4, ConnectionNotFound, Fields{IntegrationConnectionID: "sf-stage"})
	add(2, EntityNotFound, Fields{ExternalID: "x-1"})
	add(5, MissingTarget, Fields{})
	for i := range 3 * maxCounted {
		add(1, RecordingNotFound, Fields{RecordingID: fmt.Sprintf("r-%d", i)})
	}
	want := map[Code][]Offender{
		InvalidDataType: {
			{"dataType", "Deal", 3, "--map-value 'dataType:Deal=OPPORTUNITY'"}, {"dataType", "Thing", 2, ""}, {"dataType", "Company", 1, "--map-value 'dataType:Company=ACCOUNT'"},
		},
		InvalidTrigger:     {{"trigger", "NULL", 2, "--map-value 'trigger:NULL='"}, {"trigger", "user link web", 2, "--map-value 'trigger:user link web=USER_LINK_WEB'"}},
		IDAndExternalID:    {{"id", `\N`, 2, `--map-value 'id:\N='`}},
		ConnectionNotFound: {{"integrationConnectionId", "sf-stage", 4, ""}},
		EntityNotFound:     {{"externalId", "x-1", 2, ""}},
	}
	for _, r := range tally.Reasons() {
		if diff := cmp.Diff(want[r.Code], r.Values); diff != "" {
			t.Errorf("values of %s (-want +got):\n%s", r.Code, diff)
		}
		for _, v := range r.Values {
			if v.Flag == "" {
				continue
			}
			if _, err := ParseReplacement(v.Field + ":" + v.Value + "=X"); err != nil {
				t.Errorf("the flag %s cannot be given: %v", v.Flag, err)
			}
		}
	}
}
