-- Why the file as a whole may not hold all that it should.
-- $1 the reasons
CREATE UNLOGGED TABLE run.doubts WITH (autovacuum_enabled = off) AS
SELECT reason
FROM unnest($1::text[]) AS d (reason)
