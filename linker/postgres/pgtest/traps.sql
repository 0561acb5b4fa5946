-- Makes, in schema public, a function, an operator or a type for every one of the
-- server's own, with the same arguments, which raises an exception; and lets
-- every later session look there first.
SET search_path = pg_catalog;
DO $do$
DECLARE
    f record;
BEGIN
    FOR f IN
        SELECT p.oid, p.proname, pg_get_function_arguments(p.oid) AS arguments, pg_get_function_result(p.oid) AS result
        FROM pg_proc AS p
        WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind IN ('f', 'w')
    LOOP
        BEGIN
            EXECUTE format('CREATE FUNCTION public.%I(%s) RETURNS %s LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION USING ERRCODE = ''XX000'', MESSAGE = ''trap: function %s''; END $$',
                f.proname, f.arguments, f.result, f.proname);
        EXCEPTION WHEN OTHERS THEN NULL; -- one that takes internal arguments
        END;
    END LOOP;
    -- Those of any arguments can be had with the arguments that fit best.
    FOR f IN SELECT name, arguments FROM unnest('{format,concat_ws,concat}'::text[]) AS name, unnest(ARRAY['text, text', 'text, text, text', 'text, text, text, text', 'text, bigint', 'text, integer']) AS arguments LOOP
        EXECUTE format('CREATE FUNCTION public.%I(%s) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION USING ERRCODE = ''XX000'', MESSAGE = ''trap: function %s''; END $$',
            f.name, f.arguments, f.name);
    END LOOP;
    FOR f IN
        SELECT o.oid, o.oprname, format_type(o.oprleft, NULL) AS l, format_type(o.oprright, NULL) AS r, format_type(o.oprresult, NULL) AS result
        FROM pg_operator AS o
        WHERE o.oprnamespace = 'pg_catalog'::regnamespace AND o.oprleft <> 0
            AND o.oprname IN ('=', '<>', '<', '>', '<=', '>=', '||', '+', '-', '*', '/', '%', '~', '!~', '->', '~~')
        UNION ALL
        SELECT 0, name, l, r, 'boolean'
        FROM unnest('{=,<>,<,>,<=,>=,~}'::text[]) AS name,
            unnest('{text,character varying,bigint,integer,name}'::text[]) AS l,
            unnest('{text,character varying,bigint,integer,name}'::text[]) AS r
    LOOP
        BEGIN
            EXECUTE format('CREATE FUNCTION public.%I(l %s, r %s) RETURNS %s LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION USING ERRCODE = ''XX000'', MESSAGE = ''trap: operator %s''; END $$',
                'trap' || md5(f.oprname), f.l, f.r, f.result, f.oprname);
            EXECUTE format('CREATE OPERATOR public.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = public.%I)',
                f.oprname, f.l, f.r, 'trap' || md5(f.oprname));
        EXCEPTION WHEN OTHERS THEN NULL; -- there is one already, or of a pseudo-type
        END;
    END LOOP;
    CREATE FUNCTION public.trap_type(anyelement) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'XX000', MESSAGE = 'trap: type'; END $$;
    FOR f IN SELECT typname FROM pg_type WHERE typname IN ('text', 'tid', 'uuid', 'int8', 'int4', 'varchar', 'timestamptz', 'regclass', 'oid', 'jsonb', 'numeric') LOOP
        EXECUTE format('CREATE DOMAIN public.%1$I AS pg_catalog.%1$I CHECK (public.trap_type(VALUE))', f.typname);
    END LOOP;
    EXECUTE format('ALTER DATABASE %I SET search_path = public, pg_catalog', current_database());
END $do$;
