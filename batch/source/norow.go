package source

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"relink/linker"
	"relink/linker/text"
)

// A file made by hand contains lines that are not rows: blank ones, rulers,
// footers, the header repeated. Those that cannot name a recording do not keep
// a reconciliation from clearing links; the text of the others is passed on
// (Record.Stray), since it may name a recording.

// maxStray is the maximum length, in bytes, of the text of a line that is not a
// row.
const maxStray = 1000

// remarks collects notices about lines until the file has been read.
type remarks struct {
	blanks      int64 // records of only delimiters
	firstBlank  int64
	unread      int64 // records in which only ignored columns are filled
	firstUnread int64
	footer      int64 // lines at the end, so far, that look like a footer
	firstFooter int64
	footerText  string
	missing     string // what in the footer says that rows are missing
	lastRow     int64  // the line of the last record that is not blank
	records     int64
	rows        int64 // records that are no ruler and no footer
}

// sheetLines are the maximum numbers of lines in a sheet of spreadsheet
// programs.
var sheetLines = []int64{65_536, 1_048_576}

// row counts a record that is not blank.
func (m *remarks) row(line int64) {
	m.lastRow = line
	m.records++
	m.rows++
	m.footer, m.missing = 0, ""
}

// stray counts a line that looks like part of a footer.
func (m *remarks) stray(line int64, text string) {
	m.records++
	m.lastRow = line
	if m.footer == 0 {
		m.firstFooter, m.footerText = line, text
	}
	m.footer++
	if m.missing == "" && (cutShort.MatchString(text) || m.counts(text)) {
		m.missing = text
	}
}

// cutShort are words with which programs end an export that they did not finish,
// or did not mean to.
var cutShort = regexp.MustCompile(`(?i)\b(error|exception|fail(ed|ure)?|fatal|abort(ed)?|cancel(l?ed|l?ing)|time(d? |-)?out|truncated|incomplete|partial|limit(ed)?|exceeded|` +
	`omitted|skipped|not shown|more|first|only|fehler|abgebrochen|abbruch|gekürzt|unvollständig|weitere|erreur|interrompu|tronqué|incompleto|truncado)\b|\.\.\.|…`)

// counted is a number of rows that a footer tells.
var counted = regexp.MustCompile(`(?i)\b([0-9][0-9.,']*)\s+(rows?|records?|lines?|results?|entries|items|zeilen|datensätze|lignes|enregistrements|filas|registros|righe|linhas)\b`)

// counts reports whether a line of the footer tells another number of rows than
// stand above it.
func (m *remarks) counts(text string) bool {
	found := counted.FindStringSubmatch(text)
	if found == nil {
		return false
	}
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, found[1])
	return digits != strconv.FormatInt(m.rows, 10) && digits != strconv.FormatInt(m.rows+m.blanks, 10)
}

// finish adds the notices, and returns why the file may be incomplete, "" if
// there is no reason to think so.
func (m *remarks) finish(n *notices) (doubt string) {
	if m.blanks > 0 {
		n.add("%s, the first on line %d: no rows", text.Plural(m.blanks, "line holds delimiters only", "lines hold delimiters only"), m.firstBlank)
	}
	if m.unread > 0 {
		n.add("%s, the first on line %d: they are rejected and name no recording",
			text.Plural(m.unread, "row fills only columns that are ignored", "rows fill only columns that are ignored"), m.firstUnread)
	}
	if m.footer > 0 {
		sign := "no sign that a row is missing"
		if m.missing != "" {
			doubt = fmt.Sprintf("the file ends in %s: rows may be missing", quoted(m.missing))
			sign = "rows may be missing"
		}
		n.add("%s, from line %d on (%s): rejected, and %s",
			text.Plural(m.footer, "line at the end looks like a footer", "lines at the end look like a footer"), m.firstFooter, quoted(m.footerText), sign)
	}
	for _, limit := range sheetLines {
		if m.lastRow == limit || m.records+1 == limit {
			doubt = fmt.Sprintf("the file has exactly %d lines, all that a spreadsheet of that kind holds: it may be cut off there", limit)
			n.add("%s", doubt)
		}
	}
	return doubt
}

// isRuler recognizes a line that is only a separator: dashes and what is
// between them.
func isRuler(text string) bool {
	marks := strings.Count(text, "-") + strings.Count(text, "=") + strings.Count(text, "_") + strings.Count(text, "*") + strings.Count(text, "~")
	return marks > 2 && strings.Trim(text, "-=+|_.,;:*~ \t\"") == ""
}

// totals are the words that a line of totals begins with.
var totals = []string{"total", "totals", "grand total", "subtotal", "sum", "count", "average", "summe", "gesamt", "anzahl", "somme", "suma", "totale"}

// isFooter reports whether the cells of a line that is too short are prose
// rather than the beginning of a row: none of them could be an id or a data
// type. A single word could be the beginning of an id, unless it is quoted and
// therefore whole.
func isFooter(cells []string, quoted bool) bool {
	filled := 0
	for _, cell := range cells {
		cell = strings.TrimSpace(cell)
		switch {
		case linker.IsBlank(cell):
			continue
		case filled == 0 && slices.ContainsFunc(totals, func(t string) bool { return strings.EqualFold(strings.TrimRight(cell, ":"), t) }):
			return true
		case linker.PlainID(cell) && (!quoted || len(cells) > 1 || strings.ContainsAny(cell, "0123456789-_.:")), isDataType(cell):
			return false
		}
		filled++
	}
	return filled > 0
}

// repeats reports whether a record is the header repeated: every cell that has
// a name contains that name.
func (h *header) repeats(all []string) bool {
	if len(all) != len(h.cells) {
		return false
	}
	named := 0
	for i, cell := range all {
		if normalize(cell) != normalize(h.cells[i]) {
			return false
		}
		if h.fields[i] != noField {
			named++
		}
	}
	return named > 0
}

// isHeader recognizes the header of another export: at least two of its cells
// are field names, recordingId among them.
func isHeader(all []string, n *names) bool {
	named, recording := 0, false
	for _, cell := range all {
		if f := n.find(cell); f != noField {
			named++
			recording = recording || f == linker.FieldRecordingID
		}
	}
	return recording && named > 1
}

// unusual judges a record that differs from nearly all others: the last of the
// file, one with another number of cells, one that may be a header or be empty.
// found is how many of its cells are filled. It returns whether the record is
// to be skipped.
func (c *csvReader) unusual(f frame, r *Record, found int, all []string) (blank bool) {
	line := string(f.text)
	switch {
	case found == 0:
		c.remarks.blank(f.line)
		return true
	case c.head.repeats(all):
		c.notes.first("header", "line %d repeats the header: no row", f.line)
		return true
	case isHeader(all, c.names):
		c.refuse(f, r, "the header of another export stands here: two files were joined; the columns of the rows below may be others")
	case isRuler(line):
		c.refuse(f, r, "the line is a ruler, not a row")
		c.remarks.rows--
		r.Stray = stray(line)
	case len(all) != len(c.head.cells):
		c.ragged(f, r, all)
	case c.names.own && unread(&r.Fields): // else another reader has the rest
		c.remarks.unreadRow(f.line)
		r.Fields = linker.Fields{}
		r.Fault = &linker.RowError{
			Code:    linker.MissingRecordingID,
			Message: "recordingId is missing, and so is everything else: only columns that are ignored are filled; remove the row",
		}
		r.Stray = stray(line)
	case c.cutOff(f):
		last := len(all) - 1
		c.refuse(f, r, fmt.Sprintf("the last line has no line end although the others have one, and it ends in %s %s: the file may be cut off here; "+
			"get the file again, or add the line end when the id is whole", c.head.fields[last], quoted(all[last])))
	default:
		if c.open(f) && all[len(all)-1] != "" {
			c.notes.doubt("the last line has no line end although the others have one: the file may be cut off there")
		}
		c.remarks.row(f.line)
	}
	return false
}

// refuse makes r a record that cannot be read.
func (c *csvReader) refuse(f frame, r *Record, message string) {
	c.remarks.row(f.line)
	r.Fields, r.Fault = linker.Fields{}, malformed(message)
}

// ragged refuses a record with more or fewer cells than the header.
func (c *csvReader) ragged(f frame, r *Record, all []string) {
	got, want := len(all), len(c.head.cells)
	message := fmt.Sprintf("the record has %d cells, the header has %d", got, want)
	switch {
	case f.last && c.remarks.records > 0 && !bytes.HasSuffix(f.text, []byte(`"`)):
		message += "; it is the last line and has no line end: the file may be cut off here"
	case got == 1 && c.otherDelimiter(all[0]) != 0:
		message += fmt.Sprintf("; its cells are separated by %q: two files were joined, or a part was edited", c.otherDelimiter(all[0]))
	case got < want && f.lines == 1 && len(f.text) <= maxStray && isFooter(all, bytes.HasSuffix(f.text, []byte(`"`))):
		r.Fault = malformed(message + "; the line looks like a title or a footer, not like a row")
		r.Stray = stray(string(f.text))
		c.remarks.stray(f.line, strings.TrimSpace(string(f.text)))
		return
	case got > want && allBlank(all[want:]):
		message += "; the cells beyond it are empty: the line ends in a delimiter that the header has not"
		c.notes.first("surplus", "from line %d on lines end in a delimiter that the header has not; %s", f.line, c.withoutLast(got-want))
	case got > want:
		message += "; put a cell that holds the delimiter in quotes"
	case c.omitted(all):
		message += "; the last cells are left out, as some spreadsheets do where they are empty: a delimiter is missing for each"
		c.notes.first("omitted", "from line %d on lines leave out empty cells at their end; save the file anew with all columns", f.line)
	default:
		message += "; is a delimiter or the end of the line missing?"
	}
	c.refuse(f, r, message)
}

// otherDelimiter is the character that separates the cells of a row or a header
// which the file's own does not cut, 0 when there is none.
func (c *csvReader) otherDelimiter(line string) rune {
	for _, d := range ",;|\t" {
		cells := strings.Split(line, string(d))
		if len(cells) > 1 && slices.ContainsFunc(cells, func(s string) bool { return isDataType(s) || c.names.find(s) != noField }) {
			return d
		}
	}
	return 0
}

// withoutLast is a command that takes n delimiters off the end of each line.
func (c *csvReader) withoutLast(n int) string {
	mark := "[" + string(c.delimiter) + "]"
	if c.delimiter == '\t' {
		mark = `\t`
	}
	return fmt.Sprintf(`sed -E 's/%s{%d}(\r?)$/\1/' removes it`, mark, n)
}

// omitted reports whether a record that is too short may only lack empty cells
// at its end: it does name a recording, a data type and a CRM row.
func (c *csvReader) omitted(all []string) bool {
	filled := func(f linker.Field) bool {
		i := slices.Index(c.head.fields, f)
		return i >= 0 && i < len(all) && !linker.IsBlank(all[i])
	}
	if !filled(linker.FieldRecordingID) || !filled(linker.FieldID) && !filled(linker.FieldExternalID) {
		return false
	}
	i := slices.Index(c.head.fields, linker.FieldDataType)
	return i < 0 || i < len(all) && isDataType(all[i])
}

// cutOff reports whether a record may be cut off in its last cell, which is an
// id.
func (c *csvReader) cutOff(f frame) bool {
	switch c.head.fields[len(c.head.fields)-1] {
	case linker.FieldRecordingID, linker.FieldID, linker.FieldExternalID, linker.FieldConnectionID,
		linker.FieldExpectedEntityID, linker.FieldExpectedExternalID:
		return c.open(f)
	}
	return false
}

// open reports whether a record is the last and ends within a cell that could
// continue: it has no line end, though the others do. A quote or a Ctrl-Z after
// the cell shows that the cell is whole.
func (c *csvReader) open(f frame) bool {
	if !f.last || c.remarks.records == 0 || len(f.text) == 0 {
		return false
	}
	end := f.text[len(f.text)-1]
	marked := bytes.HasSuffix(bytes.TrimRight(f.raw, "\x00"), []byte(endMarks))
	return end != '"' && end > ' ' && !marked && !bytes.HasSuffix(f.text, c.quotes.delimiter)
}

// unread reports whether none of the fields is filled.
func unread(v *linker.Fields) bool {
	for f := range linker.FieldCount {
		if !linker.IsBlank(*v.At(f)) {
			return false
		}
	}
	return true
}

func allBlank(cells []string) bool {
	return !slices.ContainsFunc(cells, func(c string) bool { return !linker.IsBlank(c) })
}

// stray returns the text of a line that is not a row, "" when it is too long to
// be searched.
func stray(text string) string {
	if len(text) > maxStray {
		return ""
	}
	return text
}

func alphanumeric(b byte) bool {
	return b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
}

func (m *remarks) blank(line int64) {
	if m.blanks++; m.blanks == 1 {
		m.firstBlank = line
	}
}

func (m *remarks) unreadRow(line int64) {
	m.row(line)
	if m.unread++; m.unread == 1 {
		m.firstUnread = line
	}
}
