// Relinkbench measures relink against the ways in which people do its work
// otherwise, side by side in one run and on the same world: a psql script of
// set-based SQL over one session, as an expert would write it, and one
// transaction a row. It checks that all of them end in the same links.
//
// It starts a PostgreSQL of its own, with fsync on, and deletes it at the end.
// Between two measurements the world is cloned anew from a template, so that
// each starts from the same bytes, and a checkpoint is made.
package main
