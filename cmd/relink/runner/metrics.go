package runner

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"relink/cmd/relink/console"
	"relink/cmd/relink/exit"
	"relink/linker"
	"relink/reports"
	"relink/reports/folder"
)

// MetricsOptions specify who is told how a run ended: a monitor, which finds it in a
// file, and people, who get a notice.
type MetricsOptions struct {
	file   string
	notice noticeOptions
	// command is that of the flags, for the notice.
	command string
}

func (o *MetricsOptions) Register(fs *pflag.FlagSet) {
	fs.StringVar(&o.file, "metrics-file", "", "`FILE` with Prometheus metrics of how the run ended, written also when it fails; its name without .prom becomes the label name")
	o.notice.register(fs)
	o.command = "relink " + fs.Name()
}

// WithMetrics runs a command and writes how it ended. It does so however the
// command ends, even when the file is missing or the database is unreachable:
// those are the cases a monitor must see.
func WithMetrics(c *console.Console, o MetricsOptions, do func() error) error {
	if o.notice.urlFile != "" {
		inner := do
		do = func() error { return o.notice.with(c, o.command, inner) }
	}
	if o.file == "" {
		return do()
	}
	path, err := Absolute(o.file)
	if err != nil {
		return err
	}
	if err := writable(path); err != nil {
		return exit.Usage("the folder must exist, and this user must be allowed to write to it", "--metrics-file: %w", err)
	}
	c.Shown, c.Skipped = linker.Summary{}, false
	m := reports.Metrics{Name: strings.TrimSuffix(filepath.Base(path), ".prom"), Started: time.Now()}
	err = do()
	m.Finished, m.ExitStatus, m.Skipped = time.Now(), exit.StatusOf(err), c.Skipped
	if c.Shown.Kind != "" && !c.Skipped {
		m.Summary = &c.Shown
	}
	if writeErr := writeMetrics(path, m); writeErr != nil {
		writeErr = fmt.Errorf("--metrics-file: %w", writeErr)
		if err == nil {
			return exit.WithStatus(exit.Error, writeErr, "the run itself is done")
		}
		c.Stderr.Warn(writeErr.Error())
	}
	return err
}

// writable checks before the run that its metrics can be written after it.
func writable(path string) error {
	file, err := folder.CreateOpenFile(path)
	if err != nil {
		return err
	}
	return file.Abort()
}

// writeMetrics replaces the metrics of the previous run with m, keeping the
// times at which all was well.
func writeMetrics(path string, m reports.Metrics) error {
	before, err := os.Open(path)
	switch {
	case err == nil:
		m.Earlier, err = reports.ReadMilestones(before)
		before.Close()
		if err != nil {
			return fmt.Errorf("reading %s: %w", path, err)
		}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	file, err := folder.CreateOpenFile(path)
	if err != nil {
		return err
	}
	if err := reports.WriteMetrics(file, m); err != nil {
		return errors.Join(err, file.Abort())
	}
	return file.Commit()
}
