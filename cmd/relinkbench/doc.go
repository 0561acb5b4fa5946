// Relinkbench measures relink against the alternatives, side by side in one run
// and on the same data: a psql script of set-based SQL over one session, as an
// expert would write it, and one transaction per row. It checks that all of
// them end with the same links.
//
// It starts its own PostgreSQL, with fsync on, and deletes it at the end.
// Before each measurement the database is cloned from a template and a
// checkpoint is made, so that each one starts from the same bytes.
package main
