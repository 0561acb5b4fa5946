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
	"relink/linker"
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
func (a *app) resumeThroughAPI(cmd *cobra.Command, dir string, o resumeOptions) error {
	head, err := send.ReadJournalHead(filepath.Join(dir, journalName))
	if errors.Is(err, fs.ErrNotExist) {
		return usage("a run on a database is resumed by its number; relink runs lists them",
			"%s is no folder of an import with --api from which anything was sent", dir)
	}
	if err != nil {
		return err
	}
	r := &apiRun{a: a, run: o.run, json: o.json, next: func(linker.Summary) []reports.Step { return nil }}
	if err := json.Unmarshal(head.Settings, &r.s); err != nil {
		return fmt.Errorf("reading the options of the run in %s: %w", dir, err)
	}
	if r.dir, err = absolute(dir); err != nil {
		return err
	}
	if o.api.tokenFile != "" {
		r.s.TokenFile = o.api.tokenFile
	}
	if cmd.Flags().Changed("rate") {
		r.s.Rate = o.api.rate
	}
	if r.client, err = newClient(cmd, r.s, o.run); err != nil {
		return err
	}
	if err := reports.ReopenFolder(r.dir); err != nil {
		return err
	}
	return r.do(cmd.Context())
}
