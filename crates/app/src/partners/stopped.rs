//! Which partners somebody has stopped. It is said in one place: where a process has its store for itself by a file each in the
//! data folder, so that it can be noted while no process runs; where several share a database there, so that all follow.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use async_trait::async_trait;
use voronka_core::ids::PartnerId;
use voronka_postgres::{Heard, PostgresStore, Word};

use crate::{
    out::{Problem, unreadable},
    owner::inherit_owner,
    store,
};

/// What is said of partners.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Said {
    /// Nobody is to serve them.
    pub(crate) stopped: BTreeSet<PartnerId>,
    /// They are gone for good: a folder that somebody still has of one is left over.
    pub(crate) removed: BTreeSet<PartnerId>,
    /// How often one of this name was removed, where one was.
    pub(crate) removals: Removals,
}

/// How often partners of a name were removed.
pub(crate) type Removals = BTreeMap<PartnerId, i64>;

/// Where it is said who is stopped. It holds over restarts.
#[async_trait]
pub(crate) trait Stops: Send + Sync {
    /// All that is said.
    async fn said(&self) -> Result<Said, Problem>;

    /// Says it from now on.
    async fn say(&self, partner: &PartnerId, word: Word) -> Result<(), Problem>;

    /// A partner that was to come has not: nothing was said of it.
    async fn unsay(&self, partner: &PartnerId) -> Result<(), Problem>;
}

#[async_trait]
impl Stops for StopMarks {
    /// Of one that is removed nothing is left where it would be served.
    async fn said(&self) -> Result<Said, Problem> {
        Ok(Said { stopped: self.all().into_iter().collect(), ..Said::default() })
    }

    async fn say(&self, partner: &PartnerId, word: Word) -> Result<(), Problem> {
        let said = match word {
            Word::Stop => self.put(partner),
            Word::Start | Word::Remove => self.take_away(partner),
            Word::Admit => Ok(()),
        };
        said.map_err(|error| unreadable(&self.0, &error))
    }

    async fn unsay(&self, partner: &PartnerId) -> Result<(), Problem> {
        self.say(partner, Word::Start).await
    }
}

#[async_trait]
impl Stops for PostgresStore {
    async fn said(&self) -> Result<Said, Problem> {
        let share = self.sharing().await.map_err(|error| store::refused(self.address(), &error))?;
        let stopped = share.stopped.difference(&share.removed).cloned().collect();
        Ok(Said { stopped, removed: share.removed, removals: share.removals })
    }

    async fn say(&self, partner: &PartnerId, word: Word) -> Result<(), Problem> {
        match Self::say(self, partner, word).await.map_err(|error| store::refused(self.address(), &error))? {
            Heard::Yes => Ok(()),
            Heard::WasRemoved => Err(was_removed(partner)),
        }
    }

    async fn unsay(&self, partner: &PartnerId) -> Result<(), Problem> {
        Self::unsay(self, partner).await.map_err(|error| store::refused(self.address(), &error))
    }
}

fn was_removed(partner: &PartnerId) -> Problem {
    Problem::new("problem-partner-removed", vec![("partner", partner.to_string())]).hint("problem-partner-removed-hint")
}

/// The marks of stopped partners.
pub(crate) struct StopMarks(PathBuf);

impl StopMarks {
    /// The folder in the data folder.
    pub(crate) const FOLDER: &str = "stopped";

    /// Those in a data folder.
    pub(crate) fn of(data: &Path) -> Self {
        Self(data.join(Self::FOLDER))
    }

    /// Where they are.
    pub(crate) fn folder(&self) -> &Path {
        &self.0
    }

    /// Whether a partner was stopped.
    pub(crate) fn has(&self, partner: &PartnerId) -> bool {
        self.0.join(partner.as_str()).is_file()
    }

    /// All that were stopped, in order.
    pub(crate) fn all(&self) -> Vec<PartnerId> {
        let entries = fs::read_dir(&self.0).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| PartnerId::parse(entry.file_name().to_str()?).ok());
        let mut all: Vec<PartnerId> = names.filter(|partner| self.has(partner)).collect();
        all.sort();
        all
    }

    /// It is stopped from now on.
    pub(crate) fn put(&self, partner: &PartnerId) -> io::Result<()> {
        fs::create_dir_all(&self.0)?;
        inherit_owner(&self.0)?;
        let mark = self.0.join(partner.as_str());
        fs::File::create(&mark)?.sync_all()?;
        inherit_owner(&mark)?;
        fs::File::open(&self.0)?.sync_all()
    }

    /// It is not stopped any more.
    pub(crate) fn take_away(&self, partner: &PartnerId) -> io::Result<()> {
        match fs::remove_file(self.0.join(partner.as_str())) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}
