package linker

import (
	"strings"
	"testing"
)

func TestEnvironmentAdmits(t *testing.T) {
	t.Parallel()
	none, staging := Environment{}, Environment{Label: "staging"}
	production := Environment{Label: "production", Protected: true}
	for _, c := range []struct {
		e      Environment
		named  string
		writes bool
		want   string // of the error, "" for none
	}{
		{none, "", true, ""},
		{none, "production", false, "--environment names production, and this database has no label"},
		{staging, "", true, ""},
		{staging, "staging", true, ""},
		{staging, "production", false, "--environment names production, and this database is staging"},
		{staging, "Staging", true, "--environment names Staging, and this database is staging"},
		{production, "", false, ""},
		{production, "", true, "environment production is protected: to write to it, name it"},
		{production, "production", true, ""},
		{production, "staging", true, "--environment names staging, and this database is production"},
	} {
		err := c.e.Admits(c.named, c.writes)
		if (err == nil) != (c.want == "") || err != nil && err.Error() != c.want {
			t.Errorf("%+v admits %q (writes %v): %v, want %q", c.e, c.named, c.writes, err, c.want)
		}
	}
}

func TestCheckLabel(t *testing.T) {
	t.Parallel()
	for s, ok := range map[string]bool{
		"production": true, "eu-1.staging_2": true, "7": true, strings.Repeat("x", 63): true,
		"": false, " ": false, "a b": false, "-x": false, "prod\n": false, "prödüktion": false, strings.Repeat("x", 64): false,
	} {
		if err := CheckLabel(s); (err == nil) != ok {
			t.Errorf("label %q: %v, want it accepted: %v", s, err, ok)
		}
	}
}
