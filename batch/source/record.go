package source

import (
	"io"

	"relink/linker"
)

// Record is one data record of a source, readable or not.
type Record struct {
	Row  int64 // data records from 1
	Line int64 // physical line on which the record starts; the first line is 1
	// Raw is the record as it is in the source, in the source's
	// encoding, line end included. Valid until the next record is read.
	Raw []byte
	// Rest gives the bytes that follow Raw when the record is too long to be
	// held (record_too_long), nil otherwise. Valid, like Raw, until the next
	// record is read, which skips what was not read of it.
	Rest io.Reader
	// Fields are the six fields as given; all empty when Fault is set.
	Fields linker.Fields
	// Fault is why the record could not be read, nil when it could.
	Fault *linker.RowError
	// Stray is the text of a line that is no row: see linker.Checked.
	Stray string
}

// Check applies the rules that need no database to the record, readable or
// not.
func (r *Record) Check(rules *linker.Rules) linker.Checked {
	if r.Fault != nil {
		return linker.Checked{Fault: r.Fault, Stray: r.Stray}
	}
	return rules.Check(r.Fields)
}
