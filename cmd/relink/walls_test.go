package main

import (
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"relink/cmd/relink/flags"
)

// walls lists the packages and what each may import of the others. A package's
// folder covers everything below it, except packages listed themselves.
var walls = map[string]struct {
	rooms []string // our packages that it may import
	std   bool     // the standard library only, and nothing of it that does I/O
}{
	"relink/linker":          {std: true},
	"relink/linker/postgres": {rooms: []string{"relink/linker"}},
	"relink/linker/httpapi":  {rooms: []string{"relink/linker", "relink/linker/private"}},
	"relink/linker/private":  {},
	"relink/linker/webhook":  {rooms: []string{"relink/linker/httpapi"}},
	"relink/batch/source":    {rooms: []string{"relink/linker", "relink/linker/private"}},
	"relink/batch/conflict":  {rooms: []string{"relink/linker"}},
	"relink/batch":           {rooms: []string{"relink/linker", "relink/batch/source", "relink/batch/conflict"}},
	"relink/batch/send": {rooms: []string{
		"relink/linker", "relink/batch", "relink/batch/source", "relink/batch/conflict",
	}},
	"relink/reports": {rooms: []string{"relink/linker"}},
	"relink/cmd": {rooms: []string{
		"relink/linker", "relink/linker/private", "relink/linker/postgres", "relink/linker/httpapi", "relink/linker/webhook",
		"relink/reports", "relink/batch", "relink/batch/source", "relink/batch/send",
	}},
	"relink/cmd/relinkbench": {rooms: []string{"relink/linker/postgres"}},
}

// guests may import what belongs elsewhere: the benchmark's contenders use the
// database directly, because that is what they are measured for.
var guests = []string{"relink/cmd/relinkbench"}

// homes are the only rooms that may import what begins with these paths.
var homes = map[string]string{
	"database/sql":             "relink/linker/postgres",
	"github.com/jackc/":        "relink/linker/postgres",
	"github.com/pressly/goose": "relink/linker/postgres",
	"github.com/spf13/":        "relink/cmd",
	"github.com/schollz/":      "relink/cmd",
	"golang.org/x/term":        "relink/cmd",
	"github.com/rogpeppe/":     "tests",
	"github.com/google/go-cmp": "tests",
	"pgregory.net/rapid":       "tests",
	"go.uber.org/goleak":       "tests",
	"golang.org/x/tools":       "tests",
}

// impure is the part of the standard library that rules must not need.
var impure = []string{"os", "os/exec", "os/signal", "io/ioutil", "net", "net/http", "syscall", "log", "log/slog", "bufio", "embed", "io/fs"}

// room is the room that an import path belongs to, "" for none of ours.
func room(path string) string {
	longest := ""
	for r := range walls {
		if (path == r || strings.HasPrefix(path, r+"/")) && len(r) > len(longest) {
			longest = r
		}
	}
	return longest
}

// broken returns where a graph of imports breaks a rule.
func broken(graph map[string][]string) []string {
	var faults []string
	for from, imports := range graph {
		here := room(from)
		if here == "" {
			faults = append(faults, from+" stands in no room of the house")
			continue
		}
		for _, to := range imports {
			there := room(to)
			ours := to == "relink" || strings.HasPrefix(to, "relink/")
			switch wall := walls[here]; {
			case ours && there != here && !slices.Contains(wall.rooms, there):
				faults = append(faults, from+" imports "+to)
			case wall.std && (strings.Contains(strings.Split(to, "/")[0], ".") || slices.Contains(impure, to)):
				faults = append(faults, from+" imports "+to+": rules need the standard library only, and no I/O")
			}
			if to == "testing" && !strings.HasSuffix(from, "test") {
				faults = append(faults, from+" imports testing, which belongs into packages called *test")
			}
			for prefix, home := range homes {
				if strings.HasPrefix(to, prefix) && here != home && !slices.Contains(guests, here) {
					faults = append(faults, fmt.Sprintf("%s imports %s, which belongs into %s", from, to, home))
				}
			}
		}
	}
	slices.Sort(faults)
	return faults
}

func TestWalls(t *testing.T) {
	t.Parallel()
	graph := map[string][]string{}
	for _, dir := range folders(t) {
		pkg, err := build.ImportDir(filepath.Join(root, dir), 0)
		if err != nil {
			t.Fatal(err)
		}
		graph["relink/"+filepath.ToSlash(dir)] = pkg.Imports
	}
	if len(graph) < 5 {
		t.Fatalf("found only the packages %v", graph)
	}
	for _, fault := range broken(graph) {
		t.Error(fault)
	}
}

func TestBrokenWallsAreFound(t *testing.T) {
	t.Parallel()
	got := broken(map[string][]string{
		"relink/linker":                  {"strings", "os", "relink/batch", "golang.org/x/text/unicode/norm"},
		"relink/batch":                   {"relink/linker", "relink/reports", "github.com/jackc/pgx/v5"},
		"relink/linker/postgres/localpg": {"relink/linker/postgres/migrations", "os", "github.com/spf13/cobra"},
		"relink/cmd/relink":              {"relink/linker/postgres", "relink/cmd/relink/demo", "github.com/jackc/pgx/v5"},
		"relink/helpers":                 {"relink/linker"},
	})
	want := []string{
		"relink/batch imports github.com/jackc/pgx/v5, which belongs into relink/linker/postgres",
		"relink/batch imports relink/reports",
		"relink/cmd/relink imports github.com/jackc/pgx/v5, which belongs into relink/linker/postgres",
		"relink/helpers stands in no room of the house",
		"relink/linker imports golang.org/x/text/unicode/norm: rules need the standard library only, and no I/O",
		"relink/linker imports os: rules need the standard library only, and no I/O",
		"relink/linker imports relink/batch",
		"relink/linker/postgres/localpg imports github.com/spf13/cobra, which belongs into relink/cmd",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("broken walls (-want +got):\n%s", diff)
	}
}

// TestWallsOfTheMap keeps the list of packages in ARCHITECTURE.md complete.
func TestWallsOfTheMap(t *testing.T) {
	t.Parallel()
	page := read(t, filepath.Join(root, ".github/ARCHITECTURE.md"))
	for _, dir := range folders(t) {
		at := " " + filepath.Base(dir) + "/ "
		if filepath.Dir(dir) == "." || filepath.Dir(dir) == "cmd" || dir == filepath.Join("linker", "postgres") {
			at = " " + filepath.ToSlash(dir) + "/ "
		}
		if !strings.Contains(page, at) {
			t.Errorf(".github/ARCHITECTURE.md has no line about %s", dir)
		}
	}
}

// TestWallsNumberOfMigrations keeps two people from adding the same number.
func TestWallsNumberOfMigrations(t *testing.T) {
	t.Parallel()
	for _, set := range []string{"relink", "platform"} {
		files, err := filepath.Glob(filepath.Join(root, "linker/postgres/migrations", set, "*.sql"))
		if err != nil || len(files) == 0 {
			t.Fatalf("found %d migrations of %s: %v", len(files), set, err)
		}
		seen := map[string]string{}
		for _, f := range files {
			number, _, _ := strings.Cut(filepath.Base(f), "_")
			if seen[number] != "" {
				t.Errorf("%s and %s have one number", seen[number], filepath.Base(f))
			}
			seen[number] = filepath.Base(f)
		}
	}
}

// TestOnlyTheCommandPrintsAndExits looks at the sources for what no import
// graph shows.
func TestOnlyTheCommandPrintsAndExits(t *testing.T) {
	t.Parallel()
	forbidden := []string{
		"os.Exit", "os.Stdout", "os.Stderr", "log.Fatal", "log.Print", "fmt.Print", "fmt.Println", "fmt.Printf",
	}
	files := 0
	for _, dir := range folders(t) {
		paths, err := filepath.Glob(filepath.Join(root, dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			if strings.HasSuffix(path, "_test.go") || filepath.Base(dir) == "pgtest" { // pgtest is for tests
				continue
			}
			files++
			set := token.NewFileSet()
			file, err := parser.ParseFile(set, path, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.FuncDecl:
					if n.Name.Name == "init" && n.Recv == nil {
						t.Errorf("%s: there is no init in this house", set.Position(n.Pos()))
					}
				case *ast.SelectorExpr:
					x, ok := n.X.(*ast.Ident)
					if ok && slices.Contains(forbidden, x.Name+"."+n.Sel.Name) && !strings.HasPrefix(dir, "cmd") {
						t.Errorf("%s: %s.%s belongs into cmd", set.Position(n.Pos()), x.Name, n.Sel.Name)
					}
				}
				return true
			})
		}
	}
	if files < 20 {
		t.Errorf("looked at %d files only", files)
	}
}

// TestTopLevel keeps the repository's first page short.
func TestTopLevel(t *testing.T) {
	t.Parallel()
	known := []string{
		"batch", "cmd", "linker", "reports", "testdata", "go.mod", "go.sum", "Makefile", "README.md",
		"bin", flags.DefaultOut, // made by make and relink, not kept
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && !slices.Contains(known, e.Name()) {
			t.Errorf("%s stands on the top level", e.Name())
		}
	}
}

// root is the repository, seen from this package.
const root = "../.."

// folders are those that hold Go code of ours.
func folders(t *testing.T) []string {
	t.Helper()
	var dirs []string
	for _, top := range []string{"batch", "cmd", "linker", "reports"} {
		err := filepath.WalkDir(filepath.Join(root, top), func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.IsDir() {
				return err
			}
			if d.Name() == "testdata" {
				return filepath.SkipDir
			}
			sources, err := filepath.Glob(filepath.Join(path, "*.go"))
			if err != nil || len(sources) == 0 {
				return err
			}
			dir, err := filepath.Rel(root, path)
			dirs = append(dirs, dir)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return dirs
}
