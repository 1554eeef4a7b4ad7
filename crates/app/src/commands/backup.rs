//! `voronka backup`: what a data folder holds, as one file, with the rows of a database that is on a server and the partners'
//! folders. It works while the house runs.

mod name;
mod schedule;
#[cfg(test)]
mod tests;

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    fs, io,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::json;
use voronka_core::ports::{Clock, StoreError};
use voronka_engine::SystemClock;

use self::name::BackupName;
pub(crate) use self::schedule::{Daily, LastBackup};
use crate::{
    archive::{
        Kept, Links, Manifest, PASSPHRASE_VARIABLE, Piece, Workroom, copy_folder, copy_small, pack, passphrase,
        private_folder, unwritable,
    },
    cli::Backup,
    erasures, moving,
    out::{self, Problem, Told},
    partners::{Folders, StopMarks},
    sharing::Place,
    store::{self, Store},
    texts::Texts,
};

pub(super) async fn run(wish: &Backup, texts: &Texts) -> Result<ExitCode, Problem> {
    let passphrase = passphrase(wish.passphrase_file.as_deref(), std::env::var(PASSPHRASE_VARIABLE).ok())?;
    let now = SystemClock.now();
    let made = made(wish, passphrase, now).await;
    let cause = made.as_ref().err().map(|problem| out::told(problem, &Texts::english()));
    // Where there is no data folder there is nothing to note it in.
    let _noted = LastBackup::note(&wish.data, now, cause);
    let made = made?;
    let removed = match wish.keep {
        Some(keep) => remove_older(&wish.to, keep).map_err(|error| unwritable(&wish.to, &error))?,
        None => Vec::new(),
    };
    tell(&made, &removed, Told::of(wish.json), texts);
    Ok(ExitCode::SUCCESS)
}

async fn made(wish: &Backup, passphrase: Option<SecretString>, now: Timestamp) -> Result<Made, Problem> {
    let server = match &wish.database {
        Some(_) => Some(store::open(&wish.data, wish.database.as_ref()).await?),
        None => None,
    };
    let folders = match (&wish.partners, &wish.partner) {
        (None, None) => None,
        (partners, alone) => Some(Folders::of(partners.as_deref().unwrap_or(Path::new("")), alone.as_deref())?),
    };
    back_up(&Source { data: wish.data.clone(), server, folders }, &wish.to, passphrase, now).await
}

/// What is kept.
struct Source {
    data: PathBuf,
    /// Where the conversations are and who is stopped is said, if that is not the folder: what it has of them is of before, and
    /// would be taken for it.
    server: Option<Arc<dyn Store>>,
    /// Those of partners, if they are wanted.
    folders: Option<Folders>,
}

impl Source {
    /// Whether a file of the folder is of use.
    fn wants(&self, piece: &Piece) -> bool {
        self.server.is_none() || !matches!(piece, Piece::Database | Piece::Stopped(_))
    }
}

/// A backup that was made.
struct Made {
    file: PathBuf,
    bytes: u64,
    sealed: bool,
    manifest: Manifest,
}

/// Copies, packs, reads back what was packed, and puts it into its place. Rows come first: what else there is is not older.
async fn back_up(
    source: &Source,
    to: &Path,
    passphrase: Option<SecretString>,
    now: Timestamp,
) -> Result<Made, Problem> {
    let database = source.data.join(Piece::Database.to_string());
    if source.server.is_none() && !database.is_file() {
        let args = vec![("path", database.display().to_string())];
        return Err(Problem::new("letters-no-database", args).hint("letters-no-database-hint"));
    }
    let room = Workroom::take(&source.data, "backup")?;
    let mut pieces = match &source.server {
        Some(store) => write_database(&**store, &room.path).await?,
        None => Vec::new(),
    };
    pieces.extend(Piece::of(&source.data).into_iter().filter(|piece| source.wants(piece)));
    let erased = match &source.server {
        Some(store) => erasures::kept(&**store).await.map_err(|error| moving::failed(&**store, &error))?,
        None => BTreeSet::new(),
    };
    let others = match &source.server {
        Some(store) => others(&**store, &source.data).await?,
        None => Vec::new(),
    };
    let beside = to.join(erasures::FILE);
    let packing = {
        let (data, folders, to) = (source.data.clone(), source.folders.clone(), to.to_path_buf());
        move || {
            if let Some(folders) = folders {
                pieces.extend(copy_folders(&folders, &room.path, passphrase.is_some())?);
            }
            let manifest = |files| Manifest { others, ..Manifest::of(files, now) };
            packed(&pieces, &data, &room, &to, passphrase.as_ref(), manifest)
        }
    };
    let made = tokio::task::spawn_blocking(packing).await.map_err(|error| unwritable(to, &error))??;
    let carried = erasures::carry(&[source.data.join(erasures::FILE)], &beside);
    carried.and_then(|()| erasures::add(&erased, &beside)).map_err(|error| unwritable(&beside, &error))?;
    Ok(made)
}

/// Keeps what this process has for itself (who may sign in here, the audit, the key), where another one has kept what all share.
async fn back_up_own(
    source: &Source,
    own: String,
    to: &Path,
    passphrase: Option<SecretString>,
    now: Timestamp,
) -> Result<Made, Problem> {
    let room = Workroom::take(&source.data, "backup")?;
    let pieces: Vec<Piece> = Piece::of(&source.data).into_iter().filter(|piece| source.wants(piece)).collect();
    let packing = {
        let (data, to) = (source.data.clone(), to.to_path_buf());
        move || {
            packed(&pieces, &data, &room, &to, passphrase.as_ref(), |files| Manifest {
                own: Some(own),
                ..Manifest::of(files, now)
            })
        }
    };
    let made = tokio::task::spawn_blocking(packing).await.map_err(|error| unwritable(to, &error))??;
    let beside = to.join(erasures::FILE);
    let carried = erasures::carry(&[source.data.join(erasures::FILE)], &beside);
    carried.map_err(|error| unwritable(&beside, &error))?;
    Ok(made)
}

/// The processes beside the one over this data folder.
async fn others(store: &dyn Store, data: &Path) -> Result<Vec<String>, Problem> {
    let here = Place::noted(data);
    let living = store.living().await.map_err(|error| moving::failed(store, &error))?;
    let others = living.into_iter().filter(|peer| here.as_ref() != Some(&peer.id));
    Ok(others.map(|peer| peer.instance.name).collect())
}

/// Rows of all partners as they are at one moment, and who is stopped.
async fn write_database(store: &dyn Store, room: &Path) -> Result<Vec<Piece>, Problem> {
    let unread = |error| moving::failed(store, &error);
    let mut pieces = Vec::new();
    let mut leaving = store.leave_all().await.map_err(unread)?;
    while let Some((partner, mut leaving)) = leaving.next().await.map_err(unread)? {
        let piece = Piece::Rows(partner);
        let path = room.join(piece.to_string());
        path.parent().map_or(Ok(()), private_folder).map_err(|error| unwritable(&path, &error))?;
        moving::write_rows(store, &mut *leaving, &path, |_| true).await?;
        pieces.push(piece);
    }
    let marks = StopMarks::of(room);
    for partner in store.stops().said().await?.stopped {
        marks.put(&partner).map_err(|error| unwritable(marks.folder(), &error))?;
        pieces.push(Piece::Stopped(partner));
    }
    Ok(pieces)
}

/// Copies the files of partners' folders; keys only where they are sealed.
fn copy_folders(folders: &Folders, room: &Path, secrets: bool) -> Result<Vec<Piece>, Problem> {
    let mut pieces = Vec::new();
    for folder in folders.all()? {
        let Ok(partner) = folder.partner() else {
            tracing::warn!(path = %folder.path().display(), "the folder's name is no partner's: it is not in the backup");
            continue;
        };
        let files = copy_folder(folder.path(), &room.join(Piece::folder_of(&partner)), secrets, Links::LeftOut)?;
        pieces.extend(files.into_iter().map(|path| Piece::File(partner.clone(), path)));
    }
    Ok(pieces)
}

fn packed(
    pieces: &[Piece],
    data: &Path,
    room: &Workroom,
    to: &Path,
    passphrase: Option<&SecretString>,
    manifest: impl FnOnce(Vec<Kept>) -> Manifest,
) -> Result<Made, Problem> {
    let manifest = manifest(copy_pieces(pieces, data, &room.path)?);
    private_folder(to).map_err(|error| unwritable(to, &error))?;
    let name = BackupName { at: manifest.at, sealed: passphrase.is_some(), own: manifest.own.clone() };
    let file = to.join(name.to_string());
    let bytes = pack(&manifest, &room.path, &file, passphrase)?;
    Ok(Made { file, bytes, sealed: name.sealed, manifest })
}

fn copy_pieces(pieces: &[Piece], data: &Path, room: &Path) -> Result<Vec<Kept>, Problem> {
    let mut files = Vec::new();
    for piece in pieces {
        let (from, copy) = (data.join(piece.to_string()), room.join(piece.to_string()));
        match piece {
            Piece::Database | Piece::Access => {
                voronka_sqlite::copy(&from, &copy).map_err(|error| uncopied(&from, &error))?;
            }
            // What a database gave is there already.
            Piece::Rows(_) | Piece::File(..) => {}
            Piece::Stopped(_) if copy.is_file() => {}
            Piece::Key | Piece::Stopped(_) => copy_small(&from, &copy).map_err(|error| unwritable(&copy, &error))?,
        }
        files.push(Kept::measured(piece.clone(), &copy).map_err(|error| unwritable(&copy, &error))?);
    }
    Ok(files)
}

/// Removes all backups of a folder but the newest so many, of all and of each process's own; files of other names are none of ours.
fn remove_older(folder: &Path, keep: NonZeroUsize) -> io::Result<Vec<PathBuf>> {
    let mut backups: BTreeMap<Option<String>, Vec<(Timestamp, PathBuf)>> = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_str().and_then(BackupName::parse);
        if let Some(name) = name.filter(|_| entry.file_type().is_ok_and(|kind| kind.is_file())) {
            backups.entry(name.own).or_default().push((name.at, entry.path()));
        }
    }
    let mut older = Vec::new();
    for mut of_one in backups.into_values() {
        of_one.sort_by(|one, other| other.cmp(one));
        older.extend(of_one.into_iter().skip(keep.get()).map(|(_, path)| path));
    }
    // One that stays does not keep the others.
    let removals: Vec<io::Result<()>> = older.iter().map(fs::remove_file).collect();
    removals.into_iter().collect::<io::Result<()>>().map(|()| older)
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
