package reports_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"relink/linker"
	"relink/reports"
)

func TestJSONLReadsBackAsItWasWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(entries, 0, 20).Draw(t, "entries")
		var b bytes.Buffer
		report := reports.NewJSONL(&b)
		for _, e := range list {
			if err := report.Write(e); err != nil {
				t.Fatal(err)
			}
		}
		if err := report.Close(); err != nil {
			t.Fatal(err)
		}
		lines := strings.SplitAfter(b.String(), "\n")
		if got, want := len(lines)-1, len(list); got != want {
			t.Fatalf("%d lines for %d entries", got, want)
		}
		for i, e := range list {
			var got struct {
				Row, Line                                                          any
				RecordingID, DataType, ID, ExternalID                              string
				IntegrationConnectionID, Trigger, Outcome, Code, Message, EntityID string
				PreviousEntityID, PreviousDataType                                 string
			}
			dec := json.NewDecoder(strings.NewReader(lines[i]))
			dec.DisallowUnknownFields()
			dec.UseNumber()
			if err := dec.Decode(&got); err != nil {
				t.Fatalf("line %d: %v: %s", i+1, err, lines[i])
			}
			back := linker.Entry{
				Row: place(t, got.Row), Line: place(t, got.Line),
				Fields: linker.Fields{
					RecordingID: got.RecordingID, DataType: got.DataType, ID: got.ID, ExternalID: got.ExternalID,
					IntegrationConnectionID: got.IntegrationConnectionID, Trigger: got.Trigger,
				},
				Decision: linker.Decision{
					Outcome: linker.Outcome(got.Outcome), Code: linker.Code(got.Code),
					EntityID: got.EntityID, PreviousEntityID: got.PreviousEntityID, PreviousDataType: got.PreviousDataType,
				},
				Message: got.Message,
			}
			if diff := cmp.Diff(e, back); diff != "" {
				t.Errorf("entry changed on its way through report.jsonl (-written +read):\n%s", diff)
			}
		}
	})
}

// place is a row or line as it was before: a number, or "" for none.
func place(t *rapid.T, v any) int64 {
	if v == "" {
		return 0
	}
	n, err := v.(json.Number).Int64()
	if err != nil || n == 0 {
		t.Fatalf("row or line is %v, want a number from 1 or an empty text", v)
	}
	return n
}

func TestJSONLKeysStandInTheOrderOfTheColumns(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	r := reports.NewJSONL(&b)
	extra := linker.Entry{
		Fields: linker.Fields{RecordingID: `rec "1"`}, Decision: linker.Decision{
			Outcome:          linker.Extra,
			PreviousEntityID: "=e<&>é", PreviousDataType: "LEAD",
		},
	}
	for _, e := range []linker.Entry{sample, extra} {
		if err := r.Write(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	want := `{"row":123456,"line":123457,"recordingId":"0b7f6a9c-4a35-4d0f-9a55-0c6f2f4b1f10","dataType":"OPPORTUNITY","id":"",` +
		`"externalId":"0065g00000ABCdEAAX","integrationConnectionId":"c0ffee00-0000-4000-8000-000000000001","trigger":"EXTERNAL_API_LINK",` +
		`"outcome":"replaced","code":"","message":"","entityId":"1c2d3e4f-0000-4000-8000-00000012d687",` +
		`"previousEntityId":"1c2d3e4f-0000-4000-8000-00000012d686","previousDataType":"ACCOUNT"}` + "\n" +
		`{"row":"","line":"","recordingId":"rec \"1\"","dataType":"","id":"","externalId":"","integrationConnectionId":"","trigger":"",` +
		`"outcome":"extra","code":"","message":"","entityId":"","previousEntityId":"=e<&>é","previousDataType":"LEAD"}` + "\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("report.jsonl (-want +got):\n%s", diff)
	}
}
