use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection, postgres::PgConnectOptions, raw_sql};
use uuid::Uuid;
use voronka_core::ids::PartnerId;

use super::Desk;
use crate::{
    problem::Problem,
    session::{Session, in_time, statement},
    sql,
    values::{Id, get},
};

/// How long the server keeps a transaction of ours of which it hears nothing: what it holds locked is free again then.
const SILENCE_MAX: &str = "5s";

/// The connection that writes, made anew when it is lost.
///
/// Each transaction first writes its number to a row of ours. Where the connection is lost at COMMIT that row tells what became
/// of it: to read it is to wait until the server has ended the transaction.
pub(super) struct Pen {
    options: PgConnectOptions,
    keeps_statements: bool,
    guise: Option<PartnerId>,
    connection: Option<PgConnection>,
    writer: Uuid,
    /// Of the last transaction that was begun.
    number: i64,
}

impl Pen {
    pub(super) async fn open(
        options: PgConnectOptions,
        keeps_statements: bool,
        guise: Option<PartnerId>,
    ) -> Result<Self, Problem> {
        let writer = Uuid::now_v7();
        let mut pen = Self { options, keeps_statements, guise, connection: None, writer, number: 0 };
        pen.connect().await?;
        let mut session = pen.session().ok_or_else(Problem::stopped)?;
        session.run(statement(sql::WRITER_ADD).bind(Id(writer))).await?;
        session.run(statement(sql::WRITERS_DROP).bind(Id(writer))).await?;
        Ok(pen)
    }

    /// Begins a transaction. `mail`: whether it may bring mail.
    pub(super) async fn begin(&mut self, mail: bool) -> Result<Desk<'_>, Problem> {
        // A connection that died while nothing was written is noticed here, when nothing can be lost yet.
        if let Err(problem) = self.try_begin(mail).await {
            tracing::debug!(problem = problem.told(), "the writer connects anew");
            self.connection = None;
            // Whatever the server says to that (a password that has changed, no room), it is no fault of what is to be written.
            self.try_begin(mail).await.map_err(Problem::out_of_reach)?;
        }
        let guise = self.guise.clone();
        let keeps_statements = self.keeps_statements;
        let connection = self.connection.as_mut().ok_or_else(Problem::stopped)?;
        Ok(Desk { session: Session { connection, keeps_statements }, guise })
    }

    /// Ends the transaction as what was done in it says. An error means that nothing of it is written.
    pub(super) async fn end<T>(&mut self, written: Result<T, Problem>) -> Result<T, Problem> {
        match &written {
            Ok(_) => self.commit().await?,
            // With its connection the transaction ends as well.
            Err(problem) if problem.is_lost() => self.connection = None,
            Err(_) => self.roll_back().await,
        }
        written
    }

    async fn connect(&mut self) -> Result<(), Problem> {
        if self.connection.is_none() {
            self.connection = Some(in_time(async { Ok(self.options.connect().await?) }).await?);
        }
        Ok(())
    }

    fn session(&mut self) -> Option<Session<'_>> {
        let keeps_statements = self.keeps_statements;
        self.connection.as_mut().map(|connection| Session { connection, keeps_statements })
    }

    /// In one trip. The lock comes before any other, so that two processes do not wait for each other.
    async fn try_begin(&mut self, mail: bool) -> Result<(), Problem> {
        self.connect().await?;
        self.number += 1;
        let lock = if mail { sql::POSITIONS_LOCK } else { "" };
        let beginning = format!(
            "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL synchronous_commit = on; \
             SET LOCAL idle_in_transaction_session_timeout = '{SILENCE_MAX}'; {lock}; \
             INSERT INTO voronka.commits (writer, number, at) VALUES ('{}', {}, now()) \
             ON CONFLICT (writer) DO UPDATE SET number = excluded.number, at = excluded.at",
            self.writer, self.number
        );
        self.execute(beginning).await
    }

    async fn execute(&mut self, text: String) -> Result<(), Problem> {
        let connection = self.connection.as_mut().ok_or_else(Problem::stopped)?;
        in_time(async { Ok(raw_sql(AssertSqlSafe(text)).execute(connection).await.map(|_| ())?) }).await
    }

    async fn commit(&mut self) -> Result<(), Problem> {
        let Err(problem) = self.execute("COMMIT".to_owned()).await else { return Ok(()) };
        tracing::warn!(problem = problem.told(), "the answer to COMMIT was lost; finding out what became of it");
        self.connection = None;
        if self.was_written().await { Ok(()) } else { Err(problem) }
    }

    /// What became of the last transaction. Asks until it is told: the callers wait, for neither answer may be wrong.
    async fn was_written(&mut self) -> bool {
        let mut pauses = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(50))
            .with_max_delay(Duration::from_secs(2))
            .without_max_times()
            .build();
        loop {
            match self.last_number().await {
                Ok(number) => return number == Some(self.number),
                Err(problem) => {
                    self.connection = None;
                    tracing::warn!(problem = problem.told(), "the database is out of reach");
                }
            }
            tokio::time::sleep(pauses.next().unwrap_or(Duration::from_secs(2))).await;
        }
    }

    async fn last_number(&mut self) -> Result<Option<i64>, Problem> {
        self.connect().await?;
        let last = statement(sql::WRITER_LAST).bind(Id(self.writer));
        let mut session = self.session().ok_or_else(Problem::stopped)?;
        in_time(session.one(last, |row| get::<i64>(row, 0))).await
    }

    async fn roll_back(&mut self) {
        if self.execute("ROLLBACK".to_owned()).await.is_err() {
            self.connection = None;
        }
    }
}
