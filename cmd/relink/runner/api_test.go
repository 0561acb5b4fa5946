package runner

import (
	"io"
	"strings"
	"testing"

	"relink/cmd/relink/console"
)

func TestForetell(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	a := &API{Console: console.NewConsole(nil, io.Discard, &b, false)}
	a.foretell(1_000_000, 1000)
	want := "relink: notice: 1,000,000 rows to send, at most 1,000 a minute: about 16 h 40 min\n" +
		"relink: notice: where the platform's database can be reached, relink import --database does that in minutes\n"
	if b.String() != want {
		t.Errorf("foretell says %q, want %q", b.String(), want)
	}
}
