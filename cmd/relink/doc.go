// Command relink imports and reconciles CRM links of recordings in bulk.
//
// This room holds what the outside world sees: flags, environment, terminal,
// exit status, and the wiring of the other rooms. One file is one command: its
// options, its flags, its check of the options, its run function. It is the
// only room that prints or exits, and it decides nothing about rows.
package main
