// Package localpg runs a private PostgreSQL server: for people who want to try
// relink without a database of their own, and for tests.
//
// The server is started from the server programs on this machine; where there
// are none, MissingError says what to install. It listens on a socket in a private folder only, never on
// the network, and it works as root too, by running as another user. Processes
// share one server through file locks: the first one starts it, the others
// adopt it, and the last one out stops it. A process that is killed leaves
// nothing that the next one could stumble over.
package localpg
