//! By which several processes share partners and backups.

use uuid::Uuid;

/// Instances of which nothing was heard for `$1` ms, unless the server itself was away.
macro_rules! dead {
    () => {
        "i.seen < now() - $1 * interval '1 millisecond' AND pg_postmaster_start_time() < now() - $1 * interval '1 millisecond' "
    };
}

/// Which of these partners, named in quotes, an instance holds, as long as the transaction lasts.
pub(crate) fn leases_held(partners: &str, by: Uuid) -> String {
    format!(
        "SET LOCAL ROLE voronka_dispatch; SELECT partner, epoch FROM voronka.leases WHERE partner IN ({partners}) \
         AND holder = '{by}' ORDER BY partner FOR SHARE; SET LOCAL ROLE NONE"
    )
}

/// The lock under which news get their ids, taken last: they grow in the order in which they can be read.
pub(crate) const NEWS_LOCK: &str = "SELECT pg_advisory_xact_lock(1987011183, 3)";
/// How a transaction begins by which instances share: over all partners, and waiting for no other's.
pub(crate) const SHARING_BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL lock_timeout = '2s'; \
    SET LOCAL idle_in_transaction_session_timeout = '5s'; SET LOCAL ROLE voronka_dispatch";

statements! {
    /// If none was made since `$1` and nobody is at it.
    BACKUP_TAKE = "UPDATE voronka.backups SET busy_until = now() + interval '10 minutes', busy_by = $2 \
        WHERE made < $1 AND busy_until < now()";
    BACKUP_RENEW = "UPDATE voronka.backups SET busy_until = now() + interval '10 minutes' WHERE busy_by = $1";
    BACKUP_LAST = "SELECT made FROM voronka.backups";
    BACKUP_END = "UPDATE voronka.backups SET busy_until = '-infinity', busy_by = NULL, made = greatest(made, $2) WHERE busy_by = $1";
    SIGN = "INSERT INTO voronka.instances (id, name, address, able, health) VALUES ($1, $2, $3, $4, $5) \
        ON CONFLICT (id) DO UPDATE SET able = excluded.able, health = excluded.health, seen = now()";
    SIGN_AGAIN = "UPDATE voronka.instances SET seen = now() WHERE id = $1";
    /// One that signs just now is not dead, and one whose transaction has not ended yet has not let go: both are passed over.
    FREE_OF_DEAD = concat!("UPDATE voronka.leases SET holder = NULL WHERE partner IN (SELECT l.partner FROM voronka.leases l \
        JOIN voronka.instances i ON i.id = l.holder WHERE ", dead!(), "FOR UPDATE SKIP LOCKED)");
    BURY = concat!("DELETE FROM voronka.instances WHERE id IN (SELECT i.id FROM voronka.instances i WHERE ", dead!(), "\
        AND NOT EXISTS (SELECT FROM voronka.leases l WHERE l.holder = i.id) FOR UPDATE SKIP LOCKED)");
    INSTANCES = "SELECT id, name, address, array_to_string(able, ' '), health, \
        (extract(epoch FROM now() - seen) * 1000)::int8 FROM voronka.instances ORDER BY id";
    LEASES = "SELECT partner, holder, epoch, wanted, stopped, edition, settings, removed, removals FROM voronka.leases";
    LEASES_TAKE = "INSERT INTO voronka.leases AS l (partner, holder, epoch) SELECT p, $1, 1 FROM unnest($2::text[]) AS p ORDER BY p \
        ON CONFLICT (partner) DO UPDATE SET holder = excluded.holder, epoch = l.epoch + 1 \
        WHERE l.holder IS NULL AND NOT l.stopped RETURNING partner, epoch";
    LEASES_LET_GO = "UPDATE voronka.leases SET holder = NULL WHERE holder = $1 AND partner = ANY ($2)";
    LEAVE = "WITH gone AS (DELETE FROM voronka.instances WHERE id = $1) \
        UPDATE voronka.leases SET holder = NULL WHERE holder = $1";
    WANT = "INSERT INTO voronka.leases (partner, wanted) SELECT p, $2 FROM unnest($1::text[]) AS p ORDER BY p \
        ON CONFLICT (partner) DO UPDATE SET wanted = excluded.wanted";
    /// One that was removed does not start.
    STOP = "INSERT INTO voronka.leases AS l (partner, stopped) VALUES ($1, $2) \
        ON CONFLICT (partner) DO UPDATE SET stopped = excluded.stopped WHERE excluded.stopped OR NOT l.removed";
    REMOVE = "INSERT INTO voronka.leases AS l (partner, stopped, removed, removals) VALUES ($1, true, true, 1) \
        ON CONFLICT (partner) DO UPDATE SET stopped = true, removed = true, wanted = NULL, removals = l.removals + 1 WHERE NOT l.removed";
    ADMIT = "INSERT INTO voronka.leases AS l (partner, stopped) VALUES ($1, true) \
        ON CONFLICT (partner) DO UPDATE SET stopped = true, removed = false";
    /// Of a partner that nobody knows there is nothing to be read anew.
    SECRETS_NEXT = "UPDATE voronka.leases SET edition = edition + 1 WHERE partner = $1";
    SETTINGS_NEXT = "UPDATE voronka.leases SET settings = settings + 1 WHERE partner = $1";
    /// Kept from being taken until the transaction ends.
    LEASE_HELD = "SELECT holder, epoch, stopped FROM voronka.leases WHERE partner = $1 FOR UPDATE";
    LEASE_DROP = "DELETE FROM voronka.leases WHERE partner = $1 AND NOT removed";
    NEWS_ADD = "INSERT INTO voronka.news (partner, conversation) \
        SELECT t.* FROM unnest($1::text[], $2::uuid[]) AS t (partner, conversation)";
    NEWS_LAST = "SELECT coalesce(max(id), 0)::int8 FROM voronka.news";
    NEWS = "SELECT id, partner, conversation FROM voronka.news WHERE id > $1 ORDER BY id LIMIT $2";
    /// Whoever serves has heard of it, or has read all mail when it began.
    NEWS_DROP = "DELETE FROM voronka.news WHERE at < now() - interval '10 minutes'";
}
