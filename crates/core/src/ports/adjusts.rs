use async_trait::async_trait;

use super::StoreError;
use crate::{
    ids::PartnerId,
    spec::adjust::{Adjustment, Signature},
};

/// Keeps what members of the team set from their chats ([`crate::spec::adjust`]), and sees to it that the partner is served by it.
#[async_trait]
pub trait Adjusts: Send + Sync + 'static {
    /// Keeps one more, and who wanted it. It is durable when this returns, and holds for turns that begin soon after. The same once more changes
    /// nothing.
    async fn adjust(&self, partner: &PartnerId, adjustment: Adjustment, signature: Signature)
    -> Result<(), StoreError>;
}
