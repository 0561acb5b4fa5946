package console

import "testing"

func TestErrorsStandOnOneLineAndOnce(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]string{
		"no server":               "no server",
		"no server\nno server":    "no server",
		"a: b\n\t c\n\na: b\nd\n": "a: b; c; d",
	} {
		if got := oneLine(message); got != want {
			t.Errorf("oneLine(%q) = %q, want %q", message, got, want)
		}
	}
}
