//! `voronka restore`: a data folder out of a backup, whole or not at all.

use std::{
    borrow::Cow,
    fs::{self, File},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::ExitCode,
};

use secrecy::SecretString;
use serde_json::json;

use super::backup::{PASSPHRASE_VARIABLE, passphrase, private_folder, remove_if_there, unwritable};
use crate::{
    archive::{self, Manifest, Piece, Unreadable},
    cli::Restore,
    out::{self, Problem},
    texts::Texts,
};

/// In the new folder: where files are until all of them are there.
const STAGE: &str = "restore.part";
/// What an empty disk has of its own.
const OF_THE_DISK: &str = "lost+found";

pub(super) fn run(wish: &Restore, texts: &Texts) -> Result<ExitCode, Problem> {
    let passphrase = passphrase(wish.passphrase_file.as_deref(), std::env::var(PASSPHRASE_VARIABLE).ok())?;
    let manifest = restore(&wish.file, &wish.data, passphrase.as_ref())?;
    if wish.json {
        out::line(
            &json!({
                "data": wish.data.display().to_string(), "at": manifest.at, "version": manifest.version,
                "files": manifest.files,
            })
            .to_string(),
        );
    } else {
        let at = format!("{:.0}", manifest.at);
        let path = wish.data.display().to_string();
        out::note(&texts.get("restore-done", &[("path", Cow::from(path)), ("at", Cow::from(at))]));
        out::note(&texts.get("restore-once", &[]));
    }
    Ok(ExitCode::SUCCESS)
}

/// Nothing is written before all of the backup was read and found to be what was written.
pub(super) fn restore(file: &Path, data: &Path, passphrase: Option<&SecretString>) -> Result<Manifest, Problem> {
    let unread = |error: Unreadable| unread(file, error);
    if !is_empty(data).map_err(|error| super::unusable(data, &error))? {
        let args = vec![("path", data.display().to_string())];
        return Err(Problem::new("restore-full", args).hint("restore-full-hint"));
    }
    archive::read(file, passphrase, |_| Ok(io::sink())).map_err(unread)?;
    let stage = Stage::set(data).map_err(|error| unwritable(data, &error))?;
    let manifest = archive::read(file, passphrase, |piece| stage.place(piece)).map_err(unread)?;
    stage.reveal(&manifest).map_err(|error| unwritable(data, &error))?;
    Ok(manifest)
}

/// Whether a folder is not there, or has nothing but what the disk or a restore that was killed has left.
fn is_empty(folder: &Path) -> io::Result<bool> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        entries => entries?,
    };
    for entry in entries {
        let name = entry?.file_name();
        if name != STAGE && name != OF_THE_DISK {
            return Ok(false);
        }
    }
    Ok(true)
}

fn unread(file: &Path, error: Unreadable) -> Problem {
    let mut args = vec![("path", file.display().to_string())];
    match error {
        Unreadable::Sealed => {
            args.push(("variable", PASSPHRASE_VARIABLE.to_owned()));
            Problem::new("restore-sealed", args).hint("restore-sealed-hint")
        }
        Unreadable::Passphrase => Problem::new("restore-passphrase", args),
        Unreadable::Damaged => Problem::new("restore-damaged", args).hint("restore-damaged-hint"),
        Unreadable::Newer(version) => {
            args.push(("version", version));
            Problem::new("restore-newer", args)
        }
        Unreadable::Io(error) => {
            args.push(("cause", error.to_string()));
            Problem::new("restore-failed", args)
        }
    }
}

/// The new files, until they are revealed; without that they are removed, and the folder if it was made for them.
struct Stage<'a> {
    data: &'a Path,
    path: PathBuf,
    data_was_there: bool,
}

impl<'a> Stage<'a> {
    fn set(data: &'a Path) -> io::Result<Self> {
        let data_was_there = data.is_dir();
        let stage = Self { data, path: data.join(STAGE), data_was_there };
        remove_if_there(&stage.path)?;
        private_folder(&stage.path)?;
        Ok(stage)
    }

    fn place(&self, piece: &Piece) -> io::Result<File> {
        let path = self.path.join(piece.to_string());
        if let Some(folder) = path.parent() {
            private_folder(folder)?;
        }
        File::options().write(true).create_new(true).mode(0o600).open(path)
    }

    /// Moves all files into their places when they are on the disk; the database comes last, so that a folder that has it has
    /// all.
    fn reveal(self, manifest: &Manifest) -> io::Result<()> {
        for kept in &manifest.files {
            File::open(self.path.join(kept.name.to_string()))?.sync_all()?;
        }
        let (database, others): (Vec<_>, Vec<_>) = manifest.files.iter().partition(|kept| kept.name == Piece::Database);
        for kept in others.into_iter().chain(database) {
            let name = kept.name.to_string();
            let place = self.data.join(&name);
            if let Some(folder) = place.parent() {
                private_folder(folder)?;
            }
            if let Err(error) = fs::rename(self.path.join(&name), place) {
                self.take_back(manifest);
                return Err(error);
            }
        }
        File::open(self.data)?.sync_all()
    }

    /// The folder was empty: what is there under these names is what was moved there.
    fn take_back(&self, manifest: &Manifest) {
        for kept in &manifest.files {
            let _it_may_not_be_there = fs::remove_file(self.data.join(kept.name.to_string()));
        }
    }
}

impl Drop for Stage<'_> {
    fn drop(&mut self) {
        if let Err(error) = remove_if_there(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "files that were not restored are left behind");
        }
        if !self.data_was_there {
            // It goes only if it is empty.
            let _it_has_what_was_restored = fs::remove_dir(self.data);
        }
    }
}
