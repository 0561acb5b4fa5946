// Command relink imports and reconciles CRM links of recordings in bulk.
//
// Package main implements the command line and wires the other packages
// together. One file cmd_NAME.go is one command: its options, its flags, its
// check of the options, its run function. What commands share stands in packages
// below: flags, console, exit, and runner, which takes a run from its settings
// to its files. Only here is anything printed, and nothing here decides about
// rows.
package main
