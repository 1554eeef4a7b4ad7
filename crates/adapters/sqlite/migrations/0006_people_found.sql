-- People are found among however many there are: an index of each three letters of what they are found by, which follows their
-- table within the transaction. What is shorter than three letters is still looked for in `customers_search`.
-- number: what that index calls a customer. It is a column, so that VACUUM leaves it as it is.
ALTER TABLE customers RENAME TO customers_before;
DROP INDEX customers_key;
DROP INDEX customers_search;
CREATE TABLE customers (
    number  INTEGER PRIMARY KEY,
    partner TEXT NOT NULL,
    id      BLOB NOT NULL,
    name    TEXT,
    phone   TEXT,
    email   TEXT,
    data    TEXT NOT NULL,
    search  TEXT NOT NULL
) STRICT;
INSERT INTO customers (partner, id, name, phone, email, data, search)
    SELECT partner, id, name, phone, email, data, search FROM customers_before ORDER BY rowid;
DROP TABLE customers_before;
CREATE UNIQUE INDEX customers_key ON customers (partner, id);
CREATE INDEX customers_search ON customers (partner, search, id);

CREATE VIRTUAL TABLE people USING fts5(
    search, content = 'customers', content_rowid = 'number', tokenize = 'trigram case_sensitive 1', columnsize = 0
);
-- Who is forgotten is not only marked as gone.
INSERT INTO people (people, rank) VALUES ('secure-delete', 1);
INSERT INTO people (rowid, search) SELECT number, search FROM customers WHERE length(search) > 2;

-- Nothing is known of most visitors of a web chat: two ends of lines, which hold no three letters.
CREATE TRIGGER people_come AFTER INSERT ON customers WHEN length(new.search) > 2 BEGIN
    INSERT INTO people (rowid, search) VALUES (new.number, new.search);
END;
CREATE TRIGGER people_change AFTER UPDATE OF search ON customers WHEN new.search <> old.search BEGIN
    INSERT INTO people (people, rowid, search) SELECT 'delete', old.number, old.search WHERE length(old.search) > 2;
    INSERT INTO people (rowid, search) SELECT new.number, new.search WHERE length(new.search) > 2;
END;
CREATE TRIGGER people_go AFTER DELETE ON customers WHEN length(old.search) > 2 BEGIN
    INSERT INTO people (people, rowid, search) VALUES ('delete', old.number, old.search);
END;
