package runner

import (
	"context"
	"fmt"
	"path/filepath"

	"relink/linker"
	"relink/linker/guard"
	"relink/linker/text"
	"relink/reports"
	"relink/reports/folder"
)

// The files in the folder of a run whose rows are made of something else.
const (
	LinksName    = "links.csv"    // the rows
	mapName      = "map.csv"      // what became of each row of the map
	unmappedName = "unmapped.csv" // links that no row of the map names
)

// Expansion is what the rows of a run are made of that does not read them from a
// file. They stand in the run's folder.
type Expansion struct {
	// From and To are the connections of a map's rows that name none.
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
	// Connections are those whose merges are followed.
	Connections []string `json:"connections,omitempty"`
	// RequireComplete refuses a map that leaves links out.
	RequireComplete bool `json:"requireComplete,omitempty"`
}

// incomplete is the refusal of a map that leaves links out, nil when it may.
func (e *Expansion) incomplete(totals *linker.MapTotals) *guard.Refusal {
	if totals == nil || !e.RequireComplete || totals.Unmapped+totals.RefusedLinks == 0 {
		return nil
	}
	return &guard.Refusal{
		Kind: guard.IncompleteMap,
		Message: fmt.Sprintf("--require-complete: %s would stay: %s that no row of the map names, %s with a row that is refused",
			text.Plural(totals.Unmapped+totals.RefusedLinks, "link", "links"), text.Thousands(totals.Unmapped), text.Thousands(totals.RefusedLinks)),
		Hint: "add what unmapped.csv lists to the map, fix the rows that map.csv calls rejected, or leave --require-complete out",
	}
}

// expand makes the rows of a run. The folder is recorded first: a resume looks for
// them there.
func (r *Runner) expand(ctx context.Context, run linker.Run) error {
	if err := r.Store.SaveRun(ctx, run); err != nil {
		return err
	}
	return r.Expand(ctx, run)
}

// mapTotals adds up the map of a run, nil for a run without one.
func mapTotals(dir string) (*linker.MapTotals, error) {
	path := filepath.Join(dir, mapName)
	if !IsFile(path) {
		return nil, nil
	}
	totals, err := reports.ReadMapTotals(path)
	if err != nil {
		return nil, err
	}
	totals.Unmapped, err = reports.CountRecords(filepath.Join(dir, unmappedName))
	return totals, err
}

// MapFiles are the files that a map is turned into, in the folder of a run.
type MapFiles struct {
	Links, Unmapped, Map *folder.File
}

// CreateMapFiles begins them. The rows come last: where they are, all are.
func CreateMapFiles(dir string) (f MapFiles, err error) {
	for name, file := range map[string]**folder.File{LinksName: &f.Links, unmappedName: &f.Unmapped, mapName: &f.Map} {
		if *file, err = folder.CreateFile(filepath.Join(dir, name)); err != nil {
			f.Abort()
			return f, err
		}
	}
	return f, nil
}

// Commit completes them.
func (f MapFiles) Commit() error {
	for _, file := range []*folder.File{f.Unmapped, f.Map, f.Links} {
		if err := file.Commit(); err != nil {
			return err
		}
	}
	return nil
}

// Abort removes what is not complete.
func (f MapFiles) Abort() {
	for _, file := range []*folder.File{f.Links, f.Unmapped, f.Map} {
		if file != nil {
			file.Abort() // what cannot be removed is removed by a resume
		}
	}
}
