package demo

import (
	"bytes"
	"strings"

	"relink/linker"
)

// Line is one record of the link file.
type Line struct {
	// Text is the record without its line end.
	Text string
	// Code is the reason for which an import into the world rejects the
	// record, "" when it goes through. Blank is no record at all.
	Code  linker.Code
	Blank bool
}

// header is one as people write it: other words would need --map.
const header = "Recording ID;Data Type;Id;External ID;Integration Connection ID;Trigger;Owner"

// cells of a record, in the order of the header.
type cells struct {
	recording, dataType, id, externalID, connection, trigger, owner string
}

func (c cells) String() string {
	return strings.Join([]string{c.recording, c.dataType, c.id, c.externalID, c.connection, c.trigger, c.owner}, ";")
}

// File is the link file: what a spreadsheet in a country with decimal commas
// saves as CSV. The last line has no end.
func File(lines []Line) []byte {
	var b bytes.Buffer
	b.WriteString("\ufeff" + header)
	for _, l := range lines {
		b.WriteString("\r\n")
		b.WriteString(l.Text)
	}
	return b.Bytes()
}

const (
	goodRows     = 2300
	repeatedRows = 60
	sameRows     = 40 // ask for what is linked already
)

// file makes the lines. Every recording is named by only one line, except for
// those that are meant to conflict or repeat.
type file struct {
	*builder
	recordings map[string][]Recording // alive, by organization; taken from the front
	deleted    []Recording
	entities   map[string][]Entity // by connection, alive ones
	current    map[string]Link
	lines      []Line
}

// Lines makes the records of the link file for the world.
func (w World) Lines() []Line {
	f := newFile(w)
	f.good()
	f.same(w)
	f.unreadable()
	f.incomplete()
	f.damaged()
	f.unresolvable(w)
	f.conflicting()
	f.blank()
	f.r.Shuffle(len(f.lines), func(i, j int) { f.lines[i], f.lines[j] = f.lines[j], f.lines[i] })
	f.repeat()
	// An unclosed quote comes last: what it would swallow elsewhere depends on
	// the quotes after it.
	c := f.row()
	c.owner = `"Grace`
	f.add(linker.MalformedRow, c.String())
	return f.lines
}

func newFile(w World) *file {
	f := &file{
		builder:    &builder{r: newRand(7)},
		recordings: map[string][]Recording{},
		entities:   map[string][]Entity{},
		current:    map[string]Link{},
	}
	for _, l := range w.Links {
		if l.ClearedAt == nil {
			f.current[l.Recording] = l
		}
	}
	for _, e := range w.Entities {
		if e.DeletedAt == nil && e.MergedInto == nil {
			f.entities[e.Connection] = append(f.entities[e.Connection], e)
		}
	}
	for _, i := range f.r.Perm(len(w.Recordings)) {
		r := w.Recordings[i]
		if r.DeletedAt != nil {
			f.deleted = append(f.deleted, r)
			continue
		}
		f.recordings[r.Organization] = append(f.recordings[r.Organization], r)
	}
	return f
}

func (f *file) add(code linker.Code, text string) {
	f.lines = append(f.lines, Line{Text: text, Code: code})
}

// take returns a recording of the organization that no line has named yet.
func (f *file) take(organization string) Recording {
	r := f.recordings[organization][0]
	f.recordings[organization] = f.recordings[organization][1:]
	return r
}

// row returns a valid record for a recording not named yet.
func (f *file) row() cells {
	// Connections share the rows like the recordings: three to two.
	c := connections[f.r.IntN(2)]
	if f.r.IntN(5) < 2 {
		c = connections[2+f.r.IntN(3)]
	}
	return f.rowOf(c)
}

// rowOf is row for a target in the given connection.
func (f *file) rowOf(c Connection) cells {
	e := pick(f.r, f.entities[c.ID])
	row := f.asks(f.take(c.Organization).ID, e)
	row.owner = pick(f.r, first) + " " + pick(f.r, last)
	return row
}

// asks returns a record that links a recording to e, written in one of the ways
// used by people and programs.
func (f *file) asks(recording string, e Entity) cells {
	row := cells{recording: recording, dataType: e.DataType, trigger: pick(f.r, []string{"", "", "", "EXTERNAL_API_LINK", "external_api_link"})}
	if f.r.IntN(4) == 0 {
		row.dataType = e.DataType[:1] + strings.ToLower(e.DataType[1:])
	}
	if f.r.IntN(10) < 3 {
		row.id = e.ID
		if f.r.IntN(2) == 0 {
			row.connection = e.Connection
		}
		return row
	}
	row.connection = e.Connection
	row.externalID = e.ExternalID
	if strings.HasSuffix(e.Connection, "salesforce") {
		switch f.r.IntN(6) {
		case 0, 1:
			row.externalID = e.ExternalID[:15]
		case 2:
			row.externalID = strings.ToUpper(e.ExternalID)
		}
		return row
	}
	switch f.r.IntN(12) {
	case 0:
		row.externalID = "'" + e.ExternalID
	case 1:
		row.externalID = " " + e.ExternalID + "\u00a0"
	}
	return row
}

func (f *file) good() {
	for range goodRows {
		f.add("", f.row().String())
	}
}

// same asks for links that already exist.
func (f *file) same(w World) {
	byID := map[string]Entity{}
	for _, e := range w.Entities {
		byID[e.ID] = e
	}
	for _, organization := range []string{Northwind, Lumen} {
		left := sameRows / 2
		f.recordings[organization] = keepFirst(f.recordings[organization], func(r Recording) bool {
			l, linked := f.current[r.ID]
			if !linked || left == 0 {
				return true
			}
			left--
			f.add("", f.asks(r.ID, byID[l.Entity]).String())
			return false
		})
	}
}

// keepFirst returns the elements for which keep returns true, in order.
func keepFirst[T any](from []T, keep func(T) bool) []T {
	var kept []T
	for _, x := range from {
		if keep(x) {
			kept = append(kept, x)
		}
	}
	return kept
}

// repeat repeats some good lines further down, as when two exports are joined.
func (f *file) repeat() {
	for n := 0; n < repeatedRows; {
		i := f.r.IntN(len(f.lines) / 2)
		if l := f.lines[i]; l.Code == "" && !l.Blank {
			f.lines = append(f.lines, l)
			n++
		}
	}
}

func (f *file) blank() {
	for _, text := range []string{"", "   ", ";;;;;;"} {
		f.lines = append(f.lines, Line{Text: text, Blank: true})
	}
}
