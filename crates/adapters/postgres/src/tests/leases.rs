//! Several processes share the partners of one database.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use jiff::{Span, Timestamp};
use tokio::sync::watch;
use voronka_core::{
    ids::PartnerId,
    message::Timer,
    ports::{ADJUSTED, CommitError, Journal, KeyValues, PostedMail, SECRETS, Settled, StoreError, Transfer},
    rows::{DeadLetter, TimerRow},
};
use voronka_testkit::journal::sample;

use super::InDatabase;
use crate::{Editions, Heard, Instance, Leases, Pace, PostgresStore, Share, Word};

const QUICK: Pace = Pace {
    sign_every: Duration::from_millis(40),
    dead_after: Duration::from_millis(600),
    margin: Duration::from_millis(200),
};
/// Nobody dies of silence while a test runs.
const PATIENT: Pace =
    Pace { sign_every: Duration::from_millis(40), dead_after: Duration::from_hours(1), margin: Duration::from_secs(1) };

/// A process on the database.
struct Process {
    store: PostgresStore,
    leases: Leases,
    share: watch::Receiver<Share>,
}

impl Process {
    async fn joins(fixture: &InDatabase, name: &str, pace: Pace, able: &[&str]) -> Self {
        let store = PostgresStore::open(&fixture.app()).await.unwrap();
        let instance = Instance { name: name.to_owned(), address: None };
        let leases = store.join(instance, pace, None).await.unwrap();
        leases.able(set(able));
        let share = leases.share();
        Self { store, leases, share }
    }

    async fn until(&mut self, what: impl FnMut(&Share) -> bool) -> Share {
        self.share.wait_for(what).await.unwrap().clone()
    }

    /// Serves its share: lets go of what is another's at once. Returns when it has so many.
    async fn serves(&mut self, count: usize, before: &BTreeSet<PartnerId>) -> BTreeSet<PartnerId> {
        let ours = self.until(|share| share.ours.len() == count).await.ours;
        before.difference(&ours).for_each(|partner| self.leases.let_go(partner));
        ours
    }
}

fn set(names: &[&str]) -> BTreeSet<PartnerId> {
    names.iter().map(|name| sample::partner(name)).collect()
}

const ALL: [&str; 5] = ["a", "b", "c", "d", "e"];

#[tokio::test]
async fn partners_are_shared_evenly_and_one_that_dies_is_replaced() {
    let fixture = InDatabase::new().await;
    let mut first = Process::joins(&fixture, "first", QUICK, &ALL).await;
    let all = first.serves(5, &BTreeSet::new()).await;
    let mut second = Process::joins(&fixture, "second", QUICK, &ALL).await;
    let kept = first.serves(3, &all).await;
    let moved = second.serves(2, &BTreeSet::new()).await;
    assert!(kept.is_disjoint(&moved) && kept.union(&moved).count() == 5);
    let told = second.until(|share| share.holders.len() == 5).await;
    assert!(kept.iter().all(|partner| told.holders[partner].name == "first"));
    assert_eq!(told.living.len(), 2);
    // It gives no sign of life any more, and lets go of nothing.
    drop(first.leases);
    second.serves(5, &moved).await;
    assert!(kept.iter().all(|partner| !first.store.holds(partner)), "it knows by its own clock");
}

#[tokio::test]
async fn who_leaves_is_replaced_at_once() {
    let fixture = InDatabase::new().await;
    let mut first = Process::joins(&fixture, "first", PATIENT, &["a"]).await;
    first.until(|share| share.ours.len() == 1).await;
    let mut second = Process::joins(&fixture, "second", PATIENT, &["a"]).await;
    second.until(|share| share.living.len() == 2).await;
    first.leases.leave().await.unwrap();
    // Who lives and who holds what is read one after the other: the one may be known before the other.
    second.until(|share| share.ours.len() == 1 && share.living.len() == 1).await;
}

/// Killed, and started again in the same place: nobody need wait until it is dead by the clock.
#[tokio::test]
async fn who_is_known_to_be_gone_is_replaced_at_once() {
    let fixture = InDatabase::new().await;
    let mut killed = Process::joins(&fixture, "one", PATIENT, &["a"]).await;
    killed.until(|share| share.ours.len() == 1).await;
    let id = killed.leases.id();
    drop(killed);
    let store = PostgresStore::open(&fixture.app()).await.unwrap();
    let again = store.join(Instance { name: "one".into(), address: None }, PATIENT, Some(&id)).await.unwrap();
    again.able(set(&["a"]));
    again.share().wait_for(|share| share.ours.len() == 1).await.unwrap();
}

/// A process that stood still while another took its partner over wakes up in the middle of its work.
#[tokio::test]
async fn who_was_paused_writes_and_sends_nothing_after_another_took_over() {
    let fixture = InDatabase::new().await;
    let korica = sample::partner("korica");
    let mut paused = Process::joins(&fixture, "paused", QUICK, &["korica"]).await;
    paused.until(|share| share.ours.len() == 1).await;
    let (inbound, key) =
        (sample::text(&korica, "anna", "1", "Торт?"), sample::text(&korica, "anna", "1", "").conversation());
    let turn = |expected| Arc::new(sample::full_turn(&key, &inbound, expected));
    paused.store.post(vec![inbound.clone()]).await.unwrap();
    paused.store.commit(turn(0)).await.unwrap();
    assert!(paused.store.holds(&korica));
    let Process { store: paused, leases, .. } = paused;
    drop(leases);
    let mut next = Process::joins(&fixture, "next", QUICK, &["korica"]).await;
    next.until(|share| share.ours.len() == 1).await;
    assert!(!paused.holds(&korica));
    let before = voronka_testkit::journal::suite::furnish(&fixture.store, &sample::partner("nega")).await;
    let load = async || (next.store.load(&key, 100).await.unwrap(), next.store.mail(&key, 100).await.unwrap());
    let (stored, bubbles) = (load().await, next.store.unsent(i64::MIN, 100).await.unwrap());
    assert_eq!(paused.commit(turn(1)).await, Err(CommitError::Store(StoreError::Elsewhere)));
    let bubble = bubbles.iter().find(|(_, row)| row.conversation == key).map(|(_, row)| row.id).expect("one waits");
    let sent = |partner: &PartnerId, id| Settled::Sent { partner: partner.clone(), id };
    assert_eq!(paused.settle(vec![sent(&korica, bubble)]).await, Err(StoreError::Elsewhere));
    let letter = DeadLetter { mail: vec![], key: key.clone(), cause: "?".into(), at: inbound.at, told: None };
    assert_eq!(paused.set_aside(letter).await, Err(StoreError::Elsewhere));
    let late = inbound.at + Span::new().hours(100);
    assert_eq!(paused.fire(late, 100).await.unwrap().conversations, []);
    assert_eq!((load().await, next.store.unsent(i64::MIN, 100).await.unwrap()), (stored, bubbles));
    next.store.commit(turn(1)).await.unwrap();
    drop(before);
}

/// What it writes together with others' costs these nothing.
#[tokio::test]
async fn what_is_refused_is_left_out_of_its_transaction_alone() {
    let fixture = InDatabase::new().await;
    let (korica, nega) = (sample::partner("korica"), sample::partner("nega"));
    let mut one = Process::joins(&fixture, "one", PATIENT, &["nega"]).await;
    one.until(|share| share.ours.len() == 1).await;
    let inbound = |partner: &PartnerId| sample::text(partner, "anna", "1", "Торт?");
    let turn = |partner| Arc::new(sample::full_turn(&inbound(partner).conversation(), &inbound(partner), 0));
    let (posted, refused, written) = futures::join!(
        one.store.post(vec![inbound(&korica), inbound(&nega)]),
        one.store.commit(turn(&korica)),
        one.store.commit(turn(&nega)),
    );
    assert!(posted.unwrap().iter().all(|posted| matches!(posted, PostedMail::New(..))), "anybody may post");
    assert_eq!(refused, Err(CommitError::Store(StoreError::Elsewhere)));
    assert_eq!(written, Ok(()));
}

#[tokio::test]
async fn mail_that_another_posts_is_heard_of_by_who_serves() {
    let fixture = InDatabase::new().await;
    let korica = sample::partner("korica");
    let mut holder = Process::joins(&fixture, "holder", QUICK, &["korica"]).await;
    holder.until(|share| share.ours.len() == 1).await;
    let other = Process::joins(&fixture, "other", QUICK, &[]).await;
    let inbound = |peer: &str, n: &str| sample::text(&korica, peer, n, "Торт?");
    holder.store.post(vec![inbound("anna", "1")]).await.unwrap();
    other.store.post(vec![inbound("boris", "2"), inbound("boris", "3")]).await.unwrap();
    assert_eq!(holder.store.news().await.unwrap(), [inbound("boris", "2").conversation()]);
    // Nobody's, as the command line is.
    fixture.store.post(vec![inbound("vera", "4")]).await.unwrap();
    assert_eq!(holder.store.news().await.unwrap(), [inbound("vera", "4").conversation()]);
    // Whoever believes that a partner is its own, and is wrong.
    let Process { store: paused, leases, .. } = holder;
    drop(leases);
    let mut next = Process::joins(&fixture, "next", QUICK, &["korica"]).await;
    next.until(|share| share.ours.len() == 1).await;
    paused.post(vec![inbound("gleb", "5")]).await.unwrap();
    assert_eq!(next.store.news().await.unwrap(), [inbound("gleb", "5").conversation()]);
}

#[tokio::test]
async fn a_partner_goes_to_whom_it_is_wanted_by_and_to_nobody_while_it_is_stopped() {
    let fixture = InDatabase::new().await;
    let all = set(&["a", "b"]);
    let mut first = Process::joins(&fixture, "first", PATIENT, &["a", "b"]).await;
    let mut second = Process::joins(&fixture, "second", PATIENT, &["a", "b"]).await;
    first.until(|share| share.living.len() == 2 && !share.ours.is_empty()).await;
    fixture.store.want(&all.iter().cloned().collect::<Vec<_>>(), Some("second")).await.unwrap();
    first.serves(0, &all).await;
    second.serves(2, &BTreeSet::new()).await;
    fixture.store.say(&sample::partner("a"), Word::Stop).await.unwrap();
    let left = second.serves(1, &all).await;
    assert_eq!(left, set(&["b"]));
    first.until(|share| !share.holders.contains_key(&sample::partner("a")) && share.stopped == set(&["a"])).await;
    fixture.store.say(&sample::partner("a"), Word::Start).await.unwrap();
    second.serves(2, &left).await;
}

#[tokio::test]
async fn one_that_was_removed_is_served_by_nobody_who_still_knows_it_until_one_of_its_name_is_admitted() {
    let fixture = InDatabase::new().await;
    let (anna, say) = (sample::partner("anna"), async |word| fixture.store.say(&sample::partner("anna"), word).await);
    let mut one = Process::joins(&fixture, "one", PATIENT, &["anna"]).await;
    one.until(|share| share.ours == set(&["anna"])).await;
    for _ in 0..2 {
        assert_eq!(say(Word::Remove).await, Ok(Heard::Yes));
    }
    let share = one.until(|share| share.ours.is_empty() && share.removed == set(&["anna"])).await;
    assert_eq!((share.stopped, share.editions.len()), (set(&["anna"]), 0));
    assert_eq!(share.removals, [(anna.clone(), 1)].into(), "removed once, however often it is said");
    one.leases.let_go(&anna);
    one.until(|share| share.holders.is_empty()).await;
    // It has the folder still, or has been away: whatever is said and kept for the partner makes nothing of it.
    assert_eq!(say(Word::Start).await, Ok(Heard::WasRemoved));
    say(Word::Stop).await.unwrap();
    fixture.store.keep_value(&anna, SECRETS, "TOKEN", "1").await.unwrap();
    fixture.store.want(std::slice::from_ref(&anna), Some("one")).await.unwrap();
    fixture.store.unsay(&anna).await.unwrap();
    let looked = one.leases.look();
    let share = one.until(|share| share.follows >= looked).await;
    assert!(share.ours.is_empty() && share.holders.is_empty() && share.removed == set(&["anna"]), "{share:?}");
    say(Word::Admit).await.unwrap();
    let looked = one.leases.look();
    let share = one.until(|share| share.follows >= looked).await;
    assert!(share.ours.is_empty() && share.removed.is_empty() && share.stopped == set(&["anna"]), "{share:?}");
    assert_eq!(say(Word::Start).await, Ok(Heard::Yes));
    let share = one.until(|share| share.ours == set(&["anna"])).await;
    assert_eq!(share.removals, [(anna, 1)].into(), "whoever was away learns of it");
}

#[tokio::test]
async fn a_key_of_a_partner_that_nobody_knows_makes_no_partner() {
    let fixture = InDatabase::new().await;
    fixture.store.keep_value(&sample::partner("anna"), SECRETS, "TOKEN", "1").await.unwrap();
    assert_eq!(fixture.database.run("SELECT count(*) FROM voronka.leases"), "0");
}

/// Whoever ends what is a partner's must be who serves it, or nobody may.
#[tokio::test]
async fn what_another_serves_is_neither_erased_nor_forgotten() {
    let fixture = InDatabase::new().await;
    let korica = sample::partner("korica");
    let of = voronka_testkit::journal::suite::furnish(&fixture.store, &korica).await;
    let mut paused = Process::joins(&fixture, "paused", QUICK, &["korica"]).await;
    paused.until(|share| share.ours.len() == 1).await;
    let Process { store: paused, leases, .. } = paused;
    drop(leases);
    let mut next = Process::joins(&fixture, "next", QUICK, &["korica"]).await;
    next.until(|share| share.ours.len() == 1).await;
    // One that has lost it, and one that never shared.
    for store in [&paused, &fixture.store] {
        assert_eq!(store.erase(&korica).await, Err(StoreError::Elsewhere));
        assert_eq!(store.unsay(&korica).await, Err(StoreError::Elsewhere));
    }
    assert_eq!(next.store.load(&of.key, 9).await.unwrap().history.len(), 2);
    // Nobody holds it, and somebody may begin to at any moment.
    next.leases.able(BTreeSet::new());
    next.until(|share| share.ours.is_empty()).await;
    next.leases.let_go(&korica);
    next.until(|share| share.holders.is_empty()).await;
    assert_eq!(fixture.store.erase(&korica).await, Err(StoreError::Elsewhere));
    fixture.store.say(&korica, Word::Stop).await.unwrap();
    assert!(fixture.store.erase(&korica).await.unwrap() > 0);
    fixture.store.unsay(&korica).await.unwrap();
    assert_eq!(fixture.database.run("SELECT count(*) FROM voronka.leases"), "0");
}

fn editions(secrets: i64, settings: i64) -> Editions {
    Editions { secrets, settings }
}

#[tokio::test]
async fn all_hear_that_a_partner_s_secrets_or_settings_have_changed_and_of_nothing_else_that_is_kept() {
    let fixture = InDatabase::new().await;
    let (anna, store) = (sample::partner("anna"), &fixture.store);
    let mut one = Process::joins(&fixture, "one", PATIENT, &["anna"]).await;
    one.until(|share| share.ours == set(&["anna"]) && share.editions.get(&anna) == Some(&editions(0, 0))).await;
    store.keep_value(&anna, SECRETS, "TOKEN", "1").await.unwrap();
    one.until(|share| share.editions.get(&anna) == Some(&editions(1, 0))).await;
    assert!(store.drop_value(&anna, SECRETS, "TOKEN").await.unwrap());
    one.until(|share| share.editions.get(&anna) == Some(&editions(2, 0))).await;
    store.keep_value(&anna, "file", "a", "1").await.unwrap();
    assert!(!store.drop_value(&anna, SECRETS, "TOKEN").await.unwrap());
    assert!(store.replace_value(&anna, "file", "a", Some("1"), "2").await.unwrap());
    let looked = one.leases.look();
    let share = one.until(|share| share.follows >= looked).await;
    assert_eq!(share.editions.get(&anna), Some(&editions(2, 0)));
    store.keep_value(&anna, ADJUSTED, "team", "{}").await.unwrap();
    one.until(|share| share.editions.get(&anna) == Some(&editions(2, 1))).await;
    assert!(store.replace_value(&anna, ADJUSTED, "team", Some("{}"), "{ }").await.unwrap());
    let share = one.until(|share| share.editions.get(&anna) == Some(&editions(2, 2))).await;
    assert!(share.ours.contains(&anna));
}

#[tokio::test]
async fn timers_are_fired_by_who_serves() {
    let fixture = InDatabase::new().await;
    let korica = sample::partner("korica");
    let mut holder = Process::joins(&fixture, "holder", PATIENT, &["korica"]).await;
    holder.until(|share| share.ours.len() == 1).await;
    let other = Process::joins(&fixture, "other", PATIENT, &[]).await;
    let inbound = sample::text(&korica, "anna", "1", "Торт?");
    let key = inbound.conversation();
    holder.store.post(vec![inbound.clone()]).await.unwrap();
    let mut turn = sample::full_turn(&key, &inbound, 0);
    turn.timers = vec![TimerRow::Set { due: inbound.at, timer: Timer::Wait }];
    holder.store.commit(Arc::new(turn)).await.unwrap();
    let late: Timestamp = inbound.at + Span::new().hours(10_000);
    let nothing = other.store.fire(late, 100).await.unwrap();
    assert_eq!((nothing.conversations, nothing.next), (vec![], None));
    assert_eq!(holder.store.fire(late, 100).await.unwrap().conversations, [key]);
}

/// Nobody could give signs of life while the server was away: nobody is dead for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn connections_that_are_cut_cost_nobody_its_partners() {
    let fixture = InDatabase::new().await;
    let mut first = Process::joins(&fixture, "first", QUICK, &["a", "b"]).await;
    let all = first.serves(2, &BTreeSet::new()).await;
    let mut second = Process::joins(&fixture, "second", QUICK, &["a", "b"]).await;
    let kept = first.serves(1, &all).await;
    second.serves(1, &BTreeSet::new()).await;
    let epoch = "SELECT string_agg(epoch::text, ' ' ORDER BY partner) FROM voronka.leases";
    let before = fixture.database.run(epoch);
    for _ in 0..3 {
        fixture.database.end_connections();
        let seen = fixture.database.run("SELECT max(seen) FROM voronka.instances");
        while fixture.database.run("SELECT min(seen) FROM voronka.instances") <= seen {}
    }
    assert_eq!(fixture.database.run(epoch), before);
    assert!(first.store.holds(kept.iter().next().unwrap()));
}
