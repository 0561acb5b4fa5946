package linker

// ExitStatus is the status with which a command ends. Scripts and monitors depend
// on the numbers: they are never changed.
type ExitStatus int

// The exit statuses, untyped so that they are the numbers of the system too. A
// dry run ends with the status of the run that it looks at.
const (
	ExitOK          = 0   // done, and every row went through
	ExitError       = 1   // wrong usage, too short a file, or a fatal error
	ExitRejected    = 2   // finished, with rows rejected or failed, or a prune withheld
	ExitBudget      = 3   // over the error budget
	ExitGuard       = 4   // over the change guard, or different from --expect
	ExitDrift       = 5   // links differ from the file
	ExitBusy        = 11  // another run is writing
	ExitInterrupted = 130 // SIGINT or SIGTERM
)

// exitTexts describe the statuses, in order: in a few words, and in a sentence
// for the help of a command.
var exitTexts = []struct {
	status     ExitStatus
	text, help string
}{
	{ExitOK, "all is well", "done, and no row was refused"},
	{ExitError, "could not run", "wrong usage or configuration, too short a file, or a fatal error"},
	{ExitRejected, "finished, rows are left", "finished, but some rows were rejected or failed, or a prune was withheld"},
	{ExitBudget, "over the error budget", "more rows rejected than --max-rejects or --max-new-rejects allows: nothing written"},
	{ExitGuard, "over the change guard", "more changes than --max-changes allows, or not what --expect says or was approved: nothing written"},
	{ExitDrift, "drift found", "the links differ from the file (only with --dry-run)"},
	{ExitBusy, "another run was running", "another run is writing to this database"},
	{ExitInterrupted, "interrupted", "interrupted; can be resumed"},
}

// Text describes in a few words how a run ended, "" for a status that does not
// exist.
func (s ExitStatus) Text() string {
	for _, e := range exitTexts {
		if e.status == s {
			return e.text
		}
	}
	return ""
}

// Help describes, for the help of a command, when it ends with the status.
func (s ExitStatus) Help() string {
	for _, e := range exitTexts {
		if e.status == s {
			return e.help
		}
	}
	return ""
}

// Completed reports that a run with this status came to its end, maybe with rows
// or links that need attention.
func (s ExitStatus) Completed() bool { return s == ExitOK || s == ExitRejected || s == ExitDrift }
