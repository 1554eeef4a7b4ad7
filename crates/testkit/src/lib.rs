//! For tests: a fake of every port that fails on demand, a conformance suite for every kind of adapter, and a clock that a
//! test moves by hand. A fake means what its port means: it passes the same suite as the real adapters.

pub mod channel;
pub mod clock;
pub mod journal;
pub mod knowledge;
pub mod log;
pub mod model;
pub mod postgres;
pub mod rehearsal;
#[cfg(feature = "simulation")]
pub mod simulation;

pub use clock::FakeClock;
pub use log::Log;
pub use rehearsal::Rehearsal;
