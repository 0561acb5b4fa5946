package linker

import (
	"encoding/json"
	"time"
)

// Approval records that the plan of a dry run may be carried out.
type Approval struct {
	Run          int64    `json:"run"` // the dry run
	Kind         Kind     `json:"kind"`
	Schema       string   `json:"schema"`          // of the platform's tables
	OfRun        int64    `json:"ofRun,omitempty"` // the run that a revert takes back
	SourceSHA256 string   `json:"sourceSha256,omitempty"`
	PlanSHA256   string   `json:"planSha256"` // see Run.PlanSHA256
	By           Operator `json:"by"`         // the role, according to the server
	Reason       string   `json:"reason"`
	// Options are those of the dry run.
	Options json.RawMessage `json:"options"`
	At      time.Time       `json:"at"`
}
