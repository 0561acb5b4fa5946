package platform

import (
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"
)

// Kind is what the values of an id column are.
type Kind int

// The kinds of ids.
const (
	Text Kind = iota // text, varchar and what else PostgreSQL compares as text
	Citext
	UUID
	Bigint
	Integer
)

// String names one value of the kind.
func (k Kind) String() string {
	switch k {
	case UUID:
		return "uuid"
	case Bigint, Integer:
		return "whole number"
	}
	return "text"
}

// column is the type of a working table's column for ids of the kind.
func (k Kind) column(of string) string {
	switch k {
	case Citext:
		return of
	case UUID:
		return "pg_catalog.uuid"
	case Bigint:
		return "pg_catalog.int8"
	case Integer:
		return "pg_catalog.int4"
	}
	return textType
}

// Append appends the binary form of an id, without its length, as PostgreSQL
// reads it. fits is false, and nothing is appended, for text that is no value of
// the kind. What PostgreSQL itself takes as a value is one: capitals, braces and
// missing hyphens of a uuid, a sign and leading zeros of a number.
func (k Kind) Append(buf []byte, id string) (_ []byte, fits bool) {
	switch k {
	case UUID:
		return appendUUID(buf, id)
	case Bigint, Integer:
		bits := 64
		if k == Integer {
			bits = 32
		}
		n, err := strconv.ParseInt(id, 10, bits)
		switch {
		case err != nil:
			return buf, false
		case k == Integer:
			return binary.BigEndian.AppendUint32(buf, uint32(n)), true
		}
		return binary.BigEndian.AppendUint64(buf, uint64(n)), true
	}
	return append(buf, id...), true
}

// Canonical returns an id as PostgreSQL writes it. fits is false for text that is
// no value of the kind.
func (k Kind) Canonical(id string) (canonical string, fits bool) {
	b, fits := k.Append(nil, id)
	if !fits {
		return "", false
	}
	switch k {
	case UUID:
		h := hex.EncodeToString(b)
		return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:], true
	case Bigint:
		return strconv.FormatInt(int64(binary.BigEndian.Uint64(b)), 10), true
	case Integer:
		return strconv.FormatInt(int64(int32(binary.BigEndian.Uint32(b))), 10), true
	}
	return id, true
}

// appendUUID takes 32 hexadecimal digits, with a hyphen or none after each four,
// in braces or not.
func appendUUID(buf []byte, id string) ([]byte, bool) {
	if inner, ok := strings.CutPrefix(id, "{"); ok {
		if id, ok = strings.CutSuffix(inner, "}"); !ok {
			return buf, false
		}
	}
	var digits [32]byte
	n := 0
	for i := range len(id) {
		if id[i] == '-' {
			if n == 0 || n == 32 || n%4 != 0 || id[i-1] == '-' {
				return buf, false
			}
			continue
		}
		if n == 32 {
			return buf, false
		}
		digits[n] = id[i]
		n++
	}
	var value [16]byte
	if n < 32 {
		return buf, false
	}
	if _, err := hex.Decode(value[:], digits[:]); err != nil {
		return buf, false
	}
	return append(buf, value[:]...), true
}
