package linker_test

import (
	"slices"
	"strings"
	"testing"

	"relink/linker"
	"relink/linker/explain"
)

func TestEveryCodeIsExplained(t *testing.T) {
	t.Parallel()
	codes := linker.CodesInSource
	if got := explain.Codes(); !slices.Equal(got, codes) {
		t.Errorf("Codes() = %q, want those of errors.go in their order: %q", got, codes)
	}
	for _, c := range codes {
		e := mustExplain(t, c)
		if e.Code != c {
			t.Errorf("Explain(%s).Code = %q", c, e.Code)
		}
		for name, text := range map[string]string{"Meaning": e.Meaning, "Cause": e.Cause, "Remedy": e.Remedy, "Example": e.Example} {
			if len(text) < 10 || !strings.HasSuffix(text, ".") || strings.Contains(text, "\n") {
				t.Errorf("Explain(%s).%s = %q, want a sentence", c, name, text)
			}
		}
		if e.Do == "" || strings.HasSuffix(e.Do, ".") || len(e.Do) > 80 {
			t.Errorf("Explain(%s).Do = %q, want a few words without full stop", c, e.Do)
		}
		if e.Heals != (e.When != "") {
			t.Errorf("Explain(%s) Heals = %v, When = %q, want both or neither", c, e.Heals, e.When)
		}
	}
}

func TestNothingElseIsExplained(t *testing.T) {
	t.Parallel()
	for _, c := range []linker.Code{"", "no_such_code", "Entity_Not_Found"} {
		if e, ok := explain.Explain(c); ok || e != (explain.Explanation{}) {
			t.Errorf("Explain(%q) = %+v, %v, want nothing", c, e, ok)
		}
	}
}

func TestWhatTimeHeals(t *testing.T) {
	t.Parallel()
	want := []linker.Code{
		linker.RecordingNotFound, linker.EntityNotFound, linker.LostRace, linker.TargetGone, linker.Locked, linker.NotFound, linker.ServerError,
	}
	var got []linker.Code
	for _, c := range explain.Codes() {
		if e, _ := explain.Explain(c); e.Heals {
			got = append(got, c)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("codes that time can heal = %q, want %q", got, want)
	}
}

func mustExplain(t *testing.T, c linker.Code) explain.Explanation {
	t.Helper()
	e, ok := explain.Explain(c)
	if !ok {
		t.Fatalf("Explain(%s) finds nothing", c)
	}
	return e
}
