SELECT
    current_setting('server_version_num')::int AS version,
    current_setting('server_version')          AS version_name,
    current_setting('server_encoding')         AS encoding,
    pg_is_in_recovery()                        AS standby,
    current_setting('transaction_read_only')   AS read_only,
    quote_ident(current_user)                  AS role,
    quote_ident($1)                            AS schema,
    quote_ident(current_database())            AS database,
    platform.oid IS NOT NULL                   AS platform_exists,
    coalesce(has_schema_privilege(platform.oid, 'USAGE'), false) AS platform_usage,
    own.oid IS NOT NULL                        AS own_exists,
    coalesce(has_schema_privilege(own.oid, 'USAGE'), false)  AS own_usage,
    coalesce(has_schema_privilege(own.oid, 'CREATE'), false) AS own_create
FROM (VALUES (1)) AS one
LEFT JOIN pg_namespace AS platform ON platform.nspname = $1
LEFT JOIN pg_namespace AS own ON own.nspname = $2
