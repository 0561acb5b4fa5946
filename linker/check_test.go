package linker

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"relink/linker/text"
)

// good is a row without fault; cases change one thing in it.
func good(change func(*Fields)) Fields {
	f := Fields{
		RecordingID:             "7d0f7d0e-5a3f-4b8e-9d7c-2a1b3c4d5e6f",
		DataType:                "OPPORTUNITY",
		ExternalID:              "00630000001tcyI",
		IntegrationConnectionID: "c-1",
	}
	if change != nil {
		change(&f)
	}
	return f
}

func TestCheckCodes(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 256)
	for _, c := range []struct {
		name    string
		change  func(*Fields)
		code    Code
		message []string // parts that must be in the message
	}{
		{"nothing wrong", nil, "", nil},
		{"id without connection", func(f *Fields) { f.ID, f.ExternalID, f.IntegrationConnectionID = "e-1", "", "" }, "", nil},
		{"id with connection", func(f *Fields) { f.ID, f.ExternalID = "e-1", "" }, "", nil},
		{"255 bytes", func(f *Fields) { f.RecordingID = long[1:] }, "", nil},
		{"255 bytes between blanks", func(f *Fields) { f.RecordingID = " " + long[1:] + " " }, "", nil},
		{"an exponent is looked up", func(f *Fields) { f.RecordingID = "1E5" }, "", nil},

		{"latin-1 in an id", func(f *Fields) { f.ExternalID = "caf\xe9" }, InvalidEncoding, []string{`externalId "caf\xe9"`, "save the data as UTF-8"}},
		{"a NUL in the trigger", func(f *Fields) { f.Trigger = "USER\x00LINK" }, InvalidEncoding, []string{"NUL", "remove it"}},
		{"line feed in an id", func(f *Fields) { f.RecordingID = "r-1\nr-2" }, MalformedRow, []string{`recordingId "r-1\nr-2"`, "stray quote"}},
		{"line separator in an id", func(f *Fields) { f.ID, f.ExternalID = "a\u2028b", "" }, MalformedRow, []string{"line break"}},
		{"bell in an id", func(f *Fields) { f.ExternalID = "a\ab" }, MalformedRow, []string{"U+0007"}},
		{"delete in a connection id", func(f *Fields) { f.IntegrationConnectionID = "a\x7fb" }, MalformedRow, []string{"U+007F"}},
		{"no recording", func(f *Fields) { f.RecordingID = "" }, MissingRecordingID, nil},
		{"a recording of blanks", func(f *Fields) { f.RecordingID = " \t\u00a0\u200b\ufeff\u2060' \u200e" }, MissingRecordingID, nil},
		{"no data type", func(f *Fields) { f.DataType = "" }, MissingDataType, []string{"ACCOUNT, CONTACT, LEAD, OPPORTUNITY or ENGAGEMENT"}},
		{"unknown data type", func(f *Fields) { f.DataType = "CAMPAIGN" }, InvalidDataType, []string{`dataType "CAMPAIGN"`, "give ACCOUNT"}},
		{"the CRM's word", func(f *Fields) { f.DataType = "Deal" }, InvalidDataType, []string{`"Deal"`, "write OPPORTUNITY"}},
		{"a long s is no S", func(f *Fields) { f.Trigger = "uſer_link_web" }, InvalidTrigger, nil},
		{"trigger with blanks", func(f *Fields) { f.Trigger = "User link-web" }, InvalidTrigger, []string{`trigger "User link-web"`, "write USER_LINK_WEB"}},
		{"line break in a trigger", func(f *Fields) { f.Trigger = "USER_LINK\nWEB" }, InvalidTrigger, nil},
		{"both ids given", func(f *Fields) { f.ID = "e-1" }, IDAndExternalID, []string{`id "e-1"`, `externalId "00630000001tcyI"`}},
		{"an expected link", func(f *Fields) { f.ExpectedEntityID = "e-1" }, "", nil},
		{"no link expected", func(f *Fields) { f.ExpectedExternalID = "-" }, "", nil},
		{"no link expected, from a report", func(f *Fields) { f.ExpectedEntityID = "'-" }, "", nil},
		{"both expected ids given", func(f *Fields) { f.ExpectedEntityID, f.ExpectedExternalID = "e-1", "-" }, IDAndExternalID, []string{`expectedEntityId "e-1"`, `expectedExternalId "-"`}},
		{"an expected id that is too long", func(f *Fields) { f.ExpectedEntityID = long }, FieldTooLong, []string{"expectedEntityId"}},
		{"a damaged expected id", func(f *Fields) { f.ExpectedExternalID = "#N/A" }, SpreadsheetDamagedID, []string{"expectedExternalId"}},
		{"line feed in an expected id", func(f *Fields) { f.ExpectedEntityID = "a\nb" }, MalformedRow, []string{"expectedEntityId"}},
		{"neither id", func(f *Fields) { f.ExternalID = "" }, MissingTarget, nil},
		{"no connection", func(f *Fields) { f.IntegrationConnectionID = "" }, MissingConnectionID, []string{`externalId "00630000001tcyI"`}},
		{"256 bytes", func(f *Fields) { f.RecordingID = long }, FieldTooLong, []string{"256 bytes", "at most 255"}},
		{"128 letters of two bytes", func(f *Fields) { f.ExternalID = strings.Repeat("é", 128) }, FieldTooLong, []string{"256 bytes"}},
		{"a mantissa", func(f *Fields) { f.ExternalID = "1.23457E+17" }, SpreadsheetDamagedID, []string{`"1.23457E+17"`, "formatted as text"}},
		{"a formula's error", func(f *Fields) { f.IntegrationConnectionID = "#N/A" }, SpreadsheetDamagedID, []string{`integrationConnectionId "#N/A"`}},

		{"the first in order is the code", func(f *Fields) { *f = Fields{DataType: "x", Trigger: "y", ID: "#N/A", ExternalID: "z"} }, MissingRecordingID, []string{
			"recordingId is missing", `dataType "x"`, `trigger "y"`, "both given", "without integrationConnectionId", `id "#N/A"`,
		}},
		{"encoding comes before line breaks", func(f *Fields) { f.RecordingID, f.Trigger = "a\nb", "\xff" }, InvalidEncoding, []string{"UTF-8", "line break"}},
		{"an undecodable field is not missing", func(f *Fields) { f.DataType = "\xff" }, InvalidEncoding, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			given := good(c.change)
			checked := Check(given, Fields{})
			got := RowError{}
			if checked.Fault != nil {
				got = *checked.Fault
			}
			if got.Code != c.code {
				t.Fatalf("Check(%+v) code = %q, want %q", given, got.Code, c.code)
			}
			for _, part := range c.message {
				if !strings.Contains(got.Message, part) {
					t.Errorf("Check(%+v) message = %q, want %q in it", given, got.Message, part)
				}
			}
			if c.name == "an undecodable field is not missing" && strings.Contains(got.Message, "missing") {
				t.Errorf("message = %q, want nothing called missing", got.Message)
			}
		})
	}
}

func TestCheckTrims(t *testing.T) {
	t.Parallel()
	const around = "\ufeff \u00a0\t\u200b"
	given := Fields{
		RecordingID: around + "'\u00a0r-1" + around, DataType: " contact ", ID: "''e-1",
		IntegrationConnectionID: around, Trigger: "User_Link_Web\r\n",
	}
	got := Check(given, Fields{})
	want := Checked{
		Fields: Fields{RecordingID: "r-1", DataType: "CONTACT", ID: "'e-1", Trigger: "USER_LINK_WEB"},
		Note:   "the leading apostrophe of recordingId was removed; the leading apostrophe of id was removed; what does not show around recordingId was removed",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Check(%+q) (-want +got):\n%s", given, diff)
	}
}

func TestCheckInnerCharactersStay(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"a b", "a\u200bb", "שלום\u200f-1", "e\u0301-1", "a–b", "a'b", "日本"} {
		checked := Check(good(func(f *Fields) { f.RecordingID = id }), Fields{})
		if checked.Fault != nil || checked.Fields.RecordingID != id {
			t.Errorf("recordingId %+q became %+q with fault %v, want it untouched", id, checked.Fields.RecordingID, checked.Fault)
		}
	}
}

func TestCheckSet(t *testing.T) {
	t.Parallel()
	set := Fields{DataType: " lead ", IntegrationConnectionID: "'c-9", Trigger: "CRM_DEEPLINK"}
	got := Check(Fields{RecordingID: "r-1", ExternalID: "x-1", DataType: "\u00a0", Trigger: "USER_LINK_WEB"}, set)
	want := Fields{
		RecordingID: "r-1", DataType: "LEAD", ExternalID: "x-1", IntegrationConnectionID: "c-9",
		Trigger: "USER_LINK_WEB",
	}
	if diff := cmp.Diff(want, got.Fields); diff != "" || got.Fault != nil {
		t.Errorf("fault = %v, row (-want +got):\n%s", got.Fault, diff)
	}

	clash := Check(Fields{RecordingID: "r-1", DataType: "LEAD", ExternalID: "x-1", IntegrationConnectionID: "c"}, Fields{ID: "e-1"})
	if clash.Fault == nil || clash.Fault.Code != IDAndExternalID ||
		!strings.Contains(clash.Fault.Message, `id "e-1" (filled in by --set)`) {
		t.Errorf("an id of --set beside an externalId: fault = %v, want %s naming --set", clash.Fault, IDAndExternalID)
	}
}

func TestCheckTrustsRecordingID(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(*Fields)
		want   string
	}{
		{"another field is wrong", func(f *Fields) { f.DataType = "x" }, "r-1"},
		{"another id is damaged", func(f *Fields) { f.ExternalID = "#REF!" }, "r-1"},
		{"it is too long", func(f *Fields) { f.RecordingID = strings.Repeat("r", 300) }, ""},
		{"it is damaged", func(f *Fields) { f.RecordingID = "1E+9" }, ""},
		{"another field is undecodable", func(f *Fields) { f.Trigger = "\xff" }, ""},
		{"a line break in another id may hide a record", func(f *Fields) { f.ExternalID = "a\nb" }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			given := good(func(f *Fields) { f.RecordingID = "r-1"; c.change(f) })
			checked := Check(given, Fields{})
			if checked.Fault == nil {
				t.Fatalf("Check(%+v) finds no fault, want one", given)
			}
			if got := checked.Fields.RecordingID; got != c.want {
				t.Errorf("recording id of the faulty row = %q, want %q", got, c.want)
			}
		})
	}
}

func TestCheckNotes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, dataType, externalID, want string }{
		{"right checksum and type", "OPPORTUNITY", "00630000001tcyIAAQ", ""},
		{"another system's id", "CONTACT", "hs-12345", ""},
		{"18 digits", "CONTACT", "123456789012345678", ""},
		{"15 digits that begin with 001", "CONTACT", "001456789012345", ""},
		{"wrong checksum", "OPPORTUNITY", "00630000001tcyIAAX", "wrong checksum"},
		{"key prefix of an account", "CONTACT", "00130000001tcyIAAQ", "of type ACCOUNT, not CONTACT"},
		{"key prefix of a lead in small letters", "CONTACT", "00q30000001tcyieaq", "of type LEAD, not CONTACT"},
		{"key prefix of a task", "LEAD", "00T30000001tcyI", "of type ENGAGEMENT, not LEAD"},
		{"a small t is no task", "LEAD", "00t30000001tcyI", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			checked := Check(good(func(f *Fields) { f.DataType, f.ExternalID = c.dataType, c.externalID }), Fields{})
			if checked.Fault != nil {
				t.Fatalf("fault = %v, want none", checked.Fault)
			}
			if c.want == "" && checked.Note != "" || !strings.Contains(checked.Note, c.want) {
				t.Errorf("note of %s %q = %q, want %q", c.dataType, c.externalID, checked.Note, c.want)
			}
		})
	}
}

func TestCheckShortensLongValues(t *testing.T) {
	t.Parallel()
	checked := Check(good(func(f *Fields) { f.RecordingID = strings.Repeat("é", 500_000) }), Fields{})
	if n := len(checked.Fault.Message); n > 400 || !strings.Contains(checked.Fault.Message, "1000000 bytes") {
		t.Errorf("message = %d bytes %.200q, want at most 400 that name the length", n, checked.Fault.Message)
	}
}

// messy draws what real cells hold: words, ids, blanks, damage and noise.
func messy() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.SampledFrom([]string{
			"", " ", "'", "r-1", "' r-2", "CONTACT", "lead", "USER_LINK_WEB", "\u00a0x\u200b", "a\nb", "\xff", "\x00",
			"1E+5", "1E5", "#N/A", "####", "00630000001tcyIAAQ", "00630000001TCYIAAQ", strings.Repeat("z", 256),
		}),
		rapid.StringN(0, 20, -1),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 12), func(b []byte) string { return string(b) }),
	)
}

func messyFields() *rapid.Generator[Fields] {
	return rapid.Custom(func(t *rapid.T) Fields {
		return Fields{
			RecordingID: messy().Draw(t, "recordingId"), DataType: messy().Draw(t, "dataType"),
			ID: messy().Draw(t, "id"), ExternalID: messy().Draw(t, "externalId"),
			IntegrationConnectionID: messy().Draw(t, "integrationConnectionId"), Trigger: messy().Draw(t, "trigger"),
		}
	})
}

// promises are what every caller may rely on, whatever the input.
func promises(t interface {
	Helper()
	Fatalf(string, ...any)
}, given, set Fields, c Checked,
) {
	t.Helper()
	r := c.Fields
	for f := range FieldCount {
		v := *r.At(f)
		if !utf8.ValidString(v) || strings.ContainsRune(v, 0) || f.isID() && (len(v) > MaxIDBytes || strings.ContainsFunc(v, breaking)) {
			t.Fatalf("Check(%+q, %+q) left %s %+q, which the database cannot take", given, set, f, v)
		}
	}
	if c.Fault != nil {
		if !slices.Contains(CodesInSource, c.Fault.Code) || c.Fault.Message == "" || !utf8.ValidString(c.Fault.Message) {
			t.Fatalf("Check(%+q, %+q) fault = %+q, want a known code and a readable message", given, set, *c.Fault)
		}
		return
	}
	if r.RecordingID == "" || text.Word(DataTypes, r.DataType) != r.DataType || r.DataType == "" ||
		(r.ID == "") == (r.ExternalID == "") || r.ExternalID != "" && r.IntegrationConnectionID == "" ||
		r.Trigger != "" && text.Word(Triggers, r.Trigger) != r.Trigger {
		t.Fatalf("Check(%+q, %+q) lets pass %+q", given, set, r)
	}
	// A value may begin with two apostrophes; all else is clean already.
	again := Check(r, Fields{})
	if again.Fault != nil || again.Fields != r && !strings.HasPrefix(r.RecordingID+r.ID+r.ExternalID+r.IntegrationConnectionID, "'") &&
		!strings.Contains(r.RecordingID+"\x00"+r.ID+"\x00"+r.ExternalID+"\x00"+r.IntegrationConnectionID, "\x00'") {
		t.Fatalf("Check of its own row %+q = %+q, fault %v; want it unchanged", r, again.Fields, again.Fault)
	}
}

func TestCheckKeepsItsPromises(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		given, set := messyFields().Draw(t, "given"), messyFields().Draw(t, "set")
		if rapid.Bool().Draw(t, "without set") {
			set = Fields{}
		}
		promises(t, given, set, Check(given, set))
	})
}

// The fast look at a field must agree with the slow one.
func TestPlainMeansNothingToDo(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(messy(), rapid.StringOfN(rapid.RuneFrom([]rune("\x00\x1f !~\x7f\u0080aZ")), 0, 20, -1)).Draw(t, "s")
		want := true
		for _, b := range []byte(s) {
			want = want && b >= 0x21 && b <= 0x7e
		}
		if got := plain(s); got != want {
			t.Fatalf("plain(%+q) = %v, want %v", s, got, want)
		}
	})
}

func FuzzCheck(f *testing.F) {
	f.Add("r-1", "CONTACT", "e-1", "", "", "")
	f.Add("' r-1", "lead", "", "00630000001TCYIAAQ", "c", "user_link_web")
	f.Add("1E+5", "", "\xff", "a\nb", "####", "\x00")
	f.Fuzz(func(t *testing.T, recording, dataType, id, externalID, connection, trigger string) {
		given := Fields{recording, dataType, id, externalID, connection, trigger, externalID, id}
		promises(t, given, Fields{}, Check(given, Fields{}))
		promises(t, Fields{RecordingID: "r"}, given, Check(Fields{RecordingID: "r"}, given))
	})
}

func TestCheckOfCleanRowAllocatesNothing(t *testing.T) {
	given := good(func(f *Fields) { f.ExternalID, f.Trigger = "00630000001tcyIAAQ", "USER_LINK_WEB" })
	if got := testing.AllocsPerRun(100, func() { Check(given, Fields{}) }); got != 0 {
		t.Errorf("Check of a clean row allocates %v times, want 0", got)
	}
}

func BenchmarkCheck(b *testing.B) {
	for name, given := range map[string]Fields{
		"external id": good(func(f *Fields) {
			f.ExternalID, f.Trigger = "00630000001tcyIAAQ", "USER_LINK_WEB"
			f.IntegrationConnectionID = "c0ffee00-5a3f-4b8e-9d7c-2a1b3c4d5e6f"
		}),
		"id": good(func(f *Fields) {
			f.ID, f.ExternalID, f.IntegrationConnectionID = "01ARZ3NDEKTSV4RRFFQ69G5FAV", "", ""
		}),
		"faulty": good(func(f *Fields) { f.RecordingID, f.DataType = "", "Deal" }),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Check(given, Fields{})
			}
		})
	}
}
