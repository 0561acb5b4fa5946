// Package bloom remembers which hashes it has seen, in 8 MiB however many they
// are. A [Filter] takes some new hashes for seen, but never one that it has
// seen for new: only what it suspects needs a closer look.
package bloom

const (
	// words is the size of a filter: 8 MiB. Of a million different hashes
	// some forty are taken for seen, of ten million one in seventy.
	words = 1 << 20
	// bitsPerHash is how many bits of its word a hash sets. With three, 150
	// of a million are suspected; with five, no fewer of ten million.
	bitsPerHash = 4
)

// Filter is a Bloom filter whose bits for one hash are in one word, so that a
// lookup costs one visit to memory (Putze, Sanders and Singler, "Cache-, Hash-
// and Space-Efficient Bloom Filters", 2007). It is for one goroutine.
type Filter struct{ words []uint64 }

// New returns an empty filter.
func New() *Filter { return &Filter{make([]uint64, words)} }

// Add remembers a hash and reports whether it may have been added before. The
// hash must be as good in each of its bits as hash/maphash makes it.
func (f *Filter) Add(hash uint64) (seen bool) {
	word, bits := f.place(hash)
	seen = *word&bits == bits
	*word |= bits
	return seen
}

// Has reports whether a hash may have been added.
func (f *Filter) Has(hash uint64) bool {
	word, bits := f.place(hash)
	return *word&bits == bits
}

// place returns the word of a hash and its bits in there.
func (f *Filter) place(hash uint64) (word *uint64, bits uint64) {
	word = &f.words[hash%words]
	hash /= words
	for range bitsPerHash {
		bits |= 1 << (hash % 64)
		hash /= 64
	}
	return word, bits
}
