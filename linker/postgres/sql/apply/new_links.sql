INSERT INTO {{links}} ({{newLink}})
SELECT {{newValues "w"}}
FROM ROWS FROM (
    pg_catalog.unnest($1::pg_catalog.text[]::{{type "recording_links.recording_id"}}[]),
    pg_catalog.unnest($2::pg_catalog.text[]::{{wordType}}[]),
    pg_catalog.unnest($3::pg_catalog.text[]::{{type "recording_links.entity_id"}}[]),
    pg_catalog.unnest($4::pg_catalog.text[])
) AS w (recording_id, data_type, entity_id, trigger)
