//! What every model adapter needs beside its vendor's protocol.
//!
//! - Decorators over [`ChatModel`](voronka_core::ports::ChatModel): [`Retrying`], [`FallingBack`], [`Limited`], [`Timed`],
//!   [`Metered`]; [`Resilient`] chains them. The usual order is
//!   `FallingBack([Metered(Timed(Limited(Retrying(model)))), …])`: a fallback is asked when the first has been given up.
//! - [`Purse`]: what a partner may spend on models; [`Charged`] stands next to the vendor, [`Guarded`] before all of the above.
//! - [`Slots`]: the calls that may be under way at an account of a provider, shared fairly by the partners that use it.
//! - [`http`]: one way to reach a vendor, with its errors told apart; [`write_json_text`] writes prompts, [`Sse`] and
//!   [`JsonObjects`] take streams apart.

mod budget;
mod call_ids;
mod falling_back;
pub mod http;
mod json_objects;
mod json_text;
mod limited;
mod metered;
mod retrying;
mod slots;
mod sse;
mod timed;

use std::{sync::Arc, time::Duration};

use jiff::SignedDuration;
use voronka_core::ports::{ChatModel, Clock};

pub use budget::{Charged, Guarded, Purse};
pub use call_ids::CallIds;
pub use falling_back::FallingBack;
pub use json_objects::JsonObjects;
pub use json_text::write_json_text;
pub use limited::Limited;
pub use metered::Metered;
pub use retrying::{Patience, Retrying};
pub use slots::{Member, Slots};
pub use sse::{Sse, SseEvent};
pub use timed::{TimeLimits, Timed};

/// The same length of time; one that is absurdly long is the longest.
fn signed(time: Duration) -> SignedDuration {
    SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX)
}

/// Most bytes of a stream that may wait for the rest of their event.
pub const PENDING_BYTES_MAX: usize = 1 << 20;

/// A stream whose next event is longer than [`PENDING_BYTES_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an event of the stream is longer than {PENDING_BYTES_MAX} bytes")]
pub struct EventTooLong;

/// Puts decorators around a model, inside out: `model.retrying(clock).limited(slots.member(partner, None), clock)`.
pub trait Resilient: ChatModel + Sized {
    /// Asks again when that may help.
    fn retrying(self, clock: Arc<dyn Clock>) -> Retrying<Self> {
        Retrying::new(self, clock)
    }

    /// Calls only with a slot of those that the member takes part in.
    fn limited(self, member: Member, clock: Arc<dyn Clock>) -> Limited<Self> {
        Limited::new(self, member, clock)
    }

    /// Gives up when it takes too long.
    fn timed(self, limits: TimeLimits, clock: Arc<dyn Clock>) -> Timed<Self> {
        Timed::new(self, limits, clock)
    }

    /// Tells the log what each call took.
    fn metered(self, clock: Arc<dyn Clock>) -> Metered<Self> {
        Metered::new(self, clock)
    }

    /// Asks these, in order, when it fails.
    fn falling_back(self, to: impl IntoIterator<Item = Arc<dyn ChatModel>>, clock: Arc<dyn Clock>) -> FallingBack {
        FallingBack::new(self, to, clock)
    }
}

impl<M: ChatModel> Resilient for M {}

#[cfg(test)]
mod tests;
