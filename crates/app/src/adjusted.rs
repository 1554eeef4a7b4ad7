//! What members of the team have set from their chats ([`voronka_core::spec::adjust`]): kept in the store beside the partner's files,
//! which it holds before.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use tokio::sync::Notify;
use voronka_core::{
    ids::PartnerId,
    ports::{ADJUSTED, Adjusts, KeyValues, StoreError},
    spec::{
        adjust::{Adjustment, Adjustments, Signature},
        config::Pause,
    },
};

/// There is one of a partner.
const KEY: &str = "team";

/// How often a partner's were changed, as far as this process knows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct AdjustedEdition(u64);

/// Those of all partners of a store.
pub(crate) struct Adjusted {
    values: Arc<dyn KeyValues>,
    editions: Mutex<BTreeMap<PartnerId, AdjustedEdition>>,
    /// Partners whose were changed and who are not served by them yet.
    due: Mutex<BTreeSet<PartnerId>>,
    woken: Notify,
}

impl Adjusted {
    pub(crate) fn new(values: Arc<dyn KeyValues>) -> Self {
        Self { values, editions: Mutex::default(), due: Mutex::default(), woken: Notify::new() }
    }

    /// All that was set of a partner.
    pub(crate) async fn of(&self, partner: &PartnerId) -> Result<Adjustments, StoreError> {
        self.values.value(partner, ADJUSTED, KEY).await?.map_or_else(|| Ok(Adjustments::default()), |text| read(&text))
    }

    /// They may be others than before.
    pub(crate) fn look_again(&self, partner: &PartnerId) {
        let mut editions = self.editions.lock().unwrap_or_else(PoisonError::into_inner);
        editions.entry(partner.clone()).or_default().0 += 1;
        drop(editions);
        self.due.lock().unwrap_or_else(PoisonError::into_inner).insert(partner.clone());
        self.woken.notify_one();
    }

    /// Returns the partners whose settings may be others than before, once there are any. There is one who asks.
    pub(crate) async fn changed(&self) -> BTreeSet<PartnerId> {
        loop {
            let due = std::mem::take(&mut *self.due.lock().unwrap_or_else(PoisonError::into_inner));
            if !due.is_empty() {
                return due;
            }
            self.woken.notified().await;
        }
    }

    /// The bot answers again; the pause that is over, if there was one.
    pub(crate) async fn end_pause(&self, partner: &PartnerId) -> Result<Option<Pause>, StoreError> {
        let before = self.change(partner, |all| all.set(Adjustment::GoOn)).await?;
        Ok(before.pause().cloned())
    }

    /// Changes what is set, and gives what that was. Other processes may set something else in the same
    /// moment: then it is looked at anew, so that neither is lost.
    async fn change(
        &self,
        partner: &PartnerId,
        change: impl Fn(&mut Adjustments) + Send,
    ) -> Result<Adjustments, StoreError> {
        loop {
            let kept = self.values.value(partner, ADJUSTED, KEY).await?;
            let before = kept.as_deref().map_or_else(|| Ok(Adjustments::default()), read)?;
            let mut all = before.clone();
            change(&mut all);
            if all == before {
                return Ok(before);
            }
            let text = serde_json::to_string(&all).map_err(|error| StoreError::Failed(error.to_string()))?;
            let replaced = self.values.replace_value(partner, ADJUSTED, KEY, kept.as_deref(), &text).await;
            self.look_again(partner);
            let is_kept = match replaced {
                Ok(is_replaced) => is_replaced,
                // It may be kept though the store could not say so.
                Err(error) => match self.values.value(partner, ADJUSTED, KEY).await {
                    Ok(Some(now)) if now == text => true,
                    _ => return Err(error),
                },
            };
            if is_kept {
                return Ok(before);
            }
        }
    }

    /// Another one than before: something was set since.
    pub(crate) fn edition(&self, partner: &PartnerId) -> AdjustedEdition {
        let editions = self.editions.lock().unwrap_or_else(PoisonError::into_inner);
        editions.get(partner).copied().unwrap_or_default()
    }
}

/// All that was set of a partner, of what is kept under [`ADJUSTED`].
pub(crate) fn in_values(values: &[(String, String)]) -> Result<Adjustments, StoreError> {
    values.iter().find(|(key, _)| key == KEY).map_or_else(|| Ok(Adjustments::default()), |(_, text)| read(text))
}

fn read(text: &str) -> Result<Adjustments, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Failed(format!("what was set from chats: {error}")))
}

#[async_trait]
impl Adjusts for Adjusted {
    async fn adjust(
        &self,
        partner: &PartnerId,
        adjustment: Adjustment,
        signature: Signature,
    ) -> Result<(), StoreError> {
        self.change(partner, |all| all.set_by(adjustment.clone(), signature.clone())).await.map(|_before| ())
    }
}

#[cfg(test)]
mod tests;
