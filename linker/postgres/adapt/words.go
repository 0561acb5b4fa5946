package adapt

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"relink/linker"
	"relink/linker/text"
)

const (
	// sampledRows bounds what is read of a table for its words.
	sampledRows = 10_000
	// sampleWhole is up to how many rows a table is read from its beginning; of a
	// larger one blocks are taken at random.
	sampleWhole = 100_000
	// maxWords is how many different values a column of words may have.
	maxWords = 40
)

// word is one of the platform's words for a data type or a trigger.
type word struct {
	text   string
	own    string // relink's, "" for unknown
	leftAs bool   // the caller said that it stands for none of relink's
}

// wordsOf finds the words in a column: the labels of an enum, those that a check
// constraint allows, and those in a sample of the rows. closed means that there can
// be no others.
func wordsOf(ctx context.Context, tx pgx.Tx, t *table, c *column) (all []string, closed bool, err error) {
	if len(c.Labels) > 0 {
		return c.Labels, true, nil
	}
	for _, m := range quotedWord.FindAllStringSubmatch(c.Checks, -1) {
		all = append(all, strings.ReplaceAll(m[1], "''", "'"))
	}
	closed = len(all) > 0
	if !t.MayRead {
		return all, closed, nil
	}
	from := t.Quoted
	if t.IsTable && t.Rows > sampleWhole {
		from += fmt.Sprintf(" TABLESAMPLE SYSTEM (%g)", min(100, 100*2*sampledRows/t.Rows))
	}
	rows, err := tx.Query(ctx, fmt.Sprintf(
		"SELECT DISTINCT %[1]s::text FROM (SELECT %[1]s FROM %[2]s WHERE %[1]s IS NOT NULL LIMIT %[3]d) AS sample LIMIT %[4]d",
		c.Quoted, from, sampledRows, maxWords+1))
	if err != nil {
		return nil, false, fmt.Errorf("reading the words in %s.%s: %w", t.Quoted, c.Name, err)
	}
	sampled, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, false, fmt.Errorf("reading the words in %s.%s: %w", t.Quoted, c.Name, err)
	}
	all = slices.Compact(slices.Sorted(slices.Values(append(all, sampled...))))
	return all, closed, nil
}

var quotedWord = regexp.MustCompile(`'((?:[^']|'')*)'`)

// dataTypes are the words of CRMs and their owners' languages for data types, by
// their beginnings. The rules for files know the English ones, too.
var dataTypes = []struct {
	own   string
	stems []string
}{
	{"OPPORTUNITY", []string{"deal", "opportunit", "opp", "chance", "verkaufschance", "geschaeft", "auftrag", "affaire", "oportunidad", "negocio"}},
	{"ACCOUNT", []string{"account", "compan", "organi", "firma", "firmen", "unternehmen", "konto", "entreprise", "empresa", "societe"}},
	{"CONTACT", []string{"contact", "person", "people", "kontakt", "ansprechpartner", "personne", "contacto"}},
	{"LEAD", []string{"lead", "prospect", "interessent"}},
	{"ENGAGEMENT", []string{"engagement", "activit", "task", "event", "meeting", "aktivitaet", "aufgabe", "termin", "besprechung", "activite", "actividad"}},
}

// dataTypeOf is relink's word for a data type of the platform's, "" when that is not
// clear.
func dataTypeOf(s string) string {
	if own := text.Word(linker.DataTypes, s); own != "" {
		return own
	}
	if own := linker.DataTypeMeant(s); own != "" {
		return own
	}
	found := ""
	for _, d := range dataTypes {
		if holds(words(s), d.stems) == "" {
			continue
		}
		if found != "" {
			return "" // a contact of a company: which of the two?
		}
		found = d.own
	}
	return found
}

// triggers are what platforms call the ways in which a link came to be.
var triggers = map[string]string{
	"web": "USER_LINK_WEB", "manual": "USER_LINK_WEB", "user": "USER_LINK_WEB", "manuell": "USER_LINK_WEB", "benutzer": "USER_LINK_WEB", "hand": "USER_LINK_WEB",
	"mobile": "USER_LINK_MOBILE", "mobil": "USER_LINK_MOBILE", "app": "USER_LINK_MOBILE",
	"calendar": "CALENDAR_MATCH", "kalender": "CALENDAR_MATCH", "api": "EXTERNAL_API_LINK", "schnittstelle": "EXTERNAL_API_LINK",
	"deeplink": "CRM_DEEPLINK", "unlink": "USER_UNLINK", "import": "EXTERNAL_API_LINK",
}

func triggerOf(s string) string {
	if own := linker.TriggerMeant(s); own != "" {
		return own
	}
	return triggers[flat(s)]
}

// understood gives each word its meaning. given are the meanings that the caller
// knows, "-" for none.
func understood(all []string, meaning func(string) string, given map[string]string) []word {
	var ws []word
	for _, s := range all {
		w := word{text: s, own: meaning(s)}
		if own, is := given[s]; is {
			w.own, w.leftAs = own, own == "-"
			if w.leftAs {
				w.own = ""
			}
		}
		ws = append(ws, w)
	}
	return ws
}

// mapping is what a profile says about words: those that relink has others for, and
// which of several new links get.
func mapping(ws []word) (reads, writes map[string]string) {
	reads, writes = map[string]string{}, map[string]string{}
	several := map[string][]string{}
	for _, w := range ws {
		if w.own == "" {
			continue
		}
		several[w.own] = append(several[w.own], w.text)
		if w.own != w.text {
			reads[w.text] = w.own
		}
	}
	for _, own := range slices.Sorted(maps.Keys(several)) {
		listed := several[own]
		if len(listed) < 2 {
			continue
		}
		writes[own] = listed[0]
		for _, w := range listed { // the plainest name
			if len(w) < len(writes[own]) {
				writes[own] = w
			}
		}
		if slices.Contains(listed, own) {
			writes[own] = own
		}
	}
	return reads, writes
}
