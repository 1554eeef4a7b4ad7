-- A letter keeps its number when its partner moves to another store: another partner's may have the same.
INSERT INTO counters SELECT 'letters', 1 + coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'letters'), 0);
ALTER TABLE letters RENAME TO letters_before;
DROP INDEX letters_of;
CREATE TABLE letters (
    partner      TEXT NOT NULL,
    id           INTEGER NOT NULL,
    account      TEXT NOT NULL,
    conversation BLOB,
    mail         TEXT,
    body         BLOB,
    cause        TEXT NOT NULL,
    at           INTEGER NOT NULL,
    PRIMARY KEY (partner, id)
) STRICT;
INSERT INTO letters SELECT partner, id, account, conversation, mail, body, cause, at FROM letters_before ORDER BY id;
DROP TABLE letters_before;
