//! Whom the engine serves. A partner that it begins to serve while it runs is heard at once, and answered when what was said
//! before is in line: another process may have served it until now.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, Weak},
};

use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;
use tracing::warn;
use voronka_core::{ids::PartnerId, ports::StoreError, rows::OutboxRow};

use crate::{RECOVERY_PAGE, Retired, Shared, conversations, life::Group, outbox::SEND_MAX, partner::Partner};

/// How often it is looked whether the last work of a partner that leaves has ended.
const LOOK_EVERY: SignedDuration = SignedDuration::from_millis(10);
/// Pause after the store could not tell what waits.
const PAUSE: SignedDuration = SignedDuration::from_secs(1);
/// How often it is looked whether a partner is ours again.
const AGAIN_EVERY: SignedDuration = SignedDuration::from_millis(200);

/// The partners.
#[derive(Default)]
pub(crate) struct Serving {
    partners: RwLock<HashMap<PartnerId, Served>>,
    /// Held while what waits for a partner is put in line.
    taking_up: Mutex<()>,
    /// Those that are served no more and whose work had not ended when it was looked last.
    leaving: Mutex<HashMap<PartnerId, Leaving>>,
}

/// Work of a partner that is served no more.
#[derive(Default)]
struct Leaving {
    /// Each turn under way holds the partner it began with.
    turns: Vec<Weak<Partner>>,
    /// Cancelled when sends have ended and their results are written.
    sends: Vec<CancellationToken>,
}

impl Leaving {
    fn has_turns(&self) -> bool {
        self.turns.iter().any(|turns| turns.strong_count() > 0)
    }

    async fn ended(&self, shared: &Shared) {
        while self.has_turns() {
            shared.clock.sleep(LOOK_EVERY).await;
        }
        // Before it runs nothing is sent, and results are not written yet.
        if shared.life.running.is_cancelled() {
            for one in &self.sends {
                one.cancelled().await;
            }
        }
    }
}

struct Served {
    partner: Arc<Partner>,
    /// What was said before is in line: turns may begin.
    begun: bool,
}

impl Serving {
    fn read(&self) -> RwLockReadGuard<'_, HashMap<PartnerId, Served>> {
        self.partners.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<PartnerId, Served>> {
        self.partners.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn leaving(&self) -> MutexGuard<'_, HashMap<PartnerId, Leaving>> {
        self.leaving.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn partner(&self, id: &PartnerId) -> Option<Arc<Partner>> {
        self.read().get(id).map(|served| Arc::clone(&served.partner))
    }

    /// One whose turns may begin.
    fn begun(&self, id: &PartnerId) -> Option<Arc<Partner>> {
        self.read().get(id).filter(|served| served.begun).map(|served| Arc::clone(&served.partner))
    }

    pub(crate) fn ids(&self) -> Vec<PartnerId> {
        let mut ids: Vec<PartnerId> = self.read().keys().cloned().collect();
        // In one order always: a run can be repeated.
        ids.sort_unstable();
        ids
    }

    pub(crate) fn rest(&self) {
        self.read().values().for_each(|served| served.partner.rest());
    }

    pub(crate) fn swap(&self, partner: Partner) -> bool {
        let mut partners = self.write();
        let Some(served) = partners.get_mut(partner.id()) else { return false };
        served.partner = Arc::new(partner);
        true
    }

    /// Puts it in the place of what was there; whether that had begun.
    fn put(&self, partner: &Arc<Partner>) -> bool {
        let mut partners = self.write();
        let begun = partners.get(partner.id()).is_some_and(|served| served.begun);
        partners.insert(partner.id().clone(), Served { partner: Arc::clone(partner), begun });
        begun
    }

    /// Those whose turns may not begin yet.
    fn waiting(&self) -> Vec<Arc<Partner>> {
        self.read().values().filter(|served| !served.begun).map(|served| Arc::clone(&served.partner)).collect()
    }
}

pub(crate) fn serve(shared: &Arc<Shared>, partner: Partner) {
    let partner = Arc::new(partner);
    if shared.serving.put(&partner) {
        shared.senders.serve(shared, &partner);
        conversations::read_again(shared, partner.id().clone());
    } else if shared.life.running.is_cancelled() {
        take_up(shared, &partner);
    }
}

/// What waited for these is in line: the engine runs from now on.
pub(crate) fn begin(shared: &Arc<Shared>, partners: &[PartnerId]) {
    for id in partners {
        if let Some(served) = shared.serving.write().get_mut(id) {
            served.begun = true;
            shared.senders.serve(shared, &served.partner);
        }
    }
    shared.life.running.cancel();
    for partner in shared.serving.waiting() {
        take_up(shared, &partner);
    }
}

/// Puts in line what was said before, then lets turns begin.
fn take_up(shared: &Arc<Shared>, partner: &Arc<Partner>) {
    let task = Arc::clone(shared);
    // It is no turn: nobody who waits for turns to end is held up by it.
    let (id, partner) = (partner.id().clone(), Arc::downgrade(partner));
    shared.life.spawn(Group::Turns, async move {
        while !task.life.stopping.is_cancelled() && partner.strong_count() > 0 {
            match unsent(&task, &id).await {
                Ok(rows) => return let_begin(&task, &id, &partner, rows),
                Err(error) => warn!(partner = %id, %error, "what is to be sent could not be read; trying again"),
            }
            tokio::select! {
                biased;
                () = task.life.stopping.cancelled() => {}
                () = task.clock.sleep(PAUSE) => {}
            }
        }
    });
}

async fn unsent(shared: &Shared, id: &PartnerId) -> Result<Vec<OutboxRow>, StoreError> {
    let (mut after, mut rows) = (i64::MIN, Vec::new());
    loop {
        let page = shared.journal.unsent_of(id, after, RECOVERY_PAGE).await?;
        let Some((last, _)) = page.last() else { return Ok(rows) };
        after = *last;
        rows.extend(page.into_iter().map(|(_, row)| row));
    }
}

/// Whoever was served anew meanwhile is taken up by another task.
fn let_begin(shared: &Arc<Shared>, id: &PartnerId, partner: &Weak<Partner>, rows: Vec<OutboxRow>) {
    let _one_at_a_time = shared.serving.taking_up.lock().unwrap_or_else(PoisonError::into_inner);
    let is_awaited = |served: &Served| !served.begun && std::ptr::eq(Arc::as_ptr(&served.partner), partner.as_ptr());
    if !shared.serving.read().get(id).is_some_and(is_awaited) {
        return;
    }
    // What an earlier time has left is in the store as well.
    shared.senders.let_go(id);
    shared.release(rows);
    let mut partners = shared.serving.write();
    let Some(served) = partners.get_mut(id).filter(|served| is_awaited(served)) else { return };
    served.begun = true;
    shared.senders.serve(shared, &served.partner);
    drop(partners);
    conversations::read_again(shared, id.clone());
}

/// A partner as it is served now; one that is served no more stays as it was.
pub(crate) fn as_now(shared: &Shared, partner: Arc<Partner>) -> Arc<Partner> {
    shared.serving.begun(partner.id()).unwrap_or(partner)
}

pub(crate) async fn retire(shared: &Arc<Shared>, partner: &PartnerId) -> Retired {
    let (served, before) = (shared.serving.write().remove(partner), shared.serving.leaving().remove(partner));
    if served.is_none() && before.is_none() {
        return Retired::WasNot;
    }
    let (mut leaving, mut patience) = (before.unwrap_or_default(), SEND_MAX);
    leaving.sends.extend(shared.senders.let_go(partner));
    if let Some(served) = served {
        patience += served.partner.longest_answer();
        leaving.turns.push(Arc::downgrade(&served.partner));
    }
    let have_ended = tokio::select! {
        biased;
        () = leaving.ended(shared) => true,
        () = shared.clock.sleep(patience) => false,
    };
    // What the last turns said is in the store.
    shared.senders.let_go(partner);
    if !leaving.has_turns() {
        // Whoever serves it next may find other rows in the store.
        shared.warm.forget(partner);
        shared.mailboxes.forget_all();
    }
    if have_ended {
        return Retired::Quiet;
    }
    shared.serving.leaving().insert(partner.clone(), leaving);
    Retired::Busy
}

/// A partner for a turn. `None`: it is not served here. While nothing is heard of a store that is shared, another process may
/// serve it: that is waited out.
pub(crate) async fn for_a_turn(shared: &Shared, id: &PartnerId) -> Option<Arc<Partner>> {
    loop {
        let partner = shared.serving.begun(id)?;
        if shared.journal.holds(id) {
            return Some(partner);
        }
        drop(partner);
        tokio::select! {
            biased;
            () = shared.life.stopping.cancelled() => return None,
            () = shared.clock.sleep(AGAIN_EVERY) => {}
        }
    }
}
