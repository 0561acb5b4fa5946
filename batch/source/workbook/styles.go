package workbook

import (
	"strings"
)

// dateStyles returns which of the cell styles show a number as a date.
func (b *book) dateStyles() ([]bool, error) {
	if b.styles == "" {
		return nil, nil
	}
	var part struct {
		Formats []struct {
			ID   int    `xml:"numFmtId,attr"`
			Code string `xml:"formatCode,attr"`
		} `xml:"numFmts>numFmt"`
		Cells []struct {
			Format int `xml:"numFmtId,attr"`
		} `xml:"cellXfs>xf"`
	}
	if err := b.decode(b.styles, &part); err != nil {
		return nil, err
	}
	custom := map[int]bool{}
	for _, f := range part.Formats {
		custom[f.ID] = isDateFormat(f.Code)
	}
	dates := make([]bool, len(part.Cells))
	for i, c := range part.Cells {
		is, known := custom[c.Format]
		dates[i] = is || !known && isBuiltinDate(c.Format)
	}
	return dates, nil
}

// isBuiltinDate reports whether a number format that every spreadsheet knows is
// one of dates or times: ECMA-376, 18.8.30.
func isBuiltinDate(id int) bool {
	return id >= 14 && id <= 22 || id >= 27 && id <= 36 || id >= 45 && id <= 47 || id >= 50 && id <= 58
}

// isDateFormat reports whether a number format has a day, month, year, hour or
// second outside of quotes, brackets and escapes.
func isDateFormat(code string) bool {
	var closing rune
	escaped := false
	for _, r := range strings.ToLower(code) {
		switch {
		case escaped:
			escaped = false
		case closing != 0:
			if r == closing {
				closing = 0
			}
		case r == '"':
			closing = '"'
		case r == '[':
			closing = ']'
		case r == '\\', r == '_', r == '*':
			escaped = true
		case strings.ContainsRune("dmyhs", r):
			return true
		}
	}
	return false
}
