package linker

import (
	"strings"
	"testing"
)

func TestPlainID(t *testing.T) {
	t.Parallel()
	for _, id := range []string{
		"r-1", "17", "5d1c2f6a-8d34-4c1b-8a51-0f0e1c7b9a01", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "call:2024.17_b", "nullable-1", "none-of-them-9",
	} {
		if !PlainID(id) {
			t.Errorf("PlainID(%q) = false", id)
		}
	}
	for _, id := range []string{
		"", "0", "000000", "00000000-0000-0000-0000-000000000000", "Error", "NULL", "Null", `\N`, "nan", "NaN", "None", "undefined", "-", "--", "...", "n/a", "N/A", "#N/D", "#N/B", "#Н/Д", "#ИМЯ?", "Err:502", "err:504",
		"-----------", "https://app.example.com/recordings/r-1", "rec\u20110001", "“r-1”", "'r-1'", "{5d1c2f6a-8d34}", `="r-1"`, "a;b", "a,b", "a b",
		"1,234,567", "ünder", "(null)", "<null>", "true", "Loading...", "r/1", "r+1", "r@1", "r%201",
	} {
		if PlainID(id) {
			t.Errorf("PlainID(%q) = true", id)
		}
		if id == "" {
			continue
		}
		if c := Check(Fields{RecordingID: id, DataType: "LEAD", ID: "e-1"}, Fields{}); c.Fault == nil && c.Suspect&OddRecording == 0 {
			t.Errorf("recordingId %q is not odd", id)
		}
	}
}

// Each kind of wrong value for an id is named, with what to do.
func TestOddIDsAreNamed(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{
		"NULL": "leave the cell empty", `\N`: "leave the cell empty", "(null)": "leave the cell empty", "nan": "leave the cell empty",
		"https://acme.example.com/lightning/r/Opportunity/0061t00000AbCdEAAV/view": `web address; give the id in it alone, probably "0061t00000AbCdEAAV"`,
		"https://app.example.com/contacts/4711/record/0-3/9876543210":              `probably "9876543210"`,
		"https://app.example.com/recordings/rec-0003?tab=crm":                      `probably "rec-0003"`,
		"www.example.com/x":     "web address",
		`="0061t00000AbCdEAAV"`: `wrapped in a spreadsheet formula; give "0061t00000AbCdEAAV" alone`,
		`=HYPERLINK("https://acme.example.com/0061t00000AbCdEAAV","0061t00000AbCdEAAV")`: `probably "0061t00000AbCdEAAV"`,
		"{5D1C2F6A-8D34-4C1B-8A51-0F0E1C7B9A01}":                                         `give "5D1C2F6A-8D34-4C1B-8A51-0F0E1C7B9A01" alone`,
		"urn:uuid:5d1c2f6a-8d34-4c1b-8a51-0f0e1c7b9a01":                                  "give \"5d1c2f6a",
		"“e-1”":         `give "e-1" alone`,
		"#N/D":          "is the error of a spreadsheet formula",
		"#ЗНАЧ!":        "is the error of a spreadsheet formula",
		"Err:502":       "is the error of a spreadsheet formula",
		"<unset>":       "leave the cell empty",
		"1,234,567":     "thousands separators",
		"1 234 567":     "thousands separators",
		"e-1;e-2":       "2 ids in one cell",
		"rec\u20110001": `"rec\u20110001" (\u2011: non-breaking hyphen) holds characters`,
		"a1b2\u200bc3":  `\u200b: zero-width space`,
		"\u0430bc-1":    `\u0430: Cyrillic a`,
		"e-\uff11":      `\uff11: full-width 1`,
	} {
		for _, f := range []Fields{
			{RecordingID: id, DataType: "LEAD", ID: "e-1"},
			{RecordingID: "r-1", DataType: "LEAD", ID: id},
			{RecordingID: "r-1", DataType: "LEAD", ExternalID: id, IntegrationConnectionID: "c-1"},
			{RecordingID: "r-1", DataType: "LEAD", ExternalID: "e-1", IntegrationConnectionID: id},
		} {
			c := Check(f, Fields{})
			if c.Fault != nil || !strings.Contains(c.Note, want) {
				t.Errorf("Check(%+q): fault %v, note %q, want %q in it", f, c.Fault, c.Note, want)
			}
			if got := Message(EntityNotFound, c, ""); !strings.Contains(got, want) {
				t.Errorf("the message for %+q not found is %q, want %q in it", f, got, want)
			}
		}
		both := Check(Fields{RecordingID: "r-1", DataType: "LEAD", ID: id, ExternalID: "x-1", IntegrationConnectionID: "c-1"}, Fields{})
		if both.Fault == nil || !strings.Contains(both.Fault.Message, want) {
			t.Errorf("id %q beside an externalId: fault %v, want %q in it", id, both.Fault, want)
		}
	}
	for _, id := range []string{"a b", "e-1", "AAMkAGI2=", "jane@example.com", "0-3/9876543210", "12345.5", "日本-1", "e\u0301-1"} {
		if c := Check(Fields{RecordingID: "r-1", DataType: "LEAD", ID: id}, Fields{}); c.Note != "" {
			t.Errorf("id %q gets the note %q, want none", id, c.Note)
		}
	}
}

func TestNullWordsInOtherFields(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]string{"NULL": "leave the cell empty", `\N`: "leave the cell empty", "None": "leave the cell empty"} {
		c := Check(Fields{RecordingID: "r-1", DataType: "LEAD", ID: "e-1", Trigger: word}, Fields{})
		if c.Fault == nil || c.Fault.Code != InvalidTrigger || !strings.Contains(c.Fault.Message, want) {
			t.Errorf("trigger %q: %v, want invalid_trigger with %q", word, c.Fault, want)
		}
		c = Check(Fields{RecordingID: "r-1", DataType: word, ID: "e-1"}, Fields{})
		if c.Fault == nil || c.Fault.Code != InvalidDataType || !strings.Contains(c.Fault.Message, "write an empty value") {
			t.Errorf("dataType %q: %v, want invalid_data_type that says so", word, c.Fault)
		}
	}
}

func TestTrimmingIsNoted(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		" e-1": "white space around id was removed", "e-1\t": "white space around id was removed",
		"e-1\u200b": "what does not show around id was removed", "\u202ae-1\u202c": "what does not show around id was removed",
		"\u00ade-1": "what does not show around id was removed", "\u00a0e-1": "what does not show around id was removed",
		"'e-1": "the leading apostrophe of id was removed", "' e-1": "the leading apostrophe of id was removed; white space around id was removed",
		"e-1": "",
	} {
		c := Check(Fields{RecordingID: "r-1", DataType: " LEAD ", ID: given, Trigger: " "}, Fields{})
		if c.Fault != nil || c.Fields.ID != "e-1" || c.Note != want {
			t.Errorf("id %+q became %q with fault %v and note %q, want %q", given, c.Fields.ID, c.Fault, c.Note, want)
		}
	}
}

func TestReplacement(t *testing.T) {
	t.Parallel()
	rules := Rules{Set: Fields{DataType: "LEAD"}}
	for _, s := range []string{"dataType:Deal=OPPORTUNITY", "trigger:NULL=", "Data Type:a=b=ACCOUNT", "externalId:x:y=z"} {
		r, err := ParseReplacement(s)
		if err != nil {
			t.Fatalf("ParseReplacement(%q): %v", s, err)
		}
		rules.Values = append(rules.Values, r)
	}
	for given, want := range map[Fields]Fields{
		{RecordingID: "r-1", DataType: " deal ", ID: "e-1", Trigger: "NULL"}:  {RecordingID: "r-1", DataType: "OPPORTUNITY", ID: "e-1"},
		{RecordingID: "r-1", DataType: "a=b", ID: "e-1"}:                      {RecordingID: "r-1", DataType: "ACCOUNT", ID: "e-1"},
		{RecordingID: "r-1", ExternalID: "x:y", IntegrationConnectionID: "c"}: {RecordingID: "r-1", DataType: "LEAD", ExternalID: "z", IntegrationConnectionID: "c"},
		{RecordingID: "r-1", ExternalID: "X:Y", IntegrationConnectionID: "c"}: {RecordingID: "r-1", DataType: "LEAD", ExternalID: "X:Y", IntegrationConnectionID: "c"},
	} {
		c := rules.Check(given)
		if c.Fault != nil || c.Fields != want {
			t.Errorf("%+v became %+v with fault %v, want %+v", given, c.Fields, c.Fault, want)
		}
		if changed := want.ExternalID != "X:Y"; changed != strings.Contains(c.Note, "was read as") {
			t.Errorf("%+v gets the note %q", given, c.Note)
		}
	}
	c := rules.Check(Fields{RecordingID: "r-1", DataType: "Deal"})
	if c.Fault == nil || c.Fault.Code != MissingTarget || !strings.Contains(c.Fault.Message, `dataType "Deal" was read as "OPPORTUNITY"`) {
		t.Errorf("a faulty row says %v, want what was replaced in it", c.Fault)
	}
	for _, s := range []string{"", "dataType", "dataType:Deal", "kind:Deal=LEAD", "dataType:=LEAD", "=LEAD"} {
		if r, err := ParseReplacement(s); err == nil {
			t.Errorf("ParseReplacement(%q) = %v, want an error", s, r)
		}
	}
}
