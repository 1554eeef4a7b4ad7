//! Stores that fail, turns that cannot be computed.

use std::sync::{Arc, atomic::Ordering};

use async_trait::async_trait;
use jiff::SignedDuration;
use voronka_core::{
    ids::PartnerId,
    message::{ContactOf, Content, Inbound, TeamAction},
    ports::{ChatModel, Completion, Directory, Journal, Mailbox, ModelError, OnDelta, Page, Prompt, StoreError},
    spec::partner::{PartnerFiles, PartnerSpec},
};
use voronka_engine::{Engine, Partner, PutBack};
use voronka_sqlite::SqliteStore;
use voronka_testkit::{
    FakeClock,
    channel::FakeChannel,
    journal::{Call, MemoryStore},
    model::{Gate, Reply, ScriptedModel},
};

use crate::{
    stage::{CONFIG, Stage, account, customer, echo, key_of, partner, quiet, soon, spec, until, words},
    troubled::{POISON, Troubled},
};

#[tokio::test]
async fn a_turn_whose_version_is_stale_is_computed_again_and_committed_once() {
    let stage = Stage::started().await;
    stage.store.conflict_next();
    stage.says("anna", "1", "вишня").await;
    soon(stage.telegram.until_shown(1)).await;
    quiet().await;
    assert_eq!(stage.seen("anna").len(), 1);
    assert_eq!(stage.store.all_messages(&key_of("anna")).len(), 2);
    assert_eq!(stage.model.asked(), 2);
}

#[tokio::test]
async fn conflicts_without_end_are_tried_at_intervals() {
    let stage = Stage::started().await;
    for _ in 0..6 {
        stage.store.conflict_next();
    }
    stage.says("anna", "1", "вишня").await;
    quiet().await;
    assert_eq!(stage.model.asked(), 4, "then it waits");
    stage.pass(SignedDuration::from_secs(5)).await;
    soon(stage.telegram.until_shown(1)).await;
}

#[tokio::test]
async fn a_store_that_is_busy_is_waited_for() {
    let stage = Stage::started().await;
    for call in [Call::Mail, Call::Load, Call::Commit, Call::Settle] {
        stage.store.fail_next(call, StoreError::Busy("held".into()));
        stage.store.fail_next(call, StoreError::Full);
    }
    stage.says("anna", "1", "вишня").await;
    stage.pass(SignedDuration::from_secs(8)).await;
    soon(stage.telegram.until_shown(1)).await;
    until(|| stage.store.outbox().is_empty()).await;
    assert_eq!(stage.seen("anna").len(), 1);
}

/// Nobody searches a second time.
#[tokio::test]
async fn who_has_left_anothers_number_is_found_though_the_store_was_busy() {
    let stage = Stage::new();
    let config = format!("{CONFIG}contact: {{consent: texts/consent.md, version: '1'}}\n");
    let asking = Partner::new(spec(&config, &[("texts/consent.md", "Согласны?")]));
    stage.engine.serve(asking.channel(account("telegram"), stage.telegram.clone()));
    let _directory = stage.engine.clone().directory(stage.store.clone());
    stage.engine.start().await.unwrap();
    let number = || Content::Contact { phone: "+79990001122".into(), name: None, whose: ContactOf::Sender };
    for who in ["anna", "berta"] {
        for (key, said) in [("1", number()), ("2", Content::Text { text: "да".into() }), ("3", number())] {
            if (who, key) == ("berta", "1") {
                stage.store.fail_next(Call::Identities, StoreError::Busy("held".into()));
                stage.store.fail_next(Call::Identities, StoreError::Busy("held".into()));
            }
            stage.engine.receive(customer(who, key, said)).await.unwrap();
            stage.pass(SignedDuration::from_secs(5)).await;
        }
    }
    let of = async |who: &str| stage.store.conversation(&key_of(who), 1).await.unwrap().unwrap();
    assert_eq!(of("berta").await.same_as, [of("anna").await.card.customer]);
}

/// The model is paid by the word, and a disk may be full for hours.
#[tokio::test]
async fn a_full_disk_costs_one_call_of_the_model_a_message() {
    let stage = Stage::started().await;
    for _ in 0..8 {
        stage.store.fail_next(Call::Commit, StoreError::Full);
    }
    stage.says("anna", "1", "вишня").await;
    stage.pass(SignedDuration::from_secs(60)).await;
    soon(stage.telegram.until_shown(1)).await;
    assert_eq!(stage.model.asked(), 1);
    assert!(stage.store.dead_letters(&partner(), Page::first(10)).await.unwrap().is_empty());
}

#[tokio::test]
async fn who_writes_while_a_turn_cannot_be_written_gets_one_answer_to_all() {
    let stage = Stage::started().await;
    for _ in 0..8 {
        stage.store.fail_next(Call::Commit, StoreError::Busy("held".into()));
    }
    stage.says("anna", "1", "вишня").await;
    quiet().await;
    stage.says("anna", "2", "малина").await;
    stage.pass(SignedDuration::from_secs(60)).await;
    soon(stage.telegram.until_shown(1)).await;
    quiet().await;
    assert_eq!((stage.model.asked(), stage.seen("anna").len()), (2, 1));
    assert!(stage.seen("anna")[0].contains("вишня, малина"));
}

#[tokio::test]
async fn a_conversation_whose_rows_cannot_be_read_is_not_mute_for_ever() {
    let stage = Stage::started().await;
    stage.store.fail_next(Call::Load, StoreError::Failed("a stored state cannot be read".into()));
    stage.says("anna", "1", "вишня").await;
    until(|| stage.store.mail_waiting() == 0).await;
    let letters = stage.store.dead_letters(&partner(), Page::first(10)).await.unwrap();
    assert_eq!(letters[0].cause, "a stored state cannot be read");
    stage.says("anna", "2", "малина").await;
    soon(stage.telegram.until_shown(1)).await;
}

#[tokio::test]
async fn an_event_that_cannot_be_read_is_set_aside_and_the_rest_goes_on() {
    let stage = Stage::new();
    stage.store.post(["1", "2"].map(|n| words("anna", n, "вишня")).into()).await.unwrap();
    let mail = stage.store.mail(&key_of("anna"), 9).await.unwrap();
    stage.store.fail_next(Call::Mail, StoreError::Unreadable(mail[0].seq));
    stage.engine.start().await.unwrap();
    soon(stage.telegram.until_shown(1)).await;
    let letters = stage.store.dead_letters(&partner(), Page::first(10)).await.unwrap();
    assert_eq!((letters.len(), letters[0].cause.as_str()), (1, "a stored event cannot be read"));
    until(|| stage.store.mail_waiting() == 0).await;
}

#[tokio::test]
async fn a_turn_that_the_store_refuses_is_set_aside() {
    let stage = Stage::started().await;
    stage.store.fail_next(Call::Commit, StoreError::Failed("a constraint".into()));
    stage.says("anna", "1", "вишня").await;
    until(|| stage.store.mail_waiting() == 0).await;
    stage.says("anna", "2", "малина").await;
    soon(stage.telegram.until_shown(1)).await;
    let letters = stage.store.dead_letters(&partner(), Page::first(10)).await.unwrap();
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].cause, "a constraint");
}

/// Notices that tell of events that were set aside.
async fn told(stage: &Stage) -> Vec<String> {
    let notices = stage.store.notices(&partner(), Page::first(10)).await.expect("listed");
    notices.into_iter().filter(|notice| notice.about == "set_aside").map(|notice| notice.text).collect()
}

#[tokio::test]
async fn who_gets_no_answer_hears_that_a_person_will_give_it_and_the_team_hears_so_too() {
    let stage = Stage::started().await;
    stage.store.fail_next(Call::Commit, StoreError::Failed("a constraint".into()));
    stage.says("anna", "1", "вишня").await;
    soon(stage.telegram.until_shown(2)).await;
    assert!(stage.seen("anna")[0].contains("Передаю ваше сообщение коллеге"), "{:?}", stage.seen("anna"));
    let card = &stage.seen("111")[0];
    assert!(card.contains("клиенту сказано, что ответит человек") && card.contains("telegram"), "{card}");
    assert_eq!(told(&stage).await, std::slice::from_ref(card));
    until(|| stage.store.outbox().is_empty()).await;
}

#[tokio::test]
async fn of_one_trouble_people_hear_once_and_of_the_next_again() {
    let stage = Stage::started().await;
    for n in ["1", "2", "3"] {
        stage.store.fail_next(Call::Commit, StoreError::Failed("a constraint".into()));
        stage.says("anna", n, "вишня").await;
        until(|| stage.store.mail_waiting() == 0).await;
        quiet().await;
    }
    assert_eq!((stage.seen("anna").len(), stage.seen("111").len(), told(&stage).await.len()), (1, 1, 1));
    stage.says("anna", "4", "слива").await;
    soon(stage.telegram.until_shown(3)).await;
    assert!(stage.seen("anna")[1].contains("слива"), "the conversation goes on");
    quiet().await;
    stage.store.fail_next(Call::Commit, StoreError::Failed("a constraint".into()));
    stage.says("anna", "5", "вишня").await;
    soon(stage.telegram.until_shown(5)).await;
    assert_eq!((stage.seen("anna").len(), told(&stage).await.len()), (3, 2));
}

/// Nothing of the conversation can be read, neither for the turn nor for what is told.
#[tokio::test]
async fn who_cannot_be_read_hears_once_a_day_that_a_person_will_answer() {
    let stage = Stage::started().await;
    for n in ["1", "2"] {
        for _ in 0..2 {
            stage.store.fail_next(Call::Load, StoreError::Failed("a stored state cannot be read".into()));
        }
        stage.says("anna", n, "вишня").await;
        until(|| stage.store.mail_waiting() == 0).await;
        quiet().await;
    }
    assert_eq!((stage.seen("anna").len(), stage.seen("111").len(), told(&stage).await.len()), (1, 1, 1));
    assert_eq!(stage.store.dead_letters(&partner(), Page::first(10)).await.unwrap().len(), 2);
}

#[tokio::test]
async fn nobody_is_told_that_a_person_will_answer_where_a_person_speaks_already() {
    let stage = Stage::started().await;
    stage.team("anna", "0", TeamAction::TakeOver).await;
    until(|| stage.store.mail_waiting() == 0).await;
    quiet().await;
    stage.store.fail_next(Call::Commit, StoreError::Failed("a constraint".into()));
    stage.says("anna", "1", "вишня").await;
    until(|| stage.store.mail_waiting() == 0).await;
    quiet().await;
    assert!(stage.seen("anna").is_empty());
    assert!(told(&stage).await[0].contains("остался без ответа"));
}

#[tokio::test]
async fn a_damaged_store_costs_no_mail() {
    let stage = Stage::started().await;
    stage.store.fail_next(Call::Load, StoreError::Damaged("torn".into()));
    stage.says("anna", "1", "вишня").await;
    quiet().await;
    assert_eq!((stage.store.mail_waiting(), stage.telegram.attempts()), (1, 0));
    stage.says("anna", "2", "малина").await;
    soon(stage.telegram.until_shown(1)).await;
    assert!(stage.seen("anna")[0].contains("вишня, малина"));
}

/// What is kept in memory must not outlive the word of the store.
#[tokio::test]
async fn a_turn_begun_from_what_is_not_stored_any_more_is_computed_again() {
    let stage = Stage::started().await;
    stage.says("anna", "1", "вишня").await;
    soon(stage.telegram.until_shown(1)).await;
    // Somebody else writes a turn of the conversation.
    let other = Engine::new(stage.store.clone(), stage.clock.clone()).partner(stage.partner(CONFIG));
    other.start().await.unwrap();
    other.receive(words("anna", "2", "малина")).await.unwrap();
    soon(stage.telegram.until_shown(2)).await;
    other.stop().await;
    stage.says("anna", "3", "слива").await;
    soon(stage.telegram.until_shown(3)).await;
    let history = stage.store.load(&key_of("anna"), 10).await.unwrap().history;
    assert_eq!(history.iter().map(|row| row.seq).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
    assert!(stage.store.dead_letters(&partner(), Page::first(10)).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_result_that_the_store_refuses_does_not_cost_the_others() {
    let stage = Stage::started().await;
    stage.telegram.hold();
    for who in ["anna", "boris", "vera"] {
        stage.says(who, "1", "вишня").await;
    }
    quiet().await;
    stage.store.fail_next(Call::Settle, StoreError::Failed("strange".into()));
    stage.store.fail_next(Call::Settle, StoreError::Failed("strange".into()));
    stage.telegram.release();
    soon(stage.telegram.until_shown(3)).await;
    until(|| stage.store.outbox().len() == 1).await;
}

#[tokio::test]
async fn a_poisoned_event_is_set_aside_and_the_conversation_goes_on() {
    let journal = Arc::new(Troubled::new(Arc::new(MemoryStore::new())));
    let telegram = Arc::new(FakeChannel::default());
    let bakery =
        || Partner::new(spec(CONFIG, &[])).model(Arc::new(echo())).channel(account("telegram"), telegram.clone());
    let engine = Engine::new(journal.clone(), Arc::new(FakeClock::at("2026-12-01T09:00:00Z"))).partner(bakery());
    engine.start().await.unwrap();
    engine.receive(words("anna", "1", "вишня")).await.unwrap();
    soon(telegram.until_shown(1)).await;
    // In one batch with others: they must not suffer.
    let batch = [("2", "малина"), ("3", POISON), ("4", "слива")];
    engine.post(batch.map(|(key, text)| words("anna", key, text)).into()).await.unwrap();
    until(|| journal.store.mail_waiting() == 0).await;
    quiet().await;
    let peer = words("anna", "", "").peer;
    let seen = telegram.texts_to(&peer);
    assert!(
        seen.iter().any(|text| text.contains("малина")) && seen.iter().any(|text| text.contains("слива")),
        "{seen:?}"
    );
    let letters = journal.store.dead_letters(&partner(), Page::first(10)).await.unwrap();
    assert_eq!(letters.len(), 1);
    assert!(!letters[0].cause.contains(POISON), "the cause quotes nobody: {}", letters[0].cause);

    journal.cured.store(true, Ordering::SeqCst);
    let shown = seen.len();
    assert_eq!(engine.replay(&partner(), letters[0].id).await.unwrap(), PutBack::Waits(vec![key_of("anna")]));
    soon(telegram.until_shown(shown + 1)).await;
    assert!(telegram.texts_to(&peer).last().unwrap().contains(POISON));
    assert_eq!(engine.replay(&partner(), letters[0].id).await.unwrap(), PutBack::Missing, "a letter is replayed once");
}

/// A model whose adapter has a bug.
struct Panicking;

#[async_trait]
impl ChatModel for Panicking {
    fn name(&self) -> &'static str {
        "panicking"
    }

    async fn complete(&self, _prompt: &Prompt, _on_delta: OnDelta<'_>) -> Result<Completion, ModelError> {
        panic!("a bug")
    }
}

#[tokio::test]
async fn a_model_that_panics_costs_the_answer_its_words_and_nothing_else() {
    let stage = Stage::new();
    stage.engine.serve(stage.partner(CONFIG).model(Arc::new(Panicking)));
    stage.engine.start().await.unwrap();
    stage.says("anna", "1", "вишня").await;
    until(|| stage.seen("anna").len() == 1).await;
    assert!(stage.store.dead_letters(&partner(), Page::first(10)).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_partner_that_is_overrun_leaves_room_for_others() {
    let gate = Gate::closed();
    let closed = gate.clone();
    let model = Arc::new(ScriptedModel::answering(move |_| Reply::text("Наконец.").after(&closed)));
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open(folder.path().join("voronka.db")).unwrap());
    let (slow, quick) = (Arc::new(FakeChannel::default()), Arc::new(FakeChannel::default()));
    let bakery = Partner::new(spec(CONFIG, &[]))
        .model(model.clone())
        .channel(account("telegram"), slow.clone())
        .channel(account("web"), slow.clone());
    let other = PartnerId::parse("florist").unwrap();
    let files = PartnerFiles::from([("config.yaml".into(), "name: Цветы\naccounts: {telegram: {}}\n".into())]);
    let flowers = Arc::new(PartnerSpec::parse(other.clone(), &files).spec.unwrap());
    let florist = Partner::new(flowers).model(Arc::new(echo())).channel(account("telegram"), quick.clone());
    let clock = Arc::new(FakeClock::at("2026-12-01T09:00:00Z"));
    let engine = Engine::new(store, clock).partner(bakery).partner(florist);
    engine.start().await.unwrap();
    // An account has half of its partner's turns.
    let crowd = ["telegram", "web"].map(account).into_iter().flat_map(|account| {
        (0..550).map(move |n| Inbound { account: account.clone(), ..words(&format!("guest-{n}"), "1", "вишня") })
    });
    engine.post(crowd.collect()).await.unwrap();
    soon(gate.reached_by(1_024)).await;
    engine.receive(Inbound { partner: other, ..words("anna", "1", "розы") }).await.unwrap();
    soon(quick.until_shown(1)).await;
    quiet().await;
    assert_eq!(model.asked(), 1_024, "a quarter of all turns");
    gate.open();
    soon(slow.until_shown(1_100)).await;
}
