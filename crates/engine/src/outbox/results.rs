//! What became of bubbles, written in batches.

use std::sync::Arc;

use jiff::SignedDuration;
use tokio::sync::mpsc;
use tracing::{error, warn};
use voronka_core::ports::{Fate, Settled};

use crate::{Shared, conversations::Conversations};

/// Results written in one go.
const BATCH_MAX: usize = 256;
/// Pause after the store failed: doubles up to the longest. Shorter than the time that a stop gives, for a bubble whose
/// result is not written is sent again.
const PAUSE_MIN: SignedDuration = SignedDuration::from_millis(100);
const PAUSE_MAX: SignedDuration = SignedDuration::from_secs(2);

/// Writes results until the last sender has ended.
pub(super) async fn write(shared: &Arc<Shared>, mut results: mpsc::UnboundedReceiver<Settled>) {
    let mut batch = Vec::new();
    while results.recv_many(&mut batch, BATCH_MAX).await > 0 {
        settle(shared, std::mem::take(&mut batch)).await;
    }
}

async fn settle(shared: &Arc<Shared>, batch: Vec<Settled>) {
    if try_to_settle(shared, &batch).await == Tried::Refused {
        // One of them is to blame: it must not cost the others.
        for one in batch {
            if try_to_settle(shared, &[one]).await == Tried::Refused {
                error!("what became of a bubble could not be written; it is sent again at the next start");
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tried {
    Written,
    Refused,
}

async fn try_to_settle(shared: &Arc<Shared>, batch: &[Settled]) -> Tried {
    let mut pause = PAUSE_MIN;
    while let Err(error) = shared.journal.settle(batch.to_vec()).await {
        warn!(%error, "results of sending could not be written");
        if error.fate() == Fate::Final {
            return Tried::Refused;
        }
        shared.clock.sleep_until(shared.clock.now() + pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
    for result in batch {
        if let Settled::GivenUp { event: Some(event), .. } = result {
            Conversations::wake(shared, event.conversation());
        }
    }
    Tried::Written
}
