package bloom

import (
	"hash/maphash"
	"testing"
)

func TestFilterNeverTakesASeenHashForNew(t *testing.T) {
	t.Parallel()
	const n = 200_000
	seed := maphash.MakeSeed()
	f := New(MaxSize)
	suspected := 0
	for i := range n {
		if f.Add(maphash.Comparable(seed, i)) {
			suspected++
		}
	}
	// Less than one is expected; hundreds would be a filter that does not
	// filter.
	if suspected > 100 {
		t.Errorf("%d of %d new hashes are taken for seen", suspected, n)
	}
	for i := range n {
		hash := maphash.Comparable(seed, i)
		if !f.Has(hash) || !f.Add(hash) {
			t.Fatalf("%d was added and is taken for new", i)
		}
	}
	if unseen := maphash.Comparable(seed, -1); New(n).Has(unseen) {
		t.Error("an empty filter has a hash")
	}
}

func TestFilterIsLargeEnough(t *testing.T) {
	t.Parallel()
	seed := maphash.MakeSeed()
	for _, n := range []int{0, 1, 5, 1000, 100_000} {
		f := New(int64(n))
		suspected := 0
		for i := range n {
			if f.Add(maphash.Comparable(seed, i)) {
				suspected++
			}
		}
		if suspected > n/100 {
			t.Errorf("%d of %d new hashes are taken for seen, want less than one in a hundred", suspected, n)
		}
	}
}
