-- What every platform of the tests holds, in numbers: each inserts it into tables of
-- its own, under ids of its own. Organization 1 has connections 1 and 2 and
-- recordings 1 to 60 (61 is deleted), organization 2 connection 9 and recording 62.
CREATE SCHEMA world;
CREATE TABLE world.connections (n integer, organization integer);
INSERT INTO world.connections VALUES (1, 1), (2, 1), (9, 2);
CREATE TABLE world.recordings AS
SELECT n, CASE WHEN n = 62 THEN 2 ELSE 1 END AS organization, n = 61 AS deleted FROM generate_series(1, 62) AS n;
CREATE TABLE world.entities (n integer, data_type text, connection integer, external text, deleted boolean, merged_into integer);
INSERT INTO world.entities SELECT n, 'ACCOUNT', 1, 'x-' || n, false, NULL FROM generate_series(1, 20) AS n;
INSERT INTO world.entities VALUES
    (21, 'LEAD', 1, 'x-21', false, NULL),
    (22, 'ACCOUNT', 2, 'x-22', false, NULL),
    (23, 'ACCOUNT', 1, 'x-23', true, NULL),
    (24, 'ACCOUNT', 1, 'x-24', false, 1),
    (25, 'ACCOUNT', 9, 'x-25', false, NULL),
    (26, 'OPPORTUNITY', 1, '70130000001tcyIAAQ', false, NULL),
    (27, 'CONTACT', 2, '000123', false, NULL),
    (28, 'OPPORTUNITY', 2, 'x-28', false, NULL);
-- The odd recordings are linked to 1, but for 3 and 5.
CREATE TABLE world.links AS
SELECT n AS recording, CASE n WHEN 3 THEN 26 WHEN 5 THEN 22 ELSE 1 END AS entity,
    CASE n WHEN 3 THEN 'OPPORTUNITY' ELSE 'ACCOUNT' END AS data_type, CASE n WHEN 7 THEN 'USER_LINK_WEB' END AS trigger
FROM generate_series(1, 59, 2) AS n;
