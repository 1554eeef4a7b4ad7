//! Which partners this process is to serve: all that it can, or its share of what several processes serve on one database
//! (decision 13).

use std::{
    collections::BTreeSet,
    fs::{self, File, TryLockError},
    io::{self, Read, Seek, Write},
    os::unix::fs::MetadataExt,
    path::Path,
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use url::Url;
use voronka_core::{
    ids::PartnerId,
    message::Inbound,
    ports::{Journal, Mailbox, PostError, Posted, PostedMail, StoreError},
    rows::RawLetter,
};
use voronka_engine::Engine;
use voronka_postgres::{Leases, Peer, Share};

use crate::{
    observe::{Figures, Recorder, Report},
    out,
    texts::Texts,
};

/// How long it may take until it is known who serves whom.
const SETTLED_WITHIN: Duration = Duration::from_secs(10);
/// How long who serves a partner may take to let go of it: a little longer than its answers and sends may.
const LET_GO_WITHIN: Duration = Duration::from_mins(4);
/// How often the others are told how well we serve.
const REPORT_EVERY: Duration = Duration::from_secs(1);

/// This process's part.
pub(crate) enum Sharing {
    /// The store is ours alone, and so are all partners.
    Alone(watch::Sender<Share>),
    /// Others may serve from it as well.
    Shared {
        /// Our part.
        leases: Leases,
        /// Ours while the process lives.
        _place: Place,
    },
}

/// Which of a partner's secrets are meant: those before a change, or those behind it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Edition(i64);

impl Sharing {
    pub(crate) fn shared(leases: Leases, place: Place) -> Self {
        Self::Shared { leases, _place: place }
    }

    pub(crate) fn alone() -> Self {
        Self::Alone(watch::Sender::default())
    }

    /// Whether nobody else can serve any of them.
    pub(crate) fn is_alone(&self) -> bool {
        matches!(self, Self::Alone(_))
    }

    /// These are all that we can serve. Returns when it is known who serves them.
    pub(crate) async fn able(&self, partners: BTreeSet<PartnerId>) {
        match self {
            Self::Alone(share) => share.send_modify(|share| share.ours = partners),
            Self::Shared { leases, .. } => settled(leases, leases.able(partners)).await,
        }
    }

    /// Who serves whom.
    pub(crate) fn share(&self) -> watch::Receiver<Share> {
        match self {
            Self::Alone(share) => share.subscribe(),
            Self::Shared { leases, .. } => leases.share(),
        }
    }

    /// Whether a partner is ours to serve.
    pub(crate) fn has(&self, partner: &PartnerId) -> bool {
        self.share().borrow().ours.contains(partner)
    }

    /// Grows when a partner's secrets are changed, through whichever process.
    pub(crate) fn edition(&self, partner: &PartnerId) -> Edition {
        Edition(self.share().borrow().editions.get(partner).copied().unwrap_or_default().secrets)
    }

    /// Nothing of the partner is under way here any more: others may serve it.
    pub(crate) fn let_go(&self, partner: &PartnerId) {
        match self {
            Self::Alone(_) => {}
            Self::Shared { leases, .. } => leases.let_go(partner),
        }
    }

    /// Returns when it is known who serves whom after what was said just now.
    pub(crate) async fn look(&self) {
        if let Self::Shared { leases, .. } = self {
            settled(leases, leases.look()).await;
        }
    }

    /// Waits until nobody holds a partner that nobody is to serve, and nobody who lives says that it could. Else the names of
    /// those who still do.
    pub(crate) async fn let_go_everywhere(&self, partner: &PartnerId) -> Result<(), Vec<String>> {
        let Self::Shared { leases, .. } = self else { return Ok(()) };
        let mut share = leases.share();
        let free = share.wait_for(|share| attached(share, partner).is_empty());
        let is_free = tokio::time::timeout(LET_GO_WITHIN, free).await.is_ok_and(|free| free.is_ok());
        if is_free { Ok(()) } else { Err(attached(&leases.share().borrow(), partner)) }
    }

    /// Tells the others how well we serve, and by which key, until `stop`.
    pub(crate) async fn keep_reporting(self: Arc<Self>, recorder: Recorder, key: String, stop: CancellationToken) {
        let Self::Shared { leases, .. } = &*self else { return };
        let (mut ticks, mut told) = (tokio::time::interval(REPORT_EVERY), BTreeSet::new());
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = stop.cancelled() => return,
            }
            let report = Report { figures: Figures::read(&recorder.render()), key: Some(key.clone()) };
            leases.report(serde_json::to_string(&report).unwrap_or_default());
            for stranger in strangers(&leases.share().borrow(), &key) {
                if told.insert(stranger.clone()) {
                    tracing::error!(instance = stranger, "a process on this database has another instance.key");
                    out::note(&Texts::of_locale().get("sharing-other-key", &[("instance", stranger.into())]));
                }
            }
        }
    }

    /// Where who serves a partner is reached; `None`: nobody does, or not from here.
    pub(crate) fn address_of(&self, partner: &PartnerId) -> Option<Url> {
        self.share().borrow().holders.get(partner)?.address.as_ref()?.parse().ok()
    }

    /// Returns when somebody else serves a partner than who is reached at this address.
    pub(crate) fn moved(&self, partner: &PartnerId, from: Url) -> impl Future<Output = ()> + Send + use<> {
        let (mut share, partner) = (self.share(), partner.clone());
        async move {
            let is_moved = |share: &Share| {
                let holder = share.holders.get(&partner);
                holder
                    .is_some_and(|holder| holder.address.as_ref().and_then(|at| at.parse().ok()) != Some(from.clone()))
            };
            if share.wait_for(is_moved).await.is_err() {
                // The process ends, and its connections with it.
                std::future::pending::<()>().await;
            }
        }
    }

    /// Gives everything back, for a clean stop.
    pub(crate) async fn leave(&self) {
        let Self::Shared { leases, .. } = self else { return };
        if let Err(error) = leases.leave().await {
            tracing::warn!(%error, "the others were not told that this process ends; they find out by themselves");
        }
    }

    /// Whether a partner that is not served here may be served by another process.
    fn is_others(&self, partner: &PartnerId) -> bool {
        matches!(self, Self::Shared { .. }) && !self.share().borrow().stopped.contains(partner)
    }
}

/// Those who hold a partner, or say that they could.
fn attached(share: &Share, partner: &PartnerId) -> Vec<String> {
    let able = share.living.iter().filter(|peer| peer.able.contains(partner)).map(|peer| &peer.instance);
    let names: BTreeSet<String> =
        able.chain(share.holders.get(partner)).map(|instance| instance.name.clone()).collect();
    names.into_iter().collect()
}

/// Processes whose key is another than ours: webhooks and sessions of the one are nothing to the other.
fn strangers(share: &Share, key: &str) -> Vec<String> {
    let of = |peer: &Peer| serde_json::from_str::<Report>(&peer.health).ok()?.key;
    let others = share.living.iter().filter(|peer| of(peer).is_some_and(|other| other != key));
    others.map(|peer| peer.instance.name.clone()).collect()
}

/// Waits until it is known who serves whom by what was announced or asked for under a number.
async fn settled(leases: &Leases, number: u64) {
    let mut share = leases.share();
    let settled = share.wait_for(|share| share.follows >= number);
    if tokio::time::timeout(SETTLED_WITHIN, settled).await.is_err() {
        tracing::warn!("nobody knows yet who serves whom: the database does not answer");
    }
}

/// The place of a process: its data folder, which one process has at a time. Whoever has it next knows at once that the one
/// before is gone, however that ended.
pub(crate) struct Place {
    /// Locked while the process lives; `None`: another process has the folder.
    file: Option<File>,
    /// What tells this file from a copy of it.
    mark: String,
    before: Option<String>,
}

impl Place {
    const FILE: &str = "instance.lock";

    /// Takes the place over a data folder, if it is free.
    pub(crate) fn over(data: &Path) -> io::Result<Self> {
        let mut file =
            File::options().create(true).truncate(false).read(true).write(true).open(data.join(Self::FILE))?;
        let about = file.metadata()?;
        let mark = format!("{}:{}", about.dev(), about.ino());
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(Self { file: None, mark, before: None }),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let mut noted = String::new();
        file.read_to_string(&mut noted)?;
        // In a copy of the folder it is the other folder's process, and may live.
        let before = noted.split_once(' ').filter(|(_, at)| *at == mark).map(|(id, _)| id.to_owned());
        Ok(Self { file: Some(file), mark, before })
    }

    /// The id of the process that has, or had, a data folder, as others know it; `None`: it shares with nobody.
    pub(crate) fn noted(data: &Path) -> Option<String> {
        let noted = fs::read_to_string(data.join(Self::FILE)).ok()?;
        noted.split_once(' ').map(|(id, _)| id.to_owned())
    }

    /// Whether the process that had a data folder last shared a database with others.
    pub(crate) fn was_shared(data: &Path) -> bool {
        fs::metadata(data.join(Self::FILE)).is_ok_and(|file| file.len() > 0)
    }

    /// The process that had it before.
    pub(crate) fn before(&self) -> Option<&str> {
        self.before.as_deref()
    }

    /// Notes who has it now; nothing: somebody whom no other process knows. Where that cannot be noted, the next one waits until we are dead by the clock.
    pub(crate) fn take(&mut self, id: &str) {
        let Some(file) = &mut self.file else { return };
        let note = if id.is_empty() { String::new() } else { format!("{id} {}", self.mark) };
        let noted = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(note.as_bytes()));
        if let Err(error) = noted {
            tracing::warn!(%error, "the data folder does not say who has it");
        }
    }
}

/// Where events go: to the engine, or to the store where another process serves the partner and hears of them.
pub(crate) struct Mailroom {
    engine: Engine,
    journal: Arc<dyn Journal>,
    sharing: Arc<Sharing>,
}

impl Mailroom {
    pub(crate) fn new(engine: &Engine, journal: &Arc<dyn Journal>, sharing: &Arc<Sharing>) -> Self {
        Self { engine: engine.clone(), journal: Arc::clone(journal), sharing: Arc::clone(sharing) }
    }
}

#[async_trait]
impl Mailbox for Mailroom {
    async fn post(&self, batch: Vec<Inbound>) -> Result<Posted, PostError> {
        match self.engine.post(batch.clone()).await {
            Err(PostError::Unknown) if batch.iter().all(|event| self.sharing.is_others(&event.partner)) => {}
            posted => return posted,
        }
        let kept = self.journal.post(batch.clone()).await.map_err(|error| match error {
            StoreError::Full => PostError::Full,
            other => PostError::Store(other.to_string()),
        })?;
        // Who serves hears of it by the store, unless we have begun to since we were asked: then our engine hears of it here.
        for event in batch {
            match self.engine.post(vec![event]).await {
                Ok(_) | Err(PostError::Unknown | PostError::Stopping) => {}
                Err(error) => return Err(error),
            }
        }
        let new = kept.iter().filter(|kept| matches!(kept, PostedMail::New(..))).count();
        Ok(Posted { new, seen: kept.len() - new })
    }

    async fn keep_raw(&self, letter: RawLetter) -> Result<(), PostError> {
        self.engine.keep_raw(letter).await
    }
}

#[cfg(test)]
mod tests {
    use voronka_postgres::Instance;

    use super::*;

    #[test]
    fn who_has_the_folder_next_knows_who_had_it_and_nobody_has_it_twice() {
        let data = tempfile::tempdir().unwrap();
        let mut first = Place::over(data.path()).unwrap();
        assert_eq!(first.before(), None);
        first.take("0198-a-long-id");
        let second = Place::over(data.path()).unwrap();
        assert!(second.before().is_none() && second.file.is_none(), "the first one lives");
        drop(first);
        let mut next = Place::over(data.path()).unwrap();
        assert_eq!(next.before(), Some("0198-a-long-id"));
        next.take("0199");
        drop(next);
        assert_eq!(Place::over(data.path()).unwrap().before(), Some("0199"));
    }

    #[test]
    fn a_copy_of_a_data_folder_says_nothing_of_who_has_the_first() {
        let (data, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mut first = Place::over(data.path()).unwrap();
        first.take("0198-a-long-id");
        fs::copy(data.path().join(Place::FILE), copy.path().join(Place::FILE)).unwrap();
        let mut second = Place::over(copy.path()).unwrap();
        assert_eq!(second.before(), None);
        second.take("0199");
        drop(second);
        assert_eq!(Place::over(copy.path()).unwrap().before(), Some("0199"));
    }

    #[test]
    fn a_partner_is_let_go_of_when_nobody_holds_it_and_nobody_could() {
        let anna = PartnerId::parse("anna").unwrap();
        let instance = |name: &str| Instance { name: name.to_owned(), address: None };
        let peer = |name: &str, able: &[&PartnerId]| Peer {
            id: name.to_owned(),
            instance: instance(name),
            health: "{}".to_owned(),
            able: Arc::new(able.iter().map(|one| (*one).clone()).collect()),
        };
        let living = vec![peer("able", &[&anna]), peer("other", &[])];
        let share = Share { living, holders: [(anna.clone(), instance("holder"))].into(), ..Share::default() };
        assert_eq!(attached(&share, &anna), ["able", "holder"]);
        assert!(attached(&share, &PartnerId::parse("boris").unwrap()).is_empty());
    }

    #[test]
    fn processes_with_another_key_are_strangers() {
        let peer = |name: &str, health: &str| Peer {
            id: name.to_owned(),
            instance: Instance { name: name.to_owned(), address: None },
            health: health.to_owned(),
            able: Arc::default(),
        };
        let living = vec![
            peer("same", r#"{"key": "a1"}"#),
            peer("other", r#"{"key": "b2", "sends": {"all": 1, "bad": 0}}"#),
            // Of another version, or just started.
            peer("silent", "{}"),
        ];
        let share = Share { living, ..Share::default() };
        assert_eq!(strangers(&share, "a1"), ["other"]);
    }
}
