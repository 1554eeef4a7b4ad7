-- What reports count, by day: a report reads these, however many facts there are and were. day: YYYY-MM-DD.
CREATE TABLE tallies (
    partner TEXT NOT NULL,
    what    TEXT NOT NULL,
    day     TEXT NOT NULL,
    key     TEXT NOT NULL,
    n       INTEGER NOT NULL,
    PRIMARY KEY (partner, what, day, key)
) STRICT, WITHOUT ROWID;
