// Package httpapi is the HTTP operation: PUT and DELETE of the CRM link of one
// recording, and the client that sends the rows of a file to it.
//
// The rules are those of package linker, and what the database decides and
// does comes through the interface Linker, so that one recording at a time
// means what a file means. Nothing here knows SQL, prints, or ends the program.
// No token and no body is ever logged.
package httpapi
