package linker

import (
	"fmt"
	"time"
)

// Change is what a run did to the links of one recording, as the receivers of
// `relink changes` get it: its JSON is theirs to depend on.
type Change struct {
	// ID identifies the change: it is the same each time the change is
	// reported.
	ID   string     `json:"id"`
	Type ChangeType `json:"type"`
	// RecordingID is the recording, which a run changes at most once.
	RecordingID string `json:"recordingId"`
	// Previous is the link that was cleared, Current the one that was made; nil for
	// none. One of them is not nil.
	Previous *ChangedLink `json:"previous"`
	Current  *ChangedLink `json:"current"`
	// Trigger is that of the link made or, when none was made, that of the clearing.
	Trigger string `json:"trigger"`
	Run     int64  `json:"run"`
	// Row is the row of the input, of a revert the row of its report; nil for a link
	// that was pruned, which no row names.
	Row *int64    `json:"row"`
	At  time.Time `json:"at"`
}

// ChangedLink is one end of a change.
type ChangedLink struct {
	DataType string `json:"dataType"`
	EntityID string `json:"entityId"`
}

// ChangeType is what a recording is after a change.
type ChangeType string

const (
	RecordingLinked   ChangeType = "recording.linked"
	RecordingUnlinked ChangeType = "recording.unlinked"
)

// Name gives the change its ID and its type, which follow from the rest.
func (c *Change) Name() {
	c.ID = fmt.Sprintf("%d/%s", c.Run, c.RecordingID)
	c.Type = RecordingUnlinked
	if c.Current != nil {
		c.Type = RecordingLinked
	}
}
