//! Rows that are older than an erasure are erased anew.

use std::collections::{BTreeSet, HashSet};

use jiff::{SignedDuration, Timestamp};
use voronka_core::{
    ids::{ConversationId, PartnerId},
    message::ConversationKey,
    ports::{Clock, Place, StoreError},
    record::Value,
    rows::TurnCommit,
};
use voronka_engine::SystemClock;

use super::Erasure;
use crate::{moving, out::Problem, store::Store, wiring::InstanceKey};

/// What was noted so much before is erased again as well: it is noted before it is done, by the clock of whichever process does
/// it, and what is erased twice is erased.
const MARGIN: SignedDuration = SignedDuration::from_mins(15);
/// Rows that are read at a time.
const PAGE_ROWS: usize = 500;
const CONVERSATIONS: &str = "conversations";

/// What was erased after some moment, as those know it who have the key of the installation.
pub(crate) struct Later {
    marks: HashSet<String>,
    key: InstanceKey,
}

impl Later {
    /// `since`: when the rows were as they come.
    pub(crate) fn of(known: BTreeSet<Erasure>, since: Timestamp, key: InstanceKey) -> Self {
        let marks = known.into_iter().filter(|one| one.at >= since - MARGIN).map(|one| one.mark).collect();
        Self { marks, key }
    }

    /// Erases it in a store, of all partners; how many conversations that were.
    pub(crate) async fn erase_in(&self, store: &dyn Store) -> Result<usize, Problem> {
        let mut erased = 0;
        for partner in store.partners().await.map_err(|error| moving::failed(store, &error))? {
            erased += self.erase_of(store, &partner).await?;
        }
        Ok(erased)
    }

    /// The same of one partner.
    pub(crate) async fn erase_of(&self, store: &dyn Store, partner: &PartnerId) -> Result<usize, Problem> {
        if self.marks.is_empty() {
            return Ok(0);
        }
        let failed = |error: StoreError| moving::failed(store, &error);
        let mut erased = 0;
        for of in conversations(store, partner).await.map_err(failed)? {
            if !self.marks.contains(&self.key.erasure_mark(&of)) {
                continue;
            }
            let loaded = store.load(&of, 1).await.map_err(failed)?;
            let Some(turn) = TurnCommit::erasing(&of, &loaded, SystemClock.now()) else { continue };
            let done = store.commit(turn.into()).await;
            done.map_err(|error| failed(StoreError::Failed(error.to_string())))?;
            erased += 1;
        }
        Ok(erased)
    }
}

async fn conversations(store: &dyn Store, partner: &PartnerId) -> Result<Vec<ConversationKey>, StoreError> {
    let mut found = Vec::new();
    let mut leaving = store.leave(partner, Some(Place { table: CONVERSATIONS.to_owned(), after: Vec::new() })).await?;
    loop {
        let page = leaving.page(PAGE_ROWS).await?;
        for row in page.rows.iter().filter(|row| row.table().name == CONVERSATIONS) {
            if let Some(Value::Id(id)) = row.key().first() {
                found.push(ConversationKey { partner: partner.clone(), conversation: ConversationId(*id) });
            }
        }
        if page.next.is_none_or(|next| next.table != CONVERSATIONS) {
            return Ok(found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_noted_a_little_before_the_rows_were_read_is_erased_again_too() {
        let since: Timestamp = "2026-12-01T09:00:00Z".parse().unwrap();
        let noted = |minutes| Erasure { at: since - SignedDuration::from_mins(minutes), mark: minutes.to_string() };
        let known = [noted(-1), noted(0), noted(14), noted(16)].into();
        let later = Later::of(known, since, InstanceKey::random().unwrap());
        assert_eq!(later.marks, ["-1", "0", "14"].map(str::to_owned).into());
    }
}
