package flags

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// PaceOptions say how gently a run works, and how long. None of them changes what
// it does.
type PaceOptions struct {
	// MaxDuration is how long it may work, 0 for as long as it takes.
	MaxDuration time.Duration
	// Until is the time of day at which it stops.
	Until Clock
	// Rate is how many rows a minute it writes, or sends, at most; 0 when none is
	// given, -1 for no limit.
	Rate int64
	// MaxLag is how far replicas may be behind before it waits for them, 0 for
	// however far.
	MaxLag time.Duration
}

// Register adds the flags.
func (o *PaceOptions) Register(flags *pflag.FlagSet) {
	flags.Var(period{&o.MaxDuration}, "max-duration", "stop after so long as the first Ctrl-C does: the run can be resumed")
	flags.Var(clock{&o.Until}, "until", "stop at this time of day, the next time it comes, as the first Ctrl-C does")
	flags.Var(perMinute{&o.Rate}, "rate", "rows a minute, at most; default: no limit on a database")
	flags.Var(period{&o.MaxLag}, "max-lag", "write only while no replica of the database is further behind, and wait for it otherwise")
}

// Deadline is when a run that begins now has to stop, and the flag that says so;
// the zero time for never.
func (o *PaceOptions) Deadline(now time.Time) (at time.Time, why string) {
	if o.MaxDuration > 0 {
		at, why = now.Add(o.MaxDuration), fmt.Sprintf("--max-duration %s", o.MaxDuration)
	}
	if o.Until.Given {
		if next := o.Until.next(now); at.IsZero() || next.Before(at) {
			at, why = next, "--until "+o.Until.String()
		}
	}
	return at, why
}

// Clock is a time of day, in the zone of this machine.
type Clock struct {
	Given        bool
	Hour, Minute int
}

func (c Clock) String() string {
	if !c.Given {
		return ""
	}
	return fmt.Sprintf("%02d:%02d", c.Hour, c.Minute)
}

// next is when a clock shows the time after now, the next day where it is past.
func (c Clock) next(now time.Time) time.Time {
	year, month, day := now.Date()
	at := time.Date(year, month, day, c.Hour, c.Minute, 0, 0, now.Location())
	if !at.After(now) {
		at = time.Date(year, month, day+1, c.Hour, c.Minute, 0, 0, now.Location())
	}
	return at
}

// clock is a time of day, 06:00.
type clock struct{ value *Clock }

func (c clock) String() string {
	if c.value == nil {
		return ""
	}
	return c.value.String()
}
func (c clock) Type() string { return "HH:MM" }

func (c clock) Set(s string) error {
	t, err := time.Parse("15:04", strings.TrimSpace(s))
	if err != nil {
		return errors.New("must be a time of day such as 06:00 or 22:30")
	}
	*c.value = Clock{true, t.Hour(), t.Minute()}
	return nil
}
