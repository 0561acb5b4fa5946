// Package runner takes a run from its settings to its files. Runner makes runs
// on a database, API through the HTTP operation, Validation without either; what
// all of them go through is life:
//
//	prepare   the input is looked at, the run recorded, its folder made
//	work      a line in the log, then Do(ctx): *batch.Job, *send.Job or
//	          *batch.Validation; the report and the files beside it
//	end       the summary, a line in the log, the exit status
//
// It knows how a run is resumed, written again or skipped, which of its settings
// are called what (the table options), and which commands make sense after it. It
// decides nothing about rows.
package runner
