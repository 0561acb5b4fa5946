package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"relink/cmd/relink/console/consoletest"
)

var colors = regexp.MustCompile(`\x1b\[[0-9;]*m`)

func TestColorIsForTerminals(t *testing.T) {
	t.Parallel()
	links := filepath.Join(t.TempDir(), "links.csv")
	if err := os.WriteFile(links, []byte("recordingId,dataType,id\nr1,LEAD,e1\n,LEAD,e1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		env  []string
		want bool
	}{
		{"a terminal", nil, true},
		{"NO_COLOR", []string{"NO_COLOR=1"}, false},
		{"a dumb terminal", []string{"TERM=dumb"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			screen, read := consoletest.Terminal(t, 80)
			run([]string{"validate", "--out", t.TempDir(), links}, c.env, strings.NewReader(""), screen, screen)
			text := read()
			if got := colors.MatchString(text); got != c.want {
				t.Errorf("the summary is in colour: %v, want %v: %q", got, c.want, text)
			}
		})
	}
}
