package platform

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"relink/linker"
	"relink/linker/text"
)

// Profile says of a platform what the catalog does not tell: the words it uses
// and how one sees that a link is current. It stands as JSON in relink.platforms,
// a row a platform:
//
//	INSERT INTO relink.platforms (name, schema, profile) VALUES ('calls', 'relink_calls', '{
//	    "dataTypes": {"deal": "OPPORTUNITY", "company": "ACCOUNT", "account": "ACCOUNT"},
//	    "triggers":  {"web": "USER_LINK_WEB"},
//	    "writes":    {"ACCOUNT": "company"},
//	    "current":   "flag:is_current",
//	    "absent":    ["recording_links.trigger"]
//	}')
//
// The zero value is the reference platform, and so is a schema without a row. All
// else is learned from the schema's four relations, tables or views called
// recordings, integration_connections, crm_entities and recording_links: the types
// of their columns, which may be enums; the columns that are not there, which have
// the meaning said at Absent; and the columns of a view that nothing can be written
// to, because they are an expression, which relink then does not write.
type Profile struct {
	// DataTypes gives for a word of the columns data_type relink's own word. A word
	// that is not listed stands for itself. Several may stand for one.
	DataTypes map[string]string `json:"dataTypes,omitempty"`
	// Triggers is the same for the columns trigger and cleared_trigger.
	Triggers map[string]string `json:"triggers,omitempty"`
	// Writes gives for a word of relink's, of either kind, the platform's word that a
	// new link gets. It is needed only where several words stand for that one.
	Writes map[string]string `json:"writes,omitempty"`
	// Current says how one sees that a link is current, "" for CurrentClearedAt.
	Current Current `json:"current,omitempty"`
	// Absent are columns, "table.column", that count as not there although the
	// relation has them. What is not there is NULL: no recording is deleted without
	// recordings.deleted_at, no CRM row merged without crm_entities.merged_into_id. A
	// link without recording_links.data_type has the type of its CRM row. Without
	// organization_id, on recordings and on integration_connections alike, all rows
	// are of one organization, called as the schema.
	Absent []string `json:"absent,omitempty"`
}

// Current says how one sees that a link is current, and so how it is cleared.
type Current string

// The ways of being current. A boolean column is another: "flag:COLUMN" when the
// column of recording_links is true for a current link, "flag:!COLUMN" when it is
// false. COLUMN must be writable and never NULL; cleared_at, where there is one, is
// set as well.
const (
	// CurrentClearedAt: cleared_at is NULL. "deleted_at" means the same, for a
	// platform that calls the column so: the view calls it cleared_at.
	CurrentClearedAt Current = "cleared_at"
	CurrentDeletedAt Current = "deleted_at"
	// CurrentRow: the row is there. Clearing deletes it, and relink.marks keeps what
	// a revert needs. The id of a link must not be used again for another.
	CurrentRow Current = "row"
)

const flagPrefix = "flag:"

// flag is the boolean column that says whether a link is current, "" for none, and
// whether it is true for those that are not.
func (c Current) flag() (column string, inverted bool) {
	column, is := strings.CutPrefix(string(c), flagPrefix)
	if !is {
		return "", false
	}
	return strings.CutPrefix(column, "!")
}

// ParseProfile reads a profile. Its error names the key that is wrong.
func ParseProfile(data []byte) (Profile, error) {
	var p Profile
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(data, &keys); err != nil {
		return p, fmt.Errorf("the profile must be a JSON object: %w", err)
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		var into any
		want := "an object of texts"
		switch key {
		case "dataTypes":
			into = &p.DataTypes
		case "triggers":
			into = &p.Triggers
		case "writes":
			into = &p.Writes
		case "current":
			into, want = &p.Current, "text"
		case "absent":
			into, want = &p.Absent, "a list of texts"
		default:
			return p, fmt.Errorf("profile: there is no key %q; the keys are dataTypes, triggers, writes, current and absent", key)
		}
		if bytes.Equal(keys[key], []byte("null")) || json.Unmarshal(keys[key], into) != nil {
			return p, fmt.Errorf("profile: %s must be %s", key, want)
		}
	}
	return p, p.Validate()
}

// Validate returns an error that names the first key whose value cannot be.
// Whether the tables have the words and columns, Load finds out.
func (p Profile) Validate() error {
	if err := checkWords("dataTypes", p.DataTypes, linker.DataTypes); err != nil {
		return err
	}
	if err := checkWords("triggers", p.Triggers, linker.Triggers); err != nil {
		return err
	}
	for _, own := range slices.Sorted(maps.Keys(p.Writes)) {
		word := p.Writes[own]
		words := p.DataTypes
		if slices.Contains(linker.Triggers, own) {
			words = p.Triggers
		} else if !slices.Contains(linker.DataTypes, own) {
			return fmt.Errorf("profile: writes.%s: relink has neither a data type nor a trigger of that name", own)
		}
		if read, listed := words[word]; listed && read != own || !listed && word != own {
			return fmt.Errorf("profile: writes.%s: %q is not read as %s", own, word, own)
		}
	}
	if err := p.Current.validate(); err != nil {
		return err
	}
	for _, column := range p.Absent {
		if !mayBeAbsent(column) {
			return fmt.Errorf("profile: absent: %q is no column that relink can do without; those are %s", column, strings.Join(optional(), ", "))
		}
	}
	return nil
}

func (c Current) validate() error {
	switch c {
	case "", CurrentClearedAt, CurrentDeletedAt, CurrentRow:
		return nil
	}
	if column, _ := c.flag(); column != "" {
		return nil
	}
	return fmt.Errorf(`profile: current: %q is none of "cleared_at", "deleted_at", "row" and "flag:COLUMN"`, string(c))
}

func checkWords(key string, words map[string]string, known []string) error {
	for _, word := range slices.Sorted(maps.Keys(words)) {
		if own := words[word]; !slices.Contains(known, own) {
			return fmt.Errorf("profile: %s.%s: relink has no word %q; give %s", key, word, own, text.OneOf(known))
		}
	}
	return nil
}

// columns are those of the platform's tables, in the order of the reference, with
// whether relink can do without. cleared_at is needed when it says what is current.
var columns = map[string][]struct {
	name     string
	optional bool
}{
	Recordings:  {{"id", false}, {"organization_id", true}, {"title", true}, {"created_at", true}, {"deleted_at", true}},
	Connections: {{"id", false}, {"organization_id", true}, {"platform", true}, {"name", true}, {"is_active", true}},
	Entities: {
		{"id", false},
		{"data_type", false},
		{"integration_connection_id", false},
		{"external_id", false},
		{"name", true},
		{"last_activity_at", true},
		{"deleted_at", true},
		{"merged_into_id", true},
	},
	Links: {
		{"id", false},
		{"recording_id", false},
		{"data_type", true},
		{"entity_id", false},
		{"trigger", true},
		{"linked_at", true},
		{"cleared_at", true},
		{"cleared_trigger", true},
	},
}

// optional are the columns that relink can do without, as "table.column".
func optional() (names []string) {
	for _, table := range tables {
		for _, c := range columns[table] {
			if c.optional {
				names = append(names, table+"."+c.name)
			}
		}
	}
	return names
}

// Needs tells whether relink cannot do without a column, "table.column", of a
// platform of this profile.
func (p Profile) Needs(column string) bool {
	if column == Links+".cleared_at" {
		return p.Current == "" || p.Current == CurrentClearedAt || p.Current == CurrentDeletedAt
	}
	return !mayBeAbsent(column)
}

func mayBeAbsent(column string) bool { return slices.Contains(optional(), column) }
