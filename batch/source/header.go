package source

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"relink/batch/source/raw"
	"relink/linker"
	"relink/linker/text"
)

// headerLines is how many lines are searched for a header when the first line
// is not one, so that the error can name its line.
const headerLines = 20

// readHeader reads up to the first record of a CSV file: a "sep=" line, blank
// lines and the header. raw is all of it, with the byte order mark.
func (c *csvReader) readHeader(in Input, name string, n *names) (head []byte, err error) {
	given, err := ParseDelimiter(in.Delimiter)
	if err != nil {
		return nil, &raw.Error{What: "--delimiter: " + err.Error(), Remedy: "give one character, or comma, semicolon, tab or pipe"}
	}
	before, first, err := c.seekHeader(name)
	if err != nil {
		return nil, err
	}
	if first.sep != 0 && given == 0 {
		given = first.sep
	}
	c.delimiter = given
	if given == 0 {
		c.delimiter = guessDelimiter(first.text, n)
	}
	c.quotes.delimiter = []byte(string(c.delimiter))

	f, err := c.frame()
	if err != nil {
		return nil, err
	}
	place := fmt.Sprintf("%s:%d", name, f.line)
	if err := c.refuseHeader(f, place, n); err != nil {
		return nil, err
	}
	head = append(before, f.raw...)
	c.all = newCells(c.delimiter, -1)
	_, cells := c.split(f.text)
	if len(cells) > maxColumns {
		return nil, &raw.Error{
			Place: place, What: fmt.Sprintf("the header has %d columns, more than the %d that are read", len(cells), maxColumns),
			Remedy: "check that this is a file of links and that its delimiter is right; name the delimiter with --delimiter",
		}
	}
	cells = slices.Clone(cells)
	if err := c.refuseQuotedLine(f.text, cells, place, in.Set); err != nil {
		return nil, err
	}
	if c.head, err = matchColumns(cells, n, in.Set, place); err != nil {
		var e *raw.Error
		if missing := missingFields(c.head.fields, n, in.Set); missing != "" && errors.As(err, &e) {
			if hint := c.headerHint(f.line+f.lines, n, in.Set); hint != "" {
				e.Remedy = hint
			}
		}
		return nil, err
	}
	for i, cell := range cells {
		if f := c.head.fields[i]; f == noField && holdsRow(cell, c.delimiter) {
			return nil, &raw.Error{
				Place: place, What: c.column(i) + " of the header holds a row: a stray quote or a missing line end",
				Remedy: "fix the header",
			}
		}
	}
	if given == 0 && c.delimiter != ',' {
		c.notes.add("the delimiter is %q, as the header shows", c.delimiter)
	}
	for _, cell := range cells {
		if cell != "" && !n.knows(cell) {
			c.notes.ignored("column", cell)
		}
	}
	return head, nil
}

// firstLine is the line on which a header starts.
type firstLine struct {
	text string
	sep  rune // from a "sep=" line above it, 0 for none
}

// seekHeader skips the lines above the header and returns the header's bytes.
func (c *csvReader) seekHeader(name string) (before []byte, first firstLine, err error) {
	for {
		at, number := len(c.lines.Record()), c.lines.Number
		l, err := c.lines.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil, first, &raw.Error{Place: name, What: "the file is empty", Remedy: "it must begin with a header line"}
		case err != nil:
			return nil, first, err
		case l.Long:
			return nil, first, &raw.Error{
				Place: name, What: fmt.Sprintf("there is no header within the first %d bytes", raw.MaxRecord),
				Remedy: "check that this is a CSV file",
			}
		}
		c.decode(l.Text)
		text := l.Text
		if !c.charset.Plain() {
			text = c.decoded
		}
		if err := refuseBinary(text, name); err != nil {
			return nil, first, err
		}
		if sep := sepLine(string(text)); sep != 0 && first.sep == 0 {
			first.sep = sep
			continue
		}
		if len(bytes.TrimSpace(text)) == 0 {
			continue
		}
		first.text = string(bytes.TrimPrefix(text, raw.BOMs[0].Mark))
		before = slices.Clone(c.lines.Record()[:at])
		if c.titles && !isHeader(splitLine(first.text, ','), c.names) {
			if at, number, err = c.skipTitles(at, number); err != nil {
				return nil, first, err
			}
			before = nil
		}
		c.lines.Back(at, number)
		return before, first, nil
	}
}

// skipTitles looks for the header below the titles of a sheet, of which the first
// has been cut. It returns where the header is, or where the title is when there
// is no header below it.
func (c *csvReader) skipTitles(at int, number int64) (int, int64, error) {
	for below := range headerLines {
		where, line := len(c.lines.Record()), c.lines.Number
		l, err := c.lines.Next()
		if errors.Is(err, io.EOF) || l.Long {
			break
		}
		if err != nil {
			return at, number, err
		}
		if isHeader(splitLine(string(l.Text), ','), c.names) {
			c.notes.add("the header is row %d of the sheet; %s", line+1, text.Plural(int64(below+1), "row above it is passed over", "rows above it are passed over"))
			return where, line, nil
		}
	}
	return at, number, nil
}

// refuseHeader returns the reason why a header cannot be read.
func (c *csvReader) refuseHeader(f frame, place string, n *names) error {
	switch text := bytes.TrimSpace(f.text); {
	case bytes.HasPrefix(text, []byte("[{")), string(text) == "[":
		return jsonArray(text, place, n)
	case bytes.HasPrefix(text, []byte("{")):
		if err := refuseEnvelope(text, place, n); err != nil {
			return err
		}
		return &raw.Error{Place: place, What: "the header looks like JSON", Remedy: "for one object a line give --format jsonl"}
	case f.code == "":
		return nil
	case f.code == linker.RecordTooLong:
		return &raw.Error{Place: place, What: "the header is " + fmt.Sprintf("longer than %d bytes", raw.MaxRecord), Remedy: "check that this is a CSV file"}
	case f.badText != "":
		return &raw.Error{
			Place: place, What: "the header holds " + f.badText,
			Remedy: "save the file as UTF-8, or name its encoding with --encoding",
		}
	}
	return &raw.Error{Place: place, What: f.fault(c.position(f.text), c.column), Remedy: "fix the quotes in the header"}
}

// headerHint returns the probable cause when a header lacks columns: it is
// split at the wrong character, is further down, or there is none.
func (c *csvReader) headerHint(next int64, n *names, set linker.Fields) string {
	header := strings.Join(c.head.cells, string(c.delimiter))
	for _, d := range slices.Concat(delimiters, rareDelimiters) {
		if d != c.delimiter && completeLine(header, d, n, set) {
			return fmt.Sprintf("split at %q the header is complete: give --delimiter %s", d, shellWord(d))
		}
	}
	for line := next; line < next+headerLines; line++ {
		c.lines.Begin()
		l, err := c.lines.Next()
		if err != nil || l.Long {
			break
		}
		c.decode(l.Text)
		text := string(l.Text)
		if !c.charset.Plain() {
			text = string(c.decoded)
		}
		for i, cell := range splitLine(text, c.delimiter) {
			if lookInto([]byte(cell), n).isRow && i < len(c.head.cells) {
				return fmt.Sprintf("the rows stand as JSON in the column %s: have its parts exported as columns, or save the column alone as links.jsonl", quoted(c.head.cells[i]))
			}
		}
		for _, d := range delimiters {
			if completeLine(text, d, n, set) {
				return fmt.Sprintf("line %d looks like the header: remove the lines above it", line)
			}
		}
	}
	if slices.ContainsFunc(c.head.cells, isDataType) {
		return "the first line looks like a row; put a header above it: " + strings.Join(linker.ReportedNames(), string(c.delimiter))
	}
	if len(c.head.cells) == 1 && next == 2 && strings.ContainsRune(header, ' ') && c.lines.Number == 1 {
		return "the file holds one sentence and no rows: it may be an answer that was saved in place of the data"
	}
	if len(c.head.cells) == 1 {
		return "the header is one column: name the character between its columns with --delimiter, or its field with --map 'HEADER=field'"
	}
	return ""
}

// refuseQuotedLine refuses a file in which every whole line is in quotes, as
// saved from a sheet with one column.
func (c *csvReader) refuseQuotedLine(line []byte, cells []string, place string, set linker.Fields) error {
	if len(cells) != 1 || line[0] != '"' {
		return nil
	}
	for _, d := range delimiters {
		if strings.ContainsRune(cells[0], d) && completeLine(cells[0], d, c.names, set) {
			return quotedLines(place, cells[0])
		}
	}
	return nil
}

// quotedLines is the error for such a file; line is one of its lines, unquoted.
func quotedLines(place, line string) error {
	file := text.ShellQuote(fileOf(place))
	hint := `take the quotes off: sed -e 's/^"//' -e 's/"\r*$//' -e 's/""/"/g' ` + file + into(place, "csv")
	if strings.Contains(line, `"`) {
		hint = `take all quotes off: tr -d '"' < ` + file + into(place, "csv")
	}
	return &raw.Error{
		Place: place, What: "each whole line is in quotes, so that it is one cell; the sheet had one column", Remedy: hint,
	}
}

// lookAhead checks the lines below the header for a problem that affects all of
// them.
func (c *csvReader) lookAhead(name string) error {
	const linesLooked = 3
	begin, number := c.lines.Begin(), c.lines.Number
	defer func() { c.lines.Back(0, number) }()
	unnamed := 0
	for unnamed < len(c.head.cells) && c.head.cells[len(c.head.cells)-1-unnamed] == "" {
		unnamed++
	}
	looked, quoted, short := 0, 0, 0
	var first string
	for looked < linesLooked && len(c.lines.Record()) < sampleSize {
		l, err := c.lines.Next()
		if err != nil || l.Long {
			break
		}
		c.decode(l.Text)
		line := l.Text
		if !c.charset.Plain() {
			line = c.decoded
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		looked++
		cells := splitLine(string(line), c.delimiter)
		if len(cells) == 1 && len(c.head.cells) > 1 && len(splitLine(cells[0], c.delimiter)) == len(c.head.cells) {
			quoted++
			first = cells[0]
		}
		if unnamed > 0 && len(cells) == len(c.head.cells)-unnamed {
			short++
		}
	}
	switch place := fmt.Sprintf("%s:%d", name, begin); {
	case looked == 0:
	case quoted == looked:
		return quotedLines(place, first)
	case short == looked:
		return &raw.Error{
			Place:  fmt.Sprintf("%s:%d", name, begin-1),
			What:   fmt.Sprintf("every row has %s less than the header, whose last name is empty", text.Plural(int64(unnamed), "cell", "cells")),
			Remedy: "remove the delimiter at the end of the header",
		}
	}
	return nil
}

// shellWord formats a delimiter as a value of --delimiter.
func shellWord(delimiter rune) string {
	if delimiter < ' ' {
		return fmt.Sprintf("$'\\x%02x'", delimiter) // as bash and zsh read it
	}
	return "'" + string(delimiter) + "'"
}

// holdsRow reports whether a cell of a header is part of a row, or has a row
// inside it.
func holdsRow(cell string, delimiter rune) bool {
	if isDataType(cell) {
		return strings.ToUpper(cell) == cell
	}
	return strings.ContainsAny(cell, "\r\n") && slices.ContainsFunc(strings.FieldsFunc(cell, func(r rune) bool {
		return r == delimiter || r == '"' || r == '\n' || r == '\r'
	}), isDataType)
}

// isDataType reports whether a cell is one of a row rather than of a header.
func isDataType(cell string) bool {
	return slices.Contains(linker.DataTypes, strings.ToUpper(strings.TrimSpace(cell)))
}
