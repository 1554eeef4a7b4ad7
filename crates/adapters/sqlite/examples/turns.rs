//! How long a durable turn takes: post, load, commit and settle, many conversations at once.
//!
//! `cargo run --release -p voronka-sqlite --example turns -- [turns] [at once]`
#![expect(clippy::print_stdout, reason = "this is a program whose output is read by people")]

use std::time::Instant;

use futures::{StreamExt, stream};
use voronka_core::{
    message::Inbound,
    ports::{Journal, Settled},
    rows::TurnCommit,
};
use voronka_sqlite::SqliteStore;
use voronka_testkit::journal::sample;

/// Customers; each writes again and again.
const PEERS: usize = 1_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1).map(|arg| arg.parse::<usize>());
    let turns = args.next().transpose()?.unwrap_or(20_000);
    let at_once = args.next().transpose()?.unwrap_or(64);
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("turns.db");
    let store = SqliteStore::open(&path)?;
    let (begun, cpu_before) = (Instant::now(), cpu_micros());
    // Each lane serves its own customers, as the engine serves a conversation by one turn at a time.
    let lanes = stream::iter(0..at_once).map(|lane| {
        let store = store.clone();
        tokio::spawn(async move {
            for n in (lane..turns).step_by(at_once) {
                turn(&store, n, lane, at_once).await?;
            }
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
        })
    });
    let mut running = lanes.buffer_unordered(at_once);
    while let Some(done) = running.next().await {
        done?.map_err(|error| error.to_string())?;
    }
    drop(running);
    let count = u128::try_from(turns.max(1))?;
    println!("{turns} turns, {at_once} at once");
    println!("  wall     {:>8} µs a turn", begun.elapsed().as_micros() / count);
    if let (Some(before), Some(after)) = (cpu_before, cpu_micros()) {
        println!("  CPU      {:>8} µs a turn", u128::from(after - before) / count);
    }
    println!("  commits  {:>8}", store.commits());
    drop(store);
    println!("  growth   {:>8} bytes a turn", u128::from(std::fs::metadata(&path)?.len()) / count);
    Ok(())
}

async fn turn(
    store: &SqliteStore,
    n: usize,
    lane: usize,
    at_once: usize,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let peer = lane + (n / at_once % (PEERS / at_once).max(1)) * at_once;
    let inbound: Inbound = sample::text(
        &sample::partner("korica"),
        &format!("{}", 100_000_000 + peer),
        &format!("{}", 500_000_000 + n),
        "Здравствуйте! Сколько стоит торт «Медовик» на двенадцать человек и можно ли его к субботе?",
    );
    let key = inbound.conversation();
    store.post(vec![inbound.clone()]).await?;
    let mail = store.mail(&key, 50).await?;
    let loaded = store.load(&key, 20).await?;
    let full = sample::full_turn(&key, &inbound, loaded.version);
    let consumed = mail.iter().map(|mail| mail.seq).collect();
    let turn = TurnCommit { consumed, orders: Vec::new(), notices: Vec::new(), ..sample::upon(full, &loaded) };
    let id = turn.outbox[0].id;
    store.commit(turn.into()).await?;
    let sent = Settled::Sent { partner: key.partner, id };
    store.settle(vec![sent]).await?;
    Ok(())
}

/// CPU time of this process so far, where the system tells.
fn cpu_micros() -> Option<u64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: u64 = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    // A tick is a hundredth of a second on every Linux that we run on.
    Some(ticks * 10_000)
}
