//! What persons of the team set from their chats: kept in the run's store, and followed by the house from the next turns on.

use std::sync::Arc;

use async_trait::async_trait;
use futures::FutureExt;
use voronka_core::{
    ids::PartnerId,
    ports::{ADJUSTED, Adjusts, KeyValues, StoreError},
    spec::{
        adjust::{Adjustment, Adjustments, Signature},
        partner::PartnerSpec,
    },
};

use super::{
    journal::{SimJournal, Write, store_error},
    scene,
    world::World,
};

/// There is one of a partner.
const KEY: &str = "team";
const READY: &str = "a store in memory is never waited for";

/// Whether what is in the store is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Settings {
    Read,
    /// An engine that is broken serves by the files alone.
    Unread,
}

/// A partner's files, and what was set of it.
pub(super) fn spec(world: &World, partner: usize, settings: Settings) -> Arc<PartnerSpec> {
    let filed = &scene::specs(world.state().scene())[partner];
    let set = kept(world, &filed.id);
    if settings == Settings::Unread || set == Adjustments::default() {
        return Arc::clone(filed);
    }
    let mut spec = PartnerSpec::clone(filed);
    set.apply(&mut spec.config);
    Arc::new(spec)
}

/// Keeps one more.
pub(super) fn keep(
    world: &World,
    partner: &PartnerId,
    adjustment: Adjustment,
    signature: Signature,
) -> Result<(), StoreError> {
    let mut all = kept(world, partner);
    all.set_by(adjustment, signature);
    let text = serde_json::to_string(&all).expect("settings are written as text");
    world.store.keep_value(partner, ADJUSTED, KEY, &text).now_or_never().expect(READY)
}

fn kept(world: &World, partner: &PartnerId) -> Adjustments {
    let text = world.store.value(partner, ADJUSTED, KEY).now_or_never().expect(READY).ok().flatten();
    text.map_or_else(Adjustments::default, |text| serde_json::from_str(&text).expect("settings are read as written"))
}

/// The store keeps settings beside its journal.
#[async_trait]
impl Adjusts for SimJournal {
    async fn adjust(
        &self,
        partner: &PartnerId,
        adjustment: Adjustment,
        signature: Signature,
    ) -> Result<(), StoreError> {
        self.write(Write::Adjust(partner.clone(), adjustment, signature)).await.map(drop).map_err(store_error)
    }
}
