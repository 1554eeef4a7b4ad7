//! Partners on the move: from one store to another, into a file and out of one, away for good.

mod count;
mod export;
mod import;
mod legacy;
mod part;
mod remove;
mod rows;
#[cfg(test)]
pub(crate) mod tests;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use voronka_core::{
    ids::PartnerId,
    ports::{Place, StoreError, TRANSFER_NOTES},
    record::Record,
};
use voronka_postgres::Word;

pub(crate) use self::{
    count::{Counts, counts, shown, total},
    export::{Export, Exported},
    import::{Import, Imported},
    legacy::{Columns, Dump, convert},
    remove::{Keeping, Removed},
    rows::{count_rows, enter_rows, write_rows},
};
use crate::{
    out::Problem,
    partners::Folders,
    secrets::{KeySource, Vault},
    store::Store,
};

/// Rows that move at a time.
const PAGE_ROWS: usize = 500;
/// Under [`TRANSFER_NOTES`]: where a copy stands in its source, in JSON; empty: it is whole.
pub(crate) const PLACE: &str = "place";
/// Under [`TRANSFER_NOTES`], while a restore is under way: its name.
pub(crate) const RESTORE: &str = "restore";
/// Under [`TRANSFER_NOTES`], while an import is under way: of which file, by its sum; empty: it is over.
pub(crate) const IMPORT: &str = "import-of";
/// Under [`PLACE`]: nothing, or no page whole, has been copied yet.
const BEGUN: &str = "begun";

/// Where the partners of a house are, with all they have.
#[derive(Clone)]
pub(crate) struct Moving {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) folders: Folders,
    /// What opens the secrets that the store keeps, and seals those that come.
    pub(crate) keys: KeySource,
    pub(crate) data: PathBuf,
}

impl Moving {
    fn folder(&self, partner: &PartnerId) -> PathBuf {
        self.folders.of_partner(partner)
    }

    fn has_folder(&self, partner: &PartnerId) -> bool {
        self.folders.has(partner)
    }

    fn vault(&self) -> Vault {
        Vault::new(self.store.clone(), self.keys.clone())
    }

    /// What a partner has.
    pub(crate) async fn counted(&self, partner: &PartnerId) -> Result<Counts, Problem> {
        counts(&*self.store, partner).await.map_err(|error| failed(&*self.store, &error))
    }

    /// Takes rows in, page by page; those that are there already change nothing.
    pub(crate) async fn enter(&self, partner: &PartnerId, rows: Vec<Record>) -> Result<(), Problem> {
        for page in rows.chunks(PAGE_ROWS) {
            let entered = self.store.enter(partner, page.to_vec()).await;
            entered.map_err(|error| failed(&*self.store, &error))?;
        }
        Ok(())
    }

    /// Whether there is anything of a partner.
    pub(crate) async fn has(&self, partner: &PartnerId) -> Result<bool, Problem> {
        Ok(self.has_folder(partner) || self.has_rows(partner).await?)
    }

    async fn has_rows(&self, partner: &PartnerId) -> Result<bool, Problem> {
        let partners = self.store.partners().await.map_err(|error| failed(&*self.store, &error))?;
        Ok(partners.contains(partner))
    }
}

/// What a copy did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Copied {
    pub(crate) partner: PartnerId,
    /// What both stores have now.
    pub(crate) tables: Counts,
    /// It was broken off before, and went on.
    pub(crate) resumed: bool,
}

/// Copies a partner's rows to a store in which nobody serves it, and compares what both have. A copy that was broken off goes on
/// where it was.
pub(crate) async fn copy(
    from: &dyn Store,
    to: &dyn Store,
    partner: &PartnerId,
    mut progress: impl FnMut(u64),
) -> Result<Copied, Problem> {
    let (unread, unwritten) = (|error: StoreError| failed(from, &error), |error: StoreError| failed(to, &error));
    let noted = to.value(partner, TRANSFER_NOTES, PLACE).await.map_err(unwritten)?;
    // A note of another version: it begins anew, and what is there already changes nothing.
    let place: Option<Place> = noted.as_deref().and_then(|noted| serde_json::from_str(noted).ok());
    let resumed = place.is_some();
    // Whatever is known there of one of its name: nobody serves this one before it is whole.
    to.stops().say(partner, Word::Stop).await?;
    if !resumed {
        // Before the first row: what is there of a copy that is broken off here is not taken for a whole partner.
        to.keep_value(partner, TRANSFER_NOTES, PLACE, BEGUN).await.map_err(unwritten)?;
    }
    let mut leaving = from.leave(partner, place).await.map_err(unread)?;
    let mut moved = 0;
    loop {
        let page = leaving.page(PAGE_ROWS).await.map_err(unread)?;
        moved += page.rows.len() as u64;
        to.enter(partner, page.rows).await.map_err(unwritten)?;
        let Some(next) = page.next else { break };
        let noted = serde_json::to_string(&next).unwrap_or_default();
        to.keep_value(partner, TRANSFER_NOTES, PLACE, &noted).await.map_err(unwritten)?;
        progress(moved);
    }
    let (had, has) = (counts(from, partner).await.map_err(unread)?, counts(to, partner).await.map_err(unwritten)?);
    if had != has {
        let args = vec![("partner", partner.to_string()), ("tables", count::differing(&had, &has))];
        return Err(Problem::new("store-copy-differs", args).hint("store-copy-differs-hint"));
    }
    to.keep_value(partner, TRANSFER_NOTES, PLACE, "").await.map_err(unwritten)?;
    let is_stopped = from.stops().said().await?.stopped.contains(partner);
    admit(to, partner, if is_stopped { Word::Stop } else { Word::Start }).await?;
    Ok(Copied { partner: partner.clone(), tables: has, resumed })
}

/// A partner has come and is all here: it is served if it is to start.
pub(crate) async fn admit(store: &dyn Store, partner: &PartnerId, then: Word) -> Result<(), Problem> {
    store.stops().say(partner, Word::Admit).await?;
    store.stops().say(partner, then).await
}

/// Deletes all rows of a partner, step by step. Somebody has said that nobody is to serve it.
pub(crate) async fn erase(store: &dyn Store, partner: &PartnerId) -> Result<u64, Problem> {
    let mut gone = 0;
    loop {
        match store.erase(partner).await.map_err(|error| failed(store, &error))? {
            0 => return Ok(gone),
            rows => gone += rows as u64,
        }
    }
}

/// Refuses a store that a process serves from.
pub(crate) async fn nobody_serves(store: &dyn Store) -> Result<(), Problem> {
    let living = store.living().await.map_err(|error| failed(store, &error))?;
    let served = (!living.is_empty())
        .then(|| Problem::new("store-served", vec![("place", store.place())]).hint("store-served-hint"));
    served.map_or(Ok(()), Err)
}

/// A store that cannot be read or written.
pub(crate) fn failed(store: &dyn Store, error: &StoreError) -> Problem {
    Problem::new("moving-store", vec![("place", store.place()), ("cause", error.to_string())])
}

fn unsound(path: &Path) -> Problem {
    Problem::new("restore-damaged", vec![("path", path.display().to_string())]).hint("restore-damaged-hint")
}
