package linker

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Scripts depend on the numbers.
func TestExitStatuses(t *testing.T) {
	t.Parallel()
	var got strings.Builder
	for s := ExitStatus(-1); s < 256; s++ {
		if (s.Text() == "") != (s.Help() == "") {
			t.Errorf("status %d has one text of two", s)
		}
		if s.Text() != "" {
			fmt.Fprintf(&got, "%d %s, completed %v\n", s, s.Text(), s.Completed())
		}
	}
	want := `0 all is well, completed true
1 could not run, completed false
2 finished, rows are left, completed true
3 over the error budget, completed false
4 over the change guard, completed false
5 drift found, completed true
11 another run was running, completed false
130 interrupted, completed false
`
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
}
