// Package postgres is relink's own view of the platform's database: Store
// records runs, finds them again, knows where they were made, drops what dead
// runs have left, and reads current links for export, survey and history.
// Migrate creates relink's own tables. Package engine plans and writes runs,
// and package sql holds all SQL longer than a line; there is no SQL outside the
// folders below linker/postgres.
package postgres
