//! `voronka backup`: what a data folder holds, as one file. It works while the house runs.

mod name;
#[cfg(test)]
mod tests;

use std::{
    borrow::Cow,
    fs::{self, DirBuilder, File, TryLockError},
    io,
    num::NonZeroUsize,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    process::ExitCode,
};

use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::json;
use voronka_core::ports::{Clock, StoreError};
use voronka_engine::SystemClock;

use self::name::BackupName;
use crate::{
    archive::{self, FORM, Kept, Manifest, Piece},
    cli::Backup,
    out::{self, Problem, Told},
    texts::Texts,
};

/// Where the passphrase is looked for when no file is named.
pub(crate) const PASSPHRASE_VARIABLE: &str = "VORONKA_BACKUP_PASSPHRASE";
/// Characters that a passphrase must have to seal with it.
const PASSPHRASE_MIN: usize = 12;
/// In the data folder: where files are copied to before they are packed, and the file that is locked meanwhile.
const WORKROOM: &str = "backup.part";
const LOCK: &str = "backup.lock";

pub(super) fn run(wish: &Backup, texts: &Texts) -> Result<ExitCode, Problem> {
    let passphrase = passphrase(wish.passphrase_file.as_deref(), std::env::var(PASSPHRASE_VARIABLE).ok())?;
    let source = Source { data: &wish.data, database: Database::of(wish.database.as_ref()) };
    let made = back_up(&source, &wish.to, passphrase.as_ref(), SystemClock.now())?;
    let removed = match wish.keep {
        Some(keep) => remove_older(&wish.to, keep).map_err(|error| unwritable(&wish.to, &error))?,
        None => Vec::new(),
    };
    tell(&made, &removed, Told::of(wish.json), texts);
    if source.database == Database::OnAServer {
        out::note(&texts.get("backup-without-database", &[]));
    }
    Ok(ExitCode::SUCCESS)
}

/// What is kept.
struct Source<'a> {
    data: &'a Path,
    database: Database,
}

/// Where the conversations are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Database {
    InTheFolder,
    /// PostgreSQL's own means back it up; a file in the folder is one of before, and would be taken for it.
    OnAServer,
}

impl Database {
    fn of(address: Option<&SecretString>) -> Self {
        if address.is_some() { Self::OnAServer } else { Self::InTheFolder }
    }

    /// Whether a file of the folder is of use.
    fn wants(self, piece: &Piece) -> bool {
        self == Self::InTheFolder || *piece != Piece::Database
    }
}

/// A backup that was made.
struct Made {
    file: PathBuf,
    bytes: u64,
    sealed: bool,
    manifest: Manifest,
}

/// What seals backups: the first line of a file, or else of the environment. Neither is seen by other users, as an argument
/// would be.
pub(super) fn passphrase(file: Option<&Path>, set: Option<String>) -> Result<Option<SecretString>, Problem> {
    let text = match file {
        Some(path) => Some(fs::read_to_string(path).map_err(|error| out::unreadable(path, &error))?),
        None => set.filter(|text| !text.is_empty()),
    };
    let Some(text) = text else { return Ok(None) };
    let line = text.lines().next().unwrap_or_default();
    if line.chars().count() < PASSPHRASE_MIN {
        let args = vec![("min", PASSPHRASE_MIN.to_string())];
        return Err(Problem::new("backup-passphrase-short", args).hint("backup-passphrase-short-hint"));
    }
    Ok(Some(line.to_owned().into()))
}

/// Copies, packs, reads back what was packed, and puts it into its place.
fn back_up(source: &Source<'_>, to: &Path, passphrase: Option<&SecretString>, now: Timestamp) -> Result<Made, Problem> {
    let database = source.data.join(Piece::Database.to_string());
    if source.database == Database::InTheFolder && !database.is_file() {
        let args = vec![("path", database.display().to_string())];
        return Err(Problem::new("letters-no-database", args).hint("letters-no-database-hint"));
    }
    let room = Workroom::take(source.data)?;
    let manifest = copy_pieces(source, &room.path, now)?;
    private_folder(to).map_err(|error| unwritable(to, &error))?;
    let name = BackupName { at: now, sealed: passphrase.is_some() };
    let file = to.join(name.to_string());
    let bytes = pack(&manifest, &room.path, &file, passphrase)?;
    Ok(Made { file, bytes, sealed: name.sealed, manifest })
}

fn copy_pieces(source: &Source<'_>, room: &Path, now: Timestamp) -> Result<Manifest, Problem> {
    let mut files = Vec::new();
    for piece in Piece::of(source.data).into_iter().filter(|piece| source.database.wants(piece)) {
        let (from, copy) = (source.data.join(piece.to_string()), room.join(piece.to_string()));
        match &piece {
            Piece::Database | Piece::Access => {
                voronka_sqlite::copy(&from, &copy).map_err(|error| uncopied(&from, &error))?;
            }
            Piece::Key | Piece::Stopped(_) => copy_small(&from, &copy).map_err(|error| unwritable(&copy, &error))?,
        }
        files.push(Kept::measured(piece, &copy).map_err(|error| unwritable(&copy, &error))?);
    }
    Ok(Manifest { form: FORM, version: env!("CARGO_PKG_VERSION").to_owned(), at: now, files })
}

fn copy_small(from: &Path, to: &Path) -> io::Result<()> {
    if let Some(folder) = to.parent() {
        private_folder(folder)?;
    }
    fs::copy(from, to).map(|_bytes| ())
}

/// Nothing is seen under the backup's name before it is whole, readable and on the disk.
fn pack(manifest: &Manifest, room: &Path, file: &Path, passphrase: Option<&SecretString>) -> Result<u64, Problem> {
    let failed = |error: io::Error| unwritable(file, &error);
    let folder = file.parent().unwrap_or(Path::new("."));
    // Readable by its owner alone.
    let mut growing = tempfile::Builder::new().suffix(".part").tempfile_in(folder).map_err(failed)?;
    archive::write(growing.as_file_mut(), manifest, room, passphrase).map_err(failed)?;
    growing.as_file().sync_all().map_err(failed)?;
    let read = archive::read(growing.path(), passphrase, |_| Ok(io::sink()));
    if read.map_err(|error| unwritable(file, &error))? != *manifest {
        return Err(failed(io::ErrorKind::InvalidData.into()));
    }
    let bytes = growing.as_file().metadata().map_err(failed)?.len();
    growing.persist_noclobber(file).map_err(|error| failed(error.error))?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
    Ok(bytes)
}

/// Where files are copied to before they are packed: in the data folder, for they are what it holds. Of one backup at a time.
struct Workroom {
    path: PathBuf,
    /// The lock goes with the handle.
    _lock: File,
}

impl Workroom {
    fn take(data: &Path) -> Result<Self, Problem> {
        let failed = |error: io::Error| super::unusable(data, &error);
        let lock = File::options().create(true).append(true).open(data.join(LOCK)).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Problem::new("backup-under-way", vec![])),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let path = data.join(WORKROOM);
        // One that was killed has left it.
        remove_if_there(&path).and_then(|()| private_folder(&path)).map_err(failed)?;
        Ok(Self { path, _lock: lock })
    }
}

impl Drop for Workroom {
    fn drop(&mut self) {
        if let Err(error) = remove_if_there(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "copies that were packed are left behind");
        }
    }
}

/// A folder with all it has.
pub(super) fn remove_if_there(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Made if it is not there; open to its owner alone.
pub(super) fn private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Removes all backups of a folder but the newest so many; files of other names are none of ours.
fn remove_older(folder: &Path, keep: NonZeroUsize) -> io::Result<Vec<PathBuf>> {
    let mut backups = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_str().and_then(BackupName::parse);
        if let Some(name) = name.filter(|_| entry.file_type().is_ok_and(|kind| kind.is_file())) {
            backups.push((name.at, entry.path()));
        }
    }
    backups.sort_by(|one, other| other.cmp(one));
    let older: Vec<PathBuf> = backups.into_iter().skip(keep.get()).map(|(_, path)| path).collect();
    for path in &older {
        fs::remove_file(path)?;
    }
    Ok(older)
}

fn tell(made: &Made, removed: &[PathBuf], told: Told, texts: &Texts) {
    let shown = |path: &Path| path.display().to_string();
    if told == Told::ToPrograms {
        let removed: Vec<String> = removed.iter().map(|path| shown(path)).collect();
        out::line(
            &json!({
                "file": shown(&made.file), "bytes": made.bytes, "sealed": made.sealed, "at": made.manifest.at,
                "version": made.manifest.version, "files": made.manifest.files, "removed": removed,
            })
            .to_string(),
        );
        return;
    }
    out::line(&shown(&made.file));
    let kib = made.bytes.div_ceil(1 << 10).to_string();
    out::note(&texts.get("backup-made", &[("kib", Cow::from(kib))]));
    if !made.sealed {
        out::note(&texts.get("backup-open", &[("variable", Cow::from(PASSPHRASE_VARIABLE))]));
    }
    for path in removed {
        out::note(&texts.get("backup-removed", &[("path", Cow::from(shown(path)))]));
    }
}

fn uncopied(path: &Path, error: &StoreError) -> Problem {
    let args = vec![("path", path.display().to_string()), ("cause", error.to_string())];
    Problem::new("backup-uncopied", args)
}

/// A file or a folder that cannot be written.
pub(super) fn unwritable(path: &Path, error: &dyn std::error::Error) -> Problem {
    Problem::new("backup-unwritable", vec![("path", path.display().to_string()), ("cause", out::chain(error))])
}
