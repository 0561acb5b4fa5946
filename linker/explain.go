package linker

// Explanation tells a person what a code means and what to do about it.
type Explanation struct {
	Code    Code   `json:"code"`
	Meaning string `json:"meaning"` // one sentence
	Cause   string `json:"cause"`   // why it happens
	Remedy  string `json:"remedy"`  // what to do
	Example string `json:"example"`
	// Do is the remedy in a few words, for a line of the summary.
	Do string `json:"do"`
	// Heals says that the same row may go through later without being
	// changed; When says what has to happen for that, "" when nothing can.
	Heals bool   `json:"heals"`
	When  string `json:"when,omitempty"`
}

// Explain returns the text for a code, false for a code that does not exist.
func Explain(c Code) (Explanation, bool) { return Explanation{}, false }

// Codes lists every code in the order in which they are tested.
func Codes() []Code { return nil }
