SELECT row_no, recording_id, coalesce(entity_id, ''), trigger, coalesce(link_id, 0), coalesce(restores, 0)
FROM relink.run_0_changes
WHERE ctid >= $1::tid AND ctid < $2::tid
ORDER BY ctid
