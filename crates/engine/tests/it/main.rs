//! The engine over fakes: what it promises, one test a promise. Nothing here sleeps, and time is moved by hand.

mod accepting;
mod answering;
mod broadcasts;
mod ending;
mod failing;
mod fairness;
mod frequent;
mod handing;
mod in_response;
mod lanes;
mod letters;
mod observing;
mod promises;
mod schedules;
mod sending;
mod serving;
mod stage;
mod storms;
mod troubled;
