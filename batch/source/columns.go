package source

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"relink/batch/source/raw"
	"relink/linker"
)

// header maps the columns of a CSV file to fields.
type header struct {
	cells  []string
	fields []linker.Field // by column
	// shared is true when several columns feed one field, which --map
	// allows.
	shared    bool
	recording string // the cell of recordingId, "" for none
}

// mayName reports whether a recording id could be a column name, which would
// make its record look like a header. Nearly every id has a digit; no field
// name does.
func (h *header) mayName(id string) bool {
	return id == h.recording || !strings.ContainsAny(id, "0123456789")
}

// matchColumns matches the cells of a header with the fields and returns what
// is wrong with them. place is the location of the header.
func matchColumns(cells []string, n *names, set linker.Fields, place string) (header, error) {
	h := header{cells: cells, fields: make([]linker.Field, len(cells))}
	var feeds [linker.FieldCount][]int
	for i, cell := range cells {
		f := n.find(cell)
		h.fields[i] = f
		if f != noField {
			feeds[f] = append(feeds[f], i)
		}
	}
	for f, columns := range feeds {
		if len(columns) < 2 {
			continue
		}
		a, b := twoAlike(cells, columns, n)
		if a < 0 {
			h.shared = true
			continue
		}
		return h, &raw.Error{
			Place:  place,
			What:   fmt.Sprintf("columns %d (%s) and %d (%s) are both the field %s", a+1, quoted(cells[a]), b+1, quoted(cells[b]), linker.Field(f)),
			Remedy: "rename or remove one of them",
		}
	}
	for _, cell := range cells {
		if f := n.near(cell); f != noField && len(feeds[f]) == 0 {
			return h, n.nearly("column", place, cell, f)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(n.mapped)) {
		if !slices.ContainsFunc(cells, func(c string) bool { return normalize(c) == key }) {
			return h, &raw.Error{
				Place: place, What: fmt.Sprintf("--map names the header %q, which is not there; the header has %s", n.mapped[key], listed(cells)),
				Remedy: "correct --map",
			}
		}
	}
	if missing := missingFields(h.fields, n, set); missing != "" {
		hint := "name the column with --map 'HEADER=field', or fill the field for all rows with --set field=VALUE"
		if !n.own {
			hint = pairColumns
		} else if line := mapLine(cells, func(f linker.Field) bool { return len(feeds[f]) == 0 && *set.At(f) == "" }); line != "" {
			hint = "did you mean " + line + " ? --set field=VALUE fills a field for all rows"
		}
		return h, &raw.Error{
			Place: place, What: fmt.Sprintf("the header has no column for %s; it has %s", missing, listed(cells)),
			Remedy: hint,
		}
	}
	if i := slices.Index(h.fields, linker.FieldRecordingID); i >= 0 {
		h.recording = cells[i]
	}
	return h, nil
}

// twoAlike returns two columns of one field that must not exist side by side:
// two headers that read the same, or two of which --map names neither. It
// returns -1 when there are none.
func twoAlike(cells []string, columns []int, n *names) (int, int) {
	for i, a := range columns {
		for _, b := range columns[i+1:] {
			ka, kb := normalize(cells[a]), normalize(cells[b])
			_, mappedA := n.mapped[ka]
			_, mappedB := n.mapped[kb]
			if ka == kb || !mappedA && !mappedB {
				return a, b
			}
		}
	}
	return -1, -1
}

// missingFields names the required fields that neither a column nor --set
// provides, "" when there are none.
func missingFields(fields []linker.Field, n *names, set linker.Fields) string {
	has := func(f linker.Field) bool { return *set.At(f) != "" || slices.Contains(fields, f) }
	var missing []string
	for _, f := range []linker.Field{linker.FieldRecordingID, linker.FieldDataType} {
		if !has(f) {
			missing = append(missing, n.given[f])
		}
	}
	switch {
	case !n.own: // there is no id
		for _, f := range []linker.Field{linker.FieldExternalID, linker.FieldConnectionID} {
			if !has(f) {
				missing = append(missing, n.given[f])
			}
		}
	case has(linker.FieldID), has(linker.FieldExternalID) && has(linker.FieldConnectionID):
	case has(linker.FieldExternalID):
		missing = append(missing, linker.FieldConnectionID.String())
	case has(linker.FieldConnectionID):
		missing = append(missing, linker.FieldExternalID.String()+" (or id)")
	default:
		missing = append(missing, "id (or externalId and integrationConnectionId)")
	}
	return strings.Join(missing, ", ")
}

// listed formats names for a message.
func listed(cells []string) string {
	var b strings.Builder
	for i, c := range cells {
		if i == maxUnknown {
			fmt.Fprintf(&b, " and %d more", len(cells)-i)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(quoted(c))
	}
	return b.String()
}
