-- Ids are UUIDs, times microseconds since 1970, bodies JSON as text (a text keeps every letter; U+0000 is escaped). Every key
-- begins with the partner. Texts are compared byte by byte, as the core compares them.

CREATE TABLE voronka.keys (
    partner text COLLATE "C" NOT NULL CHECK (partner <> ''),
    account text COLLATE "C" NOT NULL,
    key     text COLLATE "C" NOT NULL,
    at      bigint NOT NULL,
    PRIMARY KEY (partner, account, key)
);

-- Positions of mail and ids of facts. Who writes mail holds a lock until the transaction ends: positions grow in the order in
-- which they can be read.
CREATE SEQUENCE voronka.rows;

CREATE TABLE voronka.mailbox (
    partner      text COLLATE "C" NOT NULL CHECK (partner <> ''),
    conversation uuid NOT NULL,
    seq          bigint NOT NULL DEFAULT nextval('voronka.rows'),
    account      text COLLATE "C" NOT NULL,
    peer         text COLLATE "C" NOT NULL,
    key          text COLLATE "C" NOT NULL,
    at           bigint NOT NULL,
    event        text NOT NULL,
    PRIMARY KEY (partner, conversation, seq)
);

-- slot: the quarter of an hour in which `at` lies, so that a turn changes an index in the first turn of a quarter alone.
CREATE TABLE voronka.conversations (
    partner      text COLLATE "C" NOT NULL CHECK (partner <> ''),
    conversation uuid NOT NULL,
    version      bigint NOT NULL,
    account      text COLLATE "C" NOT NULL,
    peer         text COLLATE "C" NOT NULL,
    customer     uuid NOT NULL,
    owner        text COLLATE "C" NOT NULL,
    preview      text NOT NULL,
    at           bigint NOT NULL,
    unread       bigint NOT NULL,
    state        text NOT NULL,
    slot         bigint NOT NULL,
    PRIMARY KEY (partner, conversation)
) WITH (fillfactor = 70);
CREATE INDEX conversations_latest ON voronka.conversations (partner, slot);
CREATE INDEX conversations_held ON voronka.conversations (partner, owner, slot) WHERE owner <> 'bot';
CREATE INDEX conversations_of ON voronka.conversations (partner, customer);

-- search: name, phone and e-mail in the letters that are searched in.
CREATE TABLE voronka.customers (
    partner text COLLATE "C" NOT NULL CHECK (partner <> ''),
    id      uuid NOT NULL,
    name    text,
    phone   text,
    email   text,
    data    text NOT NULL,
    search  text NOT NULL,
    PRIMARY KEY (partner, id)
) WITH (fillfactor = 80);

-- heat: 0 cold, 1 warm, 2 hot.
CREATE TABLE voronka.leads (
    partner  text COLLATE "C" NOT NULL CHECK (partner <> ''),
    customer uuid NOT NULL,
    heat     bigint NOT NULL,
    score    integer NOT NULL,
    stage    text NOT NULL,
    why      text NOT NULL,
    source   text,
    at       bigint NOT NULL,
    data     text NOT NULL,
    slot     bigint NOT NULL,
    PRIMARY KEY (partner, customer)
) WITH (fillfactor = 80);
CREATE INDEX leads_hottest ON voronka.leads (partner, heat, score, slot);

CREATE TABLE voronka.messages (
    partner      text COLLATE "C" NOT NULL CHECK (partner <> ''),
    conversation uuid NOT NULL,
    seq          bigint NOT NULL,
    author       text NOT NULL,
    at           bigint NOT NULL,
    key          text,
    bubble       uuid,
    text         text NOT NULL,
    body         text NOT NULL,
    basis        text,
    PRIMARY KEY (partner, conversation, seq)
);

CREATE TABLE voronka.facts (
    partner  text COLLATE "C" NOT NULL CHECK (partner <> ''),
    customer uuid NOT NULL,
    id       bigint NOT NULL DEFAULT nextval('voronka.rows'),
    name     text COLLATE "C" NOT NULL,
    at       bigint NOT NULL,
    data     text NOT NULL,
    PRIMARY KEY (partner, customer, id)
);
CREATE INDEX facts_counted ON voronka.facts (partner, name, at, customer)
    WHERE name IN ('message', 'question.unanswered', 'answer.blocked');
CREATE INDEX facts_wrong ON voronka.facts (partner, at, id) WHERE name = 'answer.wrong';

-- open: neither side owes anything no more. placed: when it was first seen beyond a draft.
CREATE TABLE voronka.orders (
    partner      text COLLATE "C" NOT NULL CHECK (partner <> ''),
    id           uuid NOT NULL,
    customer     uuid NOT NULL,
    conversation uuid NOT NULL,
    number       text NOT NULL,
    state        text COLLATE "C" NOT NULL,
    open         boolean NOT NULL,
    total_minor  bigint NOT NULL,
    currency     text NOT NULL,
    due          text,
    at           bigint NOT NULL,
    placed       bigint,
    data         text NOT NULL,
    PRIMARY KEY (partner, id)
);
CREATE INDEX orders_latest ON voronka.orders (partner, at, id);
CREATE INDEX orders_of ON voronka.orders (partner, customer, open, at, id);
CREATE INDEX orders_placed ON voronka.orders (partner, placed) WHERE placed IS NOT NULL;
CREATE INDEX orders_in_state ON voronka.orders (partner, state, at, id);

CREATE TABLE voronka.timers (
    partner      text COLLATE "C" NOT NULL CHECK (partner <> ''),
    conversation uuid NOT NULL,
    name         text COLLATE "C" NOT NULL,
    due          bigint NOT NULL,
    timer        text NOT NULL,
    PRIMARY KEY (partner, conversation, name)
);
CREATE INDEX timers_due ON voronka.timers (due);

CREATE TABLE voronka.outbox (
    position     bigint GENERATED ALWAYS AS IDENTITY,
    partner      text COLLATE "C" NOT NULL CHECK (partner <> ''),
    id           uuid NOT NULL,
    conversation uuid NOT NULL,
    account      text COLLATE "C" NOT NULL,
    peer         text COLLATE "C" NOT NULL,
    seq          bigint NOT NULL,
    bubble       text NOT NULL,
    lane         bigint NOT NULL,
    expires      bigint,
    attempts     bigint NOT NULL,
    PRIMARY KEY (partner, id)
) WITH (fillfactor = 90);
CREATE INDEX outbox_position ON voronka.outbox (position) WHERE lane <> 2;
CREATE INDEX outbox_campaigns ON voronka.outbox (partner, account, position) WHERE lane = 2;

CREATE TABLE voronka.notices (
    partner      text COLLATE "C" NOT NULL CHECK (partner <> ''),
    id           uuid NOT NULL,
    about        text NOT NULL,
    text         text NOT NULL,
    at           bigint NOT NULL,
    conversation uuid,
    PRIMARY KEY (partner, id)
);
CREATE INDEX notices_latest ON voronka.notices (partner, at, id);

-- mail: the events that were set aside; body: what could not be read. One of the two.
CREATE TABLE voronka.letters (
    id           bigint GENERATED ALWAYS AS IDENTITY,
    partner      text COLLATE "C" NOT NULL CHECK (partner <> ''),
    account      text COLLATE "C" NOT NULL,
    conversation uuid,
    mail         text,
    body         bytea,
    cause        text NOT NULL,
    at           bigint NOT NULL,
    PRIMARY KEY (partner, id)
);

-- Small things of a partner that belong to no conversation.
CREATE TABLE voronka.key_values (
    partner text COLLATE "C" NOT NULL CHECK (partner <> ''),
    kind    text COLLATE "C" NOT NULL,
    key     text COLLATE "C" NOT NULL,
    value   text NOT NULL,
    PRIMARY KEY (partner, kind, key)
);

-- The last transaction of each process that writes: whoever loses the connection at COMMIT finds here what became of it. Of no
-- partner, and nothing but numbers.
CREATE TABLE voronka.commits (
    writer uuid PRIMARY KEY,
    number bigint NOT NULL,
    at     timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);
GRANT SELECT, INSERT, UPDATE, DELETE ON voronka.commits TO voronka_app;

-- Rows of a partner are there for transactions that have said whose they are, and for nobody else: not for the owner either.
DO $$
DECLARE
    of_partner text := 'partner = current_setting(''voronka.partner'', true)';
    name       text;
BEGIN
    FOREACH name IN ARRAY ARRAY['keys', 'mailbox', 'conversations', 'customers', 'leads', 'messages', 'facts', 'orders', 'timers',
        'outbox', 'notices', 'letters', 'key_values']
    LOOP
        EXECUTE format('ALTER TABLE voronka.%I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE voronka.%I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY app ON voronka.%I TO voronka_app USING (%s) WITH CHECK (%s)', name, of_partner, of_partner);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON voronka.%I TO voronka_app', name);
    END LOOP;
    -- Of these it is asked over all partners what waits, by keys alone.
    FOREACH name IN ARRAY ARRAY['mailbox', 'timers', 'outbox', 'letters'] LOOP
        EXECUTE format('CREATE POLICY dispatch ON voronka.%I FOR SELECT TO voronka_dispatch USING (true)', name);
    END LOOP;
END $$;
GRANT USAGE ON SEQUENCE voronka.rows TO voronka_app;
GRANT SELECT (partner, conversation, seq, at) ON voronka.mailbox TO voronka_dispatch;
GRANT SELECT (partner, conversation, name, due) ON voronka.timers TO voronka_dispatch;
GRANT SELECT (partner, position, seq, lane) ON voronka.outbox TO voronka_dispatch;
GRANT SELECT (partner) ON voronka.letters TO voronka_dispatch;
