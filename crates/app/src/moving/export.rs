//! A partner with all it has, as one file.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use voronka_core::{ids::PartnerId, record::Record};

use super::{
    Counts, Moving, failed,
    part::{self, About, Part},
    write_rows,
};
use crate::{
    archive::{FolderPath, Kept, Links, Manifest, Workroom, copy_folder, pack, private_folder, seal, unwritable},
    out::Problem,
    wiring::InstanceKey,
};

/// In the data folder: where files of partners go that are given no other place.
const FOLDER: &str = "exported";

/// How a partner is to be written.
#[derive(Default)]
pub(crate) struct Export {
    /// The file; else one in the data folder.
    pub(crate) to: Option<PathBuf>,
    /// What seals it.
    pub(crate) passphrase: Option<SecretString>,
    /// Its secrets as well: sealed, or not at all.
    pub(crate) secrets: bool,
}

/// A file that was written, read back and found to be whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Exported {
    pub(crate) partner: PartnerId,
    pub(crate) file: PathBuf,
    pub(crate) bytes: u64,
    pub(crate) sealed: bool,
    pub(crate) secrets: bool,
    pub(crate) tables: Counts,
    /// Files of its folder.
    pub(crate) files: usize,
}

impl Moving {
    /// Writes a partner's folder and its rows, as they are at one moment; it may be served meanwhile.
    ///
    /// # Errors
    /// When there is no such partner, when secrets are asked for and nothing seals them, or when something cannot be read or
    /// written. Nothing is seen under the file's name then.
    pub(crate) async fn export(&self, partner: &PartnerId, wish: Export, now: Timestamp) -> Result<Exported, Problem> {
        if wish.secrets && wish.passphrase.is_none() {
            return Err(Problem::new("export-open-secrets", vec![]).hint("export-open-secrets-hint"));
        }
        if !self.has(partner).await? {
            let args = vec![("partner", partner.to_string()), ("dir", self.folders.place().display().to_string())];
            return Err(Problem::new("problem-no-such-partner", args).hint("problem-no-such-partner-hint"));
        }
        let room = Workroom::take(&self.data, &format!("export-{partner}"))?;
        let tables = self.write_rows(partner, &room.path).await?;
        let within = room.path.join(part::FOLDER);
        let files = copy_folder(&self.folder(partner), &within, wish.secrets, Links::Refused)?;
        let vault = match wish.passphrase.as_ref().filter(|_| wish.secrets) {
            Some(passphrase) => self.write_vault(partner, &room.path, passphrase).await?,
            None => None,
        };
        let secrets = vault.is_some() || files.iter().any(FolderPath::is_secret);
        let stopped = self.store.stops().said().await?.stopped.contains(partner);
        let house = InstanceKey::existing(&self.data).map(|key| key.house_mark());
        let about = About { partner: partner.clone(), stopped, secrets, house, tables: tables.clone() };
        let file = wish.to.clone().unwrap_or_else(|| {
            let ending = if wish.passphrase.is_some() { ".sealed" } else { "" };
            self.data.join(FOLDER).join(format!("{partner}-{}.tar.gz{ending}", now.strftime("%Y%m%dT%H%M%SZ")))
        });
        let (sealed, count) = (wish.passphrase.is_some(), files.len());
        let parts =
            [Part::About, Part::Rows].into_iter().chain(vault).chain(files.into_iter().map(Part::File)).collect();
        let packing = {
            let file = file.clone();
            move || packed(&about, parts, &room, &file, wish.passphrase.as_ref(), now)
        };
        let bytes = tokio::task::spawn_blocking(packing).await.map_err(|error| unwritable(&file, &error))??;
        Ok(Exported { partner: partner.clone(), file, bytes, sealed, secrets, tables, files: count })
    }

    async fn write_rows(&self, partner: &PartnerId, room: &Path) -> Result<Counts, Problem> {
        let leaving = self.store.leave(partner, None).await;
        let mut leaving = leaving.map_err(|error| failed(&*self.store, &error))?;
        let path = room.join(Part::Rows.to_string());
        // Sealed by the key of this house it is of use to nobody elsewhere.
        write_rows(&*self.store, &mut *leaving, &path, |row| !is_secret(row)).await
    }

    /// Keys that the store keeps; `None`: there are none.
    async fn write_vault(
        &self,
        partner: &PartnerId,
        room: &Path,
        passphrase: &SecretString,
    ) -> Result<Option<Part>, Problem> {
        let secrets = self.vault().leave(partner).await.map_err(|error| error.told(partner))?;
        if secrets.is_empty() {
            return Ok(None);
        }
        let path = room.join(Part::Vault.to_string());
        let sealed = serde_json::to_vec(&secrets).map_err(io::Error::from).and_then(|text| seal(&text, passphrase));
        sealed.and_then(|sealed| fs::write(&path, sealed)).map_err(|error| unwritable(&path, &error))?;
        Ok(Some(Part::Vault))
    }
}

/// Whether a row is a key that the partner keeps in the store.
fn is_secret(row: &Record) -> bool {
    row.table().name == "key_values" && row.text("kind") == Some(crate::secrets::KIND)
}

fn packed(
    about: &About,
    parts: Vec<Part>,
    room: &Workroom,
    file: &Path,
    passphrase: Option<&SecretString>,
    now: Timestamp,
) -> Result<u64, Problem> {
    let told = room.path.join(Part::About.to_string());
    let failed = |error: io::Error| unwritable(&told, &error);
    fs::write(&told, serde_json::to_vec_pretty(about).map_err(|error| failed(error.into()))?).map_err(failed)?;
    let kept = |part: Part| {
        let path = room.path.join(part.to_string());
        Kept::measured(part, &path).map_err(|error| unwritable(&path, &error))
    };
    let files = parts.into_iter().map(kept).collect::<Result<Vec<_>, _>>()?;
    let manifest = Manifest::of(files, now);
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        private_folder(folder).map_err(|error| unwritable(folder, &error))?;
    }
    pack(&manifest, &room.path, file, passphrase)
}
