package linker

import "time"

// Survey is how far the recordings of a platform are linked.
type Survey struct {
	Recordings int64         // that are not deleted
	Linked     int64         // of these, with a current link
	Links      []SurveyGroup // current links, in order of connection, type and trigger
}

// SurveyGroup counts the current links of one connection, data type and trigger.
type SurveyGroup struct {
	Connection   string     `json:"connection"` // "" where the CRM row is gone
	Name         string     `json:"name"`       // of the connection
	DataType     string     `json:"dataType"`
	Trigger      string     `json:"trigger"`
	Links        int64      `json:"links"`
	Merged       int64      `json:"merged"`       // links to CRM rows that were merged into others
	Deleted      int64      `json:"deleted"`      // to deleted ones
	Gone         int64      `json:"gone"`         // to ones that are not there
	LastLinkedAt *time.Time `json:"lastLinkedAt"` // nil where the platform does not say
}

// Dead is the number of links of the group that lead to no live CRM row.
func (g SurveyGroup) Dead() int64 { return g.Merged + g.Deleted + g.Gone }

// PastLink is a link that a recording has or had.
type PastLink struct {
	DataType                string     `json:"dataType"`
	EntityID                string     `json:"entityId"`
	ExternalID              string     `json:"externalId"`              // "" where the CRM row is gone
	IntegrationConnectionID string     `json:"integrationConnectionId"` // likewise
	Trigger                 string     `json:"trigger"`
	LinkedAt                *time.Time `json:"linkedAt"`  // nil where the platform does not say
	ClearedAt               *time.Time `json:"clearedAt"` // nil while it is current
	ClearedTrigger          string     `json:"clearedTrigger"`
	// The runs that made and cleared it and the rows that asked for it; 0
	// where the platform did, and for the row of a prune.
	LinkedByRun  int64 `json:"linkedByRun"`
	LinkedByRow  int64 `json:"linkedByRow"`
	ClearedByRun int64 `json:"clearedByRun"`
	ClearedByRow int64 `json:"clearedByRow"`
}
