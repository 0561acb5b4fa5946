package linker

import "time"

// Outcome is what became of one row.
type Outcome string

const (
	Created     Outcome = "created"     // the recording had no link and has one now
	Replaced    Outcome = "replaced"    // the recording's link was cleared and a new one made
	Unchanged   Outcome = "unchanged"   // the link was there already
	Superseded  Outcome = "superseded"  // a later row of the same recording won (--on-conflict last)
	Kept        Outcome = "kept"        // the current link was left, as asked for
	Rejected    Outcome = "rejected"    // the row breaks a rule; see Code
	Failed      Outcome = "failed"      // the database refused the row; see Code
	Unattempted Outcome = "unattempted" // the run stopped before the row's turn
	Extra       Outcome = "extra"       // reconcile: a current link the file does not mention
	Cleared     Outcome = "cleared"     // reconcile --prune: such a link, cleared
	Valid       Outcome = "valid"       // validate: nothing wrong without a database
	Linked      Outcome = "linked"      // import --api: done, by a server that gives no details
	Reverted    Outcome = "reverted"    // revert: the run's change was taken back
)

// Outcomes lists every outcome in the order in which summaries show them.
var Outcomes = [...]Outcome{
	Created, Replaced, Linked, Unchanged, Superseded, Kept, Valid, Reverted,
	Rejected, Failed, Unattempted, Extra, Cleared,
}

// IsInput reports whether in a run of this kind the outcome belongs to a row of the
// input. The others (extra, cleared) are lines that reconcile adds after the input
// rows.
func (k Kind) IsInput(o Outcome) bool { return o != Extra && (o != Cleared || k != Reconcile) }

// Decision is what became of one row, and why.
type Decision struct {
	Outcome Outcome `json:"outcome,omitempty"`
	Code    Code    `json:"code,omitempty"` // "" unless rejected or failed
	// Detail is what only the database or the server knows of the reason: the
	// near miss, the other lines of a conflict. Message makes a sentence of it.
	Detail string `json:"detail,omitempty"`
	// EntityID is the CRM row found.
	EntityID string `json:"entityId,omitempty"`
	// The link that was current when the row was decided.
	PreviousEntityID string `json:"previousEntityId,omitempty"`
	PreviousDataType string `json:"previousDataType,omitempty"`
}

// Result is the decision of the database about one row.
type Result struct {
	Row int64 // the data record's number, from 1; 0 for extra and cleared
	Decision
	RecordingID string // extra, cleared and the changes of a revert only
	// Missed reports that an extra link was to be cleared and is still there.
	Missed bool
}

// StagedResult is a Result with the row as it was staged. A row that Check refused
// has the outcome rejected, the first of its codes, and of its fields the
// recording's id alone.
type StagedResult struct {
	Result
	Line   int64
	Fields Fields // trimmed, words in capitals, what --set fills in included
}

// Entry is one line of the report: the record as it was given and what became
// of it.
type Entry struct {
	Row, Line int64 // 0 for extra and cleared: their cells stay empty
	Fields    Fields
	Decision
	// Message is the whole sentence for the reader of the report, Detail
	// included.
	Message string
	// Raw is the record exactly as in the source, in the source's encoding,
	// with its line end. It belongs to the reader and is valid only until the
	// next entry; nil for extra and cleared.
	Raw []byte
}

// Entity is a CRM row as the HTTP operation shows it.
type Entity struct {
	ID         string
	ExternalID string
	DataType   string
	Name       *string // nil when the platform has none
	// LastActivityAt is nil when the platform knows of no activity.
	LastActivityAt *time.Time
}
