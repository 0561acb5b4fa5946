package sql

import (
	"io/fs"
	"path"
	"strings"
	"testing"

	"relink/linker/postgres/platform"
)

// Every statement renders, leaves no name open, and is seen with -v.
func TestStatementsRender(t *testing.T) {
	t.Parallel()
	x := New(&platform.Platform{Schema: `The "Platform"`}, 7)
	paths, err := fs.Glob(statementFiles, "*/*.sql")
	if err != nil || len(paths) == 0 {
		t.Fatalf("statements: %v, %v", paths, err)
	}
	for _, p := range paths {
		text := x.Of(strings.TrimSuffix(path.Base(p), ".sql"))
		if open := qualified.FindString(text); open != "" || strings.Contains(text, "{{") || strings.Contains(text, "<no value>") {
			t.Errorf("%s leaves %q open:\n%s", p, open, text)
		}
		t.Logf("-- %s\n%s", p, text)
	}
}

// A statement that is not there, or has not the name it should, is a fault of the
// program and must not reach a database.
func TestStatementsThatCannotBeRendered(t *testing.T) {
	t.Parallel()
	x := New(&platform.Platform{Schema: "public"}, 0)
	for name, render := range map[string]func(){
		"no such statement":           func() { x.Of("nothing") },
		"no such table":               func() { x.Inline("SELECT FROM platform.calls") },
		"a working table without run": func() { x.Inline("SELECT FROM run.plan") },
		"no such working table":       func() { x.Of("batch", "run.staged", "run.retry") },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: rendered", name)
				}
			}()
			render()
		}()
	}
}
