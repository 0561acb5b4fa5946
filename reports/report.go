package reports

import (
	"slices"

	"relink/linker"
)

// Columns are the columns of a report, in their order. Other people's programs
// depend on the names.
var Columns = slices.Concat([]string{"row", "line"}, linker.ReportedNames(), []string{
	"outcome", "code", "message", "entityId", "previousEntityId", "previousDataType",
})

// Writer writes a report, one entry a line. *CSV and *JSONL are Writers.
type Writer interface {
	// Write adds the entry's line. Nothing of the entry is kept.
	Write(linker.Entry) error
	// Close writes what is still buffered. It does not close the
	// underlying writer.
	Close() error
}

// blockSize is how many bytes a report buffers before it writes them. Larger
// blocks than 64 KiB do not make it faster.
const blockSize = 64 << 10

// textColumns is how many columns hold text: all except row and line.
const textColumns = linker.ReportedCount + 6

// cells of an entry that are text, in the order of Columns from the third on.
func cells(e *linker.Entry) (text [textColumns]string) {
	for f := range linker.ReportedCount {
		text[f] = *e.Fields.At(f)
	}
	copy(text[linker.ReportedCount:], []string{
		string(e.Outcome), string(e.Code), e.Message, e.EntityID, e.PreviousEntityID, e.PreviousDataType,
	})
	return text
}
