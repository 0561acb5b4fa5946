package workbook

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

const (
	// MaxRows and maxColumns are what a sheet holds.
	MaxRows    = 1_048_576
	maxColumns = 16_384
	// maxDigits is how many digits of a number a spreadsheet keeps.
	maxDigits = 15
)

// row is a row of a sheet that holds something.
type row struct {
	number int64
	cells  []string
}

// rowReader reads the rows of a sheet.
type rowReader struct {
	dec      *xml.Decoder
	texts    *texts
	dates    []bool // by style
	date1904 bool
	last     int64
}

// next returns the next row; io.EOF after the last.
func (r *rowReader) next() (row, error) {
	for {
		token, err := r.dec.RawToken()
		if err != nil {
			return row{}, err
		}
		switch token := token.(type) {
		case xml.StartElement:
			if token.Name.Local != "row" {
				continue
			}
			number := r.last + 1
			if given := attribute(token, "r"); given != "" {
				if number, err = strconv.ParseInt(given, 10, 64); err != nil || number <= r.last || number > MaxRows {
					return row{}, fmt.Errorf("row %s of the sheet stands behind row %d", given, r.last)
				}
			}
			r.last = number
			cells, err := r.cells()
			return row{number, cells}, err
		case xml.EndElement:
			if token.Name.Local == "sheetData" {
				return row{}, io.EOF
			}
		}
	}
}

// cell is a cell as the sheet has it.
type cell struct {
	kind  string // its type: "s", "str", "inlineStr", "b", "e", "d", "n" or ""
	style int
	value strings.Builder
}

// cells reads the cells up to the end of the row.
func (r *rowReader) cells() ([]string, error) {
	var cells []string
	var c cell
	in, phonetic := false, false
	column := -1
	for {
		token, err := r.dec.RawToken()
		if errors.Is(err, io.EOF) {
			return nil, io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, err
		}
		switch token := token.(type) {
		case xml.StartElement:
			switch token.Name.Local {
			case "c":
				column++
				if given := attribute(token, "r"); given != "" {
					column = columnOf(given)
				}
				if column < len(cells) || column >= maxColumns {
					return nil, fmt.Errorf("a cell of row %d stands in no column, or in that of another", r.last)
				}
				c = cell{kind: attribute(token, "t")}
				c.style, _ = strconv.Atoi(attribute(token, "s")) // none is style 0
			case "v", "t":
				in = !phonetic
			case "rPh":
				phonetic = true
			}
		case xml.CharData:
			if in {
				c.value.Write(token)
			}
		case xml.EndElement:
			switch token.Name.Local {
			case "v", "t":
				in = false
			case "rPh":
				phonetic = false
			case "c":
				text, err := r.text(&c)
				if err != nil {
					return nil, err
				}
				if text == "" {
					continue
				}
				for len(cells) < column {
					cells = append(cells, "")
				}
				cells = append(cells, text)
			case "row":
				return cells, nil
			}
		}
	}
}

// text is what a cell holds, by its type.
func (r *rowReader) text(c *cell) (string, error) {
	value := c.value.String()
	switch c.kind {
	case "s":
		i, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64)
		if err != nil {
			return "", fmt.Errorf("a cell of row %d names the shared text %q", r.last, value)
		}
		text, err := r.texts.at(i)
		return unescape(text), err
	case "str", "inlineStr":
		return unescape(value), nil
	case "b":
		if value == "1" || value == "true" {
			return "TRUE", nil
		}
		return "FALSE", nil
	case "e", "d":
		return value, nil
	}
	if c.style >= 0 && c.style < len(r.dates) && r.dates[c.style] {
		return r.date(value), nil
	}
	return number(value), nil
}

// number is a number as a person would write it, while a spreadsheet keeps all of
// its digits. With more it is what a spreadsheet shows, digits lost.
func number(value string) string {
	value = strings.TrimSpace(value)
	f, err := strconv.ParseFloat(value, 64)
	if err != nil {
		return value
	}
	full := strconv.FormatFloat(f, 'f', -1, 64)
	whole := strings.TrimLeft(full, "-0")
	if digits := strings.IndexByte(whole+".", '.'); digits > maxDigits {
		return strconv.FormatFloat(f, 'E', maxDigits-1, 64)
	}
	return full
}

// date is the day, and the time where it is not midnight, that a number stands
// for: days since the end of 1899, or of 1903.
func (r *rowReader) date(value string) string {
	days, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil || days < 0 || days > 2_958_466 { // the year 9999
		return number(value)
	}
	from := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	if r.date1904 {
		from = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	const secondsOfDay = 24 * 60 * 60
	whole := int(days)
	at := from.AddDate(0, 0, whole).Add(time.Duration((days-float64(whole))*secondsOfDay+0.5) * time.Second)
	if at.Hour() == 0 && at.Minute() == 0 && at.Second() == 0 {
		return at.Format("2006/01/02")
	}
	return at.Format("2006/01/02 15:04:05")
}

// unescape reads _x000D_, as a workbook writes characters that XML does not have.
func unescape(text string) string {
	const length = len("_x000D_")
	at := strings.Index(text, "_x")
	if at < 0 {
		return text
	}
	var b strings.Builder
	for ; at >= 0; at = strings.Index(text, "_x") {
		b.WriteString(text[:at])
		text = text[at:]
		if len(text) >= length && text[length-1] == '_' {
			if code, err := strconv.ParseUint(text[2:length-1], 16, 16); err == nil {
				b.WriteRune(rune(code))
				text = text[length:]
				continue
			}
		}
		b.WriteString(text[:2])
		text = text[2:]
	}
	b.WriteString(text)
	return b.String()
}

// columnOf is the column of a cell from 0: 2 of "C7", -1 of no column.
func columnOf(reference string) int {
	column := 0
	for i := range len(reference) {
		b := reference[i] &^ 0x20
		if b < 'A' || b > 'Z' || column > maxColumns {
			break
		}
		column = 26*column + int(b-'A') + 1
	}
	return column - 1
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name && a.Name.Space == "" {
			return a.Value
		}
	}
	return ""
}
