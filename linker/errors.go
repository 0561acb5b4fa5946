package linker

// Code is the stable name of the reason why a row was not linked. Codes are in
// reports and in other people's scripts: they are never renamed.
type Code string

// Codes that need no database, in the order in which they are tested: the
// first that applies is the row's code.
const (
	RecordTooLong        Code = "record_too_long"
	InvalidEncoding      Code = "invalid_encoding"
	MalformedRow         Code = "malformed_row"
	MissingRecordingID   Code = "missing_recording_id"
	MissingDataType      Code = "missing_data_type"
	InvalidDataType      Code = "invalid_data_type"
	InvalidTrigger       Code = "invalid_trigger"
	IDAndExternalID      Code = "id_and_external_id"
	MissingTarget        Code = "missing_target"
	MissingConnectionID  Code = "missing_connection_id"
	FieldTooLong         Code = "field_too_long"
	SpreadsheetDamagedID Code = "spreadsheet_damaged_id"
)

// Codes that the database decides, in the order in which they are tested.
const (
	RecordingNotFound    Code = "recording_not_found"
	RecordingDeleted     Code = "recording_deleted"
	ConnectionNotFound   Code = "connection_not_found"
	EntityNotFound       Code = "entity_not_found"
	OrganizationMismatch Code = "organization_mismatch"
	EntityMerged         Code = "entity_merged"
	DataTypeMismatch     Code = "data_type_mismatch"
	ConnectionMismatch   Code = "connection_mismatch"
	EntityDeleted        Code = "entity_deleted"
)

// Codes that depend on the other rows of the file, on the run's scope, or on
// what others did while the run wrote.
const (
	ConflictingRows Code = "conflicting_rows"
	OutOfScope      Code = "out_of_scope"
	LinkedElsewhere Code = "linked_elsewhere"
	LostRace        Code = "lost_race"
	TargetGone      Code = "target_gone"
	Locked          Code = "locked"
	DatabaseRefused Code = "database_refused"
)

// Codes of an import through the HTTP operation, where the server's answer is
// all that is known.
const (
	NotFound    Code = "not_found"
	ServerError Code = "server_error"
)

// RowError is the fault of one row. It goes into the report and the run
// continues; it is never returned as the error of a run.
type RowError struct {
	Code Code
	// Message names every fault of the row for the person who has to fix it,
	// without position: the report has row and line.
	Message string
}

func (e *RowError) Error() string { return string(e.Code) + ": " + e.Message }
