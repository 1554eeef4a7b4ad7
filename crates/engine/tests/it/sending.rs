//! The way out: order per peer, pace, retries, lanes.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use voronka_core::{
    capabilities::{Capabilities, Has, Pace},
    ids::{AccountId, PartnerId},
    message::{Inbound, Peer, TeamAction},
    ports::{Arrivals, Clock, Directory, Page, SendError, StoreError},
    rows::{Lane, OutboxRow},
};
use voronka_engine::Engine;
use voronka_testkit::{channel::roomy, journal::Call, model::ScriptedModel};

use crate::stage::{CONFIG, Stage, account, bubble, echo, key_of, notice, partner, quiet, soon, until, words};

fn paced(burst: u32) -> Capabilities {
    let pace = Pace { peer_pause: Duration::from_secs(1), peer_burst: burst, account_per_s: 30 };
    Capabilities { pace: Some(pace), ..roomy() }
}

fn numbered(who: &str, count: usize) -> Vec<OutboxRow> {
    (1..=count).map(|n| bubble(who, &format!("{n}"))).collect()
}

#[tokio::test]
async fn the_second_bubble_waits_while_the_first_is_tried_again() {
    let stage = Stage::new();
    stage.telegram.fail_next(SendError::Unavailable("502".into()));
    stage.left(numbered("anna", 3)).await;
    stage.engine.start().await.unwrap();
    quiet().await;
    assert_eq!((stage.seen("anna").len(), stage.telegram.attempts()), (0, 1));
    stage.pass(SignedDuration::from_secs(1)).await;
    assert_eq!(stage.seen("anna"), ["1", "2", "3"]);
    until(|| stage.store.outbox().is_empty()).await;
}

#[tokio::test]
async fn one_peer_in_trouble_does_not_hold_up_the_others() {
    let stage = Stage::new();
    stage.telegram.break_peer(&Peer::new("anna"), SendError::Unavailable("502".into()));
    stage.left([numbered("anna", 2), numbered("boris", 2)].concat()).await;
    stage.engine.start().await.unwrap();
    soon(stage.telegram.until_shown(2)).await;
    assert_eq!(stage.seen("boris"), ["1", "2"]);
    stage.pass(SignedDuration::from_mins(5)).await;
    stage.telegram.mend(&Peer::new("anna"));
    stage.pass(SignedDuration::from_mins(1)).await;
    assert_eq!(stage.seen("anna"), ["1", "2"]);
}

/// PAINS 12.
#[tokio::test]
async fn a_reply_whose_second_bubble_fails_is_not_sent_from_the_first_again() {
    let capabilities = Capabilities { text_max: 60, ..roomy() };
    let model = ScriptedModel::saying(
        "Первое предложение про вишню и пироги. Второе предложение про малину и торты. Третье про сливу и печенье.",
    );
    let stage = Stage::with(CONFIG, capabilities, model);
    stage.engine.start().await.unwrap();
    stage.telegram.hold();
    stage.says("anna", "1", "вишня").await;
    until(|| !stage.store.outbox().is_empty()).await;
    let all: Vec<_> = stage.store.outbox().into_iter().map(|row| row.bubble.text.text).collect();
    assert!(all.len() >= 3, "{all:?}");
    stage.telegram.release();
    soon(stage.telegram.until_shown(1)).await;
    stage.telegram.break_peer(&Peer::new("anna"), SendError::Unavailable("502".into()));
    stage.pass(SignedDuration::from_secs(3)).await;
    stage.telegram.mend(&Peer::new("anna"));
    stage.pass(SignedDuration::from_secs(10)).await;
    assert_eq!(stage.seen("anna"), all);
}

#[tokio::test]
async fn a_plea_to_slow_down_holds_the_whole_account_and_no_other() {
    let stage = Stage::new();
    stage.telegram.fail_next(SendError::Limited { after: Duration::from_secs(30) });
    stage.left(vec![bubble("anna", "1")]).await;
    stage.engine.start().await.unwrap();
    quiet().await;
    assert_eq!(stage.telegram.attempts(), 1);
    stage.says("boris", "1", "вишня").await;
    stage.engine.receive(Inbound { account: account("web"), ..words("vera", "1", "малина") }).await.unwrap();
    soon(stage.web.until_shown(1)).await;
    stage.pass(SignedDuration::from_secs(29)).await;
    assert_eq!(stage.telegram.attempts(), 1, "nothing was tried before its time");
    stage.pass(SignedDuration::from_secs(2)).await;
    assert_eq!((stage.seen("anna").len(), stage.seen("boris").len()), (1, 1));
}

#[tokio::test]
async fn a_plea_for_more_than_a_calendar_holds_is_no_catastrophe() {
    let stage = Stage::new();
    stage.telegram.fail_next(SendError::Limited { after: Duration::MAX });
    stage.telegram.fail_next(SendError::Limited { after: Duration::from_secs(u64::try_from(i64::MAX).unwrap()) });
    stage.left(numbered("anna", 1)).await;
    stage.engine.start().await.unwrap();
    quiet().await;
    stage.clock.advance(SignedDuration::from_hours(24));
    quiet().await;
    assert_eq!(stage.telegram.attempts(), 2);
}

#[tokio::test]
async fn who_blocked_us_is_marked_and_nothing_more_is_sent() {
    let stage = Stage::started().await;
    stage.telegram.break_peer(&Peer::new("anna"), SendError::Blocked);
    stage.says("anna", "1", "вишня").await;
    until(|| stage.store.outbox().is_empty() && stage.store.mail_waiting() == 0).await;
    quiet().await;
    let facts = stage.store.facts(&partner(), key_of("anna").first_customer());
    assert!(facts.iter().any(|fact| fact.name == "reachable" || fact.data.contains("blocked")), "{facts:?}");
    stage.telegram.mend(&Peer::new("anna"));
    stage.team("anna", "2", TeamAction::Reply { text: "Вы здесь?".into() }).await;
    until(|| stage.store.mail_waiting() == 0).await;
    quiet().await;
    assert!(stage.seen("anna").is_empty());
}

#[tokio::test]
async fn a_refused_bubble_is_recorded_and_the_next_one_goes() {
    let stage = Stage::started().await;
    stage.telegram.fail_next(SendError::Refused("a button is too long".into()));
    stage.says("anna", "1", "вишня").await;
    until(|| stage.store.outbox().is_empty() && stage.store.mail_waiting() == 0).await;
    let facts = stage.store.facts(&partner(), key_of("anna").first_customer());
    assert!(facts.iter().any(|fact| fact.data.contains("a button is too long")), "{facts:?}");
    let notices = stage.store.notices(&partner(), Page::first(10)).await.unwrap();
    assert!(notices.iter().any(|notice| notice.about == "undelivered"), "{notices:?}");
    stage.says("anna", "2", "малина").await;
    until(|| !stage.seen("anna").is_empty()).await;
    assert!(stage.seen("anna")[0].contains("малина"));
}

/// What was heard of notices, by place.
#[derive(Default)]
struct Heard(Mutex<Vec<(String, Option<String>)>>);

impl Arrivals for Heard {
    fn heard(&self, _of: &PartnerId, _by: &AccountId, peer: &Peer, _at: Timestamp, failure: Option<&SendError>) {
        let failure = failure.map(ToString::to_string);
        self.0.lock().expect("nobody panics").push((peer.to_string(), failure));
    }
}

#[tokio::test]
async fn whether_notices_arrive_is_told_by_place_and_of_nothing_else() {
    let stage = Stage::new();
    let heard = Arc::new(Heard::default());
    let engine = stage.engine.clone().arrivals(heard.clone());
    stage.telegram.break_peer(&Peer::new("ivan"), SendError::Gone);
    stage.left(vec![notice("boris", "a card"), notice("ivan", "a card"), bubble("anna", "an answer")]).await;
    engine.start().await.unwrap();
    until(|| stage.store.outbox().is_empty()).await;
    let mut heard = std::mem::take(&mut *heard.0.lock().unwrap());
    heard.sort();
    assert_eq!(heard, [("boris".into(), None), ("ivan".into(), Some(SendError::Gone.to_string()))]);
}

#[tokio::test]
async fn without_a_key_an_unclear_send_is_tried_three_times_more_at_most() {
    let stage = Stage::new();
    stage.telegram.break_peer(&Peer::new("anna"), SendError::Unanswered("cut".into()));
    stage.left(numbered("anna", 1)).await;
    stage.engine.start().await.unwrap();
    stage.pass(SignedDuration::from_mins(10)).await;
    // The owner is told of it as well: that one is shown.
    assert_eq!(stage.telegram.attempts() - stage.telegram.sent().len(), 4);
    until(|| stage.store.outbox().is_empty()).await;
}

#[tokio::test]
async fn with_a_key_an_unclear_send_is_tried_until_it_is_clear_and_shown_once() {
    let stage = Stage::with(CONFIG, Capabilities { idempotent: Has::Yes, ..roomy() }, echo());
    for _ in 0..6 {
        stage.telegram.fail_next_after_showing(SendError::Unanswered("cut".into()));
    }
    stage.left(numbered("anna", 2)).await;
    stage.engine.start().await.unwrap();
    stage.pass(SignedDuration::from_mins(5)).await;
    assert_eq!((stage.seen("anna"), stage.telegram.attempts()), (vec!["1".to_owned(), "2".to_owned()], 8));
}

#[tokio::test]
async fn an_account_that_is_not_authorised_waits_as_a_whole() {
    let stage = Stage::new();
    stage.telegram.fail_next(SendError::Unauthorised);
    stage.left([numbered("anna", 1), numbered("boris", 1)].concat()).await;
    stage.telegram.hold();
    stage.engine.start().await.unwrap();
    quiet().await;
    stage.telegram.release();
    stage.pass(SignedDuration::from_secs(1)).await;
    assert_eq!((stage.seen("anna").len(), stage.seen("boris").len()), (1, 1));
}

#[tokio::test]
async fn of_a_campaign_a_burst_of_three_goes_at_once_and_then_one_a_second() {
    let stage = Stage::with(CONFIG, paced(3), echo());
    stage.left(numbered("anna", 6).into_iter().map(campaign).collect()).await;
    stage.engine.start().await.unwrap();
    quiet().await;
    assert_eq!(stage.seen("anna").len(), 3);
    for n in 4..=6 {
        stage.pass(SignedDuration::from_millis(900)).await;
        assert_eq!(stage.seen("anna").len(), n - 1);
        stage.pass(SignedDuration::from_millis(100)).await;
        assert_eq!(stage.seen("anna").len(), n);
    }
}

fn campaign(row: OutboxRow) -> OutboxRow {
    OutboxRow { lane: Lane::Campaign, ..row }
}

#[tokio::test]
async fn answers_go_at_once_until_the_messenger_asks_to_slow_down() {
    let stage = Stage::with(CONFIG, paced(1), echo());
    stage.left(numbered("anna", 5)).await;
    stage.engine.start().await.unwrap();
    quiet().await;
    assert_eq!(stage.seen("anna").len(), 5);
    stage.telegram.fail_next(SendError::Limited { after: Duration::from_secs(2) });
    stage.says("boris", "1", "привет").await;
    quiet().await;
    stage.says("vera", "2", "привет").await;
    quiet().await;
    assert_eq!((stage.seen("boris").len(), stage.seen("vera").len()), (0, 0));
    stage.pass(SignedDuration::from_millis(2_100)).await;
    assert_eq!((stage.seen("boris").len(), stage.seen("vera").len()), (1, 1));
}

#[tokio::test]
async fn an_account_sends_no_more_a_second_than_its_messenger_takes() {
    let pace = Pace { peer_pause: Duration::from_secs(1), peer_burst: 1, account_per_s: 10 };
    let stage = Stage::with(CONFIG, Capabilities { pace: Some(pace), ..roomy() }, echo());
    stage.left((0..40).map(|n| campaign(bubble(&format!("guest-{n}"), "1"))).collect()).await;
    stage.engine.start().await.unwrap();
    quiet().await;
    assert_eq!(stage.telegram.sent().len(), 1);
    for second in 1..4 {
        stage.pass(SignedDuration::from_secs(1)).await;
        assert_eq!(stage.telegram.sent().len(), 1 + second * 10);
    }
}

#[tokio::test]
async fn dialogues_go_before_notices() {
    let pace = Pace { peer_pause: Duration::ZERO, peer_burst: 1, account_per_s: 1 };
    let stage = Stage::with(CONFIG, Capabilities { pace: Some(pace), ..roomy() }, echo());
    let notices = (0..5).map(|n| notice(&format!("owner-{n}"), "карточка"));
    let answers = (0..5).map(|n| bubble(&format!("guest-{n}"), "ответ"));
    stage.left(notices.chain(answers).collect()).await;
    stage.engine.start().await.unwrap();
    for _ in 0..12 {
        stage.pass(SignedDuration::from_secs(1)).await;
    }
    let sent: Vec<_> = stage.telegram.sent().into_iter().map(|sent| sent.bubble.text.text).collect();
    assert_eq!(sent, [["ответ"; 5], ["карточка"; 5]].concat());
}

#[tokio::test]
async fn a_bubble_that_is_past_its_time_is_not_sent() {
    let stage = Stage::new();
    let late = OutboxRow { expires: Some(stage.clock.now()), ..bubble("anna", "поздно") };
    stage.left(vec![late, bubble("anna", "вовремя")]).await;
    stage.engine.start().await.unwrap();
    soon(stage.telegram.until_shown(1)).await;
    quiet().await;
    assert_eq!(stage.seen("anna"), ["вовремя"]);
    until(|| stage.store.outbox().is_empty()).await;
}

#[tokio::test]
async fn a_bubble_is_given_up_after_a_day() {
    let stage = Stage::new();
    stage.telegram.break_peer(&Peer::new("anna"), SendError::Unavailable("502".into()));
    stage.left(numbered("anna", 1)).await;
    stage.engine.start().await.unwrap();
    quiet().await;
    stage.clock.advance(SignedDuration::from_hours(25));
    until(|| stage.store.outbox().is_empty()).await;
}

#[tokio::test]
async fn a_clock_that_jumps_ahead_by_a_day_gives_no_bubble_up() {
    let stage = Stage::new();
    stage.telegram.break_peer(&Peer::new("anna"), SendError::Unavailable("503".into()));
    stage.left(numbered("anna", 1)).await;
    stage.engine.start().await.unwrap();
    quiet().await;
    stage.clock.set(stage.clock.now() + SignedDuration::from_hours(25));
    stage.pass(SignedDuration::from_secs(10)).await;
    stage.telegram.mend(&Peer::new("anna"));
    stage.pass(SignedDuration::from_mins(1)).await;
    assert_eq!(stage.seen("anna"), ["1"]);
}

#[tokio::test]
async fn an_answer_outlives_a_minute_in_which_the_messenger_breaks_down() {
    let stage = Stage::new();
    stage.telegram.break_peer(&Peer::new("anna"), SendError::Unanswered("502".into()));
    stage.left(numbered("anna", 1)).await;
    stage.engine.start().await.unwrap();
    stage.pass(SignedDuration::from_secs(60)).await;
    stage.telegram.mend(&Peer::new("anna"));
    stage.pass(SignedDuration::from_secs(10)).await;
    assert_eq!(stage.seen("anna"), ["1"]);
}

#[tokio::test]
async fn an_adapter_that_never_ends_holds_nobody_up_for_ever() {
    let stage = Stage::new();
    stage.telegram.hold();
    stage.left((0..100).map(|n| bubble(&format!("guest-{n}"), "1")).collect()).await;
    stage.engine.start().await.unwrap();
    quiet().await;
    assert_eq!(stage.telegram.attempts(), 0, "all places are taken");
    stage.pass(SignedDuration::from_secs(61)).await;
    stage.telegram.release();
    stage.pass(SignedDuration::from_mins(1)).await;
    let seen = (0..100).filter(|n| stage.seen(&format!("guest-{n}")) == ["1"]).count();
    assert_eq!(seen, 100);
}

#[tokio::test]
async fn bubbles_of_an_account_that_is_not_served_wait_until_it_is() {
    let stage = Stage::new();
    let other = OutboxRow { account: account("telegram-2"), ..bubble("anna", "привет") };
    stage.left(vec![other, bubble("anna", "здравствуйте")]).await;
    stage.engine.start().await.unwrap();
    soon(stage.telegram.until_shown(1)).await;
    quiet().await;
    assert_eq!(stage.store.outbox().len(), 1);
    stage.engine.serve(stage.partner(CONFIG).channel(account("telegram-2"), stage.web.clone()));
    soon(stage.web.until_shown(1)).await;
    until(|| stage.store.outbox().is_empty()).await;
}

#[tokio::test]
async fn an_account_that_is_taken_away_keeps_its_bubbles_until_it_is_back() {
    let stage = Stage::started().await;
    let without =
        voronka_engine::Partner::new(crate::stage::spec(CONFIG, &[])).channel(account("web"), stage.web.clone());
    stage.telegram.hold();
    stage.says("anna", "1", "вишня").await;
    stage.says("boris", "1", "вишня").await;
    until(|| stage.store.outbox().len() == 2).await;
    stage.telegram.fail_next(SendError::Unavailable("502".into()));
    stage.engine.serve(without);
    stage.telegram.release();
    stage.pass(SignedDuration::from_secs(30)).await;
    assert_eq!(stage.telegram.attempts(), 2, "what was under way ended");
    assert_eq!(stage.store.outbox().len(), 1);
    stage.engine.serve(stage.partner(CONFIG));
    soon(stage.telegram.until_shown(2)).await;
}

#[tokio::test]
async fn a_result_that_could_not_be_written_at_once_is_written_later() {
    let stage = Stage::started().await;
    for _ in 0..4 {
        stage.store.fail_next(Call::Settle, StoreError::Busy("held".into()));
    }
    stage.telegram.fail_next(SendError::Blocked);
    stage.says("anna", "1", "вишня").await;
    stage.pass(SignedDuration::from_secs(5)).await;
    until(|| stage.store.outbox().is_empty() && stage.store.mail_waiting() == 0).await;
    assert_eq!(stage.telegram.attempts(), 1);
}

#[tokio::test]
async fn while_results_cannot_be_written_no_more_is_sent_than_a_restart_may_double() {
    let stage = Stage::new();
    stage.left((0..3_000).map(|n| bubble(&format!("guest-{n}"), "1")).collect()).await;
    for _ in 0..250 {
        stage.store.fail_next(Call::Settle, StoreError::Full);
    }
    stage.engine.start().await.unwrap();
    stage.pass(SignedDuration::from_secs(20)).await;
    let sent = stage.telegram.attempts();
    assert!(sent < 128, "{sent} sent, none of them written");
    stage.pass(SignedDuration::from_secs(20)).await;
    until(|| stage.store.outbox().is_empty()).await;
    assert_eq!(stage.telegram.attempts(), 3_000);
}

#[tokio::test]
async fn a_process_that_dies_repeats_the_last_bubble_of_a_chat_alone_and_in_order() {
    let stage = Stage::new();
    stage.left([numbered("anna", 3), numbered("boris", 1)].concat()).await;
    for _ in 0..20 {
        stage.store.fail_next(Call::Settle, StoreError::Busy("held".into()));
    }
    stage.engine.start().await.unwrap();
    soon(stage.telegram.until_shown(2)).await;
    quiet().await;
    assert_eq!([stage.seen("anna"), stage.seen("boris")], [["1"], ["1"]]);
    stage.engine.abandon().await;
    let engine = Engine::new(stage.store.clone(), stage.clock.clone()).partner(stage.partner(CONFIG));
    engine.start().await.unwrap();
    stage.pass(SignedDuration::from_secs(10)).await;
    assert_eq!(stage.seen("anna"), ["1", "1", "2", "3"]);
    assert!(stage.store.outbox().is_empty());
}

#[tokio::test]
async fn people_hear_no_more_than_moments_later_that_the_store_is_back() {
    let stage = Stage::new();
    stage.left(numbered("anna", 2)).await;
    for _ in 0..20 {
        stage.store.fail_next(Call::Settle, StoreError::Busy("held".into()));
    }
    stage.engine.start().await.unwrap();
    stage.pass(SignedDuration::from_millis(2_100)).await;
    assert_eq!(stage.seen("anna"), ["1", "2"]);
}

#[tokio::test]
async fn a_channel_with_keys_sends_on_while_results_cannot_be_written() {
    let stage = Stage::with(CONFIG, Capabilities { idempotent: Has::Yes, ..roomy() }, echo());
    stage.left((0..500).map(|n| bubble(&format!("guest-{n}"), "1")).collect()).await;
    for _ in 0..20 {
        stage.store.fail_next(Call::Settle, StoreError::Full);
    }
    stage.engine.start().await.unwrap();
    soon(stage.telegram.until_shown(500)).await;
}

#[tokio::test]
async fn results_that_are_refused_for_good_end_the_sending_as_well() {
    let stage = Stage::new();
    stage.left((0..3_000).map(|n| bubble(&format!("guest-{n}"), "1")).collect()).await;
    for _ in 0..2_000 {
        stage.store.fail_next(Call::Settle, StoreError::Failed("no such table".into()));
    }
    stage.engine.start().await.unwrap();
    stage.pass(SignedDuration::from_secs(20)).await;
    let sent = stage.telegram.attempts();
    assert!(sent < 256, "{sent} sent, none of them written");
}

#[tokio::test]
async fn a_bubble_that_was_tried_for_a_day_is_given_up_however_often_the_process_was_restarted() {
    let stage = Stage::new();
    stage.telegram.break_peer(&Peer::new("anna"), SendError::Unavailable("502".into()));
    // A day has 1,440 minutes, and a pause is between three quarters of one and a whole one.
    stage.left(vec![OutboxRow { attempts: 2_000, ..bubble("anna", "1") }]).await;
    stage.engine.start().await.unwrap();
    until(|| stage.store.outbox().is_empty()).await;
    assert_eq!(stage.telegram.attempts(), 1);
}

#[tokio::test]
async fn a_restart_does_not_forget_how_often_a_bubble_was_tried() {
    let stage = Stage::new();
    stage.telegram.break_peer(&Peer::new("anna"), SendError::Unavailable("502".into()));
    stage.left(vec![bubble("anna", "1")]).await;
    stage.engine.start().await.unwrap();
    stage.pass(SignedDuration::from_secs(10)).await;
    let tried = stage.telegram.attempts();
    assert!(tried >= 4, "{tried}");
    until(|| usize::try_from(stage.store.outbox()[0].attempts) == Ok(tried)).await;
    stage.engine.abandon().await;
    let engine = Engine::new(stage.store.clone(), stage.clock.clone()).partner(stage.partner(CONFIG));
    engine.start().await.unwrap();
    stage.pass(SignedDuration::from_secs(4)).await;
    assert_eq!(stage.telegram.attempts(), tried + 1, "once at the start, and then the pause is as long as it was");
    stage.telegram.mend(&Peer::new("anna"));
    stage.pass(SignedDuration::from_secs(20)).await;
    soon(stage.telegram.until_shown(1)).await;
}
