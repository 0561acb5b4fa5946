package engine

import (
	"fmt"

	"github.com/jackc/pgx/v5"

	"relink/linker"
)

// mentionBatch is how many keys one statement notes.
const mentionBatch = 1000

// mentions leaves alone the extras whose recording occurs anywhere in the file.
func (p *planner) mentions(in linker.Mentions) {
	if in == nil || !p.x.prunes() || p.err != nil {
		return
	}
	asked := 0
	p.query("reading which recordings to look for in the file", p.x.texts.Inline("SELECT recording_id::text FROM run.extras WHERE protected IS NULL AND NOT done"),
		nil, func(rows pgx.Rows) error {
			var id string
			err := rows.Scan(&id)
			in.Add(id)
			asked++
			return err
		})
	if asked == 0 {
		return
	}
	p.table("mentioned", p.x.texts.Inline(`CREATE UNLOGGED TABLE run.mentioned (key text COLLATE "C") WITH (autovacuum_enabled = off)`))
	var keys []string
	note := func() error {
		_, err := p.x.work.Exec(p.ctx, p.x.texts.Inline("INSERT INTO run.mentioned SELECT unnest($1::text[])"), keys)
		keys = keys[:0]
		return err
	}
	if p.err != nil {
		return
	}
	p.err = in.Find(p.ctx, func(key string) error {
		if keys = append(keys, key); len(keys) < mentionBatch {
			return nil
		}
		return note()
	})
	if p.err == nil {
		p.err = note()
	}
	if p.err != nil {
		p.err = fmt.Errorf("looking for recordings in the file: %w", p.err)
		return
	}
	p.do("planning: recordings that the file names", "mentioned")
}
