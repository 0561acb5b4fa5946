// Package bloom remembers which hashes it has seen, in little memory. A [Filter]
// takes some new hashes for seen, but never a seen one for new: only what it
// suspects needs a closer look.
package bloom

import "math/bits"

const (
	// MaxSize is the size in hashes beyond which a filter does not grow: it
	// has 8 MiB then. Of a million different hashes some forty are taken for
	// seen, of ten million one in seventy.
	MaxSize = hashesPerWord << maxWordBits

	maxWordBits   = 20
	hashesPerWord = 4
	// bitsPerHash is how many bits of its word a hash sets. With three, 150
	// of a million are suspected in 8 MiB; with five, no fewer of ten
	// million.
	bitsPerHash = 4
)

// Filter is a Bloom filter whose bits for one hash are in one word, so that a
// lookup costs one visit to memory (Putze, Sanders and Singler, "Cache-, Hash-
// and Space-Efficient Bloom Filters", 2007). It is for one goroutine.
type Filter struct {
	words []uint64
	mask  uint64
}

// New returns an empty filter sized for the given number of hashes, at which
// its false positive rate is below 1 %. More can be added, with more false
// positives.
func New(hashes int64) *Filter {
	size := min(hashes, MaxSize) / hashesPerWord
	words := uint64(1) << bits.Len64(uint64(max(size-1, 0)))
	return &Filter{words: make([]uint64, words), mask: words - 1}
}

// Add remembers a hash and reports whether it may have been added before. Each
// of its bits must be as good as hash/maphash makes them.
func (f *Filter) Add(hash uint64) (seen bool) {
	word, set := f.place(hash)
	seen = *word&set == set
	*word |= set
	return seen
}

// Has reports whether a hash may have been added.
func (f *Filter) Has(hash uint64) bool {
	word, set := f.place(hash)
	return *word&set == set
}

// place returns the word of a hash and its bits in there.
func (f *Filter) place(hash uint64) (word *uint64, set uint64) {
	word = &f.words[hash&f.mask]
	hash >>= maxWordBits
	for range bitsPerHash {
		set |= 1 << (hash % 64)
		hash /= 64
	}
	return word, set
}
