package linker

import (
	"cmp"
	"slices"

	"relink/linker/damage"
	"relink/linker/text"
)

// Offender is a value that several rows were refused for. Rows that share one are
// repaired together, and a few words often make up most of the rejects.
type Offender struct {
	Field string `json:"field"`
	Value string `json:"value"`
	Count int64  `json:"count"`
	// Flag is the command-line flag that reads the value as what it probably
	// stands for; "" when that is unknown.
	Flag string `json:"flag,omitempty"`
}

const (
	// maxOffenders is how many values of a reason are listed.
	maxOffenders = 5
	// maxCounted is how many different values of a reason are counted: ids
	// that are all different must not fill memory, and a value that makes up
	// many rows comes early.
	maxCounted = 1000
	// offenderBytes is how long a value may be to be counted, in bytes.
	offenderBytes = 80
)

// offender is the field whose value a code is about, FieldCount for none.
func offender(c Code, v *Fields) Field {
	switch c {
	case InvalidDataType, DataTypeMismatch:
		return FieldDataType
	case InvalidTrigger:
		return FieldTrigger
	case ConnectionNotFound, ConnectionMismatch:
		return FieldConnectionID
	case RecordingNotFound, RecordingDeleted:
		return FieldRecordingID
	case IDAndExternalID:
		if IsNullWord(v.ExternalID) {
			return FieldExternalID
		}
		return FieldID
	case EntityNotFound, EntityDeleted, EntityMerged:
		if v.ID != "" {
			return FieldID
		}
		return FieldExternalID
	case SpreadsheetDamagedID:
		for _, f := range ids {
			if value := *v.At(f); value != "" && damage.Of(value) != damage.None {
				return f
			}
		}
	}
	return FieldCount
}

// remedy returns the flag that reads a value of a field as what it stands for.
func remedy(c Code, f Field, value string) string {
	r := Replacement{Field: f, Value: value}
	switch c {
	case InvalidDataType:
		if r.With = DataTypeMeant(value); r.With == "" {
			return ""
		}
	case InvalidTrigger:
		if r.With = TriggerMeant(value); r.With == "" && !IsNullWord(value) {
			return ""
		}
	case IDAndExternalID:
		if !IsNullWord(value) {
			return ""
		}
	default:
		return ""
	}
	return "--map-value " + text.ShellQuote(r.String())
}

// offenders counts the values that rows of one code were refused for.
type offenders struct{ counts map[offence]int64 }

type offence struct {
	field Field
	value string
}

func (o *offenders) add(c Code, v *Fields) {
	f := offender(c, v)
	if f == FieldCount || *v.At(f) == "" || len(*v.At(f)) > offenderBytes {
		return
	}
	key := offence{f, *v.At(f)}
	if _, known := o.counts[key]; !known && len(o.counts) >= maxCounted {
		return
	}
	if o.counts == nil {
		o.counts = map[offence]int64{}
	}
	o.counts[key]++
}

// list is the values that are in more than one row or can be read as another, the
// most frequent first.
func (o *offenders) list(c Code) (list []Offender) {
	for key, n := range o.counts {
		flag := remedy(c, key.field, key.value)
		if n > 1 || flag != "" {
			list = append(list, Offender{Field: key.field.String(), Value: key.value, Count: n, Flag: flag})
		}
	}
	slices.SortFunc(list, func(a, b Offender) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Field, b.Field), cmp.Compare(a.Value, b.Value))
	})
	return list[:min(len(list), maxOffenders)]
}
