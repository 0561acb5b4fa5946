package linker

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// normalized remembers what was seen while the fields of a record were trimmed.
type normalized struct {
	invalid    fieldSet // not UTF-8, or a NUL inside
	control    fieldSet // ids: a control character or line break inside
	apostrophe fieldSet // ids: a leading apostrophe was removed
	space      fieldSet // ids: white space was removed
	invisible  fieldSet // ids: characters that do not show were removed
	filled     fieldSet // the value comes from --set
}

// value trims the value of a field, or the value of --set when nothing is left.
func (t *normalized) value(p Field, given, set string) string {
	if given != "" && given[0] != '\'' && plain(given) || given == "" && set == "" {
		return given
	}
	if v := t.trim(p, given); v != "" || set == "" {
		return v
	}
	v := t.trim(p, set)
	if v != "" {
		t.filled.add(p)
	}
	return v
}

// plain reports whether s is printable ASCII without blanks: there is nothing
// to trim and nothing to refuse. Nearly all fields are.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < 0x21 || s[i] > 0x7e {
			return false
		}
	}
	return true
}

func (t *normalized) trim(p Field, s string) string {
	given := s
	s = strings.TrimFunc(s, blank)
	if p.isID() && s != "" {
		apostrophe := s[0] == '\''
		if apostrophe {
			s = strings.TrimFunc(s[1:], blank)
			t.apostrophe.add(p)
		}
		if s != "" && len(given) > len(s) {
			t.trimmed(p, given, s)
		}
	}
	switch {
	case plain(s):
	case !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0:
		t.invalid.add(p)
	case p.isID() && strings.ContainsFunc(s, breaking):
		t.control.add(p)
	}
	return s
}

// trimmed notes what was removed around the id s.
func (t *normalized) trimmed(p Field, given, s string) {
	before, after, _ := strings.Cut(given, s)
	switch removed := strings.Trim(strings.Replace(before+after, "'", "", 1), " \t\r\n\v\f"); {
	case removed != "":
		t.invisible.add(p)
	case len(given)-len(s) > 1 || given[0] != '\'':
		t.space.add(p)
	}
}

// blank reports whether r is trimmed from the ends of a field: white space,
// among it NBSP, and characters without width, which come along when a value
// is copied from a web page or a right-to-left document.
func blank(r rune) bool {
	switch {
	case r < 0x80:
		return r == ' ' || r >= '\t' && r <= '\r'
	case unicode.IsSpace(r):
		return true
	case r >= 0x200b && r <= 0x200f, // zero-width space and joiners, direction marks
		r >= 0x202a && r <= 0x202e, // direction embeddings
		r >= 0x2060 && r <= 0x206f: // word joiner, invisible operators, isolates
		return true
	}
	return r == 0xfeff || r == 0x00ad || r == 0x061c || r == 0x180e // BOM, soft hyphen, Arabic and Mongolian marks
}

// IsBlank reports whether nothing is left of s after trimming.
func IsBlank(s string) bool { return s == "" || strings.TrimFunc(s, blank) == "" }

// breaking reports whether r cannot be inside an id.
func breaking(r rune) bool { return unicode.IsControl(r) || r == 0x2028 || r == 0x2029 }

func (t *normalized) undecodable(p Field, v string) string {
	if utf8.ValidString(v) {
		return t.cite(p, v) + " holds a NUL character; remove it"
	}
	return t.cite(p, v) + " is not valid UTF-8; save the data as UTF-8 or say which encoding it has"
}

func (t *normalized) interrupted(p Field, v string) string {
	r, _ := utf8.DecodeRuneInString(v[strings.IndexFunc(v, breaking):])
	switch r {
	case '\n', '\v', '\f', '\r', 0x85, 0x2028, 0x2029:
		return t.cite(p, v) + " holds a line break; look for a stray quote in this record or the one before it"
	}
	return fmt.Sprintf("%s holds the control character U+%04X; remove it", t.cite(p, v), r)
}

// note describes what was removed around ids, "" when nothing was.
func (t *normalized) note() string {
	if t.apostrophe|t.space|t.invisible == 0 {
		return ""
	}
	var note string
	for _, kind := range []struct {
		of   fieldSet
		what string
	}{
		{t.apostrophe, "the leading apostrophe of "},
		{t.space, "white space around "},
		{t.invisible, "what does not show around "},
	} {
		for _, p := range ids {
			if kind.of.has(p) {
				note = sentences(note, kind.what+p.String()+" was removed")
			}
		}
	}
	return note
}
