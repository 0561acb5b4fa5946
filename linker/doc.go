// Package linker holds what a CRM link of a recording is: the words a row may
// use, the rules a row must keep before a database is asked, and the codes and
// messages a row can end with. Package guard judges a whole plan.
//
// It is pure: nothing here reads a file, opens a connection or looks at a
// clock, and it imports the standard library only. The file import, the dry
// run, the reconciliation and the HTTP operation all go through these rules,
// so that one row means the same thing everywhere.
package linker
