package explain

import (
	"slices"

	"relink/linker"
)

// Explanation describes a code to a person, and what to do about it.
type Explanation struct {
	Code    linker.Code `json:"code"`
	Meaning string      `json:"meaning"` // one sentence
	Cause   string      `json:"cause"`   // why it happens
	Remedy  string      `json:"remedy"`  // what to do
	Example string      `json:"example"` // a row or value that gets the code, and why
	// Do is the remedy in a few words, for a line of the summary.
	Do string `json:"do"`
	// Heals reports that the same row may go through later without being
	// changed; When is what has to happen for that, "" when nothing can.
	Heals bool   `json:"heals"`
	When  string `json:"when,omitempty"`
}

// explanations are the texts of all codes in the order in which the codes are
// tested.
var explanations = slices.Concat(readingExplanations, databaseExplanations, runExplanations)

// Explain returns the text for a code, false for a code that does not exist.
func Explain(c linker.Code) (Explanation, bool) {
	for _, e := range explanations {
		if e.Code == c {
			e.Heals = e.When != ""
			return e, true
		}
	}
	return Explanation{}, false
}

// NeedsNoDatabase reports whether a code is one that linker.Check finds.
func NeedsNoDatabase(c linker.Code) bool {
	return slices.ContainsFunc(readingExplanations, func(e Explanation) bool { return e.Code == c })
}

// Codes lists every code in the order in which they are tested. The caller owns
// the slice.
func Codes() []linker.Code {
	codes := make([]linker.Code, len(explanations))
	for i, e := range explanations {
		codes[i] = e.Code
	}
	return codes
}
