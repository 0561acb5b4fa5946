-- Where a run was made, and its place in the order of the runs that write: no
-- clock tells that, since clocks are set back.

-- +goose Up
ALTER TABLE relink.runs
    ADD COLUMN platform_schema text,
    ADD COLUMN database_name text,
    ADD COLUMN server_address text, -- as the client called it
    ADD COLUMN system_identifier text, -- of the server's cluster; null where it cannot be read
    ADD COLUMN role_name text,
    -- A counter that goes up each time a run begins to write, or goes on.
    ADD COLUMN write_order bigint, -- the last time that this run did; null when it never wrote
    ADD COLUMN recorded_after bigint NOT NULL DEFAULT 0; -- the counter when the run was recorded

UPDATE relink.runs AS r
SET write_order = o.place
FROM (
    SELECT id, row_number() OVER (ORDER BY greatest(applying_at, CASE WHEN state = 'done' THEN finished_at END), id) AS place
    FROM relink.runs
    WHERE applying_at IS NOT NULL
) AS o
WHERE o.id = r.id;

UPDATE relink.runs AS r
SET recorded_after = (SELECT count(*) FROM relink.runs AS o WHERE o.applying_at < r.started_at);
