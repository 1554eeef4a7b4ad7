-- busy_by: who is at a backup, of those who may be: what it says of the backup holds while nobody else has taken it over.
ALTER TABLE voronka.backups ADD COLUMN busy_by uuid;
GRANT SELECT (busy_by), UPDATE (busy_by) ON voronka.backups TO voronka_dispatch;
