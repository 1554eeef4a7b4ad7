//! Where partners' folders are.

use std::{
    io,
    path::{Path, PathBuf},
};

use voronka_core::ids::PartnerId;
use voronka_files::PartnerFolder;

use crate::{
    commands::refused,
    out::{Problem, unreadable},
};

/// Where partners' folders are.
#[derive(Debug, Clone)]
pub(crate) enum Folders {
    /// Each has one in this one; or it is itself a partner's.
    Among(PathBuf),
    /// The only one's, with what variables say of it.
    Alone(PartnerFolder),
}

impl Folders {
    /// `alone`: the single partner's, if there is to be one.
    pub(crate) fn of(partners: &Path, alone: Option<&Path>) -> Result<Self, Problem> {
        let Some(folder) = alone else { return Ok(Self::Among(partners.to_path_buf())) };
        let alone = PartnerFolder::alone(folder, |name| std::env::var(name).ok());
        alone.map(Self::Alone).map_err(|error| refused(folder, &error))
    }

    /// Those that are there.
    pub(crate) fn all(&self) -> Result<Vec<PartnerFolder>, Problem> {
        match self {
            Self::Among(root) => {
                let found = among(root).map_err(|error| unreadable(root, &error))?;
                Ok(found.into_iter().map(PartnerFolder::named).collect())
            }
            Self::Alone(folder) => Ok(vec![folder.clone()]),
        }
    }

    /// Where a partner's is, or would be.
    pub(crate) fn of_partner(&self, partner: &PartnerId) -> PathBuf {
        let own = match self {
            Self::Among(root) => PartnerFolder::named(root),
            Self::Alone(folder) => folder.clone(),
        };
        let is_own = self.is_single() && own.partner().is_ok_and(|id| id == *partner);
        if is_own { own.path().to_path_buf() } else { own.path().join(partner.as_str()) }
    }

    /// Whether a partner has one: a folder without settings is nobody's, but for the only one's.
    pub(crate) fn has(&self, partner: &PartnerId) -> bool {
        let folder = self.of_partner(partner);
        match self {
            Self::Alone(alone) if alone.path() == folder => folder.is_dir(),
            Self::Among(_) | Self::Alone(_) => is_partners(&folder),
        }
    }

    /// Where they are looked for.
    pub(crate) fn place(&self) -> &Path {
        match self {
            Self::Among(root) => root,
            Self::Alone(folder) => folder.path(),
        }
    }

    fn is_single(&self) -> bool {
        match self {
            Self::Among(root) => is_partners(root),
            Self::Alone(_) => true,
        }
    }
}

fn is_partners(folder: &Path) -> bool {
    folder.join("config.yaml").is_file()
}

/// The folders of partners in one, by name; itself if it is a partner's.
pub(crate) fn among(root: &Path) -> io::Result<Vec<PathBuf>> {
    if is_partners(root) {
        return Ok(vec![root.to_path_buf()]);
    }
    let entries = std::fs::read_dir(root)?;
    let mut found: Vec<PathBuf> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| is_partners(path)).collect();
    found.sort();
    Ok(found)
}
