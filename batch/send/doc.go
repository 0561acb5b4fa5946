// Package send runs an import for those who can reach only the HTTP API of a
// platform, not its database. A [Job] reads its file three times:
//
//	check    counts the rows; finds those that are rejected, contradict each
//	         other, or repeat an earlier row. A guard judges the result.
//	send     workers send the rows that have no answer yet. All rows of one
//	         recording go to one worker, in the order of the file.
//	report   joins each row with its answer.
//
// Answers are kept in a journal, one per line, written before the row counts as
// done: a run that was killed continues with the rows that have no answer. The
// state of each row is a number in a temporary file, so that memory does not
// grow with the file.
package send
