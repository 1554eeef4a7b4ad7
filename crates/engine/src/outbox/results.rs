//! What became of bubbles, written in batches.

use std::sync::Arc;

use jiff::SignedDuration;
use tokio::sync::{mpsc, oneshot};
use tracing::{error, info, warn};
use voronka_core::{
    ids::BubbleId,
    message::{ConversationKey, Inbound},
    ports::{Fate, Settled, StoreError},
};

use super::Unwritten;
use crate::{Shared, conversations::Conversations};

/// Results written in one go.
const BATCH_MAX: usize = 256;
/// Pause after the store failed. Short, and it does not grow: turns are committed again as soon as the store is back, people
/// wait for bubbles behind these, and a kill repeats what is not written.
const PAUSE: SignedDuration = SignedDuration::from_millis(100);
/// Tries after which it is said once more that the store takes none: about a minute.
const TOLD_EVERY: u32 = 600;

/// What a sender tells.
pub(super) enum Report {
    /// What became of a bubble; counted until it is written, where a restart would send the bubble again.
    Settled(Settled, Option<Unwritten>),
    /// Asks to be told when all before is written, and which bubbles stand in the outbox though they are settled.
    Flush(oneshot::Sender<Vec<BubbleId>>),
}

/// Writes results until the last sender has ended. What came while a batch was being written is the next one: nobody waits
/// for a batch to fill.
pub(super) async fn write(shared: &Arc<Shared>, mut results: mpsc::UnboundedReceiver<Report>) {
    let (mut reports, mut refused) = (Vec::new(), Refused::default());
    while results.recv_many(&mut reports, BATCH_MAX).await > 0 {
        let (mut batch, mut flushes) = (Vec::with_capacity(reports.len()), Vec::new());
        for report in reports.drain(..) {
            match report {
                Report::Settled(settled, counted) => batch.push((settled, counted)),
                Report::Flush(asked) => flushes.push(asked),
            }
        }
        if !batch.is_empty() {
            settle(shared, batch, &mut refused).await;
        }
        for asked in flushes {
            // Who does not wait any more need not be told.
            let _gone = asked.send(refused.bubbles.clone());
        }
    }
}

/// Results that the store does not take.
#[derive(Default)]
struct Refused {
    bubbles: Vec<BubbleId>,
    /// They stay counted: a store that takes none must not let an account send for ever what the next start sends again.
    counted: Vec<Unwritten>,
}

async fn settle(shared: &Arc<Shared>, batch: Vec<(Settled, Option<Unwritten>)>, refused: &mut Refused) {
    let (batch, counted): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
    if try_to_settle(shared, &batch).await == Tried::Written {
        return;
    }
    // One of them is to blame: it must not cost the others.
    for (one, mut counted) in batch.into_iter().zip(counted) {
        let id = bubble(&one);
        let stays = matches!(one, Settled::Tried { .. });
        if try_to_settle(shared, &[one]).await == Tried::Refused && !stays {
            error!("what became of a bubble could not be written; it is sent again at the next start");
            refused.bubbles.push(id);
            // Silence until the next start would be worse than a repeat out of order after it.
            if let Some(counted) = &mut counted {
                counted.free();
            }
            refused.counted.extend(counted);
        }
    }
}

fn bubble(settled: &Settled) -> BubbleId {
    match settled {
        Settled::Sent { id, .. } | Settled::Tried { id, .. } | Settled::GivenUp { id, .. } => *id,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tried {
    Written,
    Refused,
    /// Another process serves the partner, and sends what it finds.
    Elsewhere,
}

async fn try_to_settle(shared: &Arc<Shared>, batch: &[Settled]) -> Tried {
    // Their conversations have mail as soon as this is written.
    let events: Vec<ConversationKey> = batch.iter().filter_map(told).map(Inbound::conversation).collect();
    let _unheard = (!events.is_empty()).then(|| shared.mailboxes.stranger());
    let mut tries = 0_u32;
    while let Err(error) = shared.journal.settle(batch.to_vec()).await {
        for key in &events {
            shared.mailboxes.forget(key);
        }
        if error == StoreError::Elsewhere {
            return Tried::Elsewhere;
        }
        if error.fate() == Fate::Final {
            warn!(%error, "results of sending were refused");
            return Tried::Refused;
        }
        if tries.is_multiple_of(TOLD_EVERY) {
            warn!(%error, tries, "results of sending could not be written; trying on");
        }
        tries += 1;
        shared.clock.sleep(PAUSE).await;
    }
    if tries > 0 {
        info!(tries, "results of sending are written again");
    }
    for key in events {
        Conversations::wake(shared, key);
    }
    Tried::Written
}

/// What a conversation hears of a bubble.
fn told(settled: &Settled) -> Option<&Inbound> {
    match settled {
        Settled::GivenUp { event, .. } => event.as_deref(),
        Settled::Sent { .. } | Settled::Tried { .. } => None,
    }
}
