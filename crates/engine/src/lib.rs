//! The durable turn over the ports: mailbox → decide → commit → outbox, and timers.
//!
//! What is accepted is durable before it is acknowledged; a conversation is served in order by one turn at a time, others in
//! parallel; a turn's effects are committed once, with the consumption of its mail; what leaves the process leaves after the
//! commit. The engine knows no messenger, model or database: those come as ports.
//!
//! Inside a service of one's own it is a few lines; here with fakes in the place of a database, a messenger and a model
//! (`crates/app/examples/own_bot.rs` has real ones):
//! ```
//! use std::sync::Arc;
//! use voronka_core::{ids::*, message::*, ports::Clock, spec::partner::*};
//! use voronka_engine::{Engine, Partner};
//! use voronka_testkit::{FakeClock, channel::FakeChannel, journal::MemoryStore, model::ScriptedModel};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // A partner's folder, read by whatever reads folders; here one file.
//! let files = PartnerFiles::from([("config.yaml".into(), "name: Корица\naccounts: {web: {}}\n".into())]);
//! let spec = PartnerSpec::parse(PartnerId::parse("korica")?, &files).spec.ok_or("see the diagnostics")?;
//!
//! let web = AccountId::parse("web")?;
//! let channel = Arc::new(FakeChannel::default());
//! let clock = Arc::new(FakeClock::at("2026-12-01T09:00:00Z"));
//! let korica = Partner::new(Arc::new(spec))
//!     .channel(web.clone(), channel.clone())
//!     .model(Arc::new(ScriptedModel::saying("Да, торты без глютена у нас есть.")));
//! let engine = Engine::new(Arc::new(MemoryStore::new()), clock.clone()).partner(korica);
//! engine.start().await?;
//!
//! // From your own web server: when this returns, the message is safe and may be acknowledged.
//! let anna = Peer::new("anna");
//! let content = Content::Text { text: "Есть торты без глютена?".into() };
//! let posted = engine
//!     .receive(Inbound {
//!         partner: PartnerId::parse("korica")?,
//!         account: web,
//!         peer: anna.clone(),
//!         key: EventKey::new("message-1"),
//!         at: clock.now(),
//!         event: Event::Customer { content, profile: Profile::default() },
//!     })
//!     .await?;
//! assert_eq!(posted.new, 1);
//! channel.until_shown(1).await;
//! assert!(channel.texts_to(&anna)[0].contains("без глютена"));
//! engine.stop().await;
//! # Ok(())
//! # }
//! ```

mod book;
mod broadcasts;
mod clock;
mod conversations;
mod frequent;
mod life;
mod mailboxes;
mod observe;
mod outbox;
mod partner;
mod replies;
mod serving;
mod signs;
mod timers;
mod turns;
mod warm;
mod world;

use std::{
    future::Future,
    sync::{Arc, Once, OnceLock},
};

use jiff::SignedDuration;
use tokio::sync::broadcast;
use tracing::{error, info};
use voronka_core::{
    ids::PartnerId,
    message::{Bubble, ConversationKey, Inbound},
    ports::{Adjusts, Arrivals, Clock, Directory, Erasures, Journal, Mailbox, PostError, Posted, StoreError},
};

pub use self::{
    book::{Book, Files},
    broadcasts::{NotShown, Outlook},
    clock::SystemClock,
    mailboxes::intake::PutBack,
    partner::Partner,
};
use self::{
    conversations::Conversations,
    life::{Group, Life},
    mailboxes::Mailboxes,
    observe::Meters,
    outbox::Senders,
    replies::Replies,
    serving::Serving,
    signs::Signs,
    timers::Timers,
    warm::Warm,
};

/// Changes that a slow listener may be behind before it misses some.
const CHANGES_MAX: usize = 1_024;
/// Conversations and bubbles read at once when the engine starts.
const RECOVERY_PAGE: usize = 500;
/// How long turns and sends under way may take to end when the engine stops.
const GRACE: SignedDuration = SignedDuration::from_secs(10);
/// How long the results of sends may take after that.
const RESULTS_GRACE: SignedDuration = SignedDuration::from_secs(5);

/// Something changed: a turn was committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// In which conversation.
    pub key: ConversationKey,
}

/// The engine; a cheap handle to share.
#[derive(Clone)]
pub struct Engine(Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) erasures: OnceLock<Arc<dyn Erasures>>,
    pub(crate) directory: OnceLock<Arc<dyn Directory>>,
    pub(crate) adjusts: OnceLock<Arc<dyn Adjusts>>,
    pub(crate) arrivals: OnceLock<Arc<dyn Arrivals>>,
    pub(crate) clock: Arc<dyn Clock>,
    serving: Serving,
    pub(crate) conversations: Conversations,
    pub(crate) signs: Signs,
    pub(crate) replies: Replies,
    pub(crate) warm: Warm,
    pub(crate) mailboxes: Mailboxes,
    pub(crate) senders: Senders,
    pub(crate) timers: Timers,
    pub(crate) changes: broadcast::Sender<Change>,
    pub(crate) life: Life,
    pub(crate) meters: Meters,
    pub(crate) crowds: Crowds,
}

/// What is told once: people of whom more conversations are known than a turn looks at.
#[derive(Debug)]
pub(crate) struct Crowds {
    /// Of one person.
    pub(crate) kin: Once,
    /// Of one contact.
    pub(crate) namesakes: Once,
}

/// How far an engine's life has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Not started, or still taking up what the last run left.
    Starting,
    /// It serves.
    Serving,
    /// It stops or has stopped: nothing more is accepted.
    Stopping,
}

/// What became of a partner that was to be served no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retired {
    /// No turn or send of it is under way any more: nothing of it changes until it is served again.
    Quiet,
    /// Some are under way still, and will be written.
    Busy,
    /// It was not served.
    WasNot,
}

/// How much is done at once, and held. Turns that wait for a model count, for they hold memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Turns under way, of all partners.
    pub turns: usize,
    /// Turns under way of one partner. One that is overrun leaves room for others in any case.
    pub partner_turns: usize,
    /// Turns under way of one account of a partner; its accounts take turns among themselves.
    pub account_turns: usize,
    /// Memory for conversations that were served lately, in bytes (about): while they are held, the store is not asked for them.
    pub warm_bytes: usize,
}

impl Limits {
    /// What suits one process on a small machine whose store is a file beside it.
    pub const USUAL: Self = Self { turns: 4_096, partner_turns: 1_024, account_turns: 512, warm_bytes: 8 << 20 };
}

impl Default for Limits {
    fn default() -> Self {
        Self::USUAL
    }
}

impl Engine {
    /// An engine over a store, not started yet. It lives in the Tokio runtime in which it is given its partners. A recorder of
    /// metrics, if there is to be one, is installed before.
    pub fn new(journal: Arc<dyn Journal>, clock: Arc<dyn Clock>) -> Self {
        let mailboxes = Mailboxes::new(journal.writers());
        Self(Arc::new(Shared {
            journal,
            erasures: OnceLock::new(),
            directory: OnceLock::new(),
            adjusts: OnceLock::new(),
            arrivals: OnceLock::new(),
            clock,
            serving: Serving::default(),
            conversations: Conversations::new(Limits::default()),
            signs: Signs::default(),
            replies: Replies::default(),
            warm: Warm::bounded(Limits::default().warm_bytes),
            mailboxes,
            senders: Senders::default(),
            timers: Timers::default(),
            changes: broadcast::Sender::new(CHANGES_MAX),
            life: Life::default(),
            meters: Meters::new(),
            crowds: Crowds { kin: Once::new(), namesakes: Once::new() },
        }))
    }

    /// With other limits than the usual.
    #[must_use]
    pub fn limits(self, limits: Limits) -> Self {
        self.0.conversations.limit(limits);
        self.0.warm.limit(limits.warm_bytes);
        self
    }

    /// Notes what is erased at customers' wish, before it is erased.
    #[must_use]
    pub fn erasures(self, erasures: Arc<dyn Erasures>) -> Self {
        // The first one stays: it is given once, where an engine is made.
        let _told_before = self.0.erasures.set(erasures);
        self
    }

    /// Shows members of the team lists and figures in their chats.
    #[must_use]
    pub fn directory(self, directory: Arc<dyn Directory>) -> Self {
        // The first one stays, as above.
        let _told_before = self.0.directory.set(directory);
        self
    }

    /// Lets members of the team set things from their chats.
    #[must_use]
    pub fn adjusts(self, adjusts: Arc<dyn Adjusts>) -> Self {
        // The first one stays, as above.
        let _told_before = self.0.adjusts.set(adjusts);
        self
    }

    /// Tells whether notices arrive where teams are told.
    #[must_use]
    pub fn arrivals(self, arrivals: Arc<dyn Arrivals>) -> Self {
        // The first one stays, as above.
        let _told_before = self.0.arrivals.set(arrivals);
        self
    }

    /// Serves a partner from now on; one that is served already is replaced whole, between turns.
    #[must_use]
    pub fn partner(self, partner: Partner) -> Self {
        self.serve(partner);
        self
    }

    /// The same for an engine that runs; what has waited for the partner is taken up.
    pub fn serve(&self, partner: Partner) {
        serving::serve(&self.0, partner);
    }

    /// Serves a partner no more: its turns and sends under way may end, what comes later is refused or waits in the store until
    /// it is served again. Other partners notice nothing. Returns when they have ended, or after as long as an answer and its send
    /// may take; one that was busy then may be asked for again.
    pub async fn retire(&self, partner: &PartnerId) -> Retired {
        serving::retire(&self.0, partner).await
    }

    /// Forgets what is known of a partner that was retired, and whose rows are deleted: what waits to be sent is dropped.
    pub fn forget(&self, partner: &PartnerId) {
        let shared = &self.0;
        shared.senders.forget(partner);
        shared.warm.forget(partner);
        shared.mailboxes.forget_all();
    }

    /// A partner as it is served.
    pub fn served(&self, partner: &PartnerId) -> Option<Arc<Partner>> {
        self.0.partner(partner)
    }

    /// Serves a partner by edited files from its next turns on; turns under way end by the files they began with. Its channels
    /// stay as they are ([`Partner::edited`]); for other channels there is [`Engine::serve`]. `false`: it is not served.
    pub fn swap(&self, partner: Partner) -> bool {
        let id = partner.id().clone();
        let is_served = self.0.serving.swap(partner);
        // A pause may have begun, or be over.
        self.0.senders.look_again(&id);
        is_served
    }

    /// Lets go of the files of partners whom nobody has written to since this was last called, where they can be read again
    /// ([`Book::at_rest`]). Called every few minutes it keeps in memory what is in use.
    pub fn rest(&self) {
        self.0.serving.rest();
    }

    /// Whether it serves: what was left is taken up, and no stop was asked for.
    pub fn phase(&self) -> Phase {
        let life = &self.0.life;
        if life.stopping.is_cancelled() {
            Phase::Stopping
        } else if life.running.is_cancelled() {
            Phase::Serving
        } else {
            Phase::Starting
        }
    }

    /// Hears of every committed turn.
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.0.changes.subscribe()
    }

    /// Takes up what the last run left, then serves until `shutdown` is ready; turns and sends under way may end.
    ///
    /// # Errors
    /// When the store cannot be read at the start.
    pub async fn run_until(&self, shutdown: impl Future<Output = ()> + Send) -> Result<(), StoreError> {
        self.start().await?;
        shutdown.await;
        self.stop().await;
        Ok(())
    }

    /// Takes up what the last run left and serves in the background until [`Engine::stop`]. What is posted before is kept,
    /// and served from here on.
    ///
    /// # Errors
    /// When the store cannot be read; it may be tried again.
    pub async fn start(&self) -> Result<(), StoreError> {
        let shared = &self.0;
        let _one_at_a_time = shared.life.starting.lock().await;
        if shared.life.running.is_cancelled() {
            return Ok(());
        }
        let partners = shared.partner_ids();
        // Bubbles first: what was said before goes out before what new turns say.
        let bubbles = shared.recover_outbox(&partners).await?;
        let conversations = conversations::recover(shared).await?;
        if bubbles + conversations > 0 {
            info!(bubbles, conversations, "took up what the last run left");
        }
        shared.senders.start_settling(shared);
        serving::begin(shared, &partners);
        mailboxes::intake::hear_news(shared);
        Conversations::open(shared);
        Signs::start(shared);
        Timers::start(shared);
        Ok(())
    }

    /// Stops: nothing more is accepted; turns under way may end within ten seconds, and what they say is sent if it may go at
    /// once. What did not end is taken up by the next start; the results of what was sent are written within five seconds more.
    pub async fn stop(&self) {
        let life = &self.0.life;
        life.stopping.cancel();
        let in_order = async {
            life.ended(Group::Turns).await;
            life.last_sends.cancel();
            life.ended(Group::Sends).await;
        };
        tokio::select! {
            biased;
            () = in_order => {}
            () = self.0.clock.sleep(GRACE) => {
                error!("some tasks did not end in time; their work is taken up at the next start");
            }
        }
        life.end_work().await;
        // However that ended: what was sent, and is not noted, would be sent again.
        self.0.senders.close();
        tokio::select! {
            biased;
            () = life.ended(Group::Results) => {}
            () = self.0.clock.sleep(RESULTS_GRACE) => {
                error!("some results of sends could not be written in time; those are sent again at the next start");
            }
        }
        life.end().await;
    }

    /// Drops everything where it stands, as a crash would, for those who cannot wait for [`Engine::stop`]. Nothing accepted is
    /// lost; a bubble that was on its way is sent again by the next start.
    pub async fn abandon(&self) {
        self.0.life.end().await;
    }

    /// Takes one event, as [`Mailbox::post`]: for embedders with a web server of their own.
    ///
    /// # Errors
    /// When the event was not kept.
    pub async fn receive(&self, inbound: Inbound) -> Result<Posted, PostError> {
        self.post(vec![inbound]).await
    }

    /// Takes one event and waits for what its turn says, for channels that answer in the response to a call (voice skills).
    /// These bubbles are yours to show; an empty list is a turn that says nothing. `None`: the answer is not there by
    /// `deadline`, or the event was known already. An answer that comes later goes out the normal way, or is dropped where
    /// the channel cannot be written to ([`Capabilities::pushes`](voronka_core::capabilities::Capabilities)); so does the
    /// answer to a call that is dropped.
    ///
    /// # Errors
    /// When the event was not kept.
    pub async fn receive_and_wait(
        &self,
        inbound: Inbound,
        deadline: jiff::Timestamp,
    ) -> Result<Option<Vec<Bubble>>, PostError> {
        let shared = &self.0;
        let waiter = Replies::wait(shared, inbound.conversation(), inbound.key.clone());
        let posted = self.receive(inbound).await?;
        Ok(if posted.new == 0 { None } else { waiter.until(deadline).await })
    }
}

impl Shared {
    pub(crate) fn partner(&self, id: &PartnerId) -> Option<Arc<Partner>> {
        self.serving.partner(id)
    }

    pub(crate) fn partner_ids(&self) -> Vec<PartnerId> {
        self.serving.ids()
    }

    fn serves(&self, inbound: &Inbound) -> bool {
        self.partner(&inbound.partner).is_some_and(|partner| partner.channel_of(&inbound.account).is_some())
    }

    /// What waits to be sent for these, who are in order. What is of others is read when they are served.
    async fn recover_outbox(self: &Arc<Self>, partners: &[PartnerId]) -> Result<usize, StoreError> {
        let mut after = i64::MIN;
        let mut found = 0;
        loop {
            let page = self.journal.unsent(after, RECOVERY_PAGE).await?;
            let Some((last, _)) = page.last() else { return Ok(found) };
            after = *last;
            let rows = page.into_iter().map(|(_, row)| row);
            let rows: Vec<_> = rows.filter(|row| partners.binary_search(&row.conversation.partner).is_ok()).collect();
            found += rows.len();
            self.release(rows);
        }
    }
}
