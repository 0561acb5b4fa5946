// Package pgtest gives tests a real PostgreSQL: each test a database of its
// own, with the tables of both migrations in it, in some milliseconds.
//
// All test processes of a user share one throwaway server. A package that uses
// it says so once:
//
//	func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }
//
// The last process out deletes the server with everything in it. When a test
// failed, the server stays for an hour, and the address of the test's database
// stands in the test's log.
package pgtest
