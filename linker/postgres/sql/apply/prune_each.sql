-- The extras of a batch that are to be cleared, one by one.
-- $1 $2 a range of the extras
SELECT ctid
FROM run.extras
WHERE ctid >= $1::tid AND ctid < $2::tid
    AND protected IS NULL AND NOT done
ORDER BY ctid
