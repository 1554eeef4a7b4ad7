//! What selling to a million customers costs: ten thousand messages of a sequence that are due at once, and the team's reports.
//!
//! `cargo run --profile dist -p voronka-engine --example sales -- [CUSTOMERS] [DUE]`: built as it is shipped, allocator and all.
#![expect(clippy::print_stdout, reason = "this is a program whose output is read by people")]

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Instant};

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use rusqlite::{Connection, params};
use voronka_core::{
    fact::{Fact, FunnelEvent},
    ids::{AccountId, OrderId, PartnerId},
    lead::Temperature,
    message::{Content, Event, EventKey, Inbound, Peer, Profile},
    money::{Currency, Money},
    order::{OrderMove, OrderState},
    ports::Clock,
    spec::partner::{PartnerFiles, PartnerSpec},
    tally::{self, Known, Tally},
};
use voronka_engine::{Engine, Partner};
use voronka_sqlite::SqliteStore;
use voronka_testkit::{FakeClock, channel::FakeChannel};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Failure = Box<dyn std::error::Error + Send + Sync>;

const CONFIG: &str = "
name: Полдень
accounts: {telegram: {}}
team: {хозяйка: {telegram: 111, role: owner}}
";
const SEQUENCE: &str = "
enter: {fact: message}
hours: 0:00-24:00
steps:
  - id: завтра
    after: 1d
    say: Добрый день! Вчера вы спрашивали о тортах. Если остались вопросы, напишите.
  - id: потом
    after: 30d
    say: Мы испекли новый торт.
";
/// When the only customer who is there in truth writes.
const FIRST: &str = "2026-12-01T09:00:00Z";
/// How often a report is asked for.
const REPORTS: usize = 200;
/// Days over which what is counted is spread.
const DAYS: usize = 365;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut args = std::env::args().skip(1).map(|arg| arg.parse::<usize>());
    let customers = args.next().transpose()?.unwrap_or(1_000_000);
    let due = args.next().transpose()?.unwrap_or(10_000);
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("sales.db");
    let clock = Arc::new(FakeClock::at(FIRST));
    let channel = Arc::new(FakeChannel::default());

    let engine = served(&path, &clock, &channel).await?;
    engine.receive(words(&clock, "1", "0", "Сколько стоит торт?")).await?;
    channel.until_shown(1).await;
    engine.stop().await;
    drop(engine);
    multiply(&path, customers, due)?;
    let facts = count(&path, customers)?;

    let engine = served(&path, &clock, &channel).await?;
    let shown = channel.shown();
    let (begun, before) = (Instant::now(), cpu_micros()?);
    clock.advance(SignedDuration::from_hours(24));
    channel.until_shown(shown + due).await;
    let (wall, spent) = (begun.elapsed(), cpu_micros()? - before);
    println!("{customers} customers in a sequence, {due} messages due: {:.1} s", wall.as_secs_f64());
    println!("due: {:.1} µs of CPU each", per(spent, due));
    println!("{facts} facts were counted");
    for command in ["/my_stats", "/analytics"] {
        let mut took = Vec::with_capacity(REPORTS);
        for n in 0..REPORTS {
            let shown = channel.shown();
            let begun = Instant::now();
            engine.receive(words(&clock, &format!("{command}{n}"), "111", command)).await?;
            channel.until_shown(shown + 1).await;
            took.push(begun.elapsed().as_secs_f64() * 1e3);
        }
        took.sort_by(f64::total_cmp);
        println!("{command}: p50 {:.1} ms, p99 {:.1} ms", took[REPORTS / 2], took[REPORTS * 99 / 100]);
    }
    engine.stop().await;
    Ok(())
}

async fn served(path: &Path, clock: &Arc<FakeClock>, channel: &Arc<FakeChannel>) -> Result<Engine, Failure> {
    let store = Arc::new(SqliteStore::open(path)?);
    let files =
        PartnerFiles::from([("config.yaml".into(), CONFIG.into()), ("sequences/posle.yaml".into(), SEQUENCE.into())]);
    let loaded = PartnerSpec::parse(partner(), &files);
    let spec = loaded.spec.ok_or_else(|| format!("{:?}", loaded.diagnostics))?;
    let bakery = Partner::new(Arc::new(spec)).channel(telegram(), channel.clone());
    let engine = Engine::new(store.clone(), clock.clone()).directory(store).partner(bakery);
    engine.start().await?;
    Ok(engine)
}

fn partner() -> PartnerId {
    PartnerId::parse("polden").expect("a constant id")
}

fn telegram() -> AccountId {
    AccountId::parse("telegram").expect("a constant id")
}

fn words(clock: &FakeClock, key: &str, from: &str, text: &str) -> Inbound {
    Inbound {
        partner: partner(),
        account: telegram(),
        peer: Peer::new(from),
        key: EventKey::new(key),
        at: clock.now(),
        event: Event::Customer { content: Content::Text { text: text.to_owned() }, profile: Profile::default() },
    }
}

/// Customers as the only one who is there: the first of them are due when that one is, the others later.
fn multiply(path: &Path, customers: usize, due: usize) -> Result<(), Failure> {
    let mut connection = Connection::open(path)?;
    // Keys come in no order, and all of it is thrown away.
    connection.execute_batch("PRAGMA cache_size = -2000000; PRAGMA synchronous = OFF")?;
    let all = connection.transaction()?;
    all.execute_batch("PRAGMA defer_foreign_keys = ON")?;
    let numbers = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1 - 1)";
    let of_customer = "unhex(printf('%032x', 1 + i * 2654435761))";
    let of_conversation = "unhex(printf('%032x', 7 + i * 2654435761))";
    for table in ["customers", "conversations", "leads", "facts", "messages", "timers"] {
        let columns = all
            .prepare(&format!("SELECT name FROM pragma_table_info('{table}')"))?
            .query_map([], |row| row.get(0))?
            .collect::<Result<Vec<String>, _>>()?;
        let columns: Vec<&str> = columns.iter().map(String::as_str).filter(|name| *name != "number").collect();
        let value = |name: &&str| match (table, *name) {
            ("customers", "id") | (_, "customer") => of_customer.to_owned(),
            (_, "conversation") => of_conversation.to_owned(),
            ("conversations", "peer") => "'c' || i".to_owned(),
            ("timers", "due") => "CASE WHEN i < ?2 THEN o.due ELSE o.due + 86400000000 END".to_owned(),
            (_, name) => format!("o.{name}"),
        };
        let values: Vec<String> = columns.iter().map(value).collect();
        let of_one =
            format!("SELECT * FROM {table}{}", if table == "timers" { " WHERE name LIKE 'sequence%'" } else { "" });
        let insert = format!(
            "{numbers} INSERT INTO {table} ({}) SELECT {} FROM ({of_one}) o, n WHERE ?2 >= 0",
            columns.join(", "),
            values.join(", ")
        );
        let made = all.execute(&insert, params![i64::try_from(customers)?, i64::try_from(due)?])?;
        println!("{table}: {made} rows more");
    }
    Ok(all.commit()?)
}

/// What a year would have counted: ten facts of each customer, by the rule by which turns count.
fn count(path: &Path, customers: usize) -> Result<usize, Failure> {
    let mut sums: BTreeMap<(&str, Date, String), i64> = BTreeMap::new();
    let (mut facts, first) = (0, FIRST.parse::<Timestamp>()?);
    for n in 0..customers / 10 {
        let at = first - SignedDuration::from_hours(24 * i64::try_from(n % DAYS)?);
        let order = Fact::Order {
            order: OrderId::of(&[&n.to_string()]),
            by: OrderMove::Place,
            to: OrderState::Placed,
            total: Money::minor(480_000, Currency::RUB),
        };
        let did = [
            Fact::Message,
            Fact::LinkClicked { link: format!("ссылка{}", n % 20) },
            Fact::FlowStarted { flow: format!("сценарий{}", n % 7) },
            Fact::PriceAsked,
            Fact::Stage { stage: format!("стадия{}", n % 6) },
            Fact::Temperature { to: Temperature::Warm, score: 40 },
            Fact::CartAdded { product: format!("товар{}", n % 60) },
            Fact::ContactLeft { kind: "phone".to_owned() },
            order,
            Fact::FlowEnded { flow: format!("сценарий{}", n % 7), outcome: "готово".to_owned() },
        ];
        facts += did.len();
        let did = did.map(|fact| FunnelEvent { at, fact });
        let source = format!("источник{}", n % 50);
        let known = Known { source: Some(&source), ..Known::default() };
        for Tally { day, what, key, n } in tally::of(&did, known, |at| at.to_zoned(TimeZone::UTC).date()) {
            *sums.entry((what.name(), day, key)).or_default() += n;
        }
    }
    let mut connection = Connection::open(path)?;
    let all = connection.transaction()?;
    for ((what, day, key), n) in &sums {
        let add = "INSERT INTO tallies (partner, what, day, key, n) VALUES (?1, ?2, ?3, ?4, ?5) \
             ON CONFLICT DO UPDATE SET n = n + excluded.n";
        all.prepare_cached(add)?.execute(params![partner().as_str(), what, day.to_string(), key, n])?;
    }
    all.commit()?;
    println!("tallies: {} rows", sums.len());
    Ok(facts)
}

fn per(all: u64, of: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "some millions")]
    let each = all as f64 / of.max(1) as f64;
    each
}

/// CPU of this process, from what the system tells.
fn cpu_micros() -> Result<u64, Failure> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let behind = stat.rsplit(") ").next().ok_or("no name in it")?;
    let ticks = behind.split_whitespace().skip(11).take(2).map(str::parse::<u64>).sum::<Result<u64, _>>()?;
    // A hundredth of a second each.
    Ok(ticks * 10_000)
}
