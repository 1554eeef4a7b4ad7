-- Run before every migration, by whoever may make roles and schemas. What is there already stays as it is: roles are of all
-- databases of a server, and another one may be migrated at the same time.
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'voronka_owner') THEN
        BEGIN
            CREATE ROLE voronka_owner NOLOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'voronka_dispatch') THEN
        BEGIN
            CREATE ROLE voronka_dispatch NOLOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END;
    END IF;
    -- NOINHERIT: it may become `voronka_dispatch` for a look-up, and is held to the policies of its own otherwise.
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'voronka_app') THEN
        BEGIN
            CREATE ROLE voronka_app LOGIN NOINHERIT;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END;
    END IF;
    IF NOT pg_has_role('voronka_app', 'voronka_dispatch', 'MEMBER') THEN
        GRANT voronka_dispatch TO voronka_app;
    END IF;
    -- Since PostgreSQL 16 whoever makes a role is its member, but may not become it.
    IF NOT pg_has_role(current_user, 'voronka_owner',
        CASE WHEN current_setting('server_version_num')::integer >= 160000 THEN 'SET' ELSE 'MEMBER' END) THEN
        EXECUTE format('GRANT voronka_owner TO %I', current_user);
    END IF;
    IF NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'voronka') THEN
        CREATE SCHEMA voronka AUTHORIZATION voronka_owner;
    END IF;
END $$;
SET LOCAL ROLE voronka_owner;
CREATE TABLE IF NOT EXISTS voronka.migrations (
    number integer PRIMARY KEY,
    at     timestamptz NOT NULL DEFAULT now()
);
GRANT USAGE ON SCHEMA voronka TO voronka_app, voronka_dispatch;
GRANT SELECT ON voronka.migrations TO voronka_app;
