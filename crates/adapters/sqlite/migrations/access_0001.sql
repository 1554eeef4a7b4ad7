-- Who may use the owner's view. A file of its own: it leaves with no customer's data, and none of its rows is a partner's alone.
CREATE TABLE users (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE CHECK (name <> ''),
    operator INTEGER NOT NULL CHECK (operator IN (0, 1)),
    -- Argon2id in the PHC form; NULL until the first link was used.
    password TEXT,
    -- The secret of the one-time codes, sealed; NULL as above.
    totp BLOB,
    -- The last step whose code was used: none is taken twice.
    totp_step INTEGER NOT NULL DEFAULT 0,
    made INTEGER NOT NULL
) STRICT;

CREATE TABLE grants (
    user INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    partner TEXT NOT NULL CHECK (partner <> ''),
    role TEXT NOT NULL CHECK (role IN ('owner', 'staff')),
    PRIMARY KEY (user, partner)
) STRICT, WITHOUT ROWID;

-- Recovery codes, sign-in links and sessions: only their SHA-256 is kept.
CREATE TABLE codes (
    user INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    hash BLOB NOT NULL,
    PRIMARY KEY (user, hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE links (
    hash BLOB NOT NULL PRIMARY KEY,
    user INTEGER NOT NULL UNIQUE REFERENCES users (id) ON DELETE CASCADE,
    -- The secret that the user will have, sealed.
    totp BLOB NOT NULL,
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    hash BLOB NOT NULL PRIMARY KEY,
    user INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    made INTEGER NOT NULL,
    seen INTEGER NOT NULL,
    -- When the second factor was shown last.
    proved INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_of ON sessions (user);

-- What was done. Rows are added and nothing else; each one's mark rests on the one before it and on a key kept elsewhere.
CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    who TEXT NOT NULL,
    -- '' for what is no partner's.
    partner TEXT NOT NULL,
    what TEXT NOT NULL,
    about TEXT NOT NULL,
    mark BLOB NOT NULL
) STRICT;
CREATE TRIGGER audit_stays BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is only added to'); END;
CREATE TRIGGER audit_remains BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is only added to'); END;

-- Where the audit ends: else its last rows could be cut off unseen.
CREATE TABLE audit_end (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    seq INTEGER NOT NULL,
    mark BLOB NOT NULL
) STRICT;
