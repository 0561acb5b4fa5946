package guard

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Limit is a number of rows or links, or a share of them in percent. The zero
// value means no limit. It is stored as text ("5", "0.5%") with the run.
type Limit struct {
	given   bool
	percent bool
	n       int64 // a count, or a share in units of 1/percentUnit percent
}

// percentUnit is how finely a percentage is kept: four decimals. Integers keep
// the comparison exact, and four decimals keep it from overflowing below 9·10¹²
// rows.
const percentUnit = 10_000

// Percent is the limit of n percent.
func Percent(n int64) Limit { return Limit{given: true, percent: true, n: n * percentUnit} }

// Count is the limit of n.
func Count(n int64) Limit { return Limit{given: true, n: n} }

// ParseLimit reads "5", "5%" or "0.5%".
func ParseLimit(s string) (Limit, error) {
	text, percent := strings.CutSuffix(strings.TrimSpace(s), "%")
	if !percent {
		n, err := parseDigits(text)
		if err != nil {
			return Limit{}, fmt.Errorf("limit %q: %w", s, err)
		}
		return Count(n), nil
	}
	whole, decimals, point := strings.Cut(strings.TrimRight(text, " "), ".")
	if point && (decimals == "" || len(decimals) > 4) {
		return Limit{}, fmt.Errorf("limit %q: want one to four decimals after the point", s)
	}
	n, err := parseDigits(whole + (decimals + "0000")[:4])
	if whole == "" {
		err = errNoLimit
	}
	if err != nil {
		return Limit{}, fmt.Errorf("limit %q: %w", s, err)
	}
	if n > 100*percentUnit {
		return Limit{}, fmt.Errorf("limit %q: more than 100 %% is no limit", s)
	}
	return Limit{given: true, percent: true, n: n}, nil
}

var errNoLimit = errors.New(`must be a count such as "500" or a share such as "5%"`)

// parseDigits is strict where strconv is lenient: no sign, no underscore.
func parseDigits(s string) (int64, error) {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, errNoLimit
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if errors.Is(err, strconv.ErrRange) {
		return 0, errors.New("the number is too large")
	}
	if err != nil {
		return 0, errNoLimit
	}
	return n, nil
}

// IsZero reports that no limit is given.
func (l Limit) IsZero() bool { return !l.given }

// Exceeded reports whether n of total is more than the limit allows; exactly
// the limit is allowed.
func (l Limit) Exceeded(n, total int64) bool {
	switch {
	case !l.given:
		return false
	case l.percent:
		return n*100*percentUnit > total*l.n
	default:
		return n > l.n
	}
}

// String is the limit as ParseLimit reads it, "" for no limit.
func (l Limit) String() string {
	switch {
	case !l.given:
		return ""
	case !l.percent:
		return strconv.FormatInt(l.n, 10)
	}
	s := strconv.FormatInt(l.n/percentUnit, 10)
	if rest := l.n % percentUnit; rest != 0 {
		s += strings.TrimRight(fmt.Sprintf(".%04d", rest), "0")
	}
	return s + "%"
}

// MarshalText is String.
func (l Limit) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText is ParseLimit; an empty text means no limit.
func (l *Limit) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*l = Limit{}
		return nil
	}
	parsed, err := ParseLimit(string(text))
	if err != nil {
		return err
	}
	*l = parsed
	return nil
}
