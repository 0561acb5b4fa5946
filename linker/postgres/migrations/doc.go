// Package migrations holds the tables that relink works on, as SQL, and brings
// a database up to date with them.
//
// There are two sets. The relink set makes what relink keeps for itself, in
// schema relink. The platform set makes the reference tables of the platform,
// in a schema that the caller names; only the local database, tests and demos
// want it. Each set has its own table of versions in schema
// relink. Migrations go forward only.
package migrations
