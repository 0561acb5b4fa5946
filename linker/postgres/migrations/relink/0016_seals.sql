-- What ties the record of a run, its marks and the platform's links to each other.
-- Numbers of runs and ids of links begin anew in every history: after one of the three
-- was restored from a dump, they mean something else.

-- +goose Up
ALTER TABLE relink.runs
    ADD COLUMN uid uuid NOT NULL DEFAULT gen_random_uuid(),
    ADD COLUMN links_table oid; -- the platform's table of links; null when it is not known

-- The first mark of a run has its uid, and stands for no change.
ALTER TABLE relink.marks ADD COLUMN seal uuid; -- null in all others

INSERT INTO relink.marks (run, recording_id, seal)
SELECT id, '', uid
FROM relink.runs
WHERE NOT dry_run;
