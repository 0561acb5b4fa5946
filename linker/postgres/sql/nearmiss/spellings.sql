-- Of the rows of missed whose id (given) is written in an odd way, as m: the other
-- ways to write it, as f.form, without what stands around it, with plain hyphens,
-- with hyphens or without, and its parts. Nearly every id is written in the one
-- way there is, and costs no more than this question.
FROM (SELECT * FROM missed WHERE given COLLATE "C" ~ '[^0-9A-Za-z_-]|^[0-9A-Fa-f]{32}$') AS m
CROSS JOIN LATERAL (
    SELECT
        regexp_replace(m.given COLLATE "C", '^[Uu][Rr][Nn]:[Uu][Uu][Ii][Dd]:', '') AS id,
        regexp_replace(translate(m.given COLLATE "C", '‐‑‒–—―−﹘﹣－', '----------'), '[^!-~]+', '', 'g') AS ascii,
        regexp_replace(m.given COLLATE "C", '[^0-9A-Za-z]+', '', 'g') AS bare
) AS g
CROSS JOIN LATERAL (
    SELECT g.id AS form
    UNION
    SELECT g.ascii
    UNION
    SELECT g.bare
    UNION
    SELECT regexp_replace(lower(right(g.bare, 32)), '^(.{8})(.{4})(.{4})(.{4})(.{12})$', '\1-\2-\3-\4-\5')
    WHERE right(g.bare, 32) ~ '^[0-9A-Fa-f]{32}$'
    UNION
    (
        -- the first eight parts: more is no list of ids in a cell
        SELECT part.form
        FROM regexp_split_to_table(g.id, '[^0-9A-Za-z._:-]+') WITH ORDINALITY AS part (form, place)
        WHERE g.id ~ '[^0-9A-Za-z._:-]'
        ORDER BY part.place
        LIMIT 8
    )
) AS f
