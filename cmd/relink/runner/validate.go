package runner

import (
	"context"
	"os"
	"time"

	"github.com/spf13/cobra"

	"relink/batch"
	"relink/batch/source"
	"relink/cmd/relink/console"
	"relink/linker"
	"relink/reports"
	"relink/reports/folder"
)

// Validation checks files without a database.
type Validation struct {
	Console *console.Console
	Command *cobra.Command
	JSON    bool
}

// Do checks one file and writes its report, in its own folder.
func (v *Validation) Do(ctx context.Context, in source.Input, s Settings) error {
	dir, err := newFolder(ctx, in, s, folder.CreateForValidate)
	if err != nil {
		return err
	}
	l := &life{
		console: v.Console, dir: RelativePath(dir), settings: s, phases: console.PhasesOfValidate, asJSON: v.JSON,
		next: func(s linker.Summary) []reports.Step { return nextAfterValidate(v.Command, in.Path, s) },
	}
	done, err := v.read(ctx, l, in)
	if err != nil {
		folder.Remove(dir) // a folder without a report would only be confusing
		return err
	}
	return l.end(done, nil, "")
}

func (v *Validation) read(ctx context.Context, l *life, in source.Input) (*batch.Done, error) {
	work, err := os.MkdirTemp(l.dir, ".work-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(work)
	if in, err = source.Spool(ctx, in, work); err != nil {
		return nil, err
	}
	return l.work(ctx, &batch.Validation{
		Input: in, Guard: l.settings.Guard, TempDir: work, Begin: l.begin, Notice: l.notice, Progress: &l.progress,
	})
}

// newFolder makes the folder of a run that no database records. A problem with
// the file as a whole is reported first.
func newFolder(ctx context.Context, in source.Input, s Settings, create func(out string, at time.Time) (string, error)) (string, error) {
	if IsRegular(in.Path) {
		if err := Readable(ctx, in); err != nil {
			return "", err
		}
	}
	dir, err := create(s.Out, time.Now())
	if err != nil {
		return "", err
	}
	return dir, folder.Share(dir, s.OutGroup)
}
