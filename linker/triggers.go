package linker

import (
	"cmp"
	"slices"
	"strings"
)

// TriggerCount is how many of the links that a run replaces, or clears without a
// new one, were made by one trigger.
type TriggerCount struct {
	Trigger  string `json:"trigger"` // one of Triggers, "" for none, "other" for all others
	Replaced int64  `json:"replaced"`
	Cleared  int64  `json:"cleared"`
	ByPerson bool   `json:"byPerson"` // see MadeByPerson
}

// Links is the number of links replaced or cleared.
func (c TriggerCount) Links() int64 { return c.Replaced + c.Cleared }

// MadeByPerson reports whether a link with the trigger was made by a person who
// chose the CRM row, not by a rule or a program.
func MadeByPerson(trigger string) bool { return strings.HasPrefix(trigger, "USER_") }

// SortTriggers puts those of most links first.
func SortTriggers(counts []TriggerCount) {
	slices.SortFunc(counts, func(a, b TriggerCount) int {
		return cmp.Or(cmp.Compare(b.Links(), a.Links()), cmp.Compare(a.Trigger, b.Trigger))
	})
}
