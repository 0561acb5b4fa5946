package guard

import (
	"encoding/json"
	"testing"

	"pgregory.net/rapid"
)

func TestParseLimit(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"0": "0", "5": "5", "0012": "12", "0%": "0%", "5%": "5%", "5 %": "5%", " 7 ": "7", "0.5%": "0.5%", "12.3400%": "12.34%", "100%": "100%",
		"0.0001%": "0.0001%", "9223372036854775807": "9223372036854775807",
	} {
		got, err := ParseLimit(text)
		if err != nil || got.String() != want {
			t.Errorf("ParseLimit(%q) = %q, %v, want %q", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", " ", "%", ".%", ".5%", "5.%", "-1", "+1", "-1%", "1.5", "101%", "100.0001%", "0.00001%", "1_000", "1,000",
		"ten", "5%%", "% 5", "1e3", "0x10", "9223372036854775808", "99999999999999999999%", "5 5", "none", "NaN", "٥",
	} {
		if got, err := ParseLimit(text); err == nil {
			t.Errorf("ParseLimit(%q) = %q, want an error", text, got)
		}
	}
}

func TestLimitExceeded(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		limit    string
		n, total int64
		want     bool
	}{
		{"5", 5, 1, false},
		{"5", 6, 1_000_000, true},
		{"0", 1, 10, true},
		{"0%", 0, 0, false},
		{"0%", 1, 1_000_000_000, true},
		{"20%", 20, 100, false},
		{"20%", 21, 100, true},
		{"20%", 200_001, 1_000_000, true},
		{"0.5%", 5, 1000, false},
		{"0.5%", 6, 1000, true},
		{"100%", 7, 7, false},
		{"100%", 1, 0, true},
		{"33.3333%", 333_333_000_000, 1_000_000_000_000, false},
		{"33.3333%", 333_333_000_001, 1_000_000_000_000, true},
	} {
		limit, err := ParseLimit(c.limit)
		if err != nil {
			t.Fatal(err)
		}
		if got := limit.Exceeded(c.n, c.total); got != c.want {
			t.Errorf("%s: Exceeded(%d, %d) = %v, want %v", c.limit, c.n, c.total, got, c.want)
		}
	}
	if (Limit{}).Exceeded(1, 0) {
		t.Error("no limit is exceeded, want it never to be")
	}
}

func TestGuardSurvivesJSON(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.OneOf(
			rapid.Just(Limit{}),
			rapid.Map(rapid.Int64Min(0), Count),
			rapid.Map(rapid.Int64Range(0, 100*percentUnit), func(n int64) Limit { return Limit{given: true, percent: true, n: n} }),
		)
		want := Guard{
			MaxRejects: limit.Draw(t, "rejects"), MaxChanges: limit.Draw(t, "changes"),
			MinRows: rapid.Int64Min(0).Draw(t, "rows"), Force: rapid.Ptr(rapid.Int64Min(0), true).Draw(t, "force"),
			Reconcile: rapid.Bool().Draw(t, "reconcile"),
		}
		text, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got Guard
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatalf("reading %s: %v", text, err)
		}
		again, err := json.Marshal(got)
		if err != nil || string(again) != string(text) || got.MaxRejects != want.MaxRejects || got.MaxChanges != want.MaxChanges {
			t.Fatalf("guard %s became %s, %v", text, again, err)
		}
	})
	if text, err := json.Marshal(Guard{}); err != nil || string(text) != "{}" {
		t.Errorf("the zero guard as JSON = %s, %v, want {}", text, err)
	}
	var g Guard
	if err := json.Unmarshal([]byte(`{"maxRejects":"many"}`), &g); err == nil {
		t.Error(`maxRejects "many" was read without an error`)
	}
}
