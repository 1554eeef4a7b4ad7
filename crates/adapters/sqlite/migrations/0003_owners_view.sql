-- A notice leads to the conversation that it came of.
ALTER TABLE notices ADD COLUMN conversation BLOB;

-- People are found by any part of name, phone or e-mail: all of it in one column, in the letters that are searched in, which an
-- index alone answers.
ALTER TABLE customers ADD COLUMN search TEXT NOT NULL DEFAULT '';
UPDATE customers SET search = found_by(name, phone, email);
CREATE INDEX customers_search ON customers (partner, search, id);

-- The board asks for a few states out of all orders there ever were.
CREATE INDEX orders_in_state ON orders (partner, state, at, id);
