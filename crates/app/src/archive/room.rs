//! How such a file is made and put into its place, and where its parts lie meanwhile.

use std::{
    fs::{self, DirBuilder, File, TryLockError},
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use secrecy::SecretString;
use tempfile::NamedTempFile;

use super::{Manifest, Name, Origin, Unreadable, read, write};
use crate::{
    out::{self, Problem},
    owner::inherit_owner,
};

/// Where the passphrase is looked for when no file is named.
pub(crate) const PASSPHRASE_VARIABLE: &str = "VORONKA_BACKUP_PASSPHRASE";
/// Characters that a passphrase must have to seal with it.
const PASSPHRASE_MIN: usize = 12;
/// In the data folder: where files are copied to before they are packed, and what is locked meanwhile, of each work its own.
pub(crate) const WORKROOMS: &str = "work";
const LOCK_ENDING: &str = "lock";

/// What seals backups: the first line of a file, or else of the environment. Neither is seen by other users, as an argument
/// would be.
pub(crate) fn passphrase(file: Option<&Path>, set: Option<String>) -> Result<Option<SecretString>, Problem> {
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

/// Copies a file into a folder that is made for it.
pub(crate) fn copy_small(from: &Path, to: &Path) -> io::Result<()> {
    if let Some(folder) = to.parent() {
        private_folder(folder)?;
    }
    fs::copy(from, to).map(|_bytes| ())
}

/// Nothing is seen under the backup's name before it is whole, readable and on the disk.
pub(crate) fn pack<N: Name>(
    manifest: &Manifest<N>,
    room: &Path,
    file: &Path,
    passphrase: Option<&SecretString>,
) -> Result<u64, Problem> {
    let failed = |error: io::Error| unwritable(file, &error);
    // Readable by its owner alone.
    let mut growing = tempfile::Builder::new().suffix(".part").tempfile_in(folder_of(file)).map_err(failed)?;
    write(growing.as_file_mut(), manifest, room, passphrase).map_err(failed)?;
    let read = read(growing.path(), passphrase, Origin::House, |_: &N| Ok(io::sink()));
    if read.map_err(|error| unwritable(file, &error))? != *manifest {
        return Err(failed(io::ErrorKind::InvalidData.into()));
    }
    let bytes = growing.as_file().metadata().map_err(failed)?.len();
    reveal(growing, file).map_err(failed)?;
    Ok(bytes)
}

/// Moves a file to where somebody wants it, perhaps on another disk, without writing over anything.
pub(crate) fn bring(file: &Path, to: &Path) -> io::Result<()> {
    let folder = folder_of(to);
    private_folder(folder)?;
    let mut growing = tempfile::Builder::new().suffix(".part").tempfile_in(folder)?;
    io::copy(&mut File::open(file)?, growing.as_file_mut())?;
    reveal(growing, to)?;
    fs::remove_file(file)
}

/// Under its name on the disk, where there is nothing of that name.
fn reveal(growing: NamedTempFile, file: &Path) -> io::Result<()> {
    growing.as_file().sync_all()?;
    growing.persist_noclobber(file).map_err(|error| error.error)?;
    File::open(folder_of(file))?.sync_all()
}

fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Where files are copied to before they are packed: in the data folder, for they are what it holds. The same work is not done
/// twice at a time; another one is not kept from it.
pub(crate) struct Workroom {
    pub(crate) path: PathBuf,
    /// The lock goes with the handle.
    _lock: File,
}

impl Workroom {
    /// `work`: what is done, as a file may be called.
    pub(crate) fn take(data: &Path, work: &str) -> Result<Self, Problem> {
        let failed = |error: io::Error| out::unusable(data, &error);
        let path = data.join(WORKROOMS).join(work);
        // Where there is no data folder none is made.
        match DirBuilder::new().mode(0o700).create(data.join(WORKROOMS)) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(failed(error)),
            Ok(()) | Err(_) => inherit_owner(&data.join(WORKROOMS)).map_err(failed)?,
        }
        let lock_path = path.with_extension(LOCK_ENDING);
        let lock = File::options().create(true).append(true).open(&lock_path).map_err(failed)?;
        inherit_owner(&lock_path).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Problem::new("backup-under-way", vec![("work", work.to_owned())]));
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        // One that was killed has left it.
        let made = remove_if_there(&path).and_then(|()| private_folder(&path)).and_then(|()| inherit_owner(&path));
        made.map_err(failed)?;
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
pub(crate) fn remove_if_there(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Made if it is not there; open to its owner alone.
pub(crate) fn private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Why a file cannot be read, in the reader's words.
pub(crate) fn unread(file: &Path, error: Unreadable) -> Problem {
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
        Unreadable::Swollen { files, bytes } => {
            args.extend([("files", files.to_string()), ("size", mebibytes(bytes))]);
            Problem::new("import-swollen", args).hint("import-swollen-hint")
        }
        Unreadable::NoRoom { needed, room } => {
            args.extend([("needed", mebibytes(needed)), ("room", mebibytes(room))]);
            Problem::new("import-no-room", args).hint("import-no-room-hint")
        }
        Unreadable::Io(error) => {
            args.push(("cause", error.to_string()));
            Problem::new("restore-failed", args)
        }
    }
}

fn mebibytes(bytes: u64) -> String {
    bytes.div_ceil(1 << 20).to_string()
}

/// A file or a folder that cannot be written.
pub(crate) fn unwritable(path: &Path, error: &dyn std::error::Error) -> Problem {
    Problem::new("backup-unwritable", vec![("path", path.display().to_string()), ("cause", out::chain(error))])
}
