//! Files that are saved while the bot runs: they are checked and swapped whole, or not at all. Conversations stay at their
//! step; turns under way end by the files they began with.
//!
//! Folders are looked at again and again instead of asking the system for notices: that works on every file system, through
//! links and mounts, and whichever way an editor saves.

use std::{
    borrow::Cow,
    collections::{HashSet, hash_map::DefaultHasher},
    fs,
    hash::{Hash, Hasher},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tracing::{error, info};
use voronka_core::{
    ids::PartnerId,
    ports::StoreError,
    spec::{
        adjust::{Adjustments, Override},
        config::Config,
        diagnostic::Level,
        partner::PartnerSpec,
    },
};
use voronka_engine::Partner;
use voronka_files::{LoadedPartner, PartnerFolder, Photos, Secrets};

use crate::{
    adjusted::AdjustedEdition,
    admin::{Cards, PartnerCard},
    out, overrides,
    sharing::Edition,
    texts::Texts,
    wiring::{self, House, MissingKeys},
};

/// How often folders are looked at.
pub(super) const EVERY: Duration = Duration::from_millis(500);
/// Looking takes no more than this part of the time, however many folders there are.
pub(super) const SHARE: u32 = 50;
/// Deepest folder that is looked into.
const DEPTH_MAX: usize = 8;

/// A partner by its files and what its team has set.
pub(crate) struct AdjustedSpec {
    pub(super) spec: Arc<PartnerSpec>,
    filed: Config,
    set: SetByTeam,
}

/// What a partner's team has set, and up to which edition of it that is.
#[derive(Default)]
pub(super) struct SetByTeam {
    adjustments: Adjustments,
    edition: AdjustedEdition,
}

impl SetByTeam {
    pub(super) async fn of(partner: &PartnerId, house: &House) -> Result<Self, StoreError> {
        // Before they are read: what is set meanwhile is of a later one.
        let edition = house.adjusted.edition(partner);
        Ok(Self { adjustments: house.adjusted.of(partner).await?, edition })
    }
}

impl AdjustedSpec {
    pub(super) fn of(mut spec: PartnerSpec, set: SetByTeam) -> Self {
        let filed = spec.config.clone();
        set.adjustments.apply(&mut spec.config);
        Self { spec: Arc::new(spec), filed, set }
    }
}

/// A partner whose folder is watched.
pub(crate) struct Watched {
    folder: PartnerFolder,
    spec: Arc<PartnerSpec>,
    /// The settings as the files have them.
    filed: Config,
    /// What its team has set, as far as it is gone by.
    set: SetByTeam,
    secrets: Secrets,
    photos: Photos,
    /// What the folder was like when it was loaded last, well or not.
    loaded: Fingerprint,
    /// What it was like at the last look.
    seen: Fingerprint,
    losses: Losses,
    /// Where the owner's page has its files from.
    cards: Arc<Cards>,
}

/// What a partner looks like from outside: its folder, and its secrets in the store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Fingerprint {
    files: u64,
    secrets: Edition,
}

/// What a partner that is served does not go by yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Behind {
    /// Its folder, or its secrets, which are read with it.
    Files,
    /// What its team has set: no file need be read for that.
    Team,
}

/// What became of an edit.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Swap {
    /// It is served by from now on.
    Done,
    /// It has mistakes: the last good files are served by.
    Broken {
        /// How many.
        errors: usize,
    },
    /// It changes what only a start reads: accounts, keys, how long things are kept.
    NeedsRestart,
    /// Its catalogue lacks so many products that something broke where it is made; the last good files are served by.
    LosesProducts {
        /// How many are gone.
        lost: usize,
        /// Of how many.
        of: usize,
    },
    /// It is being written still.
    Unsteady,
}

/// How far what the team has set is served by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Readjusted {
    /// All of it.
    Wholly,
    /// What only a start reads waits for one.
    InPart,
    /// The store cannot be asked: it is tried again with the next look.
    NotKnown,
}

/// What becomes of a catalogue that has lost many products.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Losses {
    /// It is not served by until somebody says that it is meant.
    Refused,
    /// It is meant.
    Meant,
}

/// The largest part of the products that an edit may take away, in hundredths.
const LOST_MAX: usize = 20;

impl Watched {
    /// Watches a folder that is served; `loaded`: what it looked like before it was loaded.
    pub(crate) fn new(
        folder: &PartnerFolder,
        adjusted: AdjustedSpec,
        secrets: Secrets,
        photos: Photos,
        loaded: Fingerprint,
        losses: Losses,
        cards: Arc<Cards>,
    ) -> Self {
        let AdjustedSpec { spec, filed, set } = adjusted;
        Self { folder: folder.clone(), spec, filed, set, secrets, photos, loaded, seen: loaded, losses, cards }
    }

    /// Whether the folder or the secrets have changed since it was loaded, and not since the last look: whoever writes is done.
    pub(super) async fn is_due(&mut self, kept: Edition) -> bool {
        let now = super::look(self.folder.path(), kept).await;
        let steady = now == self.seen;
        self.seen = now;
        steady && now != self.loaded
    }

    /// Whether its team has set something that it does not go by yet.
    pub(super) fn is_behind_team(&self, house: &House) -> bool {
        self.set.edition != house.adjusted.edition(&self.spec.id)
    }

    /// What its team has set otherwise than the files have it.
    pub(super) fn overrides(&self) -> Vec<Override> {
        self.set.adjustments.overrides(&self.filed)
    }

    /// What is served by.
    pub(super) fn spec(&self) -> &PartnerSpec {
        &self.spec
    }

    /// Loads the folder and serves by it, if it is sound.
    pub(crate) async fn swap(&mut self, house: &House, kept: Edition) -> Swap {
        let before = fingerprint(self.folder.path(), kept);
        let folder = self.folder.clone();
        // Why they cannot be had is told by whoever tries to serve it anew.
        let Ok(set) = SetByTeam::of(&self.spec.id, house).await else { return Swap::NeedsRestart };
        let Ok(secrets) = house.vault.secrets(&self.spec.id).await else {
            self.readjust(house, set).await;
            return Swap::NeedsRestart;
        };
        let loaded = tokio::task::spawn_blocking(move || folder.load_with(&secrets)).await;
        let Ok(Ok(loaded)) = loaded else {
            // The folder is being moved, or gone: what was read is served by until it is back.
            self.loaded = before;
            self.readjust(house, set).await;
            return Swap::Broken { errors: 1 };
        };
        if fingerprint(self.folder.path(), kept) != before {
            return Swap::Unsteady;
        }
        self.loaded = before;
        let LoadedPartner { spec, secrets, diagnostics, refused, files, .. } = loaded;
        let Some(spec) = spec else {
            let errors = diagnostics.iter().filter(|found| found.code.level() == Level::Error).count();
            self.readjust(house, set).await;
            return Swap::Broken { errors: errors + refused.len() };
        };
        if let Some(loses) = self.loses(&spec) {
            self.readjust(house, set).await;
            return loses;
        }
        let AdjustedSpec { spec, filed, set } = AdjustedSpec::of(spec, set);
        let edited = if self.stays_wired(&spec, &secrets) { self.edited(house, &spec).await } else { None };
        let Some(partner) = edited else {
            // To serve it anew may fail.
            self.readjust(house, set).await;
            return Swap::NeedsRestart;
        };
        // Before anybody is told of them.
        self.photos.follow(&spec);
        if house.engine.swap(partner) {
            self.cards.show(PartnerCard::of(&spec, files, Arc::new(self.photos.clone())));
            (self.spec, self.filed, self.set) = (spec, filed, set);
            Swap::Done
        } else {
            self.photos.follow(&self.spec);
            Swap::NeedsRestart
        }
    }

    /// Serves by what the team has set, without a look at the folder.
    pub(super) async fn take_up(&mut self, house: &House) -> Readjusted {
        match SetByTeam::of(&self.spec.id, house).await {
            Ok(set) => self.readjust(house, set).await,
            Err(_) => Readjusted::NotKnown,
        }
    }

    /// The last good files are served by, with what the team has set since: a pause waits for no other edit to be mended.
    async fn readjust(&mut self, house: &House, set: SetByTeam) -> Readjusted {
        let Some(AdjustedSpec { mut spec, set, .. }) = self.adjusted_by(set) else {
            return Readjusted::Wholly;
        };
        let holds = if self.stays_wired(&spec, &self.secrets) { Readjusted::Wholly } else { Readjusted::InPart };
        if holds == Readjusted::InPart {
            // Chats show the name that they were opened with.
            Arc::make_mut(&mut spec).config.name.clone_from(&self.spec.config.name);
        }
        let Some(partner) = self.edited(house, &spec).await else { return Readjusted::InPart };
        if !house.engine.swap(partner) {
            return Readjusted::InPart;
        }
        (self.spec, self.set) = (spec, set);
        holds
    }

    /// These files with what the team has set, if that is not as it was.
    fn adjusted_by(&mut self, set: SetByTeam) -> Option<AdjustedSpec> {
        if set.adjustments == self.set.adjustments {
            self.set.edition = set.edition;
            return None;
        }
        let good = PartnerSpec { config: self.filed.clone(), ..PartnerSpec::clone(&self.spec) };
        Some(AdjustedSpec::of(good, set))
    }

    /// The same for a partner that nobody is served by yet.
    pub(super) fn follow(&mut self, set: SetByTeam) -> Option<Arc<PartnerSpec>> {
        let adjusted = self.adjusted_by(set)?;
        (self.spec, self.set) = (adjusted.spec, adjusted.set);
        Some(Arc::clone(&self.spec))
    }

    /// Whether an edit takes away more products than anybody sells out in a day: an export that broke off, most likely.
    fn loses(&self, spec: &PartnerSpec) -> Option<Swap> {
        let ids: HashSet<&str> = spec.catalogue.products.iter().map(|product| &*product.id).collect();
        let old = &self.spec.catalogue.products;
        let lost = old.iter().filter(|product| !ids.contains(&*product.id)).count();
        let many = lost * 100 > old.len() * LOST_MAX && self.losses == Losses::Refused;
        many.then_some(Swap::LosesProducts { lost, of: old.len() })
    }

    /// Whether an edit leaves alone what is set up once: accounts with their keys, and how long things are kept.
    fn stays_wired(&self, spec: &PartnerSpec, secrets: &Secrets) -> bool {
        let (old, new) = (&self.spec.config, &spec.config);
        let accounts = |config: &voronka_core::spec::config::Config| format!("{:?}", config.accounts);
        self.secrets.same(secrets)
            && accounts(old) == accounts(new)
            && wiring::wants_mail(old) == wiring::wants_mail(new)
            && old.retention == new.retention
            && old.branding == new.branding
            && (old.name == new.name && old.persona.name == new.persona.name && old.languages == new.languages)
    }

    async fn edited(&self, house: &House, spec: &Arc<PartnerSpec>) -> Option<Partner> {
        let served = house.engine.served(&spec.id)?;
        let mut partner = served.edited(Arc::clone(spec));
        let models = |spec: &PartnerSpec| format!("{:?} {:?}", spec.config.models, spec.config.budget);
        if models(&self.spec) != models(spec) {
            partner = match house.chain(spec, &self.secrets, MissingKeys::AreErrors).ok()? {
                Some(model) => partner.model(model),
                None => partner.no_model(),
            };
        }
        if self.spec.pages != spec.pages || models(&self.spec) != models(spec) {
            let knowledge = house.knowledge_of(spec, &self.secrets).ok()?;
            wiring::index(house, spec, &*knowledge).await;
            partner = partner.knowledge(knowledge);
        }
        Some(wiring::with_team(partner, &spec.config))
    }
}

/// Why an edit is not served by, for those who ask later; `None`: it is, or nobody has to know.
pub(super) fn refusal(swap: &Swap, one: &Watched, texts: &Texts) -> Option<String> {
    match swap {
        Swap::Broken { .. } | Swap::LosesProducts { .. } => Some(words(swap, one, texts)),
        Swap::Done | Swap::NeedsRestart | Swap::Unsteady => None,
    }
}

/// Tells whoever looks on what became of an edit.
pub(super) fn tell(one: &Watched, swap: &Swap, took: Duration, texts: &Texts) {
    let (partner, overrides) = (&one.spec.id, one.overrides());
    match swap {
        Swap::Done => {
            let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
            info!(%partner, us, overridden = overrides.len(), "edited files are served by");
        }
        Swap::Broken { errors } => {
            error!(%partner, errors, "edited files have mistakes; the last good ones are served by");
        }
        Swap::LosesProducts { lost, of } => {
            error!(%partner, lost, of, "the edited catalogue has lost many products; the last good files are served by");
        }
        Swap::NeedsRestart | Swap::Unsteady => return,
    }
    out::note(&words(swap, one, texts));
    if *swap == Swap::Done {
        overrides::tell(partner, &overrides, texts);
    }
}

fn words(swap: &Swap, one: &Watched, texts: &Texts) -> String {
    let named = |more: &[(&'static str, usize)]| {
        let mut args = vec![
            ("partner", Cow::from(one.spec.id.to_string())),
            ("dir", Cow::from(one.folder.path().display().to_string())),
        ];
        args.extend(more.iter().map(|(name, count)| (*name, Cow::from(count.to_string()))));
        args
    };
    match swap {
        Swap::Broken { errors } => texts.get("reload-broken", &named(&[("count", *errors)])),
        Swap::LosesProducts { lost, of } => texts.get("reload-loses", &named(&[("lost", *lost), ("of", *of)])),
        Swap::Done | Swap::NeedsRestart | Swap::Unsteady => texts.get("reload-done", &named(&[])),
    }
}

/// Names, sizes and times of all files of a folder, `.env` included.
pub(crate) fn fingerprint(folder: &Path, secrets: Edition) -> Fingerprint {
    let mut hasher = DefaultHasher::new();
    print_of(folder, 0, &mut hasher);
    Fingerprint { files: hasher.finish(), secrets }
}

fn print_of(folder: &Path, depth: usize, hasher: &mut DefaultHasher) {
    let Ok(entries) = fs::read_dir(folder) else { return "gone".hash(hasher) };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default();
        let hidden = name.as_encoded_bytes().starts_with(b".");
        if hidden && name != ".env" {
            continue;
        }
        // Through links: the file they lead to may be edited.
        let Ok(about) = fs::metadata(&path) else { continue };
        name.hash(hasher);
        if about.is_dir() {
            if depth < DEPTH_MAX {
                print_of(&path, depth + 1, hasher);
            }
        } else {
            (about.len(), about.modified().ok(), std::os::unix::fs::MetadataExt::ino(&about)).hash(hasher);
        }
    }
}

#[cfg(test)]
mod tests;
