package source

import "io"

const (
	// batchRecords and batchBytes limit a batch: large enough that passing
	// it between goroutines costs nothing, small enough to stay in the
	// processor's cache.
	batchRecords = 256
	batchBytes   = 64 << 10
	// batchCount is how many batches are in use: one being consumed, one
	// ready, one being filled.
	batchCount = 3
)

// prefetcher reads records in its own goroutine, in parallel with their
// processing.
type prefetcher struct {
	from     recordReader
	ready    chan *recordBatch
	free     chan *recordBatch
	restDone chan struct{} // a record with a rest has been processed
	quit     chan struct{}

	current *recordBatch // the batch being consumed
	next    int          // its next record
}

// recordBatch is some consecutive records.
type recordBatch struct {
	records []Record
	raw     []byte
	ends    []int // of each record's bytes in raw
	err     error // what ended the batch early
}

// newPrefetcher starts reading.
func newPrefetcher(from recordReader) *prefetcher {
	p := &prefetcher{
		from:     from,
		ready:    make(chan *recordBatch, batchCount),
		free:     make(chan *recordBatch, batchCount),
		restDone: make(chan struct{}, 1),
		quit:     make(chan struct{}),
		current:  new(recordBatch),
	}
	for range batchCount - 1 {
		p.free <- new(recordBatch)
	}
	go p.run()
	return p
}

// run fills batches until the input ends or quit is closed.
func (p *prefetcher) run() {
	defer close(p.ready)
	for {
		var b *recordBatch
		select {
		case b = <-p.free:
		case <-p.quit:
			return
		}
		rest := b.fill(p.from)
		err := b.err
		p.ready <- b // never blocks: there are no more batches than slots
		if err != nil {
			return
		}
		if rest {
			// The rest of the record is read from the source itself.
			select {
			case <-p.restDone:
			case <-p.quit:
				return
			}
		}
	}
}

// fill reads records into the batch. It stops after a record with a rest and
// then returns true.
func (b *recordBatch) fill(from recordReader) (rest bool) {
	b.records, b.raw, b.ends, b.err = b.records[:0], b.raw[:0], b.ends[:0], nil
	for len(b.records) < batchRecords && len(b.raw) < batchBytes && !rest {
		b.records = append(b.records, Record{})
		r := &b.records[len(b.records)-1]
		if b.err = from.next(r); b.err != nil {
			b.records = b.records[:len(b.records)-1]
			break
		}
		b.raw = append(b.raw, r.Raw...)
		b.ends = append(b.ends, len(b.raw))
		rest = r.Rest != nil
	}
	start := 0
	for i, end := range b.ends {
		b.records[i].Raw = b.raw[start:end:end]
		start = end
	}
	return rest
}

// read returns the next record. After the end it keeps returning the same error.
func (p *prefetcher) read(r *Record) error {
	for p.next == len(p.current.records) {
		if p.current.err != nil {
			return p.current.err
		}
		if p.next > 0 && p.current.records[p.next-1].Rest != nil {
			p.restDone <- struct{}{}
		}
		b, ok := <-p.ready
		if !ok {
			return io.ErrClosedPipe
		}
		p.free <- p.current
		p.current, p.next = b, 0
	}
	*r = p.current.records[p.next]
	p.next++
	return nil
}

// close ends the goroutine.
func (p *prefetcher) close() {
	close(p.quit)
	for range p.ready { // until the goroutine has ended
	}
}
