use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::{Duration, Instant},
};

use uuid::Uuid;
use voronka_core::{ids::PartnerId, message::ConversationKey};

use crate::sql;

/// Which partners are ours, for whoever writes or sends. A store that does not [share](crate::PostgresStore::join) has them all.
#[derive(Debug, Default)]
pub(crate) struct Holdings(RwLock<Option<Held>>);

#[derive(Debug)]
struct Held {
    by: Uuid,
    epochs: BTreeMap<PartnerId, i64>,
    /// Nobody else takes them before.
    until: Instant,
    /// The last of the news that we have heard.
    heard: i64,
    /// How often it is looked for more.
    looks_every: Duration,
}

impl Holdings {
    fn read(&self) -> RwLockReadGuard<'_, Option<Held>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Option<Held>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shares from now on, and holds nothing yet.
    pub(super) fn begin(&self, by: Uuid, heard: i64, looks_every: Duration) {
        let (epochs, until) = (BTreeMap::new(), Instant::now());
        *self.write() = Some(Held { by, epochs, until, heard, looks_every });
    }

    /// What the server has confirmed.
    pub(super) fn confirm(&self, epochs: BTreeMap<PartnerId, i64>, until: Instant, looks_every: Duration) {
        if let Some(held) = &mut *self.write() {
            (held.epochs, held.until, held.looks_every) = (epochs, until, looks_every);
        }
    }

    pub(super) fn drop_one(&self, partner: &PartnerId) {
        if let Some(held) = &mut *self.write() {
            held.epochs.remove(partner);
        }
    }

    /// Whether nobody else serves the partner just now, as far as can be known without asking.
    pub(crate) fn has(&self, partner: &PartnerId) -> bool {
        let held = self.read();
        held.as_ref().is_none_or(|held| held.epochs.contains_key(partner) && Instant::now() < held.until)
    }

    /// Whether a lease that says so is ours.
    pub(crate) fn is_ours(&self, partner: &PartnerId, holder: Uuid, epoch: i64) -> bool {
        let held = self.read();
        held.as_ref().is_some_and(|held| held.by == holder && held.epochs.get(partner) == Some(&epoch))
    }

    /// Of news behind the last that was heard, those for partners of ours. Whoever begins to serve one reads all its mail, so
    /// that nothing need be kept for later.
    pub(super) fn hear(&self, news: Vec<(i64, ConversationKey)>) -> Vec<ConversationKey> {
        let mut held = self.write();
        let (Some(held), Some((last, _))) = (&mut *held, news.last()) else { return Vec::new() };
        held.heard = *last;
        news.into_iter().map(|(_, key)| key).filter(|key| held.epochs.contains_key(&key.partner)).collect()
    }

    /// The last of the news that was heard, and how often to look for more; `None`: we do not share.
    pub(super) fn heard(&self) -> Option<(i64, Duration)> {
        self.read().as_ref().map(|held| (held.heard, held.looks_every))
    }

    /// All of them; `None`: we do not share.
    pub(crate) fn names(&self) -> Option<Vec<String>> {
        let held = self.read();
        held.as_ref().map(|held| held.epochs.keys().map(|partner| partner.as_str().to_owned()).collect())
    }

    /// Those of these partners that are ours, with the statements by which a transaction sees that they still are, and keeps
    /// them from being taken until it ends. `None`: we do not share.
    pub(crate) fn claim(&self, partners: &BTreeSet<PartnerId>) -> Option<Claim> {
        let held = self.read();
        let held = held.as_ref()?;
        let epochs: BTreeMap<PartnerId, i64> =
            partners.iter().filter_map(|one| Some((one.clone(), *held.epochs.get(one)?))).collect();
        // Ids of partners are made of letters that need no quoting.
        let names: Vec<String> = epochs.keys().map(|partner| format!("'{partner}'")).collect();
        let statements = if names.is_empty() { String::new() } else { sql::leases_held(&names.join(", "), held.by) };
        Some(Claim { epochs, statements })
    }
}

/// Partners that a transaction is to write for.
pub(crate) struct Claim {
    epochs: BTreeMap<PartnerId, i64>,
    pub(crate) statements: String,
}

impl Claim {
    /// Of what was claimed, what the server says is ours.
    pub(crate) fn granted(&self, found: impl IntoIterator<Item = (PartnerId, i64)>) -> BTreeSet<PartnerId> {
        let is_ours = |(partner, epoch): &(PartnerId, i64)| self.epochs.get(partner) == Some(epoch);
        found.into_iter().filter(is_ours).map(|(partner, _)| partner).collect()
    }

    /// Whether some of it is another's by now.
    pub(crate) fn is_lost(&self, granted: &BTreeSet<PartnerId>) -> bool {
        granted.len() < self.epochs.len()
    }
}
