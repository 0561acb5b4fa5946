package adapt

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"relink/linker/postgres/platform"
)

// role is one of the four relations that relink needs, and how tables that play it
// are called.
type role struct {
	name  string
	stems []string // words in the names of such tables
	not   []string // words in the names of their neighbours
}

// roles are in the order in which what is found is printed.
var roles = []role{
	{
		platform.Recordings,
		[]string{"recording", "call", "conversation", "meeting", "aufnahm", "aufzeichn", "gespraech", "anruf", "enregistrement", "appel", "grabacion", "llamada", "session"},
		nil,
	},
	{
		platform.Connections,
		[]string{"connection", "integration", "crmsource", "source", "anbindung", "verbindung", "schnittstelle", "connexion", "crmaccount", "instance", "crmsystem", "system", "quelle"},
		[]string{"link", "match"},
	},
	{
		platform.Entities,
		[]string{"entit", "object", "objekt", "record", "datens", "crmrow", "item", "objet", "crm"},
		[]string{"recording", "link", "connection", "integration"},
	},
	{
		platform.Links,
		[]string{"link", "association", "match", "verknuepf", "zuordn", "relation", "mapping", "assignment", "attachment", "lien", "bezug"},
		nil,
	},
}

// neighbours are words in the names of tables that stand beside the four and play
// none of their parts.
var neighbours = []string{
	"transcript", "transkript", "note", "notiz", "participant", "teilnehm", "comment", "komment", "share", "freigab", "segment",
	"summar", "setting", "einstell", "tag", "attendee", "event", "log", "audit", "histor", "queue", "job", "token", "webhook", "protokoll",
	"draft", "import", "export", "template", "vorlag", "metric", "score", "stat", "view", "field", "feld", "permission", "recht", "error", "outbox",
	"sync", "file", "datei", "scorecard", "snippet", "playlist", "highlight", "archive", "backup", "staging", "tmp", "temp", "migration",
}

// choice is the table that plays a role, and how sure that is.
type choice struct {
	table      *table
	confidence Confidence
	why        string
}

// Confidence says how sure a guess is.
type Confidence string

// The confidences; given is what the caller said.
const (
	High   Confidence = "high"
	Medium Confidence = "medium"
	Low    Confidence = "low"
	Given  Confidence = "given"
)

// scored is how well a table plays a role.
type scored struct {
	table *table
	score float64
	why   []string
}

func (r role) score(t *table) scored {
	s := scored{table: t}
	name := words(t.Name)
	add := func(points float64, why string) {
		s.score += points
		if why != "" {
			s.why = append(s.why, why)
		}
	}
	if stem := holds(name, r.stems); stem != "" {
		add(3, fmt.Sprintf("its name has %q", stem))
	}
	if holds(name, r.not) != "" {
		add(-3, "")
	}
	if holds(name, neighbours) != "" {
		add(-4, "")
	}
	if t.IsTable && t.id() == nil {
		add(-3, "")
	}
	if !t.IsTable {
		add(-1, "")
	}
	if t.Rows > 0 {
		add(0.3, "")
	}
	for _, want := range wanted[r.name] {
		if want.tells > 0 {
			if c, _ := want.find(t, nil); c != nil {
				add(want.tells, "")
			}
		}
	}
	if r.name == platform.Links {
		if holds(name, roles[0].stems) != "" || holds(name, roles[2].stems) != "" {
			add(1, "")
		}
		for _, c := range t.columns {
			if n := flat(c.Name); n == "url" || n == "href" || n == "slug" {
				add(-4, "") // a table of hyperlinks
			}
		}
	}
	return s
}

// reference is the column of one table that refers to another: by a foreign key, or
// as its name and type say.
func reference(from, to *table) (c *column, declared bool) {
	for _, c := range from.columns {
		if c.refersTo == to {
			return c, true
		}
	}
	id := to.id()
	if id == nil {
		return nil, false
	}
	name := words(to.Name)
	whole, last := singular(strings.Join(name, "")), singular(name[max(0, len(name)-1)])
	for _, c := range from.columns {
		if c.refersTo != nil || family(c.Type) != family(id.Type) || c == from.id() {
			continue
		}
		of := words(c.Name)
		if len(of) > 1 && slices.Contains([]string{"id", "uuid", "key", "nr", "no", "ref", "fk"}, of[len(of)-1]) {
			of = of[:len(of)-1]
		} else if base, is := strings.CutSuffix(strings.Join(of, ""), "id"); is && len(base) > 2 {
			of = []string{base}
		} else {
			continue
		}
		if called := singular(strings.Join(of, "")); alike(called, whole) || alike(called, last) || len(called) > 3 && strings.HasSuffix(whole, called) {
			return c, false
		}
	}
	return nil, false
}

// choose finds the four tables: those that together play their roles best, where
// links refer to recordings and CRM rows, and CRM rows to connections. given names
// tables that the caller knows.
func (c *catalog) choose(given map[string]*table) map[string]choice {
	var candidates [4][]scored
	for i, r := range roles {
		for _, t := range c.tables {
			if t.Name == "" || given[r.name] != nil && given[r.name] != t || slices.Contains(taken(given, r.name), t) {
				continue
			}
			candidates[i] = append(candidates[i], r.score(t))
		}
		slices.SortStableFunc(candidates[i], func(a, b scored) int { return cmp.Compare(b.score, a.score) })
		candidates[i] = candidates[i][:min(len(candidates[i]), maxCandidates)]
	}
	best, found := -1e9, [4]scored{}
	of := [4]map[*table]float64{{}, {}, {}, {}} // the best score with a table in a role
	for _, links := range candidates[3] {
		for _, recordings := range candidates[0] {
			toRecordings := tied(links.table, recordings.table)
			for _, entities := range candidates[2] {
				toEntities := tied(links.table, entities.table)
				for _, connections := range candidates[1] {
					four := [4]scored{recordings, connections, entities, links}
					if repeated(four) {
						continue
					}
					total := toRecordings + toEntities + tied(entities.table, connections.table)
					for _, s := range four {
						total += s.score
					}
					if total > best {
						best, found = total, four
					}
					for i, s := range four {
						if had, there := of[i][s.table]; !there || total > had {
							of[i][s.table] = total
						}
					}
				}
			}
		}
	}
	choices := map[string]choice{}
	for i, r := range roles {
		if found[i].table == nil {
			continue
		}
		choices[r.name] = judged(found, i, of[i], best, given[r.name] != nil)
	}
	return choices
}

// maxCandidates bounds the tables that are tried for a role: their fourth power is
// what choose looks at.
const maxCandidates = 14

func taken(given map[string]*table, but string) (tables []*table) {
	for name, t := range given {
		if name != but {
			tables = append(tables, t)
		}
	}
	return tables
}

func repeated(four [4]scored) bool {
	for i := range four {
		for j := range i {
			if four[i].table == four[j].table {
				return true
			}
		}
	}
	return false
}

// tied is how much speaks for one table's referring to another.
func tied(from, to *table) float64 {
	switch c, declared := reference(from, to); {
	case c == nil:
		return -4
	case declared:
		return 4
	}
	return 2
}

// noDoubt is by how much a choice is better than the next when there is no doubt.
const noDoubt = 2.5

// judged is the choice for a role, with the runner-up when it is close.
func judged(found [4]scored, at int, scores map[*table]float64, best float64, given bool) choice {
	s := found[at]
	why := slices.Clone(s.why)
	referring := func(from, to *table) {
		if c, declared := reference(from, to); c != nil {
			kind := "by its name"
			if declared {
				kind = "by a foreign key"
			}
			why = append(why, fmt.Sprintf("%s.%s refers to it %s", from.Name, c.Name, kind))
		}
	}
	recordings, connections, entities, links := found[0].table, found[1].table, found[2].table, found[3].table
	switch s.table {
	case recordings, entities:
		referring(links, s.table)
	case connections:
		referring(entities, s.table)
	case links:
		var to []string
		for _, t := range []*table{recordings, entities} {
			if c, _ := reference(links, t); c != nil {
				to = append(to, t.Name)
			}
		}
		if len(to) > 0 {
			why = append(why, "it refers to "+strings.Join(to, " and "))
		}
	}
	margin, second := 1e9, ""
	for t, score := range scores {
		if t != s.table && best-score < margin {
			margin, second = best-score, t.Schema+"."+t.Name
		}
	}
	c := choice{table: s.table, confidence: Low}
	switch {
	case given:
		c.confidence = Given
	case margin >= noDoubt && best > 10:
		c.confidence = High
	case margin >= 1.5 && best > 5:
		c.confidence = Medium
	}
	if !given && margin < noDoubt {
		why = append(why, "or is it "+second+"?")
	}
	c.why = strings.Join(why, "; ")
	return c
}
