//! Which of several processes makes the daily backup.

use async_trait::async_trait;
use jiff::Timestamp;
use voronka_core::ports::StoreError;

use crate::{
    PostgresStore,
    problem::Problem,
    session::statement,
    sql,
    values::{get, time},
    writer::{Desk, Errand},
};

/// Whose a backup is to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackupTurn {
    /// Whoever has asked: others leave it alone until [`PostgresStore::end_backup`], for an hour at most.
    Ours,
    /// Somebody is at it.
    Theirs,
    /// Nobody's: one was made then.
    Made(Timestamp),
}

struct Take(Timestamp);

#[async_trait]
impl Errand for Take {
    type Answer = BackupTurn;

    async fn run(&self, desk: &mut Desk<'_>) -> Result<BackupTurn, Problem> {
        desk.session.look_over_all().await?;
        let due = self.0.as_microsecond();
        if desk.session.run(statement(sql::BACKUP_TAKE).bind(due)).await? > 0 {
            return Ok(BackupTurn::Ours);
        }
        let made = desk.session.one(statement(sql::BACKUP_LAST), |row| get::<i64>(row, 0)).await?.unwrap_or_default();
        Ok(if made < due { BackupTurn::Theirs } else { BackupTurn::Made(time(made)?) })
    }
}

struct End(Option<Timestamp>);

#[async_trait]
impl Errand for End {
    type Answer = ();

    async fn run(&self, desk: &mut Desk<'_>) -> Result<(), Problem> {
        desk.session.look_over_all().await?;
        let made = self.0.map_or(0, Timestamp::as_microsecond);
        desk.session.run(statement(sql::BACKUP_END).bind(made)).await.map(|_| ())
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

    /// What was taken is made, or was not: then another may.
    ///
    /// # Errors
    /// As of any write.
    pub async fn end_backup(&self, made: Option<Timestamp>) -> Result<(), StoreError> {
        Ok(self.writer.alone(End(made)).await?)
    }
}
