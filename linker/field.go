package linker

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"relink/linker/text"
)

// Fields are the input fields of a record, as text. The same type holds a record
// as it was given, the values that --set fills in, and a record after Check:
// trimmed, words in capitals. Absent is "".
//
// A record that Check finds good names its CRM row either by ID or by ExternalID
// together with IntegrationConnectionID.
type Fields struct {
	RecordingID             string `csv:"recordingId"`
	DataType                string `csv:"dataType"`
	ID                      string `csv:"id"`
	ExternalID              string `csv:"externalId"`
	IntegrationConnectionID string `csv:"integrationConnectionId"`
	Trigger                 string `csv:"trigger"`
	// What the recording must be linked to for the row to be applied: the CRM
	// row with this id, the one with this externalId, or NoLink for none. At most
	// one of them is given.
	ExpectedEntityID   string `csv:"expectedEntityId" json:",omitempty"`
	ExpectedExternalID string `csv:"expectedExternalId" json:",omitempty"`
}

// NoLink is the value of an expected field for a recording that has no link.
const NoLink = "-"

// Field is one of the fields of a record.
type Field uint8

// The fields, in the order in which messages list them.
const (
	FieldRecordingID Field = iota
	FieldDataType
	FieldID
	FieldExternalID
	FieldConnectionID
	FieldTrigger
	FieldExpectedEntityID
	FieldExpectedExternalID

	// FieldCount is the number of fields; ranging over it visits them all.
	FieldCount

	// ReportedCount is how many of them, from the first on, are columns of a
	// report. The fields after them are only conditions for applying a row.
	ReportedCount = FieldTrigger + 1
)

// ids are the fields that hold an id: an opaque text that is matched exactly.
var ids = [...]Field{FieldRecordingID, FieldID, FieldExternalID, FieldConnectionID, FieldExpectedEntityID, FieldExpectedExternalID}

func (f Field) isID() bool { return slices.Contains(ids[:], f) }

// isExpected reports whether the field is a condition on the current link.
func (f Field) isExpected() bool { return f == FieldExpectedEntityID || f == FieldExpectedExternalID }

// fieldNames are the names of the fields in the input.
var fieldNames = [FieldCount]string{
	"recordingId", "dataType", "id", "externalId", "integrationConnectionId", "trigger",
	"expectedEntityId", "expectedExternalId",
}

// String is the field's name in the input.
func (f Field) String() string { return fieldNames[f] }

// MarshalText writes the field's name.
func (f Field) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText reads the name of a field.
func (f *Field) UnmarshalText(name []byte) error {
	var ok bool
	if *f, ok = ParseField(string(name)); !ok {
		return fmt.Errorf("there is no field %q", name)
	}
	return nil
}

// FieldNames returns the names of all fields, in order. The caller owns the
// slice.
func FieldNames() []string { return slices.Clone(fieldNames[:]) }

// ReportedNames returns the names of the fields that are columns of a report, in
// order. The caller owns the slice.
func ReportedNames() []string { return slices.Clone(fieldNames[:ReportedCount]) }

// ParseField finds a field by its name, which is compared as NormalizeName has
// it. ok is false when there is none.
func ParseField(name string) (f Field, ok bool) {
	name = NormalizeName(name)
	for f := range FieldCount {
		if NormalizeName(f.String()) == name {
			return f, true
		}
	}
	return 0, false
}

// NormalizeName is what headers, keys and field names are compared by: the name
// without case, white space, "_", "-" and characters that do not show.
func NormalizeName(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '_' || r == '-' || unicode.IsSpace(r) || unicode.Is(unicode.Cf, r):
			return -1
		}
		return unicode.ToLower(r)
	}, name)
}

// At returns the place of a field's value; f is one of the fields.
func (v *Fields) At(f Field) *string {
	switch f {
	case FieldRecordingID:
		return &v.RecordingID
	case FieldDataType:
		return &v.DataType
	case FieldID:
		return &v.ID
	case FieldExternalID:
		return &v.ExternalID
	case FieldConnectionID:
		return &v.IntegrationConnectionID
	case FieldTrigger:
		return &v.Trigger
	case FieldExpectedEntityID:
		return &v.ExpectedEntityID
	case FieldExpectedExternalID:
		return &v.ExpectedExternalID
	}
	panic("linker: no field " + strconv.Itoa(int(f)))
}

// fieldSet is a set of fields.
type fieldSet uint8

func (s fieldSet) has(f Field) bool { return s&(1<<f) != 0 }
func (s *fieldSet) add(f Field)     { *s |= 1 << f }

// cite names a field and its value, and mentions --set when that gave the
// value: then there is nothing to find in the file.
func (t *normalized) cite(f Field, value string) string {
	if t.filled.has(f) {
		return fmt.Sprintf("%s %s (filled in by --set)", f, text.Quote(value))
	}
	return fmt.Sprintf("%s %s", f, text.Quote(value))
}
