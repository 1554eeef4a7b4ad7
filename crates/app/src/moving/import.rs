//! A partner out of a file: whole or not at all.

use std::{
    fs::{self, File},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use voronka_core::{ids::PartnerId, ports::TRANSFER_NOTES};
use voronka_postgres::Word;

use super::{
    Counts, IMPORT, Moving, admit, count_rows, counts, enter_rows, erase, failed,
    part::{self, About, Part},
    unsound,
};
use crate::{
    archive::{self, FolderPath, Kept, Origin, Workroom, private_folder, put_folder, unwritable},
    erasures::{self, Later},
    observe::free_bytes,
    out::{Problem, unreadable},
    owner::inherit_owner,
    secrets::{OpenSecret, VaultError},
    wiring::InstanceKey,
};

/// Which file is to be read.
pub(crate) struct Import {
    pub(crate) file: PathBuf,
    pub(crate) passphrase: Option<SecretString>,
    /// Only look.
    pub(crate) dry_run: bool,
}

/// A partner that has come, or would.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Imported {
    pub(crate) partner: PartnerId,
    pub(crate) tables: Counts,
    /// Files of its folder.
    pub(crate) files: usize,
    /// It was stopped where it left, and is so here.
    pub(crate) stopped: bool,
    /// Its secrets came with it.
    pub(crate) secrets: bool,
    /// Conversations that were erased again, for they were after the file was written; `None`: nobody knows here.
    pub(crate) erased: Option<usize>,
}

/// What there is of a partner's rows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Here {
    Nothing,
    InPart,
    Whole,
}

impl Moving {
    /// Reads all of a file before anything is written. The rows come first; the folder, by which a partner is one, comes last. An
    /// import that was broken off begins anew with the same file.
    ///
    /// # Errors
    /// When the file is not what was written, when the partner is there already, or when something cannot be written.
    pub(crate) async fn import(&self, wish: Import) -> Result<Imported, Problem> {
        let room = Workroom::take(&self.data, "import")?;
        let (file, passphrase, place) = (wish.file.clone(), wish.passphrase, room.path.clone());
        let unpacking = tokio::task::spawn_blocking(move || unpack(&file, passphrase.as_ref(), &place));
        let Unpacked { about, files, secrets, at } =
            unpacking.await.map_err(|error| unwritable(&room.path, &error))??;
        let partner = &about.partner;
        let sum = Kept::measured((), &wish.file).map_err(|error| unreadable(&wish.file, &error))?.sha256;
        let here = self.here(&about, &sum).await?;
        let mut imported = Imported {
            partner: partner.clone(),
            tables: about.tables.clone(),
            files: files.len(),
            stopped: about.stopped,
            secrets: about.secrets,
            erased: None,
        };
        let told = |error: VaultError| error.told(partner);
        if !secrets.is_empty() && !self.vault().has_key().map_err(told)? {
            return Err(told(VaultError::NoKey));
        }
        if wish.dry_run {
            return Ok(imported);
        }
        // Nobody serves it before it is whole, whatever they know of one of its name.
        self.store.stops().say(partner, Word::Stop).await?;
        let noted = async |note: &str| {
            let noted = self.store.keep_value(partner, TRANSFER_NOTES, IMPORT, note).await;
            noted.map_err(|error| failed(&*self.store, &error))
        };
        if here == Here::InPart {
            erase(&*self.store, partner).await?;
        }
        noted(&sum).await?;
        if here != Here::Whole {
            enter_rows(&*self.store, partner, &room.path.join(Part::Rows.to_string()), &about.tables).await?;
        }
        self.vault().enter(partner, &secrets).await.map_err(told)?;
        imported.erased = self.erase_again(&about, at).await?;
        let folder = self.folder(partner);
        let put = put_folder(&room.path.join(part::FOLDER), &files, &folder).and_then(|()| inherit_owner(&folder));
        put.map_err(|error| unwritable(&folder, &error))?;
        // A note that stayed would let a later import erase what has been said since.
        noted("").await?;
        admit(&*self.store, partner, if about.stopped { Word::Stop } else { Word::Start }).await?;
        Ok(imported)
    }

    /// What was erased since the file was written is erased in its rows as well.
    async fn erase_again(&self, about: &About, since: Timestamp) -> Result<Option<usize>, Problem> {
        let key = InstanceKey::existing(&self.data).filter(|key| about.house == Some(key.house_mark()));
        let Some(key) = key else { return Ok(None) };
        let journal = self.data.join(erasures::FILE);
        let known = erasures::read(std::slice::from_ref(&journal)).map_err(|error| unreadable(&journal, &error))?;
        let kept = erasures::kept_of(&*self.store, &about.partner).await;
        let kept = kept.map_err(|error| failed(&*self.store, &error))?;
        let known = known.into_iter().flatten().chain(kept).collect();
        Later::of(known, since, key).erase_of(&*self.store, &about.partner).await.map(Some)
    }

    /// What an import of this file that was broken off has left.
    async fn here(&self, about: &About, sum: &str) -> Result<Here, Problem> {
        let partner = &about.partner;
        let is_there = || {
            let args = vec![("partner", partner.to_string())];
            Problem::new("import-exists", args).hint("import-exists-hint")
        };
        let unread = |error| failed(&*self.store, &error);
        // Another process may have its folder elsewhere.
        if self.store.holder(partner).await.map_err(unread)?.is_some() {
            return Err(is_there());
        }
        let note = self.store.value(partner, TRANSFER_NOTES, IMPORT).await.map_err(unread)?;
        if note.is_some_and(|note| note == sum) {
            return Ok(Here::InPart);
        }
        if self.has_folder(partner) {
            return Err(is_there());
        }
        if !self.has_rows(partner).await? {
            return Ok(Here::Nothing);
        }
        let is_same = counts(&*self.store, partner).await.map_err(unread)? == about.tables;
        if is_same { Ok(Here::Whole) } else { Err(is_there()) }
    }
}

/// What a file has.
pub(super) struct Unpacked {
    pub(super) about: About,
    pub(super) files: Vec<FolderPath>,
    /// Keys that the store kept.
    secrets: Vec<OpenSecret>,
    /// When it was written.
    at: Timestamp,
}

/// Unpacks a file into the workroom, and sees that all of it is what it should be.
pub(super) fn unpack(file: &Path, passphrase: Option<&SecretString>, room: &Path) -> Result<Unpacked, Problem> {
    let place = |part: &Part| {
        let path = room.join(part.to_string());
        if let Some(folder) = path.parent() {
            private_folder(folder)?;
        }
        File::options().write(true).create_new(true).mode(0o600).open(path)
    };
    // What is unpacked is written once more, into the store and the partner's folder.
    let origin = Origin::Anywhere { room: free_bytes(room).unwrap_or(u64::MAX) / 2 };
    let manifest = archive::read(file, passphrase, origin, place).map_err(|error| archive::unread(file, error))?;
    let (mut files, mut secrets) = (Vec::new(), Vec::new());
    for kept in manifest.files {
        match kept.name {
            Part::File(path) => files.push(path),
            Part::Vault => secrets = read_vault(room, passphrase).ok_or_else(|| unsound(file))?,
            Part::About | Part::Rows => {}
        }
    }
    let about = fs::read(room.join(Part::About.to_string())).ok();
    let about: About = about.and_then(|told| serde_json::from_slice(&told).ok()).ok_or_else(|| unsound(file))?;
    let counts = count_rows(&room.join(Part::Rows.to_string()), file)?;
    if counts == about.tables { Ok(Unpacked { about, files, secrets, at: manifest.at }) } else { Err(unsound(file)) }
}

fn read_vault(room: &Path, passphrase: Option<&SecretString>) -> Option<Vec<OpenSecret>> {
    let sealed = fs::read(room.join(Part::Vault.to_string())).ok()?;
    serde_json::from_slice(&archive::open(&sealed, passphrase?).ok()?).ok()
}
