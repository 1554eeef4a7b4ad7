//! The partners of this process. Each has a life of its own: it is started, edited, stopped, breaks and is mended while the
//! others notice nothing.

mod reload;
mod serving;
mod stopped;

use std::{
    collections::BTreeMap,
    num::NonZeroUsize,
    panic::AssertUnwindSafe,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use futures::{FutureExt, StreamExt, stream};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, Semaphore};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};
use voronka_core::{ids::PartnerId, spec::config::Retention};
use voronka_engine::Retired;
use voronka_files::PartnerFolder;

pub(crate) use self::{reload::Losses, stopped::StopMarks};
use self::{
    reload::{Fingerprint, Swap, fingerprint},
    serving::{Prepared, Serving},
};
use crate::{
    admin::{Cards, PartnerCard},
    observe::AccountReport,
    out::{self, Problem},
    server::Doors,
    texts::Texts,
    wiring::{Claim, House},
};

/// How long a partner that could not be served rests before it is tried again though its files are as they were: doubles up to
/// the longest.
const RETRY_MIN: Duration = Duration::from_secs(5);
const RETRY_MAX: Duration = Duration::from_mins(5);
/// Partners whose files are read anew at a time while the house serves.
const TENDED_AT_ONCE: usize = 8;

/// Partners that are read at a time when the process starts: their pages are indexed together.
const TAKEN_IN_AT_ONCE: usize = 64;

/// All partners that this process knows.
pub(crate) struct Partners {
    house: Arc<House>,
    doors: Arc<Doors>,
    cards: Arc<Cards>,
    /// Where the folders of partners are.
    root: PathBuf,
    losses: Losses,
    texts: Texts,
    stops: StopMarks,
    all: RwLock<BTreeMap<PartnerId, Arc<Resident>>>,
    claims: std::sync::Mutex<BTreeMap<Claim, PartnerId>>,
    /// Whether messengers are asked for events as soon as a partner is served: not before the engine has started.
    receiving: CancellationToken,
    /// The process ends: nobody is served any more.
    ending: CancellationToken,
    /// Folders that are read at a time: more threads would not be quicker, and each keeps memory of its own.
    reading: Semaphore,
}

/// One of them. Whoever changes its life holds the lock.
struct Resident {
    id: PartnerId,
    folder: PartnerFolder,
    life: Arc<Mutex<Life>>,
    /// How long its things are kept, stopped or not; `None`: its file could never be read.
    terms: std::sync::Mutex<Option<Retention>>,
}

impl Resident {
    fn terms(&self) -> std::sync::MutexGuard<'_, Option<Retention>> {
        self.terms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is tried again though nothing has changed: when, and how long it rests after that.
#[derive(Debug, Clone, Copy)]
struct Retry {
    at: Instant,
    pause: Duration,
}

impl Retry {
    fn after(before: Option<Self>) -> Self {
        let pause = before.map_or(RETRY_MIN, |before| (before.pause * 2).min(RETRY_MAX));
        Self { at: Instant::now() + pause, pause }
    }
}

/// What can be done with one partner while others are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// Serve one that was stopped or is broken, or whose folder is new.
    Start,
    /// Serve it no more, over restarts of the process too: its doors are shut, its messengers are not asked, its turns end.
    Stop,
    /// Serve it by its files as they are now, accounts and keys included; with mistakes in them it is served as before.
    Restart,
}

/// How it stands with a partner.
enum Life {
    /// Somebody stopped it, or nobody has started it yet.
    Stopped,
    /// It cannot be served.
    Broken(Broken),
    Serving(Box<Serving>),
}

/// What keeps a partner from being served.
struct Broken {
    why: String,
    /// What its folder looked like.
    loaded: Fingerprint,
    /// What it looked like when it was last looked at.
    seen: Fingerprint,
    retry: Retry,
}

/// How it stands with a partner, for those who ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PartnerReport {
    pub(crate) partner: PartnerId,
    pub(crate) state: PartnerState,
    /// Since when it is served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<Timestamp>,
    /// What keeps it from being served, or its last edit from being served by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) why: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) accounts: Vec<AccountReport>,
}

/// In a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PartnerState {
    Serving,
    Stopped,
    Broken,
    /// It is being started or stopped just now.
    Changing,
    /// No house runs that would serve it.
    Off,
}

impl Partners {
    pub(crate) fn new(
        house: Arc<House>,
        doors: Arc<Doors>,
        cards: Arc<Cards>,
        root: &Path,
        data: &Path,
        losses: Losses,
        texts: Texts,
    ) -> Self {
        Self {
            house,
            doors,
            cards,
            root: root.to_path_buf(),
            losses,
            texts,
            stops: StopMarks::of(data),
            all: RwLock::default(),
            claims: std::sync::Mutex::default(),
            receiving: CancellationToken::new(),
            ending: CancellationToken::new(),
            reading: Semaphore::new(std::thread::available_parallelism().map_or(1, NonZeroUsize::get)),
        }
    }

    /// Serves the partner of a folder at the start, unless it was stopped; its messengers are asked by
    /// [`Partners::begin_receiving`].
    pub(crate) async fn take_in(&self, folder: &PartnerFolder) -> Result<(), Problem> {
        let id = folder.partner().map_err(|error| out::unreadable(folder.path(), &error))?;
        let resident = self.resident(&id, folder);
        let mut life = resident.life.lock().await;
        if self.stops.has(&id) {
            info!(partner = %id, "the partner is stopped");
            self.look_at_stopped(&resident).await;
            return Ok(());
        }
        // Two links may lead to one folder.
        if matches!(*life, Life::Stopped) { self.open(&resident, &mut life).await } else { Ok(()) }
    }

    /// What it keeps is cleaned up and looked at as before.
    async fn look_at_stopped(&self, resident: &Resident) {
        let folder = resident.folder.clone();
        let loaded = tokio::task::spawn_blocking(move || folder.load()).await;
        if let Ok(Ok(loaded)) = loaded
            && let Some(spec) = loaded.spec
        {
            *resident.terms() = Some(spec.config.retention);
            self.cards.show(PartnerCard::of(&spec, loaded.files));
        }
    }

    /// The same for many, several at a time; in order, what became of each.
    pub(crate) async fn take_in_all(&self, folders: &[PartnerFolder]) -> Vec<Result<(), Problem>> {
        stream::iter(folders).map(|folder| self.take_in(folder)).buffered(TAKEN_IN_AT_ONCE).collect().await
    }

    /// How many are served.
    pub(crate) async fn served(&self) -> usize {
        let mut count = 0;
        for resident in self.residents() {
            count += usize::from(matches!(*resident.1.life.lock().await, Life::Serving(_)));
        }
        count
    }

    /// The engine has started: asks messengers for events from now on.
    pub(crate) async fn begin_receiving(&self) {
        self.receiving.cancel();
        for (_, resident) in self.residents() {
            if let Life::Serving(serving) = &*resident.life.lock().await {
                serving.begin_receiving(&self.house);
            }
        }
    }

    /// Changes one partner. It is done whole, even if the caller goes away meanwhile.
    ///
    /// # Errors
    /// When its files have mistakes, when something that it needs is not to be had, or when a stop cannot be noted on disk.
    pub(crate) async fn change(self: &Arc<Self>, id: &PartnerId, change: Change) -> Result<(), Problem> {
        let (partners, id) = (Arc::clone(self), id.clone());
        let changing = tokio::spawn(async move {
            let resident = partners.known(&id)?;
            let mut life = resident.life.lock().await;
            partners.changed(&resident, &mut life, change).await
        });
        changing.await.unwrap_or_else(|error| Err(out::unreadable(&self.root, &error)))
    }

    async fn changed(&self, resident: &Resident, life: &mut Life, change: Change) -> Result<(), Problem> {
        let marked = match change {
            Change::Stop => self.stops.put(&resident.id),
            Change::Start | Change::Restart => self.stops.take_away(&resident.id),
        };
        marked.map_err(|error| out::unreadable(self.stops.folder(), &error))?;
        match (change, &*life) {
            (Change::Stop, _) => {
                self.close(resident, life).await;
                Ok(())
            }
            (Change::Start, Life::Serving(_)) => Ok(()),
            (Change::Restart, Life::Serving(_)) => self.reopen(resident, life).await,
            (Change::Start | Change::Restart, Life::Stopped | Life::Broken(_)) => self.open(resident, life).await,
        }
    }

    /// How it stands with all of them.
    pub(crate) fn report(&self) -> Vec<PartnerReport> {
        let mut accounts: BTreeMap<PartnerId, Vec<AccountReport>> = BTreeMap::new();
        for account in self.house.accounts.report() {
            accounts.entry(account.partner.clone()).or_default().push(account);
        }
        let report = |(id, resident): (PartnerId, Arc<Resident>)| {
            let (mut since, mut why) = (None, None);
            let state = match resident.life.try_lock().as_deref() {
                Err(_) => PartnerState::Changing,
                Ok(Life::Stopped) => PartnerState::Stopped,
                Ok(Life::Broken(broken)) => {
                    why = Some(broken.why.clone());
                    PartnerState::Broken
                }
                Ok(Life::Serving(serving)) => {
                    (since, why) = (Some(serving.since), serving.refused_edit.clone());
                    PartnerState::Serving
                }
            };
            PartnerReport { accounts: accounts.remove(&id).unwrap_or_default(), partner: id, state, since, why }
        };
        self.residents().into_iter().map(report).collect()
    }

    /// How long things are kept, of each whose file was read.
    pub(crate) fn retention(&self) -> Vec<(PartnerId, Retention)> {
        self.residents().iter().filter_map(|(id, resident)| Some((id.clone(), (*resident.terms())?))).collect()
    }

    /// Ends all of them with the process; nothing is noted.
    pub(crate) async fn end(&self) {
        self.ending.cancel();
        for (_, resident) in self.residents() {
            if let Life::Serving(serving) = &*resident.life.lock().await {
                serving.end();
            }
        }
        for (_, resident) in self.residents() {
            if let Life::Serving(serving) = &*resident.life.lock().await {
                serving.ended().await;
            }
        }
    }

    /// Follows the folders of all partners until `stop`: edits are served by, what was broken is tried again. One that takes
    /// long over it keeps no other from it.
    pub(crate) async fn watch(self: Arc<Self>, stop: CancellationToken) {
        let at_once = Arc::new(Semaphore::new(TENDED_AT_ONCE));
        let mut pause = reload::EVERY;
        loop {
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stop.cancelled() => return,
            }
            let begun = Instant::now();
            for (_, resident) in self.residents() {
                // Somebody starts, stops or tends it.
                let Ok(mut life) = Arc::clone(&resident.life).try_lock_owned() else { continue };
                if !is_due(resident.folder.path(), &mut life).await {
                    continue;
                }
                let (partners, at_once) = (Arc::clone(&self), Arc::clone(&at_once));
                tokio::spawn(async move {
                    let Ok(_place) = at_once.acquire().await else { return };
                    let tended = AssertUnwindSafe(partners.tend(&resident, &mut life)).catch_unwind().await;
                    if tended.is_err() {
                        error!(partner = %resident.id, "tending the partner panicked");
                    }
                });
            }
            pause = reload::EVERY.max(begun.elapsed() * reload::SHARE);
        }
    }

    /// Does what is due with one partner.
    async fn tend(&self, resident: &Resident, life: &mut Life) {
        match life {
            Life::Stopped => {}
            Life::Broken(_) => {
                if self.open(resident, life).await.is_ok() {
                    let args = [("partner", resident.id.to_string().into())];
                    out::note(&self.texts.get("partner-mended", &args));
                }
            }
            Life::Serving(serving) => {
                let begun = Instant::now();
                let swap = serving.watched.swap(&self.house).await;
                serving.refused_edit = reload::refusal(&swap, &serving.watched, &self.texts);
                let before = serving.retry.take();
                if swap != Swap::NeedsRestart {
                    reload::tell(&serving.watched, &swap, begun.elapsed(), &self.texts);
                } else if let Err(problem) = self.reopen(resident, life).await {
                    // What stands in its way may be another partner's, and go.
                    if let Life::Serving(serving) = life {
                        serving.refused_edit = Some(out::told(&problem, &self.texts));
                        serving.retry = Some(Retry::after(before));
                    }
                    if before.is_none() {
                        out::problem(&problem, &self.texts);
                    }
                }
            }
        }
    }

    /// Loads a folder and serves by it; else the partner is broken, and it is said why.
    async fn open(&self, resident: &Resident, life: &mut Life) -> Result<(), Problem> {
        let loaded = {
            let _place = self.reading.acquire().await;
            look(resident.folder.path()).await
        };
        match self.prepare(resident).await {
            Ok(prepared) => {
                *life = Life::Serving(Box::new(self.serve(prepared)));
                Ok(())
            }
            Err(problem) => {
                self.keep_claims(&resident.id, &[]);
                let before = match &*life {
                    Life::Broken(before) => Some(before.retry),
                    Life::Stopped | Life::Serving(_) => None,
                };
                let why = out::told(&problem, &self.texts);
                *life = Life::Broken(Broken { why, loaded, seen: loaded, retry: Retry::after(before) });
                Err(problem)
            }
        }
    }

    /// The same for one that is served. Its doors stay open: only its messengers are asked by one after the other.
    async fn reopen(&self, resident: &Resident, life: &mut Life) -> Result<(), Problem> {
        let prepared = self.prepare(resident).await?;
        if let Life::Serving(before) = &*life {
            before.end();
            before.ended().await;
        }
        self.house.accounts.forget(&resident.id);
        let claims = prepared.wired.claims.clone();
        *life = Life::Serving(Box::new(self.serve(prepared)));
        self.keep_claims(&resident.id, &claims);
        info!(partner = %resident.id, "the partner is served anew");
        Ok(())
    }

    /// Everything that can go wrong before anybody is served by the files as they are now.
    async fn prepare(&self, resident: &Resident) -> Result<Prepared, Problem> {
        let prepared = {
            let _place = self.reading.acquire().await;
            Serving::prepare(&self.house, &resident.folder, self.losses, &self.cards).await?
        };
        let id = &prepared.wired.partner;
        if *id != resident.id {
            let args = vec![("partner", resident.id.to_string()), ("other", id.to_string())];
            return Err(Problem::new("problem-partner-link", args));
        }
        self.claim(id, &prepared.wired.claims)?;
        prepared.index(&self.house).await;
        if self.ending.is_cancelled() {
            return Err(Problem::new("problem-ending", vec![]));
        }
        *resident.terms() = Some(prepared.wired.retention);
        Ok(prepared)
    }

    fn serve(&self, prepared: Prepared) -> Serving {
        let serving = Serving::begin(&self.house, prepared, &self.doors, &self.cards);
        if self.receiving.is_cancelled() {
            serving.begin_receiving(&self.house);
        }
        serving
    }

    async fn close(&self, resident: &Resident, life: &mut Life) {
        let id = &resident.id;
        if let Life::Serving(serving) = &*life {
            self.doors.close(id);
            serving.end();
            serving.ended().await;
            if self.house.engine.retire(id).await == Retired::Busy {
                error!(partner = %id, "turns of the partner are under way still; they are written when they end");
            }
        }
        self.house.accounts.forget(id);
        self.keep_claims(id, &[]);
        *life = Life::Stopped;
    }

    /// Notes what this partner alone may have, beside what it has already.
    fn claim(&self, id: &PartnerId, wanted: &[Claim]) -> Result<(), Problem> {
        let mut claims = self.claims.lock().unwrap_or_else(PoisonError::into_inner);
        let others = wanted.iter().filter_map(|claim| claims.get(claim)).find(|other| *other != id);
        let twice = wanted.iter().enumerate().any(|(at, claim)| wanted[..at].contains(claim));
        if let Some(other) = others.or(twice.then_some(id)) {
            let args = vec![("partner", id.to_string()), ("other", other.to_string())];
            return Err(Problem::new("problem-token-twice", args).hint("problem-token-twice-hint"));
        }
        claims.extend(wanted.iter().map(|claim| (claim.clone(), id.clone())));
        Ok(())
    }

    /// Of what this partner has noted only this is needed any more.
    fn keep_claims(&self, id: &PartnerId, kept: &[Claim]) {
        let mut claims = self.claims.lock().unwrap_or_else(PoisonError::into_inner);
        claims.retain(|claim, of| of != id || kept.contains(claim));
    }

    fn residents(&self) -> Vec<(PartnerId, Arc<Resident>)> {
        let all = self.all.read().unwrap_or_else(PoisonError::into_inner);
        all.iter().map(|(id, resident)| (id.clone(), Arc::clone(resident))).collect()
    }

    fn resident(&self, id: &PartnerId, folder: &PartnerFolder) -> Arc<Resident> {
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        let new = || {
            let life = Arc::new(Mutex::new(Life::Stopped));
            let (id, folder) = (id.clone(), folder.clone());
            Arc::new(Resident { id, folder, life, terms: std::sync::Mutex::default() })
        };
        Arc::clone(all.entry(id.clone()).or_insert_with(new))
    }

    /// One that is known, or whose folder is there.
    fn known(&self, id: &PartnerId) -> Result<Arc<Resident>, Problem> {
        if let Some(resident) = self.all.read().unwrap_or_else(PoisonError::into_inner).get(id) {
            return Ok(Arc::clone(resident));
        }
        let folder = self.root.join(id.as_str());
        if folder.join("config.yaml").is_file() {
            return Ok(self.resident(id, &PartnerFolder::named(folder)));
        }
        let args = vec![("partner", id.to_string()), ("dir", self.root.display().to_string())];
        Err(Problem::new("problem-no-such-partner", args).hint("problem-no-such-partner-hint"))
    }
}

/// Whether there is something to do for a partner.
async fn is_due(folder: &Path, life: &mut Life) -> bool {
    match life {
        Life::Stopped => false,
        Life::Broken(broken) => {
            let now = look(folder).await;
            let steady = now == std::mem::replace(&mut broken.seen, now);
            Instant::now() >= broken.retry.at || (steady && now != broken.loaded)
        }
        Life::Serving(serving) => {
            let again = serving.retry.is_some_and(|retry| Instant::now() >= retry.at);
            serving.watched.is_due().await || again
        }
    }
}

/// What a folder looks like; disks can be slow.
async fn look(folder: &Path) -> Fingerprint {
    let folder = folder.to_path_buf();
    tokio::task::spawn_blocking(move || fingerprint(&folder)).await.unwrap_or_default()
}

#[cfg(test)]
mod tests;
