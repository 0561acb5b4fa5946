package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"relink/batch/send"
	"relink/cmd/relink/exit"
	"relink/cmd/relink/runner"
	"relink/linker"
	"relink/linker/private"
	"relink/reports"
)

// isFolder tells whether a run is named by its folder, as those are that no
// database knows of.
func isFolder(run string) bool {
	info, err := os.Stat(run)
	return err == nil && info.IsDir()
}

// resumeThroughAPI takes the run in a folder to its end: rows that have an
// answer are not sent again.
//
// The journal says where the rows go. It is believed only when nobody else can
// have written it, its address is judged as one that is typed, and the token is
// the one that this command line names: a journal must not choose which of the
// user's files is sent where.
func (a *app) resumeThroughAPI(cmd *cobra.Command, dir string, o resumeOptions) error {
	for _, path := range []string{dir, filepath.Join(dir, journalName)} {
		if err := private.CheckOwned(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	head, err := send.ReadJournalHead(filepath.Join(dir, journalName))
	if errors.Is(err, fs.ErrNotExist) {
		return exit.Usage("a run on a database is resumed by its number; relink runs lists them",
			"%s is not the folder of an import with --api that has sent anything", dir)
	}
	if err != nil {
		return err
	}
	r := &apiRun{a: a, api: o.api, run: o.run, json: o.json, next: func(linker.Summary) []reports.Step { return nil }}
	if err := json.Unmarshal(head.Settings, &r.s); err != nil {
		return fmt.Errorf("reading the options of the run in %s: %w", dir, err)
	}
	if r.dir, err = runner.Absolute(dir); err != nil {
		return err
	}
	if o.api.tokenFile == "" {
		return exit.Usage("it is not taken from the run's folder, which others may have made", "--token-file is missing")
	}
	if cmd.Flags().Changed("rate") {
		r.s.Rate = o.api.rate
	}
	o.api.rate = r.s.Rate
	if r.client, err = a.newClient(cmd, r.s.API, o.api, o.run); err != nil {
		return err
	}
	if err := reports.ReopenFolder(r.dir); err != nil {
		return err
	}
	return r.do(cmd.Context())
}
