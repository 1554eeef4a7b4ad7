//! Voronka's durable state in PostgreSQL: [`PostgresStore`] is the journal and the directory of engines on one machine or
//! several, for one partner or a thousand.
//!
//! - One task writes. What waits for it goes into one transaction (group commit); a call that is refused is left out, and each
//!   is answered after the commit. Where the connection is lost at COMMIT, the task finds out what became of it before it
//!   answers.
//! - Every query names the partner, and row-level security holds where one did not: each transaction says whose rows it is
//!   about, and the role that the engine signs in with sees no others. Look-ups over all partners see keys alone.
//! - Several processes share the partners of one database by leases ([`Leases`]); whoever has lost one writes nothing more.
//! - Nothing is kept in a session, so that a pooler between may hand out connections by the transaction.

mod address;
mod backups;
mod directory;
mod journal;
mod key_values;
mod leases;
mod migrate;
mod problem;
mod readers;
mod retention;
mod session;
mod sql;
mod store;
#[cfg(test)]
mod tests;
mod tls;
mod together;
mod transfer;
mod values;
mod writer;

pub use address::{Address, BadAddress};
pub use backups::{BackupClaim, BackupTurn, Claimed};
pub use leases::{Editions, Heard, Instance, Leases, Pace, Peer, Share, Word};
pub use migrate::{Blocker, Schema, migrate, schema};
pub use store::PostgresStore;
