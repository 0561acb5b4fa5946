package postgres

import (
	"embed"
	"io/fs"
	"path"
	"strings"
)

// Statements longer than a line are files: sql/STAGE/NAME.sql, by the stage of
// a run that needs them. Names are unique over all stages.
//
//go:embed sql/*/*.sql
var statementFiles embed.FS

// statements are the texts of the files by name.
var statements = readStatements(statementFiles)

func readStatements(files fs.FS) map[string]string {
	texts := map[string]string{}
	paths, err := fs.Glob(files, "sql/*/*.sql")
	if err != nil {
		panic(err) // the pattern is fixed text
	}
	for _, p := range paths {
		text, err := fs.ReadFile(files, p)
		if err != nil {
			panic(err) // the files are part of the program
		}
		name := strings.TrimSuffix(path.Base(p), ".sql")
		if _, twice := texts[name]; twice {
			panic("two statements are called " + name)
		}
		texts[name] = string(text)
	}
	return texts
}

// sqlFile returns the text of a statement. A name without a file is a fault of
// this package, and nothing that input can cause.
func sqlFile(name string) string {
	text, ok := statements[name]
	if !ok {
		panic("there is no statement " + name + " in sql/")
	}
	return text
}

// statement returns a statement for the working tables of this run.
func (x *Session) statement(name string) string { return forRun(sqlFile(name), x.opt.Run) }
