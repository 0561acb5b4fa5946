// Package flags holds what the command lines of relink have in common: types of
// values that refuse invalid input, groups of options that several commands
// share, environment variables for every flag, suggestions for misspelt ones,
// and the quoting of proposed command lines.
package flags
