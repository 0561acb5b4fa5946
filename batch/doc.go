// Package batch moves rows: it reads records from a source, has them checked,
// and takes them along the road source → check → stage → plan → guard → apply
// → report. It knows no SQL and no file format of a report: the database and
// the report are interfaces, declared here where they are needed.
//
// A record that cannot be read is a record with a fault, not an error: rows
// read always equal rows reported. Errors are for what stops the run.
package batch
