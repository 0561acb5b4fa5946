package linker

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// Tally counts the lines of a report while they are written. The zero value
// has counted nothing. It is not safe for concurrent use.
type Tally struct {
	rows     int64
	added    int64 // lines that a reconciliation adds
	outcomes Counts
	reasons  map[Code]*Reason
	values   map[Code]*offenders
	disorder error // the first line that was not the one expected
}

// Add counts one line of the report; it keeps nothing of e.
func (t *Tally) Add(e *Entry) {
	if t.outcomes == nil {
		t.outcomes = Counts{}
		t.reasons = map[Code]*Reason{}
		t.values = map[Code]*offenders{}
	}
	t.outcomes[e.Outcome]++
	if e.Row == 0 && (e.Outcome == Extra || e.Outcome == Cleared) {
		t.added++
		return
	}
	t.rows++
	if e.Row != t.rows && t.disorder == nil {
		t.disorder = fmt.Errorf("the report names row %d where row %d belongs", e.Row, t.rows)
	}
	if e.Code == "" {
		return
	}
	r := t.reasons[e.Code]
	if r == nil {
		r = &Reason{Code: e.Code, Lines: make([]int64, 0, ReasonLines)}
		if e.Code == DatabaseRefused { // the other codes are the whole reason
			r.Message = e.Message
		}
		t.reasons[e.Code], t.values[e.Code] = r, &offenders{}
	}
	r.Count++
	t.values[e.Code].add(e.Code, &e.Fields)
	if len(r.Lines) < ReasonLines {
		r.Lines = append(r.Lines, e.Line)
	}
}

// Rows is the number of input rows counted; extra and cleared are none.
func (t *Tally) Rows() int64 { return t.rows }

// Outcomes is the number of lines by outcome, those that occurred. The caller
// owns the map.
func (t *Tally) Outcomes() Counts {
	if t.outcomes == nil {
		return Counts{}
	}
	return maps.Clone(t.outcomes)
}

// Reasons lists the codes that occurred, the most frequent first. The caller
// owns the slice, never nil.
func (t *Tally) Reasons() []Reason {
	reasons := make([]Reason, 0, len(t.reasons))
	for _, r := range t.reasons {
		reasons = append(reasons, Reason{Code: r.Code, Count: r.Count, Lines: slices.Clone(r.Lines), Message: r.Message, Values: t.values[r.Code].list(r.Code)})
	}
	slices.SortFunc(reasons, func(a, b Reason) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Code, b.Code))
	})
	return reasons
}

// Verify compares the report with the number of rows read: every row is
// reported once, in order, with an outcome that exists. An error means that the
// report must not be trusted.
func (t *Tally) Verify(read int64) error {
	if t.disorder != nil {
		return fmt.Errorf("adding up the report: %w", t.disorder)
	}
	sum := -t.added // which are not rows
	for _, o := range Outcomes {
		sum += t.outcomes[o]
	}
	if sum != read || t.rows != read {
		return fmt.Errorf("adding up the report: %d rows were read and %d reported, %d of them with a known outcome",
			read, t.rows, sum)
	}
	return nil
}
