use std::fmt;

use crate::message::ConversationKey;

/// Addresses by which we hear who followed a link of the partner's (SECURITY, *Clicks*).
pub trait Links: fmt::Debug + Send + Sync + 'static {
    /// What this conversation's customer is given in the place of the link with this name in the partner's file. Whoever opens it
    /// is led to the link's own address, and an [`Event::Click`](crate::message::Event::Click) is posted.
    fn heard(&self, link: &str, by: &ConversationKey) -> String;
}
