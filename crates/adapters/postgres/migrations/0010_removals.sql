-- removed: the partner is gone for good, whatever folders and processes still know of it. It is stopped, as older versions see it.
-- removals: how often one of its name was removed, so that a process that was away takes the rights of those times away.
ALTER TABLE voronka.leases
    ADD COLUMN removed boolean NOT NULL DEFAULT false,
    ADD COLUMN removals bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT removed_are_stopped CHECK (stopped OR NOT removed);
GRANT SELECT (removed, removals) ON voronka.leases TO voronka_dispatch;
