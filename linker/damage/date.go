package damage

import (
	"strings"

	"relink/linker/text"
)

// months are the names that spreadsheets write when they turn "3-5" or "MAR5"
// into a date, in English, and in German where it differs.
var months = []string{
	"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "SEPT", "OCT", "NOV", "DEC",
	"MRZ", "MAI", "OKT", "DEZ",
}

// monthInitial reports whether a month's name can begin with b, so that nearly
// all ids that begin with a letter need no closer look.
func monthInitial(b byte) bool {
	switch b | 0x20 {
	case 'j', 'f', 'm', 'a', 's', 'o', 'n', 'd':
		return true
	}
	return false
}

// longestDate is a date with time, fraction and zone.
const longestDate = len("2024-03-05T12:34:56.123456+00:00")

// isDate reports whether s is a date as a spreadsheet writes it: three numbers
// that can be day, month and year in some order, with or without a time, or a
// month's name with a number on one side or on both.
func isDate(s string) bool {
	if len(s) < len("5-Mar") || len(s) > longestDate {
		return false
	}
	a, separator, rest := cutDatePart(s)
	b, second, rest := cutDatePart(rest)
	if a == "" || b == "" || strings.IndexByte("-/. ", separator) < 0 {
		return false
	}
	if second == 0 {
		return month(a) && dayOrYear(b) || dayOrYear(a) && month(b)
	}
	c, third, rest := cutDatePart(rest)
	if second != separator || third != 0 && (third != ' ' && third != 'T' || !isTime(rest)) {
		return false
	}
	switch {
	case month(b):
		return dayOrYear(a) && dayOrYear(c)
	case len(a) == 4: // 2024-03-05
		return upTo(31, b) && upTo(31, c) && (upTo(12, b) || upTo(12, c))
	case len(c) == 4 || len(c) == 2: // 5.3.2024, 3/5/24
		return text.Digits(c) == len(c) && upTo(31, a) && upTo(31, b) && (upTo(12, a) || upTo(12, b))
	}
	return false
}

// cutDatePart cuts s at its first byte that is neither digit nor letter, or at
// the T between date and time. The separator is 0 at the end. A part longer
// than any in a date is "".
func cutDatePart(s string) (part string, separator byte, rest string) {
	n := text.Digits(s)
	if n == 0 {
		for n < len(s) && (s[n]|0x20 >= 'a' && s[n]|0x20 <= 'z') {
			n++
		}
	}
	if n > 4 {
		return "", 0, ""
	}
	if n == len(s) {
		return s, 0, ""
	}
	return s[:n], s[n], s[n+1:]
}

func month(s string) bool { return text.Word(months, s) != "" }

func dayOrYear(s string) bool { return s != "" && text.Digits(s) == len(s) && len(s) != 3 }

// upTo reports whether s is a number of one or two digits from 1 to n.
func upTo(n int, s string) bool {
	if s == "" || len(s) > 2 || text.Digits(s) != len(s) {
		return false
	}
	v := 0
	for i := range len(s) {
		v = 10*v + int(s[i]-'0')
	}
	return v >= 1 && v <= n
}

// isTime reports whether s can be what follows the date: "12:34", "9:05 PM".
func isTime(s string) bool {
	return text.Digits(s) > 0 && strings.Contains(s, ":") && strings.Trim(s, "0123456789:.,+-ZAPM ") == ""
}
