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

use jiff::Timestamp;
use tracing::{error, info};
use voronka_core::{
    ids::PartnerId,
    ports::{Knowledge, StoreError},
    spec::{
        adjust::Adjustments,
        config::Given,
        diagnostic::Level,
        partner::{PartnerFiles, PartnerSpec},
    },
};
use voronka_engine::{Files, Partner};
use voronka_files::{LoadedPartner, PartnerFolder, Photos, Secrets};

use crate::{
    adjusted::AdjustedEdition,
    admin::{Cards, PartnerCard},
    filed::{Filed, PackedFiles},
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
    /// What it was read from.
    pub(super) filed: Arc<Filed>,
    edition: AdjustedEdition,
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
    /// `spec`: as the files were read.
    pub(super) fn of(spec: PartnerSpec, read: &PartnerFiles, given: Given, set: SetByTeam) -> Self {
        let (spec, packed) = (Arc::new(spec), Arc::new(PackedFiles::of(read)));
        let filed = Filed::new(&spec, packed, given, set.adjustments);
        Self { spec: filed.apply(spec), filed: Arc::new(filed), edition: set.edition }
    }

    /// The same under the name that its chats were opened with.
    fn opened_as(self, name: &str) -> Self {
        let filed = Arc::new(Filed::clone(&self.filed).opened_as(name.to_owned()));
        Self { spec: filed.apply(self.spec), filed, edition: self.edition }
    }
}

/// A partner whose folder is watched.
pub(crate) struct Watched {
    folder: PartnerFolder,
    /// What is served by.
    filed: Arc<Filed>,
    /// Up to where it goes by what its team has set.
    edition: AdjustedEdition,
    /// When its pages are to be indexed again, for one of them has a last day.
    pages_until: Option<Timestamp>,
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
    /// A page whose last day is over.
    Pages,
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
        let (folder, AdjustedSpec { filed, edition, .. }) = (folder.clone(), adjusted);
        Self { folder, filed, edition, pages_until: None, secrets, photos, loaded, seen: loaded, losses, cards }
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
        self.edition != house.adjusted.edition(self.filed.partner())
    }

    /// Whether the index is to hold other pages than it does, though no file has changed.
    pub(super) fn has_expired(&self, house: &House) -> bool {
        self.pages_until.is_some_and(|until| until <= house.clock.now())
    }

    /// What is served by.
    pub(super) fn filed(&self) -> &Filed {
        &self.filed
    }

    /// Lets the index hold its pages as they are today.
    pub(super) async fn index(&mut self, house: &House, spec: &PartnerSpec, knowledge: &dyn Knowledge) {
        self.pages_until = wiring::index(house, spec, knowledge).await;
    }

    /// The same once a page has expired.
    pub(super) async fn index_again(&mut self, house: &House) {
        let spec = self.filed.spec();
        match house.knowledge_of(&spec, &self.secrets) {
            Ok(knowledge) => self.index(house, &spec, &*knowledge).await,
            // It was asked for when the partner was wired.
            Err(_) => self.pages_until = None,
        }
    }

    /// Loads the folder and serves by it, if it is sound.
    pub(crate) async fn swap(&mut self, house: &House, kept: Edition) -> Swap {
        let before = fingerprint(self.folder.path(), kept);
        let folder = self.folder.clone();
        // Why they cannot be had is told by whoever tries to serve it anew.
        let Ok(set) = SetByTeam::of(self.filed.partner(), house).await else { return Swap::NeedsRestart };
        let Ok(secrets) = house.vault.secrets(self.filed.partner()).await else {
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
        let LoadedPartner { spec, secrets, diagnostics, refused, files, given, .. } = loaded;
        let Some(spec) = spec else {
            let errors = diagnostics.iter().filter(|found| found.code.level() == Level::Error).count();
            self.readjust(house, set).await;
            return Swap::Broken { errors: errors + refused.len() };
        };
        let old = self.filed.spec();
        if let Some(loses) = self.loses(&old, &spec) {
            self.readjust(house, set).await;
            return loses;
        }
        let new = AdjustedSpec::of(spec, &files, given, set);
        let stays = self.stays_wired(&old, &new.spec, &secrets);
        let edited = if stays { self.edited(house, &old, &new).await } else { None };
        let Some(partner) = edited else {
            // To serve it anew may fail.
            self.readjust(house, SetByTeam { adjustments: new.filed.set().clone(), edition: new.edition }).await;
            return Swap::NeedsRestart;
        };
        // Before anybody is told of them.
        self.photos.follow(&new.spec);
        if house.engine.swap(partner) {
            self.cards.show(PartnerCard::of(&new.spec, new.filed.files(), Arc::new(self.photos.clone())));
            (self.filed, self.edition) = (new.filed, new.edition);
            Swap::Done
        } else {
            self.photos.follow(&old);
            Swap::NeedsRestart
        }
    }

    /// Serves by what the team has set, without a look at the folder.
    pub(super) async fn take_up(&mut self, house: &House) -> Readjusted {
        match SetByTeam::of(self.filed.partner(), house).await {
            Ok(set) => self.readjust(house, set).await,
            Err(_) => Readjusted::NotKnown,
        }
    }

    /// The last good files are served by, with what the team has set since: a pause waits for no other edit to be mended.
    async fn readjust(&mut self, house: &House, set: SetByTeam) -> Readjusted {
        let Some(mut new) = self.adjusted_by(set) else {
            return Readjusted::Wholly;
        };
        let old = self.filed.spec();
        let stays = self.stays_wired(&old, &new.spec, &self.secrets);
        let holds = if stays { Readjusted::Wholly } else { Readjusted::InPart };
        if holds == Readjusted::InPart {
            new = new.opened_as(&old.config.name);
        }
        let Some(partner) = self.edited(house, &old, &new).await else { return Readjusted::InPart };
        if !house.engine.swap(partner) {
            return Readjusted::InPart;
        }
        (self.filed, self.edition) = (new.filed, new.edition);
        holds
    }

    /// These files with what the team has set, if that is not as it was.
    fn adjusted_by(&mut self, set: SetByTeam) -> Option<AdjustedSpec> {
        if set.adjustments == *self.filed.set() {
            self.edition = set.edition;
            return None;
        }
        let filed = self.filed.with(set.adjustments);
        Some(AdjustedSpec { spec: filed.spec(), filed: Arc::new(filed), edition: set.edition })
    }

    /// The same for a partner that nobody is served by yet.
    pub(super) fn follow(&mut self, set: SetByTeam) -> Option<AdjustedSpec> {
        let new = self.adjusted_by(set)?;
        (self.filed, self.edition) = (Arc::clone(&new.filed), new.edition);
        Some(new)
    }

    /// Whether an edit takes away more products than anybody sells out in a day: an export that broke off, most likely.
    fn loses(&self, old: &PartnerSpec, new: &PartnerSpec) -> Option<Swap> {
        let ids: HashSet<&str> = new.catalogue.products.iter().map(|product| &*product.id).collect();
        let old = &old.catalogue.products;
        let lost = old.iter().filter(|product| !ids.contains(&*product.id)).count();
        let many = lost * 100 > old.len() * LOST_MAX && self.losses == Losses::Refused;
        many.then_some(Swap::LosesProducts { lost, of: old.len() })
    }

    /// Whether an edit leaves alone what is set up once: accounts with their keys, and how long things are kept.
    fn stays_wired(&self, old: &PartnerSpec, new: &PartnerSpec, secrets: &Secrets) -> bool {
        let (old, new) = (&old.config, &new.config);
        let accounts = |config: &voronka_core::spec::config::Config| format!("{:?}", config.accounts);
        self.secrets.same(secrets)
            && accounts(old) == accounts(new)
            && wiring::wants_mail(old) == wiring::wants_mail(new)
            && old.retention == new.retention
            && old.branding == new.branding
            && (old.name == new.name && old.persona.name == new.persona.name && old.languages == new.languages)
    }

    async fn edited(&mut self, house: &House, old: &PartnerSpec, new: &AdjustedSpec) -> Option<Partner> {
        let AdjustedSpec { spec, filed, .. } = new;
        let served = house.engine.served(&spec.id)?;
        let mut partner = served.edited(filed.book(spec));
        let models = |spec: &PartnerSpec| format!("{:?} {:?}", spec.config.models, spec.config.budget);
        if models(old) != models(spec) {
            partner = match house.chain(spec, &self.secrets, MissingKeys::AreErrors).ok()? {
                Some(model) => partner.model(model),
                None => partner.no_model(),
            };
        }
        if old.pages != spec.pages || models(old) != models(spec) {
            let knowledge = house.knowledge_of(spec, &self.secrets).ok()?;
            self.index(house, spec, &*knowledge).await;
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
    let (partner, overrides) = (one.filed.partner(), one.filed.overrides());
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
            ("partner", Cow::from(one.filed.partner().to_string())),
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
