package batch

import "sync/atomic"

// Phase is the part of the road a run is on.
type Phase int32

const (
	Starting Phase = iota
	Staging
	Planning
	Applying
	Reporting
	Finished
)

// Progress counts what a run has done so far. The run writes it, anyone may
// read it at any time; the zero value is ready.
type Progress struct {
	phase        atomic.Int32
	BytesRead    atomic.Int64 // of the source as stored, this reading
	BytesTotal   atomic.Int64 // 0 when unknown
	RowsRead     atomic.Int64
	Rejected     atomic.Int64
	RowsToApply  atomic.Int64
	RowsApplied  atomic.Int64
	RowsToReport atomic.Int64
	RowsReported atomic.Int64
	Lanes        atomic.Int64 // lanes at work
}

// Phase tells where the run is.
func (p *Progress) Phase() Phase { return Phase(p.phase.Load()) }

func (p *Progress) enter(phase Phase) { p.phase.Store(int32(phase)) }
