//! What a million timers cost: looking for due ones while none is, and firing a page.
//!
//! `cargo run --release -p voronka-sqlite --example timers -- [timers] [page]`
#![expect(clippy::print_stdout, reason = "this is a program whose output is read by people")]

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, params};
use voronka_core::ports::Journal;
use voronka_sqlite::SqliteStore;

/// Looks that are timed.
const LOOKS: u32 = 2_000;
/// Pages that are timed.
const PAGES: u32 = 20;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1).map(|arg| arg.parse::<usize>());
    let timers = args.next().transpose()?.unwrap_or(1_000_000);
    let page = args.next().transpose()?.unwrap_or(256);
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("timers.db");
    let store = SqliteStore::open(&path)?;
    let first: Timestamp = "2027-01-01T00:00:00Z".parse()?;
    fill(&path, timers, first)?;

    let before = first - SignedDuration::from_secs(1);
    let looked = timed(LOOKS, async || {
        let fired = store.fire(before, page).await?;
        assert!(fired.conversations.is_empty() && fired.next == Some(first), "nothing is due yet");
        Ok(())
    })
    .await?;
    // Timers are a second apart: all are due, and a page is fired.
    let after = first + SignedDuration::from_secs(i64::try_from(timers)?);
    let fired = timed(PAGES.min(u32::try_from(timers / page.max(1))?), async || {
        let fired = store.fire(after, page).await?;
        assert_eq!(fired.conversations.len(), page, "a whole page is due");
        Ok(())
    })
    .await?;
    println!("{timers} timers wait");
    println!("  nothing due   {:>8.1} µs a look", looked.as_secs_f64() * 1e6);
    println!("  {page:>5} due     {:>8.2} ms a page", fired.as_secs_f64() * 1e3);
    Ok(())
}

/// How long one of so many calls takes.
async fn timed(
    times: u32,
    mut call: impl AsyncFnMut() -> Result<(), Box<dyn std::error::Error>>,
) -> Result<Duration, Box<dyn std::error::Error>> {
    let begun = Instant::now();
    for _ in 0..times {
        call().await?;
    }
    Ok(begun.elapsed() / times.max(1))
}

/// Conversations with a timer each, as turns would have left them.
fn fill(path: &std::path::Path, timers: usize, first: Timestamp) -> rusqlite::Result<()> {
    let connection = Connection::open(path)?;
    let from = params![i64::try_from(timers).unwrap_or(i64::MAX), first.as_microsecond()];
    connection.execute_batch("BEGIN")?;
    connection.execute(
        "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?1 - 1) \
         INSERT INTO conversations (partner, conversation, version, account, peer, customer, owner, preview, at, unread, state) \
         SELECT 'korica', unhex(printf('%032x', i * 2654435761)), 1, 'telegram', i, unhex(printf('%032x', i)), 'bot', '', ?2, 0, '{}' \
         FROM n",
        from,
    )?;
    connection.execute(
        "INSERT INTO timers (partner, conversation, name, due, timer) \
         SELECT partner, conversation, 'silence', ?2 + peer * 1000000, '{\"t\":\"silence\",\"entry\":0}' FROM conversations \
         WHERE ?1 > 0",
        from,
    )?;
    connection.execute_batch("COMMIT")
}
