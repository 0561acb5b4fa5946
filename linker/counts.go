package linker

import (
	"strings"

	"relink/linker/text"
)

// Counts are rows by outcome, those that extra and cleared links add included.
// An outcome that did not occur may be missing; nil has counted nothing.
type Counts map[Outcome]int64

// Written is the number of links made, cleared or brought back.
func (c Counts) Written() int64 {
	return c[Created] + c[Replaced] + c[Linked] + c[Cleared] + c[Reverted]
}

// NotThrough is the number of rows that were not linked as they asked.
func (c Counts) NotThrough() int64 { return c[Rejected] + c[Failed] + c[Unattempted] }

// Drift is the number of links that differ from a reconciled file, or did before
// the run. leftAlone is how many of the extras are left on purpose: those are as
// they were meant to be.
func (c Counts) Drift(leftAlone int64) int64 {
	return c[Created] + c[Replaced] + c[Extra] - leftAlone + c[Cleared] + c[Failed] + c[Unattempted]
}

// String lists the outcomes that occurred: "5 created, 1,990 unchanged".
func (c Counts) String() string {
	var parts []string
	for _, o := range Outcomes {
		if n := c[o]; n > 0 {
			parts = append(parts, text.Thousands(n)+" "+string(o))
		}
	}
	return strings.Join(parts, ", ")
}
