use async_trait::async_trait;

use super::StoreError;
use crate::ids::PartnerId;

/// The kind of partners' secrets. Where several processes share a store, all of them hear that a partner's have changed.
pub const SECRETS: &str = "secret";
/// The kind of what members of the team have set from their chats. The same holds of it.
pub const ADJUSTED: &str = "adjusted";

/// Small things of a partner that outlive a restart and belong to no conversation: what was spent on models, the names that a
/// messenger gave to pictures, secrets in their sealed form.
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

    /// Keeps a value in the place of `before` (`None`: of nothing), durably. `false`: something else is there by now, and stays.
    /// Of a secret that is replaced so nobody hears: to whoever reads it, it means the same.
    async fn replace_value(
        &self,
        partner: &PartnerId,
        kind: &'static str,
        key: &str,
        before: Option<&str>,
        value: &str,
    ) -> Result<bool, StoreError>;

    /// All that is kept of a kind, by key.
    async fn values(&self, partner: &PartnerId, kind: &'static str) -> Result<Vec<(String, String)>, StoreError>;

    /// Drops what is kept under a key, durably; `false`: there was nothing.
    async fn drop_value(&self, partner: &PartnerId, kind: &'static str, key: &str) -> Result<bool, StoreError>;

    /// The partners of whom anything of a kind is kept.
    async fn holders(&self, kind: &'static str) -> Result<Vec<PartnerId>, StoreError>;
}
