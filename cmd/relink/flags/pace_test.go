package flags

import (
	"testing"
	"time"
)

func TestDeadline(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	at := func(s string) time.Time {
		t, err := time.ParseInLocation("2006-01-02 15:04", s, berlin)
		if err != nil {
			panic(err)
		}
		return t
	}
	six := Clock{true, 6, 0}
	for _, c := range []struct {
		name string
		o    PaceOptions
		now  string
		want string // "" for never
	}{
		{"no limit", PaceOptions{}, "2026-01-02 03:00", ""},
		{"the same day", PaceOptions{Until: six}, "2026-01-02 03:00", "2026-01-02 06:00"},
		{"over midnight", PaceOptions{Until: six}, "2026-01-02 23:00", "2026-01-03 06:00"},
		{"over the end of the year", PaceOptions{Until: six}, "2026-12-31 23:00", "2027-01-01 06:00"},
		{"at that very time", PaceOptions{Until: six}, "2026-01-02 06:00", "2026-01-03 06:00"},
		{"midnight", PaceOptions{Until: Clock{Given: true}}, "2026-01-02 23:00", "2026-01-03 00:00"},
		{"a night of 23 hours", PaceOptions{Until: six}, "2026-03-28 23:00", "2026-03-29 06:00"},
		{"a night of 25 hours", PaceOptions{Until: six}, "2026-10-24 23:00", "2026-10-25 06:00"},
		{"a duration", PaceOptions{MaxDuration: 5 * time.Hour}, "2026-01-02 23:00", "2026-01-03 04:00"},
		{"the earlier of both", PaceOptions{MaxDuration: 5 * time.Hour, Until: six}, "2026-01-02 23:00", "2026-01-03 04:00"},
		{"the earlier of both, the clock", PaceOptions{MaxDuration: 9 * time.Hour, Until: six}, "2026-01-02 23:00", "2026-01-03 06:00"},
	} {
		got, why := c.o.Deadline(at(c.now))
		if c.want == "" && (!got.IsZero() || why != "") || c.want != "" && (!got.Equal(at(c.want)) || why == "") {
			t.Errorf("%s: the deadline is %s (%s), want %s", c.name, got, why, c.want)
		}
	}
}

func TestClock(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"06:00": "06:00", " 22:30 ": "22:30", "00:00": "00:00", "6:05": "06:05",
		"24:00": "", "12:60": "", "6": "", "6am": "", "": "", "-1:00": "", "06:00:00": "",
	} {
		var c Clock
		if err := (clock{&c}).Set(given); (err == nil) != (want != "") || c.String() != want {
			t.Errorf("--until %q is %q (%v), want %q", given, c, err, want)
		}
	}
}
