// Package reports turns the result of a run into bytes: report.csv or
// report.jsonl with a line for every row, the rejects with the reasons beside
// them, summary.json, report.html, and the text that stands on the terminal.
//
// It knows rows, codes and counts from the package linker and nothing of where
// they come from: no SQL, no flags, no terminal. It creates files only inside
// the folder of a run, and a file has its name only when it is complete.
package reports
