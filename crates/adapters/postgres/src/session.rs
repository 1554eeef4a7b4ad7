use std::{io, time::Duration};

use futures::TryStreamExt;
use sqlx::{
    AssertSqlSafe, PgConnection, Postgres, Transaction,
    postgres::{PgArguments, PgPool, PgRow},
    query::Query,
    raw_sql,
};
use voronka_core::ids::PartnerId;

use crate::{problem::Problem, sql};

/// How long each of beginning a transaction, doing its work and ending it may take.
const WAIT_MAX: Duration = Duration::from_secs(30);

pub(crate) type Statement = Query<'static, Postgres, PgArguments>;

/// A statement of [`sql`], to which values are bound.
pub(crate) fn statement(sql: &'static str) -> Statement {
    sqlx::query(sql)
}

/// A statement of [`sql`] that is about a partner's rows.
pub(crate) fn of_partner(sql: &'static str, partner: &PartnerId) -> Statement {
    statement(sql).bind(partner.as_str().to_owned())
}

/// A connection within a transaction.
pub(crate) struct Session<'c> {
    pub(crate) connection: &'c mut PgConnection,
    pub(crate) keeps_statements: bool,
}

impl Session<'_> {
    pub(crate) async fn rows(&mut self, statement: Statement) -> Result<Vec<PgRow>, Problem> {
        let rows = statement.persistent(self.keeps_statements).fetch_all(&mut *self.connection);
        in_time(async { Ok(rows.await?) }).await
    }

    pub(crate) async fn all<T>(
        &mut self,
        statement: Statement,
        read: impl Fn(&PgRow) -> Result<T, Problem>,
    ) -> Result<Vec<T>, Problem> {
        self.rows(statement).await?.iter().map(read).collect()
    }

    pub(crate) async fn one<T>(
        &mut self,
        statement: Statement,
        read: impl Fn(&PgRow) -> Result<T, Problem>,
    ) -> Result<Option<T>, Problem> {
        let row = statement.persistent(self.keeps_statements).fetch_optional(&mut *self.connection);
        let row = in_time(async { Ok(row.await?) }).await?;
        row.as_ref().map(read).transpose()
    }

    /// The first rows that fit, so many at most: none behind them is kept.
    pub(crate) async fn fitting<T>(
        &mut self,
        statement: Statement,
        limit: usize,
        read: impl Fn(&PgRow) -> Result<Option<T>, Problem>,
    ) -> Result<Vec<T>, Problem> {
        let mut rows = statement.persistent(self.keeps_statements).fetch(&mut *self.connection);
        let mut found = Vec::new();
        while let Some(row) = rows.try_next().await? {
            if found.len() < limit {
                found.extend(read(&row)?);
            }
        }
        Ok(found)
    }

    /// How many rows it changed.
    pub(crate) async fn run(&mut self, statement: Statement) -> Result<u64, Problem> {
        Ok(statement.persistent(self.keeps_statements).execute(&mut *self.connection).await?.rows_affected())
    }

    /// From here on the transaction sees this partner's rows, and no others.
    pub(crate) async fn serve(&mut self, partner: &PartnerId, posting: Posting) -> Result<(), Problem> {
        execute(self.connection, serving(partner, posting)).await
    }

    /// From here on the transaction sees what waits of all partners, by keys alone.
    pub(crate) async fn look_over_all(&mut self) -> Result<(), Problem> {
        self.run(statement(sql::AS_DISPATCH)).await.map(|_| ())
    }

    /// Ends [`Self::look_over_all`].
    pub(crate) async fn look_no_more(&mut self) -> Result<(), Problem> {
        self.run(statement(sql::AS_OURSELVES)).await.map(|_| ())
    }
}

/// Whether mail may be written: it is given its positions under a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Posting {
    Yes,
    No,
}

/// What makes a transaction a partner's, until it serves another: a partner's id is made of letters that need no quoting.
pub(crate) fn serving(partner: &PartnerId, posting: Posting) -> String {
    let serving = format!("SET LOCAL voronka.partner = '{partner}'");
    match posting {
        Posting::Yes => format!("{serving}; {}", sql::positions_lock(partner)),
        Posting::No => serving,
    }
}

/// Statements that have no parameters, in one trip.
pub(crate) async fn execute(connection: &mut PgConnection, text: String) -> Result<(), Problem> {
    in_time(async { Ok(raw_sql(AssertSqlSafe(text)).execute(connection).await.map(|_| ())?) }).await
}

/// Connections that read.
#[derive(Debug, Clone)]
pub(crate) struct Readers {
    pub(crate) pool: PgPool,
    pub(crate) keeps_statements: bool,
    /// For tests: whose rows every transaction is said to be about, whatever the queries ask for.
    pub(crate) guise: Option<PartnerId>,
}

impl Readers {
    /// A read of one partner's rows, begun as [`sql::READ`] or [`sql::READ_BY_KEYS`].
    pub(crate) async fn reading(&self, how: &str, partner: &PartnerId) -> Result<Reading, Problem> {
        let partner = self.guise.as_ref().unwrap_or(partner);
        Reading::begin(&self.pool, self.keeps_statements, &format!("{how}; {}", serving(partner, Posting::No))).await
    }

    /// A read of what waits of all partners, by keys alone.
    pub(crate) async fn reading_of_all(&self) -> Result<Reading, Problem> {
        let begin = format!("{}; {}", sql::READ, sql::AS_DISPATCH);
        Reading::begin(&self.pool, self.keeps_statements, &begin).await
    }

    /// Within [`Self::reading_of_all`], behind the look-up: from here on a partner's rows.
    pub(crate) async fn serve(&self, session: &mut Session<'_>, partner: &PartnerId) -> Result<(), Problem> {
        session.serve(self.guise.as_ref().unwrap_or(partner), Posting::No).await
    }
}

/// A transaction that reads, so that all it reads is of one moment. Dropped, it is rolled back.
pub(crate) struct Reading {
    transaction: Transaction<'static, Postgres>,
    keeps_statements: bool,
}

impl Reading {
    /// Connections that died while nobody used them are passed over.
    pub(crate) async fn begin(pool: &PgPool, keeps_statements: bool, beginning: &str) -> Result<Self, Problem> {
        let mut left = pool.options().get_max_connections();
        loop {
            match pool.begin_with(AssertSqlSafe(beginning)).await.map_err(Problem::from) {
                Ok(transaction) => return Ok(Self { transaction, keeps_statements }),
                Err(problem) if problem.is_lost() && left > 0 => left -= 1,
                Err(problem) => return Err(problem.out_of_reach()),
            }
        }
    }

    pub(crate) fn session(&mut self) -> Session<'_> {
        Session { connection: &mut self.transaction, keeps_statements: self.keeps_statements }
    }

    pub(crate) async fn end(self) -> Result<(), Problem> {
        in_time(async { Ok(self.transaction.commit().await?) }).await
    }
}

/// A network that swallows everything would be waited for until the system gives up, a quarter of an hour later.
pub(crate) async fn in_time<T>(work: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    let late = || sqlx::Error::Io(io::Error::from(io::ErrorKind::TimedOut));
    tokio::time::timeout(WAIT_MAX, work).await.map_err(|_| Problem::Sql(late()))?
}
