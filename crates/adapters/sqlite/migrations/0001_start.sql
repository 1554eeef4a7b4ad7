-- Ids are 16 bytes, times microseconds since 1970, bodies JSON. Every key begins with the partner.

CREATE TABLE keys (
    partner TEXT NOT NULL,
    account TEXT NOT NULL,
    key     TEXT NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (partner, account, key)
) STRICT, WITHOUT ROWID;

-- AUTOINCREMENT: a position is never given twice, or a late turn could consume mail that it has not seen.
CREATE TABLE mailbox (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    partner      TEXT NOT NULL,
    conversation BLOB NOT NULL,
    account      TEXT NOT NULL,
    peer         TEXT NOT NULL,
    key          TEXT NOT NULL,
    at           INTEGER NOT NULL,
    event        TEXT NOT NULL
) STRICT;
CREATE INDEX mailbox_of ON mailbox (partner, conversation);

CREATE TABLE conversations (
    partner      TEXT NOT NULL,
    conversation BLOB NOT NULL,
    version      INTEGER NOT NULL,
    account      TEXT NOT NULL,
    peer         TEXT NOT NULL,
    customer     BLOB NOT NULL,
    owner        TEXT NOT NULL,
    preview      TEXT NOT NULL,
    at           INTEGER NOT NULL,
    unread       INTEGER NOT NULL,
    state        TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX conversations_key ON conversations (partner, conversation);
CREATE INDEX conversations_latest ON conversations (partner, at, conversation);
CREATE INDEX conversations_held ON conversations (partner, owner, at, conversation) WHERE owner <> 'bot';
CREATE INDEX conversations_of ON conversations (partner, customer);

CREATE TABLE customers (
    partner TEXT NOT NULL,
    id      BLOB NOT NULL,
    name    TEXT,
    phone   TEXT,
    email   TEXT,
    data    TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX customers_key ON customers (partner, id);

-- heat: 0 cold, 1 warm, 2 hot.
CREATE TABLE leads (
    partner  TEXT NOT NULL,
    customer BLOB NOT NULL,
    heat     INTEGER NOT NULL,
    score    INTEGER NOT NULL,
    stage    TEXT NOT NULL,
    why      TEXT NOT NULL,
    source   TEXT,
    at       INTEGER NOT NULL,
    data     TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX leads_key ON leads (partner, customer);
CREATE INDEX leads_hottest ON leads (partner, heat, score, at, customer);

-- With a rowid: rows are appended to full pages, where a clustered key would leave a third of each page empty.
-- receipt: the channel's own id of a message that was sent. body: JSON, with the character U+0001 where it repeats the text.
CREATE TABLE messages (
    partner      TEXT NOT NULL,
    conversation BLOB NOT NULL,
    seq          INTEGER NOT NULL,
    author       TEXT NOT NULL,
    at           INTEGER NOT NULL,
    key          TEXT,
    bubble       BLOB,
    receipt      TEXT,
    text         TEXT NOT NULL,
    body         TEXT NOT NULL,
    basis        TEXT,
    FOREIGN KEY (partner, conversation) REFERENCES conversations (partner, conversation)
) STRICT;
CREATE UNIQUE INDEX messages_key ON messages (partner, conversation, seq);

CREATE TABLE facts (
    id       INTEGER PRIMARY KEY,
    partner  TEXT NOT NULL,
    customer BLOB NOT NULL,
    name     TEXT NOT NULL,
    at       INTEGER NOT NULL,
    data     TEXT NOT NULL
) STRICT;
CREATE INDEX facts_of ON facts (partner, customer);
CREATE INDEX facts_counted ON facts (partner, name, at, customer)
    WHERE name IN ('message', 'question.unanswered', 'answer.blocked');

-- conversation: where it was made. open: neither side owes anything no more. placed: when it was first seen beyond a draft.
CREATE TABLE orders (
    partner      TEXT NOT NULL,
    id           BLOB NOT NULL,
    customer     BLOB NOT NULL,
    conversation BLOB NOT NULL,
    number       TEXT NOT NULL,
    state        TEXT NOT NULL,
    open         INTEGER NOT NULL,
    total_minor  INTEGER NOT NULL,
    currency     TEXT NOT NULL,
    due          TEXT,
    at           INTEGER NOT NULL,
    placed       INTEGER,
    data         TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX orders_key ON orders (partner, id);
CREATE INDEX orders_latest ON orders (partner, at, id);
CREATE INDEX orders_of ON orders (partner, customer, open, at, id);
CREATE INDEX orders_placed ON orders (partner, placed) WHERE placed IS NOT NULL;

CREATE TABLE timers (
    partner      TEXT NOT NULL,
    conversation BLOB NOT NULL,
    name         TEXT NOT NULL,
    due          INTEGER NOT NULL,
    timer        TEXT NOT NULL,
    PRIMARY KEY (partner, conversation, name),
    FOREIGN KEY (partner, conversation) REFERENCES conversations (partner, conversation)
) STRICT, WITHOUT ROWID;
CREATE INDEX timers_due ON timers (due);

-- bubble: NULL where the message of that position has the same body.
CREATE TABLE outbox (
    position     INTEGER PRIMARY KEY,
    partner      TEXT NOT NULL,
    id           BLOB NOT NULL,
    conversation BLOB NOT NULL,
    account      TEXT NOT NULL,
    peer         TEXT NOT NULL,
    seq          INTEGER NOT NULL,
    bubble       TEXT,
    lane         INTEGER NOT NULL,
    expires      INTEGER,
    attempts     INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX outbox_key ON outbox (partner, id);
-- Campaigns are read back by account; answers are not, and cost nothing here.
CREATE INDEX outbox_campaigns ON outbox (partner, account) WHERE lane = 2;

CREATE TABLE notices (
    partner TEXT NOT NULL,
    id      BLOB NOT NULL,
    about   TEXT NOT NULL,
    text    TEXT NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (partner, id)
) STRICT;
CREATE INDEX notices_latest ON notices (partner, at, id);

-- mail: the events that were set aside; body: what could not be read. One of the two.
CREATE TABLE letters (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    partner      TEXT NOT NULL,
    account      TEXT NOT NULL,
    conversation BLOB,
    mail         TEXT,
    body         BLOB,
    cause        TEXT NOT NULL,
    at           INTEGER NOT NULL
) STRICT;
CREATE INDEX letters_of ON letters (partner);
