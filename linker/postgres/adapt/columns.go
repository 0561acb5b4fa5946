package adapt

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"relink/linker/postgres/platform"
)

// want is a column that relink reads or writes, and how such columns are called.
type want struct {
	name  string
	kind  func(typeName string) bool
	exact []string // whole names, without separators
	stems []string // words in the name, the best first
	// constant stands in the view where the platform has no such column.
	constant string
	// needed means that there is no constant that would do.
	needed bool
	// tells is how much the column speaks for its table.
	tells float64
}

func isBool(name string) bool { return name == "boolean" }

func isWord(name string) bool {
	return isText(name) || name == "USER-DEFINED" || !isID(name) && !isTime(name) && !isBool(name) && !slices.Contains(others, name)
}

// others are types that are no enum.
var others = []string{
	"jsonb", "json", "date", "numeric", "double precision", "real", "smallint", "bytea", "inet", "interval", "oid", "money", "xml", "tsvector",
	"character", "time without time zone", "time with time zone", "text[]", "uuid[]", "bigint[]", "integer[]", "jsonb[]", "cidr", "macaddr", "bit", "point",
}

func isDeleted(name string) bool { return isTime(name) || isBool(name) }

var (
	organization = want{
		name: "organization_id", kind: isID, tells: 0.5,
		exact: []string{"organizationid", "organisationid", "orgid", "tenantid", "workspaceid", "mandantid", "mandantnr", "tenant", "org", "mandant", "workspace", "customerid", "companyid", "accountid", "kundeid", "firmaid", "teamid"},
		stems: []string{"organi", "tenant", "workspace", "mandant"},
	}
	deleted = want{
		name: "deleted_at", kind: isDeleted, constant: "NULL::timestamptz",
		exact: []string{"deletedat", "deletedon", "deleted", "isdeleted", "removedat", "removedon", "goneat", "trashedat", "discardedat", "geloeschtam", "geloescht", "istgeloescht"},
		stems: []string{"delet", "remov", "geloesch", "gone", "trash", "supprim"},
	}
)

// wanted are the columns of each table, in the order of the reference. The keys
// between the tables are found by reference.
var wanted = map[string][]want{
	platform.Recordings: {
		organization,
		{
			name: "title", kind: isText, constant: "NULL::text", tells: 0.3,
			exact: []string{"title", "subject", "name", "topic", "titel", "betreff", "thema", "titre"},
			stems: []string{"title", "subject", "titel", "betreff"},
		},
		{
			name: "created_at", kind: isTime, constant: "NULL::timestamptz",
			exact: []string{"createdat", "recordedat", "startedat", "startat", "created", "inserted", "insertedat", "begonnenam", "erstelltam", "angelegtam", "createdon"},
			stems: []string{"record", "start", "creat", "erstellt", "angelegt", "begonn"},
		},
		deleted,
	},
	platform.Connections: {
		organization,
		{
			name: "platform", kind: isWord, constant: "'crm'::text", tells: 1,
			exact: []string{"platform", "provider", "vendor", "crm", "system", "kind", "type", "service", "anbieter", "hersteller", "art", "typ", "crmtype", "providername"},
			stems: []string{"provider", "platform", "vendor", "anbiet", "crm"},
		},
		{
			name: "name", kind: isText, constant: "NULL::text",
			exact: []string{"name", "label", "title", "displayname", "bezeichnung", "beschreibung", "description"},
			stems: []string{"name", "label", "bezeichn"},
		},
		{
			name: "is_active", kind: isBool, constant: "true",
			exact: []string{"isactive", "active", "enabled", "isenabled", "aktiv", "istaktiv"},
			stems: []string{"activ", "aktiv", "enabl"},
		},
	},
	platform.Entities: {
		{
			name: "data_type", kind: isWord, needed: true, tells: 1.5,
			exact: []string{"datatype", "objecttype", "entitytype", "recordtype", "kind", "type", "objekttyp", "objektart", "art", "typ", "crmtype", "category", "objecttypename", "resource", "resourcetype"},
			stems: []string{"type", "kind", "typ", "art"},
		},
		{
			name: "external_id", kind: isID, needed: true, tells: 2,
			exact: []string{"externalid", "remoteid", "crmid", "sourceid", "providerid", "foreignid", "externid", "externeid", "externenr", "fremdid", "fremdschluessel", "salesforceid", "sfid", "hubspotid", "extid", "crmrecordid", "remotekey", "objectid", "recordid", "crmobjectid", "originid"},
			stems: []string{"extern", "remote", "fremd", "crmid", "foreign"},
		},
		{
			name: "name", kind: isText, constant: "NULL::text",
			exact: []string{"name", "title", "label", "displayname", "bezeichnung", "titel", "fullname"},
			stems: []string{"name", "title", "bezeichn"},
		},
		{
			name: "last_activity_at", kind: isTime, constant: "NULL::timestamptz",
			exact: []string{"lastactivityat", "lastactivity", "lastmodifiedat", "activityat", "letzteaktivitaet"},
			stems: []string{"activity", "aktivitaet"},
		},
		deleted,
	},
	platform.Links: {
		{
			name: "data_type", kind: isWord,
			exact: []string{"datatype", "objecttype", "entitytype", "recordtype", "kind", "type", "objekttyp", "objektart", "art", "typ", "crmtype", "targettype"},
			stems: []string{"type", "kind", "typ"},
		},
		{
			name: "trigger", kind: isWord, constant: "NULL::text",
			exact: []string{"trigger", "linktrigger", "matchedby", "linkedvia", "via", "origin", "source", "reason", "method", "ausloeser", "anlass", "grund", "quelle", "herkunft", "linksource", "linktype"},
			stems: []string{"trigger", "ausloes", "origin", "anlass", "herkunft", "reason"},
		},
		{
			name: "linked_at", kind: isTime, constant: "NULL::timestamptz", tells: 0.5,
			exact: []string{"linkedat", "createdat", "since", "matchedat", "validfrom", "startedat", "attachedat", "verknuepftam", "seit", "erstelltam", "angelegtam", "insertedat", "created", "linkedon", "zugeordnetam", "gueltigab"},
			stems: []string{"linked", "match", "creat", "since", "verknuepf", "seit", "erstellt", "attach", "angelegt"},
		},
		{
			name: "cleared_at", kind: isTime, constant: "NULL::timestamptz", tells: 1,
			exact: []string{"clearedat", "unlinkedat", "until", "removedat", "endedat", "deletedat", "validto", "validuntil", "detachedat", "geloestam", "geloeschtam", "entferntam", "bis", "ended", "removed", "unlinkedon", "gueltigbis", "beendetam", "discardedat", "replacedat"},
			stems: []string{"clear", "unlink", "until", "remov", "ended", "detach", "geloes", "entfern", "delet", "expire"},
		},
		{
			name: "cleared_trigger", kind: isWord, constant: "NULL::text",
			exact: []string{"clearedtrigger", "unlinktrigger", "clearedreason", "unlinkreason", "removedreason", "clearreason", "geloestgrund", "loesegrund", "unlinkedvia"},
			stems: []string{"cleared", "unlink", "loesegrund"},
		},
	},
}

// find looks for the column in t, but not among those taken. sure means that its
// whole name says so.
func (w want) find(t *table, taken []*column) (c *column, sure bool) {
	fits := func(c *column) bool { return w.kind(c.Type) && !slices.Contains(taken, c) }
	own := words(t.Name)
	for _, name := range w.exact {
		for _, c := range t.columns {
			if fits(c) && (flat(c.Name) == name || without(c.Name, own) == name) {
				return c, true
			}
		}
	}
	for _, stem := range w.stems {
		for _, c := range t.columns {
			if fits(c) && holds(words(c.Name), []string{stem}) != "" {
				return c, false
			}
		}
	}
	return nil, false
}

// without is a column's name without the words that its table is called by.
func without(name string, table []string) string {
	var kept []string
	for _, w := range words(name) {
		if !slices.ContainsFunc(table, func(own string) bool {
			return own == w || singular(own) == w || len(w) > 2 && strings.HasPrefix(own, w)
		}) {
			kept = append(kept, w)
		}
	}
	return strings.Join(kept, "")
}

// found is what stands for a column of the reference.
type found struct {
	name       string
	column     *column // nil for none
	through    *column // the column of a foreign key that leads to the table of column
	confidence Confidence
	why        string
	constant   string // where there is no column
	missing    string // what is wrong when relink cannot do without, "" for nothing
}

// columnsOf finds the columns of one of the four tables. keys are those that the
// other tables tell; given names columns, "-" for none, and "key.column" for the
// column of a table that a foreign key leads to.
func columnsOf(role string, t *table, keys []found, given map[string]string) ([]found, error) {
	all := keys
	var taken []*column
	for i := range all {
		if all[i].column != nil && all[i].through == nil {
			taken = append(taken, all[i].column)
		}
	}
	named := map[string]found{}
	for name, as := range given {
		f, err := givenColumn(role, t, name, as)
		if err != nil {
			return nil, err
		}
		named[name] = f
		if f.column != nil && f.through == nil {
			taken = append(taken, f.column)
		}
	}
	for i := range all {
		if f, is := named[all[i].name]; is {
			f.missing, f.constant = all[i].missing, all[i].constant
			if f.column != nil || all[i].constant != "" {
				f.missing = ""
			}
			all[i] = f
		}
	}
	for _, w := range wanted[role] {
		f, is := named[w.name]
		if !is {
			f = found{name: w.name}
			c, sure := w.find(t, taken)
			if c != nil {
				f.column, f.confidence, f.why = c, Medium, "its name is like it"
				if sure {
					f.confidence, f.why = High, "its name"
				}
				taken = append(taken, c)
			}
		}
		f.constant = w.constant
		if f.column == nil && w.needed {
			f.missing = fmt.Sprintf("%s has no column for %s that relink could tell", t.Name, w.name)
		}
		all = append(all, f)
	}
	return all, nil
}

func givenColumn(role string, t *table, name, as string) (found, error) {
	f := found{name: name, confidence: Given, why: "--column"}
	if as == "-" || as == "" {
		return f, nil
	}
	key, of, through := strings.Cut(as, ".")
	if c := t.column(as); c != nil {
		f.column = c
		return f, nil
	}
	c := t.column(key)
	if c == nil {
		return f, &InputError{
			fmt.Sprintf("--column %s.%s=%s: %s.%s has no column %q", role, name, as, t.Schema, t.Name, key),
			"its columns are " + strings.Join(columnNames(t), ", "),
		}
	}
	if !through {
		f.column = c
		return f, nil
	}
	if c.refersTo == nil {
		return f, &InputError{
			fmt.Sprintf("--column %s.%s=%s: no foreign key leads from %s.%s to another table", role, name, as, t.Name, key),
			"write the join into the view by hand: relink help database",
		}
	}
	if f.column = c.refersTo.column(of); f.column == nil {
		return f, &InputError{
			fmt.Sprintf("--column %s.%s=%s: %s, to which %s refers, has no column %q", role, name, as, c.refersTo.Name, key, of),
			"its columns are " + strings.Join(columnNames(c.refersTo), ", "),
		}
	}
	f.through = c
	return f, nil
}

func columnNames(t *table) []string {
	var names []string
	for _, c := range t.columns {
		names = append(names, c.Name)
	}
	return names
}

// organizationBeyond looks for the organization in the tables that foreign keys of t
// lead to.
func organizationBeyond(t *table) (through, c *column) {
	for _, key := range t.columns {
		if key.refersTo == nil || key.refersTo == t {
			continue
		}
		if c, sure := organization.find(key.refersTo, nil); c != nil && sure {
			return key, c
		}
	}
	return nil, nil
}

// The predicates of unique indexes that say what a current link is.
var (
	isNull = regexp.MustCompile(`^\(?"?([^"() ]+)"? IS NULL\)?$`)
	isTrue = regexp.MustCompile(`^\(?"?([^"() ]+)"?(?: = true| IS TRUE)?\)?$`)
	isNot  = regexp.MustCompile(`^\(?NOT "?([^"() ]+)"?\)?$`)
)

// current says how one sees that a link is current: the way that the unique index on
// the recordings of current links shows it, else by the columns that there are.
func current(t *table, recording *column, columns []found) (way, why string, unique bool) {
	for _, k := range t.uniques {
		if recording == nil || len(k.Columns) != 1 || k.Columns[0] != recording.Name {
			continue
		}
		if k.Predicate == "" {
			return "row", "one row a recording, kept by a unique key", true
		}
		if m := isNull.FindStringSubmatch(k.Predicate); m != nil {
			return m[1], "a unique index says so", true
		}
		if m := isNot.FindStringSubmatch(k.Predicate); m != nil {
			return "flag:!" + m[1], "a unique index says so", true
		}
		if m := isTrue.FindStringSubmatch(k.Predicate); m != nil && t.column(m[1]) != nil {
			return "flag:" + m[1], "a unique index says so", true
		}
	}
	for _, f := range columns {
		if f.name == "cleared_at" && f.column != nil {
			return f.column.Name, "cleared links have a time there", false
		}
	}
	flag := want{kind: isBool, exact: []string{"iscurrent", "current", "isactive", "active", "aktuell", "istaktuell", "aktiv", "istaktiv"}}
	if c, _ := flag.find(t, nil); c != nil {
		return "flag:" + c.Name, "its name", false
	}
	return "row", "no column says that a link was cleared", false
}
