use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::StoreError;
use crate::{
    ids::PartnerId,
    record::{Record, Value},
};

/// What moves a partner with all it has: from one store to another, into a file and out of one, or away for good. Rows are
/// [`Record`]s, the same for every store; what a store makes of them to find things by, it makes anew.
///
/// Whoever moves a partner sees to it that nobody serves it meanwhile, where that matters.
#[async_trait]
pub trait Transfer: Send + Sync + 'static {
    /// Partners that have any rows, in order.
    async fn partners(&self) -> Result<Vec<PartnerId>, StoreError>;

    /// All rows of a partner as they are at this one moment, behind a place if one is given.
    async fn leave(&self, partner: &PartnerId, after: Option<Place>) -> Result<Box<dyn Leaving>, StoreError>;

    /// All rows of all partners as they are at this one moment.
    async fn leave_all(&self) -> Result<Box<dyn LeavingAll>, StoreError>;

    /// Takes rows in, all or none, in their order. A row that is there already changes nothing; another one with the same key is
    /// refused as [`StoreError::Failed`]. Numbers that the store gives later are larger than those that came.
    async fn enter(&self, partner: &PartnerId, rows: Vec<Record>) -> Result<(), StoreError>;

    /// One small step of deleting all of a partner's rows: how many are gone. With 0 there are none left.
    async fn erase(&self, partner: &PartnerId) -> Result<usize, StoreError>;
}

/// A partner's rows on their way out.
#[async_trait]
pub trait Leaving: Send {
    /// The next rows, of one table, about as many as asked for at most.
    async fn page(&mut self, limit: usize) -> Result<LeavingPage, StoreError>;
}

/// All partners on their way out, one behind the other.
#[async_trait]
pub trait LeavingAll: Send {
    /// The next partner that has any rows, in order, and these; `None`: all have left. Rows of the one before that were not asked
    /// for stay.
    async fn next(&mut self) -> Result<Option<(PartnerId, Box<dyn Leaving + '_>)>, StoreError>;
}

/// Rows that leave together.
#[derive(Debug, Clone, PartialEq)]
pub struct LeavingPage {
    /// In the order in which they are to enter.
    pub rows: Vec<Record>,
    /// Behind them; `None`: all have left.
    pub next: Option<Place>,
}

/// Where a transfer stands: it goes on in this table, behind this row. It is of use for the store alone that gave it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The table.
    pub table: String,
    /// What the store orders its rows by; nothing: it begins.
    pub after: Vec<Value>,
}

/// The kind of [`super::KeyValues`] in which a transfer notes where it stands. It does not leave with the rest.
pub const TRANSFER_NOTES: &str = "transfer";
