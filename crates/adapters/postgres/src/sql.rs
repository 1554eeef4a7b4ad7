//! Every statement, as text. A test prepares each on a fresh database and checks that it names the partner, who is `$1`.

macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $sql:expr;)*) => {
        $($(#[$doc])* pub(crate) const $name: &str = $sql;)*

        /// All of them, with their names.
        #[cfg(test)]
        pub(crate) const ALL: &[(&str, &str)] = &[$((stringify!($name), $name)),*];
    };
}

/// Statements that are of no partner: they frame transactions, or ask as `voronka_dispatch` what waits of all partners, which
/// sees keys alone.
#[cfg(test)]
pub(crate) const OF_NO_PARTNER: &[&str] = &[
    "SELF_CHECK",
    "SCHEMA_FOUND",
    "SCHEMA_NUMBER",
    "SERVER_VERSION",
    "TENURE",
    "MIGRATED",
    "AS_DISPATCH",
    "AS_OURSELVES",
    "WRITER_ADD",
    "WRITERS_DROP",
    "WRITER_LAST",
    "WAITING",
    "TIMERS_DUE",
    "TIMER_NEXT",
    "UNSENT",
    "COUNT_MAIL",
    "OLDEST_MAIL",
    "COUNT_OUTBOX",
    "OLDEST_BUBBLE",
    "COUNT_TIMERS",
    "COUNT_LETTERS",
];

macro_rules! message_columns {
    () => {
        "seq, author, at, key, bubble, text, body, basis"
    };
}

macro_rules! order_columns {
    () => {
        "o.id, o.customer, o.number, o.state, o.total_minor, o.currency, o.due, o.at, o.data"
    };
}

macro_rules! lead_columns {
    () => {
        "l.customer, l.heat, l.score, l.stage, l.why, l.source, l.at, l.data"
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
            "coalesce(l.heat, 0), coalesce(l.score, 0), u.phone, u.email, CASE WHEN c.owner = 'person' THEN c.state END ",
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
    ($where:literal) => {
        concat!(
            "SELECT ",
            lead_columns!(),
            ", u.name, u.phone, c.conversation, c.account, c.preview FROM voronka.leads l ",
            latest!("l"),
            "LEFT JOIN voronka.customers u ON u.partner = l.partner AND u.id = l.customer WHERE l.partner = $1 ",
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

/// How a transaction begins that reads.
pub(crate) const READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// The lock under which mail is given its positions, until the transaction ends: of two processes the one that has the smaller
/// positions is done first.
pub(crate) const POSITIONS_LOCK: &str = "SELECT pg_advisory_xact_lock(1987011183, 1)";
/// The transaction that is held for as long as a process serves; a machine that has vanished is noticed by the server.
pub(crate) const TENURE_BEGIN: &str = "BEGIN READ ONLY; SET LOCAL idle_in_transaction_session_timeout = 0; \
    SET LOCAL tcp_keepalives_idle = 3; SET LOCAL tcp_keepalives_interval = 2; SET LOCAL tcp_keepalives_count = 3";
/// The lock under which the schema is changed.
pub(crate) const MIGRATIONS_LOCK: &str = "SELECT pg_advisory_xact_lock(1987011183, 2)";

statements! {
    TENURE = "SELECT pg_try_advisory_xact_lock(1987011183, 3)";
    SERVER_VERSION = "SELECT current_setting('server_version_num')::bigint";
    SCHEMA_FOUND = "SELECT to_regclass('voronka.migrations') IS NOT NULL";
    SCHEMA_NUMBER = "SELECT coalesce(max(number), 0)::bigint FROM voronka.migrations";
    MIGRATED = "INSERT INTO voronka.migrations (number) VALUES ($1)";
    /// Who we are: whether row-level security holds us, and whether we may do what we must.
    SELF_CHECK = "SELECT EXISTS (SELECT FROM pg_roles r WHERE (r.rolsuper OR r.rolbypassrls) AND pg_has_role(r.oid, 'MEMBER')), \
        pg_has_role('voronka_owner', 'MEMBER'), pg_has_role('voronka_app', 'USAGE'), pg_has_role('voronka_dispatch', 'USAGE'), \
        pg_has_role('voronka_dispatch', 'MEMBER'), current_user::text";
    PARTNER = "SELECT set_config('voronka.partner', $1, true)";
    AS_DISPATCH = "SET LOCAL ROLE voronka_dispatch";
    AS_OURSELVES = "SET LOCAL ROLE NONE";
    WRITER_ADD = "INSERT INTO voronka.commits (writer, number) VALUES ($1, 0) ON CONFLICT DO NOTHING";
    /// Of processes that ended long ago.
    WRITERS_DROP = "DELETE FROM voronka.commits WHERE at < now() - interval '30 days' AND writer <> $1";
    /// Waits for a transaction of ours that is still under way, whose last word the row is.
    WRITER_LAST = "SELECT number FROM voronka.commits WHERE writer = $1 FOR UPDATE";

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
    MAIL = "SELECT seq, account, peer, key, at, event FROM voronka.mailbox WHERE partner = $1 AND conversation = $2 \
        ORDER BY seq LIMIT $3";
    MAIL_TAKE = "DELETE FROM voronka.mailbox m USING unnest($2::uuid[], $3::int8[]) AS t (conversation, seq) \
        WHERE m.partner = $1 AND m.conversation = t.conversation AND m.seq = t.seq";
    MAIL_SET_ASIDE = "WITH gone AS (DELETE FROM voronka.mailbox WHERE partner = $1 AND conversation = $2 AND seq = ANY ($3) \
        RETURNING seq, account, peer, key, at, event) SELECT account, peer, key, at, event FROM gone ORDER BY seq";
    WAITING = "SELECT DISTINCT partner, conversation FROM voronka.mailbox WHERE $1::text IS NULL \
        OR (partner, conversation) > ($1, $2::uuid) ORDER BY partner, conversation LIMIT $3";

    /// What turns rest on, held until the transaction ends: versions of conversations, and mail that is there.
    TURNS_HOLD = "WITH versions AS (SELECT conversation, version FROM voronka.conversations \
        WHERE partner = $1 AND conversation = ANY ($2) ORDER BY conversation FOR UPDATE), \
        mail AS (SELECT m.conversation, m.seq FROM voronka.mailbox m \
        JOIN unnest($3::uuid[], $4::int8[]) AS t (conversation, seq) ON m.conversation = t.conversation AND m.seq = t.seq \
        WHERE m.partner = $1 ORDER BY m.seq FOR UPDATE OF m) \
        SELECT conversation, version, NULL::int8 FROM versions UNION ALL SELECT conversation, NULL, seq FROM mail";
    CONVERSATION = "SELECT version, account, peer, customer, owner, preview, at, unread, state FROM voronka.conversations \
        WHERE partner = $1 AND conversation = $2";
    CONVERSATIONS_ADD = "INSERT INTO voronka.conversations \
        (partner, conversation, version, account, peer, customer, owner, preview, at, unread, state, slot) \
        SELECT $1, t.* FROM unnest($2::uuid[], $3::int8[], $4::text[], $5::text[], $6::uuid[], $7::text[], $8::text[], $9::int8[], \
        $10::int8[], $11::text[], $12::int8[]) AS t ON CONFLICT DO NOTHING RETURNING conversation";
    CONVERSATIONS_SET = "UPDATE voronka.conversations c SET version = t.version, account = t.account, peer = t.peer, \
        customer = t.customer, owner = t.owner, preview = t.preview, at = t.at, unread = t.unread, state = t.state, slot = t.slot \
        FROM unnest($2::uuid[], $3::int8[], $4::text[], $5::text[], $6::uuid[], $7::text[], $8::text[], $9::int8[], \
        $10::int8[], $11::text[], $12::int8[]) \
        AS t (conversation, version, account, peer, customer, owner, preview, at, unread, state, slot) \
        WHERE c.partner = $1 AND c.conversation = t.conversation RETURNING c.conversation";
    CUSTOMER = "SELECT id, name, phone, email, data FROM voronka.customers WHERE partner = $1 AND id = $2";
    CUSTOMERS_PUT = "INSERT INTO voronka.customers (partner, id, name, phone, email, data, search) \
        SELECT $1, t.* FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[]) AS t \
        ON CONFLICT (partner, id) DO UPDATE SET name = excluded.name, phone = excluded.phone, email = excluded.email, \
        data = excluded.data, search = excluded.search";
    /// Every one of them is looked at.
    CUSTOMERS_FOUND = "SELECT id FROM voronka.customers WHERE partner = $1 \
        AND (strpos(search, $2) > 0 OR strpos(search, $3) > 0) LIMIT $4";
    LEAD = concat!("SELECT ", lead_columns!(), " FROM voronka.leads l WHERE l.partner = $1 AND l.customer = $2");
    LEADS_PUT = "INSERT INTO voronka.leads (partner, customer, heat, score, stage, why, source, at, data, slot) \
        SELECT $1, t.* FROM unnest($2::uuid[], $3::int8[], $4::int4[], $5::text[], $6::text[], $7::text[], $8::int8[], $9::text[], \
        $10::int8[]) AS t ON CONFLICT (partner, customer) DO UPDATE SET heat = excluded.heat, score = excluded.score, \
        stage = excluded.stage, why = excluded.why, source = excluded.source, at = excluded.at, data = excluded.data, \
        slot = excluded.slot";
    MESSAGES_ADD = "INSERT INTO voronka.messages (partner, conversation, seq, author, at, key, bubble, text, body, basis) \
        SELECT $1, t.* FROM unnest($2::uuid[], $3::int8[], $4::text[], $5::int8[], $6::text[], $7::uuid[], $8::text[], $9::text[], \
        $10::text[]) AS t";
    MESSAGES_LAST = concat!("SELECT ", message_columns!(), " FROM voronka.messages WHERE partner = $1 AND conversation = $2 \
        ORDER BY seq DESC LIMIT $3");
    MESSAGES_AFTER = concat!("SELECT ", message_columns!(), " FROM voronka.messages WHERE partner = $1 AND conversation = $2 \
        AND seq > $3 ORDER BY seq LIMIT $4");
    FACTS_ADD = "INSERT INTO voronka.facts (partner, customer, name, at, data) SELECT $1, t.customer, t.name, t.at, t.data \
        FROM unnest($2::uuid[], $3::text[], $4::int8[], $5::text[]) WITH ORDINALITY AS t (customer, name, at, data, n) ORDER BY t.n";
    FACTS_LAST = "SELECT customer, name, at, data FROM voronka.facts WHERE partner = $1 AND customer = $2 ORDER BY id DESC LIMIT $3";
    ORDERS_PUT = "INSERT INTO voronka.orders AS o (partner, id, customer, conversation, number, state, open, total_minor, currency, \
        due, at, placed, data) SELECT $1, t.* FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::bool[], \
        $8::int8[], $9::text[], $10::text[], $11::int8[], $12::int8[], $13::text[]) AS t \
        ON CONFLICT (partner, id) DO UPDATE SET customer = excluded.customer, number = excluded.number, state = excluded.state, \
        open = excluded.open, total_minor = excluded.total_minor, currency = excluded.currency, due = excluded.due, \
        at = excluded.at, placed = coalesce(o.placed, excluded.placed), data = excluded.data";
    ORDERS_OPEN = concat!("SELECT ", order_columns!(), " FROM voronka.orders o WHERE o.partner = $1 AND o.customer = $2 \
        AND o.open = $3 ORDER BY o.at DESC, o.id DESC LIMIT $4");
    ORDERS_OF = concat!("SELECT ", order_columns!(), " FROM voronka.orders o WHERE o.partner = $1 AND o.customer = $2 \
        ORDER BY o.at DESC, o.id DESC LIMIT $3");

    TIMERS_SET = "INSERT INTO voronka.timers (partner, conversation, name, due, timer) \
        SELECT $1, t.* FROM unnest($2::uuid[], $3::text[], $4::int8[], $5::text[]) AS t \
        ON CONFLICT (partner, conversation, name) DO UPDATE SET due = excluded.due, timer = excluded.timer";
    TIMERS_DROP = "DELETE FROM voronka.timers r USING unnest($2::uuid[], $3::text[]) AS t (conversation, name) \
        WHERE r.partner = $1 AND r.conversation = t.conversation AND r.name = t.name";
    TIMERS_DUE = "SELECT partner, conversation, name FROM voronka.timers WHERE due <= $1 \
        ORDER BY due, partner, conversation, name LIMIT $2";
    /// Those of a partner that are still due, with what they are about.
    TIMERS_TAKE = "WITH gone AS (DELETE FROM voronka.timers r USING unnest($2::uuid[], $3::text[]) AS t (conversation, name) \
        WHERE r.partner = $1 AND r.conversation = t.conversation AND r.name = t.name AND r.due <= $4 \
        RETURNING r.conversation, r.name, r.due, r.timer) \
        SELECT g.conversation, g.name, g.due, g.timer, c.account, c.peer FROM gone g \
        JOIN voronka.conversations c ON c.partner = $1 AND c.conversation = g.conversation";
    TIMER_NEXT = "SELECT min(due) FROM voronka.timers";

    OUTBOX_ADD = "INSERT INTO voronka.outbox (partner, id, conversation, account, peer, seq, bubble, lane, expires, attempts) \
        SELECT $1, t.id, t.conversation, t.account, t.peer, t.seq, t.bubble, t.lane, t.expires, t.attempts \
        FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::int8[], $7::text[], $8::int8[], $9::int8[], $10::int8[]) \
        WITH ORDINALITY AS t (id, conversation, account, peer, seq, bubble, lane, expires, attempts, n) ORDER BY t.n \
        ON CONFLICT (partner, id) DO NOTHING";
    OUTBOX_DROP = "DELETE FROM voronka.outbox WHERE partner = $1 AND id = ANY ($2) RETURNING id";
    OUTBOX_TRIED = "UPDATE voronka.outbox o SET attempts = o.attempts + t.times FROM unnest($2::uuid[], $3::int8[]) AS t (id, times) \
        WHERE o.partner = $1 AND o.id = t.id";
    UNSENT = "SELECT partner, position FROM voronka.outbox WHERE lane <> 2 AND position > $1 ORDER BY position LIMIT $2";
    /// The lane is named for the index by position.
    BUBBLES = bubbles!("o.lane <> 2 AND o.position = ANY ($2)");
    CAMPAIGN = bubbles!("o.account = $2 AND o.lane = 2 AND o.position > $3 ORDER BY o.position LIMIT $4");

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
    OLDEST_BUBBLE = "SELECT partner, position FROM voronka.outbox WHERE seq > 0 ORDER BY position LIMIT 1";
    BUBBLE_SAID = "SELECT o.account, m.at FROM voronka.outbox o JOIN voronka.messages m ON m.partner = o.partner \
        AND m.conversation = o.conversation AND m.seq = o.seq WHERE o.partner = $1 AND o.position = $2";
    COUNT_TIMERS = "SELECT count(*), count(*) FILTER (WHERE due <= $1), min(due) FROM voronka.timers";
    COUNT_LETTERS = "SELECT partner, count(*) FROM voronka.letters GROUP BY partner ORDER BY partner";

    /// A list is read on behind a row: a page costs the same wherever it lies.
    CARDS = cards!("c.slot > 0 AND c.slot <= $3 AND (c.at, c.conversation) < ($4, $5) AND ($2::text IS NULL OR c.owner = $2) \
        ORDER BY c.slot DESC, c.at DESC, c.conversation DESC LIMIT $6");
    /// Those that the bot does not answer are few and have an index of their own.
    CARDS_HELD = cards!("c.owner <> 'bot' AND c.owner = $2 AND c.slot > 0 AND c.slot <= $3 AND (c.at, c.conversation) < ($4, $5) \
        ORDER BY c.slot DESC, c.at DESC, c.conversation DESC LIMIT $6");
    CARD = cards!("c.conversation = $2");
    CARDS_READ = cards!("c.conversation = ANY ($2)");
    /// Of the latest: what is searched in, and nothing else.
    CARDS_WORDS = "SELECT at, conversation, preview FROM voronka.conversations WHERE partner = $1 AND slot > 0 \
        AND ($2::text IS NULL OR owner = $2) ORDER BY slot DESC, at DESC, conversation DESC LIMIT $3";
    CARDS_WORDS_HELD = "SELECT at, conversation, preview FROM voronka.conversations WHERE partner = $1 AND owner <> 'bot' \
        AND owner = $2 AND slot > 0 ORDER BY slot DESC, at DESC, conversation DESC LIMIT $3";
    CARDS_OF = "SELECT at, conversation FROM voronka.conversations WHERE partner = $1 AND customer = ANY ($2) \
        AND ($3::text IS NULL OR owner = $3)";
    LEADS = lead_cards!("AND l.slot > 0 AND (l.heat, l.score, l.slot) <= ($2, $3, $4) \
        AND (l.heat, l.score, l.slot, l.at, l.customer) < ($2, $3, $4, $5, $6) \
        ORDER BY l.heat DESC, l.score DESC, l.slot DESC, l.at DESC, l.customer DESC LIMIT $7");
    LEADS_OF_HEAT = lead_cards!("AND l.heat = $2 AND l.slot > 0 AND (l.score, l.slot) <= ($3, $4) \
        AND (l.score, l.slot, l.at, l.customer) < ($3, $4, $5, $6) \
        ORDER BY l.heat DESC, l.score DESC, l.slot DESC, l.at DESC, l.customer DESC LIMIT $7");
    LEADS_READ = lead_cards!("AND l.customer = ANY ($2)");
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
    QUESTIONS = concat!("SELECT f.customer, f.name, f.at, f.data, u.name, c.conversation, c.account, f.id, \
        coalesce((SELECT m.text FROM voronka.messages m WHERE m.partner = f.partner AND m.conversation = c.conversation \
        AND m.author = 'customer' AND m.at <= f.at ORDER BY m.seq DESC LIMIT 1), '') FROM voronka.facts f ", latest!("f"), "\
        LEFT JOIN voronka.customers u ON u.partner = f.partner AND u.id = f.customer \
        WHERE f.partner = $1 AND f.name IN ('message', 'question.unanswered', 'answer.blocked') \
        AND f.name = 'question.unanswered' AND (f.at, f.id) < ($2, $3) ORDER BY f.at DESC, f.id DESC LIMIT $4");
    WRONG_ANSWERS = "SELECT customer, name, at, data, id FROM voronka.facts WHERE partner = $1 AND name = 'answer.wrong' \
        AND (at, id) < ($2, $3) ORDER BY at DESC, id DESC LIMIT $4";
    /// Where an answer was wrong: in the conversation that is named, else in the customer's latest.
    WRONG_WHERE = "SELECT u.name, c.conversation, c.account, coalesce((SELECT m.text FROM voronka.messages m \
        WHERE m.partner = c.partner AND m.conversation = c.conversation AND m.seq = $4), '') FROM voronka.conversations c \
        LEFT JOIN voronka.customers u ON u.partner = c.partner AND u.id = $2 WHERE c.partner = $1 \
        AND CASE WHEN $3::uuid IS NULL THEN c.customer = $2 ELSE c.conversation = $3 END \
        ORDER BY c.at DESC, c.conversation DESC LIMIT 1";
    COUNT_FACTS = "SELECT name, count(*), count(DISTINCT customer) FROM voronka.facts WHERE partner = $1 \
        AND name IN ('message', 'question.unanswered', 'answer.blocked') AND at >= $2 AND at < $3 GROUP BY name";
    COUNT_NOW = "SELECT (SELECT count(*) FROM voronka.leads WHERE partner = $1 AND heat = 2), \
        (SELECT count(*) FROM voronka.conversations WHERE partner = $1 AND owner = 'nobody' AND owner <> 'bot')";
    COUNT_ORDERS = "SELECT count(*), coalesce(sum(CASE WHEN state IN ('cancelled', 'refunded', 'returned') THEN 0 \
        ELSE total_minor END), 0)::int8 FROM voronka.orders WHERE partner = $1 AND placed >= $2 AND placed < $3";

    /// The last key of a page.
    KEYS_PAGE = "SELECT account, key FROM voronka.keys WHERE partner = $1 AND (account, key) > ($2, $3) \
        ORDER BY account, key OFFSET $4 LIMIT 1";
    KEYS_DROP = "DELETE FROM voronka.keys WHERE partner = $1 AND (account, key) > ($2, $3) \
        AND ($4::text IS NULL OR (account, key) <= ($4, $5::text)) AND at < $6";
    /// Held, so that no turn of theirs is written meanwhile.
    CONVERSATIONS_HOLD = "SELECT conversation, customer, at FROM voronka.conversations WHERE partner = $1 AND conversation > $2 \
        ORDER BY conversation LIMIT $3 FOR UPDATE";
    /// Customers of whom nothing is under way, and who never were more than talk. Who has said nothing yet was there when they
    /// were greeted.
    CUSTOMERS_COLD = "SELECT w.customer FROM unnest($2::uuid[]) AS w (customer) WHERE NOT EXISTS (SELECT FROM voronka.conversations c \
        WHERE c.partner = $1 AND c.customer = w.customer AND (c.at >= $3 OR c.owner <> 'bot' \
        OR (c.slot = 0 AND EXISTS (SELECT FROM voronka.messages m WHERE m.partner = $1 AND m.conversation = c.conversation \
            AND m.at >= $3)) \
        OR EXISTS (SELECT FROM voronka.mailbox b WHERE b.partner = $1 AND b.conversation = c.conversation) \
        OR EXISTS (SELECT FROM voronka.timers t WHERE t.partner = $1 AND t.conversation = c.conversation))) \
        AND NOT EXISTS (SELECT FROM voronka.leads l WHERE l.partner = $1 AND l.customer = w.customer AND l.heat > 0) \
        AND NOT EXISTS (SELECT FROM voronka.orders o WHERE o.partner = $1 AND o.customer = w.customer) \
        AND NOT EXISTS (SELECT FROM voronka.facts f WHERE f.partner = $1 AND f.customer = w.customer AND f.name = ANY ($4))";
    /// What waits to be sent has its words there.
    MESSAGES_DROP = "DELETE FROM voronka.messages WHERE partner = $1 AND (conversation, seq) IN (SELECT m.conversation, m.seq \
        FROM voronka.messages m WHERE m.partner = $1 AND m.conversation = ANY ($2) AND (m.at < $3 OR m.conversation = ANY ($4)) \
        AND NOT EXISTS (SELECT FROM voronka.outbox o WHERE o.partner = $1 AND o.id = m.bubble) LIMIT $5)";
    FACTS_DROP = "DELETE FROM voronka.facts WHERE partner = $1 AND (customer, id) IN (SELECT f.customer, f.id FROM voronka.facts f \
        WHERE f.partner = $1 AND f.customer = ANY ($2) AND ((f.at < $3 AND f.name = ANY ($4)) OR f.customer = ANY ($5)) LIMIT $6)";
    SILENT = "SELECT c.conversation, c.state FROM voronka.conversations c WHERE c.partner = $1 AND c.conversation = ANY ($2) \
        AND c.at < $3 AND c.preview <> '' AND NOT EXISTS (SELECT FROM voronka.messages m WHERE m.partner = $1 \
        AND m.conversation = c.conversation)";
    /// The version moves on, so that no turn computed from what was there before writes the words back.
    WORDS_DROP = "UPDATE voronka.conversations c SET version = c.version + 1, preview = '', state = t.state \
        FROM unnest($2::uuid[], $3::text[]) AS t (conversation, state) WHERE c.partner = $1 AND c.conversation = t.conversation";
    CONVERSATIONS_DROP = "DELETE FROM voronka.conversations c WHERE c.partner = $1 AND c.conversation = ANY ($2) \
        AND NOT EXISTS (SELECT FROM voronka.messages m WHERE m.partner = $1 AND m.conversation = c.conversation)";
    LEADS_DROP = "DELETE FROM voronka.leads l WHERE l.partner = $1 AND l.customer = ANY ($2) \
        AND NOT EXISTS (SELECT FROM voronka.conversations c WHERE c.partner = $1 AND c.customer = l.customer)";
    CUSTOMERS_DROP = "DELETE FROM voronka.customers u WHERE u.partner = $1 AND u.id = ANY ($2) \
        AND NOT EXISTS (SELECT FROM voronka.conversations c WHERE c.partner = $1 AND c.customer = u.id)";
    NOTICES_DROP = "DELETE FROM voronka.notices WHERE partner = $1 AND id IN (SELECT n.id FROM voronka.notices n \
        WHERE n.partner = $1 AND n.at < $2 ORDER BY n.at LIMIT $3)";
    LETTERS_DROP = "DELETE FROM voronka.letters WHERE partner = $1 AND id IN (SELECT l.id FROM voronka.letters l \
        WHERE l.partner = $1 AND l.at < $2 ORDER BY l.id LIMIT $3)";

    VALUE = "SELECT value FROM voronka.key_values WHERE partner = $1 AND kind = $2 AND key = $3";
    VALUE_SET = "INSERT INTO voronka.key_values (partner, kind, key, value) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (partner, kind, key) DO UPDATE SET value = excluded.value";
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-54.
    #[test]
    fn every_sql_names_partner() {
        for (name, sql) in ALL.iter().filter(|(name, _)| !OF_NO_PARTNER.contains(name)) {
            assert!(sql.contains("partner = $1") || sql.contains("(partner, ") || *name == "PARTNER", "{name}");
            assert!(sql.contains("$1"), "{name}");
        }
        assert!(OF_NO_PARTNER.iter().all(|name| ALL.iter().any(|(known, _)| known == name)));
    }

    /// A table that is joined without its partner would be read across partners, were it not for row-level security.
    #[test]
    fn every_table_of_a_statement_is_bound_to_the_partner() {
        for (name, sql) in ALL.iter().filter(|(name, _)| !OF_NO_PARTNER.contains(name)) {
            let tables = sql.matches("voronka.").count() - sql.matches("'voronka.").count();
            assert!(sql.matches("partner").count() >= tables, "{name}: {tables} tables");
        }
    }
}
