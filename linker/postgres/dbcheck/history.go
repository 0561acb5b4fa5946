package dbcheck

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/jackc/pgx/v5"

	"relink/linker/postgres/migrations"
	"relink/linker/postgres/platform"
)

//go:embed sql/history.sql
var historySQL string

// commandAdopt makes the recorded runs those of the database at hand.
const commandAdopt = "relink runs adopt"

// checkHistory finds runs that no longer match the database: their marks, or
// the platform's links, were restored from a dump without the other. Such runs
// are refused one by one; this finding explains why.
func (c *contract) checkHistory(ctx context.Context, conn *pgx.Conn) error {
	const runs = "relink.runs"
	if _, there := c.relation(migrations.Schema, "runs"); !there || c.platform == nil || c.stops() {
		return nil
	}
	var elsewhere, unmarked int64
	err := conn.QueryRow(ctx, historySQL, c.schema, c.platform.Base(platform.Links)).Scan(&elsewhere, &unmarked)
	if err != nil {
		return err
	}
	if elsewhere > 0 {
		c.add(Finding{
			Object: runs, Label: Safe, Warning: true, Command: commandAdopt,
			Problem: fmt.Sprintf("has runs (%d) of an earlier table of links, which was restored from a dump or made anew since: "+
				"they cannot be resumed or reverted. Adopt them only if schema relink was restored from the same dump", elsewhere),
		})
	}
	if unmarked > 0 {
		c.add(Finding{
			Object: runs, Label: Safe, Warning: true,
			Problem: fmt.Sprintf("has runs (%d) whose marks are not in relink.marks, or those of other runs: "+
				"they cannot be resumed or reverted until both tables are restored from one dump", unmarked),
		})
	}
	return nil
}

// stops reports whether any finding keeps runs from starting.
func (c *contract) stops() bool {
	for _, f := range c.findings {
		if f.Stops {
			return true
		}
	}
	return false
}
