//! What the file of a partner holds.

use std::fmt;

use serde::{Deserialize, Serialize};
use voronka_core::ids::PartnerId;

use super::Counts;
use crate::archive::FolderPath;

const ABOUT: &str = "partner.json";
const ROWS: &str = "rows.jsonl";
const VAULT: &str = "secrets.sealed";
pub(super) const FOLDER: &str = "folder";

/// Whose file it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct About {
    pub(super) partner: PartnerId,
    /// It was stopped when it left, and is so where it comes.
    pub(super) stopped: bool,
    /// Its secrets are in here.
    pub(super) secrets: bool,
    /// Which installation it leaves: erasures that are noted there are known to no other.
    #[serde(default)]
    pub(super) house: Option<String>,
    /// What the rows must be.
    pub(super) tables: Counts,
}

/// One file in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) enum Part {
    About,
    /// A row a line.
    Rows,
    /// The keys that the store keeps, opened, and sealed by the passphrase that seals the file.
    Vault,
    /// A file of the partner's folder.
    File(FolderPath),
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::About => f.write_str(ABOUT),
            Self::Rows => f.write_str(ROWS),
            Self::Vault => f.write_str(VAULT),
            Self::File(path) => write!(f, "{FOLDER}/{path}"),
        }
    }
}

impl From<Part> for String {
    fn from(part: Part) -> Self {
        part.to_string()
    }
}

impl TryFrom<String> for Part {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        match name.as_str() {
            ABOUT => Ok(Self::About),
            ROWS => Ok(Self::Rows),
            VAULT => Ok(Self::Vault),
            _ => {
                let path = name.strip_prefix(FOLDER).and_then(|rest| rest.strip_prefix('/'));
                path.and_then(FolderPath::parse).map(Self::File).ok_or("no file of a partner's")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_another_name_is_none_of_a_partners() {
        assert!(Part::try_from("folder/knowledge/доставка.md".to_owned()).is_ok());
        for bad in ["voronka.db", "folder", "folder/", "folder/../x", "folders/config.yaml"] {
            assert!(Part::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
