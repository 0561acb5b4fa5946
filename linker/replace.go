package linker

import (
	"errors"
	"fmt"
	"strings"

	"relink/linker/text"
)

// Replacement maps a value of a field to another one, which takes its place
// before a record is checked (--map-value).
type Replacement struct {
	Field Field  `json:"field"`
	Value string `json:"value"` // never empty: that is what Set is for
	With  string `json:"with"`  // "" for no value
}

// ParseReplacement reads FIELD:VALUE=OTHER. The value may hold further colons and
// equals signs; OTHER may be empty and holds no equals sign.
func ParseReplacement(s string) (Replacement, error) {
	name, rest, found := strings.Cut(s, ":")
	at := strings.LastIndexByte(rest, '=')
	if !found || at < 0 {
		return Replacement{}, errors.New("a field, a value and what it stands for are wanted, as in dataType:Deal=OPPORTUNITY")
	}
	f, ok := ParseField(name)
	if !ok {
		return Replacement{}, fmt.Errorf("there is no field %q: use %s", name, text.OneOf(FieldNames()))
	}
	r := Replacement{Field: f, Value: strings.TrimFunc(rest[:at], blank), With: strings.TrimFunc(rest[at+1:], blank)}
	if r.Value == "" {
		return Replacement{}, fmt.Errorf("the value to be replaced is empty: empty fields are filled with --set %s=%s", f, r.With)
	}
	return r, nil
}

// String is the replacement as ParseReplacement reads it.
func (r Replacement) String() string {
	return r.Field.String() + ":" + r.Value + "=" + r.With
}

// matches reports whether v is the value to replace: ids exactly, words in any
// case.
func (r Replacement) matches(v string) bool {
	v = strings.TrimFunc(v, blank)
	return v == r.Value || !r.Field.isID() && strings.EqualFold(v, r.Value)
}

// Check applies the rules that need no database to one record: values are
// replaced, empty fields filled, and then [Check] judges it. The result names
// what was replaced.
func (r *Rules) Check(given Fields) Checked {
	if len(r.Values) == 0 {
		return Check(given, r.Set)
	}
	var replaced string
	for f := range FieldCount {
		at := given.At(f)
		for _, v := range r.Values {
			if v.Field == f && v.matches(*at) {
				replaced = sentences(replaced, fmt.Sprintf("%s %s was read as %s (--map-value)", f, text.Quote(*at), text.Quote(v.With)))
				*at = v.With
				break
			}
		}
	}
	c := Check(given, r.Set)
	if c.Fault != nil {
		c.Fault.Message = sentences(c.Fault.Message, replaced)
	} else {
		c.Note = sentences(replaced, c.Note)
	}
	return c
}
