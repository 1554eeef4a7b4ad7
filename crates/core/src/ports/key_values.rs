use async_trait::async_trait;

use super::StoreError;
use crate::ids::PartnerId;

/// Small things of a partner that outlive a restart and belong to no conversation: what was spent on models, the names that a
/// messenger gave to pictures. Whoever keeps them can do without: a value that is lost costs money or time, never an answer.
#[async_trait]
pub trait KeyValues: Send + Sync + 'static {
    /// What was kept last under this key of a kind.
    async fn value(&self, partner: &PartnerId, kind: &'static str, key: &str) -> Result<Option<String>, StoreError>;

    /// Keeps a value in the place of the one before. It is durable when this returns.
    async fn keep_value(
        &self,
        partner: &PartnerId,
        kind: &'static str,
        key: &str,
        value: &str,
    ) -> Result<(), StoreError>;
}
