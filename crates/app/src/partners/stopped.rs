//! Which partners somebody has stopped: a file each in the data folder, so that it holds over restarts and can be noted while
//! no process runs.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use voronka_core::ids::PartnerId;

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
