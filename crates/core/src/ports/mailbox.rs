use async_trait::async_trait;

use super::Fate;
use crate::{message::Inbound, rows::RawLetter};

/// Where channels hand in what happened. When `post` returns, the events are durable: only then may a webhook be answered.
#[async_trait]
pub trait Mailbox: Send + Sync + 'static {
    /// Keeps events that are not known yet. Events of one batch keep their order.
    async fn post(&self, batch: Vec<Inbound>) -> Result<Posted, PostError>;

    /// Keeps what cannot be read, for the operator. When this returns it is durable, and need not be sent again.
    async fn keep_raw(&self, letter: RawLetter) -> Result<(), PostError>;
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Posted {
    /// Events kept.
    pub new: usize,
    /// Events that were known already: nothing changed.
    pub seen: usize,
}

/// Why events were not kept. None of a batch is kept then.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PostError {
    /// There is no disk space left; the sender should come again.
    #[error("the disk is full")]
    Full,
    /// The engine is stopping.
    #[error("the engine is stopping")]
    Stopping,
    /// The partner or the account is not served here.
    #[error("no such account")]
    Unknown,
    /// The store failed.
    #[error("the store failed: {0}")]
    Store(String),
}

impl PostError {
    /// Whether to post again.
    pub fn fate(&self) -> Fate {
        match self {
            Self::Full | Self::Stopping | Self::Store(_) => Fate::Retry { after: None },
            Self::Unknown => Fate::Final,
        }
    }
}
