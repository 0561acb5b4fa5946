// Package reports turns the result of a run into bytes: report.csv or
// report.jsonl with a line for every row, the rejects with their reasons beside
// them, summary.json, report.html, and the text printed at the terminal.
//
// It takes rows, codes and counts from package linker and does not know where
// they come from: no SQL, no flags, no terminal. It creates files only inside
// the folder of a run, and a file gets its name only when it is complete.
package reports
