//! Calls against servers and proxies that say their bytes one by one.

#![expect(clippy::unwrap_used, reason = "functions that only tests call: a panic is a failed test")]

mod calls;
mod proxies;
mod server;
