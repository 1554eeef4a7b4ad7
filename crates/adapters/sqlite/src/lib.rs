//! Voronka's durable state in one SQLite file: [`SqliteStore`] is the journal and the directory of an engine that runs on one
//! machine.
//!
//! - One thread writes. What waits for it goes into one transaction (group commit); a call that is refused
//!   undoes itself alone, and each is answered after the commit: `Ok` means that it survives a power cut.
//! - Reads are made in place, on a small pool of read-only connections: a hop to another thread costs more than they do.
//! - One process holds a file at a time.

mod access;
mod body;
mod copy;
mod directory;
mod inspection;
mod journal;
mod key_values;
mod length;
mod open;
mod problem;
mod retention;
mod sql;
mod store;
mod transfer;
mod values;
mod writer;

pub use access::{AccessStore, AuditAnchor, Audited, Deed, Grant, Link, Marker, NewUser, Session, Tampered, User};
pub use copy::copy;
pub use inspection::{Holder, Inspection, Size};
pub use store::SqliteStore;
