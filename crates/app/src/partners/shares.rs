//! Which of the partners are served here, where several processes share them.

use std::{
    collections::BTreeSet,
    sync::{Arc, PoisonError},
};

use futures::{StreamExt, stream};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};
use voronka_core::ids::PartnerId;
use voronka_postgres::Share;

use super::{Life, Partners, Resident, TAKEN_IN_AT_ONCE, reload};
use crate::out;

/// What is to be done with a partner by what all processes know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    /// It is ours and not served, or served and not ours.
    Settle,
    Stop,
    Start,
}

impl Due {
    fn of(id: &PartnerId, life: &Life, share: &Share) -> Option<Self> {
        let (is_ours, is_stopped) = (share.ours.contains(id), share.stopped.contains(id));
        match life {
            Life::Ready(_) | Life::Serving(_) | Life::Broken(_) if is_stopped => Some(Self::Stop),
            Life::Ready(_) => is_ours.then_some(Self::Settle),
            Life::Serving(_) => (!is_ours).then_some(Self::Settle),
            // One that was removed meanwhile does not come back by itself.
            Life::Stopped => (share.editions.contains_key(id) && !is_stopped).then_some(Self::Start),
            Life::New | Life::Broken(_) => None,
        }
    }
}

impl Partners {
    /// Serves our share until `stop`: who is ours now is served, and who is not any more is let go of when its work has ended.
    /// Whom somebody stopped or started through another process is stopped or started here as well.
    pub(crate) async fn follow_shares(self: Arc<Self>, stop: CancellationToken) {
        let mut share = self.sharing.share();
        let mut known: BTreeSet<PartnerId> = share.borrow().editions.keys().cloned().collect();
        loop {
            tokio::select! {
                // Whoever was busy when it changed is looked at again.
                _changed = tokio::time::timeout(reload::EVERY, share.changed()) => {}
                () = stop.cancelled() => return,
            }
            if !known.iter().eq(share.borrow().editions.keys()) {
                let now = share.borrow().editions.keys().cloned().collect();
                known.difference(&now).for_each(|removed| self.take_rights(removed));
                known = now;
            }
            for (id, resident) in self.residents() {
                let Ok(mut life) = Arc::clone(&resident.life).try_lock_owned() else { continue };
                let Some(due) = Due::of(&id, &life, &share.borrow()) else { continue };
                let partners = Arc::clone(&self);
                // One that takes long over it keeps no other from it.
                tokio::spawn(async move { partners.follow(due, &resident, &mut life).await });
            }
        }
    }

    /// Another process has removed a partner: users of this one's pages have no right to it either.
    fn take_rights(&self, removed: &PartnerId) {
        let (house, removed) = (Arc::clone(&self.house), removed.clone());
        tokio::task::spawn_blocking(move || match house.take_rights(&removed, "another process") {
            Ok(0) => {}
            Ok(people) => info!(partner = %removed, people, "rights to the pages of a removed partner were taken away"),
            Err(error) => error!(partner = %removed, %error, "rights to the pages of a removed partner are left"),
        });
    }

    async fn follow(&self, due: Due, resident: &Resident, life: &mut Life) {
        match due {
            Due::Settle => self.settle(resident, life).await,
            Due::Stop => {
                self.close(resident, life).await;
                info!(partner = %resident.id, "the partner was stopped through another process");
            }
            Due::Start => {
                info!(partner = %resident.id, "the partner was started through another process");
                if let Err(problem) = self.open(resident, life).await {
                    out::problem(&problem, &self.texts);
                }
            }
        }
    }

    /// Tells the others whom we can serve.
    pub(super) async fn announce(&self) {
        let able = self.able.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.sharing.able(able).await;
    }

    pub(super) fn can_be_served(&self, id: &PartnerId, can: bool) {
        let mut able = self.able.lock().unwrap_or_else(PoisonError::into_inner);
        if can {
            able.insert(id.clone());
        } else {
            able.remove(id);
        }
    }

    pub(super) async fn settle_all(&self) {
        let residents = self.residents();
        stream::iter(residents)
            .for_each_concurrent(TAKEN_IN_AT_ONCE, async |(_, resident)| {
                let mut life = resident.life.lock().await;
                self.settle(&resident, &mut life).await;
            })
            .await;
    }

    /// Serves a partner that is ready if it is ours, and lets go of one that is served if it is not.
    pub(super) async fn settle(&self, resident: &Resident, life: &mut Life) {
        let is_ours = self.sharing.has(&resident.id);
        match std::mem::replace(life, Life::Stopped) {
            Life::Ready(prepared) if is_ours && !self.ending.is_cancelled() => {
                prepared.index(&self.house).await;
                *life = Life::Serving(Box::new(self.serve(*prepared)));
                info!(partner = %resident.id, "the partner is served here");
            }
            Life::Serving(serving) if !is_ours => {
                *life = Life::Serving(serving);
                self.hand_over(resident, life).await;
            }
            other => *life = other,
        }
    }

    /// Another process is to serve the partner. What comes for it meanwhile is kept all the same. It is held until its work has
    /// ended; of work that never ends nothing is written or sent any more.
    async fn hand_over(&self, resident: &Resident, life: &mut Life) {
        if let Life::Serving(serving) = &*life {
            self.doors.leave_to_others(&serving.wired);
        }
        self.end_service(resident, life).await;
        self.sharing.let_go(&resident.id);
        info!(partner = %resident.id, "the partner is left to another process");
        if let Err(problem) = self.get_ready(resident, life).await {
            self.doors.close(&resident.id);
            out::problem(&problem, &self.texts);
            self.announce().await;
        }
    }
}

#[cfg(test)]
mod tests;
