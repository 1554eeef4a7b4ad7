use std::{
    borrow::Cow,
    collections::HashMap,
    error::Error,
    fmt,
    future::poll_fn,
    pin::{Pin, pin},
    sync::{Mutex, PoisonError},
    task::Poll,
    time::Duration,
};

use bytes::BytesMut;
use futures::{
    StreamExt, TryStreamExt,
    future::{MaybeDone, maybe_done},
};
use tokio_postgres::{
    Client, Row, RowStream, SimpleQueryMessage, SimpleQueryRow,
    types::{IsNull, ToSql, Type, to_sql_checked},
};
use tokio_util::task::AbortOnDropHandle;
use voronka_core::ids::PartnerId;

use crate::{Address, problem::Problem, sql, values::Bound};

/// How long each of beginning a transaction, doing its work and ending it may take.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// A statement with its values.
pub(crate) struct Statement {
    sql: Cow<'static, str>,
    values: Vec<(Value, Type)>,
}

/// A value, which the driver's log does not show.
struct Value(Box<dyn ToSql + Sync + Send>);

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl ToSql for Value {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        self.0.to_sql_checked(kind, out)
    }

    /// The value itself is asked.
    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A statement of [`sql`], to which values are bound.
pub(crate) fn statement(sql: &'static str) -> Statement {
    Statement { sql: Cow::Borrowed(sql), values: Vec::new() }
}

/// A statement that was made for the occasion: it is not kept prepared.
pub(crate) fn made(sql: String) -> Statement {
    Statement { sql: Cow::Owned(sql), values: Vec::new() }
}

/// A statement of [`sql`] that is about a partner's rows.
pub(crate) fn of_partner(sql: &'static str, partner: &PartnerId) -> Statement {
    statement(sql).bind(partner.as_str().to_owned())
}

impl Statement {
    /// The value of the next `$n`.
    pub(crate) fn bind<T: Bound>(mut self, value: T) -> Self {
        self.values.push((Value(Box::new(value)), T::TYPE));
        self
    }

    fn values(&self) -> impl ExactSizeIterator<Item = &(dyn ToSql + Sync)> {
        self.values.iter().map(|(value, _)| value as &(dyn ToSql + Sync))
    }

    fn types(&self) -> Vec<Type> {
        self.values.iter().map(|(_, kind)| kind.clone()).collect()
    }
}

/// What a statement gives.
struct Found {
    rows: Vec<Row>,
    /// How many rows it changed.
    count: u64,
}

impl Found {
    fn read<T>(&self, read: impl Fn(&Row) -> Result<T, Problem>) -> Result<Vec<T>, Problem> {
        self.rows.iter().map(read).collect()
    }
}

/// Statements that are sent before any of their answers has come: a trip to the server for them all. The server does one after
/// the other, and none behind one that fails.
#[derive(Default)]
pub(crate) struct Pipeline(Vec<Step>);

enum Step {
    Say(String),
    Ask(Statement),
}

/// Where in a pipeline a statement is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place(usize);

impl Pipeline {
    /// Statements without parameters, nothing of which is read.
    pub(crate) fn say(&mut self, text: String) {
        self.0.push(Step::Say(text));
    }

    pub(crate) fn ask(&mut self, statement: Statement) -> Place {
        self.0.push(Step::Ask(statement));
        Place(self.0.len() - 1)
    }
}

impl Extend<Statement> for Pipeline {
    /// Statements of which nothing is read.
    fn extend<S: IntoIterator<Item = Statement>>(&mut self, statements: S) {
        self.0.extend(statements.into_iter().map(Step::Ask));
    }
}

/// What a pipeline's statements give.
pub(crate) struct Arrived(Vec<Found>);

impl Arrived {
    pub(crate) fn all<T>(&self, of: Place, read: impl Fn(&Row) -> Result<T, Problem>) -> Result<Vec<T>, Problem> {
        self.0[of.0].read(read)
    }

    pub(crate) fn rows(&self, of: Place) -> &[Row] {
        &self.0[of.0].rows
    }

    /// Of the last statement.
    pub(crate) fn last(&self) -> &[Row] {
        self.0.last().map_or(&[], |found| &found.rows)
    }

    /// How many rows it changed.
    pub(crate) fn count(&self, of: Place) -> u64 {
        self.0[of.0].count
    }
}

/// A connection. Dropped, it is closed: what was not committed is not done.
pub(crate) struct Session {
    client: Client,
    /// Whether statements may stay prepared on it.
    keeps_statements: bool,
    /// By their text.
    prepared: Mutex<HashMap<&'static str, tokio_postgres::Statement>>,
    carried: AbortOnDropHandle<()>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

impl Session {
    pub(crate) async fn open(address: &Address) -> Result<Self, Problem> {
        // Rare, and larger than all that is done over it.
        let connecting = Box::pin(async {
            let tls = address.proof.connector().map_err(|why| Problem::failed(&why))?;
            address.config.connect(tls).await.map_err(Problem::of_connecting)
        });
        let (client, connection) = in_time(connecting).await?;
        let carried = tokio::spawn(async move {
            // Whoever waits for an answer hears that there will be none.
            let _ended = connection.await;
        });
        Ok(Self {
            client,
            keeps_statements: address.keeps_statements,
            prepared: Mutex::default(),
            carried: AbortOnDropHandle::new(carried),
        })
    }

    /// Takes leave of the server, and waits until it is said.
    pub(crate) async fn close(self) {
        let Self { client, carried, .. } = self;
        drop(client);
        let _late = tokio::time::timeout(WAIT_MAX, carried).await;
    }

    pub(crate) async fn all<T>(
        &self,
        statement: Statement,
        read: impl Fn(&Row) -> Result<T, Problem>,
    ) -> Result<Vec<T>, Problem> {
        self.ask(&statement).await?.read(read)
    }

    pub(crate) async fn one<T>(
        &self,
        statement: Statement,
        read: impl Fn(&Row) -> Result<T, Problem>,
    ) -> Result<Option<T>, Problem> {
        self.ask(&statement).await?.rows.first().map(read).transpose()
    }

    /// The first rows that fit, so many at most: none behind them is kept.
    pub(crate) async fn fitting<T>(
        &self,
        statement: Statement,
        limit: usize,
        read: impl Fn(&Row) -> Result<Option<T>, Problem>,
    ) -> Result<Vec<T>, Problem> {
        in_time(async {
            let mut rows = pin!(self.stream(&statement).await?);
            let mut found = Vec::new();
            while let Some(row) = rows.try_next().await? {
                if found.len() < limit {
                    found.extend(read(&row)?);
                }
            }
            Ok(found)
        })
        .await
    }

    /// How many rows it changed.
    pub(crate) async fn run(&self, statement: Statement) -> Result<u64, Problem> {
        Ok(self.ask(&statement).await?.count)
    }

    /// Sends all of these together.
    pub(crate) async fn send(&self, pipeline: Pipeline) -> Result<Arrived, Problem> {
        let Pipeline(steps) = pipeline;
        in_time(async {
            for step in &steps {
                if let Step::Ask(statement) = step {
                    self.prepare(statement).await?;
                }
            }
            let mut answers: Vec<Pin<Box<MaybeDone<_>>>> =
                steps.iter().map(|step| Box::pin(maybe_done(self.take(step)))).collect();
            // Each is sent when its answer is first asked for.
            poll_fn(|cx| {
                for answer in &mut answers {
                    let _sent = answer.as_mut().poll(cx);
                }
                Poll::Ready(())
            })
            .await;
            let mut found = Vec::with_capacity(answers.len());
            for mut answer in answers {
                answer.as_mut().await;
                found.push(answer.as_mut().take_output().ok_or_else(Problem::stopped)??);
            }
            Ok(Arrived(found))
        })
        .await
    }

    /// Sends together what is put into a pipeline, and reads what arrives.
    pub(crate) async fn together<T, R>(&self, put: impl FnOnce(&mut Pipeline) -> R) -> Result<T, Problem>
    where
        R: FnOnce(&Arrived) -> Result<T, Problem>,
    {
        let mut pipeline = Pipeline::default();
        let read = put(&mut pipeline);
        read(&self.send(pipeline).await?)
    }

    async fn take(&self, step: &Step) -> Result<Found, Problem> {
        match step {
            Step::Say(text) => {
                self.client.batch_execute(text).await?;
                Ok(Found { rows: Vec::new(), count: 0 })
            }
            Step::Ask(statement) => found(self.stream(statement).await?).await,
        }
    }

    async fn ask(&self, statement: &Statement) -> Result<Found, Problem> {
        in_time(async { found(self.stream(statement).await?).await }).await
    }

    async fn stream(&self, statement: &Statement) -> Result<RowStream, Problem> {
        if let Some(prepared) = self.prepare(statement).await? {
            return Ok(self.client.query_raw(&prepared, statement.values()).await?);
        }
        let typed = statement.values().zip(statement.types());
        Ok(self.client.query_typed_raw(&statement.sql, typed).await?)
    }

    /// `None`: it is not to stay prepared.
    async fn prepare(&self, statement: &Statement) -> Result<Option<tokio_postgres::Statement>, Problem> {
        let Cow::Borrowed(sql) = statement.sql else { return Ok(None) };
        if !self.keeps_statements {
            return Ok(None);
        }
        let known = || self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(prepared) = known().get(sql) {
            return Ok(Some(prepared.clone()));
        }
        let prepared = self.client.prepare_typed(sql, &statement.types()).await?;
        known().insert(sql, prepared.clone());
        Ok(Some(prepared))
    }

    /// Statements that have no parameters, in one trip.
    pub(crate) async fn execute(&self, text: &str) -> Result<(), Problem> {
        in_time(async { Ok(self.client.batch_execute(text).await?) }).await
    }

    /// The same, with all rows that they give, as texts.
    pub(crate) async fn texts(&self, text: &str) -> Result<Vec<SimpleQueryRow>, Problem> {
        let messages = in_time(async { Ok(self.client.simple_query(text).await?) }).await?;
        let rows = messages.into_iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        Ok(rows.collect())
    }

    /// Statements that change the schema, which may take their time.
    pub(crate) async fn alter(&self, text: &str) -> Result<(), Problem> {
        Ok(self.client.batch_execute(text).await?)
    }

    /// Whether the server takes a statement.
    #[cfg(test)]
    pub(crate) async fn takes(&self, sql: &str) -> Result<(), Problem> {
        self.client.prepare(sql).await?;
        Ok(())
    }

    /// Work in a transaction, which is written if it succeeds, however long that takes.
    pub(crate) async fn transaction<T>(
        &self,
        work: impl AsyncFnOnce(&Self) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        self.execute("BEGIN").await?;
        match work(self).await {
            Ok(done) => {
                self.alter("COMMIT").await?;
                Ok(done)
            }
            Err(problem) => {
                // Whoever sees why it failed sees that nothing was written.
                let _undone = self.execute("ROLLBACK").await;
                Err(problem)
            }
        }
    }

    /// Whether it is of no use any more, as far as is known.
    pub(crate) fn is_over(&self) -> bool {
        self.client.is_closed()
    }

    /// Ends it without a word.
    pub(crate) fn hang_up(&self) {
        self.carried.abort();
    }

    /// From here on the transaction sees this partner's rows, and no others.
    pub(crate) async fn serve(&self, partner: &PartnerId, posting: Posting) -> Result<(), Problem> {
        self.execute(&serving(partner, posting)).await
    }

    /// From here on the transaction sees what waits of all partners, by keys alone.
    pub(crate) async fn look_over_all(&self) -> Result<(), Problem> {
        self.execute(sql::AS_DISPATCH).await
    }

    /// Ends [`Self::look_over_all`].
    pub(crate) async fn look_no_more(&self) -> Result<(), Problem> {
        self.execute(sql::AS_OURSELVES).await
    }
}

async fn found(stream: RowStream) -> Result<Found, Problem> {
    let mut stream = pin!(stream);
    let mut rows = Vec::new();
    while let Some(row) = stream.next().await {
        rows.push(row?);
    }
    Ok(Found { rows, count: stream.rows_affected().unwrap_or_default() })
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

/// A network that swallows everything would be waited for until the system gives up, a quarter of an hour later.
pub(crate) async fn in_time<T>(work: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    tokio::time::timeout(WAIT_MAX, work).await.map_err(|_| Problem::Late)?
}
