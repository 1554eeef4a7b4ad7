//! One who has much to do delays nobody else. Latency is counted in turns that went before and in time of the clock, which
//! stands still; nothing here sleeps.

use std::{sync::Arc, time::Duration};

use jiff::SignedDuration;
use voronka_core::{
    ids::PartnerId,
    message::{Inbound, Peer},
    ports::{Clock, Journal, Mailbox, SendError, StoreError},
    spec::partner::{PartnerFiles, PartnerSpec},
};
use voronka_engine::{Engine, Limits, Partner};
use voronka_sqlite::SqliteStore;
use voronka_testkit::{
    FakeClock,
    channel::{FakeChannel, roomy},
    journal::Call,
    model::{Gate, Reply, ScriptedModel},
};

use crate::stage::{CONFIG, PATIENT, Stage, account, bubble, echo, heard, quiet, soon, spec, until, words};

fn florist_id() -> PartnerId {
    PartnerId::parse("florist").expect("a partner id")
}

/// Two partners over a file: a bakery that is overrun and a florist who is not.
struct Street {
    engine: Engine,
    clock: Arc<FakeClock>,
    bakery: Arc<FakeChannel>,
    florist: Arc<FakeChannel>,
    _folder: tempfile::TempDir,
}

impl Street {
    fn new(limits: Limits, model: ScriptedModel) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let store = Arc::new(SqliteStore::open(folder.path().join("voronka.db")).expect("a file of our own"));
        let clock = Arc::new(FakeClock::at("2026-12-01T09:00:00Z"));
        let (bakery, florist) = (Arc::new(FakeChannel::default()), Arc::new(FakeChannel::default()));
        let files = PartnerFiles::from([("config.yaml".into(), "name: Цветы\naccounts: {telegram: {}}\n".into())]);
        let flowers = Arc::new(PartnerSpec::parse(florist_id(), &files).spec.expect("a name and an account"));
        let engine = Engine::new(store, clock.clone())
            .limits(limits)
            .partner(
                Partner::new(spec(PATIENT, &[])).model(Arc::new(model)).channel(account("telegram"), bakery.clone()),
            )
            .partner(Partner::new(flowers).model(Arc::new(echo())).channel(account("telegram"), florist.clone()));
        Self { engine, clock, bakery, florist, _folder: folder }
    }

    async fn crowd(&self, count: usize) {
        let batch = (0..count).map(|n| words(&format!("guest-{n}"), "1", "вишня")).collect();
        self.engine.post(batch).await.expect("kept");
    }

    async fn rose(&self, who: &str) {
        let inbound = Inbound { partner: florist_id(), ..words(who, "1", "розы") };
        self.engine.receive(inbound).await.expect("kept");
    }
}

#[tokio::test]
async fn a_conversation_with_ten_thousand_waiting_messages_delays_nobody() {
    let stage = Stage::with(CONFIG, roomy(), ScriptedModel::saying("Да."));
    let engine = stage.engine.clone().limits(Limits { turns: 1, partner_turns: 1, ..Limits::USUAL });
    engine.post((0..10_000).map(|n| words("crowd", &n.to_string(), "вишня")).collect()).await.unwrap();
    for n in 0..20 {
        stage.says(&format!("guest-{n}"), "1", "малина").await;
    }
    engine.start().await.unwrap();
    soon(stage.telegram.until_shown(21)).await;
    let before: Vec<_> = stage.telegram.sent().into_iter().map(|sent| sent.peer).collect();
    let crowd = before.iter().filter(|peer| **peer == Peer::new("crowd")).count();
    assert_eq!(crowd, 1, "one of its turns, and then everybody's");
    until(|| stage.store.mail_waiting() == 0).await;
    assert_eq!(stage.model.asked(), 20 + 10_000 / 200, "a turn takes so many and no more");
}

#[tokio::test]
async fn a_partner_with_thousands_of_customers_delays_no_other_by_more_than_a_turn() {
    let street = Street::new(Limits { turns: 1, partner_turns: 1, ..Limits::USUAL }, echo());
    street.crowd(600).await;
    street.engine.start().await.unwrap();
    for n in 0..5 {
        soon(street.bakery.until_shown(100 * (n + 1))).await;
        let before = street.bakery.sent().len();
        street.rose(&format!("anna-{n}")).await;
        soon(street.florist.until_shown(n + 1)).await;
        let turns = street.bakery.sent().len() - before;
        assert!(turns <= 5, "{turns} turns of the crowd went before one of the florist's");
    }
    soon(street.bakery.until_shown(600)).await;
    assert_eq!(street.clock.now().to_string(), "2026-12-01T09:00:00Z", "all of it at one moment");
}

#[tokio::test]
async fn a_partner_with_fifty_thousand_customers_who_all_write_delays_no_other_by_more_than_a_turn() {
    let street = Street::new(Limits { turns: 1, partner_turns: 1, ..Limits::USUAL }, echo());
    street.crowd(50_000).await;
    street.engine.start().await.unwrap();
    for n in 0..5 {
        soon(street.bakery.until_shown(20 * (n + 1))).await;
        let before = street.bakery.sent().len();
        street.rose(&format!("anna-{n}")).await;
        soon(street.florist.until_shown(n + 1)).await;
        let turns = street.bakery.sent().len() - before;
        assert!(turns <= 5, "{turns} turns of the crowd went before one of the florist's");
    }
    street.engine.abandon().await;
}

#[tokio::test]
async fn a_model_that_hangs_for_all_customers_of_a_partner_leaves_places_for_others() {
    let gate = Gate::closed();
    let closed = gate.clone();
    let street = Street::new(
        Limits { turns: 8, partner_turns: 8, ..Limits::USUAL },
        ScriptedModel::answering(move |_| Reply::text("Наконец.").after(&closed)),
    );
    street.engine.start().await.unwrap();
    street.crowd(500).await;
    soon(gate.reached_by(6)).await;
    quiet().await;
    for n in 0..20 {
        street.rose(&format!("anna-{n}")).await;
        soon(street.florist.until_shown(n + 1)).await;
    }
    assert_eq!(street.bakery.attempts(), 0, "the model still hangs");
    gate.open();
    soon(street.bakery.until_shown(500)).await;
}

/// A bakery whose model hangs for whoever asks about cherries.
fn hangs_for_cherries(gate: &Gate) -> ScriptedModel {
    let closed = gate.clone();
    ScriptedModel::answering(move |prompt| match heard(prompt) {
        cherries if cherries.contains("вишня") => Reply::text("Наконец.").after(&closed),
        _ => Reply::text("Да."),
    })
}

const FOUR_AN_ACCOUNT: Limits = Limits { turns: 64, partner_turns: 8, account_turns: 4, ..Limits::USUAL };

#[tokio::test]
async fn an_account_that_is_overrun_leaves_room_for_its_partners_other_accounts() {
    let gate = Gate::closed();
    let stage = Stage::with(PATIENT, roomy(), hangs_for_cherries(&gate));
    let engine = stage.engine.clone().limits(FOUR_AN_ACCOUNT);
    engine.start().await.unwrap();
    engine.post((0..200).map(|n| words(&format!("guest-{n}"), "1", "вишня")).collect()).await.unwrap();
    soon(gate.reached_by(4)).await;
    for n in 0..20 {
        let web = Inbound { account: account("web"), ..words(&format!("visitor-{n}"), "1", "слива") };
        engine.receive(web).await.unwrap();
        soon(stage.web.until_shown(n + 1)).await;
    }
    assert_eq!((stage.model.asked(), stage.telegram.attempts()), (4 + 20, 0), "the crowd has four turns and no more");
    gate.open();
    soon(stage.telegram.until_shown(200)).await;
}

#[tokio::test]
async fn the_limit_of_an_account_holds_for_what_the_last_run_left_and_all_of_it_is_answered() {
    let gate = Gate::closed();
    let stage = Stage::with(PATIENT, roomy(), hangs_for_cherries(&gate));
    let web = |n| Inbound { account: account("web"), ..words(&format!("visitor-{n}"), "1", "слива") };
    let left = (0..40).map(|n| words(&format!("guest-{n}"), "1", "вишня")).chain((0..40).map(web));
    stage.store.post(left.collect()).await.unwrap();
    let engine = stage.engine.clone().limits(FOUR_AN_ACCOUNT);
    engine.start().await.unwrap();
    soon(gate.reached_by(4)).await;
    soon(stage.web.until_shown(40)).await;
    quiet().await;
    assert_eq!(stage.model.asked(), 4 + 40, "whose mail it is shows when it is read");
    gate.open();
    soon(stage.telegram.until_shown(40)).await;
    quiet().await;
    assert_eq!((stage.telegram.sent().len(), stage.store.mail_waiting()), (40, 0));
}

/// PAINS 30.
#[tokio::test]
async fn what_waits_at_the_start_is_read_as_there_is_room_and_all_of_it_is_answered() {
    let street = Street::new(Limits { turns: 4, partner_turns: 4, ..Limits::USUAL }, echo());
    street.crowd(600).await;
    for n in 0..20 {
        street.rose(&format!("anna-{n}")).await;
    }
    street.engine.start().await.unwrap();
    soon(street.florist.until_shown(20)).await;
    let crowd = street.bakery.sent().len();
    assert!(crowd < 150, "{crowd} turns of the crowd went before the twenty of the florist");
    soon(street.bakery.until_shown(600)).await;
    quiet().await;
    assert_eq!(street.bakery.sent().len(), 600, "each once");
}

#[tokio::test]
async fn an_account_in_a_429_for_an_hour_delays_no_other_account() {
    let stage = Stage::started().await;
    stage.telegram.fail_next(SendError::Limited { after: Duration::from_hours(1) });
    stage.says("anna", "1", "вишня").await;
    quiet().await;
    let begun = stage.clock.now();
    for n in 0..50 {
        stage.says(&format!("guest-{n}"), "1", "малина").await;
        let web = Inbound { account: account("web"), ..words(&format!("visitor-{n}"), "1", "слива") };
        stage.engine.receive(web).await.unwrap();
        soon(stage.web.until_shown(n + 1)).await;
    }
    assert_eq!(stage.clock.now(), begun);
    assert_eq!(stage.telegram.sent().len(), 0);
    stage.clock.advance(SignedDuration::from_mins(61));
    stage.pass(SignedDuration::from_secs(30)).await;
    soon(stage.telegram.until_shown(51)).await;
}

#[tokio::test]
async fn mail_of_an_account_whose_outbox_is_full_waits_on_disk_and_is_served_when_there_is_room() {
    let stage = Stage::new();
    stage.telegram.hold();
    stage.left((0..10_000).map(|n| bubble(&format!("guest-{n}"), "1")).collect()).await;
    stage.engine.start().await.unwrap();
    for n in 0..30 {
        stage.says(&format!("late-{n}"), "1", "вишня").await;
    }
    quiet().await;
    assert_eq!((stage.model.asked(), stage.store.mail_waiting()), (0, 30));
    let web = Inbound { account: account("web"), ..words("anna", "1", "вишня") };
    stage.engine.receive(web).await.unwrap();
    soon(stage.web.until_shown(1)).await;
    stage.telegram.release();
    soon(stage.telegram.until_shown(10_030)).await;
    until(|| stage.store.mail_waiting() == 0).await;
}

#[tokio::test]
async fn whoever_comes_while_a_full_outbox_empties_does_not_overtake_those_who_wait_for_room() {
    let stage = Stage::new();
    stage.telegram.hold();
    stage.left((0..10_000).map(|n| bubble(&format!("guest-{n}"), "1")).collect()).await;
    stage.engine.start().await.unwrap();
    stage.says("anna", "1", "вишня").await;
    quiet().await;
    stage.telegram.release();
    soon(stage.telegram.until_shown(500)).await;
    stage.telegram.hold();
    quiet().await;
    let left = stage.store.outbox().len();
    assert!((5_001..10_000).contains(&left), "{left}");
    stage.says("boris", "1", "малина").await;
    quiet().await;
    assert_eq!(
        (stage.model.asked(), stage.store.mail_waiting()),
        (0, 2),
        "there is room for all who wait, or for none"
    );
    stage.telegram.release();
    soon(stage.telegram.until_shown(10_002)).await;
}

/// PAINS 10.
#[tokio::test]
async fn a_pause_after_a_failure_does_not_hold_up_a_fresh_message() {
    let stage = Stage::started().await;
    stage.store.fail_next(Call::Commit, StoreError::Busy("held".into()));
    stage.says("anna", "1", "вишня").await;
    quiet().await;
    assert_eq!(stage.telegram.attempts(), 0, "it waits before it tries again");
    let begun = stage.clock.now();
    stage.says("anna", "2", "малина").await;
    soon(stage.telegram.until_shown(1)).await;
    assert_eq!(stage.clock.now(), begun, "not a moment later");
    assert!(stage.seen("anna")[0].contains("вишня, малина"));
}

/// PAINS 9.
#[tokio::test]
async fn a_burst_is_one_turn_however_fast_it_comes() {
    let gate = Gate::closed();
    let model = ScriptedModel::answering(|_| Reply::text("Да."));
    for _ in 0..4 {
        model.push(Reply::text("Рано.").after(&gate));
    }
    let stage = Stage::with(CONFIG, roomy(), model);
    stage.engine.start().await.unwrap();
    stage.engine.post((0..100).map(|n| words("anna", &n.to_string(), "вишня")).collect()).await.unwrap();
    quiet().await;
    assert_eq!(stage.model.asked(), 1, "all hundred in one question");
    gate.open();
    soon(stage.telegram.until_shown(1)).await;
    quiet().await;
    assert_eq!(stage.seen("anna").len(), 1);
}
