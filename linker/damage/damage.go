package damage

import (
	"strings"
	"unicode"

	"relink/linker/text"
)

// Kind is what a spreadsheet does to an id.
type Kind uint8

// The kinds of damage.
const (
	None Kind = iota

	// What no id can be. Such values are refused without looking.
	Scientific // 1.23E+17: the plus sign gives it away
	ErrorWord  // #N/A

	// What ids can be as well: they are looked up first.
	Exponent     // 1E5, 001300000E00012
	Decimals     // 12345.0
	Rounded      // 1234567890123450000
	Narrow       // ####
	Date         // 5-Mar, 2024-03-05
	ForeignError // #NV, #SPILL!
)

// Certain reports whether no id can look so.
func (d Kind) Certain() bool { return d == Scientific || d == ErrorWord }

// export is the remedy for every damage: the digits are gone, so no repair of
// the file brings them back.
const export = "export again with the column formatted as text, or use the CRM's own CSV export unopened"

// String describes the damage and what to do; it follows the value.
func (d Kind) String() string {
	switch d {
	case Scientific, Exponent:
		return "looks like a number that a spreadsheet wrote in scientific notation, digits lost; " + export
	case ErrorWord, ForeignError:
		return "is the error of a spreadsheet formula, not an id; fix the formula, then " + export
	case Decimals:
		return "looks like an id that was read as a number with decimals; " + export
	case Rounded:
		return "looks like a number that a spreadsheet rounded to 15 digits; " + export
	case Narrow:
		return "is what a spreadsheet shows when the column is too narrow; " + export
	case Date:
		return "looks like an id that a spreadsheet turned into a date; " + export
	}
	return ""
}

// errorWords are what spreadsheets write for a formula without a value.
var errorWords = []string{"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!"}

// Of returns what a spreadsheet may have done to s, which is not empty.
func Of(s string) Kind {
	switch b := s[0]; {
	case b == '#':
		return hashed(s)
	case b == 'E' || b == 'e':
		if isLibreOffice(s) {
			return ForeignError
		}
		return None
	case b >= '0' && b <= '9', b == '+', b == '-':
		if d := numeric(s); d != None {
			return d
		}
	case !monthInitial(b):
		return None
	}
	if isDate(s) {
		return Date
	}
	return None
}

func hashed(s string) Kind {
	if text.Word(errorWords, s) != "" {
		return ErrorWord
	}
	last := s[len(s)-1]
	switch {
	case len(s) > 1 && strings.Trim(s, "#") == "":
		return Narrow
	case len(s) > 1 && len(s) <= 16 && (last == '!' || last == '?'), isErrorWord(s[1:]):
		// Other languages have other words, and newer versions more of them.
		return ForeignError
	}
	return None
}

// longestErrorWord is how many letters an error word has at most.
const longestErrorWord = 12

// isErrorWord recognizes what follows the "#" of an error in some language: N/D,
// NV, YOK. Letters are in capitals, and two at least.
func isErrorWord(s string) bool {
	letters := 0
	for _, r := range s {
		switch {
		case unicode.IsUpper(r), unicode.IsLetter(r) && !unicode.IsLower(r):
			letters++
		case r != '/' && r != '.':
			return false
		}
	}
	return letters > 1 && letters <= longestErrorWord
}

// isLibreOffice recognizes the errors of LibreOffice: Err:502.
func isLibreOffice(s string) bool {
	return len(s) > 4 && strings.EqualFold(s[:4], "err:") && text.Digits(s[4:]) == len(s)-4
}

// numeric reads [+-]?\d+([.,]\d+)?([Ee][+-]?\d+)? and judges the parts.
func numeric(s string) Kind {
	rest := s
	if rest[0] == '+' || rest[0] == '-' {
		rest = rest[1:]
	}
	whole := text.Digits(rest)
	if whole == 0 {
		return None
	}
	integer := rest[:whole]
	rest = rest[whole:]
	if rest == "" {
		// A spreadsheet keeps 15 digits and fills up with zeros.
		if len(integer) > 15 && strings.Trim(integer[15:], "0") == "" {
			return Rounded
		}
		return None
	}
	var fraction string
	if rest[0] == '.' || rest[0] == ',' {
		n := text.Digits(rest[1:])
		fraction = rest[1 : 1+n]
		rest = rest[1+n:]
		if n == 0 {
			return None
		}
		if rest == "" && strings.Trim(fraction, "0") == "" {
			return Decimals
		}
	}
	if len(rest) < 2 || rest[0] != 'E' && rest[0] != 'e' {
		return None
	}
	found := Exponent
	rest = rest[1:]
	switch rest[0] {
	case '+':
		found, rest = Scientific, rest[1:]
	case '-':
		rest = rest[1:]
	}
	if n := text.Digits(rest); n == 0 || n != len(rest) {
		return None
	}
	return found
}
