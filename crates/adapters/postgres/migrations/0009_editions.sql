-- edition: grows when the partner's secrets change, so that processes that have read them read them again.
ALTER TABLE voronka.leases ADD COLUMN edition bigint NOT NULL DEFAULT 0;
GRANT SELECT (edition) ON voronka.leases TO voronka_dispatch;
