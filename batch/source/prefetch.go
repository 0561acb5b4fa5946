package source

import "io"

const (
	// aheadRecords and aheadBytes bound what is read at a time: enough for
	// the hand-over between goroutines to cost nothing, little enough to
	// stay in the processor's cache.
	aheadRecords = 256
	aheadBytes   = 64 << 10
	// aheadParts are in use at once: one being consumed, one ready, one being
	// filled.
	aheadParts = 3
)

// ahead reads records in a goroutine of its own, so that reading runs beside
// what is done with the records.
type ahead struct {
	from  records
	ready chan *part
	free  chan *part
	went  chan struct{} // a record with a rest has been dealt with
	quit  chan struct{}

	part *part // the part being consumed
	next int   // its next record
}

// part is a piece of the input: some records in a row.
type part struct {
	records []Record
	raw     []byte
	ends    []int // of each record's bytes in raw
	err     error // what came instead of a further record
}

// readAhead starts to read.
func readAhead(from records) *ahead {
	a := &ahead{
		from:  from,
		ready: make(chan *part, aheadParts),
		free:  make(chan *part, aheadParts),
		went:  make(chan struct{}, 1),
		quit:  make(chan struct{}),
		part:  new(part),
	}
	for range aheadParts - 1 {
		a.free <- new(part)
	}
	go a.run()
	return a
}

// run fills parts until the input ends or quit is closed.
func (a *ahead) run() {
	defer close(a.ready)
	for {
		var p *part
		select {
		case p = <-a.free:
		case <-a.quit:
			return
		}
		rest := p.fill(a.from)
		err := p.err
		a.ready <- p // never blocks: there are no more parts than places
		if err != nil {
			return
		}
		if rest {
			// The rest of the record is read from the source itself.
			select {
			case <-a.went:
			case <-a.quit:
				return
			}
		}
	}
}

// fill reads records into the part. It stops behind a record with a rest and
// says so.
func (p *part) fill(from records) (rest bool) {
	p.records, p.raw, p.ends, p.err = p.records[:0], p.raw[:0], p.ends[:0], nil
	for len(p.records) < aheadRecords && len(p.raw) < aheadBytes && !rest {
		p.records = append(p.records, Record{})
		r := &p.records[len(p.records)-1]
		if p.err = from.next(r); p.err != nil {
			p.records = p.records[:len(p.records)-1]
			break
		}
		p.raw = append(p.raw, r.Raw...)
		p.ends = append(p.ends, len(p.raw))
		rest = r.Rest != nil
	}
	start := 0
	for i, end := range p.ends {
		p.records[i].Raw = p.raw[start:end:end]
		start = end
	}
	return rest
}

// read gives the next record. What ended the input is for ever.
func (a *ahead) read(r *Record) error {
	for a.next == len(a.part.records) {
		if a.part.err != nil {
			return a.part.err
		}
		if a.next > 0 && a.part.records[a.next-1].Rest != nil {
			a.went <- struct{}{}
		}
		p, ok := <-a.ready
		if !ok {
			return io.ErrClosedPipe
		}
		a.free <- a.part
		a.part, a.next = p, 0
	}
	*r = a.part.records[a.next]
	a.next++
	return nil
}

// close ends the goroutine.
func (a *ahead) close() {
	close(a.quit)
	for range a.ready { // until the goroutine is gone
	}
}
