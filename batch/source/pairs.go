package source

import (
	"context"
	"errors"
	"fmt"
	"io"

	"relink/batch/source/raw"
	"relink/linker"
)

// The columns of a map of CRM rows: the old row and the new one that takes its
// place, each named as in a file of links.
var (
	replacedNames = map[string]linker.Field{
		"dataType": linker.FieldDataType, "externalId": linker.FieldExternalID, "integrationConnectionId": linker.FieldConnectionID,
		"newDataType": noField, "newExternalId": noField, "newIntegrationConnectionId": noField,
	}
	replacingNames = map[string]linker.Field{
		"newDataType": linker.FieldDataType, "newExternalId": linker.FieldExternalID, "newIntegrationConnectionId": linker.FieldConnectionID,
		"dataType": noField, "externalId": noField, "integrationConnectionId": noField,
	}
)

// pairColumns is the hint for a map whose header is not one.
const pairColumns = "the columns are dataType, externalId, newDataType, newExternalId, and, where --from and --to do not stand for them, " +
	"integrationConnectionId and newIntegrationConnectionId"

// Pairs reads a map of CRM rows. It is for one goroutine.
//
// The file is read twice side by side, once as a file of its old rows and once as
// one of its new ones: so everything that holds for a file of links holds for both.
type Pairs struct {
	sides [2]side
	next  [2]Record
}

type side struct {
	*Reader
	rules linker.Rules
}

// sideRecording stands where a link has its recording.
const sideRecording = "recording"

// OpenPairs opens the map in, which can be read more than once (see Spool). from
// and to are the connections of rows that name none, "" when all must.
func OpenPairs(ctx context.Context, in Input, from, to string) (*Pairs, error) {
	p := &Pairs{}
	for i, connection := range []string{from, to} {
		s := &p.sides[i]
		s.rules.Set = linker.Fields{RecordingID: sideRecording, IntegrationConnectionID: connection}
		in := in
		in.Set, in.Names = s.rules.Set, replacedNames
		if i == 1 {
			in.Names = replacingNames
		}
		var err error
		if s.Reader, err = OpenContext(ctx, in); err != nil {
			p.Close()
			return nil, err
		}
	}
	return p, nil
}

// Next reads the next pair. The error is io.EOF after the last one.
func (p *Pairs) Next(to *linker.Pair) error {
	var ends int
	for i := range p.sides {
		switch err := p.sides[i].Next(&p.next[i]); {
		case errors.Is(err, io.EOF):
			ends++
		case err != nil:
			return err
		}
	}
	a, b := &p.next[0], &p.next[1]
	switch {
	case ends == len(p.sides):
		return io.EOF
	case ends > 0 || a.Line != b.Line:
		return &raw.Error{
			Place: fmt.Sprintf("%s:%d", p.sides[0].name, min(a.Line, b.Line)),
			What:  "the quotes can be read in two ways", Remedy: "fix the quotes around this line",
		}
	}
	was, is := a.Check(&p.sides[0].rules), b.Check(&p.sides[1].rules)
	*to = linker.Pair{Row: a.Row, Line: a.Line, Old: was.Fields, New: is.Fields, Fault: was.Fault, Note: was.Note}
	if is.Note != "" {
		to.Note = joinNotes(to.Note, "new row: "+is.Note)
	}
	if is.Fault != nil && a.Fault == nil {
		fault := *is.Fault
		fault.Message = "new row: " + fault.Message
		if was.Fault != nil {
			fault = *was.Fault
			fault.Message = joinNotes(fault.Message, "new row: "+is.Fault.Message)
		}
		to.Fault = &fault
	}
	return nil
}

func joinNotes(a, b string) string {
	if a == "" {
		return b
	}
	return a + "; " + b
}

// Notices are what the person should know of the file.
func (p *Pairs) Notices() []string { return p.sides[0].Notices() }

// Close frees the file.
func (p *Pairs) Close() error {
	var errs []error
	for _, s := range p.sides {
		if s.Reader != nil {
			errs = append(errs, s.Reader.Close())
		}
	}
	return errors.Join(errs...)
}
