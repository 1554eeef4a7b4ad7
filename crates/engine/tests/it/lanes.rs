//! Answers before everything else, one chat's trouble its own, nothing late, nothing out of order over restarts.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::SignedDuration;
use voronka_core::{
    capabilities::{Capabilities, Pace},
    ids::BubbleId,
    message::{Bubble, Peer, TeamAction},
    ports::{Channel, Clock, Journal, Receipt, SendError},
    rows::{Lane, OutboxRow},
};
use voronka_engine::{Engine, Partner};
use voronka_testkit::channel::{FakeChannel, roomy};

use crate::stage::{CONFIG, Stage, account, bubble, echo, key_of, leave, partner, quiet, soon, spec, until};

fn campaign(who: &str, text: &str) -> OutboxRow {
    OutboxRow { lane: Lane::Campaign, ..bubble(who, text) }
}

fn thirty_a_second() -> Capabilities {
    let pace = Pace { peer_pause: Duration::from_secs(1), peer_burst: 3, account_per_s: 30 };
    Capabilities { pace: Some(pace), ..roomy() }
}

/// PAINS 23.
#[tokio::test]
async fn an_answer_waits_behind_no_campaign() {
    let stage = Stage::with(CONFIG, thirty_a_second(), echo());
    stage.left((0..6_000).map(|n| campaign(&format!("guest-{n}"), "Скидка!")).collect()).await;
    stage.engine.start().await.unwrap();
    stage.pass(SignedDuration::from_secs(2)).await;
    for round in 1..=3 {
        let before = stage.telegram.sent().len();
        stage.says("anna", &round.to_string(), "вишня").await;
        stage.says("guest-5999", &round.to_string(), "малина").await;
        quiet().await;
        assert_eq!(stage.telegram.sent().len(), before + 2, "the clock stands still: no campaign goes meanwhile");
        assert_eq!((stage.seen("anna").len(), stage.seen("guest-5999").len()), (round, round));
        stage.pass(SignedDuration::from_secs(1)).await;
    }
}

#[tokio::test]
async fn after_a_plea_an_answer_is_the_first_thing_that_goes_and_nothing_is_doubled() {
    let stage = Stage::with(CONFIG, thirty_a_second(), echo());
    stage.telegram.fail_next(SendError::Limited { after: Duration::from_secs(10) });
    stage.left((0..300).map(|n| campaign(&format!("guest-{n}"), "Скидка!")).collect()).await;
    stage.engine.start().await.unwrap();
    quiet().await;
    let before = stage.telegram.sent().len();
    stage.says("anna", "1", "вишня").await;
    stage.pass(SignedDuration::from_secs(9)).await;
    assert_eq!(stage.telegram.sent().len(), before, "PAINS 24: nothing is tried while the messenger asked to wait");
    stage.pass(SignedDuration::from_secs(2)).await;
    assert_eq!(stage.telegram.sent()[before].peer, Peer::new("anna"));
    stage.pass(SignedDuration::from_secs(30)).await;
    let mut all: Vec<String> = stage.telegram.sent().iter().map(|sent| sent.peer.to_string()).collect();
    all.sort();
    all.dedup();
    assert_eq!((all.len(), stage.telegram.sent().len()), (301, 301));
}

/// PAINS 14: whoever wants no more, talks with a person or is forgotten gets none of what waited to be sent.
#[tokio::test]
async fn a_follow_up_that_waits_is_not_sent_after_a_stop_a_take_over_or_a_wish_to_be_forgotten() {
    let stage = Stage::with(CONFIG, thirty_a_second(), echo());
    // Three go at once, the others wait for the clock.
    let others = (0..3).map(|n| campaign(&format!("guest-{n}"), "Скидка!"));
    let guests = ["anna", "boris", "clara", "diana"];
    stage.left(others.chain(guests.map(|who| campaign(who, "Скидка!"))).collect()).await;
    stage.engine.start().await.unwrap();
    quiet().await;
    stage.says("anna", "1", "стоп").await;
    stage.team("boris", "2", TeamAction::TakeOver).await;
    stage.says("clara", "3", "удалите мои данные").await;
    quiet().await;
    let left = stage.store.outbox();
    let waits = |who: &str| left.iter().any(|row| row.lane == Lane::Campaign && row.peer == Peer::new(who));
    assert_eq!(guests.map(waits), [false, false, false, true], "{left:?}");
    stage.pass(SignedDuration::from_secs(10)).await;
    let told = |who: &str| stage.seen(who).iter().any(|text| text == "Скидка!");
    assert_eq!(guests.map(told), [false, false, false, true]);
    assert!(!stage.seen("anna").is_empty(), "she hears that she is not written to any more");
}

/// More than an account has in memory.
#[tokio::test]
async fn a_follow_up_that_waits_in_the_store_alone_is_not_sent_after_a_stop() {
    let stage = Stage::new();
    stage.telegram.hold();
    let guests: Vec<String> = (0..3_000).map(|n| format!("guest-{n}")).collect();
    stage.left(guests.iter().map(|who| campaign(who, "Скидка!")).collect()).await;
    stage.engine.start().await.unwrap();
    quiet().await;
    let stops = ["guest-100", "guest-1500", "guest-2999"];
    for (key, who) in stops.iter().enumerate() {
        stage.says(who, &key.to_string(), "стоп").await;
    }
    quiet().await;
    stage.telegram.release();
    stage.pass(SignedDuration::from_secs(10)).await;
    assert!(stage.store.outbox().is_empty(), "{}", stage.store.outbox().len());
    let told = stage.telegram.sent().iter().filter(|sent| sent.bubble.text.text == "Скидка!").count();
    assert_eq!(told, guests.len() - stops.len(), "the others get it");
    assert!(stops.iter().all(|who| stage.seen(who).len() == 1), "the word that they are not written to");
}

/// Nobody knows whether it arrived: it would be tried again.
#[tokio::test]
async fn a_follow_up_that_failed_is_not_tried_again_after_a_stop() {
    let stage = Stage::new();
    stage.telegram.hold();
    stage.left(vec![campaign("anna", "Скидка!")]).await;
    stage.engine.start().await.unwrap();
    quiet().await;
    stage.says("anna", "1", "стоп").await;
    quiet().await;
    stage.telegram.break_peer(&Peer::new("anna"), SendError::Unavailable("502".into()));
    stage.telegram.release();
    quiet().await;
    stage.telegram.mend(&Peer::new("anna"));
    stage.pass(SignedDuration::from_secs(120)).await;
    assert_eq!(stage.seen("anna").len(), 1, "the word that she is not written to any more");
}

#[tokio::test]
async fn a_chat_over_its_limit_holds_up_nobody_else() {
    let stage = Stage::new();
    stage.telegram.break_peer(&Peer::new("anna"), SendError::ChatLimited { after: Duration::from_secs(40) });
    stage.left(vec![bubble("anna", "1"), bubble("anna", "2"), bubble("boris", "1"), bubble("boris", "2")]).await;
    stage.engine.start().await.unwrap();
    soon(stage.telegram.until_shown(2)).await;
    assert_eq!(stage.seen("boris"), ["1", "2"]);
    stage.telegram.mend(&Peer::new("anna"));
    stage.pass(SignedDuration::from_secs(39)).await;
    assert!(stage.seen("anna").is_empty());
    stage.pass(SignedDuration::from_secs(3)).await;
    assert_eq!(stage.seen("anna"), ["1", "2"]);
}

/// A messenger that never answers for peers whose name begins with `slow`.
struct Slow(Arc<FakeChannel>);

#[async_trait]
impl Channel for Slow {
    fn capabilities(&self) -> &Capabilities {
        self.0.capabilities()
    }

    async fn send(&self, to: &Peer, bubble: &Bubble, id: BubbleId) -> Result<Receipt, SendError> {
        if to.as_str().starts_with("slow") {
            std::future::pending::<()>().await;
        }
        self.0.send(to, bubble, id).await
    }
}

#[tokio::test]
async fn slow_chats_do_not_stop_the_account_nor_a_slow_campaign_its_answers() {
    let stage = Stage::new();
    let slow = Arc::new(Slow(stage.telegram.clone()));
    stage.engine.serve(Partner::new(spec(CONFIG, &[])).channel(account("telegram"), slow));
    let chats = (0..10).map(|n| bubble(&format!("slow-{n}"), "1"));
    let crowd = (0..200).map(|n| campaign(&format!("slow-guest-{n}"), "Скидка!"));
    stage.left(crowd.chain(chats).chain([bubble("anna", "1"), bubble("anna", "2")]).collect()).await;
    stage.engine.start().await.unwrap();
    soon(stage.telegram.until_shown(2)).await;
    assert_eq!(stage.seen("anna"), ["1", "2"]);
}

/// PAINS 26.
#[tokio::test]
async fn what_is_late_is_not_sent_whether_it_was_held_tried_again_or_left_over() {
    let stage = Stage::new();
    let soon_late = stage.clock.now() + SignedDuration::from_secs(20);
    let expires = |row: OutboxRow| OutboxRow { expires: Some(soon_late), ..row };
    stage.telegram.break_peer(&Peer::new("anna"), SendError::Unavailable("502".into()));
    stage.telegram.break_peer(&Peer::new("boris"), SendError::Limited { after: Duration::from_mins(1) });
    stage
        .left(vec![expires(bubble("anna", "1")), expires(campaign("boris", "1")), expires(campaign("vera", "1"))])
        .await;
    // The engine was down until it was too late for Vera; the others were tried in time.
    stage.engine.start().await.unwrap();
    stage.pass(SignedDuration::from_secs(5)).await;
    stage.telegram.mend(&Peer::new("anna"));
    stage.telegram.mend(&Peer::new("boris"));
    stage.pass(SignedDuration::from_secs(90)).await;
    until(|| stage.store.outbox().is_empty()).await;
    assert!(stage.seen("anna").is_empty() && stage.seen("boris").is_empty(), "{:?}", stage.telegram.sent());
    let facts = stage.store.facts(&partner(), key_of("anna").first_customer());
    assert!(facts.iter().any(|fact| fact.name == "expired"), "{facts:?}");
}

#[tokio::test]
async fn bubbles_that_lay_over_while_nobody_sent_are_not_sent_when_late() {
    let stage = Stage::new();
    let night = stage.clock.now() + SignedDuration::from_hours(9);
    stage.left(vec![OutboxRow { expires: Some(night), ..campaign("anna", "Доброго дня!") }, bubble("anna", "1")]).await;
    stage.clock.advance(SignedDuration::from_hours(24));
    stage.engine.start().await.unwrap();
    soon(stage.telegram.until_shown(1)).await;
    until(|| stage.store.outbox().is_empty()).await;
    assert_eq!(stage.seen("anna"), ["1"]);
}

#[tokio::test]
async fn order_is_kept_over_a_crash_in_the_middle_of_trouble() {
    let stage = Stage::new();
    let all: Vec<String> = (1..=6).map(|n| n.to_string()).collect();
    stage.left(all.iter().map(|text| bubble("anna", text)).collect()).await;
    let mut engine = stage.engine.clone();
    for life in 0..6 {
        stage.telegram.break_peer(&Peer::new("anna"), SendError::Unavailable("502".into()));
        engine.start().await.unwrap();
        stage.pass(SignedDuration::from_secs(3)).await;
        stage.telegram.mend(&Peer::new("anna"));
        // One goes through, and its result is written; then the next fails, and the process dies.
        stage.telegram.fail_next(SendError::Unavailable("502".into()));
        let shown = stage.telegram.sent().len();
        for _ in 0..200 {
            if stage.telegram.sent().len() > shown {
                break;
            }
            stage.pass(SignedDuration::from_secs(1)).await;
        }
        stage.telegram.break_peer(&Peer::new("anna"), SendError::Unavailable("502".into()));
        quiet().await;
        engine.abandon().await;
        assert_eq!(stage.seen("anna"), all[..stage.seen("anna").len()], "life {life}");
        engine = Engine::new(stage.store.clone(), stage.clock.clone()).partner(stage.partner(CONFIG));
    }
    stage.telegram.mend(&Peer::new("anna"));
    engine.start().await.unwrap();
    soon(stage.telegram.until_shown(6)).await;
    assert_eq!(stage.seen("anna"), all);
}

#[tokio::test]
async fn a_campaign_goes_on_after_a_stop_in_its_middle() {
    let stage = Stage::with(CONFIG, thirty_a_second(), echo());
    stage
        .left((0..2_600).map(|n| campaign(&format!("guest-{}", n % 1_300), &format!("{}", n / 1_300))).collect())
        .await;
    stage.engine.start().await.unwrap();
    stage.pass(SignedDuration::from_secs(29)).await;
    soon(stage.engine.stop()).await;
    let before = stage.telegram.sent().len();
    assert!((500..1_000).contains(&before), "{before}");
    let next = Engine::new(stage.store.clone(), stage.clock.clone()).partner(stage.partner(CONFIG));
    next.start().await.unwrap();
    for _ in 0..3 {
        stage.pass(SignedDuration::from_secs(29)).await;
    }
    assert_eq!(stage.telegram.sent().len(), 2_600);
    for n in 0..1_300 {
        assert_eq!(stage.seen(&format!("guest-{n}")), ["0", "1"]);
    }
}

#[tokio::test]
async fn a_clock_that_is_set_back_does_not_hold_an_account_for_an_hour() {
    let stage = Stage::new();
    stage.telegram.fail_next(SendError::Limited { after: Duration::from_secs(10) });
    stage.left(vec![bubble("anna", "1")]).await;
    stage.engine.start().await.unwrap();
    quiet().await;
    stage.clock.set(stage.clock.now() - SignedDuration::from_hours(1));
    stage.says("boris", "1", "вишня").await;
    quiet().await;
    stage.pass(SignedDuration::from_secs(11)).await;
    assert_eq!((stage.seen("anna").len(), stage.seen("boris").len()), (1, 1));
}

/// What cannot be delivered to a customer is told to the conversation, and that says nothing to them.
#[tokio::test]
async fn a_customer_who_is_gone_is_not_written_to_again() {
    let stage = Stage::started().await;
    stage.telegram.break_peer(&Peer::new("anna"), SendError::Gone);
    stage.says("anna", "1", "вишня").await;
    until(|| stage.store.outbox().is_empty() && stage.store.mail_waiting() == 0).await;
    quiet().await;
    assert_eq!(stage.telegram.attempts(), 1);
    let facts = stage.store.facts(&partner(), key_of("anna").first_customer());
    assert!(facts.iter().any(|fact| fact.data.contains("gone")), "{facts:?}");
    let store: &dyn Journal = stage.store.as_ref();
    leave(store, Vec::new()).await;
    stage.telegram.mend(&Peer::new("anna"));
    stage.says("anna", "2", "малина").await;
    soon(stage.telegram.until_shown(1)).await;
}
