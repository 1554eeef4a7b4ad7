-- Several processes may be told to make the daily backup; one of them makes it. One row.

-- made: when the last one was made, in microseconds since 1970, by the clock of who made it. busy_until: somebody is at one.
CREATE TABLE voronka.backups (
    made       bigint NOT NULL DEFAULT 0,
    busy_until timestamptz NOT NULL DEFAULT '-infinity'
);
INSERT INTO voronka.backups DEFAULT VALUES;
GRANT SELECT (made, busy_until), UPDATE (made, busy_until) ON voronka.backups TO voronka_dispatch;
