package adapt

import (
	"strings"
	"unicode"
)

// fold writes letters as ASCII has them, so that one list of words finds both ways
// of writing German and French ones.
var fold = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss", "é", "e", "è", "e", "ç", "c", "ñ", "n", "ó", "o", "á", "a", "í", "i", "ã", "a")

// noise are words of names that say nothing about what is in a table.
var noise = map[string]bool{"tbl": true, "t": true, "tab": true, "tb": true, "app": true, "core": true, "v": true, "vw": true}

// words splits a name at its separators and humps: tbl_CallLinks is call, links.
func words(name string) []string {
	var b strings.Builder
	before := rune(0)
	for _, r := range name {
		if unicode.IsUpper(r) && unicode.IsLower(before) {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
		before = r
	}
	all := strings.FieldsFunc(fold.Replace(strings.ToLower(b.String())), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	kept := all[:0]
	for _, w := range all {
		if !noise[w] {
			kept = append(kept, w)
		}
	}
	return kept
}

// flat is a name without its separators.
func flat(name string) string { return strings.Join(words(name), "") }

// holds returns the first of the stems that begins one of the words, or that a
// longer word holds, as German compounds do; "" for none.
func holds(words, stems []string) string {
	for _, stem := range stems {
		for _, w := range words {
			if strings.HasPrefix(w, stem) || len(stem) > 4 && strings.Contains(w, stem) {
				return stem
			}
		}
	}
	return ""
}

// singular takes the plural away that table names mostly have.
func singular(name string) string {
	for _, ending := range []struct{ plural, singular string }{{"ies", "y"}, {"sses", "ss"}, {"en", ""}, {"s", ""}} {
		if base, is := strings.CutSuffix(name, ending.plural); is && len(base) > 2 {
			return base + ending.singular
		}
	}
	return name
}

// alike tells whether two names are one but for an ending of the plural.
func alike(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	return a == b || len(a) > 3 && len(b)-len(a) < 3 && strings.HasPrefix(b, a)
}
