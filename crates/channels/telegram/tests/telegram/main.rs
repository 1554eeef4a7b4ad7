//! Telegram, against a Bot API on the loopback that answers as the real one does.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod albums;
mod bot_api;
mod buttons;
mod conformance;
mod files;
mod managing;
mod pictures;
mod polling;
mod reading;
mod sending;
mod wires;
