//! A partner that leaves for good: kept as a file first, then deleted step by step. What was broken off goes on when it is asked
//! for again.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use voronka_core::ids::PartnerId;
use voronka_postgres::Word;

use super::{Export, Exported, Moving, erase, import::unpack, unsound};
use crate::{
    archive::{Workroom, private_folder, unwritable},
    out::{Problem, unusable},
};

/// In the data folder: files of partners that were removed, and notes of those that are being removed.
const FOLDER: &str = "removed";

/// A partner that is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Removed {
    pub(crate) partner: PartnerId,
    /// Where it is kept.
    pub(crate) kept: Exported,
    /// Rows that were deleted now.
    pub(crate) rows: u64,
    /// People whose right to its pages went with it.
    pub(crate) people: usize,
}

/// How a partner that leaves is kept.
pub(crate) struct Keeping {
    /// What seals the file.
    pub(crate) passphrase: Option<SecretString>,
    /// Its secrets go for good.
    pub(crate) without_secrets: bool,
}

impl Moving {
    /// Refuses to keep a partner so that its secrets would be lost, unless that is meant.
    pub(crate) async fn may_keep(&self, partner: &PartnerId, keeping: &Keeping) -> Result<(), Problem> {
        if keeping.passphrase.is_some() || keeping.without_secrets {
            return Ok(());
        }
        let kept = self.vault().list(partner).await.map_err(|error| error.told(partner))?;
        if kept.is_empty() && !self.folder(partner).join(".env").is_file() {
            return Ok(());
        }
        Err(Problem::new("remove-secrets", vec![("partner", partner.to_string())]).hint("remove-secrets-hint"))
    }

    /// Keeps a partner as a file, once: when that is noted, and the file is found to be whole, its rows and files may go.
    pub(crate) async fn keep_away(
        &self,
        partner: &PartnerId,
        keeping: Keeping,
        now: Timestamp,
    ) -> Result<Exported, Problem> {
        let note = self.note(partner);
        let noted = fs::read(&note).ok().and_then(|told| serde_json::from_slice::<Exported>(&told).ok());
        let passphrase = keeping.passphrase.clone();
        // While it is a partner it may have been served since it was kept: what was said then is in no file.
        let is_going = !self.has_folder(partner);
        let (kept, old) = match noted.filter(|kept| kept.file.is_file()) {
            Some(kept) if is_going => (kept, None),
            old => (self.keep_now(partner, keeping, now).await?, old),
        };
        self.must_come_back(&kept, passphrase).await?;
        write_note(&note, &kept).map_err(|error| unwritable(&note, &error))?;
        if let Some(old) = old.filter(|old| old.file != kept.file) {
            fs::remove_file(&old.file).map_err(|error| unwritable(&old.file, &error))?;
        }
        Ok(kept)
    }

    async fn keep_now(&self, partner: &PartnerId, keeping: Keeping, now: Timestamp) -> Result<Exported, Problem> {
        self.may_keep(partner, &keeping).await?;
        let folder = self.data.join(FOLDER);
        private_folder(&folder).map_err(|error| unwritable(&folder, &error))?;
        let Keeping { passphrase, without_secrets } = keeping;
        let ending = if passphrase.is_some() { ".sealed" } else { "" };
        let file = folder.join(format!("{partner}-{}.tar.gz{ending}", now.strftime("%Y%m%dT%H%M%SZ")));
        let secrets = passphrase.is_some() && !without_secrets;
        self.export(partner, Export { to: Some(file), passphrase, secrets }, now).await
    }

    /// Reads a file wholly, as an import does, and sees that it has what was written.
    async fn must_come_back(&self, kept: &Exported, passphrase: Option<SecretString>) -> Result<(), Problem> {
        let room = Workroom::take(&self.data, &format!("removal-{}", kept.partner))?;
        let file = kept.file.clone();
        let unpacking = tokio::task::spawn_blocking(move || unpack(&file, passphrase.as_ref(), &room.path));
        let found = unpacking.await.map_err(|error| unwritable(&kept.file, &error))??;
        let is_whole = found.about.partner == kept.partner
            && found.about.tables == kept.tables
            && found.about.secrets == kept.secrets
            && found.files.len() == kept.files;
        if is_whole { Ok(()) } else { Err(unsound(&kept.file)) }
    }

    /// Deletes all that a partner has here. It is not served, and [`Self::keep_away`] has kept it.
    pub(crate) async fn delete(&self, kept: Exported) -> Result<Removed, Problem> {
        let partner = kept.partner.clone();
        let folder = self.folder(&partner);
        // From here on the folder is nobody's: a start does not find it.
        let (config, gone) = (folder.join("config.yaml"), folder.join("config.yaml.removed"));
        if config.is_file() {
            fs::rename(&config, gone).map_err(|error| unwritable(&config, &error))?;
        }
        // Nor does anybody who has the folder still, or comes back, make it anew.
        self.store.stops().say(&partner, Word::Remove).await?;
        let rows = erase(&*self.store, &partner).await?;
        let people = self.take_rights(&partner)?;
        // An index of its own is there where its pages are compared by their sense.
        for folder in [folder, self.data.join(format!("index-{partner}"))] {
            delete_folder(&folder).map_err(|error| unwritable(&folder, &error))?;
        }
        let note = self.note(&partner);
        fs::remove_file(&note).map_err(|error| unwritable(&note, &error))?;
        Ok(Removed { partner, kept, rows, people })
    }

    /// Nobody may open its pages any more: a partner of the same name that comes later is another one.
    fn take_rights(&self, partner: &PartnerId) -> Result<usize, Problem> {
        use crate::{admin::Access, wiring::InstanceKey};
        if !Access::is_in(&self.data) {
            return Ok(0);
        }
        let key = InstanceKey::of(&self.data).map_err(|error| unusable(&self.data, &error))?;
        let clock = std::sync::Arc::new(voronka_engine::SystemClock);
        let access = Access::open(&self.data, key.access_keys(), clock)
            .and_then(|access| access.anchored(std::sync::Arc::clone(&self.store).anchors()));
        let taken = access.and_then(|access| access.take_rights(partner, "command line"));
        taken.map_err(|error| unusable(&self.data, &error))
    }

    fn note(&self, partner: &PartnerId) -> PathBuf {
        self.data.join(FOLDER).join(format!("{partner}.part"))
    }
}

fn write_note(path: &Path, kept: &Exported) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut part = tempfile::NamedTempFile::new_in(folder)?;
    io::Write::write_all(part.as_file_mut(), &serde_json::to_vec(kept)?)?;
    part.as_file().sync_all()?;
    part.persist(path).map_err(|error| error.error)?;
    fs::File::open(folder)?.sync_all()
}

/// A link goes, and not what it leads to.
fn delete_folder(folder: &Path) -> io::Result<()> {
    match fs::symlink_metadata(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(found) if found.is_symlink() => fs::remove_file(folder),
        Ok(_) => fs::remove_dir_all(folder),
    }
}
