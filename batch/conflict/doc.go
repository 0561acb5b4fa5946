// Package conflict finds the rows of a file that contradict each other: rows
// of one recording that ask for different targets. They may be at both ends
// of a file of any length, so the rows are compared in temporary files, with
// memory that does not grow with their number.
//
// A caller adds each row while it reads the file, finishes, and then asks for
// the conflicts of rows in ascending order, as when it reads the file again.
package conflict
