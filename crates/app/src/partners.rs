//! The partners of this process. Each has a life of its own: it is started, edited, stopped, breaks and is mended while the
//! others notice nothing.

mod reload;
mod serving;
mod stopped;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use futures::{StreamExt, stream};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};
use voronka_core::{ids::PartnerId, spec::config::Retention};
use voronka_engine::Retired;
use voronka_files::PartnerFolder;

pub(crate) use self::{reload::Losses, stopped::StopMarks};
use self::{
    reload::{Fingerprint, Swap, fingerprint},
    serving::Serving,
};
use crate::{
    admin::Cards,
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
}

/// One of them. Whoever changes its life holds the lock.
struct Resident {
    folder: PartnerFolder,
    life: Mutex<Life>,
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
    /// When it is tried again though nothing has changed, and how long it rests after that.
    again: tokio::time::Instant,
    pause: Duration,
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
        }
    }

    /// Serves the partner of a folder at the start, unless it was stopped; its messengers are asked by
    /// [`Partners::begin_receiving`].
    pub(crate) async fn take_in(&self, folder: &PartnerFolder) -> Result<(), Problem> {
        let id = folder.partner().map_err(|error| out::unreadable(folder.path(), &error))?;
        let resident = self.resident(&id, folder);
        if self.stops.has(&id) {
            info!(partner = %id, "the partner is stopped");
            return Ok(());
        }
        let mut life = resident.life.lock().await;
        self.open(&resident.folder, &mut life).await
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

    /// Starts a partner: one that was stopped or is broken, or whose folder is new.
    ///
    /// # Errors
    /// When its files have mistakes, or something that it needs is not to be had.
    pub(crate) async fn start(&self, id: &PartnerId) -> Result<(), Problem> {
        let resident = self.known(id)?;
        self.stops.take_away(id).map_err(|error| self.unmarked(&error))?;
        let mut life = resident.life.lock().await;
        match &*life {
            Life::Serving(_) => Ok(()),
            Life::Stopped | Life::Broken(_) => self.open(&resident.folder, &mut life).await,
        }
    }

    /// Stops a partner, over restarts of the process too: its doors are shut, its messengers are not asked, its turns end.
    ///
    /// # Errors
    /// When that cannot be noted on disk: it would come back with the next start.
    pub(crate) async fn stop(&self, id: &PartnerId) -> Result<(), Problem> {
        let resident = self.known(id)?;
        self.stops.put(id).map_err(|error| self.unmarked(&error))?;
        let mut life = resident.life.lock().await;
        self.close(id, &mut life).await;
        *life = Life::Stopped;
        Ok(())
    }

    /// Serves a partner anew from its files: accounts, keys and names that an edit changes are served by from here on. With
    /// mistakes in its files it is served as before.
    ///
    /// # Errors
    /// When its files have mistakes.
    pub(crate) async fn restart(&self, id: &PartnerId) -> Result<(), Problem> {
        let resident = self.known(id)?;
        self.stops.take_away(id).map_err(|error| self.unmarked(&error))?;
        let mut life = resident.life.lock().await;
        self.reopen(id, &resident.folder, &mut life).await
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

    /// How long things are kept, of each that is served.
    pub(crate) async fn retention(&self) -> Vec<(PartnerId, Retention)> {
        let mut terms = Vec::new();
        for (id, resident) in self.residents() {
            if let Life::Serving(serving) = &*resident.life.lock().await {
                terms.push((id, serving.retention()));
            }
        }
        terms
    }

    /// Ends all of them with the process; nothing is noted.
    pub(crate) async fn end(&self) {
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

    /// Follows the folders of all partners until `stop`: edits are served by, what was broken is tried again.
    pub(crate) async fn watch(self: Arc<Self>, stop: CancellationToken) {
        let mut pause = reload::EVERY;
        loop {
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stop.cancelled() => return,
            }
            let begun = std::time::Instant::now();
            let mut tending = Duration::ZERO;
            for (id, resident) in self.residents() {
                // Somebody starts or stops it.
                let Ok(mut life) = resident.life.try_lock() else { continue };
                let since = std::time::Instant::now();
                if self.tend(&id, &resident.folder, &mut life).await {
                    tending += since.elapsed();
                }
            }
            pause = reload::EVERY.max(begun.elapsed().saturating_sub(tending) * reload::SHARE);
        }
    }

    /// Looks at one folder; whether there was something to do.
    async fn tend(&self, id: &PartnerId, folder: &PartnerFolder, life: &mut Life) -> bool {
        match life {
            Life::Stopped => false,
            Life::Broken(broken) => {
                let now = look(folder.path()).await;
                let steady = now == std::mem::replace(&mut broken.seen, now);
                let due = tokio::time::Instant::now() >= broken.again || (steady && now != broken.loaded);
                if due && self.open(folder, life).await.is_ok() {
                    out::note(&self.texts.get("partner-mended", &[("partner", id.to_string().into())]));
                }
                due
            }
            Life::Serving(serving) => {
                if !serving.watched.is_due().await {
                    return false;
                }
                let begun = std::time::Instant::now();
                let swap = serving.watched.swap(&self.house).await;
                serving.refused_edit = reload::refusal(&swap, &serving.watched, &self.texts);
                if swap == Swap::NeedsRestart {
                    if let Err(problem) = self.reopen(id, folder, life).await {
                        out::problem(&problem, &self.texts);
                        if let Life::Serving(serving) = life {
                            serving.refused_edit = Some(out::told(&problem, &self.texts));
                        }
                    }
                } else {
                    reload::tell(&serving.watched, &swap, begun.elapsed(), &self.texts);
                }
                true
            }
        }
    }

    /// Loads a folder and serves by it; else the partner is broken, and it is said why.
    async fn open(&self, folder: &PartnerFolder, life: &mut Life) -> Result<(), Problem> {
        let loaded = look(folder.path()).await;
        match Serving::prepare(&self.house, folder, self.losses, &self.cards).await {
            Ok(prepared) => match self.claim(&prepared.wired.partner, &prepared.wired.claims) {
                Ok(()) => {
                    *life = Life::Serving(Box::new(self.serve(prepared)));
                    Ok(())
                }
                Err(problem) => Err(self.broken(life, loaded, problem)),
            },
            Err(problem) => Err(self.broken(life, loaded, problem)),
        }
    }

    /// The same for one that may be served: with mistakes it stays as it is.
    async fn reopen(&self, id: &PartnerId, folder: &PartnerFolder, life: &mut Life) -> Result<(), Problem> {
        if !matches!(life, Life::Serving(_)) {
            return self.open(folder, life).await;
        }
        let prepared = Serving::prepare(&self.house, folder, self.losses, &self.cards).await?;
        self.claim(id, &prepared.wired.claims)?;
        self.close(id, life).await;
        *life = Life::Serving(Box::new(self.serve(prepared)));
        info!(partner = %id, "the partner is served anew");
        Ok(())
    }

    fn serve(&self, prepared: serving::Prepared) -> Serving {
        let serving = Serving::begin(&self.house, prepared, &self.doors, &self.cards);
        if self.receiving.is_cancelled() {
            serving.begin_receiving(&self.house);
        }
        serving
    }

    async fn close(&self, id: &PartnerId, life: &mut Life) {
        let Life::Serving(serving) = &*life else { return };
        self.doors.close(id);
        serving.end();
        serving.ended().await;
        if self.house.engine.retire(id).await == Retired::Busy {
            error!(partner = %id, "turns of the partner are under way still; they are written when they end");
        }
        self.house.accounts.forget(id);
        self.unclaim(id);
        *life = Life::Stopped;
    }

    fn broken(&self, life: &mut Life, loaded: Fingerprint, problem: Problem) -> Problem {
        let pause = match &*life {
            Life::Broken(before) => (before.pause * 2).min(RETRY_MAX),
            Life::Stopped | Life::Serving(_) => RETRY_MIN,
        };
        let again = tokio::time::Instant::now() + pause;
        let why = out::told(&problem, &self.texts);
        *life = Life::Broken(Broken { why, loaded, seen: loaded, again, pause });
        problem
    }

    /// Notes what this partner alone may have, in the place of what it had.
    fn claim(&self, id: &PartnerId, wanted: &[Claim]) -> Result<(), Problem> {
        let mut claims = self.claims.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(other) = wanted.iter().filter_map(|claim| claims.get(claim)).find(|other| *other != id) {
            let args = vec![("partner", id.to_string()), ("other", other.to_string())];
            return Err(Problem::new("problem-token-twice", args).hint("problem-token-twice-hint"));
        }
        claims.retain(|_, of| of != id);
        claims.extend(wanted.iter().map(|claim| (claim.clone(), id.clone())));
        Ok(())
    }

    fn unclaim(&self, id: &PartnerId) {
        self.claims.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, of| of != id);
    }

    fn residents(&self) -> Vec<(PartnerId, Arc<Resident>)> {
        let all = self.all.read().unwrap_or_else(PoisonError::into_inner);
        all.iter().map(|(id, resident)| (id.clone(), Arc::clone(resident))).collect()
    }

    fn resident(&self, id: &PartnerId, folder: &PartnerFolder) -> Arc<Resident> {
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Resident { folder: folder.clone(), life: Mutex::new(Life::Stopped) });
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

    fn unmarked(&self, error: &std::io::Error) -> Problem {
        let args = vec![("path", self.stops.folder().display().to_string()), ("cause", error.to_string())];
        Problem::new("problem-data", args)
    }
}

/// What a folder looks like; disks can be slow.
async fn look(folder: &Path) -> Fingerprint {
    let folder = folder.to_path_buf();
    tokio::task::spawn_blocking(move || fingerprint(&folder)).await.unwrap_or_default()
}

#[cfg(test)]
mod tests;
