use async_trait::async_trait;

use super::StoreError;
use crate::message::ConversationKey;

/// What was erased at a customer's wish, noted apart from the store: a backup that is older than the wish brings everything back,
/// and whoever restores it erases again what is noted here. No personal data is in it.
#[async_trait]
pub trait Erasures: Send + Sync + 'static {
    /// Notes that what was said in a conversation is about to be erased. It is durable when this returns; that the erasure
    /// itself is tried again later, or was noted twice, does no harm.
    async fn note(&self, key: &ConversationKey) -> Result<(), StoreError>;
}
