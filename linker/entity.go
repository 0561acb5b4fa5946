package linker

import "time"

// Entity is a CRM row as the HTTP operation shows it.
type Entity struct {
	ID         string
	ExternalID string
	DataType   string
	Name       *string // nil when the platform has none
	// LastActivityAt is nil when the platform knows of no activity.
	LastActivityAt *time.Time
}
