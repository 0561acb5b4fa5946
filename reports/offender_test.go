package reports_test

import (
	"bytes"
	"strings"
	"testing"

	"relink/linker"
	"relink/reports"
)

// The values that many rows were refused for stand in text, page and JSON, with
// the flag to paste.
func TestValuesAreShown(t *testing.T) {
	t.Parallel()
	s := linker.Summary{
		Kind: "validate", Rows: 10_000, Outcomes: linker.Counts{linker.Rejected: 3_924, linker.Valid: 6_076},
		Reasons: []linker.Reason{{
			Code: linker.InvalidDataType, Count: 3_924, Lines: []int64{2, 3},
			Values: []linker.Offender{
				{Field: "dataType", Value: "Deal", Count: 3_923, Flag: "--map-value 'dataType:Deal=OPPORTUNITY'"},
				{Field: "dataType", Value: "<b>\x1b[31m", Count: 1},
			},
		}},
	}
	var text, page, json bytes.Buffer
	if err := reports.Text(&text, s, reports.TextOptions{}); err != nil {
		t.Fatal(err)
	}
	if want := "3,923 × dataType Deal: --map-value 'dataType:Deal=OPPORTUNITY'"; !strings.Contains(text.String(), want) {
		t.Errorf("the text lacks %q:\n%s", want, &text)
	}
	if err := reports.WriteHTML(&page, reports.Page{Summary: s}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(page.String(), "3,923 × dataType Deal") || !strings.Contains(page.String(), "dataType:Deal=OPPORTUNITY") || strings.Contains(page.String(), "<b>\x1b") {
		t.Error("the page lacks the value, or shows one raw")
	}
	if err := reports.WriteSummaryJSON(&json, s); err != nil {
		t.Fatal(err)
	}
	if want := `"flag": "--map-value 'dataType:Deal=OPPORTUNITY'"`; !strings.Contains(json.String(), want) {
		t.Errorf("summary.json lacks %s", want)
	}
	if strings.Contains(text.String(), "\x1b[31m") {
		t.Error("a value reaches the terminal raw")
	}
}
