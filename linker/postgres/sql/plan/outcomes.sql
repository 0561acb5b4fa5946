-- Where applying a row ended otherwise than planned. Few or none.
CREATE UNLOGGED TABLE run.outcomes (
    row_no             bigint PRIMARY KEY,
    outcome            text NOT NULL,
    code               text,
    detail             text,
    previous_entity_id text,
    previous_data_type text
) WITH (autovacuum_enabled = off)
