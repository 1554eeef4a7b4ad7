use std::{net::IpAddr, time::Duration};

use secrecy::SecretString;
use voronka_core::contact::Email;

/// How long a mail server may take for each part of a letter: to let us in, to hear who it is for, to take it.
pub const PATIENCE: Duration = Duration::from_secs(15);

/// A mail server and how it is spoken to.
#[derive(Debug, Clone)]
pub struct MailServerConfig {
    /// Its host name or address.
    pub host: String,
    /// Its port; [`Tls::port`] is the usual one.
    pub port: u16,
    /// How the connection is guarded.
    pub tls: Tls,
    /// Who signs in there; `None`: it takes letters from this machine as they are.
    pub login: Option<Login>,
    /// Whom letters are from.
    pub from: Email,
    /// Certificates (PEM) that are trusted besides the system's.
    pub roots: Option<Vec<u8>>,
    /// How long each part of a letter may take.
    pub patience: Duration,
}

/// Who signs in.
#[derive(Debug, Clone)]
pub struct Login {
    /// The name.
    pub user: String,
    /// The password, of the application as a rule.
    pub password: SecretString,
}

/// How a connection is guarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tls {
    /// From its first byte.
    #[default]
    Whole,
    /// After `STARTTLS`; a server that does not offer it is given nothing.
    Upgraded,
    /// Not at all: on this machine alone.
    None,
}

impl Tls {
    /// The usual port.
    pub fn port(self) -> u16 {
        match self {
            Self::Whole => 465,
            Self::Upgraded => 587,
            Self::None => 25,
        }
    }
}

/// Settings by which no letter can be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadMailServer {
    /// Letters and passwords would be read on their way.
    #[error("without TLS letters may go to this machine alone, not to {0}")]
    Unguarded(String),
    /// No certificate can be held against it.
    #[error("no host name: {0}")]
    Host(String),
    /// The file holds no certificates.
    #[error("the certificates cannot be read")]
    Roots,
    /// Nobody could be answered.
    #[error("letters cannot be from there")]
    From,
}

impl MailServerConfig {
    /// Whether it is this machine.
    pub(crate) fn is_here(&self) -> bool {
        let name = self.host.trim_start_matches('[').trim_end_matches(']');
        name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}
