package runner

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"golang.org/x/mod/semver"

	"relink/batch"
	"relink/batch/source"
	"relink/batch/source/raw"
	"relink/cmd/relink/console"
	"relink/cmd/relink/exit"
	"relink/linker"
	"relink/linker/postgres"
	"relink/linker/postgres/lock"
	"relink/linker/postgres/pg"
	"relink/reports/folder"
)

const (
	// OwnLockTimeout is how long a resumed run waits for its own lock: the
	// server may not have noticed yet that the previous process is dead.
	OwnLockTimeout = 30 * time.Second
	// DeathTimeout is how long other commands wait for the same: on one machine
	// the server notices almost at once.
	DeathTimeout = time.Second
	// alivePoll is how often they check.
	alivePoll = 100 * time.Millisecond
)

// LoadRun reads the record of a run that no process should be working on,
// waiting a while for one to end; check the record for whether it did. The
// store it returns uses the schema in which the run was made; a run that was
// made in another database is refused.
func LoadRun(ctx context.Context, c *console.Console, cfg pg.Config, id int64, patience time.Duration) (*postgres.Store, linker.Run, error) {
	store := postgres.NewStore(cfg)
	run, err := waitForEnd(ctx, c, store, id, patience)
	if err != nil {
		return nil, run, err
	}
	own, err := store.Of(ctx, run)
	return own, run, err
}

func waitForEnd(ctx context.Context, c *console.Console, store *postgres.Store, id int64, patience time.Duration) (linker.Run, error) {
	deadline := time.Now().Add(patience)
	for told := false; ; {
		run, err := store.Run(ctx, id)
		switch {
		case errors.Is(err, postgres.ErrNoRun):
			return run, exit.WithStatus(exit.Error, err, "relink runs lists them")
		case err != nil, !run.Alive, time.Now().After(deadline):
			return run, err
		case !told && patience > DeathTimeout && time.Until(deadline) < patience-DeathTimeout:
			told = true
			c.Stderr.Notice("run %d is still running (process %d on %s); waiting up to %s for it to end", id, run.PID, run.Host, patience)
		}
		select {
		case <-ctx.Done():
			return run, context.Cause(ctx)
		case <-time.After(alivePoll):
		}
	}
}

// StillRunning is the error for a run that some process is working on.
func StillRunning(run linker.Run, hint string) error {
	return exit.WithStatus(exit.Busy, fmt.Errorf("run %d is still running (process %d on %s)", run.ID, run.PID, run.Host), hint)
}

// Again takes a run that was recorded earlier to its end or, with rewrite, to
// its report.
func (r *Runner) Again(ctx context.Context, run linker.Run) error {
	ctx, ended := WithDeadline(ctx, r.Console, r.Command, r.Options.PaceOptions)
	defer ended()
	if err := checkVersion(run); err != nil {
		return err
	}
	s, err := readSettings(run)
	if err != nil {
		return exit.Usage("use the relink that made it: "+run.Version, "%w", err)
	}
	if run.State == linker.StateAbandoned && run.Kind != linker.Revert && run.Source.SHA256 == "" {
		return exit.Usage("start it again", "run %d never started (%s)", run.ID, run.Message)
	}
	if r.File != "" {
		if s.Path, err = sameBytes(ctx, run, r.File); err != nil {
			return err
		}
	}
	hasInput := run.Kind == linker.Revert || s.Expansion == nil && IsRegular(s.Path) || run.OutDir != "" && IsFile(s.InputIn(run.OutDir).Path)
	if !hasInput {
		return exit.Usage("relink runs abandon "+strconv.FormatInt(run.ID, 10)+" ends it; start it again with its input",
			"run %d was interrupted before its input was read to the end", run.ID)
	}
	if !r.Rewrite {
		if err := r.admit(ctx, run); err != nil {
			return err
		}
	}
	if run.OutDir == "" { // it died before it had one
		run.OutDir, err = folder.Create(s.Out, run.StartedAt, run.ID)
	} else {
		err = folder.Reopen(run.OutDir)
	}
	if err == nil {
		err = folder.Share(run.OutDir, s.OutGroup)
	}
	if err != nil {
		return err
	}
	return r.do(ctx, run, s, true)
}

// sameBytes returns the absolute path of a file that is to replace the run's
// own, and refuses one that is not identical byte for byte.
func sameBytes(ctx context.Context, run linker.Run, path string) (string, error) {
	if run.Kind == linker.Revert || run.Source.SHA256 == "" {
		return "", exit.Usage("leave the file out", "run %d has no file to take the place of", run.ID)
	}
	is, err := source.Identify(ctx, source.Input{Path: path})
	if err != nil {
		return "", err
	}
	if is.SHA256 != run.Source.SHA256 {
		return "", exit.Usage("name a copy of the file that the run read",
			"%s is not the file of run %d (its SHA-256 is %.12s…, that of the run's is %.12s…)", path, run.ID, is.SHA256, run.Source.SHA256)
	}
	return Absolute(path)
}

// ready checks that the database is ready for a run.
func (r *Runner) ready(ctx context.Context) error {
	return r.Store.Ready(ctx, r.Options.RetryTimeout, func(text string) { r.Console.Stderr.Notice("%s", text) })
}

// checkUnchanged checks, once the run's lock is taken, that nobody has
// continued the run since its record was read.
func (r *Runner) checkUnchanged(ctx context.Context, run linker.Run) error {
	now, err := r.Store.Run(ctx, run.ID)
	if err != nil {
		return err
	}
	if now.State.Ended() != run.State.Ended() || !now.ApplyingAt.Equal(run.ApplyingAt) ||
		now.StagedRows != run.StagedRows || now.Source.SHA256 != run.Source.SHA256 {
		return exit.Usage(fmt.Sprintf("relink runs show %d shows how far it is; then run the command again", run.ID),
			"another process has just continued run %d", run.ID)
	}
	return nil
}

// checkVersion refuses the run of a newer relink: its settings or its marks may
// mean something that this version does not know.
func checkVersion(run linker.Run) error {
	if !Newer(run.Version, Version()) {
		return nil
	}
	return exit.Usage("use that version, or a later one", "run %d was made by relink %s, which is newer than this one (%s)", run.ID, run.Version, Version())
}

// Newer compares two versions as stamped by the Go tool. Versions that are not
// releases, built from a working copy, cannot be compared.
func Newer(a, b string) bool {
	return semver.IsValid(a) && semver.IsValid(b) && semver.Compare(a, b) > 0
}

// resumeHint is the command that continues a run.
func (r *Runner) resumeHint(run int64) string {
	return fmt.Sprintf("relink resume%s %d continues it", sameTarget(r.Command), run)
}

// record saves the record of a run that has lost its session. Another process
// may be working on the run by now, or have ended it: then the record is left
// alone.
func (r *Runner) record(ctx context.Context, run linker.Run) error {
	err := r.Store.SaveRun(ctx, run)
	var locked *lock.LockedError
	if errors.As(err, &locked) || errors.Is(err, postgres.ErrEnded) {
		return nil
	}
	return err
}

// abandon ends the record of a run that never started: nothing of it could be
// resumed.
func (r *Runner) abandon(run linker.Run, cause error) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	run.State, run.Message, run.ExitStatus = linker.StateAbandoned, cause.Error(), exit.StatusOf(cause)
	return r.Store.SaveRun(ctx, run)
}

// discard deletes the record of a run that never got its lock: a job that
// retries again and again would fill the list of runs.
func (r *Runner) discard(run int64, cause error) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return r.Store.Discard(ctx, run, cause.Error())
}

// fail ends a run that could not write its report, and prints how it ended.
// resumed is true when it existed before this process.
func (r *Runner) fail(run linker.Run, done *batch.Done, resumed bool, err error) error {
	var locked *lock.LockedError
	switch {
	case errors.As(err, &locked) && (resumed || done.Run.Source.SHA256 != ""):
		return exit.WithStatus(exit.Busy, err, "wait for it to end, then "+r.resumeHint(run.ID))
	case errors.As(err, &locked):
		err = errors.Join(err, r.discard(run.ID, err))
		return exit.WithStatus(exit.Busy, err, "wait for it to end, or give --lock-timeout to wait here")
	case !resumed && done.Run.Source.SHA256 == "" && raw.IsUnreadable(err):
		err = errors.Join(err, r.abandon(run, err))
		return exit.WithStatus(exit.Error, err, exit.Hint(err))
	case errors.Is(err, linker.ErrStopped), r.Command.Context().Err() != nil:
		return exit.WithStatus(exit.Interrupted, errInterrupted(run.ID), r.resumeHint(run.ID))
	}
	err = pg.Explain(err)
	hint := exit.Hint(err)
	switch {
	case r.Rewrite:
		return exit.WithStatus(exit.Error, err, hint)
	case pg.IsLasting(err) && !done.Applied && !resumed:
		// A resume would end the same way, and there is nothing to resume.
		err = errors.Join(err, r.abandon(run, err), r.dropTables(run.ID))
		return exit.WithStatus(exit.Error, err, joinHints(hint, "nothing was written: start it again when that is fixed"))
	case pg.IsLasting(err):
		return exit.WithStatus(exit.Error, err, joinHints(hint, fmt.Sprintf("when that is fixed, continue run %d with relink resume", run.ID)))
	case !done.Applied && !linker.IsTransient(err):
		err = errors.Join(err, r.dropTables(run.ID))
	}
	return exit.WithStatus(exit.Error, err, joinHints(hint, r.resumeHint(run.ID)))
}

// dropTables drops the working tables of a run that has not written: a resume
// stages its file again.
func (r *Runner) dropTables(run int64) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err := r.Store.DropTablesOf(ctx, run)
	var locked *lock.LockedError
	if errors.As(err, &locked) || linker.IsTransient(pg.Explain(err)) {
		return nil
	}
	return err
}

// halfDoneHint is what can be done with a run that has written, was resumed,
// and was then stopped by a guard: its limits cannot be changed.
func (r *Runner) halfDoneHint(run int64) string {
	database := SameDatabase(r.Command)
	return fmt.Sprintf("relink revert%s %d undoes what the run has done, relink runs abandon%s %d keeps it", sameTarget(r.Command), run, database, run)
}

// Abandon ends an interrupted run as it is, unless another process has just
// continued it.
func Abandon(ctx context.Context, store *postgres.Store, run linker.Run, reason string) error {
	err := store.Abandon(ctx, run.ID, reason)
	var locked *lock.LockedError
	if errors.As(err, &locked) {
		return StillRunning(run, "interrupt its process first")
	}
	return err
}
