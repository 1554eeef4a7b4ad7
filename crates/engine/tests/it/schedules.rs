//! Whatever comes in whatever order, with doubles, failures and crashes: nothing is lost, doubled or out of order.
//!
//! The simulation (`docs/simulation.md`) has more troubles. This is kept for what it does not do: it compares what is kept with
//! what was seen, ends the engine by `abandon`, and shrinks what fails.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::SignedDuration;
use proptest::prelude::*;
use voronka_core::{
    capabilities::{Capabilities, Has},
    message::Peer,
    ports::{SendError, StoreError},
};
use voronka_engine::{Engine, Partner};
use voronka_testkit::{
    FakeClock,
    channel::{FakeChannel, roomy},
    journal::{Call, MemoryStore},
};

use crate::stage::{PATIENT, account, echo, key_of, quiet, spec, words};
use crate::troubled::Troubled;

/// One thing that happens.
#[derive(Debug, Clone)]
enum Happening {
    /// A customer writes something new.
    Says(u8),
    /// A messenger delivers an earlier message once more.
    Again(prop::sample::Index),
    /// The messenger fails at the next send.
    SendFails(SendError),
    /// It shows the next bubble, and its answer is lost.
    AnswerLost,
    /// The store fails at the next such call.
    StoreFails(Call),
    /// The next turn meets another version.
    Conflict,
    /// Time goes by.
    Passes(u16),
    /// Everything that can go on goes on.
    Settles,
    /// The process dies and comes back.
    Crash,
    /// The process is stopped in order and comes back.
    Restart,
}

fn happening() -> impl Strategy<Value = Happening> {
    use Happening as H;
    let errors = prop_oneof![
        Just(SendError::Unavailable("502".into())),
        Just(SendError::Limited { after: Duration::from_secs(3) }),
        Just(SendError::Unanswered("cut".into())),
        Just(SendError::Unauthorised),
    ];
    let calls =
        prop_oneof![Just(Call::Post), Just(Call::Mail), Just(Call::Load), Just(Call::Commit), Just(Call::Settle)];
    prop_oneof![
        8 => (0..3_u8).prop_map(H::Says),
        3 => any::<prop::sample::Index>().prop_map(H::Again),
        2 => errors.prop_map(H::SendFails),
        1 => Just(H::AnswerLost),
        2 => calls.prop_map(H::StoreFails),
        1 => Just(H::Conflict),
        3 => (1..5_000_u16).prop_map(H::Passes),
        3 => Just(H::Settles),
        1 => Just(H::Crash),
        1 => Just(H::Restart),
    ]
}

/// The bakery, and what its customers have said.
struct World {
    engine: Engine,
    store: Arc<MemoryStore>,
    clock: Arc<FakeClock>,
    channel: Arc<FakeChannel>,
    /// Words by customer; a word's number is its event's key.
    said: BTreeMap<String, Vec<String>>,
    posted: Vec<(String, usize)>,
}

const WHO: [&str; 3] = ["anna", "boris", "vera"];

impl World {
    async fn new() -> Self {
        let store = Arc::new(MemoryStore::new());
        let clock = Arc::new(FakeClock::at("2026-12-01T09:00:00Z"));
        let channel = Arc::new(FakeChannel::new(Capabilities { idempotent: Has::Yes, ..roomy() }));
        let engine = Self::life(&store, &clock, &channel).await;
        Self { engine, store, clock, channel, said: BTreeMap::new(), posted: Vec::new() }
    }

    async fn life(store: &Arc<MemoryStore>, clock: &Arc<FakeClock>, channel: &Arc<FakeChannel>) -> Engine {
        let bakery =
            Partner::new(spec(PATIENT, &[])).model(Arc::new(echo())).channel(account("telegram"), channel.clone());
        let engine = Engine::new(Arc::new(Troubled::new(store.clone())), clock.clone()).partner(bakery);
        engine.start().await.expect("no failure is queued for the calls of a start");
        engine
    }

    async fn happens(&mut self, what: Happening) {
        match what {
            Happening::Says(who) => {
                let who = WHO[usize::from(who)];
                let known = self.said.entry(who.to_owned()).or_default();
                let n = known.len();
                known.push(word(n));
                self.posted.push((who.to_owned(), n));
                self.post(who, n).await;
            }
            Happening::Again(which) if !self.posted.is_empty() => {
                let (who, n) = self.posted[which.index(self.posted.len())].clone();
                self.post(&who, n).await;
            }
            Happening::Again(_) => {}
            Happening::SendFails(error) => self.channel.fail_next(error),
            Happening::AnswerLost => self.channel.fail_next_after_showing(SendError::Unanswered("cut".into())),
            Happening::StoreFails(call) => self.store.fail_next(call, StoreError::Busy("held".into())),
            Happening::Conflict => self.store.conflict_next(),
            Happening::Passes(millis) => {
                self.clock.advance(SignedDuration::from_millis(millis.into()));
                tokio::task::yield_now().await;
            }
            Happening::Settles => quiet().await,
            Happening::Crash => {
                self.engine.abandon().await;
                self.engine = Self::life(&self.store, &self.clock, &self.channel).await;
            }
            Happening::Restart => {
                let engine = self.engine.clone();
                let stopping = tokio::spawn(async move { engine.stop().await });
                while !stopping.is_finished() {
                    self.clock.advance(SignedDuration::from_millis(500));
                    quiet().await;
                }
                self.engine = Self::life(&self.store, &self.clock, &self.channel).await;
            }
        }
    }

    /// A messenger delivers until it is told that the event was kept.
    async fn post(&self, who: &str, n: usize) {
        while self.engine.receive(words(who, &n.to_string(), &word(n))).await.is_err() {}
    }

    async fn comes_to_rest(&self) {
        for _ in 0..200 {
            quiet().await;
            if self.store.mail_waiting() == 0 && self.store.outbox().is_empty() {
                return;
            }
            self.clock.advance(SignedDuration::from_secs(10));
        }
    }

    fn check(&self) -> Result<(), TestCaseError> {
        prop_assert_eq!(self.store.mail_waiting(), 0, "nothing waits for ever");
        prop_assert_eq!(self.store.outbox().len(), 0);
        for (who, said) in &self.said {
            let answers = self.channel.texts_to(&Peer::new(who));
            // The echo repeats what each answer is an answer to: all words, each once, in order.
            let all = answers.join(" ");
            let heard: Vec<&str> =
                all.split(|c: char| !c.is_alphabetic()).filter(|word| word.starts_with("слово")).collect();
            prop_assert_eq!(&heard, said, "{} saw {:?}", who, &answers);
            let stored = self.store.all_messages(&key_of(who));
            let ours = stored.iter().filter(|message| message.bubble.is_some()).count();
            prop_assert_eq!(ours, answers.len(), "what is kept is what was seen");
            prop_assert_eq!(stored.len() - ours, said.len());
        }
        Ok(())
    }
}

/// The n-th word of a customer: no figures, which an answer may not invent.
fn word(n: usize) -> String {
    let letters: Vec<char> = "бвгджзклмнпрст".chars().collect();
    format!("слово{}{}", letters[n / letters.len() % letters.len()], letters[n % letters.len()])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_doubled_or_out_of_order(happenings in prop::collection::vec(happening(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut world = World::new().await;
            for what in happenings {
                world.happens(what).await;
            }
            world.comes_to_rest().await;
            world.check()
        })?;
    }
}
