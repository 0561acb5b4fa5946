// Package pg opens connections to PostgreSQL with the settings that relink
// needs, and puts the errors of the database into words.
//
// A session never takes settings from the role, the database or the server that
// could change what a statement means or end it early (Connect). A proxy that
// pools transactions is found out before anything is written (CheckSession).
// Errors answer for themselves: Explain gives one sentence, a hint, and whether
// the same work may succeed a moment later. The package knows no table.
package pg
