package batch

import "time"

// outage is the time that a run has spent without its database. Several outages
// add up, so that a run which loses the database at the same statement every
// time comes to an end.
type outage struct {
	began  time.Time // zero while the database is reachable
	before time.Duration
}

// begin records that the database is lost.
func (o *outage) begin() {
	if o.began.IsZero() {
		o.began = time.Now()
	}
}

// end records that the database is back.
func (o *outage) end() {
	if !o.began.IsZero() {
		o.before += time.Since(o.began)
		o.began = time.Time{}
	}
}

// lasts returns how long the run was without the database in total.
func (o *outage) lasts() time.Duration {
	if o.began.IsZero() {
		return o.before
	}
	return o.before + time.Since(o.began)
}
