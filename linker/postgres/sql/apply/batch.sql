SELECT row_no, recording_id::text, coalesce(entity_id::text, ''), trigger, coalesce(link_id::text, ''), expected, coalesce(restores::text, '')
FROM run.changes
WHERE ctid >= $1::tid AND ctid < $2::tid
ORDER BY ctid
