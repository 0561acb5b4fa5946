-- What the runs have done to links, in a table of our own: the platform's tables
-- need no column for it. A row stands for one change of one recording.

-- +goose Up
CREATE TABLE relink.marks (
    run          bigint NOT NULL,
    row_no       bigint, -- of the input or of the reverted run; null for a prune
    recording_id text NOT NULL,
    made         text,   -- the id of the link made, null for none
    cleared      text,   -- the id of the link cleared, null for none
    restores     text,   -- the id of the link that the one made stands for
    -- The links themselves, on a platform that deletes what is cleared.
    made_entity_id    text,
    cleared_entity_id text,
    cleared_data_type text,
    cleared_trigger   text
);

-- Entries of one run come in the order of their rows' places, always at the end
-- of the index.
CREATE INDEX marks_run_idx ON relink.marks (run);

CREATE INDEX marks_restores_idx ON relink.marks (made) WHERE restores IS NOT NULL;

ALTER TABLE relink.runs DROP COLUMN plan, DROP COLUMN backend_pid;
