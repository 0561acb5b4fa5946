SELECT count(*), count(link_id)
FROM run.changes
WHERE ctid >= $1::tid AND ctid < $2::tid
