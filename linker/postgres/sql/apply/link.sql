-- Fast path, second half. No ON CONFLICT: it costs 12 % of the insert, and a
-- conflict sends the batch to the slow path anyway. The marks of the batch are
-- written with it; a row that only clears has no link to wait for.
-- It runs with the platform's search path: see doc.go.
-- $1 the run, $2 $3 a range of the work list, $4 a foreign key makes sure that
-- the CRM rows are there
WITH made AS (
    INSERT INTO {{links}} ({{newLink}})
    SELECT {{newValues "c"}}
    FROM run.changes AS c
    WHERE c.ctid OPERATOR(pg_catalog.>=) $2::pg_catalog.tid
        AND c.ctid OPERATOR(pg_catalog.<) $3::pg_catalog.tid
        AND c.entity_id IS NOT NULL -- a revert may only clear
        AND ($4::boolean OR EXISTS (SELECT FROM platform.crm_entities AS e WHERE e.id OPERATOR(pg_catalog.=) c.entity_id))
    ORDER BY c.ctid
    RETURNING id, recording_id
)
INSERT INTO relink.marks (run, row_no, recording_id, made, cleared, restores, hidden{{template "marks_of_deleted"}})
SELECT $1, c.row_no, c.recording_id::pg_catalog.text, made.id::pg_catalog.text, c.link_id::pg_catalog.text, c.restores::pg_catalog.text, c.hidden
{{- if deletes}},
    c.entity_id::pg_catalog.text, c.previous_entity_id::pg_catalog.text, c.previous_data_type::pg_catalog.text,
    c.previous_trigger::pg_catalog.text, c.previous_linked_at, CASE WHEN c.link_id IS NOT NULL THEN pg_catalog.clock_timestamp() END
{{- end}}
FROM run.changes AS c
LEFT JOIN made ON made.recording_id OPERATOR(pg_catalog.=) c.recording_id
WHERE c.ctid OPERATOR(pg_catalog.>=) $2::pg_catalog.tid
    AND c.ctid OPERATOR(pg_catalog.<) $3::pg_catalog.tid
    AND (c.entity_id IS NULL OR made.id IS NOT NULL)
