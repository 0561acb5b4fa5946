package linker

import (
	"context"
	"strings"
)

// Mentions finds ids anywhere in the bytes of a file. A link is cleared only
// when the file proves that its recording is not mentioned, and a file that
// names the recording in an unread column proves nothing.
type Mentions interface {
	// Add has an id looked for.
	Add(id string)
	// Find reads the file and calls found at least once with the key of each id
	// in it, and occasionally with other keys.
	Find(ctx context.Context, found func(key string) error) error
}

// MentionKey is what is looked for of an id: it in small letters, from its first
// letter or digit of ASCII to its last; "" when it has none.
func MentionKey(id string) string {
	return strings.TrimFunc(lowerASCII(id), func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z')
	})
}

// lowerASCII is strings.ToLower for the letters of ASCII alone.
func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}
