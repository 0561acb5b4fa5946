package linker

import (
	"reflect"
	"testing"
)

// Each field is spelled in three places: they must agree.
func TestFieldNamesAgree(t *testing.T) {
	t.Parallel()
	typ := reflect.TypeFor[Fields]()
	if typ.NumField() != int(FieldCount) {
		t.Fatalf("Fields has %d fields, FieldCount is %d", typ.NumField(), FieldCount)
	}
	for f := range FieldCount {
		var v Fields
		*v.At(f) = "x"
		if got := reflect.ValueOf(v).Field(int(f)).String(); got != "x" {
			t.Errorf("At(%s) is not field %d of Fields", f, f)
		}
		if tag := typ.Field(int(f)).Tag.Get("csv"); tag != f.String() {
			t.Errorf("field %s is read from column %q", f, tag)
		}
	}
}

func TestParseField(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]Field{
		"recordingId": FieldRecordingID, "Recording ID": FieldRecordingID, "recording_id": FieldRecordingID, "RECORDING-ID\u200b": FieldRecordingID,
		"id": FieldID, "I\u00a0D": FieldID, "externalid": FieldExternalID, "Integration Connection Id": FieldConnectionID,
		"data type": FieldDataType, "TRIGGER": FieldTrigger,
	} {
		if got, ok := ParseField(name); !ok || got != want {
			t.Errorf("ParseField(%q) = %v, %v, want %v", name, got, ok, want)
		}
	}
	for _, name := range []string{"", "recordingIds", "entityId", "_"} {
		if got, ok := ParseField(name); ok {
			t.Errorf("ParseField(%q) = %v, want none", name, got)
		}
	}
}
