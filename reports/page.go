package reports

import (
	"time"

	"relink/linker"
	"relink/linker/guard"
)

// Page is the content of report.html. The summary alone makes a page; every
// other field adds a section.
type Page struct {
	Summary linker.Summary
	// Notices are sentences shown under the verdict: why a guard refused, why
	// the prune was withheld.
	Notices []string
	// Next are the commands that make sense now, most useful first.
	Next []Step
	// Sample has the examples and the rows by connection and data type; nil
	// when the entries were not looked at.
	Sample *Sample
	// Connections describes the connections, by id.
	Connections map[string]Connection
	// Touched are the recordings whose link changes, by organization.
	Touched []guard.OrganizationCount
	// Phases are the parts of the run in the order in which they ran.
	Phases []Phase
	// Options are the options given, in the order in which help lists them.
	Options []Option
	// Drift are earlier reconciliations of the same scope, oldest first,
	// this one last. The last DriftRuns are shown.
	Drift []DriftPoint
	// Host and Version are where it ran and with which version; "" when
	// unknown.
	Host, Version string
}

// Step is a command that makes sense now.
type Step struct {
	Why     string // when it is useful
	Command string
}

// Connection is what people call a connection.
type Connection struct {
	Name     string
	Platform string // SALESFORCE, HUBSPOT, …
}

// Phase is the time that one part of a run took.
type Phase struct {
	Name string
	Took time.Duration
	Rows int64 // rows that went through it, 0 when not counted
}

// Option is one option with its value, as text.
type Option struct{ Name, Value string }

// DriftPoint is the number of links that differed from the file in one
// reconciliation.
type DriftPoint struct {
	Run    int64
	At     time.Time
	Links  int64
	DryRun bool
}

// DriftRuns is how many reconciliations the chart of the drift shows.
const DriftRuns = 30
