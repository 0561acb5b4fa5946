package linker

// Rules are the options that decide what becomes of a row. They are kept with
// the run, so that a resumed run decides by the rules it started with. The
// zero value is a plain import.
type Rules struct {
	// Set fills fields that a row leaves empty (--set).
	Set Fields `json:"set,omitzero"`
	// Values replace values before the check (--map-value); the first that
	// fits counts.
	Values []Replacement `json:"values,omitempty"`
	// Organization, where the caller has one, hides every row of another
	// organization. Empty means no such limit.
	Organization string `json:"organization,omitempty"`
	// LastWins lets the last of several different targets for one recording
	// win (--on-conflict last). Default: all of them are rejected.
	LastWins bool `json:"lastWins,omitempty"`
	// FollowMerges links the survivor of a merged CRM row.
	FollowMerges bool `json:"followMerges,omitempty"`
	// KeepExisting links only recordings without a current link
	// (--existing keep).
	KeepExisting bool `json:"keepExisting,omitempty"`
	// KeepTriggers are the triggers of links that are never replaced or
	// pruned.
	KeepTriggers []string `json:"keepTriggers,omitempty"`
	// Unlink clears the link to a row's target instead of making it.
	Unlink bool `json:"unlink,omitempty"`
	// ClearDeleted clears the link that a row expects when its target is deleted
	// (--clear-deleted).
	ClearDeleted bool `json:"clearDeleted,omitempty"`
	// Scope limits a reconciliation; nil for an import.
	Scope *Scope `json:"scope,omitempty"`
}

// Scope is the part of the links for which a reconciled file is the truth.
// Values of one kind add up, different kinds intersect; a nil list does not
// limit.
type Scope struct {
	Connections   []string `json:"connections,omitempty"`
	DataTypes     []string `json:"dataTypes,omitempty"`
	Organizations []string `json:"organizations,omitempty"`
	// Implied means that no scope was given and the connections named in the
	// file are the scope; links outside the file are then only reported.
	Implied bool `json:"implied,omitempty"`
	// TakeOver allows replacing links outside the scope (--take-over).
	TakeOver bool `json:"takeOver,omitempty"`
	// Prune clears the links in scope that the file does not mention.
	Prune bool `json:"prune,omitempty"`
	// Partial means that the file holds only some of the rows of a reconciled
	// file: no conclusion is drawn from what is missing, so there are no
	// extras.
	Partial bool `json:"partial,omitempty"`
}
