// Package sql holds the statements of package postgres and its engine, and renders
// them for one platform and one run.
package sql
