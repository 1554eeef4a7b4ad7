//! Which of the partners are served here, where several processes share them.

use std::sync::{Arc, PoisonError};

use futures::{StreamExt, stream};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use voronka_core::ids::PartnerId;
use voronka_postgres::{Editions, Share};

use super::{Life, Partners, Removals, Resident, Serving, TAKEN_IN_AT_ONCE, reload};
use crate::out::{self, Problem};

/// What is to be done with a partner by what all processes know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    /// It is ours and not served, or served and not ours.
    Settle,
    Stop,
    Start,
    /// It is gone for good.
    Remove,
}

impl Due {
    fn of(id: &PartnerId, life: &Life, share: &Share) -> Option<Self> {
        let (is_ours, is_stopped) = (share.ours.contains(id), share.stopped.contains(id));
        match life {
            Life::Removed if share.removed.contains(id) => None,
            _ if share.removed.contains(id) => Some(Self::Remove),
            Life::Ready(_) | Life::Serving(_) | Life::Broken(_) | Life::Removed if is_stopped => Some(Self::Stop),
            Life::Ready(_) => is_ours.then_some(Self::Settle),
            Life::Serving(_) => (!is_ours).then_some(Self::Settle),
            Life::Stopped | Life::Removed => (share.editions.contains_key(id) && !is_stopped).then_some(Self::Start),
            Life::New | Life::Broken(_) => None,
        }
    }
}

impl Partners {
    /// Serves our share until `stop`: who is ours now is served, and who is not any more is let go of when its work has ended.
    /// Whom somebody stopped, started or removed through another process is so here as well.
    pub(crate) async fn follow_shares(self: Arc<Self>, stop: CancellationToken) {
        let mut share = self.sharing.share();
        let (mut followed, mut known, mut is_told) = (Removals::new(), share.borrow().editions.clone(), false);
        loop {
            tokio::select! {
                // Whoever was busy when it changed is looked at again.
                _changed = tokio::time::timeout(reload::EVERY, share.changed()) => {}
                () = stop.cancelled() => return,
            }
            let now = share.borrow().clone();
            if followed != now.removals {
                match self.take_rights(now.removals.clone()).await {
                    Ok(()) => (followed, is_told) = (now.removals.clone(), false),
                    Err(problem) if !is_told => {
                        out::problem(&problem, &self.texts);
                        is_told = true;
                    }
                    Err(_tried_again) => {}
                }
            }
            let is_new = |id: &PartnerId, next: &Editions| known.get(id).is_some_and(|at| at.settings != next.settings);
            for (id, _) in now.editions.iter().filter(|(id, next)| is_new(id, next)) {
                self.house.adjusted.look_again(id);
            }
            for (id, resident) in self.residents() {
                let Ok(mut life) = Arc::clone(&resident.life).try_lock_owned() else { continue };
                // Whoever serves it may have been given what it lacks.
                let is_mended =
                    matches!(*life, Life::Broken(_)) && now.editions.contains_key(&id) && !known.contains_key(&id);
                let Some(due) = Due::of(&id, &life, &share.borrow()).or(is_mended.then_some(Due::Start)) else {
                    continue;
                };
                let partners = Arc::clone(&self);
                // One that takes long over it keeps no other from it.
                tokio::spawn(async move { partners.follow(due, &resident, &mut life).await });
            }
            known = now.editions;
        }
    }

    /// Takes the rights to the pages of partners away that were removed while this process was away, before anybody is answered.
    ///
    /// # Errors
    /// When it is not known who was removed, or rights cannot be taken away.
    pub(crate) async fn take_rights_of_removed(&self) -> Result<(), Problem> {
        self.take_rights(self.stops.said().await?.removals).await
    }

    /// Users of this process's pages have no right to those of partners that were removed since it last looked.
    async fn take_rights(&self, removals: Removals) -> Result<(), Problem> {
        let house = Arc::clone(&self.house);
        let taking = tokio::task::spawn_blocking(move || house.take_rights_of(&removals, "another process"));
        let failed = |cause: String| Problem::new("partner-rights-left", vec![("cause", cause)]);
        let people = taking.await.map_err(|error| failed(error.to_string()))?;
        let people = people.map_err(|error| failed(error.to_string()))?;
        if people > 0 {
            info!(people, "rights to the pages of removed partners were taken away");
        }
        Ok(())
    }

    async fn follow(&self, due: Due, resident: &Resident, life: &mut Life) {
        match due {
            Due::Settle => self.settle(resident, life).await,
            Due::Stop => {
                let was_removed = matches!(life, Life::Removed);
                self.close(resident, life).await;
                if was_removed {
                    self.look_at_stopped(resident).await;
                }
                info!(partner = %resident.id, "the partner was stopped through another process");
            }
            Due::Start => {
                info!(partner = %resident.id, "the partner was started through another process");
                if let Err(problem) = self.open(resident, life).await {
                    out::problem(&problem, &self.texts);
                }
            }
            Due::Remove => {
                self.close(resident, life).await;
                self.clear_away(&resident.id).await;
                *resident.terms() = None;
                *life = Life::Removed;
                warn!(partner = %resident.id, "the partner was removed through another process; a folder of it is left over");
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
            Life::Ready(mut prepared) if is_ours && !self.ending.is_cancelled() => {
                Serving::follow_team(&self.house, &mut prepared).await;
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
