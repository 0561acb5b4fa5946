package linker

import (
	"errors"
	"fmt"
	"regexp"
)

// Environment is the label of a database, and the rules for runs that write to
// it. The zero value has no label and no rules.
type Environment struct {
	Label string `json:"label"` // "" for none
	// Protected means that whatever writes must name the label.
	Protected bool `json:"protected"`
	// RequireApproval means that a run writes only what another database role
	// has approved.
	RequireApproval bool `json:"requireApproval"`
}

// String is the label as it is shown, "" for none.
func (e Environment) String() string {
	if e.Protected {
		return e.Label + " (protected)"
	}
	return e.Label
}

var label = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)

// CheckLabel returns what is wrong with a label, nil for nothing.
func CheckLabel(s string) error {
	if !label.MatchString(s) {
		return errors.New("a label is at most 63 letters, digits, dots, underscores and hyphens, and begins with a letter or a digit")
	}
	return nil
}

// EnvironmentError reports that a command was meant for another environment, or
// did not name the protected one that it would write to.
type EnvironmentError struct{ problem, hint string }

func (e *EnvironmentError) Error() string { return e.problem }

// Hint is what to do about it.
func (e *EnvironmentError) Hint() string { return e.hint }

// Admits returns an *EnvironmentError when a command must not work here: one that
// names another label, or that writes to a protected environment and names none.
// named is "" where the command line names none.
func (e Environment) Admits(named string, writes bool) error {
	switch {
	case named == e.Label, named == "" && !(writes && e.Protected):
		return nil
	case named == "":
		return &EnvironmentError{
			fmt.Sprintf("environment %s is protected: to write to it, name it", e.Label),
			fmt.Sprintf("--environment %s names it; so does RELINK_ENVIRONMENT", e.Label),
		}
	case e.Label == "":
		return &EnvironmentError{
			fmt.Sprintf("--environment names %s, and this database has no label", named),
			fmt.Sprintf("name the right database with --database; if it is this one, `relink db label %s` labels it", named),
		}
	}
	return &EnvironmentError{
		fmt.Sprintf("--environment names %s, and this database is %s", named, e.Label),
		"name the right database with --database, or correct --environment",
	}
}

// AdmitsUnapproved returns an *EnvironmentError when everything written here
// must have been approved.
func (e Environment) AdmitsUnapproved() error {
	if !e.RequireApproval {
		return nil
	}
	return &EnvironmentError{
		"only what another role has approved may be written to this database",
		"`relink db require-approval off` lifts that",
	}
}
