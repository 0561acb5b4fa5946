package runner

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"relink/batch/source"
	"relink/cmd/relink/exit"
	"relink/linker"
	"relink/reports"
	"relink/reports/folder"
)

// ReportFiles are the report of one run and its rejects, in the run's folder.
// They get their names only when they are committed.
type ReportFiles struct {
	file    *folder.File
	packed  io.WriteCloser // compresses into file, or only passes on
	lines   reports.Writer
	rejects *reports.Rejects     // nil where there is no source to repeat records of
	mapped  *reports.MapOutcomes // nil for a run without a map
	Sample  reports.Sample
	// keepOther is the run that has ended and whose files are written again,
	// 0 for one whose report is only now to be.
	keepOther int64
}

// NewReportFiles begins the files in the folder dir. extension is the format, csv
// or jsonl, and how it is compressed: csv.zst. src says what the
// records look like that the rejects repeat, set what --set fills in.
func NewReportFiles(dir, extension string, set linker.Fields, src *source.Reader) (*ReportFiles, error) {
	file, err := folder.CreateFile(filepath.Join(dir, "report."+extension))
	if err != nil {
		return nil, err
	}
	packed, err := file.Compressed()
	if err != nil {
		return nil, errors.Join(err, file.Abort())
	}
	f := &ReportFiles{file: file, packed: packed, Sample: reports.Sample{Set: set}}
	if strings.HasPrefix(extension, "jsonl") {
		f.lines = reports.NewJSONL(packed)
	} else {
		f.lines = reports.NewCSV(packed)
	}
	if path := filepath.Join(dir, mapName); src != nil && IsFile(path) {
		if f.mapped, err = reports.OpenMapOutcomes(path); err != nil {
			return nil, errors.Join(err, file.Abort())
		}
	}
	if src != nil {
		f.rejects = reports.NewRejects(dir, reports.RejectsOptions{
			JSONL: src.Format() == "jsonl", Header: src.Header(), LineEnd: src.Newline(),
		})
	}
	return f, nil
}

func (f *ReportFiles) Write(e linker.Entry, rest io.Reader) error {
	f.Sample.Add(&e)
	if err := f.lines.Write(e); err != nil {
		return err
	}
	if f.mapped != nil {
		if err := f.mapped.Add(&e); err != nil {
			return err
		}
	}
	if f.rejects == nil {
		return nil
	}
	if rest != nil {
		return f.rejects.WriteLong(e, io.MultiReader(bytes.NewReader(e.Raw), rest))
	}
	return f.rejects.Write(e)
}

// Commit puts the rejects in place before the report: whoever finds a report
// also finds the rejects that it mentions.
func (f *ReportFiles) Commit() error {
	if err := f.lines.Close(); err != nil {
		return err
	}
	if err := f.packed.Close(); err != nil {
		return err
	}
	if f.keepOther != 0 {
		// The report written when the run ended is authoritative. For rows that
		// the run did not change, what they found at the time can no longer be
		// determined.
		switch other, err := f.file.Differs(); {
		case err != nil:
			return err
		case other:
			return exit.Usage("it was left as it is; move it away to have the other one", "%w", &standingError{f.file.Path(), f.keepOther})
		}
	}
	if f.rejects != nil {
		if err := f.rejects.Commit(); err != nil {
			return err
		}
	}
	if f.mapped != nil {
		if err := f.mapped.Commit(); err != nil {
			return err
		}
	}
	return f.file.Commit()
}

func (f *ReportFiles) Abort() error {
	err := f.file.Abort()
	if f.rejects != nil {
		err = errors.Join(f.rejects.Abort(), err)
	}
	if f.mapped != nil {
		err = errors.Join(f.mapped.Abort(), err)
	}
	return err
}

// Names lists the files by what they are.
func (f *ReportFiles) Names() map[string]string {
	names := map[string]string{"report": f.file.Path()}
	for what, name := range map[string]string{"links": LinksName, "map": mapName, "unmapped": unmappedName} {
		if path := filepath.Join(filepath.Dir(f.file.Path()), name); IsFile(path) {
			names[what] = path
		}
	}
	if f.rejects != nil {
		for what, path := range f.rejects.Files() {
			names[what] = path
		}
	}
	return names
}

// standingError reports that a report from when its run ended could not be
// written again today, and is left in place.
type standingError struct {
	path string
	run  int64
}

func (e *standingError) Error() string {
	return fmt.Sprintf("%s differs from what run %d would report now: links, recordings or CRM rows have changed since", e.path, e.run)
}
