-- Several processes on one database share its partners (decision 13): who is there, who serves whom, and what one has posted
-- for another to serve. Names, times and numbers alone.

-- able: the partners it can serve. health: what it reports of itself, JSON. seen: its last sign of life.
CREATE TABLE voronka.instances (
    id      uuid PRIMARY KEY,
    name    text COLLATE "C" NOT NULL,
    address text,
    able    text[] NOT NULL,
    health  text NOT NULL,
    seen    timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);

-- epoch: grows when it is taken. wanted: the name of the instance that is to serve the partner. stopped: nobody is to.
CREATE TABLE voronka.leases (
    partner text COLLATE "C" PRIMARY KEY CHECK (partner <> ''),
    holder  uuid,
    epoch   bigint NOT NULL DEFAULT 0,
    wanted  text,
    stopped boolean NOT NULL DEFAULT false
) WITH (fillfactor = 70);

-- Mail that was posted by somebody who does not serve the partner. Ids grow in the order in which they can be read: who writes
-- some holds a lock until the transaction ends.
CREATE TABLE voronka.news (
    partner      text COLLATE "C" NOT NULL CHECK (partner <> ''),
    id           bigint GENERATED ALWAYS AS IDENTITY,
    conversation uuid NOT NULL,
    at           timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (partner, id)
);
CREATE INDEX news_in_order ON voronka.news (id);

DO $$
DECLARE
    of_partner text := 'partner = current_setting(''voronka.partner'', true)';
    name       text;
BEGIN
    FOREACH name IN ARRAY ARRAY['leases', 'news'] LOOP
        EXECUTE format('ALTER TABLE voronka.%I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE voronka.%I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY app ON voronka.%I TO voronka_app USING (%s) WITH CHECK (%s)', name, of_partner, of_partner);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON voronka.%I TO voronka_app', name);
        -- Who serves whom is settled over all partners.
        EXECUTE format('CREATE POLICY sharing ON voronka.%I TO voronka_dispatch USING (true) WITH CHECK (true)', name);
    END LOOP;
END $$;
GRANT SELECT (partner, holder, epoch, wanted, stopped), INSERT (partner, holder, epoch, wanted, stopped),
    UPDATE (holder, epoch, wanted, stopped) ON voronka.leases TO voronka_dispatch;
GRANT SELECT (partner, id, conversation, at), INSERT (partner, conversation), DELETE ON voronka.news TO voronka_dispatch;
GRANT SELECT (id, name, address, able, health, seen), INSERT (id, name, address, able, health, seen),
    UPDATE (name, address, able, health, seen), DELETE ON voronka.instances TO voronka_dispatch;
