package engine

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgtype"

	"relink/linker"
	"relink/linker/bloom"
	"relink/linker/postgres/platform"
	"relink/linker/postgres/sql"
	"relink/linker/salesforce"
)

// stagedColumns are those of the table of staged rows, in the order of the COPY.
var stagedColumns = []string{
	"row_no", "line", "code", "recording_id", "data_type", "entity_id", "external_id", "connection_id", "trigger",
	"expected", "expected_entity_id", "expected_external_ids", "doubtful", "seen", "stray",
	"detail", "unfit_recording_id", "unfit_entity_id", "unfit_external_id", "unfit_connection_id",
}

// Staged reports whether the run's working tables hold exactly the rows that
// were staged. They do not after a crash of the server, which empties UNLOGGED
// tables, after a client that died while it staged, and where another version of
// relink staged them with other columns.
func (x *Session) Staged(ctx context.Context) (bool, error) {
	ctx, done := x.during(ctx)
	defer done()
	const query = `
		SELECT
		    coalesce(staged_rows, -1),
		    to_regclass($3) IS NOT NULL AND (
		        SELECT count(*) = cardinality($4::text[])
		        FROM pg_attribute
		        WHERE attrelid = to_regclass($2) AND attname = ANY ($4) AND NOT attisdropped
		    )
		FROM relink.runs
		WHERE id = $1`
	var want int64
	var exists bool
	prefix := sql.TablePrefix(x.opt.Run)
	if err := x.work.QueryRow(ctx, query, x.opt.Run, prefix+"staged", prefix+"doubts", stagedColumns).Scan(&want, &exists); err != nil {
		return false, x.cause(fmt.Errorf("looking for the working table of run %d: %w", x.opt.Run, err))
	}
	if want < 0 || !exists {
		return false, nil
	}
	var have int64
	if err := x.work.QueryRow(ctx, x.texts.Inline("SELECT count(*) FROM run.staged")).Scan(&have); err != nil {
		return false, x.cause(fmt.Errorf("counting the working table of run %d: %w", x.opt.Run, err))
	}
	return have == want, nil
}

// Stage copies rows into the run's working table until next returns io.EOF, and
// returns how many there were. doubts then returns why the file may be
// incomplete. An error of next stops it and is returned unchanged. next is
// called from another goroutine than the caller's, always the same one.
func (x *Session) Stage(ctx context.Context, next func(*linker.Numbered) error, doubts func() []string) (int64, error) {
	ctx, done := x.during(ctx)
	defer done()
	if err := x.DropWorkingTables(ctx); err != nil {
		return 0, err
	}
	if _, err := x.work.Exec(ctx, x.statement("staged")); err != nil {
		return 0, x.cause(fmt.Errorf("creating a working table: %w", err))
	}
	if err := x.handOver(ctx, "staged"); err != nil {
		return 0, x.cause(err)
	}
	rows := &copyReader{platform: x.texts.Platform, next: next, seed: maphash.MakeSeed(), seen: bloom.New(bloom.MaxSize), faults: map[linker.Code]int64{}}
	tag, err := x.work.PgConn().CopyFrom(ctx, rows, x.texts.Inline(
		"COPY run.staged ("+strings.Join(stagedColumns, ", ")+") FROM STDIN (FORMAT binary)"))
	if rows.err != nil {
		return 0, rows.err
	}
	if err != nil {
		return 0, x.cause(fmt.Errorf("copying rows into the working table: %w", err))
	}
	if tag.RowsAffected() != rows.count {
		return 0, fmt.Errorf("staging: %d rows were sent and %d arrived", rows.count, tag.RowsAffected())
	}
	x.faults, x.strays = rows.faults, rows.strays
	if _, err := x.work.Exec(ctx, x.statement("doubts"), doubts()); err != nil {
		return 0, x.cause(fmt.Errorf("noting what speaks against the file: %w", err))
	}
	if err := x.handOver(ctx, "doubts"); err != nil {
		return 0, x.cause(err)
	}
	// The columns that decide how the plan joins. Samples of all of them
	// take as long as reading a fifth of the file.
	if _, err := x.work.Exec(ctx, x.texts.Inline("ANALYZE run.staged (code, entity_id, connection_id, seen)")); err != nil {
		return 0, x.cause(fmt.Errorf("analyzing the working table: %w", err))
	}
	return rows.count, nil
}

// copyBlock is how many bytes are encoded before they are handed on. pgconn
// sends what one Read returns as one message.
const copyBlock = 64 << 10

// copyReader renders rows in PostgreSQL's binary COPY format, as they are read.
// pgx.CopyFrom would do it, at 1 µs and several allocations a row: as much as
// reading and checking the row costs. Format: "COPY" in the PostgreSQL manual,
// "Binary Format".
type copyReader struct {
	platform *platform.Platform
	kinds    [len(idColumns)]platform.Kind
	detail   string // of the row in hand
	unfit    [len(idColumns)]string

	next    func(*linker.Numbered) error
	buf     []byte
	off     int
	started bool
	ended   bool
	count   int64
	err     error // of next, more specific than that of the failed COPY
	row     linker.Numbered
	seed    maphash.Seed
	// seen marks the rows whose recording may have come before, so that only
	// these are searched for recordings that are in the file twice. To group
	// a million rows by recording took 0.9 s, a seventh of a run in which
	// nothing changes.
	seen   *bloom.Filter
	faults map[linker.Code]int64
	strays int64
}

func (c *copyReader) Read(p []byte) (int, error) {
	for c.off == len(c.buf) {
		if c.err != nil {
			return 0, c.err
		}
		if c.ended {
			return 0, io.EOF
		}
		c.fill()
	}
	n := copy(p, c.buf[c.off:])
	c.off += n
	return n, nil
}

func (c *copyReader) fill() {
	c.buf, c.off = c.buf[:0], 0
	if !c.started {
		c.started = true
		for i, of := range idColumns {
			c.kinds[i] = c.platform.Kind(of.column)
		}
		c.buf = append(c.buf, "PGCOPY\n\xff\r\n\x00"...)
		c.buf = append(c.buf, 0, 0, 0, 0, 0, 0, 0, 0) // no flags, no extension
	}
	for len(c.buf) < copyBlock {
		switch err := c.next(&c.row); {
		case errors.Is(err, io.EOF):
			c.buf = binary.BigEndian.AppendUint16(c.buf, 0xffff)
			c.ended = true
			return
		case err != nil:
			c.err = err
			return
		}
		c.count++
		c.append(&c.row)
	}
}

func (c *copyReader) append(n *linker.Numbered) {
	c.buf = binary.BigEndian.AppendUint16(c.buf, uint16(len(stagedColumns)))
	c.detail, c.unfit = "", [4]string{}
	c.int(n.Row)
	c.int(n.Line)
	r := &n.Fields
	if n.Fault != nil {
		// The report has the rest from the file. The recording is kept
		// because reconcile never prunes one that a bad row mentions.
		c.text(string(n.Fault.Code))
		c.id(r.RecordingID, 0)
		for range 3 { // data type and target
			c.text("")
		}
		c.id(r.IntegrationConnectionID, 3) // the file names it, too
		for range 4 {                      // trigger and what is expected
			c.text("")
		}
		c.faults[n.Fault.Code]++
		if n.Stray != "" {
			c.strays++
		}
	} else {
		c.text("")
		c.id(r.RecordingID, 0)
		c.text(r.DataType)
		c.id(r.ID, 1)
		c.id(r.ExternalID, 2)
		c.id(r.IntegrationConnectionID, 3)
		c.text(r.Trigger)
		c.expected(r)
	}
	c.yes(doubtful(n))
	c.yes(n.Fault == nil && c.mayHaveSeen(r.RecordingID))
	c.text(n.Stray)
	c.text(c.detail)
	for _, unfit := range c.unfit {
		c.text(unfit)
	}
}

// expected appends the link that a row expects its recording to have. An id
// that is not a value of the platform's type is still expected, and never
// matches.
func (c *copyReader) expected(r *linker.Fields) {
	given := cmp.Or(r.ExpectedEntityID, r.ExpectedExternalID)
	c.text(given)
	switch {
	case given == "" || given == linker.NoLink:
		c.text("")
		c.text("")
	case r.ExpectedEntityID != "":
		c.value(given, platform.EntityID)
		c.text("")
	default:
		c.text("")
		c.forms(given)
	}
}

// forms appends the forms of an external id, an array of text: those that are
// values of the type of the platform's.
func (c *copyReader) forms(id string) {
	kind := c.platform.Kind(platform.ExternalID)
	forms := slices.DeleteFunc(append([]string{id}, salesforce.Alternatives(id)...), func(form string) bool {
		_, fits := kind.Append(nil, form)
		return !fits
	})
	at := len(c.buf)
	c.buf = binary.BigEndian.AppendUint32(c.buf, 0) // the length, later
	dimensions := min(1, len(forms))
	for _, n := range []int{dimensions, 0, pgtype.TextOID} { // 0: no element is NULL
		c.buf = binary.BigEndian.AppendUint32(c.buf, uint32(n))
	}
	if dimensions > 0 {
		c.buf = binary.BigEndian.AppendUint32(c.buf, uint32(len(forms)))
		c.buf = binary.BigEndian.AppendUint32(c.buf, 1) // the first has the index 1
	}
	for _, form := range forms {
		c.text(form)
	}
	binary.BigEndian.PutUint32(c.buf[at:], uint32(len(c.buf)-at-4))
}

// idColumns are the columns of the ids of a row, and the fields they come from.
var idColumns = [...]struct{ field, column string }{
	{"recordingId", platform.RecordingID},
	{"id", platform.EntityID},
	{"externalId", platform.ExternalID},
	{"integrationConnectionId", platform.ConnectionID},
}

// id appends an id as a value of its column's type, NULL for text that is none.
func (c *copyReader) id(id string, column int) {
	kind := c.kinds[column]
	if id == "" || kind == platform.Text {
		c.text(id)
		return
	}
	if !c.value(id, idColumns[column].column) {
		c.unfit[column] = id
		c.detail = joinDetail(c.detail, unfitDetail(c.platform, id, idColumns[column].field, idColumns[column].column))
	}
}

// value appends an id as a value of the type of a column of the platform's, NULL
// for text that is none.
func (c *copyReader) value(id, column string) (fits bool) {
	at := len(c.buf)
	c.buf = append(c.buf, 0, 0, 0, 0)
	if c.buf, fits = c.platform.Kind(column).Append(c.buf, id); !fits {
		c.buf = c.buf[:at]
		c.text("")
		return false
	}
	binary.BigEndian.PutUint32(c.buf[at:], uint32(len(c.buf)-at-4))
	return true
}

// mayHaveSeen reports whether an earlier row may be for the same recording.
// Different spellings of an id count as the same.
func (c *copyReader) mayHaveSeen(id string) bool {
	switch c.kinds[0] {
	case platform.Text:
		return c.seen.Add(maphash.String(c.seed, id))
	case platform.Citext:
		return true // which letters are one the database knows
	}
	var value [16]byte
	b, _ := c.kinds[0].Append(value[:0], id)
	return c.seen.Add(maphash.Bytes(c.seed, b))
}

// yes appends true, or NULL for no: most are, and NULL takes no room.
func (c *copyReader) yes(is bool) {
	if !is {
		c.text("")
		return
	}
	c.buf = append(c.buf, 0, 0, 0, 1, 1)
}

func (c *copyReader) int(v int64) {
	c.buf = binary.BigEndian.AppendUint32(c.buf, 8)
	c.buf = binary.BigEndian.AppendUint64(c.buf, uint64(v))
}

// text appends a value; "" is NULL, as everywhere in the input.
func (c *copyReader) text(s string) {
	if s == "" {
		c.buf = binary.BigEndian.AppendUint32(c.buf, 0xffffffff)
		return
	}
	c.buf = binary.BigEndian.AppendUint32(c.buf, uint32(len(s)))
	c.buf = append(c.buf, s...)
}

// doubtful reports whether the recording id can only be trusted if a recording
// has it.
func doubtful(n *linker.Numbered) bool {
	return n.Suspect&(linker.SuspectRecording|linker.OddRecording) != 0
}
