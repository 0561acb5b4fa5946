package linker

import (
	"cmp"
	"encoding/binary"
	"errors"
	"hash/fnv"
	"slices"
	"strings"
)

// RefusedRows remembers the refused rows of a run, so that the next run of the
// same scope can distinguish them from new ones: the same recording, target and
// code. A row is kept as a hash of 8 bytes. The zero value is empty. It is not
// safe for concurrent use.
type RefusedRows struct {
	hashes []uint64
	sorted bool
	count  int64
}

// MaxRefusedRows is how many rows are remembered, so that memory does not grow
// with the file. Those beyond it count as new.
const MaxRefusedRows = 500_000

// Add remembers a line of the report if it is a refused row; it keeps nothing of
// e.
func (r *RefusedRows) Add(e *Entry) {
	if e.Code == "" {
		return
	}
	r.count++
	if len(r.hashes) < MaxRefusedRows {
		r.hashes, r.sorted = append(r.hashes, refusedHash(e)), false
	}
}

// refusedHash is a hash of recording, target and code as in the file. A record
// that cannot be read is hashed by its bytes.
func refusedHash(e *Entry) uint64 {
	h := fnv.New64a()
	add := func(parts ...string) {
		for _, s := range parts {
			h.Write([]byte(strings.TrimSpace(s)))
			h.Write([]byte{0})
		}
	}
	add(string(e.Code))
	f := e.Fields
	if f == (Fields{}) {
		add(string(e.Raw))
	} else {
		add(f.RecordingID, strings.ToUpper(f.DataType), f.ID, f.ExternalID, f.IntegrationConnectionID)
	}
	return h.Sum64()
}

// Count is the number of rows added.
func (r *RefusedRows) Count() int64 { return r.count }

// Known returns how many of the rows were refused in an earlier run too. A row
// that occurs twice must have occurred twice there.
func (r *RefusedRows) Known(earlier *RefusedRows) (known int64) {
	a, b := r.sort(), earlier.sort()
	for len(a) > 0 && len(b) > 0 {
		switch c := cmp.Compare(a[0], b[0]); {
		case c < 0:
			a = a[1:]
		case c > 0:
			b = b[1:]
		default:
			known++
			a, b = a[1:], b[1:]
		}
	}
	return known
}

func (r *RefusedRows) sort() []uint64 {
	if !r.sorted {
		slices.Sort(r.hashes)
		r.sorted = true
	}
	return r.hashes
}

// MarshalBinary writes the rows as relink.runs keeps them: 8 bytes each, in
// ascending order.
func (r *RefusedRows) MarshalBinary() ([]byte, error) {
	b := make([]byte, 0, 8*len(r.hashes))
	for _, h := range r.sort() {
		b = binary.BigEndian.AppendUint64(b, h)
	}
	return b, nil
}

// UnmarshalBinary reads what MarshalBinary wrote.
func (r *RefusedRows) UnmarshalBinary(b []byte) error {
	if len(b)%8 != 0 {
		return errors.New("refused rows: the last one is incomplete")
	}
	*r = RefusedRows{hashes: make([]uint64, 0, len(b)/8), count: int64(len(b) / 8)}
	for ; len(b) > 0; b = b[8:] {
		r.hashes = append(r.hashes, binary.BigEndian.Uint64(b))
	}
	return nil
}
