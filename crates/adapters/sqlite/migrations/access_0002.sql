-- Partners whose removals were followed here, so many of them: rights that were given since are those of another of that name.
CREATE TABLE removals (
    partner TEXT PRIMARY KEY NOT NULL CHECK (partner <> ''),
    times INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
