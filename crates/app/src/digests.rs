//! The partner's hour for the daily summary: when it has come, the chats of whoever gets it hear so, once a day. Who was away at
//! that hour hears it later on the same day.

use std::{collections::HashMap, sync::Arc};

use jiff::{SignedDuration, civil::Date};
use tokio_util::sync::CancellationToken;
use tracing::warn;
use voronka_core::{
    ids::PartnerId,
    ports::{Clock, Mailbox},
};
use voronka_engine::Engine;

use crate::partners::Partners;

/// How often the clock is looked at.
const LOOK_EVERY: SignedDuration = SignedDuration::from_secs(20);

/// Serves until `stop`.
pub(crate) async fn run(engine: Engine, clock: Arc<dyn Clock>, partners: Arc<Partners>, stop: CancellationToken) {
    let days = async {
        // What was posted already; after a restart the mailbox knows.
        let mut told = HashMap::new();
        loop {
            tell(&engine, clock.as_ref(), &partners, &mut told).await;
            clock.sleep(LOOK_EVERY).await;
        }
    };
    tokio::select! {
        () = days => {}
        () = stop.cancelled() => {}
    }
}

async fn tell(engine: &Engine, clock: &dyn Clock, partners: &Partners, told: &mut HashMap<PartnerId, Date>) {
    for (id, _) in partners.retention() {
        let due = engine.served(&id).and_then(|partner| partner.digest(clock.now()));
        let Some((day, mail)) = due.filter(|(day, _)| told.get(&id) != Some(day)) else { continue };
        match engine.post(mail).await {
            Ok(_kept) => {
                told.insert(id, day);
            }
            Err(error) => warn!(partner = %id, %error, "the daily summary could not be asked for; trying again soon"),
        }
    }
}
