package source

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"relink/batch/source/raw"
	"relink/linker"
	"relink/linker/text"
)

// normalize returns the form in which names are compared. A name can be written
// in two ways in Unicode (é, or e and a combining accent); both become one.
func normalize(name string) string { return linker.NormalizeName(norm.NFC.String(name)) }

// noField stands for an ignored column or key.
const noField = linker.FieldCount

// names maps headers and keys to fields.
type names struct {
	fields map[string]linker.Field // by key
	mapped map[string]string       // the headers that --map names, by key
	given  map[linker.Field]string // what the fields are called in this file
	own    bool                    // by their own names
}

// newNames reads the map and the names of an Input.
func newNames(given map[string]string, called map[string]linker.Field) (names, error) {
	n := names{
		fields: make(map[string]linker.Field), mapped: make(map[string]string),
		given: make(map[linker.Field]string), own: called == nil,
	}
	if called == nil {
		called = make(map[string]linker.Field, linker.FieldCount)
		for f := range linker.FieldCount {
			called[f.String()] = f
		}
	}
	for name, f := range called {
		n.fields[linker.NormalizeName(name)], n.given[f] = f, name
	}
	for _, header := range slices.Sorted(maps.Keys(given)) {
		name := given[header]
		f, ok := linker.ParseField(name)
		if name == "" {
			f, ok = noField, true
		}
		if !ok {
			return n, &raw.Error{
				What:   fmt.Sprintf("--map %s=%s: there is no field %q", header, name, name),
				Remedy: "the fields are " + strings.Join(linker.FieldNames(), ", "),
			}
		}
		key := normalize(header)
		if _, twice := n.mapped[key]; twice {
			return n, &raw.Error{
				What:   fmt.Sprintf("--map names the header %q twice", header),
				Remedy: "headers match without regard to case, spaces, _ and -",
			}
		}
		n.fields[key], n.mapped[key] = f, header
	}
	return n, nil
}

// find returns the field a header stands for, noField for none.
func (n *names) find(header string) linker.Field {
	if f, ok := n.fields[normalize(header)]; ok {
		return f
	}
	return noField
}

// nearDistance is how far a misspelt name may be from the name of a field.
const nearDistance = 2

// near returns the field that an unknown name is probably a misspelling of,
// noField for none. Names as short as "id" are near to everything.
func (n *names) near(header string) linker.Field {
	name := normalize(header)
	if _, mapped := n.mapped[name]; mapped || n.find(header) != noField {
		return noField
	}
	for f := range linker.FieldCount {
		field := linker.NormalizeName(n.given[f])
		if len(field) > 3*nearDistance && text.Distance(name, field) <= nearDistance {
			return f
		}
	}
	return noField
}

// nearly is the message for a header or key that is nearly a field.
func (n *names) nearly(kind, place, name string, f linker.Field) error {
	remedy := "rename or remove it"
	if n.own {
		remedy = fmt.Sprintf("--map %s reads it as the field, --map %s ignores it", text.ShellQuote(name+"="+f.String()), text.ShellQuote(name+"="))
	}
	return &raw.Error{
		Place: place, What: fmt.Sprintf("the %s %s is unknown, and nearly the field %s; did you mean that?", kind, quoted(name), n.given[f]),
		Remedy: remedy,
	}
}

// knows reports whether a header is one that the file may have.
func (n *names) knows(header string) bool {
	_, known := n.fields[normalize(header)]
	return known
}

// synonyms are names used by exports, by the field that they probably stand
// for.
var synonyms = map[linker.Field][]string{
	linker.FieldRecordingID: {
		"Call ID", "Call", "Recording", "Recording UUID", "Conversation ID", "Conversation", "Meeting ID", "Media ID", "Video ID", "Gong ID", "Session ID",
	},
	linker.FieldDataType: {"Object", "Object Type", "SObject", "SObject Type", "Type", "Entity Type", "Record Type", "CRM Object", "CRM Type", "Kind"},
	linker.FieldExternalID: {
		"SFDC Id", "Salesforce ID", "Salesforce Record ID", "HubSpot ID", "Pipedrive ID", "Zoho ID", "Dynamics ID", "CRM ID", "CRM Record ID", "Record ID", "Object ID",
		"External", "External Key", "Source ID", "18 Digit ID", "Deal", "Deal ID", "Opportunity", "Opportunity ID", "Account ID", "Account", "Contact ID", "Contact",
		"Lead ID", "Lead", "Company ID", "Company", "Task ID", "Event ID", "Activity ID", "WhatId", "WhoId",
	},
	linker.FieldConnectionID: {"Connection", "Connection ID", "Integration", "Integration ID", "CRM Connection", "CRM Instance", "Instance"},
	linker.FieldTrigger:      {"Trigger Type", "Link Trigger"},
}

// meant returns the field that a header probably stands for, noField for none.
func meant(header string) linker.Field {
	name := normalize(header)
	for f, list := range synonyms {
		if slices.ContainsFunc(list, func(s string) bool { return linker.NormalizeName(s) == name }) {
			return f
		}
	}
	return noField
}

// mapLine returns what to add to the command for headers that are known under
// other names, "" when there are none. wanted selects the missing fields.
func mapLine(cells []string, wanted func(linker.Field) bool) string {
	var flags []string
	var dataType string
	fed := map[linker.Field]bool{}
	for _, cell := range cells {
		f := meant(cell)
		if f == noField || fed[f] || !wanted(f) {
			continue
		}
		fed[f] = true
		flags = append(flags, "--map "+text.ShellQuote(cell+"="+f.String()))
		if kind, _ := strings.CutSuffix(normalize(cell), "id"); f == linker.FieldExternalID {
			dataType = linker.DataTypeMeant(kind + "s")
		}
	}
	if dataType != "" && wanted(linker.FieldDataType) && !fed[linker.FieldDataType] {
		flags = append(flags, "--set dataType="+dataType)
	}
	return strings.Join(flags, " ")
}
