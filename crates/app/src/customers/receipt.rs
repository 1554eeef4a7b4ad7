//! What is left of a deed about a person: what was done, when, and how much; nothing about the person.

use std::{
    collections::BTreeMap,
    fs::{DirBuilder, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use voronka_core::ids::PartnerId;

/// Where receipts are kept, in the data folder.
const FOLDER: &str = "receipts";
/// So much of a mark tells receipts of one moment apart.
const MARK_CHARS: usize = 12;

/// Rows by their table.
pub(crate) type Counts = BTreeMap<String, usize>;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Deed {
    Export,
    Erase,
}

/// The proof of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Receipt {
    pub(crate) deed: Deed,
    pub(crate) partner: PartnerId,
    pub(crate) at: Timestamp,
    /// What was given or erased.
    pub(crate) counts: Counts,
    /// Of an erasure: what stays, without words and contacts.
    pub(crate) kept: Counts,
    /// The person's conversations, as the journal of erasures names them: it tells nobody who they are.
    pub(crate) marks: Vec<String>,
}

impl Receipt {
    /// Keeps it in a data folder; where.
    pub(crate) fn keep(&self, data: &Path) -> io::Result<PathBuf> {
        let folder = data.join(FOLDER);
        DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        let deed = match self.deed {
            Deed::Export => "export",
            Deed::Erase => "erase",
        };
        let at = self.at.strftime("%Y%m%dT%H%M%S%6fZ");
        let mark: String = self.marks.concat().chars().take(MARK_CHARS).collect();
        let path = folder.join(format!("{deed}-{at}-{mark}.json"));
        let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&path)?;
        file.write_all(serde_json::to_string_pretty(self).unwrap_or_default().as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        Ok(path)
    }
}
