// Package dbcheck compares a database with what relink needs of it: the server,
// the platform's tables or views, their columns, keys and indexes, relink's own
// schema, and what the role may do. It reads the catalogs (one statement a
// subject, in sql/), compares them with the contract in tables.go, and returns
// findings with the SQL or the command that settles each. It writes nothing.
package dbcheck
