package platform

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"relink/linker"
)

// Working tables hold relink's own words. Statements turn the platform's into them
// where they read, in Table, and back where they write. A platform that has the
// same words in columns of one type needs neither, and its working tables have
// that type.

const (
	entityType = Entities + ".data_type"
	linkType   = Links + ".data_type"
)

// fit makes sure that the profile and the columns go together.
func (p *Platform) fit() error {
	if flag, _ := p.Profile.Current.flag(); flag != "" && p.hasTable(Links) {
		switch c, there := p.columns[Links+"."+flag]; {
		case !there:
			return fmt.Errorf("profile: current: recording_links has no column %q", flag)
		case c.kind != "pg_catalog.bool":
			return fmt.Errorf("profile: current: recording_links.%s is %s, not boolean", flag, c.kind)
		case c.readOnly:
			return fmt.Errorf("profile: current: nothing can be written to recording_links.%s", flag)
		}
	}
	if p.hasTable(Recordings) && p.hasTable(Connections) && !p.has(Recordings+".organization_id") && p.has(Connections+".organization_id") {
		return fmt.Errorf("recordings has no organization_id and integration_connections has one: " +
			"show that of each recording in the view recordings, by a join")
	}
	for _, own := range linker.DataTypes {
		if p.mapsTypes() && p.writes("data_type") {
			if _, err := p.written(linkType, p.Profile.DataTypes, own); err != nil {
				return err
			}
		}
	}
	for _, own := range linker.Triggers {
		if p.mapsTriggers(Links+".trigger") && p.writes("trigger") {
			if _, err := p.written(Links+".trigger", p.Profile.Triggers, own); err != nil {
				return err
			}
		}
	}
	return nil
}

func isText(kind string) bool {
	return kind == "" || slices.Contains([]string{textType, "pg_catalog.varchar", "pg_catalog.bpchar"}, kind)
}

// mapsTypes tells whether working tables hold relink's words for data types as text,
// because the platform has other words or columns of different types.
func (p *Platform) mapsTypes() bool {
	if p == nil {
		return false
	}
	entities, links := p.columns[entityType], p.columns[linkType]
	if len(p.Profile.DataTypes) > 0 || p.has(linkType) && entities.kind != links.kind && !(isText(entities.kind) && isText(links.kind)) {
		return true
	}
	lacks := func(own string) bool { return !slices.Contains(entities.labels, own) }
	return entities.labels != nil && slices.ContainsFunc(linker.DataTypes, lacks)
}

func (p *Platform) mapsTriggers(column string) bool {
	return p != nil && (len(p.Profile.Triggers) > 0 || !isText(p.columns[column].kind))
}

// wordType is the type of a working table's column for data types.
func (p *Platform) wordType() string {
	switch {
	case p.mapsTypes():
		return textType
	case p.has(linkType):
		return p.typeOf(linkType)
	}
	return p.typeOf(entityType)
}

// words are those of the platform's words that stand for relink's own, in a column:
// those that the profile lists, then the word itself.
func (p *Platform) words(column string, listed map[string]string, own string) (words []string) {
	labels := p.columns[column].labels
	for _, word := range slices.Sorted(maps.Keys(listed)) {
		if listed[word] == own && (labels == nil || slices.Contains(labels, word)) {
			words = append(words, word)
		}
	}
	kind := p.columns[column].kind
	holds := isText(kind) || strings.HasSuffix(kind, ".citext") || slices.Contains(labels, own)
	if _, other := listed[own]; !other && holds {
		words = append(words, own)
	}
	return words
}

// written is the word that a new link gets for relink's own, "" when the column
// can hold none for it.
func (p *Platform) written(column string, listed map[string]string, own string) (string, error) {
	words := p.words(column, listed, own)
	if word := p.Profile.Writes[own]; word != "" {
		if !slices.Contains(words, word) {
			return "", fmt.Errorf("profile: writes.%s: %s cannot hold %q", own, column, word)
		}
		return word, nil
	}
	if len(words) > 1 && words[len(words)-1] == own {
		words = words[:len(words)-1] // the listed ones come first
	}
	switch len(words) {
	case 0:
		return "", nil
	case 1:
		return words[0], nil
	}
	return "", fmt.Errorf("profile: writes.%s is missing: %s stand for it, and one must be named that new links get", own, strings.Join(words, " and "))
}

// readDataType is a column of data types in relink's words.
func (p *Platform) readDataType(name string) string {
	if !p.mapsTypes() {
		return "data_type"
	}
	return translated("data_type::"+textType, p.Profile.DataTypes)
}

func (p *Platform) readTrigger(name string) string {
	column := strings.TrimPrefix(name, Links+".")
	switch {
	case !p.has(name):
		return "NULL::" + textType
	case p.mapsTriggers(name):
		return translated(column+"::"+textType, p.Profile.Triggers)
	}
	return column
}

// translated is an expression of text with each word in the place of another.
func translated(expression string, words map[string]string) string {
	if len(words) == 0 {
		return expression
	}
	var b strings.Builder
	b.WriteString("CASE")
	for _, word := range slices.Sorted(maps.Keys(words)) {
		fmt.Fprintf(&b, " WHEN %s OPERATOR(pg_catalog.=) %s THEN %s", expression, literal(word), literal(words[word]))
	}
	return b.String() + " ELSE " + expression + " END"
}

// writeDataType is the platform's word for a data type of a working table. One that
// the column has no word for is refused by the column's type.
func (p *Platform) writeDataType(value string) string {
	if !p.mapsTypes() {
		return value
	}
	return p.write(linkType, value, p.Profile.DataTypes, linker.DataTypes)
}

func (p *Platform) writeTrigger(column, value string) string {
	if !p.mapsTriggers(column) {
		return value
	}
	return p.write(column, value, p.Profile.Triggers, linker.Triggers)
}

func (p *Platform) write(column, value string, listed map[string]string, known []string) string {
	others := map[string]string{}
	for _, own := range known {
		if word, err := p.written(column, listed, own); err == nil && word != "" && word != own {
			others[own] = word
		}
	}
	return "(" + translated(value+"::"+textType, others) + ")::" + p.typeOf(column)
}

// sameType is true when CRM row e is of a data type of a working table. It compares
// the platform's own column, so that an index on it serves.
func (p *Platform) sameType(e, dataType string) string {
	if !p.mapsTypes() {
		return e + ".data_type = " + dataType
	}
	var b strings.Builder
	for _, own := range linker.DataTypes {
		var words []string
		for _, word := range p.words(entityType, p.Profile.DataTypes, own) {
			words = append(words, literal(word))
		}
		fmt.Fprintf(&b, " WHEN '%s' THEN ARRAY[%s]::%s[]", own, strings.Join(words, ", "), p.typeOf(entityType))
	}
	return fmt.Sprintf("%s.platform_data_type = ANY (CASE %s%s END)", e, dataType, b.String())
}

// literal is text as SQL writes it, whatever standard_conforming_strings is.
func literal(text string) string {
	quoted := "'" + strings.ReplaceAll(text, "'", "''") + "'"
	if strings.Contains(quoted, `\`) {
		return " E" + strings.ReplaceAll(quoted, `\`, `\\`)
	}
	return quoted
}

func quoted(name string) string { return pgx.Identifier{name}.Sanitize() }
