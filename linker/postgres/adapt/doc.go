// Package adapt shows a platform with tables of other names to relink: it looks at
// the catalog, guesses which tables and columns are meant, and writes one SQL file
// with four views, the row of relink.platforms and the privileges of relink's role.
//
// The flow is one way: catalog.go reads, guess.go finds the four tables, columns.go
// their columns, words.go the platform's words, and file.go writes. Nothing is
// written to the database, and no statement of the file alters a table.
package adapt
