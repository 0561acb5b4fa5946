package linker

import "fmt"

// field is one of the six fields of a record.
type field uint8

const (
	fieldRecordingID field = iota
	fieldID
	fieldExternalID
	fieldConnectionID
	fieldDataType
	fieldTrigger
)

var (
	fields = [...]field{fieldRecordingID, fieldDataType, fieldID, fieldExternalID, fieldConnectionID, fieldTrigger}
	ids    = [...]field{fieldRecordingID, fieldID, fieldExternalID, fieldConnectionID}
)

// isID reports whether the field holds an id: an opaque text that is matched
// exactly.
func (f field) isID() bool { return f <= fieldConnectionID }

// String is the field's name in the input.
func (f field) String() string {
	switch f {
	case fieldRecordingID:
		return "recordingId"
	case fieldID:
		return "id"
	case fieldExternalID:
		return "externalId"
	case fieldConnectionID:
		return "integrationConnectionId"
	case fieldDataType:
		return "dataType"
	default:
		return "trigger"
	}
}

func (r *Row) at(f field) *string {
	switch f {
	case fieldRecordingID:
		return &r.RecordingID
	case fieldID:
		return &r.ID
	case fieldExternalID:
		return &r.ExternalID
	case fieldConnectionID:
		return &r.IntegrationConnectionID
	case fieldDataType:
		return &r.DataType
	default:
		return &r.Trigger
	}
}

// fieldSet is a set of fields.
type fieldSet uint8

func (s fieldSet) has(f field) bool { return s&(1<<f) != 0 }
func (s *fieldSet) add(f field)     { *s |= 1 << f }

// cite names a field and its value, and says when --set gave the value: then
// there is nothing to be found in the file.
func (t *tidied) cite(f field, value string) string {
	if t.filled.has(f) {
		return fmt.Sprintf("%s %s (filled in by --set)", f, quote(value))
	}
	return fmt.Sprintf("%s %s", f, quote(value))
}
