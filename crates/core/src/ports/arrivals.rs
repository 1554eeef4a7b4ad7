use jiff::Timestamp;

use super::SendError;
use crate::{
    ids::{AccountId, PartnerId},
    message::Peer,
};

/// Hears whether notices arrive where the team is told, so that it can be said of a place that none ever did.
pub trait Arrivals: Send + Sync + 'static {
    /// A notice was tried there: it arrived, or did not. Waits for nothing, and is nothing to rely on: the notice itself is looked
    /// after elsewhere.
    fn heard(&self, partner: &PartnerId, account: &AccountId, peer: &Peer, at: Timestamp, failure: Option<&SendError>);
}
