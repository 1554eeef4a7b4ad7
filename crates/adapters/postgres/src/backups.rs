//! Which of several processes makes the daily backup.

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;
use voronka_core::ports::StoreError;

use crate::{
    PostgresStore,
    problem::Problem,
    session::statement,
    sql,
    values::{Id, get, time},
    writer::{Desk, Errand},
};

/// A backup that whoever has it is at. Others leave it alone for ten minutes from when it was taken or renewed last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BackupClaim(Uuid);

/// Whose a backup is to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackupTurn {
    /// Whoever has asked, until it [ends](PostgresStore::end_backup) it.
    Ours(BackupClaim),
    /// Somebody is at it.
    Theirs,
    /// Nobody's: one was made then.
    Made(Timestamp),
}

/// Whose a backup is that somebody was at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claimed {
    /// Its own still.
    Still,
    /// Another one has taken it over.
    No,
}

impl Claimed {
    fn of(rows: u64) -> Self {
        if rows > 0 { Self::Still } else { Self::No }
    }
}

struct Take(Timestamp);

#[async_trait]
impl Errand for Take {
    type Answer = BackupTurn;

    async fn run(&self, desk: &mut Desk<'_>) -> Result<BackupTurn, Problem> {
        desk.session.look_over_all().await?;
        let (due, by) = (self.0.as_microsecond(), Uuid::now_v7());
        if desk.session.run(statement(sql::BACKUP_TAKE).bind(due).bind(Id(by))).await? > 0 {
            return Ok(BackupTurn::Ours(BackupClaim(by)));
        }
        let made = desk.session.one(statement(sql::BACKUP_LAST), |row| get::<i64>(row, 0)).await?.unwrap_or_default();
        Ok(if made < due { BackupTurn::Theirs } else { BackupTurn::Made(time(made)?) })
    }
}

struct Renew(BackupClaim);

#[async_trait]
impl Errand for Renew {
    type Answer = Claimed;

    async fn run(&self, desk: &mut Desk<'_>) -> Result<Claimed, Problem> {
        desk.session.look_over_all().await?;
        let renew = statement(sql::BACKUP_RENEW).bind(Id(self.0.0));
        desk.session.run(renew).await.map(Claimed::of)
    }
}

struct End(BackupClaim, Option<Timestamp>);

#[async_trait]
impl Errand for End {
    type Answer = Claimed;

    async fn run(&self, desk: &mut Desk<'_>) -> Result<Claimed, Problem> {
        desk.session.look_over_all().await?;
        let made = self.1.map_or(0, Timestamp::as_microsecond);
        let end = statement(sql::BACKUP_END).bind(Id(self.0.0)).bind(made);
        desk.session.run(end).await.map(Claimed::of)
    }
}

impl PostgresStore {
    /// Whether one is to be made by whoever asks, if one is due that was not made since.
    ///
    /// # Errors
    /// As of any write.
    pub async fn take_backup(&self, due: Timestamp) -> Result<BackupTurn, StoreError> {
        Ok(self.writer.alone(Take(due)).await?)
    }

    /// Whoever has it is at it still.
    ///
    /// # Errors
    /// As of any write.
    pub async fn renew_backup(&self, claim: BackupClaim) -> Result<Claimed, StoreError> {
        Ok(self.writer.alone(Renew(claim)).await?)
    }

    /// What was taken is made, or was not: then another may. It says nothing where another one has taken it over.
    ///
    /// # Errors
    /// As of any write.
    pub async fn end_backup(&self, claim: BackupClaim, made: Option<Timestamp>) -> Result<Claimed, StoreError> {
        Ok(self.writer.alone(End(claim, made)).await?)
    }
}
