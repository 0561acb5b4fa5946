package batch

import "time"

// outage is the time that a run has spent without its database. It is the sum
// of several outages, so that a run which loses the database at the same
// statement each time comes to an end.
type outage struct {
	began  time.Time // zero while the database is there
	before time.Duration
}

// begin notes that the database is lost.
func (o *outage) begin() {
	if o.began.IsZero() {
		o.began = time.Now()
	}
}

// end notes that the database is back.
func (o *outage) end() {
	if !o.began.IsZero() {
		o.before += time.Since(o.began)
		o.began = time.Time{}
	}
}

// lasts is how long the run was without the database in total.
func (o *outage) lasts() time.Duration {
	if o.began.IsZero() {
		return o.before
	}
	return o.before + time.Since(o.began)
}
