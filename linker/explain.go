package linker

// Explanation tells a person what a code means and what to do about it.
type Explanation struct {
	Code    Code   `json:"code"`
	Meaning string `json:"meaning"` // one sentence
	Cause   string `json:"cause"`   // why it happens
	Remedy  string `json:"remedy"`  // what to do
	Example string `json:"example"` // a row or value that gets the code, and why
	// Do is the remedy in a few words, for a line of the summary.
	Do string `json:"do"`
	// Heals says that the same row may go through later without being
	// changed; When says what has to happen for that, "" when nothing can.
	Heals bool   `json:"heals"`
	When  string `json:"when,omitempty"`
}

// Explain returns the text for a code, false for a code that does not exist.
func Explain(c Code) (Explanation, bool) {
	e, ok := explainReading(c)
	if !ok {
		e, ok = explainDatabase(c)
	}
	if !ok {
		e, ok = explainRun(c)
	}
	if !ok {
		return Explanation{}, false
	}
	e.Code = c
	e.Heals = e.When != ""
	return e, true
}

// NeedsNoDatabase reports whether the code is one that Check finds.
func (c Code) NeedsNoDatabase() bool {
	_, ok := explainReading(c)
	return ok
}

// Codes lists every code in the order in which they are tested.
func Codes() []Code {
	return []Code{
		RecordTooLong, InvalidEncoding, MalformedRow, MissingRecordingID, MissingDataType, InvalidDataType,
		InvalidTrigger, IDAndExternalID, MissingTarget, MissingConnectionID, FieldTooLong, SpreadsheetDamagedID,
		RecordingNotFound, RecordingDeleted, ConnectionNotFound, EntityNotFound, OrganizationMismatch,
		EntityMerged, DataTypeMismatch, ConnectionMismatch, EntityDeleted,
		ConflictingRows, OutOfScope, LinkedElsewhere, LostRace, TargetGone, Locked, DatabaseRefused,
		NotFound, ServerError,
	}
}
