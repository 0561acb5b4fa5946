package batch

import (
	"sync/atomic"
	"time"
)

// Phase is the phase that a run is in.
type Phase int32

const (
	Starting Phase = iota
	Staging
	Planning
	Applying
	Reporting
	Finished
)

// String returns the name of the phase as it is in the record of a run.
func (p Phase) String() string {
	switch p {
	case Staging:
		return "stage"
	case Planning:
		return "plan"
	case Applying:
		return "apply"
	case Reporting:
		return "report"
	}
	return "start"
}

// Progress counts what a run has done so far. The run writes it, and anyone may
// read it at any time; the zero value is ready for use.
type Progress struct {
	phase        atomic.Int32
	since        atomic.Int64 // when the phase began, in Unix nanoseconds
	took         [Finished]atomic.Int64
	BytesRead    atomic.Int64 // of the source as stored, in this reading
	BytesTotal   atomic.Int64 // 0 when unknown
	RowsRead     atomic.Int64
	Rejected     atomic.Int64
	RowsToApply  atomic.Int64
	RowsApplied  atomic.Int64
	RowsToReport atomic.Int64
	RowsReported atomic.Int64
	Lanes        atomic.Int64 // lanes that are applying
}

// Phase returns the phase that the run is in.
func (p *Progress) Phase() Phase { return Phase(p.phase.Load()) }

// Took returns how long the run has been in a phase, in all attempts of this
// process.
func (p *Progress) Took(phase Phase) time.Duration {
	if phase < 0 || phase >= Finished {
		return 0
	}
	took := time.Duration(p.took[phase].Load())
	if since := p.since.Load(); since != 0 && p.Phase() == phase {
		took += time.Duration(time.Now().UnixNano() - since)
	}
	return took
}

// Enter records that the run has entered a phase.
func (p *Progress) Enter(phase Phase) {
	now := time.Now().UnixNano()
	before, since := p.Phase(), p.since.Swap(now)
	if since != 0 && before < Finished {
		p.took[before].Add(now - since)
	}
	p.phase.Store(int32(phase))
}
