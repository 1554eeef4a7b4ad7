//! A bakery on a stage: one partner, two messengers, a model, and a clock that stands still.

use std::{future::Future, sync::Arc, time::Duration};

use jiff::SignedDuration;
use voronka_core::{
    capabilities::Capabilities,
    ids::{AccountId, BubbleId, PartnerId},
    message::{Content, ConversationKey, Event, EventKey, Inbound, Peer, Profile, TeamAction},
    ports::{ChatMessage, ChatModel, Clock, Journal, Prompt},
    rows::{Lane, OutboxRow, TurnCommit},
    spec::partner::{PartnerFiles, PartnerSpec},
};
use voronka_engine::{Engine, Partner};
use voronka_testkit::{
    FakeClock,
    channel::{FakeChannel, roomy},
    journal::{MemoryStore, sample},
    model::{Reply, ScriptedModel},
};

pub(crate) const CONFIG: &str = "\
name: Полдень
accounts: {telegram: {}, web: {}}
team: {хозяйка: {telegram: 111, role: owner}}
notify: [{to: хозяйка, about: [handoff]}]
";
/// The same, where nobody is in a hurry.
pub(crate) const PATIENT: &str = "\
name: Полдень
accounts: {telegram: {first_words: 1m}, web: {first_words: 1m}}
answer: {deadline: 1m}
";
/// Turns of the scheduler in which everything that can go on goes on.
const ROUNDS: usize = 300;

pub(crate) struct Stage {
    pub(crate) engine: Engine,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) telegram: Arc<FakeChannel>,
    pub(crate) web: Arc<FakeChannel>,
    pub(crate) model: Arc<ScriptedModel>,
}

impl Stage {
    /// A stage before the engine is started.
    pub(crate) fn new() -> Self {
        Self::with(CONFIG, roomy(), echo())
    }

    pub(crate) fn with(config: &str, capabilities: Capabilities, model: ScriptedModel) -> Self {
        let store = Arc::new(MemoryStore::new());
        let clock = Arc::new(FakeClock::at("2026-12-01T09:00:00Z"));
        let telegram = Arc::new(FakeChannel::new(capabilities.clone()));
        let web = Arc::new(FakeChannel::new(capabilities));
        let model = Arc::new(model);
        let engine = Engine::new(store.clone(), clock.clone());
        let stage = Self { engine, store, clock, telegram, web, model };
        stage.engine.serve(stage.partner(config));
        stage
    }

    /// The bakery with this stage's channels and model.
    pub(crate) fn partner(&self, config: &str) -> Partner {
        Partner::new(spec(config, &[]))
            .model(self.model.clone() as Arc<dyn ChatModel>)
            .channel(account("telegram"), self.telegram.clone())
            .channel(account("web"), self.web.clone())
            .tell("хозяйка".into(), account("telegram"), Peer::new("111"))
    }

    pub(crate) async fn started() -> Self {
        let stage = Self::new();
        stage.engine.start().await.expect("an empty store");
        stage
    }

    /// The customer writes on Telegram, under this key.
    pub(crate) async fn says(&self, who: &str, key: &str, text: &str) {
        let posted = self.engine.receive(words(who, key, text)).await.expect("kept");
        assert_eq!((posted.new, posted.seen), (1, 0));
    }

    pub(crate) async fn team(&self, who: &str, key: &str, action: TeamAction) {
        let event = Event::Team { who: "хозяйка".into(), action };
        let inbound = Inbound { event, ..words(who, key, "") };
        self.engine.receive(inbound).await.expect("kept");
    }

    /// What the customer saw on Telegram.
    pub(crate) fn seen(&self, who: &str) -> Vec<String> {
        self.telegram.texts_to(&Peer::new(who))
    }

    /// Lets the clock go on in steps so small that everyone who sleeps wakes in order.
    pub(crate) async fn pass(&self, time: SignedDuration) {
        let until = self.clock.now() + time;
        let fine = if time > SignedDuration::from_secs(30) { 1_000 } else { 100 };
        quiet().await;
        while self.clock.now() < until {
            let step = SignedDuration::from_millis(fine).min(until.duration_since(self.clock.now()));
            self.clock.advance(step);
            quiet().await;
        }
    }

    /// Bubbles that a last run has left.
    pub(crate) async fn left(&self, outbox: Vec<OutboxRow>) {
        leave(self.store.as_ref(), outbox).await;
    }
}

/// Puts bubbles into a store as a turn of another time would.
pub(crate) async fn leave(store: &dyn Journal, outbox: Vec<OutboxRow>) {
    let carrier = words("carrier", "0", "");
    let key = carrier.conversation();
    store.commit(TurnCommit { outbox, ..sample::turn(&key, &carrier, 0) }.into()).await.expect("a new conversation");
}

/// A bubble of Telegram.
pub(crate) fn bubble(who: &str, text: &str) -> OutboxRow {
    let inbound = words(who, "", "");
    let key = inbound.conversation();
    let row = sample::bubble(&key, &inbound, 1, text);
    OutboxRow { id: BubbleId::of(&[who, text]), expires: None, ..row }
}

pub(crate) fn notice(who: &str, text: &str) -> OutboxRow {
    OutboxRow { lane: Lane::Notice, seq: 0, ..bubble(who, text) }
}

/// A model that repeats what it hears: an answer shows which messages it is an answer to.
pub(crate) fn echo() -> ScriptedModel {
    ScriptedModel::answering(|prompt| Reply::text(echoed(prompt)))
}

pub(crate) fn echoed(prompt: &Prompt) -> String {
    format!("Про это: {}.", heard(prompt))
}

/// What the customer said in the turn that a prompt is of.
pub(crate) fn heard(prompt: &Prompt) -> String {
    match prompt.messages.last() {
        Some(ChatMessage::User { text }) => text.replace('\n', ", "),
        other => panic!("the customer spoke last, not {other:?}"),
    }
}

#[track_caller]
pub(crate) fn spec(config: &str, more: &[(&str, &str)]) -> Arc<PartnerSpec> {
    let mut files = PartnerFiles::from([("config.yaml".into(), config.into())]);
    files.extend(more.iter().map(|(path, text)| (Arc::from(*path), text.as_bytes().to_vec())));
    let loaded = PartnerSpec::parse(partner(), &files);
    let Some(spec) = loaded.spec else { panic!("{:#?}", loaded.diagnostics) };
    Arc::new(spec)
}

pub(crate) fn partner() -> PartnerId {
    PartnerId::parse("bakery").expect("a partner id")
}

pub(crate) fn account(id: &str) -> AccountId {
    AccountId::parse(id).expect("an account id")
}

pub(crate) fn key_of(who: &str) -> ConversationKey {
    words(who, "", "").conversation()
}

pub(crate) fn words(who: &str, key: &str, text: &str) -> Inbound {
    customer(who, key, Content::Text { text: text.into() })
}

pub(crate) fn customer(who: &str, key: &str, content: Content) -> Inbound {
    Inbound {
        partner: partner(),
        account: account("telegram"),
        peer: Peer::new(who),
        key: EventKey::new(&format!("{who}/{key}")),
        at: "2026-12-01T09:00:00Z".parse().expect("a timestamp"),
        event: Event::Customer { content, profile: Profile::default() },
    }
}

/// Lets everything go on that needs no clock.
pub(crate) async fn quiet() {
    for _ in 0..ROUNDS {
        tokio::task::yield_now().await;
    }
}

/// Waits until something is so; a test that waits in vain fails instead of hanging.
pub(crate) async fn until(so: impl Fn() -> bool) {
    let waiting = async {
        while !so() {
            tokio::task::yield_now().await;
        }
    };
    soon(waiting).await;
}

#[track_caller]
pub(crate) fn soon<T>(waiting: impl Future<Output = T>) -> impl Future<Output = T> {
    let at = std::panic::Location::caller();
    async move {
        let done = tokio::time::timeout(Duration::from_secs(20), waiting).await;
        done.unwrap_or_else(|_| panic!("waited in vain at {at}"))
    }
}
