//! Which partners somebody has stopped. It is said in one place: where a process has its store for itself by a file each in the
//! data folder, so that it can be noted while no process runs; where several share a database there, so that all follow.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use async_trait::async_trait;
use voronka_core::ids::PartnerId;
use voronka_postgres::PostgresStore;

use crate::{
    out::{Problem, unreadable},
    store,
};

/// Where it is said who is stopped. It holds over restarts.
#[async_trait]
pub(crate) trait Stops: Send + Sync {
    /// All that are.
    async fn all(&self) -> Result<BTreeSet<PartnerId>, Problem>;

    /// Whether one is from now on.
    async fn say(&self, partner: &PartnerId, stopped: bool) -> Result<(), Problem>;

    /// The partner is removed: one of its name that comes later is another one.
    async fn forget(&self, partner: &PartnerId) -> Result<(), Problem>;
}

#[async_trait]
impl Stops for StopMarks {
    async fn all(&self) -> Result<BTreeSet<PartnerId>, Problem> {
        Ok(Self::all(self).into_iter().collect())
    }

    async fn say(&self, partner: &PartnerId, stopped: bool) -> Result<(), Problem> {
        let said = if stopped { self.put(partner) } else { self.take_away(partner) };
        said.map_err(|error| unreadable(&self.0, &error))
    }

    async fn forget(&self, partner: &PartnerId) -> Result<(), Problem> {
        self.say(partner, false).await
    }
}

#[async_trait]
impl Stops for PostgresStore {
    async fn all(&self) -> Result<BTreeSet<PartnerId>, Problem> {
        let share = self.sharing().await.map_err(|error| store::refused(self.address(), &error))?;
        Ok(share.stopped)
    }

    async fn say(&self, partner: &PartnerId, stopped: bool) -> Result<(), Problem> {
        self.stop(partner, stopped).await.map_err(|error| store::refused(self.address(), &error))
    }

    async fn forget(&self, partner: &PartnerId) -> Result<(), Problem> {
        self.drop_lease(partner).await.map_err(|error| store::refused(self.address(), &error))
    }
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
        fs::File::create(self.0.join(partner.as_str()))?.sync_all()?;
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
