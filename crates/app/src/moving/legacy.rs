//! What an older bot of a single business left behind (MP-10): users, funnel events and posts out of a plain dump of PostgreSQL
//! or of CSV files, as rows of a partner. Nothing of a dump is run: it is read as text.

mod dump;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use voronka_core::{
    contact::{Email, Phone},
    fact::Fact,
    ids::{AccountId, CustomerId, PartnerId},
    message::{ConversationKey, Peer},
    record::{BadRecord, Record, Table, Value},
    rows::UNHEARD,
};

pub(crate) use self::dump::Dump;
use self::dump::Rows;

/// A state, a customer and a lead of whom nothing more is known.
const NOTHING: &str = r#"{"v":"1"}"#;
/// Where a phone without a country's code is from.
const COUNTRY: &str = "RU";
/// The kind under which posts are kept, for whoever makes campaigns of them.
const POSTS: &str = "post";

/// What a table is called there, and which columns hold what: the usual names, unless told otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Columns {
    tables: [String; 3],
    named: BTreeMap<(usize, String), String>,
}

/// What is looked for in a table, and what it is usually called there.
type Usual = &'static [(&'static str, &'static [&'static str])];

const TABLES: [(&str, Usual); 3] = [
    (
        "users",
        &[
            ("id", &["id", "user_id"]),
            ("telegram", &["telegram_id", "tg_id", "telegram_user_id", "chat_id", "user_id", "id"]),
            ("username", &["username", "tg_username", "telegram_username"]),
            ("name", &["full_name", "name"]),
            ("first_name", &["first_name", "firstname"]),
            ("last_name", &["last_name", "lastname"]),
            ("phone", &["phone", "phone_number"]),
            ("email", &["email"]),
            ("stage", &["funnel_stage", "stage", "funnel_step"]),
            ("created", &["created_at", "registered_at", "created", "date_joined"]),
            ("active", &["last_activity", "last_active_at", "last_seen", "updated_at"]),
        ],
    ),
    (
        "funnel_events",
        &[
            ("user", &["user_id", "telegram_id", "tg_id", "chat_id"]),
            ("event", &["event_type", "event_name", "event", "stage", "name"]),
            ("at", &["created_at", "timestamp", "event_time", "at", "date"]),
        ],
    ),
    (
        "posts",
        &[
            ("id", &["id", "post_id"]),
            ("title", &["title"]),
            ("text", &["text", "content", "body"]),
            ("at", &["published_at", "scheduled_at", "created_at"]),
        ],
    ),
];

/// Adds `partner_id` to such a database, for those who keep it: forward only, and what writes to it goes on.
const MIGRATION: &str = "ALTER TABLE {table} ADD COLUMN IF NOT EXISTS partner_id varchar(50) NOT NULL DEFAULT '{partner}' CHECK (partner_id <> '');
CREATE INDEX IF NOT EXISTS ix_{name}_partner_id ON {table} (partner_id);";

impl Default for Columns {
    fn default() -> Self {
        Self { tables: TABLES.map(|(name, _)| name.to_owned()), named: BTreeMap::new() }
    }
}

impl Columns {
    /// Takes `users=clients` (a table) or `users.telegram=tg` (a column); `false`: it is neither.
    pub(crate) fn set(&mut self, text: &str) -> bool {
        let Some((what, name)) = text.split_once('=') else { return false };
        let (table, column) = what.split_once('.').map_or((what, None), |(table, column)| (table, Some(column)));
        let Some(at) = TABLES.iter().position(|(known, _)| *known == table) else { return false };
        if !is_name(name) || column.is_some_and(|column| TABLES[at].1.iter().all(|(known, _)| *known != column)) {
            return false;
        }
        match column {
            Some(column) => {
                self.named.insert((at, column.to_owned()), name.to_owned());
            }
            None => name.clone_into(&mut self.tables[at]),
        }
        true
    }

    /// The statements by which a database that is kept learns whose its rows are.
    pub(crate) fn migration(&self, partner: &PartnerId) -> String {
        let one = |table: &String| {
            let name = table.replace('.', "_");
            MIGRATION.replace("{table}", table).replace("{partner}", partner.as_str()).replace("{name}", &name)
        };
        format!("BEGIN;\n{}\nCOMMIT;", self.tables.iter().map(one).collect::<Vec<_>>().join("\n"))
    }

    /// Where each thing of a table is.
    fn places(&self, at: usize, rows: &Rows) -> BTreeMap<&'static str, usize> {
        let place = |name: &str| rows.columns.iter().position(|column| column == name);
        let found = TABLES[at].1.iter().filter_map(|(what, usual)| {
            let named = self.named.get(&(at, (*what).to_owned()));
            let found = match named {
                Some(name) => place(name),
                None => usual.iter().find_map(|name| place(name)),
            };
            Some((*what, found?))
        });
        found.collect()
    }
}

/// A name that needs no quoting, with its schema or without.
fn is_name(text: &str) -> bool {
    let plain = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    text.split('.').count() <= 2 && text.split('.').all(plain)
}

/// What became of an older bot's tables.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct LegacyReport {
    pub(crate) users: usize,
    pub(crate) events: usize,
    pub(crate) posts: usize,
    /// What could not be used, with how often: rows without a number of Telegram's, phones that are none, …
    pub(crate) left: BTreeMap<String, usize>,
    /// Columns of which nothing was made.
    pub(crate) unused: Vec<String>,
}

/// One user as it was found.
struct User {
    customer: CustomerId,
    first: Vec<Record>,
    conversation: Vec<Value>,
    at: i64,
}

struct Conversion<'a> {
    partner: &'a PartnerId,
    account: &'a AccountId,
    report: LegacyReport,
    /// By the number of the table, and by Telegram's: events name one or the other.
    users: BTreeMap<String, usize>,
    found: Vec<User>,
    rows: Vec<Record>,
}

/// Makes rows of a partner of them; the same of the same.
pub(crate) fn convert(
    dump: &Dump,
    columns: &Columns,
    partner: &PartnerId,
    account: &AccountId,
) -> Result<(Vec<Record>, LegacyReport), BadRecord> {
    let mut conversion = Conversion {
        partner,
        account,
        report: LegacyReport::default(),
        users: BTreeMap::new(),
        found: Vec::new(),
        rows: Vec::new(),
    };
    let table = |at: usize| dump.table(&columns.tables[at]);
    for (at, name) in columns.tables.iter().enumerate() {
        let Some(rows) = table(at) else { continue };
        let places = columns.places(at, rows);
        let is_used = |place: &usize| places.values().any(|used| used == place);
        let unused = (0..rows.columns.len()).filter(|place| !is_used(place));
        conversion.report.unused.extend(unused.map(|place| format!("{name}.{}", rows.columns[place])));
        for row in &rows.rows {
            let get = |what: &str| places.get(what).and_then(|place| row.get(*place)?.as_deref());
            match at {
                0 => conversion.user(&get)?,
                1 => conversion.event(&get)?,
                _ => conversion.post(&get)?,
            }
        }
    }
    conversion.finish()
}

impl Conversion<'_> {
    fn leave(&mut self, what: &str) {
        *self.report.left.entry(what.to_owned()).or_default() += 1;
    }

    fn row(&mut self, table: &str, values: Vec<Value>) -> Result<(), BadRecord> {
        let table = Table::named(table).ok_or(BadRecord::Table)?;
        self.rows.push(Record::new(table, values)?);
        Ok(())
    }

    fn user<'a>(&mut self, get: &dyn Fn(&str) -> Option<&'a str>) -> Result<(), BadRecord> {
        let telegram = get("telegram").filter(|number| number.parse::<i64>().is_ok_and(|number| number > 0));
        let Some(telegram) = telegram else {
            self.leave("users: no telegram id");
            return Ok(());
        };
        if self.users.contains_key(&format!("t{telegram}")) {
            self.leave("users: twice");
            return Ok(());
        }
        let key = ConversationKey::of(self.partner, self.account, &Peer::new(telegram));
        let customer = key.first_customer();
        let (phone, email) = (self.phone(get("phone")), self.email(get("email")));
        let created = get("created").and_then(moment);
        let at = get("active").and_then(moment).max(created).unwrap_or(UNHEARD.as_microsecond());
        let table = Table::named("customers").ok_or(BadRecord::Table)?;
        let (name, phone, email) = (optional(name(get)), optional(phone), optional(email));
        let alone = Value::Nothing;
        let person = Record::new(table, vec![Value::Id(customer.0), name, phone, email, text(NOTHING), alone])?;
        let number = self.found.len();
        let conversation = vec![
            Value::Id(key.conversation.0),
            Value::Number(1),
            text(self.account.as_str()),
            text(telegram),
            Value::Id(customer.0),
            text("bot"),
            text(""),
        ];
        self.found.push(User { customer, first: vec![person], conversation, at });
        self.users.insert(format!("t{telegram}"), number);
        if let Some(id) = get("id") {
            self.users.insert(format!("i{id}"), number);
        }
        if let Some(stage) = get("stage").filter(|stage| !stage.is_empty()) {
            self.fact(number, created.unwrap_or(at), &Fact::Stage { stage: stage.to_owned() })?;
            let lead = Table::named("leads").ok_or(BadRecord::Table)?;
            let values = vec![
                Value::Id(customer.0),
                Value::Number(0),
                Value::Number(0),
                text(stage),
                text(""),
                Value::Nothing,
                Value::Number(at),
                text(NOTHING),
            ];
            self.found[number].first.push(Record::new(lead, values)?);
        }
        self.report.users += 1;
        Ok(())
    }

    fn event<'a>(&mut self, get: &dyn Fn(&str) -> Option<&'a str>) -> Result<(), BadRecord> {
        let user = get("user").unwrap_or_default();
        let known = self.users.get(&format!("i{user}")).or_else(|| self.users.get(&format!("t{user}"))).copied();
        let (Some(number), Some(event)) = (known, get("event").filter(|event| !event.is_empty())) else {
            self.leave(if known.is_none() { "funnel_events: unknown user" } else { "funnel_events: no event" });
            return Ok(());
        };
        let Some(at) = get("at").and_then(moment) else {
            self.leave("funnel_events: no time");
            return Ok(());
        };
        let last = &mut self.found[number].at;
        *last = at.max(*last);
        self.report.events += 1;
        self.fact(number, at, &Fact::Stage { stage: event.to_owned() })
    }

    fn post<'a>(&mut self, get: &dyn Fn(&str) -> Option<&'a str>) -> Result<(), BadRecord> {
        let Some(words) = get("text").filter(|words| !words.is_empty()) else {
            self.leave("posts: no text");
            return Ok(());
        };
        self.report.posts += 1;
        let key = get("id").map_or_else(|| self.report.posts.to_string(), str::to_owned);
        let at = get("at").and_then(moment).and_then(|at| Timestamp::from_microsecond(at).ok());
        let post = serde_json::json!({ "title": get("title"), "text": words, "at": at });
        self.row("key_values", vec![text(POSTS), text(&key), text(&post.to_string())])
    }

    fn fact(&mut self, user: usize, at: i64, fact: &Fact) -> Result<(), BadRecord> {
        let number = i64::try_from(self.rows.len() + 1).unwrap_or(i64::MAX);
        let data = serde_json::to_string(fact).unwrap_or_default();
        let customer = Value::Id(self.found[user].customer.0);
        let values = vec![customer, Value::Number(number), text(&fact.name()), Value::Number(at), text(&data)];
        self.row("facts", values)
    }

    fn phone(&mut self, found: Option<&str>) -> Option<String> {
        let found = found.filter(|found| !found.trim().is_empty())?;
        let phone = Phone::parse(found, COUNTRY).ok();
        if phone.is_none() {
            self.leave("users: no phone number");
        }
        phone.map(|phone| phone.as_str().to_owned())
    }

    fn email(&mut self, found: Option<&str>) -> Option<String> {
        let found = found.filter(|found| !found.trim().is_empty())?;
        let email = Email::parse(found).ok();
        if email.is_none() {
            self.leave("users: no e-mail");
        }
        email.map(|email| email.as_str().to_owned())
    }

    /// People come before what belongs to them.
    fn finish(mut self) -> Result<(Vec<Record>, LegacyReport), BadRecord> {
        let table = Table::named("conversations").ok_or(BadRecord::Table)?;
        let mut all = Vec::new();
        for User { first, mut conversation, at, .. } in std::mem::take(&mut self.found) {
            all.extend(first);
            conversation.extend([Value::Number(at), Value::Number(0), text(NOTHING)]);
            all.push(Record::new(table, conversation)?);
        }
        all.append(&mut self.rows);
        let order = |row: &Record| Table::all().iter().position(|table| table == row.table());
        all.sort_by_key(order);
        Ok((all, self.report))
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn optional(text: Option<String>) -> Value {
    text.map_or(Value::Nothing, Value::Text)
}

fn name<'a>(get: &dyn Fn(&str) -> Option<&'a str>) -> Option<String> {
    let parts: Vec<&str> = [get("first_name"), get("last_name")].into_iter().flatten().collect();
    let found = [get("name").map(str::to_owned), Some(parts.join(" ")), get("username").map(str::to_owned)];
    found.into_iter().flatten().map(|name| name.trim().to_owned()).find(|name| !name.is_empty())
}

/// A moment in microseconds, as PostgreSQL, an ISO date or a Unix time has it; without a zone it is UTC.
fn moment(written: &str) -> Option<i64> {
    if let Ok(seconds) = written.parse::<i64>() {
        return Timestamp::from_second(seconds).ok().map(Timestamp::as_microsecond);
    }
    let written = written.trim().replacen(' ', "T", 1);
    let zoned = [written.clone(), format!("{written}Z"), format!("{written}T00:00:00Z")];
    zoned.iter().find_map(|text| text.parse::<Timestamp>().ok()).map(Timestamp::as_microsecond)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DUMP: &str = "SET statement_timeout = 0;
DROP TABLE public.users;
CREATE TABLE public.users (id integer NOT NULL, telegram_id bigint);
COPY public.users (id, telegram_id, username, first_name, phone, funnel_stage, created_at, is_admin) FROM stdin;
1\t700100\tanna\tАнна\t8 (999) 123-45-67\tinterest\t2025-03-01 10:00:00+03\tf
2\t700200\t\\N\tИван\\tПетров\\\\\tне знаю\t\\N\t2025-03-02 11:00:00.5\tt
3\t\\N\tghost\tНикто\t\\N\t\\N\t2025-03-02 11:00:00\tf
\\.
INSERT INTO public.funnel_events (id, user_id, event_type, created_at) VALUES (1, 1, 'start; DROP TABLE x', '2025-03-01 10:01:00'),
 (2, 700200, 'it''s (bought)', '2025-03-05T10:00:00Z');
INSERT INTO funnel_events (id, user_id, event_type, created_at) VALUES (3, 99, 'start', '2025-03-01 10:01:00');
COPY public.posts (id, text, published_at) FROM stdin;
5\tНовинка:\\nторт\t2025-04-01 09:00:00
\\.
";

    fn converted(text: &str, columns: &Columns) -> (Vec<Record>, LegacyReport) {
        let (partner, account) = (PartnerId::parse("korica").unwrap(), AccountId::parse("telegram").unwrap());
        convert(&Dump::of_sql(text.as_bytes()).unwrap(), columns, &partner, &account).unwrap()
    }

    #[test]
    fn users_events_and_posts_become_a_partners_rows() {
        let (rows, report) = converted(DUMP, &Columns::default());
        assert_eq!((report.users, report.events, report.posts), (2, 2, 1));
        assert_eq!(report.unused, ["users.is_admin", "funnel_events.id"]);
        let left = [("funnel_events: unknown user", 1), ("users: no phone number", 1), ("users: no telegram id", 1)];
        assert_eq!(report.left, left.map(|(what, count)| (what.to_owned(), count)).into());
        let of = |table: &str| rows.iter().filter(|row| row.table().name == table).collect::<Vec<_>>();
        let people: Vec<_> = of("customers").iter().map(|row| (row.text("name"), row.text("phone"))).collect();
        assert_eq!(people, [(Some("Анна"), Some("+79991234567")), (Some("Иван\tПетров\\"), None)]);
        let facts: Vec<_> = of("facts").iter().map(|row| row.text("data").unwrap().to_owned()).collect();
        let stage = |name: &str| format!(r#"{{"f":"stage","stage":"{name}"}}"#);
        assert_eq!(facts, [stage("interest"), stage("start; DROP TABLE x"), stage("it's (bought)")]);
        let talks = of("conversations");
        assert_eq!(talks.iter().map(|row| row.text("peer").unwrap()).collect::<Vec<_>>(), ["700100", "700200"]);
        assert_eq!(talks[0].number_of("at"), moment("2025-03-01T10:01:00Z").unwrap());
        assert!(of("key_values")[0].text("value").unwrap().contains(r"Новинка:\nторт"));
        assert_eq!(converted(DUMP, &Columns::default()).0, rows, "the same of the same");
    }

    #[test]
    fn tables_and_columns_may_have_other_names() {
        let mut columns = Columns::default();
        for good in ["users=bot.clients", "users.telegram=tg"] {
            assert!(columns.set(good), "{good}");
        }
        for bad in ["users", "people=x", "users.shoe=x", "users=x; DROP", "users.telegram=a b"] {
            assert!(!columns.set(bad), "{bad}");
        }
        let dump = "COPY bot.clients (id, tg) FROM stdin;\n1\t5\n\\.\n";
        assert_eq!(converted(dump, &columns).1.users, 1);
        let sql = columns.migration(&PartnerId::parse("korica").unwrap());
        assert!(sql.contains("ALTER TABLE bot.clients ADD COLUMN IF NOT EXISTS partner_id"), "{sql}");
        assert!(sql.contains("ix_bot_clients_partner_id ON bot.clients (partner_id)") && sql.contains("'korica'"));
    }

    #[test]
    fn moments_are_read_as_bots_write_them() {
        let at = moment("2025-03-01T07:00:00Z");
        for same in ["2025-03-01 10:00:00+03", "2025-03-01 07:00:00", "2025-03-01 07:00:00.000000+00", "1740812400"] {
            assert_eq!(moment(same), at, "{same}");
        }
        assert_eq!(moment("2025-03-01"), moment("2025-03-01T00:00:00Z"));
        assert_eq!(moment("вчера"), None);
    }
}
