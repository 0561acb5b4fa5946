package linker

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"relink/linker/text"
)

// Operator is who began a run. Every field is "" where it is not known.
type Operator struct {
	Role string `json:"role"` // who logged in to the database (session_user)
	User string `json:"user"` // of the operating system
	Host string `json:"host"`
}

// String names the operator in a few words, "" for one that is not known.
func (o Operator) String() string {
	var parts []string
	switch {
	case o.User != "" && o.Host != "":
		parts = append(parts, o.User+" on "+o.Host)
	case o.User != "":
		parts = append(parts, o.User)
	}
	if o.Role != "" {
		parts = append(parts, "as role "+o.Role)
	}
	return strings.Join(parts, " ")
}

// MaxReason is how many characters a reason may have: a sentence or two, and the
// number of a ticket.
const MaxReason = 500

// ParseReason returns a reason as it is stored: in one line, without invisible
// characters. A reason that is empty, too long or not text is an error.
func ParseReason(s string) (string, error) {
	if !utf8.ValidString(s) {
		return "", errors.New("it is not UTF-8")
	}
	s = text.Printable(strings.Join(strings.Fields(s), " "))
	switch n := utf8.RuneCountInString(s); {
	case n == 0:
		return "", errors.New("it is empty")
	case n > MaxReason:
		return "", fmt.Errorf("it has %s characters, and at most %d are kept", text.Thousands(int64(n)), MaxReason)
	}
	return s, nil
}
