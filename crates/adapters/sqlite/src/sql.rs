//! Every statement, as text. A test prepares each on a fresh file and checks that it names the partner.

macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $sql:expr;)*) => {
        $($(#[$doc])* pub(crate) const $name: &str = $sql;)*

        /// All of them, with their names.
        #[cfg(test)]
        pub(crate) const ALL: &[(&str, &str)] = &[$((stringify!($name), $name)),*];
    };
}

/// Statements that are of no partner: they frame transactions, or serve all partners at start-up and when timers are due
/// (and then give the partner with each row).
#[cfg(test)]
pub(crate) const OF_NO_PARTNER: &[&str] = &[
    "BEGIN",
    "BEGIN_READ",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT",
    "UNDO",
    "RELEASE",
    "CHECK",
    "CHECK_REFERENCES",
    "COUNTER",
    "COUNTER_SET",
    "LETTER_NUMBER",
    "LETTER_NUMBER_PASS",
    "FOLD",
    "FOLD_PASSIVE",
    "TIMER_NEXT",
    "COUNT_MAIL",
    "COUNT_OUTBOX",
    "COUNT_TIMERS",
    "COUNT_TIMERS_DUE",
    "AUDIT_ANCHOR",
    "AUDIT_ANCHOR_SET",
];

macro_rules! message_columns {
    () => {
        "seq, author, at, key, bubble, text, body, basis"
    };
}

macro_rules! conversations_of {
    () => {
        "(SELECT ?3 UNION ALL SELECT conversation FROM conversations WHERE partner = ?1 AND customer = ?2)"
    };
}

macro_rules! identity_columns {
    () => {
        "u.id, k.account, k.peer, u.name, u.phone, u.email, u.merged_into, u.data, u.version, \
         CASE WHEN json_valid(k.state) THEN json_extract(k.state, '$.page') END"
    };
}

/// Customers, in each of their conversations.
macro_rules! identities {
    ($index:literal, $where:literal) => {
        concat!(
            "SELECT ",
            identity_columns!(),
            " FROM customers u INDEXED BY ",
            $index,
            " CROSS JOIN conversations k INDEXED BY conversations_of ON k.partner = u.partner AND k.customer = u.id ",
            "WHERE u.partner = ?1 AND ",
            $where,
            " ORDER BY u.id LIMIT ?3"
        )
    };
}

/// Whether a person's lead is the hottest of theirs.
macro_rules! hottest_of_person {
    () => {
        "AND (u.merged_into IS NULL OR NOT EXISTS (SELECT 1 FROM customers s \
         CROSS JOIN leads j ON j.partner = s.partner AND j.customer = s.id WHERE s.partner = l.partner \
         AND s.merged_into = u.merged_into AND j.slot > 0 \
         AND (j.heat, j.score, j.slot, j.at, j.customer) > (l.heat, l.score, l.slot, l.at, l.customer))) "
    };
}

/// Whether a customer wrote in a span.
macro_rules! wrote {
    ($customer:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM facts f WHERE f.partner = ",
            $customer,
            ".partner AND f.customer = ",
            $customer,
            ".id AND f.name = 'message' AND f.at >= ?2 AND f.at < ?3)"
        )
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
            "SELECT o.position, o.partner, o.id, o.conversation, o.account, o.peer, o.seq, coalesce(o.bubble, m.body), ",
            "o.lane, o.expires, o.attempts, m.text FROM outbox o LEFT JOIN messages m ON m.partner = o.partner ",
            "AND m.conversation = o.conversation AND m.seq = o.seq WHERE ",
            $where
        )
    };
}

macro_rules! cards {
    ($where:literal) => {
        concat!(
            "SELECT c.conversation, c.account, c.peer, c.customer, u.name, c.owner, c.preview, c.at, c.unread, ",
            "coalesce(l.heat, 0), coalesce(l.score, 0), u.phone, u.email, ",
            "CASE WHEN c.owner = 'person' AND json_valid(c.state) THEN json_extract(c.state, '$.holder') END, u.merged_into ",
            "FROM conversations c ",
            "LEFT JOIN customers u ON u.partner = c.partner AND u.id = c.customer ",
            "LEFT JOIN leads l ON l.partner = c.partner AND l.customer = c.customer WHERE c.partner = ?1 AND ",
            $where
        )
    };
}

/// A customer's latest conversation.
macro_rules! latest {
    ($of:literal) => {
        concat!(
            "(SELECT k.conversation FROM conversations k INDEXED BY conversations_of WHERE k.partner = ",
            $of,
            ".partner AND k.customer = ",
            $of,
            ".customer ORDER BY k.at DESC, k.conversation DESC LIMIT 1)"
        )
    };
}

macro_rules! question_columns {
    () => {
        "f.customer, f.name, f.at, f.data, u.name, c.conversation, c.account, f.id"
    };
}

macro_rules! lead_words {
    ($where:literal) => {
        concat!(
            "SELECT l.heat, l.score, l.at, l.customer, l.why, c.preview FROM leads l ",
            "CROSS JOIN conversations c ON c.partner = l.partner AND c.conversation = ",
            latest!("l"),
            " WHERE l.partner = ?1 ",
            $where
        )
    };
}

macro_rules! lead_cards {
    ($of:expr, $where:literal) => {
        concat!(
            "SELECT ",
            lead_columns!(),
            ", u.name, u.phone, c.conversation, c.account, c.preview, u.merged_into FROM leads l ",
            "CROSS JOIN conversations c ON c.partner = l.partner AND c.conversation = ",
            latest!("l"),
            " LEFT JOIN customers u ON u.partner = l.partner AND u.id = l.customer WHERE l.partner = ?1 ",
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
            ", u.name, u.phone, o.conversation, c.account, c.peer FROM orders o ",
            "CROSS JOIN conversations c ON c.partner = o.partner AND c.conversation = o.conversation ",
            "LEFT JOIN customers u ON u.partner = o.partner AND u.id = o.customer WHERE o.partner = ?1 ",
            $where
        )
    };
}

statements! {
    BEGIN = "BEGIN IMMEDIATE";
    BEGIN_READ = "BEGIN DEFERRED";
    COMMIT = "COMMIT";
    ROLLBACK = "ROLLBACK";
    SAVEPOINT = "SAVEPOINT job";
    FOLD = "PRAGMA wal_checkpoint(TRUNCATE)";
    FOLD_PASSIVE = "PRAGMA wal_checkpoint(PASSIVE)";
    UNDO = "ROLLBACK TO job";
    RELEASE = "RELEASE job";
    CHECK = "PRAGMA quick_check(1)";
    CHECK_REFERENCES = "SELECT count(*) FROM pragma_foreign_key_check";

    KEY_ADD = "INSERT INTO keys (partner, account, key, at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING";
    KEYS_AFTER = "SELECT account, key, at FROM keys WHERE partner = ?1 AND (account, key) > (?2, ?3) \
        ORDER BY account, key LIMIT ?4";
    KEY_DROP = "DELETE FROM keys WHERE partner = ?1 AND account = ?2 AND key = ?3";

    /// Positions and ids are of no partner: they only grow.
    COUNTER = "SELECT next FROM counters WHERE name = 'rows'";
    COUNTER_SET = "UPDATE counters SET next = ?1 WHERE name = 'rows'";
    LETTER_NUMBER = "UPDATE counters SET next = next + 1 WHERE name = 'letters' RETURNING next - 1";
    LETTER_NUMBER_PASS = "UPDATE counters SET next = max(next, ?1 + 1) WHERE name = 'letters'";

    MAIL_ADD = "INSERT INTO mailbox (partner, conversation, seq, account, peer, key, at, event) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    MAIL = "SELECT seq, account, peer, key, at, event FROM mailbox WHERE partner = ?1 AND conversation = ?2 ORDER BY seq LIMIT ?3";
    MAIL_TAKE = "DELETE FROM mailbox WHERE seq = ?3 AND partner = ?1 AND conversation = ?2";
    MAIL_SET_ASIDE = "DELETE FROM mailbox WHERE seq = ?3 AND partner = ?1 AND conversation = ?2 \
        RETURNING account, peer, key, at, event";
    /// At start-up, of all partners: the next conversation that has mail, however much there is of the one before.
    WAITING = "SELECT partner, conversation FROM mailbox WHERE (partner, conversation) > (?1, ?2) \
        ORDER BY partner, conversation LIMIT 1";

    CONVERSATION = "SELECT version, account, peer, customer, owner, preview, at, unread, state FROM conversations \
        WHERE partner = ?1 AND conversation = ?2";
    CONVERSATION_ADD = "INSERT INTO conversations \
        (partner, conversation, version, account, peer, customer, owner, preview, at, unread, state, slot) \
        VALUES (?1, ?2, ?3 + 1, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT DO NOTHING";
    /// The usual case: who they are, who answers and the slot of the clock stay, and so do the indexes by them.
    CONVERSATION_GO_ON = "UPDATE conversations SET version = ?3 + 1, preview = ?8, at = ?9, unread = ?10, state = ?11 \
        WHERE partner = ?1 AND conversation = ?2 AND version = ?3 AND account = ?4 AND peer = ?5 AND customer = ?6 AND owner = ?7 \
        AND slot = ?12";
    CONVERSATION_SET = "UPDATE conversations SET version = ?3 + 1, account = ?4, peer = ?5, customer = ?6, owner = ?7, \
        preview = ?8, at = ?9, unread = ?10, state = ?11, slot = ?12 WHERE partner = ?1 AND conversation = ?2 AND version = ?3";
    /// Where the flows of a partner's conversations stand: the open run's flow and step, and the runs below it, in JSON.
    STANDING = "SELECT json_extract(state, '$.run.flow'), json_extract(state, '$.run.step'), json_extract(state, '$.stack') \
        FROM conversations WHERE partner = ?1 AND json_valid(state)";
    CUSTOMER = "SELECT id, name, phone, email, data, version, merged_into FROM customers WHERE partner = ?1 AND id = ?2";
    CUSTOMER_VERSION = "SELECT version FROM customers WHERE partner = ?1 AND id = ?2";
    /// The usual case: what they are found by stays, and so does the index by it.
    CUSTOMER_GO_ON = "UPDATE customers SET version = ?8 + 1, data = ?6 WHERE partner = ?1 AND id = ?2 AND version = ?8 \
        AND name IS ?3 AND phone IS ?4 AND email IS ?5 AND search = ?7";
    CUSTOMER_SET = "UPDATE customers SET version = ?8 + 1, name = ?3, phone = ?4, email = ?5, data = ?6, search = ?7 \
        WHERE partner = ?1 AND id = ?2 AND version = ?8";
    CUSTOMER_ADD = "INSERT INTO customers (partner, id, name, phone, email, data, search, version) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 + 1) ON CONFLICT DO NOTHING";
    /// Of two customers (or of one, named twice), and of all who are one person with either.
    MARKS = "SELECT id, merged_into FROM customers WHERE partner = ?1 AND id IN (?2, ?3) UNION ALL \
        SELECT s.id, s.merged_into FROM customers u CROSS JOIN customers s INDEXED BY customers_merged ON s.partner = u.partner \
        AND s.merged_into = coalesce(u.merged_into, u.id) WHERE u.partner = ?1 AND u.id IN (?2, ?3)";
    MARK = "UPDATE customers SET merged_into = ?3, version = version + 1 WHERE partner = ?1 AND id = ?2";
    KNOWN_BY_ID = identities!("customers_key", "u.id = ?2");
    KNOWN_BY_PHONE = identities!("customers_phone", "u.phone = ?2");
    KNOWN_BY_EMAIL = identities!("customers_email", "u.email = ?2");
    KNOWN_BY_PERSON = identities!("customers_merged", "u.merged_into = ?2");
    KNOWN_BY_CONVERSATION = concat!("SELECT ", identity_columns!(), " FROM conversations k \
        CROSS JOIN customers u ON u.partner = k.partner AND u.id = k.customer WHERE k.partner = ?1 AND k.conversation = ?2 LIMIT ?3");
    /// Who came last is found first.
    CUSTOMERS_FOUND = "SELECT c.id FROM people CROSS JOIN customers c ON c.number = people.rowid \
        WHERE people MATCH ?2 AND c.partner = ?1 ORDER BY people.rowid DESC LIMIT ?3";
    /// By fewer letters than are indexed together: every one of them is looked at, in an index of their names alone.
    CUSTOMERS_FOUND_BY_FEW = "SELECT id FROM customers INDEXED BY customers_search WHERE partner = ?1 \
        AND (instr(search, ?2) > 0 OR instr(search, ?3) > 0) LIMIT ?4";
    LEAD = concat!("SELECT ", lead_columns!(), " FROM leads l WHERE l.partner = ?1 AND l.customer = ?2");
    /// The usual case: the points stay, and so does the index by them.
    LEAD_GO_ON = "UPDATE leads SET version = ?11 + 1, stage = ?5, why = ?6, source = ?7, at = ?8, data = ?9 \
        WHERE partner = ?1 AND customer = ?2 AND version = ?11 AND heat = ?3 AND score = ?4 AND slot = ?10";
    LEAD_SET = "UPDATE leads SET version = ?11 + 1, heat = ?3, score = ?4, stage = ?5, why = ?6, source = ?7, at = ?8, data = ?9, \
        slot = ?10 WHERE partner = ?1 AND customer = ?2 AND version = ?11";
    LEAD_ADD = "INSERT INTO leads (partner, customer, heat, score, stage, why, source, at, data, slot, version) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11 + 1) ON CONFLICT DO NOTHING";
    MESSAGE_ADD = "INSERT INTO messages (partner, conversation, seq, author, at, key, bubble, text, body, basis) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    MESSAGES_LAST = concat!("SELECT ", message_columns!(), " FROM messages WHERE partner = ?1 AND conversation = ?2 \
        ORDER BY seq DESC LIMIT ?3");
    MESSAGES_AFTER = concat!("SELECT ", message_columns!(), " FROM messages WHERE partner = ?1 AND conversation = ?2 \
        AND seq > ?3 ORDER BY seq LIMIT ?4");
    FACT_ADD = "INSERT INTO facts (partner, customer, id, name, at, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    FACTS_LAST = "SELECT customer, name, at, data FROM facts WHERE partner = ?1 AND customer = ?2 ORDER BY id DESC LIMIT ?3";
    ORDER_PUT = "INSERT INTO orders (partner, id, customer, conversation, number, state, open, total_minor, currency, due, at, \
        placed, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) ON CONFLICT (partner, id) DO UPDATE SET \
        customer = excluded.customer, number = excluded.number, state = excluded.state, open = excluded.open, \
        total_minor = excluded.total_minor, currency = excluded.currency, due = excluded.due, at = excluded.at, \
        placed = coalesce(placed, excluded.placed), data = excluded.data";
    ORDERS_OPEN = concat!("SELECT ", order_columns!(), " FROM orders o WHERE o.partner = ?1 AND o.customer = ?2 AND o.open = ?3 \
        ORDER BY o.at DESC, o.id DESC LIMIT ?4");
    ORDERS_OF = concat!("SELECT ", order_columns!(), " FROM orders o WHERE o.partner = ?1 AND o.customer = ?2 \
        ORDER BY o.at DESC, o.id DESC LIMIT ?3");

    TIMER_SET = "INSERT INTO timers (partner, conversation, name, due, timer) VALUES (?1, ?2, ?3, ?4, ?5) \
        ON CONFLICT (partner, conversation, name) DO UPDATE SET due = excluded.due, timer = excluded.timer";
    TIMER_DROP = "DELETE FROM timers WHERE partner = ?1 AND conversation = ?2 AND name = ?3";
    /// Of all partners: time passes for everybody.
    TIMERS_DUE = "SELECT t.partner, t.conversation, t.name, t.due, t.timer, c.account, c.peer FROM timers t \
        CROSS JOIN conversations c ON c.partner = t.partner AND c.conversation = t.conversation WHERE t.due <= ?1 \
        ORDER BY t.due, t.partner, t.conversation, t.name LIMIT ?2";
    TIMER_NEXT = "SELECT min(due) FROM timers";

    OUTBOX_ADD = "INSERT INTO outbox (partner, id, conversation, account, peer, seq, bubble, lane, expires, attempts) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT (partner, id) DO NOTHING";
    OUTBOX_WITHDRAW = "DELETE FROM outbox WHERE partner = ?1 AND conversation = ?2 AND lane = 2";
    OUTBOX_LATE = "UPDATE outbox SET expires = ?4 WHERE partner = ?1 AND conversation = ?2 AND id = ?3";
    OUTBOX_DROP = "DELETE FROM outbox WHERE partner = ?1 AND id = ?2";
    OUTBOX_TRIED = "UPDATE outbox SET attempts = attempts + 1 WHERE partner = ?1 AND id = ?2";
    /// At start-up, of all partners. Looks at the lane of each campaign's bubble (a million: a fifth of a second) and passes it
    /// over: an index of the others would be written with each answer, and read for this alone.
    UNSENT = bubbles!("o.lane <> 2 AND o.position > ?1 ORDER BY o.position");
    CAMPAIGN = bubbles!("o.partner = ?1 AND o.account = ?2 AND o.lane = 2 AND o.position > ?3 ORDER BY o.position");

    NOTICE_ADD = "INSERT INTO notices (partner, id, about, text, at, conversation) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
        ON CONFLICT DO NOTHING";
    NOTICES = "SELECT id, about, text, at, conversation FROM notices WHERE partner = ?1 \
        AND (at, id) < (?2, ?3) ORDER BY at DESC, id DESC LIMIT ?4";
    LETTER_ADD = "INSERT INTO letters (partner, id, account, conversation, mail, body, cause, at) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    LETTER_TAKE = "DELETE FROM letters WHERE id = ?2 AND partner = ?1 AND mail IS NOT NULL RETURNING conversation, mail";
    LETTER_RAW = "SELECT account, cause, at, body FROM letters WHERE id = ?2 AND partner = ?1 AND mail IS NULL";
    LETTER_RAW_DROP = "DELETE FROM letters WHERE id = ?2 AND partner = ?1 AND mail IS NULL";
    LETTERS = "SELECT id, account, cause, at, mail IS NOT NULL FROM letters WHERE partner = ?1 AND id < ?2 \
        ORDER BY id DESC LIMIT ?3";

    LETTER = "SELECT id, account, cause, at, conversation, mail, body FROM letters WHERE partner = ?1 AND id = ?2";
    LETTER_DROP = "DELETE FROM letters WHERE partner = ?1 AND id = ?2";

    COUNT_MAIL = "SELECT count(*) FROM mailbox";
    COUNT_OUTBOX = "SELECT count(*) FROM outbox";
    COUNT_TIMERS = "SELECT count(*) FROM timers INDEXED BY timers_due";
    COUNT_TIMERS_DUE = "SELECT count(*) FROM timers WHERE due <= ?1";
    /// Of all partners. Looks at all mail that waits (a million: half a second, on a thread of its own): an index by position
    /// would be written with each event, and read for this alone.
    OLDEST_MAIL = "SELECT partner, conversation, at FROM mailbox ORDER BY seq LIMIT 1";
    /// Of all partners. Notices are no messages: when they were made is not kept.
    OLDEST_BUBBLE = "SELECT o.partner, o.account, m.at FROM outbox o CROSS JOIN messages m ON m.partner = o.partner \
        AND m.conversation = o.conversation AND m.seq = o.seq ORDER BY o.position LIMIT 1";
    /// Of all partners.
    COUNT_LETTERS = "SELECT partner, count(*) FROM letters GROUP BY partner";

    /// A list is read on behind a row: a page costs the same wherever it lies. Slot 0 is of those who have said nothing yet, and
    /// of no list.
    CARDS = cards!("c.slot > 0 AND c.slot <= ?3 AND (c.at, c.conversation) < (?4, ?5) AND (?2 IS NULL OR c.owner = ?2) \
        ORDER BY c.slot DESC, c.at DESC, c.conversation DESC LIMIT ?6");
    /// Those that the bot does not answer are few and have an index of their own.
    CARDS_HELD = cards!("c.owner <> 'bot' AND c.owner = ?2 AND c.slot > 0 AND c.slot <= ?3 AND (c.at, c.conversation) < (?4, ?5) \
        ORDER BY c.slot DESC, c.at DESC, c.conversation DESC LIMIT ?6");
    CARD = cards!("c.conversation = ?2");
    STATE = "SELECT state FROM conversations WHERE partner = ?1 AND conversation = ?2";
    /// Of the latest: what is searched in, and nothing else.
    CARDS_WORDS = "SELECT at, conversation, preview FROM conversations WHERE partner = ?1 AND slot > 0 AND (?2 IS NULL OR owner = ?2) \
        ORDER BY slot DESC, at DESC, conversation DESC LIMIT ?3";
    CARDS_WORDS_HELD = "SELECT at, conversation, preview FROM conversations WHERE partner = ?1 AND owner <> 'bot' AND owner = ?2 \
        AND slot > 0 ORDER BY slot DESC, at DESC, conversation DESC LIMIT ?3";
    CARDS_OF = "SELECT at, conversation, owner FROM conversations WHERE partner = ?1 AND customer = ?2";
    LEADS = lead_cards!(hottest_of_person!(), "AND l.slot > 0 AND (l.heat, l.score, l.slot) <= (?2, ?3, ?4) \
        AND (l.heat, l.score, l.slot, l.at, l.customer) < (?2, ?3, ?4, ?5, ?6) \
        ORDER BY l.heat DESC, l.score DESC, l.slot DESC, l.at DESC, l.customer DESC LIMIT ?7");
    LEADS_OF_HEAT = lead_cards!(hottest_of_person!(), "AND l.heat = ?2 AND l.slot > 0 AND (l.score, l.slot) <= (?3, ?4) \
        AND (l.score, l.slot, l.at, l.customer) < (?3, ?4, ?5, ?6) \
        ORDER BY l.heat DESC, l.score DESC, l.slot DESC, l.at DESC, l.customer DESC LIMIT ?7");
    LEAD_CARD = lead_cards!("", "AND l.customer = ?2");
    LEADS_OF_PERSON = concat!("SELECT ", lead_columns!(), " FROM customers u INDEXED BY customers_merged \
        CROSS JOIN leads l ON l.partner = u.partner AND l.customer = u.id \
        WHERE u.partner = ?1 AND u.merged_into = ?2 AND l.slot > 0 AND u.id <> ?3");
    /// Of the hottest: what is searched in, and nothing else.
    LEADS_WORDS = lead_words!("AND l.slot > 0 ORDER BY l.heat DESC, l.score DESC, l.slot DESC, l.at DESC, l.customer DESC LIMIT ?2");
    LEADS_WORDS_OF_HEAT = lead_words!("AND l.heat = ?3 AND l.slot > 0 \
        ORDER BY l.heat DESC, l.score DESC, l.slot DESC, l.at DESC, l.customer DESC LIMIT ?2");
    LEAD_OF = "SELECT heat, score, at, customer FROM leads WHERE partner = ?1 AND customer = ?2";
    ORDERS = order_cards!("AND (o.at, o.id) < (?2, ?3) ORDER BY o.at DESC, o.id DESC LIMIT ?4");
    ORDERS_IN_STATE = order_cards!("AND o.state = ?5 AND (o.at, o.id) < (?2, ?3) ORDER BY o.at DESC, o.id DESC LIMIT ?4");
    /// Of the latest: what is searched in, and nothing else.
    ORDERS_WORDS = "SELECT at, id, number, data FROM orders WHERE partner = ?1 ORDER BY at DESC, id DESC LIMIT ?2";
    ORDERS_WORDS_IN_STATE = "SELECT at, id, number, data FROM orders WHERE partner = ?1 AND state = ?3 \
        ORDER BY at DESC, id DESC LIMIT ?2";
    ORDERS_BY = "SELECT at, id, state FROM orders WHERE partner = ?1 AND customer = ?2 LIMIT ?3";
    EVERYONE = "SELECT conversation, account, peer FROM conversations WHERE partner = ?1 AND conversation > ?2 AND at > 0 \
        ORDER BY conversation LIMIT ?3";
    QUESTIONS = concat!("SELECT ", question_columns!(), ", coalesce((SELECT m.text FROM messages m \
        WHERE m.partner = f.partner AND m.conversation = c.conversation AND m.author = 'customer' \
        AND m.at <= f.at ORDER BY m.seq DESC LIMIT 1), '') FROM facts f INDEXED BY facts_counted \
        CROSS JOIN conversations c ON c.partner = f.partner AND c.conversation = ", latest!("f"), " \
        LEFT JOIN customers u ON u.partner = f.partner AND u.id = f.customer \
        WHERE f.partner = ?1 AND f.name IN ('message', 'question.unanswered', 'answer.blocked') \
        AND f.name = 'question.unanswered' AND f.at BETWEEN ?5 AND ?2 AND (f.at, f.id) < (?2, ?3) \
        ORDER BY f.at DESC, f.id DESC LIMIT ?4");
    WRONG_ANSWERS = concat!("SELECT ", question_columns!(), ", coalesce((SELECT m.text FROM messages m \
        WHERE m.partner = f.partner AND m.conversation = c.conversation AND m.seq = json_extract(f.data, '$.seq')), '') \
        FROM facts f INDEXED BY facts_wrong CROSS JOIN conversations c ON c.partner = f.partner \
        AND c.conversation = coalesce(unhex(json_extract(f.data, '$.conversation'), '-'), ", latest!("f"), ") \
        LEFT JOIN customers u ON u.partner = f.partner AND u.id = f.customer \
        WHERE f.partner = ?1 AND f.name = 'answer.wrong' AND f.at >= ?5 AND (f.at, f.id) < (?2, ?3) \
        ORDER BY f.at DESC, f.id DESC LIMIT ?4");
    ORDER = order_cards!("AND o.id = ?2");
    /// Of all partners: whatever there is.
    CONVERSATIONS_ALL = "SELECT partner, conversation FROM conversations ORDER BY partner, conversation";
    CONVERSATIONS_AFTER = "SELECT conversation, customer, at, preview <> '' FROM conversations INDEXED BY conversations_key \
        WHERE partner = ?1 AND conversation > ?2 ORDER BY conversation LIMIT ?3";
    /// What waits to be sent has its words there.
    MESSAGES_OLDEST = "SELECT m.seq, m.at FROM messages m WHERE m.partner = ?1 AND m.conversation = ?2 \
        AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.partner = m.partner AND o.id = m.bubble) ORDER BY m.seq";
    MESSAGE_DROP = "DELETE FROM messages WHERE partner = ?1 AND conversation = ?2 AND seq = ?3 \
        AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.partner = messages.partner AND o.id = messages.bubble)";
    FACTS_FROM = "SELECT id, at, name FROM facts WHERE partner = ?1 AND customer = ?2 ORDER BY id";
    FACT_DROP = "DELETE FROM facts WHERE partner = ?1 AND customer = ?2 AND id = ?3";
    /// The words that it sums up in its state go with those of its messages. The version moves on, so that no turn computed
    /// from what was there before writes them back.
    PREVIEW_DROP = "UPDATE conversations SET version = version + 1, preview = '', \
        state = CASE WHEN json_valid(state) THEN json_remove(state, '$.summary', '$.asked', '$.asks_change', '$.told') ELSE state END \
        WHERE partner = ?1 AND conversation = ?2 AND preview <> '' \
        AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.partner = ?1 AND m.conversation = ?2)";
    /// Whether anything of a customer is under way, or was ever more than talk. Who has said nothing yet was there when they were
    /// greeted.
    IS_ENGAGED = "SELECT EXISTS (SELECT 1 FROM conversations c WHERE c.partner = ?1 AND c.customer = ?2 AND (c.at >= ?3 \
        OR c.owner <> 'bot' \
        OR (c.slot = 0 AND EXISTS (SELECT 1 FROM messages m WHERE m.partner = c.partner AND m.conversation = c.conversation \
            AND m.at >= ?3)) \
        OR EXISTS (SELECT 1 FROM mailbox b WHERE b.partner = c.partner AND b.conversation = c.conversation) \
        OR EXISTS (SELECT 1 FROM timers t WHERE t.partner = c.partner AND t.conversation = c.conversation))) \
        OR EXISTS (SELECT 1 FROM leads WHERE partner = ?1 AND customer = ?2 AND heat > 0) \
        OR EXISTS (SELECT 1 FROM orders WHERE partner = ?1 AND customer = ?2)";
    CONVERSATION_DROP = "DELETE FROM conversations WHERE partner = ?1 AND conversation = ?2 \
        AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.partner = ?1 AND m.conversation = ?2) \
        AND NOT EXISTS (SELECT 1 FROM timers t WHERE t.partner = ?1 AND t.conversation = ?2)";
    LEAD_DROP = "DELETE FROM leads WHERE partner = ?1 AND customer = ?2 \
        AND NOT EXISTS (SELECT 1 FROM conversations c WHERE c.partner = ?1 AND c.customer = ?2)";
    CUSTOMER_DROP = "DELETE FROM customers WHERE partner = ?1 AND id = ?2 \
        AND NOT EXISTS (SELECT 1 FROM conversations c WHERE c.partner = ?1 AND c.customer = ?2)";
    NOTICES_DROP = "DELETE FROM notices WHERE (partner, id) IN (SELECT partner, id FROM notices \
        WHERE partner = ?1 AND at < ?2 ORDER BY at LIMIT ?3)";
    LETTERS_DROP = "DELETE FROM letters WHERE partner = ?1 AND id IN (SELECT id FROM letters WHERE partner = ?1 AND at < ?2 LIMIT ?3)";
    COUNT_FACTS = "SELECT name, count(*), count(DISTINCT customer) FROM facts WHERE partner = ?1 \
        AND name IN ('message', 'question.unanswered', 'answer.blocked') AND at >= ?2 AND at < ?3 GROUP BY name";
    COUNT_HOT = "SELECT count(*) FROM leads WHERE partner = ?1 AND heat = 2";
    /// How many hot leads are a person's who has another one.
    COUNT_HOT_SAME = "SELECT count(*) FROM customers u INDEXED BY customers_merged \
        CROSS JOIN leads l ON l.partner = u.partner AND l.customer = u.id \
        WHERE u.partner = ?1 AND u.merged_into IS NOT NULL AND l.heat = 2 AND EXISTS (SELECT 1 \
        FROM customers s INDEXED BY customers_merged CROSS JOIN leads j ON j.partner = s.partner AND j.customer = s.id \
        WHERE s.partner = u.partner AND s.merged_into = u.merged_into AND s.id < u.id AND j.heat = 2)";
    /// How many customers of a span are a person who is another of its customers as well.
    COUNT_SAME = concat!("SELECT count(*) FROM customers u INDEXED BY customers_merged \
        WHERE u.partner = ?1 AND u.merged_into IS NOT NULL AND ", wrote!("u"), " AND EXISTS (SELECT 1 \
        FROM customers s INDEXED BY customers_merged WHERE s.partner = u.partner AND s.merged_into = u.merged_into \
        AND s.id < u.id AND ", wrote!("s"), ")");
    COUNT_ORDERS = "SELECT count(*), coalesce(sum(iif(state IN ('cancelled', 'refunded', 'returned'), 0, total_minor)), 0) \
        FROM orders WHERE partner = ?1 AND placed >= ?2 AND placed < ?3";
    /// What a customer and we have said to each other, in all conversations of theirs; `?3` is the one whose turn it is.
    ERASE_MESSAGES = concat!("DELETE FROM messages WHERE partner = ?1 AND conversation IN ", conversations_of!());
    ERASE_OUTBOX = concat!("DELETE FROM outbox WHERE partner = ?1 AND conversation IN ", conversations_of!());
    ERASE_NOTICES = concat!("DELETE FROM notices WHERE partner = ?1 AND conversation IN ", conversations_of!());
    ERASE_LETTERS = concat!("DELETE FROM letters WHERE partner = ?1 AND conversation IN ", conversations_of!());
    ERASE_WORDS = "UPDATE conversations SET version = version + 1, preview = '', \
        state = CASE WHEN json_valid(state) THEN json_remove(state, '$.summary', '$.asked', '$.asks_change', '$.told') ELSE state END \
        WHERE partner = ?1 AND customer = ?2 AND conversation <> ?3";
    FACTS_WORDED = "SELECT id, data FROM facts WHERE partner = ?1 AND customer = ?2 AND name = ?3";
    FACT_SET = "UPDATE facts SET data = ?4 WHERE partner = ?1 AND customer = ?2 AND id = ?3";
    TALLY_ADD = "INSERT INTO tallies (partner, what, day, key, n) VALUES (?1, ?2, ?3, ?4, ?5) \
        ON CONFLICT (partner, what, day, key) DO UPDATE SET n = n + excluded.n";
    TALLIES = "SELECT day, key, n FROM tallies WHERE partner = ?1 AND what = ?2 AND day >= ?3 AND day <= ?4 AND n <> 0 \
        ORDER BY day, key";
    VALUE = "SELECT value FROM key_values WHERE partner = ?1 AND kind = ?2 AND key = ?3";
    VALUE_SET = "INSERT INTO key_values (partner, kind, key, value) VALUES (?1, ?2, ?3, ?4) \
        ON CONFLICT DO UPDATE SET value = excluded.value";
    VALUE_FIRST = "INSERT INTO key_values (partner, kind, key, value) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING";
    VALUE_REPLACE = "UPDATE key_values SET value = ?5 WHERE partner = ?1 AND kind = ?2 AND key = ?3 AND value = ?4";
    VALUES_OF = "SELECT key, value FROM key_values WHERE partner = ?1 AND kind = ?2 ORDER BY key";
    VALUE_DROP = "DELETE FROM key_values WHERE partner = ?1 AND kind = ?2 AND key = ?3";
    /// Of all partners: who has any.
    VALUE_HOLDERS = "SELECT DISTINCT partner FROM key_values WHERE kind = ?1 ORDER BY partner";
    AUDIT_ANCHOR = "SELECT seq, mark FROM audit_anchor WHERE one = 1";
    /// Deeds that are done at once may tell in another order.
    AUDIT_ANCHOR_SET = "INSERT INTO audit_anchor (one, seq, mark) VALUES (1, ?1, ?2) \
        ON CONFLICT DO UPDATE SET seq = excluded.seq, mark = excluded.mark WHERE excluded.seq > seq";
    COUNT_WAITING = "SELECT count(*) FROM conversations WHERE partner = ?1 AND owner = 'nobody' AND owner <> 'bot'";
}
