package linker

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFaultsAreWhatCheckSays(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		given Fields
		want  []Code
	}{
		{"nothing wrong", Fields{RecordingID: "r", DataType: "LEAD", ID: "e"}, nil},
		{"an empty record", Fields{}, []Code{MissingRecordingID, MissingDataType, MissingTarget}},
		{
			"everything wrong at once",
			Fields{RecordingID: "1E+5", DataType: "Deal", ID: "e", ExternalID: "x", Trigger: "me"},
			[]Code{InvalidDataType, InvalidTrigger, IDAndExternalID, MissingConnectionID, SpreadsheetDamagedID},
		},
	}
	for _, test := range tests {
		faults := Faults(test.given, Fields{})
		var got []Code
		var messages []string
		for _, f := range faults {
			got = append(got, f.Code)
			messages = append(messages, f.Message)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: codes (-want +got):\n%s", test.name, diff)
		}
		c := Check(test.given, Fields{})
		if c.Fault == nil {
			continue
		}
		if c.Fault.Code != got[0] || c.Fault.Message != strings.Join(messages, "; ") {
			t.Errorf("%s: Check says %v, Faults %v", test.name, c.Fault, faults)
		}
	}
}
