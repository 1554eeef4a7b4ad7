//! `voronka restore`: a data folder out of a backup, whole or not at all, and a database on a server if there is to be one.

mod server;

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use secrecy::SecretString;
use serde_json::json;
use voronka_core::{
    ids::PartnerId,
    ports::{Clock, Transfer},
};
use voronka_engine::SystemClock;
use voronka_postgres::Word;
use voronka_sqlite::SqliteStore;

use self::server::Server;
use crate::{
    archive::{
        self, FolderPath, Kept, Manifest, Origin, PASSPHRASE_VARIABLE, Piece, Unreadable, passphrase, private_folder,
        put_folder, remove_if_there, unwritable,
    },
    cli::Restore,
    erasures::{self, Later},
    moving::{self, Counts},
    out::{self, Problem},
    partners::StopMarks,
    store,
    texts::Texts,
    wiring::InstanceKey,
};

/// In the new folder: where files are until all of them are there.
const STAGE: &str = "restore.part";
/// What an empty disk has of its own.
const OF_THE_DISK: &str = "lost+found";

pub(super) async fn run(wish: &Restore, texts: &Texts) -> Result<ExitCode, Problem> {
    let passphrase = passphrase(wish.passphrase_file.as_deref(), std::env::var(PASSPHRASE_VARIABLE).ok())?;
    let restored = restore(wish, passphrase.as_ref()).await?;
    if wish.json {
        let Restored { manifest, erased, is_told, database, folders } = restored;
        let erased = is_told.then_some(erased);
        out::line(
            &json!({
                "data": wish.data.display().to_string(), "at": manifest.at, "version": manifest.version,
                "files": manifest.files, "erased": erased, "database": database, "partners": folders.len(),
                "own": manifest.own, "others": manifest.others,
            })
            .to_string(),
        );
    } else {
        tell(wish, &restored, texts);
    }
    Ok(ExitCode::SUCCESS)
}

fn tell(wish: &Restore, restored: &Restored, texts: &Texts) {
    let at = format!("{:.0}", restored.manifest.at);
    let path = wish.data.display().to_string();
    out::note(&texts.get("restore-done", &[("path", Cow::from(path)), ("at", Cow::from(at))]));
    if let Some(place) = &restored.database {
        out::note(&texts.get("restore-done-database", &[("place", Cow::from(place))]));
    }
    if let Some(own) = &restored.manifest.own {
        out::note(&texts.get("restore-own", &[("instance", Cow::from(own))]));
    }
    if !restored.manifest.others.is_empty() {
        out::note(&texts.get("restore-others", &[("names", Cow::from(restored.manifest.others.join(", ")))]));
    }
    tell_folders(wish, &restored.folders, texts);
    if restored.is_told || restored.erased > 0 {
        out::note(&texts.get("restore-erased", &[("count", Cow::from(restored.erased.to_string()))]));
    }
    if !restored.is_told {
        out::note(&texts.get("restore-erasures-unknown", &[]));
    }
    out::note(&texts.get("restore-once", &[]));
}

fn tell_folders(wish: &Restore, folders: &Folders, texts: &Texts) {
    let count = [("count", Cow::from(folders.len().to_string()))];
    match &wish.partners {
        _ if folders.is_empty() => {}
        None => out::note(&texts.get("restore-folders-left", &count)),
        Some(place) => {
            let [count] = count;
            out::note(&texts.get("restore-folders", &[count, ("path", Cow::from(place.display().to_string()))]));
            if !folders.values().flatten().any(FolderPath::is_secret) {
                out::note(&texts.get("restore-folders-without-keys", &[]));
            }
        }
    }
}

/// Nothing is written before all of the backup was read and found to be what was written.
pub(super) async fn restore(wish: &Restore, passphrase: Option<&SecretString>) -> Result<Restored, Problem> {
    let (file, data) = (&*wish.file, &*wish.data);
    let unread = |error: Unreadable| archive::unread(file, error);
    if !is_empty(data).map_err(|error| super::unusable(data, &error))? {
        let args = vec![("path", data.display().to_string())];
        return Err(Problem::new("restore-full", args).hint("restore-full-hint"));
    }
    let found = archive::read(file, passphrase, Origin::House, |_: &Piece| Ok(io::sink())).map_err(unread)?;
    let journals = journals(file, &wish.erasures)?;
    let known = erasures::read(&journals).map_err(|error| out::unreadable(file, &error))?;
    // What a process has for itself has no rows.
    let server = match &wish.database {
        Some(_) if found.own.is_none() => Some(store::open(data, wish.database.as_ref()).await?),
        Some(_) | None => None,
    };
    let stage = Stage::set(data).map_err(|error| unwritable(data, &error))?;
    let server = match server {
        Some(store) => Some(Server::taken(store, data, SystemClock.now()).await?),
        None => None,
    };
    let restored = async {
        let manifest = archive::read(file, passphrase, Origin::House, |piece| stage.place(piece)).map_err(unread)?;
        let folders = folders_of(&manifest);
        if let Some(place) = &wish.partners {
            nothing_else_is_there(&stage, &folders, place)?;
        }
        let later = known.zip(InstanceKey::existing(&stage.path));
        let later = later.map(|(known, key)| Later::of(known, manifest.at, key));
        let erased = fill(&stage, &manifest, file, server.as_ref(), later.as_ref()).await?;
        let is_told = later.is_some() && !wish.erasures.is_empty();
        if let Some(place) = &wish.partners {
            put_folders(&stage, &folders, place)?;
        }
        stage.reveal(&manifest, server.as_ref()).map_err(|error| unwritable(data, &error))?;
        erasures::carry(&journals, &data.join(erasures::FILE)).map_err(|error| unwritable(data, &error))?;
        let database = server.as_ref().map(|server| server.store.place());
        Ok(Restored { manifest, erased, is_told, database, folders })
    };
    let restored = restored.await;
    match (server, &restored) {
        (Some(server), Ok(restored)) => server.keep(&stopped_of(&restored.manifest)).await?,
        (Some(server), Err(_)) => server.give_back().await,
        (None, _) => {}
    }
    restored
}

/// What was restored.
#[derive(Debug)]
pub(super) struct Restored {
    manifest: Manifest,
    /// Conversations that were erased again.
    pub(super) erased: usize,
    /// A journal was named that goes on behind the backup; else there may have been more.
    pub(super) is_told: bool,
    /// Where the rows are, if that is a database on a server.
    database: Option<String>,
    /// What there is of partners' folders.
    folders: Folders,
}

/// Files of partners' folders.
type Folders = BTreeMap<PartnerId, Vec<FolderPath>>;

fn stopped_of(manifest: &Manifest) -> BTreeSet<PartnerId> {
    let stopped = |kept: &Kept| if let Piece::Stopped(partner) = &kept.name { Some(partner.clone()) } else { None };
    manifest.files.iter().filter_map(stopped).collect()
}

fn folders_of(manifest: &Manifest) -> Folders {
    let mut folders = Folders::new();
    for kept in &manifest.files {
        if let Piece::File(partner, path) = &kept.name {
            folders.entry(partner.clone()).or_default().push(path.clone());
        }
    }
    folders
}

/// Where a file is to be put there is none, or the same: a restore that was killed has left it.
fn nothing_else_is_there(stage: &Stage<'_>, folders: &Folders, place: &Path) -> Result<(), Problem> {
    for (partner, path) in folders.iter().flat_map(|(partner, paths)| paths.iter().map(move |path| (partner, path))) {
        let to = place.join(partner.as_str()).join(path.as_str());
        if to.symlink_metadata().is_err() {
            continue;
        }
        let new = Kept::measured((), &stage.of(&Piece::File(partner.clone(), path.clone())));
        if !new.is_ok_and(|new| Kept::measured((), &to).is_ok_and(|there| there == new)) {
            let args = vec![("path", to.display().to_string())];
            return Err(Problem::new("restore-folder-there", args).hint("restore-folder-there-hint"));
        }
    }
    Ok(())
}

fn put_folders(stage: &Stage<'_>, folders: &Folders, place: &Path) -> Result<(), Problem> {
    for (partner, paths) in folders {
        let (from, to) = (stage.path.join(Piece::folder_of(partner)), place.join(partner.as_str()));
        put_folder(&from, paths, &to).map_err(|error| unwritable(&to, &error))?;
    }
    Ok(())
}

/// Those that are named, and the one that lies beside the backup.
fn journals(file: &Path, named: &[PathBuf]) -> Result<Vec<PathBuf>, Problem> {
    for one in named {
        fs::metadata(one).map_err(|error| out::unreadable(one, &error))?;
    }
    let beside = file.parent().unwrap_or(Path::new("")).join(erasures::FILE);
    Ok(named.iter().cloned().chain([beside]).collect())
}

/// Brings the rows to where they belong, from a store of either kind to one of either kind, and erases there what was erased
/// after the backup was made; how many conversations that were.
async fn fill(
    stage: &Stage<'_>,
    manifest: &Manifest,
    file: &Path,
    server: Option<&Server>,
    later: Option<&Later>,
) -> Result<usize, Problem> {
    let rows = rows_of(stage, manifest, file)?;
    let in_folder = stage.path.join(Piece::Database.to_string());
    let store = match server {
        Some(server) => Arc::clone(&server.store),
        None if rows.is_empty() && !in_folder.is_file() => return Ok(0),
        None => Arc::new(store::at(&in_folder)?),
    };
    for (partner, path, tables) in &rows {
        if let Some(server) = server {
            server.note(partner).await?;
        }
        moving::enter_rows(&*store, partner, path, tables).await?;
    }
    if let Some(server) = server {
        if in_folder.is_file() {
            copy_all(&store::at(&in_folder)?, server).await?;
        }
        for partner in StopMarks::of(&stage.path).all() {
            store.stops().say(&partner, Word::Stop).await?;
        }
    }
    let erased = match later {
        Some(later) => later.erase_in(&*store).await?,
        None => 0,
    };
    // The file alone is moved to its place.
    store.tidy().map_err(|error| moving::failed(&*store, &error))?;
    Ok(erased)
}

/// Partners whose rows are in a backup, where they are, and what they are: all of them are rows as this version has them.
fn rows_of<'a>(
    stage: &Stage<'_>,
    manifest: &'a Manifest,
    file: &Path,
) -> Result<Vec<(&'a PartnerId, PathBuf, Counts)>, Problem> {
    let mut rows = Vec::new();
    for kept in &manifest.files {
        let Piece::Rows(partner) = &kept.name else { continue };
        let path = stage.path.join(kept.name.to_string());
        let tables = moving::count_rows(&path, file)?;
        rows.push((partner, path, tables));
    }
    Ok(rows)
}

async fn copy_all(from: &SqliteStore, server: &Server) -> Result<(), Problem> {
    for partner in from.partners().await.map_err(|error| moving::failed(from, &error))? {
        server.note(&partner).await?;
        moving::copy(from, &*server.store, &partner, |_| {}).await?;
    }
    Ok(())
}

/// Whether a folder is not there, or has nothing but what the disk or a restore that was killed has left.
fn is_empty(folder: &Path) -> io::Result<bool> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        entries => entries?,
    };
    for entry in entries {
        let name = entry?.file_name();
        if ![STAGE, server::MARK, OF_THE_DISK].iter().any(|ours| name == *ours) {
            return Ok(false);
        }
    }
    Ok(true)
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
        let path = self.of(piece);
        if let Some(folder) = path.parent() {
            private_folder(folder)?;
        }
        File::options().write(true).create_new(true).mode(0o600).open(path)
    }

    /// Moves all files into their places when they are on the disk; the database comes last, so that a folder that has it has
    /// all. It may have been made here of rows; what a server has now stays behind.
    fn reveal(&self, manifest: &Manifest, server: Option<&Server>) -> io::Result<()> {
        let belongs_here = |piece: &Piece| match piece {
            Piece::Access | Piece::Key => true,
            Piece::Stopped(_) => server.is_none(),
            Piece::Database | Piece::Rows(_) | Piece::File(..) => false,
        };
        let others = manifest.files.iter().map(|kept| kept.name.clone()).filter(belongs_here);
        let database = [Piece::Database].into_iter().filter(|piece| server.is_none() && self.of(piece).is_file());
        let pieces: Vec<Piece> = others.chain(database).collect();
        for piece in &pieces {
            File::open(self.of(piece))?.sync_all()?;
        }
        for piece in &pieces {
            let place = self.data.join(piece.to_string());
            if let Some(folder) = place.parent() {
                private_folder(folder)?;
            }
            if let Err(error) = fs::rename(self.of(piece), place) {
                self.take_back(&pieces);
                return Err(error);
            }
        }
        File::open(self.data)?.sync_all()
    }

    fn of(&self, piece: &Piece) -> PathBuf {
        self.path.join(piece.to_string())
    }

    /// The folder was empty: what is there under these names is what was moved there.
    fn take_back(&self, pieces: &[Piece]) {
        for piece in pieces {
            let _it_may_not_be_there = fs::remove_file(self.data.join(piece.to_string()));
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
