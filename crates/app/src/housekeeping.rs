//! What is old leaves in the background, by the terms of each partner's file (`retention:`), in steps so small that no turn
//! waits for them.

use std::sync::Arc;

use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use voronka_core::{
    ids::PartnerId,
    ports::{Clock, Retention, Terms},
    spec::config,
};

use crate::partners::Partners;

/// Pause before the first round: whoever waited for the start is served first.
const FIRST_AFTER: SignedDuration = SignedDuration::from_secs(2);
/// Pause between rounds.
const ROUND_EVERY: SignedDuration = SignedDuration::from_hours(1);
/// Pause between the steps of a round; a step takes a few milliseconds of the writer's time.
const STEP_EVERY: SignedDuration = SignedDuration::from_millis(25);

/// Serves until `stop`.
pub(crate) async fn run(
    store: Arc<dyn Retention>,
    clock: Arc<dyn Clock>,
    partners: Arc<Partners>,
    stop: CancellationToken,
) {
    let rounds = async {
        clock.sleep(FIRST_AFTER).await;
        loop {
            for (partner, retention) in partners.retention() {
                round(store.as_ref(), clock.as_ref(), &partner, retention).await;
            }
            clock.sleep(ROUND_EVERY).await;
        }
    };
    tokio::select! {
        () = rounds => {}
        () = stop.cancelled() => {}
    }
}

/// What a failing step leaves is taken up by the next round.
async fn round(store: &dyn Retention, clock: &dyn Clock, partner: &PartnerId, retention: config::Retention) {
    let terms = Terms::of(retention, clock.now());
    let (mut rows, mut after) = (0, None);
    loop {
        match store.forget(partner, &terms, after.as_ref()).await {
            Ok(step) => {
                rows += step.rows;
                after = step.next;
            }
            Err(error) => {
                warn!(%partner, %error, "what is old could not be forgotten; trying again later");
                return;
            }
        }
        if after.is_none() {
            break;
        }
        clock.sleep(STEP_EVERY).await;
    }
    if rows > 0 {
        info!(%partner, rows, "forgot what is older than the partner's file allows");
    }
}
