//! Campaigns are larger than memory: of each account so many of their bubbles are in memory, the rest is read back from the
//! store page by page, in order.
//!
//! An account's first pass begins with the engine's start, and finds what the last run has left.
//!
//! What is dropped was committed before, so a pass over the store that begins after a drop finds it. A pass that ends while
//! nothing was dropped has found all. Before each page all earlier results are written, and what ends while a page is read is
//! remembered: nothing that was sent is taken for something that waits. After each page all that it may hold has been handed
//! over, and dropped: nothing comes a second time when it was read back and sent.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::SignedDuration;
use rustc_hash::FxHashSet;
use tokio::sync::{mpsc, oneshot};
use tracing::warn;
use voronka_core::{
    ids::{AccountId, BubbleId, PartnerId},
    rows::{Lane, OutboxRow, Withdrawal},
};

use super::{Load, results::Report};
use crate::Shared;

/// Bubbles of campaigns that an account has in memory.
pub(super) const CAMPAIGN_MAX: usize = 2_000;
/// More is read back when this many are left.
const CAMPAIGN_LEFT: usize = CAMPAIGN_MAX / 2;
/// Pause after the store failed.
const PAUSE: SignedDuration = SignedDuration::from_secs(5);

/// How much of an account's campaigns is in memory.
#[derive(Debug, Default)]
pub(super) struct Campaign(Mutex<Held>);

#[derive(Debug)]
struct Held {
    in_memory: usize,
    /// More is in the store.
    spilled: bool,
    /// Something was dropped since the pass over the store began.
    dropped: bool,
}

impl Held {
    fn drop_some(&mut self) {
        (self.spilled, self.dropped) = (true, true);
    }
}

impl Default for Held {
    fn default() -> Self {
        // What the last run has left is not read at the start.
        Self { in_memory: 0, spilled: true, dropped: false }
    }
}

impl Campaign {
    fn lock(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a bubble that was committed is to be kept in memory; else it is read back later.
    pub(super) fn takes_one(&self) -> bool {
        let mut held = self.lock();
        if held.spilled || held.in_memory >= CAMPAIGN_MAX {
            held.drop_some();
        }
        !held.spilled
    }

    /// Something that is in the store is not in memory: it is looked for by another pass.
    fn has_dropped_some(&self) {
        self.lock().drop_some();
    }

    pub(super) fn add(&self) {
        self.lock().in_memory += 1;
    }

    pub(super) fn remove(&self) {
        let mut held = self.lock();
        held.in_memory = held.in_memory.saturating_sub(1);
    }

    /// How many may be read back now.
    fn room(&self) -> Option<usize> {
        let held = self.lock();
        (held.spilled && held.in_memory <= CAMPAIGN_LEFT).then(|| CAMPAIGN_MAX - held.in_memory)
    }

    fn pass_begins(&self) {
        self.lock().dropped = false;
    }

    fn pass_ends(&self) {
        let mut held = self.lock();
        held.spilled = held.dropped;
    }
}

/// A page that was read back.
pub(super) struct Page {
    rows: Vec<(i64, OutboxRow)>,
    limit: usize,
    /// Bubbles that are settled, though the store does not know it.
    settled: Vec<BubbleId>,
}

/// Reads an account's campaigns back.
pub(super) struct ReadBack {
    shared: Arc<Shared>,
    partner: PartnerId,
    account: AccountId,
    results: mpsc::UnboundedSender<Report>,
    reading: Option<Pin<Box<dyn Future<Output = Page> + Send>>>,
    /// The position of the last bubble of this pass; `None` between two passes.
    after: Option<i64>,
    /// What ended since the page was asked for.
    ended: FxHashSet<BubbleId>,
    /// What was taken back since the page was asked for.
    withdrawn: Vec<Withdrawal>,
}

impl ReadBack {
    pub(super) fn new(
        shared: Arc<Shared>,
        partner: PartnerId,
        account: AccountId,
        results: mpsc::UnboundedSender<Report>,
    ) -> Self {
        Self {
            shared,
            partner,
            account,
            results,
            reading: None,
            after: None,
            ended: FxHashSet::default(),
            withdrawn: Vec::new(),
        }
    }

    /// Begins to read the next page, if there is one and it is wanted.
    pub(super) fn begin_if_room(&mut self, load: &Load) {
        if self.reading.is_some() {
            return;
        }
        let Some(room) = load.campaign.room() else { return };
        let after = *self.after.get_or_insert_with(|| {
            load.campaign.pass_begins();
            i64::MIN
        });
        let (shared, partner, account) = (Arc::clone(&self.shared), self.partner.clone(), self.account.clone());
        let results = self.results.clone();
        self.reading = Some(Box::pin(async move {
            let settled = flushed(&results).await;
            loop {
                match shared.journal.campaign(&partner, &account, after, room).await {
                    Ok(rows) => {
                        shared.senders.handed_over().await;
                        return Page { rows, limit: room, settled };
                    }
                    Err(error) => warn!(%error, "a campaign could not be read back; trying again"),
                }
                shared.clock.sleep(PAUSE).await;
            }
        }));
    }

    /// Returns when a page was read; never, if none is asked for.
    pub(super) async fn page(&mut self) -> Page {
        match &mut self.reading {
            Some(reading) => reading.await,
            None => std::future::pending().await,
        }
    }

    /// The bubbles of a page that may wait to be sent.
    pub(super) fn take(&mut self, page: Page, load: &Load) -> Vec<OutboxRow> {
        self.reading = None;
        let Page { rows, limit, settled } = page;
        self.after = rows.last().map(|(position, _)| *position);
        let withdrawn = std::mem::take(&mut self.withdrawn);
        if !withdrawn.is_empty() {
            // What the conversation was told later may be on the page as well.
            load.campaign.has_dropped_some();
        }
        if rows.len() < limit {
            self.after = None;
            load.campaign.pass_ends();
        }
        let ended = std::mem::take(&mut self.ended);
        let waits = |row: &mut OutboxRow| {
            !ended.contains(&row.id) && !settled.contains(&row.id) && withdrawn.iter().all(|one| one.leaves(row))
        };
        let mut rows: Vec<OutboxRow> = rows.into_iter().map(|(_, row)| row).collect();
        rows.retain_mut(waits);
        rows
    }

    /// A bubble was settled.
    pub(super) fn has_ended(&mut self, row: &OutboxRow) {
        if self.reading.is_some() && row.lane == Lane::Campaign {
            self.ended.insert(row.id);
        }
    }

    /// These bubbles left the store, or are late in it, though a page that is being read may have them.
    pub(super) fn withdraw(&mut self, withdrawal: Withdrawal) {
        if self.reading.is_some() {
            self.withdrawn.push(withdrawal);
        }
    }
}

/// Returns when all results so far are written; which of them were refused.
async fn flushed(results: &mpsc::UnboundedSender<Report>) -> Vec<BubbleId> {
    let (asked, told) = oneshot::channel();
    if results.send(Report::Flush(asked)).is_err() {
        return Vec::new();
    }
    told.await.unwrap_or_default()
}
