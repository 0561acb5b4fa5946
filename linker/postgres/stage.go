package postgres

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"io"

	"relink/linker"
	"relink/linker/bloom"
)

// Staged reports whether the run's working table holds exactly the rows that
// were staged. It does not after a crash of the server, which empties
// UNLOGGED tables, and after a client that died while it staged.
func (x *Session) Staged(ctx context.Context) (bool, error) {
	ctx, done := x.during(ctx)
	defer done()
	const query = `
		SELECT coalesce(staged_rows, -1), to_regclass($2) IS NOT NULL
		FROM relink.runs
		WHERE id = $1`
	var want int64
	var exists bool
	if err := x.work.QueryRow(ctx, query, x.opt.Run, tablePrefix(x.opt.Run)+"staged").Scan(&want, &exists); err != nil {
		return false, x.cause(fmt.Errorf("looking for the working table of run %d: %w", x.opt.Run, err))
	}
	if want < 0 || !exists {
		return false, nil
	}
	var have int64
	if err := x.work.QueryRow(ctx, forRun("SELECT count(*) FROM relink.run_0_staged", x.opt.Run)).Scan(&have); err != nil {
		return false, x.cause(fmt.Errorf("counting the working table of run %d: %w", x.opt.Run, err))
	}
	return have == want, nil
}

// Stage copies rows into the run's working table until next returns io.EOF,
// and returns how many there were. doubts then says why the file may not be whole. An error of next stops it and is returned
// as it is. next is called from one goroutine, not the caller's.
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
	rows := &copyReader{next: next, seed: maphash.MakeSeed(), seen: bloom.New(bloom.MaxSize), faults: map[linker.Code]int64{}}
	tag, err := x.work.PgConn().CopyFrom(ctx, rows, forRun(`
		COPY relink.run_0_staged
		    (row_no, line, code, recording_id, data_type, entity_id, external_id, connection_id, trigger, doubtful, seen, stray)
		FROM STDIN (FORMAT binary)`, x.opt.Run))
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
	if _, err := x.work.Exec(ctx, forRun("ANALYZE relink.run_0_staged (code, entity_id, connection_id, seen)", x.opt.Run)); err != nil {
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
	next    func(*linker.Numbered) error
	buf     []byte
	off     int
	started bool
	ended   bool
	count   int64
	err     error // of next, which says more than the failed COPY
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
	c.buf = binary.BigEndian.AppendUint16(c.buf, 12)
	c.int(n.Row)
	c.int(n.Line)
	if n.Fault != nil {
		// The report has the rest from the file. The recording is kept
		// because reconcile never prunes one that a bad row mentions.
		c.text(string(n.Fault.Code))
		c.text(n.Fields.RecordingID)
		for range 5 {
			c.text("")
		}
		c.yes(doubtful(n))
		c.yes(false)
		c.text(n.Stray)
		c.faults[n.Fault.Code]++
		if n.Stray != "" {
			c.strays++
		}
		return
	}
	r := &n.Fields
	c.text("")
	c.text(r.RecordingID)
	c.text(r.DataType)
	c.text(r.ID)
	c.text(r.ExternalID)
	c.text(r.IntegrationConnectionID)
	c.text(r.Trigger)
	c.yes(doubtful(n))
	c.yes(c.seen.Add(maphash.String(c.seed, r.RecordingID)))
	c.text("")
}

// doubtful reports whether the recording id can only be trusted if a recording
// has it.
func doubtful(n *linker.Numbered) bool {
	return n.Suspect&(linker.SuspectRecording|linker.OddRecording) != 0
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
