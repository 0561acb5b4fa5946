// Package postgres is the platform's database as relink remembers it: Store records
// runs, finds them again and tells where they were made, drops what dead runs have
// left, and reads current links for export, survey and history. Migrate makes
// relink's own tables. What a run plans and writes is package engine's, and all SQL
// that is longer than a line is package sql's; no SQL stands outside the folders
// below linker/postgres.
package postgres
