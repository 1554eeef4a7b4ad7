//! E-mail for a partner's team: a channel that only sends. A notice becomes a letter in plain text, given to the mail server of
//! whoever runs the house. Nobody can write to it, and nothing in it can be pressed.

mod channel;
mod config;
mod letter;
mod server;

pub use channel::{CAPABILITIES, Email};
pub use config::{BadMailServer, Login, MailServerConfig, PATIENCE, Tls};
pub use server::{MailError, MailServer};
