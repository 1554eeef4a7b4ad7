//! One partner in service: what it has opened, and the tasks that listen for it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use jiff::Timestamp;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::warn;
use voronka_core::spec::{diagnostic::Level, partner::PartnerSpec};
use voronka_engine::Partner;
use voronka_files::{PartnerFolder, Photos};

use super::{
    Retry,
    reload::{AdjustedSpec, Losses, SetByTeam, Watched, fingerprint},
};
use crate::{
    admin::{Cards, PartnerCard},
    out::{Problem, unreadable},
    server::Doors,
    sharing::Edition,
    wiring::{self, House, MissingKeys, Wired},
};

/// A partner whose files are sound and whose ports are set up; nobody is served by it yet.
pub(super) struct Prepared {
    pub(super) wired: Wired,
    partner: Partner,
    pub(super) card: PartnerCard,
    pub(super) watched: Watched,
    /// Its files as they were read, until it is served by them.
    spec: Arc<PartnerSpec>,
}

/// A partner that is served.
pub(super) struct Serving {
    pub(super) watched: Watched,
    pub(super) since: Timestamp,
    /// Why its last edit is not served by.
    pub(super) refused_edit: Option<String>,
    /// When that is tried again though nothing has changed.
    pub(super) retry: Option<Retry>,
    pub(super) wired: Wired,
    receiving: AtomicBool,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Prepared {
    /// Lets the index hold its pages, once nothing else stands in the way of serving by them.
    pub(super) async fn index(&mut self, house: &House) {
        self.watched.index(house, &self.spec, &*self.wired.knowledge).await;
    }
}

impl Serving {
    /// Reads a partner's folder and sets up its ports.
    ///
    /// # Errors
    /// When its files have mistakes, or something that it needs is not to be had.
    pub(super) async fn prepare(
        house: &House,
        folder: &PartnerFolder,
        edition: Edition,
        losses: Losses,
        cards: &Arc<Cards>,
    ) -> Result<Prepared, Problem> {
        let (path, at) = (folder.path(), folder.clone());
        let id = folder.partner().map_err(|error| unreadable(path, &error))?;
        let kept = house.vault.secrets(&id).await.map_err(|error| error.told(&id))?;
        let set = SetByTeam::of(&id, house).await.map_err(|error| unreadable(path, &error))?;
        let read = tokio::task::spawn_blocking(move || {
            let before = fingerprint(at.path(), edition);
            (before, at.load_with(&kept))
        });
        let (before, loaded) = read.await.map_err(|error| unreadable(path, &error))?;
        let loaded = loaded.map_err(|error| unreadable(path, &error))?;
        if let Some(refused) = loaded.refused.first() {
            return Err(unreadable(path, refused));
        }
        let Some(spec) = loaded.spec else {
            let errors = loaded.diagnostics.iter().filter(|found| found.code.level() == Level::Error);
            let args = vec![
                ("partner", loaded.id.to_string()),
                ("count", errors.count().to_string()),
                ("dir", path.display().to_string()),
            ];
            return Err(Problem::new("problem-partner-broken", args).hint("problem-partner-broken-hint"));
        };
        if !loaded.doubled.is_empty() {
            let names = loaded.doubled.join(", ");
            warn!(partner = %spec.id, names, "keys stand in .env and are kept in the store as well; those in the store hold");
        }
        for variable in folder.overruled(&spec.config, &loaded.secrets) {
            warn!(partner = %spec.id, variable, "the partner's files say otherwise than the variable, and hold");
        }
        let adjusted = AdjustedSpec::of(spec, &loaded.files, loaded.given, set);
        let spec = Arc::clone(&adjusted.spec);
        let pictures = Photos::of(path, &spec).map_err(|error| unreadable(path, &error))?;
        let shown = Arc::new(pictures.clone());
        let card = PartnerCard::of(&spec, adjusted.filed.files(), shown.clone());
        let book = adjusted.filed.book(&spec);
        let (partner, wired) = wiring::wire(house, &spec, book, shown, &loaded.secrets, MissingKeys::AreErrors)?;
        let watched = Watched::new(folder, adjusted, loaded.secrets, pictures, before, losses, Arc::clone(cards));
        Ok(Prepared { wired, partner, card, watched, spec })
    }

    /// Takes up what the team has set since it was prepared, where another process has served it.
    pub(super) async fn follow_team(house: &House, prepared: &mut Prepared) {
        let id = prepared.wired.partner.clone();
        let Ok(set) = SetByTeam::of(&id, house).await else {
            // Better served as it was than not at all; it is looked at again when the store can be asked.
            return house.adjusted.look_again(&id);
        };
        if let Some(AdjustedSpec { spec, filed, .. }) = prepared.watched.follow(set) {
            prepared.card.name.clone_from(&spec.config.name);
            let partner = prepared.partner.edited(filed.book(&spec));
            prepared.partner = wiring::with_team(partner, &spec.config);
            prepared.spec = spec;
        }
    }

    /// Serves it from now on.
    pub(super) fn begin(house: &House, prepared: Prepared, doors: &Doors, cards: &Cards) -> Self {
        let Prepared { wired, partner, card, watched, spec: _ } = prepared;
        house.engine.serve(partner);
        doors.open(&wired);
        cards.show(card);
        Self {
            watched,
            since: house.clock.now(),
            refused_edit: None,
            retry: None,
            wired,
            receiving: AtomicBool::new(false),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        }
    }

    /// Asks its messengers for events, once.
    pub(super) fn begin_receiving(&self, house: &Arc<House>) {
        if !self.receiving.swap(true, Ordering::AcqRel) {
            self.wired.begin_receiving(house, &self.stop, &self.tasks);
        }
    }

    /// Asks its tasks and the streams of its visitors to end.
    pub(super) fn end(&self) {
        self.stop.cancel();
        self.wired.chats.iter().for_each(|chat| chat.stop());
        self.tasks.close();
    }

    /// Returns when they have.
    pub(super) async fn ended(&self) {
        self.tasks.wait().await;
    }
}
