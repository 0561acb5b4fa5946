package linker

import "strings"

// damage is what a spreadsheet does to an id.
type damage uint8

const (
	undamaged damage = iota

	// What no id can be. Such values are refused without looking.
	scientific // 1.23E+17: the plus sign gives it away
	errorWord  // #N/A

	// What ids can be as well: they are looked up first.
	exponent     // 1E5, 001300000E00012
	decimals     // 12345.0
	rounded      // 1234567890123450000
	narrow       // ####
	date         // 5-Mar, 2024-03-05
	foreignError // #NV, #SPILL!
)

func (d damage) certain() bool { return d == scientific || d == errorWord }

// export is the remedy for every damage: the digits are gone, so no repair of
// the file brings them back.
const export = "export again with the column formatted as text, or use the CRM's own CSV export unopened"

// String says what happened and what to do; it follows the value.
func (d damage) String() string {
	switch d {
	case scientific, exponent:
		return "looks like a number that a spreadsheet wrote in scientific notation, digits lost; " + export
	case errorWord, foreignError:
		return "is the error of a spreadsheet formula, not an id; fix the formula, then " + export
	case decimals:
		return "looks like an id that was read as a number with decimals; " + export
	case rounded:
		return "looks like a number that a spreadsheet rounded to 15 digits; " + export
	case narrow:
		return "is what a spreadsheet shows when the column is too narrow; " + export
	case date:
		return "looks like an id that a spreadsheet turned into a date; " + export
	}
	return ""
}

// errorWords are what spreadsheets write for a formula without a value.
var errorWords = []string{"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!"}

// damageOf returns what a spreadsheet may have done to s, which is not empty.
func damageOf(s string) damage {
	switch b := s[0]; {
	case b == '#':
		return hashed(s)
	case b >= '0' && b <= '9', b == '+', b == '-':
		if d := numeric(s); d != undamaged {
			return d
		}
	case !monthInitial(b):
		return undamaged
	}
	if isDate(s) {
		return date
	}
	return undamaged
}

func hashed(s string) damage {
	if word(errorWords, s) != "" {
		return errorWord
	}
	last := s[len(s)-1]
	switch {
	case len(s) > 1 && strings.Trim(s, "#") == "":
		return narrow
	case len(s) > 1 && len(s) <= 16 && (last == '!' || last == '?'), s == "#NV", s == "#NA":
		// Other languages have other words, and newer versions more of them.
		return foreignError
	}
	return undamaged
}

// numeric reads [+-]?\d+([.,]\d+)?([Ee][+-]?\d+)? and judges the parts.
func numeric(s string) damage {
	rest := s
	if rest[0] == '+' || rest[0] == '-' {
		rest = rest[1:]
	}
	whole := digits(rest)
	if whole == 0 {
		return undamaged
	}
	integer := rest[:whole]
	rest = rest[whole:]
	if rest == "" {
		// A spreadsheet keeps 15 digits and fills up with zeros.
		if len(integer) > 15 && strings.Trim(integer[15:], "0") == "" {
			return rounded
		}
		return undamaged
	}
	var fraction string
	if rest[0] == '.' || rest[0] == ',' {
		n := digits(rest[1:])
		fraction = rest[1 : 1+n]
		rest = rest[1+n:]
		if n == 0 {
			return undamaged
		}
		if rest == "" && strings.Trim(fraction, "0") == "" {
			return decimals
		}
	}
	if len(rest) < 2 || rest[0] != 'E' && rest[0] != 'e' {
		return undamaged
	}
	found := exponent
	rest = rest[1:]
	switch rest[0] {
	case '+':
		found, rest = scientific, rest[1:]
	case '-':
		rest = rest[1:]
	}
	if n := digits(rest); n == 0 || n != len(rest) {
		return undamaged
	}
	return found
}

// digits counts the digits that s begins with.
func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}
