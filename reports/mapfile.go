package reports

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"relink/linker"
	"relink/reports/folder"
)

// mapColumns are the columns of map.csv. The last ones, from moved on, are filled
// when the run has a report.
var mapColumns = []string{
	"row", "line", "dataType", "externalId", "integrationConnectionId", "newDataType", "newExternalId", "newIntegrationConnectionId",
	"outcome", "code", "message", "entityId", "newEntityId", "links", "moved", "unchanged", "kept", "rejected", "failed", "unattempted",
}

// The columns that MapOutcomes reads and fills.
const (
	mapOutcome = 8
	mapCode    = 9
	mapLinks   = 13
	mapMoved   = 14
)

// counted are the columns from mapMoved on by the outcomes that they count.
var counted = map[linker.Outcome]int{
	linker.Created: 0, linker.Replaced: 0, linker.Unchanged: 1, linker.Kept: 2, linker.Superseded: 2,
	linker.Rejected: 3, linker.Failed: 4, linker.Unattempted: 5,
}

const countedColumns = 6

// The outcomes of a row of a map.
const (
	mapUsed     = "moved"
	mapUnused   = "unused"
	mapRejected = "rejected"
)

// MapFile writes map.csv as it is before the run: what became of each row of a map,
// and how many links it names. Formulas are defused as in a report.
type MapFile struct{ w *csv.Writer }

// NewMapFile writes the header to w.
func NewMapFile(w io.Writer) (*MapFile, error) {
	m := &MapFile{csv.NewWriter(w)}
	return m, m.w.Write(mapColumns)
}

// Write writes one row.
func (m *MapFile) Write(r *linker.MapRow) error {
	outcome := mapUsed
	switch {
	case r.Code != "":
		outcome = mapRejected
	case r.Links == 0:
		outcome = mapUnused
	}
	row := []string{
		strconv.FormatInt(r.Row, 10), strconv.FormatInt(r.Line, 10),
		r.Old.DataType, r.Old.ExternalID, r.Old.IntegrationConnectionID, r.New.DataType, r.New.ExternalID, r.New.IntegrationConnectionID,
		outcome, string(r.Code), r.Message, r.EntityID, r.NewEntityID, strconv.FormatInt(r.Links, 10),
	}
	for i := range row {
		row[i] = defused(row[i])
	}
	return m.w.Write(append(row, make([]string, countedColumns)...))
}

// Close writes what is still held. It does not close the writer below.
func (m *MapFile) Close() error {
	m.w.Flush()
	return m.w.Error()
}

// ReadMapTotals adds up a map.csv.
func ReadMapTotals(path string) (*linker.MapTotals, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var totals linker.MapTotals
	in := mapReader(f)
	for {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			return &totals, nil
		}
		var r linker.MapRow
		if err == nil {
			r.Code = linker.Code(row[mapCode])
			r.Links, err = strconv.ParseInt(row[mapLinks], 10, 64)
		}
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", path, err)
		}
		totals.Add(&r)
	}
}

// mapReader reads a map.csv from its first row on.
func mapReader(f io.Reader) *csv.Reader {
	in := csv.NewReader(bufio.NewReaderSize(f, blockSize))
	in.FieldsPerRecord, in.ReuseRecord = len(mapColumns), true
	in.Read() // the header; what is wrong with it comes with the next row
	return in
}

// MapOutcomes fills the counts of a map.csv while a report is written: the rows of
// the run stand in the order of the map's rows, as many for each as it has links.
type MapOutcomes struct {
	path   string
	in     *csv.Reader
	from   *os.File
	to     *folder.File
	out    *csv.Writer
	row    []string // the map's row in hand, nil for none
	left   int64    // of its links
	counts [countedColumns]int64
}

// OpenMapOutcomes begins to fill the map.csv at path.
func OpenMapOutcomes(path string) (*MapOutcomes, error) {
	from, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	to, err := folder.CreateFile(path)
	if err != nil {
		return nil, errors.Join(err, from.Close())
	}
	m := &MapOutcomes{path: path, from: from, to: to, in: mapReader(from), out: csv.NewWriter(to)}
	return m, m.out.Write(mapColumns)
}

// Add counts a line of the report.
func (m *MapOutcomes) Add(e *linker.Entry) error {
	for m.left == 0 {
		if err := m.next(); err != nil {
			if errors.Is(err, io.EOF) {
				err = fmt.Errorf("%s names fewer links than the run has rows", m.path)
			}
			return err
		}
	}
	m.left--
	m.counts[counted[e.Outcome]]++
	return nil
}

// next completes the row in hand and takes the next one.
func (m *MapOutcomes) next() error {
	if m.row != nil {
		for i, n := range m.counts {
			m.row[mapMoved+i] = strconv.FormatInt(n, 10)
		}
		if err := m.out.Write(m.row); err != nil {
			return err
		}
		m.row, m.counts = nil, [countedColumns]int64{}
	}
	row, err := m.in.Read()
	if err != nil {
		return err
	}
	m.row, m.left = row, 0
	if row[mapOutcome] == mapUsed {
		m.left, err = strconv.ParseInt(row[mapLinks], 10, 64)
	}
	return err
}

// Commit completes the file.
func (m *MapOutcomes) Commit() error {
	for {
		err := m.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("reading %s: %w", m.path, err)
		}
	}
	m.out.Flush()
	if err := errors.Join(m.out.Error(), m.from.Close()); err != nil {
		return err
	}
	return m.to.Commit()
}

// Abort leaves the file as it was.
func (m *MapOutcomes) Abort() error {
	m.from.Close() // it was only read
	return m.to.Abort()
}

// CountRecords counts the records of a CSV file under its header.
func CountRecords(path string) (n int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	in := csv.NewReader(bufio.NewReaderSize(f, blockSize))
	in.ReuseRecord = true
	for n = -1; ; n++ {
		if _, err := in.Read(); errors.Is(err, io.EOF) {
			return max(n, 0), nil
		} else if err != nil {
			return 0, fmt.Errorf("reading %s: %w", path, err)
		}
	}
}
