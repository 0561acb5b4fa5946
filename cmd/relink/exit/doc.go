// Package exit holds the exit statuses of relink, which scripts and monitors
// depend on, and the errors that carry one to main with the hint for the person
// at the terminal.
package exit
