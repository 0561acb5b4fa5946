package source

import (
	"fmt"
	"slices"
	"sync"

	"relink/linker/text"
)

const (
	// maxUnknown is how many unknown columns or keys are named, and maxTall how
	// many records of many lines: a file must not fill memory or the terminal.
	maxUnknown = 20
	maxTall    = 10
	// maxName is how many bytes of a name from the input a message shows.
	maxName = 60
)

// notices collects what the user should know. It may be read while it grows.
type notices struct {
	mu      sync.Mutex
	list    []string
	unknown map[string]bool
	more    bool // there were more unknown names than are listed
	tall    int
	once    map[string]bool
	doubts  []string // why the file may be incomplete
}

func (n *notices) add(format string, args ...any) {
	n.mu.Lock()
	n.list = append(n.list, fmt.Sprintf(format, args...))
	n.mu.Unlock()
}

func (n *notices) all() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.list)
}

// ignored adds a notice of an unknown column or key, once for each name.
func (n *notices) ignored(kind, name string) {
	switch {
	case n.unknown[name] || n.more:
	case len(n.unknown) == maxUnknown:
		n.more = true
		n.add("more %ss are unknown and ignored", kind)
	default:
		if n.unknown == nil {
			n.unknown = make(map[string]bool)
		}
		n.unknown[name] = true
		n.add("%s %s is unknown and ignored", kind, quoted(name))
	}
}

// first adds the first notice of a kind and drops the others.
func (n *notices) first(kind, format string, args ...any) {
	if n.once[kind] {
		return
	}
	if n.once == nil {
		n.once = make(map[string]bool)
	}
	n.once[kind] = true
	n.add(format, args...)
}

// doubt records why the file may be incomplete; "" does nothing.
func (n *notices) doubt(why string) {
	if why == "" {
		return
	}
	n.mu.Lock()
	n.doubts = append(n.doubts, why)
	n.mu.Unlock()
}

// spaced adds a notice of white space around quoted cells.
func (n *notices) spaced(line int64) {
	n.first("spaced", "white space stands around quoted cells, first on line %d, and is passed over", line)
}

// tallRecord adds a notice of a record that spans many lines.
func (n *notices) tallRecord(from, to int64) {
	switch n.tall++; {
	case n.tall <= maxTall:
		n.add("the record on lines %d-%d spans %d lines: is a quote missing or one too many?", from, to, to-from+1)
	case n.tall == maxTall+1:
		n.add("more records span over %d lines", tallLines)
	}
}

// quoted formats a name from the input for a message, cutting it off when it is
// long.
func quoted[S ~string | ~[]byte](name S) string { return text.Quote(string(name)) }

// shown is quoted without quotes, for numbers.
func shown[S ~string | ~[]byte](number S) string { return text.Cut(string(number), maxName) }
