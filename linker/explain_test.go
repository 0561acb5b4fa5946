package linker

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// codesInSource reads the constants of type Code from errors.go, in order, so
// that a code added there and forgotten elsewhere is found.
func codesInSource(t *testing.T) []Code {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "errors.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var codes []Code
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); !ok || kind.Name != "Code" {
			return true
		}
		for _, v := range spec.Values {
			text, err := strconv.Unquote(v.(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			codes = append(codes, Code(text))
		}
		return true
	})
	return codes
}

func TestEveryCodeIsExplained(t *testing.T) {
	t.Parallel()
	codes := codesInSource(t)
	if got := Codes(); !slices.Equal(got, codes) {
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
	for _, c := range []Code{"", "no_such_code", "Entity_Not_Found"} {
		if e, ok := Explain(c); ok || e != (Explanation{}) {
			t.Errorf("Explain(%q) = %+v, %v, want nothing", c, e, ok)
		}
	}
}

func TestWhatTimeHeals(t *testing.T) {
	t.Parallel()
	want := []Code{RecordingNotFound, EntityNotFound, LostRace, TargetGone, Locked, NotFound, ServerError}
	var got []Code
	for _, c := range Codes() {
		if e, _ := Explain(c); e.Heals {
			got = append(got, c)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("codes that time can heal = %q, want %q", got, want)
	}
}
