-- merged_into: customers of one mark are one person. Whoever is alone has none, and costs the index nothing.
ALTER TABLE voronka.customers ADD COLUMN merged_into uuid;
CREATE INDEX customers_merged ON voronka.customers (partner, merged_into, id) WHERE merged_into IS NOT NULL;
-- Customers are looked for by a whole contact when somebody else leaves it.
CREATE INDEX customers_phone ON voronka.customers (partner, phone, id) WHERE phone IS NOT NULL;
CREATE INDEX customers_email ON voronka.customers (partner, email, id) WHERE email IS NOT NULL;
