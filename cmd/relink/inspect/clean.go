package inspect

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"relink/cmd/relink/app"
	"relink/cmd/relink/exit"
	"relink/cmd/relink/flags"
	"relink/linker"
	"relink/linker/postgres"
	"relink/linker/postgres/pg"
	"relink/linker/text"
)

type cleanOptions struct {
	app.DatabaseOptions
	olderThan time.Duration
	keep      int64
	dryRun    bool
}

func (a *commands) runsCleanCommand() *cobra.Command {
	var o cleanOptions
	cmd := &cobra.Command{
		Use:   "clean",
		Short: "Drop what runs have left behind",
		Long: `Drop what runs have left behind.

Without a flag these are the working tables of runs that died. Those of a run that
is still running stay, and an interrupted run can still be resumed: it reads its
file again.

With --older-than the folders and records of runs that ended so long ago are
removed, too. What is removed cannot be reverted, reported or compared with any
more, and the command says so of every run that wrote. An interrupted run stays,
however old it is, and so does a run that another one takes back.`,
		Example: `  relink runs clean
  relink runs clean --older-than 30d --keep 10 --dry-run`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.OnDatabase(cmd.Context(), o.DatabaseOptions, func(ctx context.Context, cfg pg.Config) error {
				return a.clean(ctx, postgres.NewStore(cfg), o)
			})
		},
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	o.Register(fs)
	fs.Var(flags.Age(&o.olderThan), "older-than", "also remove folders and records of runs that ended so long ago, as 30d")
	fs.Var(flags.Whole(&o.keep, 0), "keep", "with --older-than: keep the newest `N` runs, however old")
	fs.BoolVar(&o.dryRun, "dry-run", false, "say what would be removed, but remove nothing")
	exit.List(cmd, map[int]string{exit.OK: "nothing is left over"}, exit.OK, exit.Error)
	return cmd
}

func (a *commands) clean(ctx context.Context, store *postgres.Store, o cleanOptions) error {
	dropped := 0
	if !o.dryRun {
		tables, err := store.Clean(ctx)
		for _, name := range tables {
			if err := a.Printf("dropped relink.%s\n", name); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
		dropped = len(tables)
	}
	removed := 0
	if o.olderThan > 0 {
		old, err := oldRuns(ctx, store, o)
		if err != nil {
			return err
		}
		for _, run := range old {
			if err := a.forget(ctx, store, run, o.dryRun); err != nil {
				return err
			}
		}
		removed = len(old)
	}
	if dropped+removed == 0 {
		return a.Printf("there is nothing to clean\n")
	}
	return nil
}

// oldRuns returns the ended runs that are to be removed, newest first: a revert
// is removed before the run that it reverts.
func oldRuns(ctx context.Context, store *postgres.Store, o cleanOptions) (old []linker.Run, err error) {
	runs, err := store.Runs(ctx, 0)
	if err != nil {
		return nil, err
	}
	before := time.Now().Add(-o.olderThan)
	stays := map[int64]bool{}
	for i, run := range runs {
		stays[run.ID] = int64(i) < o.keep || !run.State.Ended() || run.FinishedAt.IsZero() || !run.FinishedAt.Before(before)
	}
	keepNeeded(runs, stays)
	for _, run := range runs {
		if !stays[run.ID] {
			old = append(old, run)
		}
	}
	return old, nil
}

// keepNeeded also keeps the runs that are needed to revert one that is kept:
// the run that a revert reverts, and later reverts, whose links replace those
// that they restore.
func keepNeeded(runs []linker.Run, stays map[int64]bool) {
	for changed := true; changed; {
		changed = false
		oldest := int64(math.MaxInt64) // of those that stay and wrote
		for _, run := range runs {
			if stays[run.ID] && !run.DryRun && !run.ApplyingAt.IsZero() {
				oldest = min(oldest, run.ID)
			}
			if stays[run.ID] && run.OfRun != 0 && !stays[run.OfRun] {
				stays[run.OfRun], changed = true, true
			}
		}
		for _, run := range runs {
			if run.OfRun != 0 && run.ID > oldest && !stays[run.ID] && !run.DryRun {
				stays[run.ID], changed = true, true
			}
		}
	}
}

// forget removes the folder and the record of a run, and prints what is no
// longer possible.
func (a *commands) forget(ctx context.Context, store *postgres.Store, run linker.Run, dryRun bool) error {
	verb := "removed"
	if dryRun {
		verb = "would remove"
	}
	line := fmt.Sprintf("%s run %d, %s of %s, ended %s", verb, run.ID, run.Kind, run.Source.Name, run.FinishedAt.Format("2006-01-02"))
	if written := run.Outcomes.Written() + run.Outcomes[linker.Cleared]; !run.DryRun && !run.ApplyingAt.IsZero() {
		line += fmt.Sprintf(": what it wrote (%s) can no longer be reverted", text.Plural(written, "link", "links"))
	}
	folder, note := ownFolder(run)
	if !dryRun {
		if folder != "" {
			if err := os.RemoveAll(folder); err != nil {
				return fmt.Errorf("removing the folder of run %d: %w", run.ID, err)
			}
		}
		err := store.Forget(ctx, run.ID)
		if pg.SQLState(err) == pg.StateNoPrivilege {
			return exit.Usage("GRANT DELETE ON relink.runs, relink.marks, or run this as the owner of these tables", "%w", pg.Explain(err))
		}
		if err != nil {
			return err
		}
	}
	return a.Printf("%s\n", text.Printable(line+note))
}

var runFolder = regexp.MustCompile(`^\d{8}T\d{6}Z-(\d+)(-\d+)?$`)

// ownFolder returns the folder of a run if it exists here and was made by a
// run; otherwise the note gives the reason why it is left alone.
func ownFolder(run linker.Run) (folder, note string) {
	if run.OutDir == "" {
		return "", ""
	}
	host, err := os.Hostname()
	if err == nil && host != run.Host {
		return "", fmt.Sprintf("; its folder %s is on %s", run.OutDir, run.Host)
	}
	found := runFolder.FindStringSubmatch(filepath.Base(run.OutDir))
	if found == nil || found[1] != strconv.FormatInt(run.ID, 10) {
		return "", fmt.Sprintf("; its folder %s is left, which has another name than relink gave it", run.OutDir)
	}
	if _, err := os.Stat(run.OutDir); errors.Is(err, os.ErrNotExist) {
		return "", ""
	}
	return run.OutDir, ""
}
