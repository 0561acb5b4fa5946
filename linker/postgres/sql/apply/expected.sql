SELECT count(*), count(entity_id), count(link_id)
FROM relink.run_0_changes
WHERE ctid >= $1::tid AND ctid < $2::tid
