//! Ten connections serve a thousand partners.

use std::{sync::Arc, time::Instant};

use futures::future::join_all;
use voronka_core::{message::Inbound, ports::Journal, rows::TurnCommit};
use voronka_testkit::journal::sample;

use super::InDatabase;
use crate::PostgresStore;

const PARTNERS: usize = 1_000;
const CONVERSATIONS: usize = 3;

/// A customer writes and is answered; how long that took.
async fn turn(store: PostgresStore, inbound: Inbound, begun: Instant) -> f64 {
    let key = inbound.conversation();
    store.post(vec![inbound.clone()]).await.unwrap();
    let mail = store.mail(&key, 10).await.unwrap();
    assert_eq!(mail.len(), 1);
    let loaded = store.load(&key, 10).await.unwrap();
    let turn = TurnCommit { consumed: vec![mail[0].seq], ..sample::full_turn(&key, &inbound, loaded.version) };
    store.commit(Arc::new(turn)).await.unwrap();
    begun.elapsed().as_secs_f64()
}

/// All customers of all partners write in the same moment. Nobody is refused or told to come again, and of connections there are
/// never more than ten.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_connections_serve_a_thousand_partners_at_once() {
    let fixture = InDatabase::new().await;
    let store = &fixture.store;
    let begun = Instant::now();
    let of_partner = |partner: usize| {
        let partner = sample::partner(&format!("shop-{partner}"));
        (0..CONVERSATIONS).map(move |peer| sample::text(&partner, &format!("peer-{peer}"), &peer.to_string(), "Торт?"))
    };
    let turns = (0..PARTNERS).flat_map(of_partner).map(|inbound| tokio::spawn(turn(store.clone(), inbound, begun)));
    let done = join_all(turns).await;
    let mut seconds: Vec<f64> = done.into_iter().map(|turn| turn.expect("its turn is written")).collect();
    seconds.sort_by(f64::total_cmp);
    // None that was opened has rested long enough to be closed.
    let open = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let open: usize = fixture.database.run(open).parse().unwrap();
    assert!(open <= 10, "{open} connections");
    let written = "SELECT count(*), count(DISTINCT partner) FROM voronka.conversations WHERE version = 1";
    assert_eq!(fixture.database.run(written), format!("{}|{PARTNERS}", PARTNERS * CONVERSATIONS));
    assert_eq!(fixture.database.run("SELECT count(*) FROM voronka.mailbox"), "0");
    let of = |part: usize| seconds[(seconds.len() - 1) * part / 100];
    println!(
        "{} turns: first {:.2} s, p50 {:.2} s, p99 {:.2} s, last {:.2} s",
        seconds.len(),
        of(0),
        of(50),
        of(99),
        of(100)
    );
}
