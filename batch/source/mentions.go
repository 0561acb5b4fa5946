package source

import (
	"context"
	"errors"
	"io"
	"math/bits"

	"relink/batch/source/raw"
	"relink/linker"
	"relink/linker/bloom"
)

const (
	// mentionRuns is how many runs of letters and digits an id may have: a UUID
	// has five.
	mentionRuns = 32
	// repeatedMentions is how many ids that were found are remembered, so that
	// one which stands in every row is not reported for every row.
	repeatedMentions = 4096
	// rolling is the base of the rolling hash, any large odd number.
	rolling = 0x9e3779b97f4a7c15
)

// Mentions finds ids wherever they stand in the bytes of an input: in columns
// that are ignored, above the header, in lines that cannot be read. An id is
// found where it stands by itself, between characters that are neither letters
// nor digits of ASCII, in any letter case and also in UTF-16.
//
// Its memory does not grow with the number of ids or the size of the input: ids
// are remembered as a Bloom filter, so that now and then a text is found that is
// none of them. It is for one goroutine.
type Mentions struct {
	in      Input
	ids     *bloom.Filter
	lengths [linker.MaxIDBytes + 1]bool
	powers  [linker.MaxIDBytes + 1]uint64
	longest int

	text   []byte // what was read last, in small letters and without NUL
	hash   uint64 // of all that was read
	starts [mentionRuns]mark
	runs   int // of letters and digits that have begun
	inside bool
	told   map[string]bool
}

// mark is where a run begins in text, and the hash of all before it.
type mark struct {
	at   int
	hash uint64
}

// NewMentions returns a search of an input that looks for no id yet.
func NewMentions(in Input) *Mentions {
	m := &Mentions{in: in, ids: bloom.New(bloom.MaxSize), told: map[string]bool{}}
	m.powers[0] = 1
	for i := range linker.MaxIDBytes {
		m.powers[i+1] = m.powers[i] * rolling
	}
	return m
}

// Add has an id looked for. See linker.Mentions.
func (m *Mentions) Add(id string) {
	key := linker.MentionKey(id)
	if key == "" || len(key) > linker.MaxIDBytes {
		return
	}
	var hash uint64
	for i := range len(key) {
		hash = hash*rolling + uint64(key[i])
	}
	m.ids.Add(mix(hash))
	m.lengths[len(key)], m.longest = true, max(m.longest, len(key))
}

// Find reads the whole input and calls found with the key of each id that stands
// in it, at least once. It stops when ctx ends, with its cause, or when found
// returns an error, with that.
func (m *Mentions) Find(ctx context.Context, found func(key string) error) error {
	r, err := begin(ctx, m.in)
	if err != nil {
		return err
	}
	defer r.Close()
	unpacked, err := r.unpack(m.in)
	if err != nil {
		return r.reading(err)
	}
	block := make([]byte, raw.BlockSize)
	for {
		n, err := unpacked.Read(block)
		if err := m.look(block[:n], found); err != nil {
			return err
		}
		if errors.Is(err, io.EOF) {
			return m.end(found)
		}
		if err != nil {
			return r.reading(err)
		}
	}
}

// look goes through a block of the input.
func (m *Mentions) look(block []byte, found func(string) error) error {
	for _, c := range block {
		if c == 0 {
			continue // half a character of UTF-16
		}
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		switch letter := alphanumeric(c); {
		case letter && !m.inside:
			m.inside = true
			m.starts[m.runs%mentionRuns] = mark{len(m.text), m.hash}
			m.runs++
		case !letter && m.inside:
			if err := m.end(found); err != nil {
				return err
			}
		}
		m.hash = m.hash*rolling + uint64(c)
		m.text = append(m.text, c)
	}
	m.forget()
	return nil
}

// end looks at the texts that end here, with a run of letters and digits.
func (m *Mentions) end(found func(string) error) error {
	m.inside = false
	for i := m.runs - 1; i >= max(0, m.runs-mentionRuns); i-- {
		start := m.starts[i%mentionRuns]
		length := len(m.text) - start.at
		if length > m.longest {
			break
		}
		if !m.lengths[length] || !m.ids.Has(mix(m.hash-start.hash*m.powers[length])) {
			continue
		}
		key := string(m.text[start.at:])
		if m.told[key] {
			continue
		}
		if len(m.told) == repeatedMentions {
			clear(m.told)
		}
		m.told[key] = true
		if err := found(key); err != nil {
			return err
		}
	}
	return nil
}

// forget drops the text in which no id can begin that is still to end.
func (m *Mentions) forget() {
	gone := len(m.text) - m.longest - 1
	if gone <= 0 {
		return
	}
	m.text = m.text[:copy(m.text, m.text[gone:])]
	for i := range m.starts {
		m.starts[i].at -= gone
	}
}

// mix makes every bit of a hash as good as the filter needs it.
func mix(h uint64) uint64 {
	hi, lo := bits.Mul64(h^0xd6e8feb86659fd93, rolling)
	return hi ^ lo
}
