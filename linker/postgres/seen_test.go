package postgres

import (
	"fmt"
	"testing"
)

func TestSeenNeverTakesARepeatedRecordingForNew(t *testing.T) {
	t.Parallel()
	const n = 200_000
	s := newSeen()
	suspected := 0
	for i := range n {
		if s.before(fmt.Sprintf("recording-%d", i)) {
			suspected++
		}
	}
	// Less than one is expected; hundreds would be a filter that does not
	// filter.
	if suspected > 100 {
		t.Errorf("%d of %d new recordings are taken for seen", suspected, n)
	}
	for i := range n {
		if id := fmt.Sprintf("recording-%d", i); !s.before(id) {
			t.Fatalf("%s came before and is taken for new", id)
		}
	}
}
