-- A page that a transaction changes is written to the log, synced, and copied into the file later: a turn should touch few.

-- Positions of mail and ids of facts, of all partners. They are taken in blocks: `next` is the first that no process has had,
-- so that none is given twice whatever happens.
CREATE TABLE counters (
    name TEXT PRIMARY KEY,
    next INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO counters SELECT 'rows', 1 + max(
    coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'mailbox'), 0),
    coalesce((SELECT max(id) FROM facts), 0)
);

-- One tree instead of three: the table, its index and the row of AUTOINCREMENT.
ALTER TABLE mailbox RENAME TO mailbox_before;
DROP INDEX mailbox_of;
CREATE TABLE mailbox (
    partner      TEXT NOT NULL,
    conversation BLOB NOT NULL,
    seq          INTEGER NOT NULL,
    account      TEXT NOT NULL,
    peer         TEXT NOT NULL,
    key          TEXT NOT NULL,
    at           INTEGER NOT NULL,
    event        TEXT NOT NULL,
    PRIMARY KEY (partner, conversation, seq)
) STRICT, WITHOUT ROWID;
INSERT INTO mailbox SELECT partner, conversation, seq, account, peer, key, at, event FROM mailbox_before;
DROP TABLE mailbox_before;

-- A turn's facts lie together, where the index by customer was.
ALTER TABLE facts RENAME TO facts_before;
DROP INDEX facts_of;
DROP INDEX facts_counted;
CREATE TABLE facts (
    partner  TEXT NOT NULL,
    customer BLOB NOT NULL,
    id       INTEGER NOT NULL,
    name     TEXT NOT NULL,
    at       INTEGER NOT NULL,
    data     TEXT NOT NULL,
    PRIMARY KEY (partner, customer, id)
) STRICT, WITHOUT ROWID;
INSERT INTO facts SELECT partner, customer, id, name, at, data FROM facts_before ORDER BY partner, customer, id;
DROP TABLE facts_before;
CREATE INDEX facts_counted ON facts (partner, name, at, customer)
    WHERE name IN ('message', 'question.unanswered', 'answer.blocked');

-- slot: the quarter of an hour in which `at` lies, so that these indexes change with the first turn of a quarter alone. What
-- lies in one slot is sorted when it is read.
ALTER TABLE conversations ADD COLUMN slot INTEGER NOT NULL DEFAULT 0;
UPDATE conversations SET slot = at / 900000000 - (at % 900000000 < 0);
DROP INDEX conversations_latest;
DROP INDEX conversations_held;
CREATE INDEX conversations_latest ON conversations (partner, slot);
CREATE INDEX conversations_held ON conversations (partner, owner, slot) WHERE owner <> 'bot';

ALTER TABLE leads ADD COLUMN slot INTEGER NOT NULL DEFAULT 0;
UPDATE leads SET slot = at / 900000000 - (at % 900000000 < 0);
DROP INDEX leads_hottest;
CREATE INDEX leads_hottest ON leads (partner, heat, score, slot);

-- It was written after each send, and nothing asked for it.
ALTER TABLE messages DROP COLUMN receipt;
