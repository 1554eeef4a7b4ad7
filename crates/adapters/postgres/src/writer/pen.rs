use std::{collections::BTreeSet, time::Duration};

use backon::{BackoffBuilder, ExponentialBuilder};
use tokio_postgres::SimpleQueryRow;
use uuid::Uuid;
use voronka_core::ids::PartnerId;

use super::{Desk, Ours};
use crate::{Address, leases::holdings::Claim, problem::Problem, session::Session, sql};

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
    address: Address,
    guise: Option<PartnerId>,
    ours: Ours,
    session: Option<Session>,
    writer: Uuid,
    /// Of the last transaction that was begun.
    number: i64,
}

impl Pen {
    pub(super) async fn open(address: Address, guise: Option<PartnerId>, ours: Ours) -> Result<Self, Problem> {
        let writer = Uuid::now_v7();
        let mut pen = Self { address, guise, ours, session: None, writer, number: 0 };
        pen.connect().await?.execute(&sql::writer_add(writer)).await?;
        Ok(pen)
    }

    /// Begins a transaction that writes for these partners, in one trip.
    pub(super) async fn begin(&mut self, partners: &BTreeSet<PartnerId>) -> Result<Desk<'_>, Problem> {
        let claim = self.ours.holdings.claim(partners);
        // A connection that died while nothing was written is noticed here, when nothing can be lost yet.
        let granted = match self.try_begin(claim.as_ref()).await {
            Ok(granted) => granted,
            Err(problem) => {
                tracing::debug!(problem = problem.told(), "the writer connects anew");
                self.session = None;
                // Whatever the server says to that (a password that has changed, no room), it is no fault of what is to be
                // written.
                self.try_begin(claim.as_ref()).await.map_err(Problem::out_of_reach)?
            }
        };
        let session = self.session.as_ref().ok_or_else(Problem::stopped)?;
        Ok(Desk { session, guise: self.guise.as_ref(), ours: &self.ours, granted, news: BTreeSet::new() })
    }

    /// Ends the transaction as what was done in it says.
    pub(super) async fn end<T>(&mut self, written: Result<T, Problem>) -> End<T> {
        match written {
            Ok(value) => match self.execute("COMMIT").await {
                Ok(()) => End::Written(value),
                Err(problem) => {
                    self.session = None;
                    End::Unclear(value, problem)
                }
            },
            Err(problem) => {
                self.give_up(&problem).await;
                End::NotWritten(problem)
            }
        }
    }

    async fn connect(&mut self) -> Result<&Session, Problem> {
        if self.session.is_none() {
            self.session = Some(Session::open(&self.address).await?);
        }
        self.session.as_ref().ok_or_else(Problem::stopped)
    }

    async fn try_begin(&mut self, claim: Option<&Claim>) -> Result<Option<BTreeSet<PartnerId>>, Problem> {
        self.number += 1;
        let mut beginning = format!("{}; {}", sql::WRITE, sql::writer_begins(self.writer, self.number));
        if let Some(claim) = claim.filter(|claim| !claim.statements.is_empty()) {
            beginning.push_str("; ");
            beginning.push_str(&claim.statements);
        }
        let found = leases(self.connect().await?, &beginning).await?;
        Ok(claim.map(|claim| self.ours.see(claim, found)))
    }

    async fn execute(&self, text: &str) -> Result<(), Problem> {
        self.session.as_ref().ok_or_else(Problem::stopped)?.execute(text).await
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
                    self.session = None;
                    tracing::warn!(problem = problem.told(), "the database is out of reach");
                }
            }
            tokio::time::sleep(pauses.next().unwrap_or(Duration::from_secs(2))).await;
        }
    }

    async fn last_number(&mut self) -> Result<Option<i64>, Problem> {
        let last = sql::writer_last(self.writer);
        let rows = self.connect().await?.texts(&last).await?;
        let number = |row: &SimpleQueryRow| row.get(0).and_then(|text| text.parse().ok());
        Ok(rows.first().and_then(number))
    }

    async fn give_up(&mut self, problem: &Problem) {
        // With its connection the transaction ends as well.
        if problem.is_lost() || self.execute("ROLLBACK").await.is_err() {
            self.session = None;
        }
    }
}

impl Ours {
    /// Within a transaction: which of the partners that are claimed are ours until it ends.
    pub(super) async fn granted(&self, claim: &Claim, session: &Session) -> Result<BTreeSet<PartnerId>, Problem> {
        let found = leases(session, &claim.statements).await?;
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
async fn leases(session: &Session, text: &str) -> Result<Vec<(PartnerId, i64)>, Problem> {
    let lease = |row: &SimpleQueryRow| Some((PartnerId::parse(row.get(0)?).ok()?, row.get(1)?.parse().ok()?));
    let rows = session.texts(text).await?;
    let read = |row| lease(row).ok_or(Problem::Unreadable("lease"));
    rows.iter().filter(|row| row.len() == 2).map(read).collect()
}
