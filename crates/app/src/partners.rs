//! The partners of this process. Each has a life of its own: it is started, edited, stopped, breaks and is mended while the
//! others notice nothing.

mod claims;
mod domains;
mod folders;
mod reload;
mod report;
mod serving;
mod shares;
mod stopped;
mod teams;
mod telling;

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroUsize,
    panic::AssertUnwindSafe,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use futures::{FutureExt, StreamExt, stream};
use tokio::sync::{Mutex, Semaphore};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{error, info, warn};
use voronka_core::{ids::PartnerId, spec::config::Retention};
use voronka_engine::{Engine, Retired};
use voronka_files::{PartnerFolder, Photos};
use voronka_postgres::Word;

use self::{
    domains::Domains,
    reload::{Behind, Fingerprint, Readjusted, Swap, fingerprint},
    serving::{Prepared, Serving},
    stopped::Said,
};
pub(crate) use self::{
    folders::{Folders, among},
    reload::Losses,
    report::{PartnerReport, PartnerState},
    stopped::{Removals, StopMarks, Stops},
    telling::{Going, Teller},
};
use crate::{
    admin::{Cards, PartnerCard},
    filed::PackedFiles,
    out::{self, Problem},
    server::Doors,
    sharing::{Edition, Sharing},
    texts::Texts,
    wiring::{Claim, House},
};

/// How long a partner that could not be served rests before it is tried again though its files are as they were: doubles up to
/// the longest.
const RETRY_MIN: Duration = Duration::from_secs(5);
const RETRY_MAX: Duration = Duration::from_mins(5);
/// How often files are let go of that nobody has needed since the last time.
const REST_EVERY: Duration = Duration::from_mins(5);
/// Partners whose files are read anew at a time while the house serves.
const TENDED_AT_ONCE: usize = 8;

/// Partners that are read at a time when the process starts: their pages are indexed together.
const TAKEN_IN_AT_ONCE: usize = 64;

/// All partners that this process knows.
pub(crate) struct Partners {
    house: Arc<House>,
    sharing: Arc<Sharing>,
    doors: Arc<Doors>,
    cards: Arc<Cards>,
    domains: Domains,
    /// Those that can be served here.
    able: std::sync::Mutex<BTreeSet<PartnerId>>,
    /// Where the folders of partners are.
    root: PathBuf,
    losses: Losses,
    texts: Texts,
    stops: Arc<dyn Stops>,
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
    /// The same, unless it is stopped.
    Reload,
}

/// How it stands with a partner.
enum Life {
    /// Nobody has started it yet.
    New,
    /// Somebody stopped it.
    Stopped,
    /// It is gone, and this process has a folder of it still, or had.
    Removed,
    /// It cannot be served.
    Broken(Broken),
    /// It can be served, and another process does.
    Ready(Box<Prepared>),
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

impl Partners {
    pub(crate) fn new(
        house: Arc<House>,
        doors: Arc<Doors>,
        cards: Arc<Cards>,
        root: &Path,
        stops: Arc<dyn Stops>,
        losses: Losses,
        texts: Texts,
    ) -> Self {
        Self {
            domains: Domains::of(house.data()),
            house,
            sharing: Arc::new(Sharing::alone()),
            doors,
            cards,
            able: std::sync::Mutex::default(),
            root: root.to_path_buf(),
            losses,
            texts,
            stops,
            all: RwLock::default(),
            claims: std::sync::Mutex::default(),
            receiving: CancellationToken::new(),
            ending: CancellationToken::new(),
            reading: Semaphore::new(std::thread::available_parallelism().map_or(1, NonZeroUsize::get)),
        }
    }

    /// Serves of them what is ours.
    #[must_use]
    pub(crate) fn sharing(self, sharing: &Arc<Sharing>) -> Self {
        Self { sharing: Arc::clone(sharing), ..self }
    }

    /// Gets the partner of a folder ready to be served, unless it is among those that were stopped.
    async fn take_in(&self, folder: &PartnerFolder, said: &Said) -> Result<(), Problem> {
        let id = folder.partner().map_err(|error| out::unreadable(folder.path(), &error))?;
        let resident = self.resident(&id, folder);
        let mut life = resident.life.lock().await;
        if said.removed.contains(&id) {
            warn!(partner = %id, folder = %folder.path().display(), "the partner was removed; its folder is left over");
            *life = Life::Removed;
            return Ok(());
        }
        if said.stopped.contains(&id) {
            info!(partner = %id, "the partner is stopped");
            *life = Life::Stopped;
            self.look_at_stopped(&resident).await;
            return Ok(());
        }
        // Two links may lead to one folder.
        if matches!(*life, Life::New) { self.get_ready(&resident, &mut life).await } else { Ok(()) }
    }

    /// What it keeps is cleaned up and looked at as before.
    async fn look_at_stopped(&self, resident: &Resident) {
        let folder = resident.folder.clone();
        let kept = self.house.vault.secrets(&resident.id).await.unwrap_or_default();
        let loaded = tokio::task::spawn_blocking(move || folder.load_with(&kept)).await;
        if let Ok(Ok(loaded)) = loaded
            && let Some(spec) = loaded.spec
        {
            *resident.terms() = Some(spec.config.retention);
            self.keep_domains(&resident.id, spec.config.branding.domains()).await;
            self.doors.reserve(&resident.id, self.domains.last(&resident.id));
            if let Ok(pictures) = Photos::of(resident.folder.path(), &spec) {
                self.cards.show_stopped(PartnerCard::of(
                    &spec,
                    Arc::new(PackedFiles::of(&loaded.files)),
                    Arc::new(pictures),
                ));
            }
        }
    }

    /// Serves the partners of folders at the start, as far as they are ours; in order, what became of each. Their messengers are
    /// asked by [`Partners::begin_receiving`].
    ///
    /// # Errors
    /// When it is not known who is stopped.
    pub(crate) async fn take_in_all(&self, folders: &[PartnerFolder]) -> Result<Vec<Result<(), Problem>>, Problem> {
        let said = self.stops.said().await?;
        said.removed.iter().for_each(|gone| self.domains.note(gone, []));
        // What was read of a partner is let go of once it is served. Who shares asks once for all whose they are.
        let at_a_time = if self.sharing.is_alone() { TAKEN_IN_AT_ONCE } else { folders.len().max(1) };
        let mut taken = Vec::with_capacity(folders.len());
        for some in folders.chunks(at_a_time) {
            let some = stream::iter(some).map(|folder| self.take_in(folder, &said)).buffered(TAKEN_IN_AT_ONCE);
            taken.extend(some.collect::<Vec<_>>().await);
            self.announce().await;
            self.settle_all().await;
        }
        if folders.is_empty() {
            self.announce().await;
        }
        Ok(taken)
    }

    /// Whether there are partners that are to be served, and none of them can be.
    pub(crate) fn can_serve_none(&self) -> bool {
        let is_broken = |resident: &Resident| matches!(resident.life.try_lock().as_deref(), Ok(Life::Broken(_)));
        self.able.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
            && self.residents().iter().any(|(_, resident)| is_broken(resident))
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
        if change != Change::Reload {
            let word = if change == Change::Stop { Word::Stop } else { Word::Start };
            self.stops.say(&resident.id, word).await?;
        }
        self.sharing.look().await;
        match (change, &*life) {
            (Change::Stop, _) => match self.close(resident, life).await {
                Retired::Busy => Err(Problem::new("partner-busy", vec![("partner", resident.id.to_string())])),
                Retired::Quiet | Retired::WasNot => Ok(()),
            },
            (Change::Start, Life::Serving(_)) | (Change::Reload, Life::New | Life::Stopped | Life::Removed) => Ok(()),
            (Change::Restart | Change::Reload, Life::Serving(_)) => self.reopen(resident, life).await,
            (Change::Start | Change::Restart, Life::New | Life::Stopped | Life::Removed)
            | (_, Life::Broken(_) | Life::Ready(_)) => self.open(resident, life).await,
        }
    }

    /// Whether there is such a partner, served or not.
    pub(crate) fn knows(&self, id: &PartnerId) -> bool {
        self.known(id).is_ok()
    }

    /// A partner is about to be removed, known here or not: waits until no process that lives could serve it.
    pub(crate) async fn stop_everywhere(self: &Arc<Self>, id: &PartnerId) -> Result<(), Problem> {
        if self.knows(id) {
            self.change(id, Change::Stop).await?;
        } else {
            self.stops.say(id, Word::Stop).await?;
            self.sharing.look().await;
        }
        self.sharing.let_go_everywhere(id).await.map_err(|by| {
            let args = vec![("partner", id.to_string()), ("by", by.join(", "))];
            Problem::new("partner-served-elsewhere", args)
        })
    }

    /// Knows a partner no more that was stopped, and is about to be deleted.
    pub(crate) async fn forget(&self, id: &PartnerId) {
        let resident = self.all.write().unwrap_or_else(PoisonError::into_inner).remove(id);
        if let Some(resident) = resident {
            // Whoever tends it just now ends first.
            self.close(&resident, &mut *resident.life.lock().await).await;
        }
        self.clear_away(id).await;
    }

    /// Nothing of a partner that is not served is shown or found here any more.
    async fn clear_away(&self, id: &PartnerId) {
        self.domains.note(id, []);
        self.doors.forget(id);
        self.cards.take_away(id);
        self.house.engine.forget(id);
        if let Err(error) = self.house.knowledge.index(id, &[]).await {
            error!(partner = %id, %error, "pages of the partner are left in the index");
        }
    }

    /// How long things are kept, of each whose file was read and whom no other process serves.
    pub(crate) fn retention(&self) -> Vec<(PartnerId, Retention)> {
        let share = self.sharing.share().borrow().clone();
        let is_ours = |id: &PartnerId| share.ours.contains(id) || !share.holders.contains_key(id);
        let residents = self.residents();
        let ours = residents.iter().filter(|(id, _)| is_ours(id));
        ours.filter_map(|(id, resident)| Some((id.clone(), (*resident.terms())?))).collect()
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

    /// Keeps up with folders, teams and other processes, as some of `tasks`, until `stop`.
    pub(crate) fn keep_up(self: &Arc<Self>, tasks: &TaskTracker, stop: &CancellationToken) {
        tasks.spawn(Arc::clone(self).watch(stop.clone()));
        tasks.spawn(Arc::clone(self).follow_teams(stop.clone()));
        tasks.spawn(Arc::clone(self).follow_shares(stop.clone()));
        tasks.spawn(rest(self.house.engine.clone(), stop.clone()));
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
                let Some(behind) = self.behind(&resident, &mut life).await else { continue };
                let (partners, at_once) = (Arc::clone(&self), Arc::clone(&at_once));
                tokio::spawn(async move {
                    let Ok(_place) = at_once.acquire().await else { return };
                    let tended = AssertUnwindSafe(partners.tend(&resident, &mut life, behind)).catch_unwind().await;
                    if tended.is_err() {
                        error!(partner = %resident.id, "tending the partner panicked");
                    }
                });
            }
            pause = reload::EVERY.max(begun.elapsed() * reload::SHARE);
        }
    }

    /// What there is to do for a partner. Whoever is not served begins with what its team has set.
    async fn behind(&self, resident: &Resident, life: &mut Life) -> Option<Behind> {
        let secrets = self.sharing.edition(&resident.id);
        let is_due = match life {
            Life::New | Life::Stopped | Life::Removed => false,
            Life::Ready(prepared) => prepared.watched.is_due(secrets).await,
            Life::Broken(broken) => {
                let now = look(resident.folder.path(), secrets).await;
                let steady = now == std::mem::replace(&mut broken.seen, now);
                Instant::now() >= broken.retry.at || (steady && now != broken.loaded)
            }
            Life::Serving(serving) => {
                let again = serving.retry.is_some_and(|retry| Instant::now() >= retry.at);
                let is_due = serving.watched.is_due(secrets).await || again;
                if !is_due && serving.watched.is_behind_team(&self.house) {
                    return Some(Behind::Team);
                }
                if !is_due && serving.watched.has_expired(&self.house) {
                    return Some(Behind::Pages);
                }
                is_due
            }
        };
        is_due.then_some(Behind::Files)
    }

    /// Does what is due with one partner.
    async fn tend(&self, resident: &Resident, life: &mut Life, behind: Behind) {
        match life {
            Life::New | Life::Stopped | Life::Removed => {}
            Life::Ready(_) => {
                if let Err(problem) = self.open(resident, life).await {
                    out::problem(&problem, &self.texts);
                }
            }
            Life::Broken(_) => {
                if self.open(resident, life).await.is_ok() {
                    let args = [("partner", resident.id.to_string().into())];
                    out::note(&self.texts.get("partner-mended", &args));
                }
            }
            Life::Serving(serving) => match behind {
                Behind::Files => self.serve_edit(resident, life).await,
                Behind::Team => {
                    let readjusted = serving.watched.take_up(&self.house).await;
                    if readjusted == Readjusted::InPart && serving.retry.is_none() {
                        self.serve_edit(resident, life).await;
                    }
                }
                Behind::Pages => serving.watched.index_again(&self.house).await,
            },
        }
    }

    /// Serves a partner that is served by its folder as it is now, if that is sound.
    async fn serve_edit(&self, resident: &Resident, life: &mut Life) {
        let Life::Serving(serving) = life else { return };
        let begun = Instant::now();
        let swap = serving.watched.swap(&self.house, self.sharing.edition(&resident.id)).await;
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

    /// Loads a folder and serves by it, if the partner is ours to serve; else the partner is broken, and it is said why.
    async fn open(&self, resident: &Resident, life: &mut Life) -> Result<(), Problem> {
        let ready = self.get_ready(resident, life).await;
        self.announce().await;
        self.settle(resident, life).await;
        ready
    }

    /// Loads a folder, so that it can be served by.
    async fn get_ready(&self, resident: &Resident, life: &mut Life) -> Result<(), Problem> {
        let loaded = {
            let _place = self.reading.acquire().await;
            look(resident.folder.path(), self.sharing.edition(&resident.id)).await
        };
        match self.prepare(resident).await {
            Ok(prepared) => {
                self.domains.note(&resident.id, prepared.wired.domains());
                self.doors.leave_to_others(&prepared.wired);
                self.cards.show(prepared.card.clone());
                *life = Life::Ready(Box::new(prepared));
                self.can_be_served(&resident.id, true);
                Ok(())
            }
            Err(problem) => {
                self.keep_claims(&resident.id, &[]);
                self.can_be_served(&resident.id, false);
                self.doors.close(&resident.id);
                self.doors.reserve(&resident.id, self.domains.last(&resident.id));
                let before = match &*life {
                    Life::Broken(before) => Some(before.retry),
                    Life::New | Life::Stopped | Life::Removed | Life::Ready(_) | Life::Serving(_) => None,
                };
                let why = out::told(&problem, &self.texts);
                *life = Life::Broken(Broken { why, loaded, seen: loaded, retry: Retry::after(before) });
                Err(problem)
            }
        }
    }

    /// The same for one that is served. Its doors stay open: only its messengers are asked by one after the other.
    async fn reopen(&self, resident: &Resident, life: &mut Life) -> Result<(), Problem> {
        let mut prepared = self.prepare(resident).await?;
        if let Life::Serving(before) = &*life {
            before.end();
            before.ended().await;
        }
        self.house.accounts.forget(&resident.id);
        self.domains.note(&resident.id, prepared.wired.domains());
        let claims = prepared.wired.claims.clone();
        prepared.index(&self.house).await;
        *life = Life::Serving(Box::new(self.serve(prepared)));
        self.keep_claims(&resident.id, &claims);
        info!(partner = %resident.id, "the partner is served anew");
        Ok(())
    }

    /// Everything that can go wrong before anybody is served by the files as they are now.
    async fn prepare(&self, resident: &Resident) -> Result<Prepared, Problem> {
        let prepared = {
            let _place = self.reading.acquire().await;
            let secrets = self.sharing.edition(&resident.id);
            Serving::prepare(&self.house, &resident.folder, secrets, self.losses, &self.cards).await?
        };
        let id = &prepared.wired.partner;
        if *id != resident.id {
            let args = vec![("partner", resident.id.to_string()), ("other", id.to_string())];
            return Err(Problem::new("problem-partner-link", args));
        }
        if self.house.is_half_copied(id).await {
            let args = vec![("partner", id.to_string())];
            return Err(Problem::new("partner-half-copied", args).hint("partner-half-copied-hint"));
        }
        self.claim(id, &prepared.wired).await?;
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

    async fn close(&self, resident: &Resident, life: &mut Life) -> Retired {
        self.doors.close(&resident.id);
        let retired = self.end_service(resident, life).await;
        self.keep_claims(&resident.id, &[]);
        self.can_be_served(&resident.id, false);
        self.announce().await;
        retired
    }

    async fn end_service(&self, resident: &Resident, life: &mut Life) -> Retired {
        let id = &resident.id;
        if let Life::Serving(serving) = &*life {
            serving.end();
            serving.ended().await;
        }
        let retired = self.house.engine.retire(id).await;
        if retired == Retired::Busy {
            error!(partner = %id, "turns or sends of the partner have not ended in time");
        }
        self.house.accounts.forget(id);
        *life = Life::Stopped;
        retired
    }

    fn residents(&self) -> Vec<(PartnerId, Arc<Resident>)> {
        let all = self.all.read().unwrap_or_else(PoisonError::into_inner);
        all.iter().map(|(id, resident)| (id.clone(), Arc::clone(resident))).collect()
    }

    fn resident(&self, id: &PartnerId, folder: &PartnerFolder) -> Arc<Resident> {
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        let new = || {
            let life = Arc::new(Mutex::new(Life::New));
            let (id, folder) = (id.clone(), folder.clone());
            Arc::new(Resident { id, folder, life, terms: std::sync::Mutex::default() })
        };
        Arc::clone(all.entry(id.clone()).or_insert_with(new))
    }

    /// One that is known, or whose folder is there.
    fn known(&self, id: &PartnerId) -> Result<Arc<Resident>, Problem> {
        if let Some(folder) = self.folder_of(id) {
            return Ok(self.resident(id, &folder));
        }
        let args = vec![("partner", id.to_string()), ("dir", self.root.display().to_string())];
        Err(Problem::new("problem-no-such-partner", args).hint("problem-no-such-partner-hint"))
    }

    /// The folder of a partner that is known, or whose is there.
    fn folder_of(&self, id: &PartnerId) -> Option<PartnerFolder> {
        if let Some(resident) = self.all.read().unwrap_or_else(PoisonError::into_inner).get(id) {
            return Some(resident.folder.clone());
        }
        let folder = self.root.join(id.as_str());
        folder.join("config.yaml").is_file().then(|| PartnerFolder::named(folder))
    }
}

/// Lets go of the files of partners whom nobody writes to, until `stop`.
async fn rest(engine: Engine, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(REST_EVERY)).await.is_some() {
        engine.rest();
    }
}

/// What a partner looks like; disks can be slow.
async fn look(folder: &Path, secrets: Edition) -> Fingerprint {
    let folder = folder.to_path_buf();
    tokio::task::spawn_blocking(move || fingerprint(&folder, secrets)).await.unwrap_or_default()
}

#[cfg(test)]
mod tests;
