//! Several processes on one database share its partners: each partner is served by one of them at a time, so that everything
//! within a process stays as if it were alone.
//!
//! Each gives a sign of life every two seconds. Who has given none for six is dead, by the server's clock, and others take its
//! partners. Who could not give one stops sending before that by its own clock, and what it writes is refused by the lease that
//! the transaction looks at ([`holdings`]). Nothing of this lives in a session, so that a pooler may stand between.

pub(crate) mod holdings;
mod plan;
mod register;
mod said;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::{Notify, watch};
use tokio_postgres::Row;
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;
use voronka_core::{ids::PartnerId, message::ConversationKey, ports::StoreError};

pub use self::said::{Heard, Word};
use self::{
    holdings::Holdings,
    register::{Page, Register},
};
use crate::{
    Address, PostgresStore,
    problem::Problem,
    session::{Session, statement},
    sql,
    values::get,
};

/// Pause before a sign of life is tried again.
const PAUSE: Duration = Duration::from_millis(200);
/// News that are read at once.
const NEWS_MAX: i64 = 1_000;

/// A process that shares, as others see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// What people call it.
    pub name: String,
    /// Where the others reach it, if they do.
    pub address: Option<String>,
}

/// How quickly the dead are noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Between signs of life.
    pub sign_every: Duration,
    /// Who has given none for so long is dead.
    pub dead_after: Duration,
    /// So much earlier it sends no more.
    pub margin: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            sign_every: Duration::from_secs(2),
            dead_after: Duration::from_secs(6),
            margin: Duration::from_millis(1_500),
        }
    }
}

/// An instance that lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// By which it is known to the next process that has its place ([`Leases::id`]).
    pub id: String,
    /// How it is called, and where it is reached.
    pub instance: Instance,
    /// What it reports of itself, in JSON.
    pub health: String,
    /// Those that it could serve, by its own word.
    pub able: Arc<BTreeSet<PartnerId>>,
}

/// How often what is kept of a partner beside its files has changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Editions {
    /// Its secrets.
    pub secrets: i64,
    /// What its team has set from chats.
    pub settings: i64,
}

/// Who serves whom, as it was when the last sign of life was given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Share {
    /// Those that are ours to serve. One that was and is not any more is to be [let go](Leases::let_go) when its work has ended.
    pub ours: BTreeSet<PartnerId>,
    /// Who holds each partner.
    pub holders: BTreeMap<PartnerId, Instance>,
    /// Partners that are known, for somebody has served them or said something of them, with how often what is kept of each has
    /// changed. One that is removed is not among them.
    pub editions: BTreeMap<PartnerId, Editions>,
    /// Partners that nobody is to serve, those that were removed among them.
    pub stopped: BTreeSet<PartnerId>,
    /// Partners that are gone for good, whatever folders and processes still know of them.
    pub removed: BTreeSet<PartnerId>,
    /// How often one of this name was removed, where one was.
    pub removals: BTreeMap<PartnerId, i64>,
    /// The instances that live, ourselves among them.
    pub living: Vec<Peer>,
    /// Which [announcement](Leases::able) or [question](Leases::look) it follows.
    pub follows: u64,
}

/// One process's part in the sharing, until it [leaves](Leases::leave).
#[derive(Debug)]
pub struct Leases {
    part: Arc<Part>,
    _beats: AbortOnDropHandle<()>,
}

#[derive(Debug)]
struct Part {
    id: Uuid,
    instance: Instance,
    pace: Pace,
    address: Address,
    holdings: Arc<Holdings>,
    wishes: Mutex<Wishes>,
    /// Rings when a sign of life should not wait.
    bell: Arc<Notify>,
    share: watch::Sender<Share>,
    /// Held while a sign of life is given.
    has_left: tokio::sync::Mutex<bool>,
}

/// What was asked for since the last sign of life.
#[derive(Debug, Default)]
struct Wishes {
    able: Arc<BTreeSet<PartnerId>>,
    /// Counts announcements.
    number: u64,
    let_go: BTreeSet<PartnerId>,
    health: String,
}

impl PostgresStore {
    /// Shares the partners of this database from now on: a transaction that writes for a partner that is not ours is refused.
    /// `dead`: the [id](Leases::id) of a process that is known to be gone, whose partners need not wait.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn join(&self, instance: Instance, pace: Pace, dead: Option<&str>) -> Result<Leases, StoreError> {
        let part = Arc::new(Part {
            id: Uuid::now_v7(),
            instance,
            pace,
            address: self.address().clone(),
            holdings: Arc::clone(&self.holdings),
            wishes: Mutex::new(Wishes { health: "{}".to_owned(), ..Wishes::default() }),
            bell: Arc::clone(&self.lost),
            share: watch::Sender::new(Share::default()),
            has_left: tokio::sync::Mutex::new(false),
        });
        let session = Session::open(&part.address).await?;
        let heard = Register::of(&session).news_last().await?;
        if let Some(dead) = dead.and_then(|id| Uuid::parse_str(id.trim()).ok()) {
            Register::of(&session).leave(dead).await?;
        }
        self.holdings.begin(part.id, heard, pace.sign_every);
        part.beat(&session).await?;
        let beats = tokio::spawn(keep(Arc::clone(&part), Some(session)));
        Ok(Leases { part, _beats: AbortOnDropHandle::new(beats) })
    }
}

impl Leases {
    /// By which the process is known to the next one that has its place.
    pub fn id(&self) -> String {
        self.part.id.to_string()
    }

    /// These are all that we can serve. The number of the announcement: see [`Share::follows`].
    pub fn able(&self, partners: BTreeSet<PartnerId>) -> u64 {
        let mut wishes = self.part.wishes();
        if *wishes.able != partners || wishes.number == 0 {
            wishes.able = Arc::new(partners);
            wishes.number += 1;
        }
        let number = wishes.number;
        drop(wishes);
        self.part.bell.notify_one();
        number
    }

    /// Asks for another look at who serves whom, without waiting for the next sign of life. Its number: see [`Share::follows`].
    pub fn look(&self) -> u64 {
        let mut wishes = self.part.wishes();
        wishes.number += 1;
        let number = wishes.number;
        drop(wishes);
        self.part.bell.notify_one();
        number
    }

    /// Who serves whom.
    pub fn share(&self) -> watch::Receiver<Share> {
        self.part.share.subscribe()
    }

    /// Nothing of the partner is under way here any more: others may serve it.
    pub fn let_go(&self, partner: &PartnerId) {
        self.part.holdings.drop_one(partner);
        self.part.wishes().let_go.insert(partner.clone());
        self.part.bell.notify_one();
    }

    /// What others are told of us with the next sign of life, in JSON.
    pub fn report(&self, health: String) {
        self.part.wishes().health = health;
    }

    /// Gives everything back, for a clean stop: others go on at once.
    ///
    /// # Errors
    /// When the database cannot be told; others find out by themselves.
    pub async fn leave(&self) -> Result<(), StoreError> {
        // No sign of life comes after it, and none is under way.
        let mut has_left = self.part.has_left.lock().await;
        *has_left = true;
        let session = Session::open(&self.part.address).await?;
        Register::of(&session).leave(self.part.id).await?;
        session.close().await;
        Ok(())
    }
}

/// Gives signs of life until it is aborted.
async fn keep(part: Arc<Part>, mut session: Option<Session>) {
    let mut pause = part.pace.sign_every;
    loop {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = part.bell.notified() => {}
        }
        let has_left = part.has_left.lock().await;
        if *has_left {
            return;
        }
        let beat = async {
            let open = match session.take() {
                Some(open) => open,
                None => Session::open(&part.address).await?,
            };
            let pause = part.beat(&open).await?;
            Ok::<_, Problem>((open, pause))
        };
        match tokio::time::timeout(part.pace.dead_after, beat).await {
            Ok(Ok((open, next))) => (session, pause) = (Some(open), next),
            Ok(Err(problem)) => {
                tracing::warn!(problem = problem.told(), "no sign of life could be given; trying again");
                pause = PAUSE.min(part.pace.sign_every);
            }
            Err(_late) => {
                tracing::warn!("no sign of life could be given in time; trying again");
                pause = PAUSE.min(part.pace.sign_every);
            }
        }
    }
}

impl Part {
    fn wishes(&self) -> MutexGuard<'_, Wishes> {
        self.wishes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives a sign of life, and does what is ours to do. How long to wait until the next.
    async fn beat(&self, session: &Session) -> Result<Duration, Problem> {
        let begun = Instant::now();
        let (able, number, mut let_go, health) = {
            let wishes = self.wishes();
            (Arc::clone(&wishes.able), wishes.number, wishes.let_go.clone(), wishes.health.clone())
        };
        let register = Register::of(session);
        let mut page = register.sign(self.id, &self.instance, &able, &health, self.pace.dead_after).await?;
        // By our clock the server has heard of us later than this.
        let until = begun + self.pace.dead_after.saturating_sub(self.pace.margin);
        let mut plan = plan::plan(self.id, &page.living(), &page.leases);
        plan.take.retain(|partner| !let_go.contains(partner));
        // Whoever cannot serve it does not.
        let_go.extend(plan.let_go.difference(&able).cloned());
        if !plan.take.is_empty() || !let_go.is_empty() {
            let taken = register.change(self.id, &let_go, &plan.take).await?;
            page.note(self.id, &let_go, &taken);
        }
        let mut held = page.held_by(self.id);
        {
            let mut wishes = self.wishes();
            wishes.let_go.retain(|partner| !let_go.contains(partner));
            // Asked for while this was under way.
            held.retain(|partner, _| !wishes.let_go.contains(partner));
        }
        let ours = held.keys().filter(|partner| !plan.let_go.contains(*partner)).cloned().collect();
        let is_alone = page.living().len() < 2;
        let looks_every = if is_alone { self.pace.sign_every } else { self.pace.sign_every / 8 };
        self.holdings.confirm(held, until, looks_every);
        self.publish(&page, ours, number);
        Ok(page.next(self.pace))
    }

    fn publish(&self, page: &Page, ours: BTreeSet<PartnerId>, follows: u64) {
        let next = Share { ours, follows, ..page.share() };
        self.share.send_if_modified(|share| {
            let is_new = *share != next;
            *share = next;
            is_new
        });
    }
}

impl PostgresStore {
    /// Waits until others have posted mail for partners of ours.
    pub(crate) async fn news_for_us(&self) -> Result<Vec<ConversationKey>, Problem> {
        loop {
            let Some((_, pause)) = self.holdings.heard() else { return std::future::pending().await };
            tokio::time::sleep(pause).await;
            let Some((behind, _)) = self.holdings.heard() else { continue };
            let reading = self.readers.reading_of_all().await?;
            let news = statement(sql::NEWS).bind(behind).bind(NEWS_MAX);
            let key = |row: &Row| {
                Ok((get::<i64>(row, 0)?, ConversationKey { partner: get(row, 1)?, conversation: get(row, 2)? }))
            };
            let news = reading.session().all(news, key).await?;
            reading.end();
            let ours = self.holdings.hear(news);
            if !ours.is_empty() {
                return Ok(ours);
            }
        }
    }
}
