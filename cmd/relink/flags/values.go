package flags

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"relink/linker"
	"relink/linker/guard"
	"relink/linker/text"
)

// The types of flag values. Each refuses an invalid value at once, listing the
// valid ones, wherever the value comes from.

// word is one of a fixed set of words, in any case; it is stored as it is
// listed.
type word struct {
	value *string
	words []string
}

func Word(value *string, words []string) pflag.Value { return word{value, words} }

func (w word) String() string {
	if w.value == nil {
		return ""
	}
	return *w.value
}
func (w word) Type() string { return strings.Join(w.words, "|") }

func (w word) Set(s string) error {
	for _, known := range w.words {
		if strings.EqualFold(s, known) {
			*w.value = known
			return nil
		}
	}
	return errors.New(instead(s, w.words))
}

// words is a list of words from a fixed set, or of any words when the set is
// empty. It accepts several separated by commas and may be repeated.
type words struct {
	values *[]string
	set    []string
	name   string
}

func Words(values *[]string, set []string, name string) pflag.Value {
	return words{values, set, name}
}

func (w words) String() string {
	if w.values == nil {
		return ""
	}
	return strings.Join(*w.values, ",")
}
func (w words) Type() string { return w.name }

func (w words) Set(s string) error {
	for value := range strings.SplitSeq(s, ",") {
		value = strings.TrimSpace(value)
		if value == "" {
			return errors.New("a name is empty")
		}
		if len(w.set) > 0 {
			i := slices.IndexFunc(w.set, func(known string) bool { return strings.EqualFold(value, known) })
			if i < 0 {
				return fmt.Errorf("%q is unknown: %s", value, instead(value, w.set))
			}
			value = w.set[i]
		}
		if !slices.Contains(*w.values, value) {
			*w.values = append(*w.values, value)
		}
	}
	return nil
}

// reason is why something is done, in the user's words.
type reason struct{ value *string }

// Reason is the value of a flag that gives a reason.
func Reason(value *string) pflag.Value { return reason{value} }

func (r reason) String() string {
	if r.value == nil {
		return ""
	}
	return *r.value
}
func (r reason) Type() string { return "TEXT" }

func (r reason) Set(s string) (err error) {
	*r.value, err = linker.ParseReason(s)
	return err
}

// replacements are values that stand for others.
type replacements struct{ values *[]linker.Replacement }

func (r replacements) String() string {
	if r.values == nil {
		return ""
	}
	return strings.Join(r.GetSlice(), ", ")
}
func (r replacements) Type() string { return "FIELD:OLD=NEW" }

func (r replacements) Set(s string) error {
	v, err := linker.ParseReplacement(s)
	if err != nil {
		return err
	}
	*r.values = append(*r.values, v)
	return nil
}

// Append, Replace and GetSlice make replacements a pflag.SliceValue: a flag that
// may be repeated.
func (r replacements) Append(s string) error { return r.Set(s) }

func (r replacements) Replace(all []string) error {
	*r.values = nil
	for _, s := range all {
		if err := r.Set(s); err != nil {
			return err
		}
	}
	return nil
}

func (r replacements) GetSlice() (all []string) {
	for _, v := range *r.values {
		all = append(all, v.String())
	}
	return all
}

// limit is a count or a percentage.
type limit struct{ value *guard.Limit }

func (l limit) String() string {
	if l.value == nil {
		return ""
	}
	return l.value.String()
}
func (l limit) Type() string { return "N|N%" }

func (l limit) Set(s string) error {
	parsed, err := guard.ParseLimit(s)
	if err != nil {
		// ParseLimit repeats the value, and so does the caller.
		if cause := errors.Unwrap(err); cause != nil {
			return cause
		}
		return errors.New(strings.TrimPrefix(err.Error(), fmt.Sprintf("limit %q: ", s)))
	}
	*l.value = parsed
	return nil
}

// whole is an integer of at least least.
type whole struct {
	value *int64
	least int64
}

func Whole(value *int64, least int64) pflag.Value { return whole{value, least} }

func (n whole) String() string {
	if n.value == nil || *n.value == 0 {
		return ""
	}
	return strconv.FormatInt(*n.value, 10)
}
func (n whole) Type() string { return "N" }

func (n whole) Set(s string) error {
	v, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	if err != nil || v < n.least {
		return fmt.Errorf("must be an integer of at least %d", n.least)
	}
	*n.value = v
	return nil
}

// size is a number of bytes, at least one.
type size struct{ value *int64 }

// units are those of sizes, the largest first.
var units = []struct {
	name  string
	bytes int64
}{
	{"TiB", 1 << 40},
	{"GiB", 1 << 30},
	{"MiB", 1 << 20},
	{"KiB", 1 << 10},
	{"TB", 1e12},
	{"GB", 1e9},
	{"MB", 1e6},
	{"KB", 1e3},
	{"B", 1},
	{"", 1},
}

func (n size) String() string {
	if n.value == nil || *n.value == 0 {
		return ""
	}
	for _, u := range units {
		if *n.value%u.bytes == 0 {
			return strconv.FormatInt(*n.value/u.bytes, 10) + u.name
		}
	}
	return strconv.FormatInt(*n.value, 10)
}
func (n size) Type() string { return "SIZE" }

func (n size) Set(s string) error {
	s = strings.TrimSpace(s)
	for _, u := range units {
		if len(s) < len(u.name) || !strings.EqualFold(s[len(s)-len(u.name):], u.name) {
			continue
		}
		v, err := strconv.ParseInt(strings.TrimSpace(s[:len(s)-len(u.name)]), 10, 64)
		if err != nil || v < 1 || v > math.MaxInt64/u.bytes-1 {
			break
		}
		*n.value = v * u.bytes
		return nil
	}
	return errors.New("want a number of bytes such as 500MB or 64GiB")
}

// optional is an integer that may be absent; zero is not the same as absent.
type optional struct{ value **int64 }

func (n optional) String() string {
	if n.value == nil || *n.value == nil {
		return ""
	}
	return strconv.FormatInt(**n.value, 10)
}
func (n optional) Type() string { return "N" }

func (n optional) Set(s string) error {
	var v int64
	if err := (whole{value: &v}).Set(s); err != nil {
		return err
	}
	*n.value = &v
	return nil
}

// period is a duration that is not negative.
type period struct{ value *time.Duration }

// Period is a time, 0 for none.
func Period(value *time.Duration) pflag.Value { return period{value} }

func (p period) String() string {
	if p.value == nil || *p.value == 0 {
		return ""
	}
	return p.value.String()
}
func (p period) Type() string { return "DURATION" }

func (p period) Set(s string) error {
	d, err := time.ParseDuration(strings.TrimSpace(s))
	if err != nil || d < 0 {
		return errors.New("must be a duration such as 30s, 5m or 1h")
	}
	*p.value = d
	return nil
}

// age is a duration that may be given in days.
type age struct{ value *time.Duration }

// Age is a flag value that is a duration such as 30d or 36h.
func Age(value *time.Duration) pflag.Value { return age{value} }

func (a age) String() string { return period(a).String() }
func (a age) Type() string   { return "AGE" }

func (a age) Set(s string) error {
	const day = 24 * time.Hour
	s = strings.TrimSpace(s)
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		if err != nil {
			return errors.New("want an age such as 30d or 36h")
		}
		*a.value = time.Duration(n) * day
		return nil
	}
	if err := period(a).Set(s); err != nil {
		return errors.New("want an age such as 30d or 36h")
	}
	return nil
}

// instead suggests what to write for a word that is not in the set: all words
// of a small set, the nearest one of a large set.
func instead(value string, set []string) string {
	const few = 6
	if near := Nearest(strings.ToUpper(value), set); len(set) > few && near != "" {
		return "did you mean " + near + "?"
	}
	return "use " + text.OneOf(set)
}

// ValueError replaces the flag parser's wording about a value by ours, with
// name as the place the value comes from. Other errors are returned unchanged.
func ValueError(name string, err error) error {
	var invalid *pflag.InvalidValueError
	if !errors.As(err, &invalid) {
		return err
	}
	cause := errors.Unwrap(invalid)
	var number *strconv.NumError
	if errors.As(cause, &number) {
		cause = errors.New("must be true or false") // the only numbers of pflag's own are switches
	}
	return fmt.Errorf("%s: value %q: %w", name, invalid.GetValue(), cause)
}

// perMinute is a rate, or off, which is kept as -1.
type perMinute struct{ value *int64 }

// PerMinute is a rate of at least 1, or off, which is kept as -1.
func PerMinute(value *int64) pflag.Value { return perMinute{value} }

func (r perMinute) String() string {
	switch {
	case r.value == nil || *r.value == 0:
		return ""
	case *r.value < 0:
		return "off"
	}
	return strconv.FormatInt(*r.value, 10)
}
func (r perMinute) Type() string { return "N|off" }

func (r perMinute) Set(s string) error {
	if strings.EqualFold(strings.TrimSpace(s), "off") {
		*r.value = -1
		return nil
	}
	if err := Whole(r.value, 1).Set(s); err != nil {
		return errors.New("must be an integer of at least 1, or off")
	}
	return nil
}
