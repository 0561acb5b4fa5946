// Package flags holds what the command lines of relink have in common: kinds of
// values that refuse what they cannot be, groups of options that several
// commands share, environment variables for every flag, suggestions for
// misspelt ones, and the quoting of command lines that are proposed.
package flags
