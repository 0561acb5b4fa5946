package sql

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"text/template"

	"relink/linker/postgres/platform"
)

// Statements longer than a line are files: sql/STAGE/NAME.sql, by the stage of
// a run that needs them. Names are unique over all stages.
//
//go:embed */*.sql
var statementFiles embed.FS

// templates are the files by name. What one rule needs in several statements is
// a function of theirs: see platform.Functions.
var templates = readTemplates(statementFiles)

func readTemplates(files fs.FS) *template.Template {
	root := template.New("").Funcs(platform.Functions(nil))
	paths, err := fs.Glob(files, "*/*.sql")
	if err != nil {
		panic(err) // the pattern is fixed text
	}
	for _, p := range paths {
		text, err := fs.ReadFile(files, p)
		if err != nil {
			panic(err) // the files are part of the program
		}
		name := strings.TrimSuffix(path.Base(p), ".sql")
		if root.Lookup(name) != nil {
			panic("two statements are called " + name)
		}
		template.Must(root.New(name).Parse(string(text)))
	}
	return root
}

// Texts renders statements for one platform and one run. A file names the
// platform's tables as platform.NAME and the run's working tables as run.NAME;
// these are the only names in it that are not fixed, since a table's name cannot
// be a parameter. What cannot be rendered is a fault of this package, nothing
// that input can cause, and panics: a test renders every statement.
type Texts struct {
	Platform  *platform.Platform
	Run       int64 // 0 outside a run
	templates *template.Template

	mu       sync.Mutex
	rendered map[string]string
}

// New returns the statements for platform p and a run, 0 for none.
func New(p *platform.Platform, run int64) *Texts {
	own := template.Must(templates.Clone()).Funcs(platform.Functions(p))
	return &Texts{Platform: p, Run: run, templates: own, rendered: map[string]string{}}
}

// Of returns the statement of a file. as, in pairs, puts other relations in the
// place of working tables: "run.staged", "run.retry".
func (t *Texts) Of(name string, as ...string) string {
	key := name + "\x00" + strings.Join(as, "\x00")
	t.mu.Lock()
	defer t.mu.Unlock()
	text, ok := t.rendered[key]
	if !ok {
		var b strings.Builder
		if err := t.templates.ExecuteTemplate(&b, name, nil); err != nil {
			panic(fmt.Sprintf("statement %s: %v", name, err))
		}
		text = t.names(b.String(), as)
		t.rendered[key] = text
	}
	return text
}

// Inline renders a statement of one line.
func (t *Texts) Inline(statement string) string { return t.names(statement, nil) }

// qualified finds the names of tables that a statement leaves open.
var qualified = regexp.MustCompile(`\b(run|platform)\.([a-z_]+)\b`)

func (t *Texts) names(text string, as []string) string {
	for i := 0; i < len(as); i += 2 {
		if !strings.Contains(text, as[i]) {
			panic("the statement has no " + as[i] + ":\n" + text)
		}
		text = regexp.MustCompile(`\b`+regexp.QuoteMeta(as[i])+`\b`).ReplaceAllLiteralString(text, as[i+1])
	}
	return qualified.ReplaceAllStringFunc(text, func(name string) string {
		if table, ok := strings.CutPrefix(name, "platform."); ok {
			return t.Platform.Table(table)
		}
		if t.Run == 0 {
			panic("a working table outside a run:\n" + text)
		}
		return TablePrefix(t.Run) + strings.TrimPrefix(name, "run.")
	})
}

// TablePrefix is what the names of a run's working tables begin with.
func TablePrefix(run int64) string {
	return "relink.run_" + strconv.FormatInt(run, 10) + "_"
}

// OrNull is s as a parameter, NULL for "".
func OrNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
