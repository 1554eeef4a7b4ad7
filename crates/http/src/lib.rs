//! The one way out of the house: HTTP/1.1 to a vendor's API, as adapters need it and no more.
//!
//! A [`Client`] knows a proxy and keeps connections; an [`Endpoint`] is an address of an API with its headers, written once;
//! [`Endpoint::post`] gives an [`Answer`] that is read as it comes. Nothing is followed, decompressed or tried again, and the
//! environment's proxies are not used: where traffic goes, and what goes twice, is said by whoever calls.
//!
//! A connection is driven by the call that uses it, not by a task of its own: what comes wakes the one who waits for it, and a
//! call that is dropped closes its connection (decision 8). [`CallError`] tells what was not sent from what was not answered.

mod answer;
mod body;
mod client;
mod connect;
mod connection;
mod endpoint;
mod error;
mod head;
mod host;
mod names;
mod proxy;

pub use answer::Answer;
pub use client::{Client, Clients, Settings};
pub use endpoint::Endpoint;
pub use error::{CallError, SetupError};
pub use proxy::Proxy;
