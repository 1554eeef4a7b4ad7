//! Which partners somebody has stopped: a file each in the data folder, so that it holds over restarts and can be noted while
//! no process runs.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use voronka_core::ids::PartnerId;

/// The folder in the data folder.
const FOLDER: &str = "stopped";

/// The marks of stopped partners.
pub(crate) struct StopMarks(PathBuf);

impl StopMarks {
    /// Those in a data folder.
    pub(crate) fn of(data: &Path) -> Self {
        Self(data.join(FOLDER))
    }

    /// Where they are.
    pub(crate) fn folder(&self) -> &Path {
        &self.0
    }

    /// Whether a partner was stopped.
    pub(crate) fn has(&self, partner: &PartnerId) -> bool {
        self.0.join(partner.as_str()).is_file()
    }

    /// It is stopped from now on.
    pub(crate) fn put(&self, partner: &PartnerId) -> io::Result<()> {
        fs::create_dir_all(&self.0)?;
        fs::write(self.0.join(partner.as_str()), "")
    }

    /// It is not stopped any more.
    pub(crate) fn take_away(&self, partner: &PartnerId) -> io::Result<()> {
        match fs::remove_file(self.0.join(partner.as_str())) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}
