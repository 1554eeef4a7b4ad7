//! Who serves: of all processes on one database one at a time, or two would answer every customer.
//!
//! It is a lock of the server's that goes with its transaction, so that it holds behind a pooler of transactions too, and is free
//! as soon as the process that has it ends. Such a transaction reads and writes nothing: it keeps no old rows alive.

use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection, postgres::PgConnectOptions, raw_sql};
use tokio_util::sync::CancellationToken;
use voronka_core::ports::StoreError;

use crate::{
    PostgresStore,
    problem::Problem,
    session::{in_time, statement},
    sql,
    values::get,
};

/// How often the server is asked whether the lock still holds.
const ASK_EVERY: Duration = Duration::from_secs(2);
/// How long an answer to that may take.
const ANSWER_MAX: Duration = Duration::from_secs(3);
/// How long it may be tried to have it back after the last answer: the server forgets a machine that has vanished a second later.
const REGAINED_WITHIN: Duration = Duration::from_secs(8);
/// Pause between tries.
const PAUSE: Duration = Duration::from_millis(200);

/// The right to be the one that serves, until it is dropped or lost.
#[derive(Debug)]
pub struct Tenure {
    lost: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Tenure {
    /// Returns when it is lost: whoever had it must stop at once.
    pub async fn lost(&self) {
        self.lost.cancelled().await;
    }
}

impl Drop for Tenure {
    fn drop(&mut self) {
        // With its connection the lock goes.
        self.task.abort();
    }
}

impl PostgresStore {
    /// Asks to be the one that serves; `None`: another process is. A machine that vanishes gives it up within ten seconds.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn tenure(&self) -> Result<Option<Tenure>, StoreError> {
        Ok(self.hold().await?)
    }

    async fn hold(&self) -> Result<Option<Tenure>, Problem> {
        let options = self.address().options.clone().disable_statement_logging();
        let Some(connection) = locked(&options).await? else { return Ok(None) };
        let lost = CancellationToken::new();
        let token = lost.clone();
        let task = tokio::spawn(async move {
            let _lost = token.drop_guard();
            keep(connection, &options).await;
        });
        Ok(Some(Tenure { lost, task }))
    }
}

/// A connection that has the lock; `None`: another one has it.
async fn locked(options: &PgConnectOptions) -> Result<Option<PgConnection>, Problem> {
    let mut connection = in_time(async { Ok(options.connect().await?) }).await?;
    in_time(async { Ok(raw_sql(AssertSqlSafe(sql::TENURE_BEGIN)).execute(&mut connection).await.map(|_| ())?) })
        .await?;
    let asked = statement(sql::TENURE).persistent(false).fetch_one(&mut connection);
    let row = in_time(async { Ok(asked.await?) }).await?;
    Ok(get::<bool>(&row, 0)?.then_some(connection))
}

/// Returns when it is lost. A server that is started again lets whoever had the lock have it back.
async fn keep(mut connection: PgConnection, options: &PgConnectOptions) {
    let mut had = Instant::now();
    loop {
        tokio::time::sleep(ASK_EVERY).await;
        let asked = raw_sql("SELECT 1").execute(&mut connection);
        if !matches!(tokio::time::timeout(ANSWER_MAX, asked).await, Ok(Ok(_))) {
            tracing::warn!("the connection that says who serves is lost; trying to have it back");
            let regained = tokio::time::timeout(REGAINED_WITHIN.saturating_sub(had.elapsed()), regain(options));
            let Ok(Some(again)) = regained.await else { return };
            connection = again;
        }
        had = Instant::now();
    }
}

/// `None`: another one has it.
async fn regain(options: &PgConnectOptions) -> Option<PgConnection> {
    loop {
        match locked(options).await {
            Ok(connection) => return connection,
            Err(problem) => tracing::debug!(problem = problem.told(), "not yet"),
        }
        tokio::time::sleep(PAUSE).await;
    }
}
