package platform

import (
	"cmp"
	"fmt"
	"strings"
	"text/template"
)

// Functions are what templates of statements may call, for platform p; for nil
// they have their names only.
func Functions(p *Platform) template.FuncMap {
	return template.FuncMap{
		"links": p.links, "newLink": p.newLink, "newValues": p.newValues, "clear": p.clear,
		"current": p.IsCurrent, "onlyCurrent": p.onlyCurrent, "deletes": p.Deletes, "clearedAt": p.clearedAt, "linkedAt": p.linkedAt,
		"type": p.typeOf, "idType": p.idType, "wordType": p.wordType, "sameType": p.sameType, "inOrder": p.inOrder,
		"outside": outside, "within": p.within, "nearKey": nearKey, "looseKey": looseKey, "mentionKey": mentionKey, "shape": shape, "asExpected": p.asExpected, "others": others,
	}
}

// has tells whether a table, or the view in its place, has a column. Of a platform
// that was not looked at all are as the reference's.
func (p *Platform) has(column string) bool {
	if p == nil || p.columns == nil {
		return true
	}
	_, there := p.columns[column]
	return there
}

func (p *Platform) hasTable(name string) bool { return p.has(name + ".id") }

// writes tells whether a column of the links can be written.
func (p *Platform) writes(column string) bool {
	return p.has(Links+"."+column) && (p == nil || !p.columns[Links+"."+column].readOnly)
}

// Table returns a table as statements that read name it: the table itself where
// all its columns are those of the reference, else a query that shows them so. Of
// such a query PostgreSQL plans what it would plan of the table. It panics for a
// name that is none of the platform's tables.
func (p *Platform) Table(name string) string {
	known, ok := columns[name]
	if !ok {
		panic("the platform has no table " + name)
	}
	base := p.Base(name)
	if !p.hasTable(name) {
		return base // which says that it is missing
	}
	shown := make([]string, 0, len(known)+1)
	asIs := true
	for _, c := range known {
		expression := p.read(name, c.name)
		if expression != c.name {
			asIs = false
			expression += " AS " + c.name
		}
		shown = append(shown, expression)
	}
	if name == Links {
		if flag := p.Flag(); flag != "" {
			asIs = false
			shown = append(shown, quoted(flag))
		}
	}
	if asIs {
		return base
	}
	if name == Entities {
		shown = append(shown, "data_type AS platform_data_type")
	}
	return "(SELECT " + strings.Join(shown, ", ") + " FROM " + base + " AS own)"
}

// read is a column as the reference has it.
func (p *Platform) read(table, column string) string {
	name := table + "." + column
	switch name {
	case Entities + ".data_type":
		return p.readDataType(name)
	case Links + ".data_type":
		if p.has(name) {
			return p.readDataType(name)
		}
		// The link has the type of its CRM row.
		return "(SELECT e.data_type FROM " + p.Table(Entities) + " AS e WHERE e.id OPERATOR(pg_catalog.=) own.entity_id)"
	case Links + ".trigger", Links + ".cleared_trigger":
		return p.readTrigger(name)
	}
	if p.has(name) {
		return column
	}
	switch column {
	case "organization_id":
		return literal(p.Schema) + "::" + textType
	case "is_active":
		return "true"
	case "merged_into_id":
		return "NULL::" + p.typeOf(EntityID)
	case "created_at", "deleted_at", "last_activity_at", "linked_at", "cleared_at":
		return "NULL::pg_catalog.timestamptz"
	}
	return "NULL::" + textType
}

// KeepsPast tells whether the links say when each was made and cleared.
func (p *Platform) KeepsPast() bool {
	return !p.Deletes() && p.has(Links+".linked_at") && p.has(Links+".cleared_at")
}

// links is the table of links as statements that write name it.
func (p *Platform) links() string { return p.Base(Links) }

// Deletes tells whether links are cleared by deleting them.
func (p *Platform) Deletes() bool { return p != nil && p.Profile.Current == CurrentRow }

// IsCurrent is an expression that is true of link l, of the table itself or of what
// Table makes of it, while it is current.
func (p *Platform) IsCurrent(l string) string { return p.isCurrent(l + ".") }

// Flag is the column of the links that says which are current, "" for none.
func (p *Platform) Flag() string {
	if p == nil {
		return ""
	}
	flag, _ := p.Profile.Current.flag()
	return flag
}

func (p *Platform) isCurrent(prefix string) string {
	if p.Deletes() {
		return "true"
	}
	if p != nil {
		switch flag, inverted := p.Profile.Current.flag(); {
		case inverted:
			return "NOT " + prefix + quoted(flag)
		case flag != "":
			return prefix + quoted(flag)
		}
	}
	return prefix + "cleared_at IS NULL"
}

// onlyCurrent is the predicate of the unique index that keeps one current link of
// a recording, as ON CONFLICT takes it.
func (p *Platform) onlyCurrent() string {
	if p.Deletes() {
		return ""
	}
	return " WHERE " + p.isCurrent("")
}

// linkedAt and clearedAt are the times of link l. A platform without times says
// of a link that is not current at least that.
func (p *Platform) linkedAt(l string) string {
	if !p.has(Links + ".linked_at") {
		return "NULL::pg_catalog.timestamptz"
	}
	return l + ".linked_at"
}

func (p *Platform) clearedAt(l string) string {
	if p == nil || p.isCurrent("") == "cleared_at IS NULL" || p.Deletes() {
		return l + ".cleared_at"
	}
	return fmt.Sprintf("CASE WHEN NOT (%s) THEN coalesce(%s.cleared_at, %s.linked_at) END", p.IsCurrent(l), l, l)
}

// linkColumns are what a new link is made of, each with its value, "" for the
// column of the same name.
var linkColumns = []struct{ name, value string }{
	{"recording_id", ""},
	{"data_type", ""},
	{"entity_id", ""},
	{"trigger", ""},
	{"linked_at", "pg_catalog.clock_timestamp()"},
}

// newLink lists the columns of a new link that can be written.
func (p *Platform) newLink() string {
	var names []string
	for _, c := range linkColumns {
		if p.writes(c.name) {
			names = append(names, c.name)
		}
	}
	if flag := p.Flag(); flag != "" {
		names = append(names, quoted(flag))
	}
	return strings.Join(names, ", ")
}

// newValues are their values, of columns of the relation from.
func (p *Platform) newValues(from string) string {
	var values []string
	for _, c := range linkColumns {
		switch value := cmp.Or(c.value, from+"."+c.name); {
		case !p.writes(c.name):
		case c.name == "data_type":
			values = append(values, p.writeDataType(value))
		case c.name == "trigger":
			values = append(values, p.writeTrigger(Links+".trigger", value))
		default:
			values = append(values, value)
		}
	}
	if p != nil {
		if flag, inverted := p.Profile.Current.flag(); flag != "" {
			values = append(values, fmt.Sprint(!inverted))
		}
	}
	return strings.Join(values, ", ")
}

// clear begins the statement that clears links l for a trigger, as far as the
// relations that it is joined with: they and its conditions follow.
func (p *Platform) clear(trigger string) string {
	if p.Deletes() {
		return "DELETE FROM " + p.links() + " AS l\nUSING"
	}
	var set []string
	if p != nil {
		if flag, inverted := p.Profile.Current.flag(); flag != "" {
			set = append(set, fmt.Sprintf("%s = %t", quoted(flag), inverted))
		}
	}
	if p.writes("cleared_at") {
		at := "pg_catalog.clock_timestamp()"
		if p.has(Links + ".linked_at") {
			at = "greatest(" + at + ", l.linked_at)"
		}
		set = append(set, "cleared_at = "+at)
	}
	if p.writes("cleared_trigger") {
		set = append(set, "cleared_trigger = "+p.writeTrigger(Links+".cleared_trigger", trigger))
	}
	return "UPDATE " + p.links() + " AS l\nSET " + strings.Join(set, ",\n    ") + "\nFROM"
}

// outside is true of a link that is outside a scope, whose connections, data
// types and organizations are the parameters first, first+1 and first+2, null
// for those that do not limit. It is null where a part of the link is not known:
// what is inside, it IS NOT TRUE of.
func outside(connection, dataType, organization string, first int) string {
	return fmt.Sprintf("(%s::text <> ALL ($%d::text[]) OR %s::text <> ALL ($%d::text[]) OR %s::text <> ALL ($%d::text[]))",
		connection, first, dataType, first+1, organization, first+2)
}

// within is true of a CRM row in one of the connections that parameter n lists, or
// of all when it is null. Unlike outside it is written so that an index on the
// connection serves it: a small tenant's run does not read the whole platform.
func (p *Platform) within(connection string, n int) string {
	cast := ""
	if t := p.idType(ConnectionOfEntity); t != textType {
		cast = "::" + t + "[]"
	}
	return fmt.Sprintf("($%[1]d::text[] IS NULL OR %[2]s = ANY ($%[1]d::text[]%[3]s))", n, connection, cast)
}

// asExpected is whether a link to CRM row entity is what a staged row expects, null
// where it expects nothing. The CRM row's externalId is looked up only where the
// row expects one.
func (p *Platform) asExpected(row, entity string) string {
	return fmt.Sprintf(`CASE
            WHEN %[1]s.expected IS NULL THEN NULL
            WHEN %[1]s.expected = '-' THEN %[2]s IS NULL
            WHEN %[1]s.expected_external_ids IS NULL THEN (%[2]s = %[1]s.expected_entity_id) IS TRUE
            ELSE EXISTS (
                SELECT FROM platform.crm_entities AS linked
                WHERE linked.id = %[2]s AND linked.external_id = ANY (%[1]s.expected_external_ids::%[3]s[])
            )
        END`, row, entity, p.idType(ExternalID))
}

// others joins, as theirs, the connection of the CRM row of a link that belongs to
// another organization than the caller's, which is a parameter and null for any.
// For the caller such a link does not exist.
func others(entity string, organization int) string {
	return fmt.Sprintf(`LEFT JOIN platform.crm_entities AS linked
        ON linked.id = %[1]s
        AND $%[2]d::text IS NOT NULL
    LEFT JOIN platform.integration_connections AS theirs
        ON theirs.id = linked.integration_connection_id
        AND theirs.organization_id::text <> $%[2]d`, entity, organization)
}

// nearKey is what ids share that differ in letter case or leading zeros only. It
// follows ASCII, as ids do, which is many times faster than a language's rules.
func nearKey(id string) string { return fmt.Sprintf(`ltrim(lower(%s::text COLLATE "C"), '0')`, id) }

// shape is what ids of one kind share: runs of digits, of small letters and of
// capitals are one character each, and a UUID is "uuid".
func shape(id string) string {
	return fmt.Sprintf(`CASE
            WHEN %[1]s COLLATE "C" ~ '^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$' THEN 'uuid'
            ELSE regexp_replace(regexp_replace(regexp_replace(%[1]s COLLATE "C", '[0-9]+', '9', 'g'), '[a-z]+', 'a', 'g'), '[A-Z]+', 'A', 'g')
        END`, id)
}

// mentionKey is linker.MentionKey of an id.
func mentionKey(id string) string {
	return fmt.Sprintf(`regexp_replace(lower(%s::text COLLATE "C"), '^[^0-9a-z]+|[^0-9a-z]+$', '', 'g')`, id)
}

// looseKey is what ids share that differ in letter case, leading zeros or
// anything but letters and digits. Letters beyond ASCII are left out of it:
// which of them differ in case only would depend on the database's locale, and
// where the key is used, to take too many ids for one is the safe side.
func looseKey(id string) string {
	return fmt.Sprintf(`ltrim(regexp_replace(regexp_replace(lower(%s::text COLLATE "C"), '^urn:uuid:', ''), '[^a-z0-9]+', '', 'g'), '0')`, id)
}
