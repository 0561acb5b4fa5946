package source

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"relink/linker"
)

// fieldNames are the input fields in the order of linker.Fields.
var fieldNames = [...]string{"recordingId", "dataType", "id", "externalId", "integrationConnectionId", "trigger"}

// field is the index of a name in fieldNames.
type field int

const (
	fieldRecordingID field = iota
	fieldDataType
	fieldID
	fieldExternalID
	fieldConnectionID
	fieldTrigger

	noField field = -1 // a column or key that is ignored
)

// at returns the field of f.
func (x field) at(f *linker.Fields) *string {
	return [...]*string{
		&f.RecordingID, &f.DataType, &f.ID, &f.ExternalID, &f.IntegrationConnectionID, &f.Trigger,
	}[x]
}

// names tells which field a header or key stands for.
type names struct {
	fields map[string]field  // by key
	mapped map[string]string // the headers that --map names, by key
}

// newNames reads the map of an Input.
func newNames(given map[string]string) (names, error) {
	n := names{fields: make(map[string]field), mapped: make(map[string]string)}
	for i, name := range fieldNames {
		n.fields[nameKey(name)] = field(i)
	}
	known := make(map[string]field, len(fieldNames))
	for k, f := range n.fields {
		known[k] = f
	}
	for _, header := range slices.Sorted(maps.Keys(given)) {
		name := given[header]
		f, ok := known[nameKey(name)]
		if name == "" {
			f, ok = noField, true
		}
		if !ok {
			return n, &inputError{
				what: fmt.Sprintf("--map %s=%s: there is no field %q", header, name, name),
				hint: "the fields are " + strings.Join(fieldNames[:], ", "),
			}
		}
		key := nameKey(header)
		if _, twice := n.mapped[key]; twice {
			return n, &inputError{
				what: fmt.Sprintf("--map names the header %q twice", header),
				hint: "headers match without regard to case, spaces, _ and -",
			}
		}
		n.fields[key], n.mapped[key] = f, header
	}
	return n, nil
}

// find returns the field a header stands for, noField for none.
func (n *names) find(header string) field {
	if f, ok := n.fields[nameKey(header)]; ok {
		return f
	}
	return noField
}

// nameKey is what headers and keys are compared by: the name without case,
// white space, "_", "-" and characters that do not show.
func nameKey(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '_' || r == '-' || unicode.IsSpace(r) || unicode.Is(unicode.Cf, r):
			return -1
		}
		return unicode.ToLower(r)
	}, name)
}
