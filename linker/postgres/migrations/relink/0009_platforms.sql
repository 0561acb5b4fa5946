-- What relink cannot learn from the catalog about a platform's tables. A schema
-- without a row here is like the reference.

-- +goose Up
CREATE TABLE relink.platforms (
    name    text PRIMARY KEY,
    schema  text NOT NULL UNIQUE, -- where the four tables or views stand
    profile jsonb NOT NULL DEFAULT '{}' -- see platform.Profile
);

-- Of a link that was cleared by deleting it, what is not in the table any more.
ALTER TABLE relink.marks
    ADD COLUMN cleared_linked_at timestamptz,
    ADD COLUMN cleared_at        timestamptz;
