package linker

import (
	"fmt"
	"strings"

	"relink/linker/damage"
	"relink/linker/text"
)

// Message is the sentence that stands in the report for a row that the database
// or a server answered with code c, "" for none. of is what Check made of the
// row; the code in the report is of.Final(c). detail is what only
// the database knows: the near miss, the other lines of a conflict, the
// survivor of a merge, the server's answer; "" for nothing. Rows with the code
// that Check gave them get Check's message, rows without a code the detail and
// their note.
//
// It uses only values of the row and of detail, so it cannot reveal what the
// caller may not see.
func Message(c Code, of Checked, detail string) string {
	if of.Fault != nil && of.Fault.Code == c {
		return of.Fault.Message
	}
	if c == "" {
		return sentences(detail, of.Note) // most rows by far
	}
	said, remedy := sentence(c, of)
	note := of.Note
	if strings.Contains(said, note) {
		note = "" // damage that Check has noted, too
	}
	return sentences(sentences(said, detail), sentences(remedy, note))
}

// sentence describes what is wrong and, where it is short and always the same,
// what to do.
func sentence(c Code, of Checked) (said, remedy string) {
	r := of.Fields
	recording := "recordingId " + text.Quote(r.RecordingID)
	if of.Final(c) == SpreadsheetDamagedID {
		return damaged(of, c), ""
	}
	switch c {
	case RecordingNotFound:
		return "no recording has the " + recording, ""
	case RecordingDeleted:
		return "the recording with " + recording + " is deleted", ""
	case ConnectionNotFound:
		return "no connection has the integrationConnectionId " + text.Quote(r.IntegrationConnectionID), ""
	case EntityNotFound:
		if r.ID != "" {
			return "no CRM row has the id " + text.Quote(r.ID), ""
		}
		return fmt.Sprintf("no %s in connection %s has the externalId %s",
			r.DataType, text.Quote(r.IntegrationConnectionID), text.Quote(r.ExternalID)), ""
	case OrganizationMismatch:
		return fmt.Sprintf("%s and %s belong to different organizations", recording, target(r)), ""
	case EntityMerged:
		return "the CRM row with " + target(r) + " is merged into another",
			"name the row that survived, or use --follow-merges where the chain of merges has an end"
	case DataTypeMismatch:
		return fmt.Sprintf("%s is not of type %s", resolved(r), r.DataType), ""
	case ConnectionMismatch:
		return fmt.Sprintf("%s is not in connection %s", resolved(r), text.Quote(r.IntegrationConnectionID)), ""
	case EntityDeleted:
		return "the CRM row with " + target(r) + " is deleted", ""
	}
	return sentenceOfRun(c, r)
}

// sentenceOfRun is sentence for codes that depend on other rows, on the scope,
// or on concurrent changes by others.
func sentenceOfRun(c Code, r Fields) (said, remedy string) {
	recording := "recordingId " + text.Quote(r.RecordingID)
	switch c {
	case ConflictingRows:
		return "rows with " + recording + " ask for different CRM rows",
			"keep one of them, or let the last one win with --on-conflict last"
	case OutOfScope:
		return "the CRM row with " + target(r) + " is outside the scope of this reconciliation",
			"remove the row or widen the scope"
	case LinkedElsewhere:
		return "the recording with " + recording + " is linked outside the scope of this reconciliation",
			"remove the row, widen the scope, or use --take-over"
	case LostRace:
		return "others kept changing the link of the recording with " + recording + " while the run wrote", "run it again"
	case TargetGone:
		return "the CRM row with " + target(r) + " was removed while the run wrote", "run it again after the next CRM sync"
	case Locked:
		return fmt.Sprintf("another session held a lock on the link of the recording with %s or on the CRM row with %s",
			recording, target(r)), "run it again"
	case DatabaseRefused:
		return "the database refused to link the recording with " + recording, ""
	case NotFound:
		return fmt.Sprintf("the server knows no recording with %s or no CRM row with %s", recording, target(r)), ""
	case ServerError:
		return "the server did not link the recording with " + recording, "run it again"
	}
	// A code of Check in a row that this Check accepted: a server refused it,
	// and detail gives the reason.
	return "the row is refused as " + string(c), ""
}

// target names the CRM row in the words of the row.
func target(r Fields) string {
	if r.ID != "" {
		return "id " + text.Quote(r.ID)
	}
	return fmt.Sprintf("externalId %s in connection %s", text.Quote(r.ExternalID), text.Quote(r.IntegrationConnectionID))
}

// resolved names the CRM row whose type or connection is wrong. Under an external
// id only the survivor of a merge can have another type or connection than the
// row asked for.
func resolved(r Fields) string {
	if r.ID != "" {
		return "the CRM row with " + target(r)
	}
	return "the row that survived the merge of " + target(r)
}

// damaged names the suspect id of a row that was looked up and not found. The
// answer of a server may leave open which one it was.
func damaged(of Checked, c Code) string {
	var said string
	for _, f := range ids {
		v := *of.Fields.At(f)
		suspect := f == FieldRecordingID && of.Suspect&SuspectRecording != 0 && c != EntityNotFound ||
			(f == FieldID || f == FieldExternalID) && of.Suspect&SuspectTarget != 0 && c != RecordingNotFound
		if !suspect || v == "" {
			continue
		}
		said = sentences(said, fmt.Sprintf("%s %s %s", f, text.Quote(v), damage.Of(v)))
	}
	return sentences("not found as given", said)
}

// NamedLines is how many of the other lines of a conflict are named.
const NamedLines = 5

// OtherLines is the detail of ConflictingRows: where the other rows of the
// recording are. more is how many more there are.
func OtherLines(lines []int64, more int64) string {
	if len(lines) == 1 && more == 0 {
		return "the other is on " + text.Lines(lines, 0)
	}
	return "the others are on " + text.Lines(lines, more)
}
