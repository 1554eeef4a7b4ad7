-- Small things of a partner that belong to no conversation: what was spent on models, the names that a messenger gave to pictures.
CREATE TABLE key_values (
    partner TEXT NOT NULL,
    kind    TEXT NOT NULL,
    key     TEXT NOT NULL,
    value   TEXT NOT NULL,
    PRIMARY KEY (partner, kind, key)
) STRICT, WITHOUT ROWID;

-- Where the audit of the owner's pages stood when it was last written to. The audit lies in a file of its own: one that was
-- replaced by an older copy of itself does not reach as far as this, or gets there by other marks.
CREATE TABLE audit_anchor (
    one  INTEGER PRIMARY KEY CHECK (one = 1),
    seq  INTEGER NOT NULL,
    mark BLOB NOT NULL
) STRICT;
