-- How far the changes of a run have been delivered to a receiver: the last one that
-- it has confirmed, in the order of relink changes.

-- +goose Up
CREATE TABLE relink.deliveries (
    run             bigint NOT NULL REFERENCES relink.runs ON DELETE CASCADE,
    url_sha256      text NOT NULL, -- of the receiver's address, which may hold a secret
    organization    text NOT NULL, -- whose changes alone it gets, '' for all
    host            text NOT NULL, -- the receiver, for people
    delivered       bigint NOT NULL,
    after_row       bigint, -- null for a pruned link, which comes behind all rows
    after_recording text NOT NULL,
    delivered_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (run, url_sha256, organization)
);
