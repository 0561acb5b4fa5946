package engine

import (
	"time"

	"github.com/jackc/pgx/v5/pgtype"
)

type pgTID = pgtype.TID

// blockRange is the blocks from..to-1 of the work list.
type blockRange struct{ from, to int64 }

// maxTuples is more rows than fit on one block of 32 KiB, PostgreSQL's largest.
const maxTuples = 1200

// batches cuts a range of blocks into batches, larger or smaller as the last
// ones were quick or slow, or of a fixed number of rows.
type batches struct {
	blocks blockRange
	size   int64 // blocks of the next batch
	rows   int   // fixed rows of a batch, 0 for as time decides; at most a block's
	offset int   // next row of the first block, with fixed rows
}

func newBatches(blocks blockRange, rows int) *batches {
	return &batches{blocks: blocks, size: firstBatchBlocks, rows: min(rows, maxTuples), offset: 1}
}

// next returns the range of the next batch: from inclusive, to exclusive. With
// fixed rows a batch may be empty, since the number of rows in a block is
// unknown.
func (b *batches) next() (from, to pgTID, more bool) {
	if b.blocks.from >= b.blocks.to {
		return from, to, false
	}
	if b.rows > 0 {
		from = tid(b.blocks.from, b.offset)
		b.offset += b.rows
		to = tid(b.blocks.from, b.offset)
		if b.offset > maxTuples {
			b.blocks.from, b.offset = b.blocks.from+1, 1
		}
		return from, to, true
	}
	end := min(b.blocks.from+b.size, b.blocks.to)
	from, to = tid(b.blocks.from, 0), tid(end, 0)
	b.blocks.from = end
	return from, to, true
}

// skipBlock continues with the next block, because the last batch was empty.
// The rows of a block are at its beginning, since a work list is written once.
func (b *batches) skipBlock() {
	if b.rows > 0 && b.offset > 1 {
		b.blocks.from, b.offset = b.blocks.from+1, 1
	}
}

// took records how long the last batch took. The next one is sized to last
// batchTime, at most twice and at least half as large.
func (b *batches) took(d time.Duration) {
	want := float64(b.size) * float64(batchTime) / float64(max(d, time.Millisecond))
	b.size = int64(min(max(want, float64(b.size)/2), float64(b.size)*2))
	b.size = min(max(b.size, 1), maxBatchBlocks)
}

func tid(block int64, offset int) pgTID {
	return pgTID{BlockNumber: uint32(block), OffsetNumber: uint16(offset), Valid: true}
}
