// Package runner takes a run from its settings to its files: it records the run,
// makes its folder, keeps the input readable, does the run (package batch), and
// writes report, page and summary. It knows how a run is resumed, written again
// or skipped, what its settings are called on the command line and on the page,
// and which commands make sense after it. It decides nothing about rows.
package runner
