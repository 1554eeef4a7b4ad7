-- settings: grows when a partner's team sets something from a chat, as edition does with its secrets: who serves it goes by it, and
-- nobody reads its files again.
ALTER TABLE voronka.leases ADD COLUMN settings bigint NOT NULL DEFAULT 0;
GRANT SELECT (settings) ON voronka.leases TO voronka_dispatch;
