//! For tests: a fake of every port that fails on demand, a conformance suite for every kind of adapter, and a clock that a
//! test moves by hand. A fake means what its port means: it passes the same suite as the real adapters.

pub mod channel;
pub mod clock;
pub mod dialogues;
pub mod illustrator;
pub mod journal;
pub mod knowledge;
mod left_out;
pub mod log;
pub mod mail;
pub mod model;
pub mod pooler;
pub mod postgres;
pub mod rehearsal;
#[cfg(feature = "simulation")]
pub mod simulation;
pub mod transfer;

pub use clock::FakeClock;
pub use illustrator::FakeIllustrator;
pub use left_out::left_out;
pub use log::Log;
pub use rehearsal::Rehearsal;
