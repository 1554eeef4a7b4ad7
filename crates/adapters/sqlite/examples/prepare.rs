//! Makes a database as the engine's turns leave it: many conversations of one turn each, and events that wait for theirs.
//!
//! `cargo run --release -p voronka-sqlite --example prepare -- FILE CONVERSATIONS WAITING PARTNER`

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use voronka_core::{
    ids::{AccountId, PartnerId},
    message::{Content, Event, EventKey, Inbound, Peer, Profile},
    ports::{Journal, Passage, Settled},
    spec::partner::{PartnerFiles, PartnerSpec},
    turn::{Answer, HasModel, Playbook, Setting, Snapshot, Step, Turn},
};
use voronka_sqlite::SqliteStore;
use voronka_testkit::rehearsal::roomy;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Turns at once.
const AT_ONCE: usize = 256;
/// Events posted at once.
const BATCH: usize = 500;
/// What a turn loads.
const HISTORY: usize = 20;
/// Customers' numbers begin here.
const FIRST_CHAT: usize = 1_000_000;
const CONFIG: &str = "name: Кондитерская\naccounts: {telegram: {}}\n";
const QUESTION: &str = "Сколько стоит торт на 12 человек и есть ли доставка?";
const PASSAGE: &str = "Да, есть доставка по городу, срок два дня.";

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [file, conversations, waiting, partner] = args.as_slice() else {
        return Err("usage: prepare FILE CONVERSATIONS WAITING PARTNER".into());
    };
    let (conversations, waiting) = (conversations.parse::<usize>()?, waiting.parse::<usize>()?);
    let partner = PartnerId::parse(partner)?;
    let store = SqliteStore::open(file)?;
    let world = Arc::new(World { setting: setting(&partner)?, now: now() });
    // Each conversation is of its own: they go on side by side, as in the engine.
    stream::iter(0..conversations)
        .map(|n| {
            let (store, world) = (store.clone(), Arc::clone(&world));
            async move { tokio::spawn(async move { world.turn(&store, n).await }).await? }
        })
        .buffer_unordered(AT_ONCE)
        .try_collect::<()>()
        .await?;
    let later: Vec<Inbound> = (0..waiting.min(conversations)).map(|n| world.says(n, "again")).collect();
    for batch in later.chunks(BATCH) {
        store.post(batch.to_vec()).await?;
    }
    store.fold_log()?;
    Ok(())
}

/// What turns are made of.
struct World {
    setting: Setting,
    now: Timestamp,
}

fn setting(partner: &PartnerId) -> Result<Setting, Failure> {
    let files = PartnerFiles::from([("config.yaml".into(), CONFIG.into())]);
    let spec = PartnerSpec::parse(partner.clone(), &files).spec.ok_or("the partner has mistakes")?;
    Ok(Setting {
        playbook: Arc::new(Playbook::new(Arc::new(spec))),
        capabilities: Arc::new(roomy()),
        model: HasModel::No,
        team: Arc::from([]),
        links: None,
        writer: None,
    })
}

/// The present: timers of the past would all ring at the start.
#[expect(clippy::disallowed_methods, reason = "a program of its own has no clock port")]
fn now() -> Timestamp {
    Timestamp::now()
}

impl World {
    /// What the customer with this number writes.
    fn says(&self, n: usize, key: &str) -> Inbound {
        let event = Event::Customer { content: Content::Text { text: QUESTION.into() }, profile: Profile::default() };
        Inbound {
            partner: self.setting.playbook.spec.id.clone(),
            account: AccountId::parse("telegram").expect("a constant id"),
            peer: Peer::new(&(FIRST_CHAT + n).to_string()),
            key: EventKey::new(&format!("{key}-{n}")),
            at: self.now,
            event,
        }
    }

    /// One durable turn, from the event to the bubble that was sent.
    async fn turn(&self, store: &SqliteStore, n: usize) -> Result<(), Failure> {
        let inbound = self.says(n, "first");
        let (key, account, peer) = (inbound.conversation(), inbound.account.clone(), inbound.peer.clone());
        store.post(vec![inbound]).await?;
        let mail = store.mail(&key, BATCH).await?;
        let loaded = store.load(&key, HISTORY).await?;
        let snapshot = Snapshot::read(key, account, peer, &loaded)?;
        let mut step = Turn::begin(&self.setting, snapshot, mail, self.now);
        let commit = loop {
            match step {
                Step::Ask(turn, _) => step = turn.resume(Answer::Passages(vec![passage()])),
                Step::Done(outcome) => break outcome.commit,
            }
        };
        let partner = commit.key.partner.clone();
        let bubbles: Vec<_> = commit.outbox.iter().map(|row| row.id).collect();
        store.commit(commit.into()).await?;
        let sent = |id| Settled::Sent { partner: partner.clone(), id };
        store.settle(bubbles.into_iter().map(sent).collect()).await?;
        Ok(())
    }
}

fn passage() -> Passage {
    Passage {
        page: "dostavka.md".into(),
        title: "Доставка".into(),
        heading: String::new(),
        text: PASSAGE.into(),
        score: 0.9,
        part: None,
    }
}
