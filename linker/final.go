package linker

// Final is the code a row ends with after the database answered code: an id
// that looks damaged by a spreadsheet and was not found is named so. The form
// alone proves nothing, since real ids look like 1E5.
func (c Checked) Final(code Code) Code {
	switch {
	case code == RecordingNotFound && c.Suspect&SuspectRecording != 0,
		code == EntityNotFound && c.Suspect&SuspectTarget != 0:
		return SpreadsheetDamagedID
	}
	return code
}
