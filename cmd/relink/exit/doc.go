// Package exit holds the exit statuses of relink, which scripts and monitors
// depend on, and the errors that carry a status and a hint to main.
package exit
