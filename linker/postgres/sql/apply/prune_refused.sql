-- An extra that the platform's own rules do not let be cleared.
-- $1 which, $2 what the database said
UPDATE run.extras
SET protected = format('left alone: the database refused to clear it: %s', $2::text),
    refused = true
WHERE ctid = $1::tid
