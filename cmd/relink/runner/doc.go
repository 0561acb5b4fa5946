// Package runner takes a run from its settings to its files. Runner makes runs
// on a database, API through the HTTP operation, Validation without either; what
// all of them go through is life:
//
//	prepare   the input is looked at, the run recorded, its folder made
//	work      a line in the log, then Do(ctx): *batch.Job, *send.Job or
//	          *batch.Validation; the report and the files beside it
//	end       the summary, a line in the log, the exit status
//
// It implements how a run is resumed, skipped, or has its files written again,
// which flags its settings correspond to (the table options), and which
// commands to propose after it. It decides nothing about rows.
package runner
