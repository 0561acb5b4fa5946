package linker

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"relink/linker/damage"
	"relink/linker/salesforce"
	"relink/linker/text"
)

// nullWords are what programs write where they have no value. None of them is an
// id unless a row really has it, and letter case does not matter.
var nullWords = []string{
	`\N`, "null", "nil", "none", "nan", "-nan", "nat", "na", "n/a", "n.a.", "n.v.", "k.a.", "undefined", "void", "empty", "blank",
	"missing", "unknown", "not set", "not available", "true", "false", "tbd", "?", "dbnull", "#null", "loading...",
	"error", "fehler", "erreur", "nothing", "not found", "pending", "nul", "n.d.", "s.o.", "n.n.", "wahr", "falsch", "vrai", "faux", "test", "ditto",
	"unset", "keine angabe", "sin datos", "no data", "keine", "leer", "vacío", "vide", "ninguno", "aucun",
	"<unset>", "<unknown>", "<undefined>", "<na>", "<none>", "<null>", "<empty>", "(null)", "(none)", "(blank)", "(empty)", "[null]", "{null}", "{}", "[]",
}

// longestNullWord is the length of the longest of nullWords.
const longestNullWord = 13

// nullWordsByLength are the same words, so that few of them are compared.
var nullWordsByLength = func() (byLength [longestNullWord + 1][]string) {
	for _, w := range nullWords {
		byLength[len(w)] = append(byLength[len(w)], w)
	}
	return byLength
}()

// IsNullWord reports whether s is a word for "no value", an error word of
// LibreOffice, or made of zeros, dashes or dots alone, as the UUID of zeros is.
func IsNullWord(s string) bool {
	if s == "" {
		return false
	}
	if s[0] == '0' && strings.Trim(s, "0-") == "" {
		return true // 0, and the UUID of zeros
	}
	if len(s) > longestNullWord || classes[s[0]]&digit != 0 {
		return false // no word begins with a digit
	}
	if slices.ContainsFunc(nullWordsByLength[len(s)], func(w string) bool {
		return w[0]|0x20 == s[0]|0x20 && strings.EqualFold(w, s)
	}) {
		return true
	}
	return len(s) > 4 && strings.EqualFold(s[:4], "err:") && text.Digits(s[4:]) == len(s)-4 ||
		classes[s[0]]&letter == 0 && strings.Trim(s, "-–—_.*") == ""
}

// Classes of bytes: those that ids are made of.
const (
	letter = 1 << iota
	digit
	dash   // - and _
	mark   // . and :
	others // all the rest
)

var classes = func() (of [256]uint8) {
	for b := range of {
		switch c := byte(b); {
		case c >= '0' && c <= '9':
			of[b] = digit
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
			of[b] = letter
		case c == '-', c == '_':
			of[b] = dash
		case c == '.', c == ':':
			of[b] = mark
		default:
			of[b] = others
		}
	}
	return of
}()

// classesOf are the classes of all bytes of s.
func classesOf(s string) (all uint8) {
	for i := range len(s) {
		all |= classes[s[i]]
	}
	return all
}

// PlainID reports whether s could be the id of a recording by its characters:
// ASCII letters, digits, "-", "_", "." and ":", at least one of them a letter or
// digit, and neither a word for "no value" nor the error of a spreadsheet. An id
// that is not plain can still be one, if a recording has it.
func PlainID(s string) bool {
	all := classesOf(s)
	return all&others == 0 && all&(letter|digit) != 0 && (isNamed(all) || !IsNullWord(s))
}

// isNamed reports whether the classes of an id have letters and digits and no mark,
// as nearly all ids do and no word for "no value" does.
func isNamed(all uint8) bool {
	return all&(letter|digit) == letter|digit && all&mark == 0
}

// noIDs are kinds of damage that an id hardly ever looks like.
var noIDs = []damage.Kind{damage.ForeignError, damage.Date, damage.Narrow}

// oddity describes what a value that is given as an id looks like, and what to
// do about it; "" when nothing is odd. It follows the value in a message. All
// of these are looked up as given, since ids are opaque.
func oddity(s string) string {
	if s == "" || ordinary(s) {
		return ""
	}
	switch {
	case slices.Contains(noIDs, damage.Of(s)):
		return damage.Of(s).String()
	case IsNullWord(s):
		return "is how programs write an empty value; leave the cell empty"
	case strings.HasPrefix(s, "="):
		return formula(s)
	case strings.Contains(s, "://"), len(s) > 4 && strings.EqualFold(s[:4], "www."):
		return address(s)
	case len(s) > 9 && strings.EqualFold(s[:9], "urn:uuid:"):
		return "is an id written as an address; give " + text.Quote(s[9:]) + " alone"
	}
	if inner := enclosed(s); inner != "" {
		return "stands in brackets or quotes; give " + text.Quote(inner) + " alone"
	}
	switch {
	case thousandsSeparated(s):
		return "looks like a number with thousands separators; give the digits alone"
	case strings.ContainsFunc(s, func(r rune) bool { return text.Lookalike(r) != "" }):
		return "holds characters that are not what they look like; copy the id from its source again"
	}
	if parts := several(s); parts > 1 {
		return fmt.Sprintf("looks like %d ids in one cell; give each a row of its own", parts)
	}
	return ""
}

// ordinary reports whether s is made of ASCII letters, digits, "-" and "_" and
// too long for a word: nearly all ids are, and nothing is odd about them.
func ordinary(s string) bool {
	all := classesOf(s)
	return all&(others|mark) == 0 && (isNamed(all) || !IsNullWord(s))
}

// formula describes a formula that a spreadsheet kept as text.
func formula(s string) string {
	inner := strings.TrimPrefix(s, "=")
	if len(inner) > 1 && inner[0] == '"' && inner[len(inner)-1] == '"' {
		return "is an id wrapped in a spreadsheet formula; give " + text.Quote(strings.Trim(inner, `"`)) + " alone"
	}
	// The last text of =HYPERLINK("address","shown") is what is shown.
	if texts := strings.Split(inner, `"`); len(texts) > 2 {
		return "is a spreadsheet formula; give the value it shows, probably " + text.Quote(texts[len(texts)-2])
	}
	return "is a spreadsheet formula; give the value it shows"
}

// address describes a web address and which part of it is probably the id: the
// last that is shaped like a Salesforce id, else the last with a digit.
func address(s string) string {
	_, path, found := strings.Cut(s, "://")
	if !found {
		path = s
	}
	_, path, _ = strings.Cut(path, "/")
	parts := strings.FieldsFunc(path, func(r rune) bool { return strings.ContainsRune("/?&=#", r) })
	var best string
	for _, p := range parts {
		digit := strings.ContainsFunc(p, func(r rune) bool { return r >= '0' && r <= '9' })
		if digit && (salesforce.Is(p) || !salesforce.Is(best)) {
			best = p
		}
	}
	if best == "" {
		return "is a web address; give the id in it alone"
	}
	return "is a web address; give the id in it alone, probably " + text.Quote(best)
}

// enclosed returns the text between brackets or quotes, "" for anything else.
func enclosed(s string) string {
	for _, pair := range []struct{ open, shut string }{
		{"{", "}"},
		{"[", "]"},
		{"(", ")"},
		{"<", ">"},
		{`"`, `"`},
		{"'", "'"},
		{"`", "`"},
		{"“", "”"},
		{"„", "“"},
		{"”", "”"},
		{"‘", "’"},
		{"’", "’"},
		{"«", "»"},
		{"‚", "‘"},
	} {
		if len(s) > len(pair.open)+len(pair.shut) && strings.HasPrefix(s, pair.open) && strings.HasSuffix(s, pair.shut) {
			return s[len(pair.open) : len(s)-len(pair.shut)]
		}
	}
	return ""
}

// thousandsSeparated reports whether s is a number like 1,234,567 and 1 234 567.
func thousandsSeparated(s string) bool {
	groups := strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == '\'' || r == '’' || unicode.IsSpace(r) })
	if len(groups) < 2 || len(groups[0]) > 3 || text.Digits(groups[0]) != len(groups[0]) {
		return false
	}
	for _, g := range groups[1:] {
		if len(g) != 3 || text.Digits(g) != 3 {
			return false
		}
	}
	return true
}

// several counts the ids in one cell: parts that each have a digit.
func several(s string) int {
	parts := strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(";,|", r) || unicode.IsSpace(r) })
	for _, p := range parts {
		if !strings.ContainsFunc(p, unicode.IsDigit) {
			return 1
		}
	}
	return len(parts)
}
