package linker

import (
	"fmt"

	"relink/linker/damage"
	"relink/linker/salesforce"
	"relink/linker/text"
)

// Checked is what Check makes of one record.
type Checked struct {
	// Fields is the record trimmed, with Set's values filled in and words in
	// capitals. Of a faulty record it holds what could be understood, and
	// never a value that is itself at fault: each is valid UTF-8 without
	// control characters and short enough for an index.
	//
	// RecordingID is set whenever it can be trusted. It is "" when it is
	// missing, too long or damaged, and in every row with InvalidEncoding or
	// MalformedRow, whose cells may belong to several records.
	Fields Fields
	// Fault is nil when the row can go to the database.
	Fault *RowError
	// Note is what the reader of the report should know of a row that is
	// not faulty (an apostrophe trimmed, a checksum that is wrong); "" for
	// nothing.
	Note string
	// Suspect marks ids that look damaged by a spreadsheet but may be real:
	// they are looked up as given, and only when that finds nothing get
	// SpreadsheetDamagedID.
	Suspect Suspect
	// Odd reports that a row without a fault has an id that is most likely
	// wrong: Note names it. It is looked up like any other.
	Odd bool
	// Stray is the text of a line that names neither a CRM row nor a data type
	// and so is probably not a row: a footer, a ruler, a note. Such a line is
	// refused, but may only mean a recording that occurs in its text. "" for a
	// row.
	Stray string
}

// Suspect is a set of the ids of a row.
type Suspect uint8

const (
	SuspectRecording Suspect = 1 << iota // recordingId
	SuspectTarget                        // id or externalId
	// OddRecording is a recordingId that is not a PlainID. It is looked up and
	// refused like any other; but when no recording has it, it is unknown which
	// recording is meant.
	OddRecording
)

// Numbered is a checked row with its place in the input.
type Numbered struct {
	Row, Line int64
	Checked
}

// MaxIDBytes is how long an id may be, in bytes of UTF-8. No CRM comes near
// it, and every index of the database can hold it.
const MaxIDBytes = 255

// Check applies every rule that needs no database to one record. set holds the
// values of --set: each fills its own field where the record leaves it empty,
// and is then treated as if it had stood in the record. An id filled in beside
// an externalId that the record gives is therefore IDAndExternalID: which of
// them is meant is not guessed.
//
// A record without fault and note costs no allocation.
func Check(given, set Fields) Checked {
	c, _ := check(given, set)
	return c
}

// Faults lists what Check puts into one message: every fault of the record
// with its own code, in the order of the codes; nil when it has none.
func Faults(given, set Fields) []RowError {
	_, found := check(given, set)
	return found
}

func check(given, set Fields) (c Checked, found []RowError) {
	var (
		t normalized
		r = &c.Fields
	)
	r.RecordingID = t.value(FieldRecordingID, given.RecordingID, set.RecordingID)
	r.DataType = t.value(FieldDataType, given.DataType, set.DataType)
	r.ID = t.value(FieldID, given.ID, set.ID)
	r.ExternalID = t.value(FieldExternalID, given.ExternalID, set.ExternalID)
	r.IntegrationConnectionID = t.value(FieldConnectionID, given.IntegrationConnectionID, set.IntegrationConnectionID)
	r.Trigger = t.value(FieldTrigger, given.Trigger, set.Trigger)
	r.ExpectedEntityID = t.value(FieldExpectedEntityID, given.ExpectedEntityID, set.ExpectedEntityID)
	r.ExpectedExternalID = t.value(FieldExpectedExternalID, given.ExpectedExternalID, set.ExpectedExternalID)

	f := faults{normalized: t}
	if t.invalid|t.control != 0 {
		f.unreadable(r)
	}
	f.enums(r)
	f.target(r)
	c.Suspect = f.ids(r)
	if f.code != "" {
		c.Fault = &RowError{Code: f.code, Message: sentences(f.message, f.oddities(r))}
		if f.namesNothing(r) {
			c.Stray = r.RecordingID + " " + r.DataType
			c.Fault.Message = sentences(c.Fault.Message, "it names neither a data type nor a CRM row: it may be a total or a footer, and no row")
		}
		f.clear(r)
		return c, f.found
	}
	odd := f.oddities(r)
	c.Odd, c.Note = odd != "", sentences(t.note(), odd)
	if s := salesforce.Note(r.ExternalID, r.DataType); s != "" {
		c.Note = sentences(c.Note, s)
	}
	if s := salesforce.Note(r.ExpectedExternalID, ""); s != "" {
		c.Note = sentences(c.Note, s)
	}
	return c, nil
}

// faults collects what is wrong with a row. The rules run in the order of the
// codes, so the first that is broken gives the row its code.
type faults struct {
	normalized
	code    Code
	message string
	found   []RowError
	wrong   fieldSet // fields whose value is at fault, to be cleared
}

func (f *faults) add(c Code, format string, args ...any) {
	if f.code == "" {
		f.code = c
	}
	message := fmt.Sprintf(format, args...)
	f.message = sentences(f.message, message)
	f.found = append(f.found, RowError{Code: c, Message: message})
}

// unreadable reports values that are not text, and ids that contain a control
// character. The values are kept until all rules are checked, so that a field
// is not called missing as well.
func (f *faults) unreadable(r *Fields) {
	for p := range FieldCount {
		if f.invalid.has(p) {
			f.wrong.add(p)
			f.add(InvalidEncoding, "%s", f.undecodable(p, *r.At(p)))
		}
	}
	for p := range FieldCount {
		if f.control.has(p) {
			f.wrong.add(p)
			f.add(MalformedRow, "%s", f.interrupted(p, *r.At(p)))
		}
	}
}

// enums checks the fields that hold one of a few words, and puts them in
// capitals.
func (f *faults) enums(r *Fields) {
	if r.RecordingID == "" {
		f.add(MissingRecordingID, "recordingId is missing; every row names its recording")
	}
	if r.DataType == "" {
		f.add(MissingDataType, "dataType is missing; give %s", text.OneOf(DataTypes))
	} else if !f.invalid.has(FieldDataType) {
		if w := text.Word(DataTypes, r.DataType); w != "" {
			r.DataType = w
		} else {
			f.wrong.add(FieldDataType)
			f.add(InvalidDataType, "%s is unknown; %s", f.cite(FieldDataType, r.DataType), meantDataType(r.DataType))
		}
	}
	if r.Trigger != "" && !f.invalid.has(FieldTrigger) {
		if w := text.Word(Triggers, r.Trigger); w != "" {
			r.Trigger = w
		} else {
			f.wrong.add(FieldTrigger)
			f.add(InvalidTrigger, "%s is unknown; %s", f.cite(FieldTrigger, r.Trigger), meantTrigger(r.Trigger))
		}
	}
}

// target checks that the CRM row is named in exactly one way, and the one that
// the recording must be linked to in at most one.
func (f *faults) target(r *Fields) {
	switch {
	case r.ID != "" && r.ExternalID != "":
		f.add(IDAndExternalID, "%s and %s are both given; keep the one that names the CRM row",
			f.cite(FieldID, r.ID), f.cite(FieldExternalID, r.ExternalID))
	case r.ID == "" && r.ExternalID == "":
		f.add(MissingTarget, "id and externalId are both missing; give the one that names the CRM row")
	}
	if r.ExpectedEntityID != "" && r.ExpectedExternalID != "" {
		f.add(IDAndExternalID, "%s and %s are both given; keep the one that names what the recording must be linked to",
			f.cite(FieldExpectedEntityID, r.ExpectedEntityID), f.cite(FieldExpectedExternalID, r.ExpectedExternalID))
	}
	if r.ExternalID != "" && r.IntegrationConnectionID == "" {
		f.add(MissingConnectionID, "%s is given without integrationConnectionId; name the connection it belongs to",
			f.cite(FieldExternalID, r.ExternalID))
	}
}

// ids checks what the ids look like.
func (f *faults) ids(r *Fields) Suspect {
	for _, p := range ids {
		if v := *r.At(p); len(v) > MaxIDBytes {
			f.wrong.add(p)
			f.add(FieldTooLong, "%s has %d bytes, and an id has at most %d; check that the columns have not shifted",
				f.cite(p, v), len(v), MaxIDBytes)
		}
	}
	var suspect Suspect
	if v := r.RecordingID; v != "" && !PlainID(v) {
		suspect |= OddRecording
	}
	for _, p := range ids {
		v := *r.At(p)
		if v == "" || f.wrong.has(p) {
			continue
		}
		d := damage.Of(v)
		switch {
		case d == damage.None:
		case d.Certain():
			f.wrong.add(p)
			f.add(SpreadsheetDamagedID, "%s %s", f.cite(p, v), d)
		case p == FieldRecordingID:
			suspect |= SuspectRecording
		case p == FieldID || p == FieldExternalID:
			suspect |= SuspectTarget
		}
	}
	return suspect
}

// namesNothing reports whether a readable row has neither a data type nor anything
// that could name a CRM row.
func (f *faults) namesNothing(r *Fields) bool {
	return f.invalid|f.control == 0 && r.RecordingID != "" && r.ID == "" && r.ExternalID == "" && r.IntegrationConnectionID == "" &&
		r.ExpectedEntityID == "" && r.ExpectedExternalID == "" &&
		len(r.RecordingID)+len(r.DataType) <= MaxIDBytes && (r.DataType == "" || f.wrong.has(FieldDataType) && DataTypeMeant(r.DataType) == "")
}

// oddities describes ids that are looked up as given but are probably not what
// was intended.
func (f *faults) oddities(r *Fields) (said string) {
	for _, p := range ids {
		v := *r.At(p)
		if v == "" || f.wrong.has(p) || v == NoLink && p.isExpected() {
			continue
		}
		if odd := oddity(v); odd != "" {
			said = sentences(said, f.cite(p, v)+" "+odd)
		}
	}
	return said
}

// clear removes the values at fault, and the recording id of a row whose cells
// may belong to several records.
func (f *faults) clear(r *Fields) {
	if f.code == InvalidEncoding || f.code == MalformedRow {
		f.wrong.add(FieldRecordingID)
	}
	for p := range FieldCount {
		if f.wrong.has(p) {
			*r.At(p) = ""
		}
	}
}

// Final is the code a row ends with after the database answered code: an id
// that looks damaged by a spreadsheet and was not found is named so. The form
// alone proves nothing, since real ids look like 1E5.
func (c Checked) Final(code Code) Code {
	switch {
	case code == RecordingNotFound && c.Suspect&SuspectRecording != 0,
		code == EntityNotFound && c.Suspect&SuspectTarget != 0:
		return SpreadsheetDamagedID
	}
	return code
}
