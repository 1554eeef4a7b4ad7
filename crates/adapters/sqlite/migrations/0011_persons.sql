-- merged_into: customers of one mark are one person. Whoever is alone has none, and costs the index nothing.
ALTER TABLE customers ADD COLUMN merged_into BLOB;
CREATE INDEX customers_merged ON customers (partner, merged_into, id) WHERE merged_into IS NOT NULL;
-- Customers are looked for by a whole contact when somebody else leaves it.
CREATE INDEX customers_phone ON customers (partner, phone, id) WHERE phone IS NOT NULL;
CREATE INDEX customers_email ON customers (partner, email, id) WHERE email IS NOT NULL;
