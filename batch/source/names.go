package source

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"relink/linker"
)

// noField stands for a column or key that is ignored.
const noField = linker.FieldCount

// names tells which field a header or key stands for.
type names struct {
	fields map[string]linker.Field // by key
	mapped map[string]string       // the headers that --map names, by key
}

// newNames reads the map of an Input.
func newNames(given map[string]string) (names, error) {
	n := names{fields: make(map[string]linker.Field), mapped: make(map[string]string)}
	for f := range linker.FieldCount {
		n.fields[linker.NormalizeName(f.String())] = f
	}
	for _, header := range slices.Sorted(maps.Keys(given)) {
		name := given[header]
		f, ok := linker.ParseField(name)
		if name == "" {
			f, ok = noField, true
		}
		if !ok {
			return n, &inputError{
				what: fmt.Sprintf("--map %s=%s: there is no field %q", header, name, name),
				hint: "the fields are " + strings.Join(linker.FieldNames(), ", "),
			}
		}
		key := linker.NormalizeName(header)
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
func (n *names) find(header string) linker.Field {
	if f, ok := n.fields[linker.NormalizeName(header)]; ok {
		return f
	}
	return noField
}
