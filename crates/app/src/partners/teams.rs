//! What teams set from their chats: it holds at once, and a pause can be ended from elsewhere.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use voronka_core::{ids::PartnerId, ports::StoreError, spec::config::Pause};

use super::{Life, Partners, Resident, reload::Readjusted};
use crate::out::Problem;

impl Partners {
    /// Serves by what teams set as soon as they have set it, until `stop`: a pause waits for no look at folders.
    pub(crate) async fn follow_teams(self: Arc<Self>, stop: CancellationToken) {
        loop {
            let changed = tokio::select! {
                changed = self.house.adjusted.changed() => changed,
                () = stop.cancelled() => return,
            };
            for (_, resident) in self.residents().into_iter().filter(|(id, _)| changed.contains(id)) {
                let partners = Arc::clone(&self);
                // Whoever tends it just now ends first, and keeps no other from it.
                tokio::spawn(async move { partners.follow_team(&resident).await });
            }
        }
    }

    pub(super) async fn follow_team(&self, resident: &Resident) {
        let mut life = resident.life.lock().await;
        // Who is not served here begins with what was set.
        let Life::Serving(serving) = &mut *life else { return };
        if serving.watched.take_up(&self.house).await == Readjusted::InPart {
            self.serve_edit(resident, &mut life).await;
        }
    }

    /// Lets a partner's bot answer again, whichever process serves it; the pause that is over, if there was one.
    ///
    /// # Errors
    /// When there is no such partner, or the store does not answer.
    pub(crate) async fn end_pause(&self, id: &PartnerId) -> Result<Option<Pause>, Problem> {
        self.known(id)?;
        let failed = |error: StoreError| Problem::new("partner-failed", vec![("cause", error.to_string())]);
        self.house.adjusted.end_pause(id).await.map_err(failed)
    }
}
