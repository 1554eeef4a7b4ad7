//! What members of the team have set from their chats ([`voronka_core::spec::adjust`]): kept in the store beside the partner's files,
//! which it holds before.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use voronka_core::{
    ids::PartnerId,
    ports::{Adjusts, KeyValues, StoreError},
    spec::adjust::{Adjustment, Adjustments},
};

/// The kind of [`KeyValues`] that has them.
const KIND: &str = "adjusted";
/// There is one of a partner.
const KEY: &str = "team";

/// How often a partner's were changed by this process, which serves it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct AdjustedEdition(u64);

/// Those of all partners of a store.
pub(crate) struct Adjusted {
    values: Arc<dyn KeyValues>,
    editions: Mutex<BTreeMap<PartnerId, AdjustedEdition>>,
    /// One change at a time: each begins with what the one before has left.
    changing: tokio::sync::Mutex<()>,
}

impl Adjusted {
    pub(crate) fn new(values: Arc<dyn KeyValues>) -> Self {
        Self { values, editions: Mutex::default(), changing: tokio::sync::Mutex::default() }
    }

    /// All that was set of a partner.
    pub(crate) async fn of(&self, partner: &PartnerId) -> Result<Adjustments, StoreError> {
        let Some(text) = self.values.value(partner, KIND, KEY).await? else { return Ok(Adjustments::default()) };
        serde_json::from_str(&text).map_err(|error| StoreError::Failed(format!("what was set from chats: {error}")))
    }

    /// They may be others than before.
    pub(crate) fn look_again(&self, partner: &PartnerId) {
        let mut editions = self.editions.lock().unwrap_or_else(PoisonError::into_inner);
        editions.entry(partner.clone()).or_default().0 += 1;
    }

    /// Another one than before: something was set since.
    pub(crate) fn edition(&self, partner: &PartnerId) -> AdjustedEdition {
        let editions = self.editions.lock().unwrap_or_else(PoisonError::into_inner);
        editions.get(partner).copied().unwrap_or_default()
    }
}

#[async_trait]
impl Adjusts for Adjusted {
    async fn adjust(&self, partner: &PartnerId, adjustment: Adjustment) -> Result<(), StoreError> {
        let _one_at_a_time = self.changing.lock().await;
        let mut all = self.of(partner).await?;
        all.set(adjustment);
        let text = serde_json::to_string(&all).map_err(|error| StoreError::Failed(error.to_string()))?;
        let kept = self.values.keep_value(partner, KIND, KEY, &text).await;
        // It may be kept though the store could not say so.
        self.look_again(partner);
        kept
    }
}
