-- What reports count, by day: a report reads these, however many facts there are and were. day: YYYY-MM-DD.
CREATE TABLE voronka.tallies (
    partner text COLLATE "C" NOT NULL CHECK (partner <> ''),
    what    text COLLATE "C" NOT NULL,
    day     text COLLATE "C" NOT NULL,
    key     text COLLATE "C" NOT NULL,
    n       bigint NOT NULL,
    PRIMARY KEY (partner, what, day, key)
) WITH (fillfactor = 50);

DO $$
DECLARE
    of_partner text := 'partner = current_setting(''voronka.partner'', true)';
BEGIN
    ALTER TABLE voronka.tallies ENABLE ROW LEVEL SECURITY;
    ALTER TABLE voronka.tallies FORCE ROW LEVEL SECURITY;
    EXECUTE format('CREATE POLICY app ON voronka.tallies TO voronka_app USING (%s) WITH CHECK (%s)', of_partner, of_partner);
    CREATE POLICY dispatch ON voronka.tallies FOR SELECT TO voronka_dispatch USING (true);
END $$;
GRANT SELECT, INSERT, UPDATE, DELETE ON voronka.tallies TO voronka_app;
GRANT SELECT (partner) ON voronka.tallies TO voronka_dispatch;
