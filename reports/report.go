package reports

import "relink/linker"

// Columns are the columns of a report, in their order. Files of other people
// depend on the names.
var Columns = []string{
	"row", "line", "recordingId", "dataType", "id", "externalId",
	"integrationConnectionId", "trigger", "outcome", "code", "message",
	"entityId", "previousEntityId", "previousDataType",
}

// Writer writes a report, one entry a line. *CSV and *JSONL are Writers.
type Writer interface {
	// Write adds the entry's line. Nothing of the entry is kept.
	Write(linker.Entry) error
	// Close writes what is still buffered. It does not close the
	// underlying writer.
	Close() error
}

// blockSize is how many bytes a report gathers before it writes them. 64 KiB
// is where larger blocks stop making the writing faster.
const blockSize = 64 << 10

// cells of an entry that are text, in the order of Columns from the third on.
func cells(e *linker.Entry) [12]string {
	return [12]string{
		e.Fields.RecordingID, e.Fields.DataType, e.Fields.ID,
		e.Fields.ExternalID, e.Fields.IntegrationConnectionID,
		e.Fields.Trigger, string(e.Outcome), string(e.Code), e.Message,
		e.EntityID, e.PreviousEntityID, e.PreviousDataType,
	}
}
