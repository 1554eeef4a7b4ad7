//! Every statement, as text. A test prepares each on a fresh database and checks that it names the partner, who is `$1`.

use uuid::Uuid;
use voronka_core::ids::PartnerId;

macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $sql:expr;)*) => {
        $($(#[$doc])* pub(crate) const $name: &str = $sql;)*

        /// All of these, with their names.
        #[cfg(test)]
        pub(super) const STATEMENTS: &[(&str, &str)] = &[$((stringify!($name), $name)),*];
    };
}

mod retention;
mod sharing;
#[cfg(test)]
mod tests;

pub(crate) use self::{retention::*, sharing::*};

/// All statements, with their names.
#[cfg(test)]
pub(crate) fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    STATEMENTS.iter().chain(retention::STATEMENTS).chain(sharing::STATEMENTS).copied()
}

macro_rules! message_columns {
    () => {
        "seq, author, at, key, bubble, text, body, basis"
    };
}

macro_rules! identity_columns {
    () => {
        "u.id, k.account, k.peer, u.name, u.phone, u.email, u.merged_into, u.data, u.version, \
         CASE WHEN strpos(k.state, '\"page\":') > 0 THEN k.state END AS state"
    };
}

/// Customers, in each of their conversations.
macro_rules! identities {
    ($where:literal) => {
        concat!(
            "SELECT ",
            identity_columns!(),
            " FROM voronka.customers u JOIN voronka.conversations k ON k.partner = u.partner AND k.customer = u.id ",
            "WHERE u.partner = $1 AND ",
            $where,
            " ORDER BY u.id, k.conversation LIMIT $3"
        )
    };
}

/// Whether a person's lead is the hottest of theirs.
macro_rules! hottest_of_person {
    () => {
        "AND (u.merged_into IS NULL OR NOT EXISTS (SELECT 1 FROM voronka.customers s \
         JOIN voronka.leads j ON j.partner = s.partner AND j.customer = s.id WHERE s.partner = l.partner \
         AND s.merged_into = u.merged_into AND j.slot > 0 \
         AND (j.heat, j.score, j.slot, j.at, j.customer) > (l.heat, l.score, l.slot, l.at, l.customer))) "
    };
}

macro_rules! order_columns {
    () => {
        "o.id, o.customer, o.number, o.state, o.total_minor, o.currency, o.due, o.at, o.data"
    };
}

macro_rules! lead_columns {
    () => {
        "l.customer, l.heat, l.score, l.stage, l.why, l.source, l.at, l.data, l.version"
    };
}

macro_rules! bubbles {
    ($where:literal) => {
        concat!(
            "SELECT o.position, o.id, o.conversation, o.account, o.peer, o.seq, o.bubble, o.lane, o.expires, o.attempts ",
            "FROM voronka.outbox o WHERE o.partner = $1 AND ",
            $where
        )
    };
}

macro_rules! cards {
    ($where:literal) => {
        concat!(
            "SELECT c.conversation, c.account, c.peer, c.customer, u.name, c.owner, c.preview, c.at, c.unread, ",
            "coalesce(l.heat, 0), coalesce(l.score, 0), u.phone, u.email, CASE WHEN c.owner = 'person' THEN c.state END, u.merged_into ",
            "FROM voronka.conversations c ",
            "LEFT JOIN voronka.customers u ON u.partner = c.partner AND u.id = c.customer ",
            "LEFT JOIN voronka.leads l ON l.partner = c.partner AND l.customer = c.customer WHERE c.partner = $1 AND ",
            $where
        )
    };
}

/// A customer's latest conversation.
macro_rules! latest {
    ($of:literal) => {
        concat!(
            "JOIN LATERAL (SELECT k.conversation, k.account, k.preview FROM voronka.conversations k WHERE k.partner = ",
            $of,
            ".partner AND k.customer = ",
            $of,
            ".customer ORDER BY k.at DESC, k.conversation DESC LIMIT 1) c ON true "
        )
    };
}

macro_rules! lead_words {
    ($where:literal) => {
        concat!(
            "SELECT l.heat, l.score, l.at, l.customer, l.why, c.preview FROM voronka.leads l ",
            latest!("l"),
            "WHERE l.partner = $1 ",
            $where
        )
    };
}

macro_rules! lead_cards {
    ($of:expr, $where:literal) => {
        concat!(
            "SELECT ",
            lead_columns!(),
            ", u.name, u.phone, c.conversation, c.account, c.preview, u.merged_into FROM voronka.leads l ",
            latest!("l"),
            "LEFT JOIN voronka.customers u ON u.partner = l.partner AND u.id = l.customer WHERE l.partner = $1 ",
            $of,
            $where
        )
    };
}

macro_rules! order_cards {
    ($where:literal) => {
        concat!(
            "SELECT ",
            order_columns!(),
            ", u.name, u.phone, o.conversation, c.account, c.peer FROM voronka.orders o ",
            "JOIN voronka.conversations c ON c.partner = o.partner AND c.conversation = o.conversation ",
            "LEFT JOIN voronka.customers u ON u.partner = o.partner AND u.id = o.customer WHERE o.partner = $1 ",
            $where
        )
    };
}

/// Limits that the server knows as well: what nobody waits for any more is ended, and what it holds is free again.
macro_rules! read {
    () => {
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = '30s'; \
         SET LOCAL idle_in_transaction_session_timeout = '30s'"
    };
}

/// Rows are reached by their keys, whatever the planner believes of a table that it has not counted yet, or of a partner that is
/// larger than others: it would read all rows of the partner.
macro_rules! by_keys {
    () => {
        "SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off"
    };
}

/// How a transaction begins that reads.
pub(crate) const READ: &str = read!();
/// The same, of one that reaches all its rows by their keys.
pub(crate) const READ_BY_KEYS: &str = concat!(read!(), "; ", by_keys!());
/// How a transaction begins that writes.
pub(crate) const WRITE: &str = concat!(
    "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL synchronous_commit = on; SET LOCAL statement_timeout = '30s'; ",
    "SET LOCAL lock_timeout = '10s'; SET LOCAL idle_in_transaction_session_timeout = '5s'; ",
    by_keys!(),
    "; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_material = off; ",
    // A row that is looked at is what costs.
    "SET LOCAL cpu_tuple_cost = 100"
);

/// The lock under which a partner's mail is given its positions, until the transaction ends: of two processes the one that has
/// the smaller positions is done first.
pub(crate) fn positions_lock(partner: &PartnerId) -> String {
    format!("SELECT pg_advisory_xact_lock(hashtextextended('{partner}', 1987011183))")
}

/// The lock under which numbers that come from elsewhere are passed: of two that pass at once none goes back.
pub(crate) const NUMBERS_LOCK: &str = "SELECT pg_advisory_xact_lock(1987011183, 1)";

/// A row for this process, and none for those that ended long ago.
pub(crate) fn writer_add(writer: Uuid) -> String {
    format!(
        "INSERT INTO voronka.commits (writer, number) VALUES ('{writer}', 0) ON CONFLICT DO NOTHING; \
         DELETE FROM voronka.commits WHERE at < now() - interval '30 days' AND writer <> '{writer}'"
    )
}

/// The number of a transaction, which is written with it.
pub(crate) fn writer_begins(writer: Uuid, number: i64) -> String {
    format!(
        "INSERT INTO voronka.commits (writer, number, at) VALUES ('{writer}', {number}, now()) \
         ON CONFLICT (writer) DO UPDATE SET number = excluded.number, at = excluded.at"
    )
}

/// The number of the last one. Waits for a transaction of ours that is still under way, whose last word the row is.
pub(crate) fn writer_last(writer: Uuid) -> String {
    format!("SELECT number FROM voronka.commits WHERE writer = '{writer}' FOR UPDATE")
}

/// The lock under which the schema is changed.
pub(crate) const MIGRATIONS_LOCK: &str = "SELECT pg_advisory_xact_lock(1987011183, 2)";

/// How a step of the schema waits for locks: for less than the time after which the server ends one of two that wait for each
/// other (`deadlock_timeout`), so that it is never a writer that is ended.
pub(crate) const GIVES_WAY: &str = "SET LOCAL lock_timeout = '500ms'";

statements! {
    /// Who holds locks on our tables in this database.
    BLOCKERS = "SELECT DISTINCT coalesce(a.usename::text, '?'), coalesce(nullif(a.application_name, ''), '?'), a.pid::int8 \
        FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid JOIN pg_class c ON c.oid = l.relation \
        WHERE c.relnamespace = 'voronka'::regnamespace AND c.relkind = 'r' AND l.granted AND l.pid <> pg_backend_pid() \
        AND a.datname = current_database() ORDER BY 3 LIMIT 10";
    SERVER_VERSION = "SELECT current_setting('server_version_num')::bigint";
    SCHEMA_FOUND = "SELECT to_regclass('voronka.migrations') IS NOT NULL";
    SCHEMA_NUMBER = "SELECT coalesce(max(number), 0)::bigint FROM voronka.migrations";
    MIGRATED = "INSERT INTO voronka.migrations (number) VALUES ($1)";
    /// Who we are: whether row-level security holds us, and whether we may do what we must.
    SELF_CHECK = "SELECT EXISTS (SELECT FROM pg_roles r WHERE (r.rolsuper OR r.rolbypassrls) AND pg_has_role(r.oid, 'MEMBER')), \
        pg_has_role('voronka_owner', 'MEMBER'), pg_has_role('voronka_app', 'USAGE'), pg_has_role('voronka_dispatch', 'USAGE'), \
        pg_has_role('voronka_dispatch', 'MEMBER'), current_user::text";
    AS_DISPATCH = "SET LOCAL ROLE voronka_dispatch";
    AS_OURSELVES = "SET LOCAL ROLE NONE";
    LETTER_NUMBERS_PASS = "SELECT setval('voronka.letters_id_seq', $2::bigint) FROM voronka.letters_id_seq WHERE last_value <= $1::bigint";
    /// Behind a number that came with a partner, unless it is passed already.
    NUMBERS_PASS = "SELECT setval('voronka.rows', $2::bigint) FROM voronka.rows WHERE last_value <= $1::bigint";

    /// Those whose key is new become mail. Positions are given in the order of the arrays.
    MAIL_POST = "WITH new AS (INSERT INTO voronka.keys (partner, account, key, at) \
        SELECT $1, account, key, at FROM unnest($3::text[], $5::text[], $6::int8[]) AS t (account, key, at) \
        ON CONFLICT DO NOTHING RETURNING account, key) \
        INSERT INTO voronka.mailbox (partner, conversation, account, peer, key, at, event) \
        SELECT $1, t.conversation, t.account, t.peer, t.key, t.at, t.event \
        FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::int8[], $7::text[]) WITH ORDINALITY \
        AS t (conversation, account, peer, key, at, event, n) JOIN new ON new.account = t.account AND new.key = t.key \
        ORDER BY t.n RETURNING account, key, seq";
    /// Whatever their keys.
    MAIL_KEEP = "INSERT INTO voronka.mailbox (partner, conversation, account, peer, key, at, event) \
        SELECT $1, t.conversation, t.account, t.peer, t.key, t.at, t.event \
        FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::int8[], $7::text[]) WITH ORDINALITY \
        AS t (conversation, account, peer, key, at, event, n) ORDER BY t.n";
    MAIL = "SELECT m.seq, m.account, m.peer, m.key, m.at, m.event, t.n \
        FROM unnest($2::uuid[], $3::int8[]) WITH ORDINALITY AS t (conversation, most, n) \
        CROSS JOIN LATERAL (SELECT * FROM voronka.mailbox b WHERE b.partner = $1 AND b.conversation = t.conversation \
        ORDER BY b.seq LIMIT t.most) m ORDER BY t.n, m.seq";
    MAIL_SET_ASIDE = "WITH gone AS (DELETE FROM voronka.mailbox WHERE partner = $1 AND conversation = $2 AND seq = ANY ($3) \
        RETURNING seq, account, peer, key, at, event) SELECT account, peer, key, at, event FROM gone ORDER BY seq";
    WAITING = "SELECT DISTINCT partner, conversation FROM voronka.mailbox WHERE $1::text IS NULL \
        OR (partner, conversation) > ($1, $2::uuid) ORDER BY partner, conversation LIMIT $3";

    /// What turns rest on, held until the transaction ends, in the order that it is named in: mail that is there, and versions of
    /// conversations, of customers and of leads.
    TURNS_HOLD = "WITH versions AS (SELECT c.conversation, c.version FROM unnest($2::uuid[]) AS t (conversation) \
        CROSS JOIN LATERAL (SELECT k.conversation, k.version FROM voronka.conversations k WHERE k.partner = $1 \
        AND k.conversation = t.conversation LIMIT 1 FOR UPDATE) c), \
        mail AS (SELECT m.conversation, m.seq FROM unnest($3::uuid[], $4::int8[]) AS t (conversation, seq) \
        CROSS JOIN LATERAL (SELECT b.conversation, b.seq FROM voronka.mailbox b WHERE b.partner = $1 \
        AND b.conversation = t.conversation AND b.seq = t.seq LIMIT 1 FOR UPDATE) m), \
        customers AS (SELECT u.id, u.version FROM unnest($5::uuid[]) AS t (id) \
        CROSS JOIN LATERAL (SELECT k.id, k.version FROM voronka.customers k WHERE k.partner = $1 \
        AND k.id = t.id LIMIT 1 FOR UPDATE) u), \
        leads AS (SELECT l.customer, l.version FROM unnest($6::uuid[]) AS t (customer) \
        CROSS JOIN LATERAL (SELECT k.customer, k.version FROM voronka.leads k WHERE k.partner = $1 \
        AND k.customer = t.customer LIMIT 1 FOR UPDATE) l) \
        SELECT 0::int8, conversation, seq FROM mail UNION ALL SELECT 1, conversation, version FROM versions \
        UNION ALL SELECT 2, id, version FROM customers UNION ALL SELECT 3, customer, version FROM leads";
    CONVERSATIONS_LOAD = concat!("SELECT t.n, c.version, c.account, c.peer, c.customer, c.owner, c.preview, c.at, c.unread, c.state, \
        u.id, u.name, u.phone, u.email, u.data, u.version, u.merged_into, ", lead_columns!(), " \
        FROM unnest($2::uuid[]) WITH ORDINALITY AS t (conversation, n) CROSS JOIN LATERAL (SELECT * FROM voronka.conversations k \
        WHERE k.partner = $1 AND k.conversation = t.conversation LIMIT 1) c LEFT JOIN LATERAL (SELECT * FROM voronka.customers k \
        WHERE k.partner = $1 AND k.id = c.customer LIMIT 1) u ON true LEFT JOIN LATERAL (SELECT * FROM voronka.leads k \
        WHERE k.partner = $1 AND k.customer = c.customer LIMIT 1) l ON true");
    /// Those that were not there, and those that are held.
    CONVERSATIONS_PUT = "INSERT INTO voronka.conversations AS c \
        (partner, conversation, version, account, peer, customer, owner, preview, at, unread, state, slot) \
        SELECT $1, t.* FROM unnest($2::uuid[], $3::int8[], $4::text[], $5::text[], $6::uuid[], $7::text[], $8::text[], $9::int8[], \
        $10::int8[], $11::text[], $12::int8[]) AS t ON CONFLICT (partner, conversation) DO UPDATE SET version = excluded.version, \
        account = excluded.account, peer = excluded.peer, customer = excluded.customer, owner = excluded.owner, \
        preview = excluded.preview, at = excluded.at, unread = excluded.unread, state = excluded.state, slot = excluded.slot \
        WHERE c.version = excluded.version - 1 RETURNING c.conversation";
    /// Those that were not there, and those that are held; so are leads.
    CUSTOMERS_PUT = "INSERT INTO voronka.customers AS c (partner, id, version, name, phone, email, data, search) \
        SELECT $1, t.* FROM unnest($2::uuid[], $3::int8[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[]) AS t \
        ON CONFLICT (partner, id) DO UPDATE SET version = excluded.version, name = excluded.name, phone = excluded.phone, \
        email = excluded.email, data = excluded.data, search = excluded.search WHERE c.version = excluded.version - 1";
    /// Of these customers, and of all who are one person with any of them; held until the transaction ends.
    MARKS = "SELECT u.id, u.merged_into FROM voronka.customers u WHERE u.partner = $1 AND (u.id = ANY ($2) OR u.merged_into IN \
        (SELECT coalesce(s.merged_into, s.id) FROM voronka.customers s WHERE s.partner = $1 AND s.id = ANY ($2))) \
        ORDER BY u.id FOR UPDATE";
    MARKS_SET = "UPDATE voronka.customers u SET merged_into = t.mark, version = u.version + 1 \
        FROM unnest($2::uuid[], $3::uuid[]) AS t (id, mark) WHERE u.partner = $1 AND u.id = t.id";
    /// The same person's other conversations.
    KIN_LOAD = concat!("SELECT r.*, t.n FROM unnest($2::uuid[]) WITH ORDINALITY AS t (conversation, n) \
        CROSS JOIN LATERAL (SELECT customer FROM voronka.conversations c WHERE c.partner = $1 AND c.conversation = t.conversation \
        LIMIT 1) c CROSS JOIN LATERAL (SELECT merged_into FROM voronka.customers m WHERE m.partner = $1 AND m.id = c.customer \
        LIMIT 1) m CROSS JOIN LATERAL (SELECT ", identity_columns!(), " FROM voronka.customers u \
        JOIN voronka.conversations k ON k.partner = u.partner AND k.customer = u.id WHERE u.partner = $1 \
        AND u.merged_into = m.merged_into AND k.conversation <> t.conversation ORDER BY u.id, k.conversation LIMIT $3) r");
    KNOWN_BY_ID = identities!("u.id = $2");
    KNOWN_BY_PHONE = identities!("u.phone = $2");
    KNOWN_BY_EMAIL = identities!("u.email = $2");
    KNOWN_BY_PERSON = identities!("u.merged_into = $2");
    KNOWN_BY_CONVERSATION = concat!("SELECT ", identity_columns!(), " FROM voronka.conversations k \
        JOIN voronka.customers u ON u.partner = k.partner AND u.id = k.customer WHERE k.partner = $1 AND k.conversation = $2 LIMIT $3");
    /// Every one of them is looked at.
    CUSTOMERS_FOUND = "SELECT id FROM voronka.customers WHERE partner = $1 \
        AND (strpos(search, $2) > 0 OR strpos(search, $3) > 0) LIMIT $4";
    LEAD = concat!("SELECT ", lead_columns!(), " FROM voronka.leads l WHERE l.partner = $1 AND l.customer = $2");
    LEADS_PUT = "INSERT INTO voronka.leads AS l (partner, customer, version, heat, score, stage, why, source, at, data, slot) \
        SELECT $1, t.* FROM unnest($2::uuid[], $3::int8[], $4::int8[], $5::int4[], $6::text[], $7::text[], $8::text[], $9::int8[], \
        $10::text[], $11::int8[]) AS t ON CONFLICT (partner, customer) DO UPDATE SET version = excluded.version, \
        heat = excluded.heat, score = excluded.score, stage = excluded.stage, why = excluded.why, source = excluded.source, \
        at = excluded.at, data = excluded.data, slot = excluded.slot WHERE l.version = excluded.version - 1";
    /// All rows of turns that nothing else rests on, in one trip: mail that was read leaves, and so do timers that are cancelled;
    /// messages, facts, timers, bubbles and counts come.
    ROWS_ADD = "WITH mail_taken AS (DELETE FROM voronka.mailbox m USING unnest($2::uuid[], $3::int8[]) AS t (conversation, seq) \
        WHERE m.partner = $1 AND m.conversation = t.conversation AND m.seq = t.seq), \
        messages_added AS (INSERT INTO voronka.messages \
        (partner, conversation, seq, author, at, key, bubble, text, body, basis) \
        SELECT $1, t.* FROM unnest($4::uuid[], $5::int8[], $6::text[], $7::int8[], $8::text[], $9::uuid[], $10::text[], \
        $11::text[], $12::text[]) AS t), \
        facts_added AS (INSERT INTO voronka.facts (partner, customer, name, at, data) \
        SELECT $1, t.customer, t.name, t.at, t.data FROM unnest($13::uuid[], $14::text[], $15::int8[], $16::text[]) \
        WITH ORDINALITY AS t (customer, name, at, data, n) ORDER BY t.n), \
        timers_dropped AS (DELETE FROM voronka.timers r USING unnest($17::uuid[], $18::text[]) AS t (conversation, name) \
        WHERE r.partner = $1 AND r.conversation = t.conversation AND r.name = t.name), \
        timers_set AS (INSERT INTO voronka.timers (partner, conversation, name, due, timer) \
        SELECT $1, t.* FROM unnest($19::uuid[], $20::text[], $21::int8[], $22::text[]) AS t \
        ON CONFLICT (partner, conversation, name) DO UPDATE SET due = excluded.due, timer = excluded.timer), \
        bubbles_added AS (INSERT INTO voronka.outbox \
        (partner, id, conversation, account, peer, seq, bubble, lane, expires, attempts) \
        SELECT $1, t.id, t.conversation, t.account, t.peer, t.seq, t.bubble, t.lane, t.expires, t.attempts \
        FROM unnest($23::uuid[], $24::uuid[], $25::text[], $26::text[], $27::int8[], $28::text[], $29::int8[], $30::int8[], \
        $31::int8[]) WITH ORDINALITY AS t (id, conversation, account, peer, seq, bubble, lane, expires, attempts, n) ORDER BY t.n \
        ON CONFLICT (partner, id) DO NOTHING) \
        INSERT INTO voronka.tallies AS y (partner, what, day, key, n) \
        SELECT $1, u.* FROM unnest($32::text[], $33::text[], $34::text[], $35::int8[]) AS u \
        ON CONFLICT (partner, what, day, key) DO UPDATE SET n = y.n + excluded.n";
    MESSAGES_LAST = concat!("SELECT ", message_columns!(), " FROM voronka.messages WHERE partner = $1 AND conversation = $2 \
        ORDER BY seq DESC LIMIT $3");
    MESSAGES_LOAD = concat!("SELECT ", message_columns!(), ", t.n \
        FROM unnest($2::uuid[], $3::int8[]) WITH ORDINALITY AS t (conversation, most, n) \
        CROSS JOIN LATERAL (SELECT * FROM voronka.messages b WHERE b.partner = $1 AND b.conversation = t.conversation \
        ORDER BY b.seq DESC LIMIT t.most) m");
    MESSAGES_AFTER = concat!("SELECT ", message_columns!(), " FROM voronka.messages WHERE partner = $1 AND conversation = $2 \
        AND seq > $3 ORDER BY seq LIMIT $4");
    FACTS_LAST = "SELECT customer, name, at, data FROM voronka.facts WHERE partner = $1 AND customer = $2 ORDER BY id DESC LIMIT $3";
    ORDERS_PUT = "INSERT INTO voronka.orders AS o (partner, id, customer, conversation, number, state, open, total_minor, currency, \
        due, at, placed, data) SELECT $1, t.* FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::bool[], \
        $8::int8[], $9::text[], $10::text[], $11::int8[], $12::int8[], $13::text[]) AS t \
        ON CONFLICT (partner, id) DO UPDATE SET customer = excluded.customer, number = excluded.number, state = excluded.state, \
        open = excluded.open, total_minor = excluded.total_minor, currency = excluded.currency, due = excluded.due, \
        at = excluded.at, placed = coalesce(o.placed, excluded.placed), data = excluded.data";
    /// Those that are not over, and the last one that is.
    ORDERS_LOAD = concat!("SELECT ", order_columns!(), ", t.n FROM unnest($2::uuid[]) WITH ORDINALITY AS t (conversation, n) \
        CROSS JOIN LATERAL (SELECT customer FROM voronka.conversations k WHERE k.partner = $1 \
        AND k.conversation = t.conversation LIMIT 1) c CROSS JOIN LATERAL (\
        (SELECT * FROM voronka.orders p WHERE p.partner = $1 AND p.customer = c.customer AND p.open \
        ORDER BY p.at DESC, p.id DESC LIMIT $3) UNION ALL \
        (SELECT * FROM voronka.orders p WHERE p.partner = $1 AND p.customer = c.customer AND NOT p.open \
        ORDER BY p.at DESC, p.id DESC LIMIT 1)) o");
    ORDERS_OF = concat!("SELECT ", order_columns!(), " FROM voronka.orders o WHERE o.partner = $1 AND o.customer = $2 \
        ORDER BY o.at DESC, o.id DESC LIMIT $3");

    /// Of the partners that are named, or of all.
    TIMERS_DUE = "SELECT partner, conversation, name FROM voronka.timers WHERE due <= $1 \
        AND ($3::text[] IS NULL OR partner = ANY ($3)) ORDER BY due, partner, conversation, name LIMIT $2";
    /// Those of a partner that are still due, with what they are about.
    TIMERS_TAKE = "WITH gone AS (DELETE FROM voronka.timers r USING unnest($2::uuid[], $3::text[]) AS t (conversation, name) \
        WHERE r.partner = $1 AND r.conversation = t.conversation AND r.name = t.name AND r.due <= $4 \
        RETURNING r.conversation, r.name, r.due, r.timer) \
        SELECT g.conversation, g.name, g.due, g.timer, c.account, c.peer FROM gone g \
        JOIN voronka.conversations c ON c.partner = $1 AND c.conversation = g.conversation";
    TIMER_NEXT = "SELECT min(due) FROM voronka.timers WHERE $1::text[] IS NULL OR partner = ANY ($1)";

    OUTBOX_WITHDRAW = "DELETE FROM voronka.outbox WHERE partner = $1 AND conversation = ANY ($2) AND lane = 2";
    OUTBOX_LATE = "UPDATE voronka.outbox o SET expires = $4 FROM unnest($2::uuid[], $3::uuid[]) AS t (conversation, id) \
        WHERE o.partner = $1 AND o.conversation = t.conversation AND o.id = t.id";
    OUTBOX_DROP = "DELETE FROM voronka.outbox o USING unnest($2::uuid[]) AS t (id) WHERE o.partner = $1 AND o.id = t.id \
        RETURNING o.id";
    OUTBOX_TRIED = "UPDATE voronka.outbox o SET attempts = o.attempts + t.times FROM unnest($2::uuid[], $3::int8[]) AS t (id, times) \
        WHERE o.partner = $1 AND o.id = t.id";
    UNSENT = "SELECT partner, position FROM voronka.outbox WHERE lane <> 2 AND position > $1 ORDER BY position LIMIT $2";
    UNSENT_OF = bubbles!("o.lane <> 2 AND o.position > $2 ORDER BY o.position LIMIT $3");
    /// The lane is named for the index by position.
    BUBBLES = bubbles!("o.lane <> 2 AND o.position = ANY ($2)");
    CAMPAIGN = bubbles!("o.account = $2 AND o.lane = 2 AND o.position > $3 ORDER BY o.position LIMIT $4");

    TALLIES = "SELECT what, day, key, n FROM voronka.tallies WHERE partner = $1 AND what = ANY ($2) AND day >= $3 AND day <= $4 \
        AND n <> 0 ORDER BY what, day, key";
    NOTICES_ADD = "INSERT INTO voronka.notices (partner, id, about, text, at, conversation) \
        SELECT $1, t.* FROM unnest($2::uuid[], $3::text[], $4::text[], $5::int8[], $6::uuid[]) AS t ON CONFLICT DO NOTHING";
    NOTICES = "SELECT id, about, text, at, conversation FROM voronka.notices WHERE partner = $1 \
        AND (at, id) < ($2, $3) ORDER BY at DESC, id DESC LIMIT $4";
    LETTER_ADD = "INSERT INTO voronka.letters (partner, account, conversation, mail, body, cause, at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    LETTER_TAKE = "DELETE FROM voronka.letters WHERE partner = $1 AND id = $2 AND mail IS NOT NULL RETURNING conversation, mail";
    LETTER_RAW = "SELECT account, cause, at, body FROM voronka.letters WHERE partner = $1 AND id = $2 AND mail IS NULL";
    LETTER_RAW_DROP = "DELETE FROM voronka.letters WHERE partner = $1 AND id = $2 AND mail IS NULL";
    LETTERS = "SELECT id, account, cause, at, mail IS NOT NULL FROM voronka.letters WHERE partner = $1 AND id < $2 \
        ORDER BY id DESC LIMIT $3";
    LETTER = "SELECT id, account, cause, at, mail IS NOT NULL, conversation, mail, body FROM voronka.letters \
        WHERE partner = $1 AND id = $2";
    LETTER_DROP = "DELETE FROM voronka.letters WHERE partner = $1 AND id = $2";

    COUNT_MAIL = "SELECT count(*) FROM voronka.mailbox";
    OLDEST_MAIL = "SELECT partner, conversation, at FROM voronka.mailbox ORDER BY seq LIMIT 1";
    COUNT_OUTBOX = "SELECT count(*) FROM voronka.outbox";
    /// The first that is a message: notices have no place in a conversation.
    OLDEST_BUBBLE = "SELECT partner, position FROM (\
        (SELECT partner, position FROM voronka.outbox WHERE lane <> 2 AND seq > 0 ORDER BY position LIMIT 1) UNION ALL \
        (SELECT partner, position FROM voronka.outbox WHERE lane = 2 AND seq > 0 ORDER BY position LIMIT 1)) o \
        ORDER BY position LIMIT 1";
    BUBBLE_SAID = "SELECT o.account, m.at FROM (\
        SELECT * FROM voronka.outbox a WHERE a.partner = $1 AND a.position = $2 AND a.lane <> 2 UNION ALL \
        SELECT * FROM voronka.outbox b WHERE b.partner = $1 AND b.position = $2 AND b.lane = 2) o \
        JOIN voronka.messages m ON m.partner = $1 AND m.conversation = o.conversation AND m.seq = o.seq";
    COUNT_TIMERS = "SELECT count(*), count(*) FILTER (WHERE due <= $1), min(due) FROM voronka.timers";
    COUNT_LETTERS = "SELECT partner, count(*) FROM voronka.letters GROUP BY partner ORDER BY partner";

    /// A list is read on behind a row: a page costs the same wherever it lies.
    CARDS = cards!("c.slot > 0 AND c.slot <= $3 AND (c.at, c.conversation) < ($4, $5) AND ($2::text IS NULL OR c.owner = $2) \
        ORDER BY c.slot DESC, c.at DESC, c.conversation DESC LIMIT $6");
    /// Those that the bot does not answer are few and have an index of their own.
    CARDS_HELD = cards!("c.owner <> 'bot' AND c.owner = $2 AND c.slot > 0 AND c.slot <= $3 AND (c.at, c.conversation) < ($4, $5) \
        ORDER BY c.slot DESC, c.at DESC, c.conversation DESC LIMIT $6");
    CARD = cards!("c.conversation = $2");
    STATE = "SELECT state FROM voronka.conversations WHERE partner = $1 AND conversation = $2";
    CARDS_READ = cards!("c.conversation = ANY ($2)");
    /// Of the latest: what is searched in, and nothing else.
    CARDS_WORDS = "SELECT at, conversation, preview FROM voronka.conversations WHERE partner = $1 AND slot > 0 \
        AND ($2::text IS NULL OR owner = $2) ORDER BY slot DESC, at DESC, conversation DESC LIMIT $3";
    CARDS_WORDS_HELD = "SELECT at, conversation, preview FROM voronka.conversations WHERE partner = $1 AND owner <> 'bot' \
        AND owner = $2 AND slot > 0 ORDER BY slot DESC, at DESC, conversation DESC LIMIT $3";
    CARDS_OF = "SELECT at, conversation FROM voronka.conversations WHERE partner = $1 AND customer = ANY ($2) \
        AND ($3::text IS NULL OR owner = $3)";
    LEADS = lead_cards!(hottest_of_person!(), "AND l.slot > 0 AND (l.heat, l.score, l.slot) <= ($2, $3, $4) \
        AND (l.heat, l.score, l.slot, l.at, l.customer) < ($2, $3, $4, $5, $6) \
        ORDER BY l.heat DESC, l.score DESC, l.slot DESC, l.at DESC, l.customer DESC LIMIT $7");
    LEADS_OF_HEAT = lead_cards!(hottest_of_person!(), "AND l.heat = $2 AND l.slot > 0 AND (l.score, l.slot) <= ($3, $4) \
        AND (l.score, l.slot, l.at, l.customer) < ($3, $4, $5, $6) \
        ORDER BY l.heat DESC, l.score DESC, l.slot DESC, l.at DESC, l.customer DESC LIMIT $7");
    LEADS_OF_PERSONS = concat!("SELECT ", lead_columns!(), ", u.merged_into FROM voronka.customers u \
        JOIN voronka.leads l ON l.partner = u.partner AND l.customer = u.id \
        WHERE u.partner = $1 AND u.merged_into = ANY ($2) AND l.slot > 0");
    LEADS_READ = lead_cards!("", "AND l.customer = ANY ($2)");
    /// Of the hottest: what is searched in, and nothing else.
    LEADS_WORDS = lead_words!("AND l.slot > 0 AND ($2::int8 IS NULL OR l.heat = $2) \
        ORDER BY l.heat DESC, l.score DESC, l.slot DESC, l.at DESC, l.customer DESC LIMIT $3");
    LEADS_OF = "SELECT heat, score, at, customer FROM voronka.leads WHERE partner = $1 AND customer = ANY ($2) \
        AND ($3::int8 IS NULL OR heat = $3)";
    ORDERS = order_cards!("AND (o.at, o.id) < ($2, $3) ORDER BY o.at DESC, o.id DESC LIMIT $4");
    ORDERS_IN_STATE = order_cards!("AND o.state = $5 AND (o.at, o.id) < ($2, $3) ORDER BY o.at DESC, o.id DESC LIMIT $4");
    ORDERS_READ = order_cards!("AND o.id = ANY ($2)");
    /// Of the latest: what is searched in, and nothing else.
    ORDERS_WORDS = "SELECT at, id, number, data FROM voronka.orders WHERE partner = $1 ORDER BY at DESC, id DESC LIMIT $2";
    ORDERS_WORDS_IN_STATE = "SELECT at, id, number, data FROM voronka.orders WHERE partner = $1 AND state = $3 \
        ORDER BY at DESC, id DESC LIMIT $2";
    ORDERS_BY = "SELECT at, id FROM voronka.orders WHERE partner = $1 AND customer = ANY ($2) \
        AND (cardinality($3::text[]) = 0 OR state = ANY ($3))";
    EVERYONE = "SELECT conversation, account, peer FROM voronka.conversations WHERE partner = $1 AND conversation > $2 \
        AND at > 0 ORDER BY conversation LIMIT $3";
    QUESTIONS = concat!("SELECT f.customer, f.name, f.at, f.data, u.name, c.conversation, c.account, f.id, \
        coalesce((SELECT m.text FROM voronka.messages m WHERE m.partner = f.partner AND m.conversation = c.conversation \
        AND m.author = 'customer' AND m.at <= f.at ORDER BY m.seq DESC LIMIT 1), '') FROM voronka.facts f ", latest!("f"), "\
        LEFT JOIN voronka.customers u ON u.partner = f.partner AND u.id = f.customer \
        WHERE f.partner = $1 AND f.name IN ('message', 'question.unanswered', 'answer.blocked') \
        AND f.name = 'question.unanswered' AND f.at >= $5 AND (f.at, f.id) < ($2, $3) ORDER BY f.at DESC, f.id DESC LIMIT $4");
    WRONG_ANSWERS = "SELECT customer, name, at, data, id FROM voronka.facts WHERE partner = $1 AND name = 'answer.wrong' \
        AND at >= $5 AND (at, id) < ($2, $3) ORDER BY at DESC, id DESC LIMIT $4";
    /// Where an answer was wrong: in the conversation that is named, else in the customer's latest.
    WRONG_WHERE = "SELECT u.name, c.conversation, c.account, coalesce((SELECT m.text FROM voronka.messages m \
        WHERE m.partner = c.partner AND m.conversation = c.conversation AND m.seq = $4), '') FROM voronka.conversations c \
        LEFT JOIN voronka.customers u ON u.partner = c.partner AND u.id = $2 WHERE c.partner = $1 \
        AND CASE WHEN $3::uuid IS NULL THEN c.customer = $2 ELSE c.conversation = $3 END \
        ORDER BY c.at DESC, c.conversation DESC LIMIT 1";
    COUNT_FACTS = "SELECT name, count(*), count(DISTINCT customer) FROM voronka.facts WHERE partner = $1 \
        AND name IN ('message', 'question.unanswered', 'answer.blocked') AND at >= $2 AND at < $3 GROUP BY name";
    /// How many customers of a span are others of it as well.
    COUNT_SAME = "SELECT coalesce(sum(n - 1), 0)::int8 FROM (SELECT count(*) AS n FROM voronka.customers u WHERE u.partner = $1 \
        AND u.merged_into IS NOT NULL AND EXISTS (SELECT 1 FROM voronka.facts f WHERE f.partner = u.partner AND f.customer = u.id \
        AND f.name = 'message' AND f.at >= $2 AND f.at < $3) GROUP BY u.merged_into) s";
    /// A person once: beside one hot lead of theirs, the others do not count.
    COUNT_NOW = "SELECT (SELECT count(*) FROM voronka.leads WHERE partner = $1 AND heat = 2) - (SELECT coalesce(sum(n - 1), 0)::int8 \
        FROM (SELECT count(*) AS n FROM voronka.customers u JOIN voronka.leads l ON l.partner = u.partner AND l.customer = u.id \
        WHERE u.partner = $1 AND u.merged_into IS NOT NULL AND l.heat = 2 GROUP BY u.merged_into) s), \
        (SELECT count(*) FROM voronka.conversations WHERE partner = $1 AND owner = 'nobody' AND owner <> 'bot')";
    COUNT_ORDERS = "SELECT count(*), coalesce(sum(CASE WHEN state IN ('cancelled', 'refunded', 'returned') THEN 0 \
        ELSE total_minor END), 0)::int8 FROM voronka.orders WHERE partner = $1 AND placed >= $2 AND placed < $3";

    /// What a customer and we have said to each other, in all conversations of theirs.
    ERASE_OF = "SELECT $3 UNION SELECT conversation FROM voronka.conversations WHERE partner = $1 AND customer = $2";
    ERASE_MESSAGES = "DELETE FROM voronka.messages WHERE partner = $1 AND conversation = ANY ($2)";
    ERASE_OUTBOX = "DELETE FROM voronka.outbox WHERE partner = $1 AND conversation = ANY ($2)";
    ERASE_NOTICES = "DELETE FROM voronka.notices WHERE partner = $1 AND conversation = ANY ($2)";
    ERASE_LETTERS = "DELETE FROM voronka.letters WHERE partner = $1 AND conversation = ANY ($2)";
    STATES_OF = "SELECT conversation, state FROM voronka.conversations WHERE partner = $1 AND customer = $2 AND conversation <> $3";
    FACTS_WORDED = "SELECT id, data FROM voronka.facts WHERE partner = $1 AND customer = $2 AND name = ANY ($3)";
    FACTS_SET = "UPDATE voronka.facts f SET data = t.data FROM unnest($3::bigint[], $4::text[]) AS t (id, data) \
        WHERE f.partner = $1 AND f.customer = $2 AND f.id = t.id";
    VALUE = "SELECT value FROM voronka.key_values WHERE partner = $1 AND kind = $2 AND key = $3";
    VALUE_SET = "INSERT INTO voronka.key_values (partner, kind, key, value) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (partner, kind, key) DO UPDATE SET value = excluded.value";
    VALUE_FIRST = "INSERT INTO voronka.key_values (partner, kind, key, value) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (partner, kind, key) DO NOTHING";
    VALUE_REPLACE = "UPDATE voronka.key_values SET value = $5 WHERE partner = $1 AND kind = $2 AND key = $3 AND value = $4";
    VALUES_OF = "SELECT key, value FROM voronka.key_values WHERE partner = $1 AND kind = $2 ORDER BY key";
    VALUE_DROP = "DELETE FROM voronka.key_values WHERE partner = $1 AND kind = $2 AND key = $3";
    /// Of all partners: who has any.
    VALUE_HOLDERS = "SELECT DISTINCT partner FROM voronka.key_values WHERE kind = $1 ORDER BY partner";
}
