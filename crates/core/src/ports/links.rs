use std::fmt;

use crate::message::ConversationKey;

/// Addresses of the house, as far as it can be reached: those by which we hear who followed a link of the partner's (SECURITY,
/// *Clicks*), and the owner's pages.
pub trait Links: fmt::Debug + Send + Sync + 'static {
    /// What this conversation's customer is given in the place of the link with this name in the partner's file. Whoever opens it
    /// is led to the link's own address, and an [`Event::Click`](crate::message::Event::Click) is posted.
    /// `None`: nobody can come here to be led on.
    fn heard(&self, link: &str, by: &ConversationKey) -> Option<String>;

    /// A conversation on the owner's pages, for whoever may sign in there.
    fn page(&self, of: &ConversationKey) -> Option<String>;
}
