use std::{collections::BTreeSet, time::Duration};

use backon::{BackoffBuilder, ExponentialBuilder};
use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection, Row, postgres::PgConnectOptions, raw_sql};
use uuid::Uuid;
use voronka_core::ids::PartnerId;

use super::{Desk, Ours};
use crate::{
    leases::holdings::Claim,
    problem::Problem,
    session::{Posting, Session, execute, in_time, serving},
    sql,
    values::get,
};

/// What became of a transaction.
pub(super) enum End<T> {
    Written(T),
    NotWritten(Problem),
    /// The answer to COMMIT was lost: see [`Pen::was_written`].
    Unclear(T, Problem),
}

/// The connection that writes, made anew when it is lost.
///
/// Each transaction first writes its number to a row of ours. Where the connection is lost at COMMIT that row tells what became
/// of it: to read it is to wait until the server has ended the transaction.
pub(super) struct Pen {
    options: PgConnectOptions,
    keeps_statements: bool,
    guise: Option<PartnerId>,
    ours: Ours,
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
        ours: Ours,
    ) -> Result<Self, Problem> {
        let writer = Uuid::now_v7();
        let mut pen = Self { options, keeps_statements, guise, ours, connection: None, writer, number: 0 };
        pen.connect().await?;
        pen.execute(sql::writer_add(writer)).await?;
        Ok(pen)
    }

    /// Begins a transaction that writes for these partners, of this one's first if it is told, in one trip.
    pub(super) async fn begin(
        &mut self,
        partners: &BTreeSet<PartnerId>,
        first: Option<(&PartnerId, Posting)>,
    ) -> Result<Desk<'_>, Problem> {
        let claim = self.ours.holdings.claim(partners);
        // A connection that died while nothing was written is noticed here, when nothing can be lost yet.
        let granted = match self.try_begin(claim.as_ref(), first).await {
            Ok(granted) => granted,
            Err(problem) => {
                tracing::debug!(problem = problem.told(), "the writer connects anew");
                self.connection = None;
                // Whatever the server says to that (a password that has changed, no room), it is no fault of what is to be
                // written.
                self.try_begin(claim.as_ref(), first).await.map_err(Problem::out_of_reach)?
            }
        };
        let (guise, keeps_statements) = (self.guise.clone(), self.keeps_statements);
        let connection = self.connection.as_mut().ok_or_else(Problem::stopped)?;
        let session = Session { connection, keeps_statements };
        Ok(Desk { session, guise, ours: &self.ours, granted, news: BTreeSet::new() })
    }

    /// Ends the transaction as what was done in it says.
    pub(super) async fn end<T>(&mut self, written: Result<T, Problem>) -> End<T> {
        match written {
            Ok(value) => match self.execute("COMMIT".to_owned()).await {
                Ok(()) => End::Written(value),
                Err(problem) => {
                    self.connection = None;
                    End::Unclear(value, problem)
                }
            },
            Err(problem) => {
                self.give_up(&problem).await;
                End::NotWritten(problem)
            }
        }
    }

    async fn connect(&mut self) -> Result<(), Problem> {
        if self.connection.is_none() {
            self.connection = Some(in_time(async { Ok(self.options.connect().await?) }).await?);
        }
        Ok(())
    }

    async fn try_begin(
        &mut self,
        claim: Option<&Claim>,
        first: Option<(&PartnerId, Posting)>,
    ) -> Result<Option<BTreeSet<PartnerId>>, Problem> {
        self.connect().await?;
        self.number += 1;
        let mut beginning = format!("{}; {}", sql::WRITE, sql::writer_begins(self.writer, self.number));
        if let Some(claim) = claim.filter(|claim| !claim.statements.is_empty()) {
            beginning.push_str("; ");
            beginning.push_str(&claim.statements);
        }
        if let Some((partner, posting)) = first {
            beginning.push_str("; ");
            beginning.push_str(&serving(self.guise.as_ref().unwrap_or(partner), posting));
        }
        let connection = self.connection.as_mut().ok_or_else(Problem::stopped)?;
        let found = leases(connection, beginning).await?;
        Ok(claim.map(|claim| self.ours.see(claim, found)))
    }

    async fn execute(&mut self, text: String) -> Result<(), Problem> {
        execute(self.connection.as_mut().ok_or_else(Problem::stopped)?, text).await
    }

    /// What became of the last transaction. Asks until it is told: the callers wait, for neither answer may be wrong.
    pub(super) async fn was_written(&mut self) -> bool {
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
        let last = sql::writer_last(self.writer);
        let connection = self.connection.as_mut().ok_or_else(Problem::stopped)?;
        let row = in_time(async { Ok(raw_sql(AssertSqlSafe(last)).fetch_optional(connection).await?) }).await?;
        row.as_ref().map(|row| get(row, 0)).transpose()
    }

    async fn give_up(&mut self, problem: &Problem) {
        // With its connection the transaction ends as well.
        if problem.is_lost() || self.execute("ROLLBACK".to_owned()).await.is_err() {
            self.connection = None;
        }
    }
}

impl Ours {
    /// Within a transaction: which of the partners that are claimed are ours until it ends.
    pub(super) async fn granted(
        &self,
        claim: &Claim,
        connection: &mut PgConnection,
    ) -> Result<BTreeSet<PartnerId>, Problem> {
        let found = leases(connection, claim.statements.clone()).await?;
        Ok(self.see(claim, found))
    }

    fn see(&self, claim: &Claim, found: Vec<(PartnerId, i64)>) -> BTreeSet<PartnerId> {
        let granted = claim.granted(found);
        if claim.is_lost(&granted) {
            tracing::warn!("another process serves partners that were ours");
            self.lost.notify_one();
        }
        granted
    }
}

/// Runs statements of which [`Claim::statements`] give leases; locks give rows as well, of one column.
async fn leases(connection: &mut PgConnection, text: String) -> Result<Vec<(PartnerId, i64)>, Problem> {
    let rows = in_time(async { Ok(raw_sql(AssertSqlSafe(text)).fetch_all(connection).await?) }).await?;
    rows.iter().filter(|row| row.len() == 2).map(|row| Ok((get(row, 0)?, get(row, 1)?))).collect()
}
