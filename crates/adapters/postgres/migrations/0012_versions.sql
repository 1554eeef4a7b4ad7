-- version: a turn that writes a customer or a lead writes over what it has read, and nothing newer.
ALTER TABLE voronka.customers ADD COLUMN version bigint NOT NULL DEFAULT 1;
ALTER TABLE voronka.leads ADD COLUMN version bigint NOT NULL DEFAULT 1;
