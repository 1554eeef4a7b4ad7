//! Where reads begin, and the connections that they are done over.

use std::{fmt, time::Duration};

use deadpool::managed::{self, Metrics, Object, PoolError, RecycleError, RecycleResult, TimeoutType, Timeouts};
use tokio::runtime::Handle;
use voronka_core::ids::PartnerId;

use crate::{
    Address,
    problem::Problem,
    session::{Arrived, Pipeline, Posting, Session, serving},
    sql,
};

/// Connections that read, so many at most. What is done over one begins and ends with it: see [`Reading`].
#[derive(Clone)]
pub(crate) struct Pool(managed::Pool<Opening>);

/// Opens them.
struct Opening(Address);

impl managed::Manager for Opening {
    type Type = Session;
    type Error = Problem;

    async fn create(&self) -> Result<Session, Problem> {
        Session::open(&self.0).await
    }

    async fn recycle(&self, session: &mut Session, _: &Metrics) -> RecycleResult<Problem> {
        // Asking the server would be a trip more for each read; what has died unnoticed is noticed as it begins.
        if session.is_over() { Err(RecycleError::message("it was closed")) } else { Ok(()) }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pool").field(&self.0.status()).finish()
    }
}

impl Pool {
    /// `wait`: how long for one that is free. `rest`: what nobody used for so long is closed.
    pub(crate) fn new(address: Address, max: usize, wait: Duration, rest: Duration) -> Result<Self, Problem> {
        let timeouts = Timeouts { wait: Some(wait), create: Some(wait), recycle: None };
        let pool = managed::Pool::builder(Opening(address)).max_size(max).timeouts(timeouts);
        let pool = pool.runtime(deadpool::Runtime::Tokio1).build();
        let pool = pool.map_err(|error| Problem::failed(&error.to_string()))?;
        let known = pool.weak();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(rest / 5).await;
                let Some(pool) = known.upgrade() else { return };
                pool.retain(|_, metrics| metrics.last_used() < rest);
            }
        });
        Ok(Self(pool))
    }

    async fn session(&self) -> Result<Object<Opening>, Problem> {
        self.0.get().await.map_err(|error| match error {
            PoolError::Backend(problem) => problem,
            PoolError::Timeout(TimeoutType::Wait) => Problem::busy("no connection is free"),
            _ => Problem::Late,
        })
    }

    /// How many are open and read nothing.
    #[cfg(test)]
    pub(crate) fn free(&self) -> usize {
        self.0.status().available
    }
}

/// Where reads begin.
#[derive(Debug, Clone)]
pub(crate) struct Readers {
    pub(crate) pool: Pool,
    /// For tests: whose rows every transaction is said to be about, whatever the queries ask for.
    pub(crate) guise: Option<PartnerId>,
}

impl Readers {
    /// A read of one partner's rows, begun as [`sql::READ`] or [`sql::READ_BY_KEYS`].
    pub(crate) async fn reading(&self, how: &str, partner: &PartnerId) -> Result<Reading, Problem> {
        let partner = self.guise.as_ref().unwrap_or(partner);
        Reading::begin(&self.pool, &format!("{how}; {}", serving(partner, Posting::No))).await
    }

    /// The same, with these statements, in one trip.
    pub(crate) async fn reading_with(
        &self,
        how: &str,
        partner: &PartnerId,
        put: impl Fn(&mut Pipeline),
    ) -> Result<(Reading, Arrived), Problem> {
        let partner = self.guise.as_ref().unwrap_or(partner);
        Reading::begin_with(&self.pool, &format!("{how}; {}", serving(partner, Posting::No)), put).await
    }

    /// A read of what waits of all partners, by keys alone.
    pub(crate) async fn reading_of_all(&self) -> Result<Reading, Problem> {
        Reading::begin(&self.pool, &format!("{}; {}", sql::READ, sql::AS_DISPATCH)).await
    }

    /// Within [`Self::reading_of_all`], behind the look-up: from here on a partner's rows.
    pub(crate) async fn serve(&self, session: &Session, partner: &PartnerId) -> Result<(), Problem> {
        session.serve(self.guise.as_ref().unwrap_or(partner), Posting::No).await
    }
}

/// A transaction that reads, so that all it reads is of one moment. Its connection goes back to the others when the server has
/// ended it, and nobody waits for that: not before, for a pooler between could give what comes next to another, and what is given
/// up in the middle is still worked on.
pub(crate) struct Reading {
    /// Until it ends.
    session: Option<Object<Opening>>,
}

impl Reading {
    /// Begins one.
    pub(crate) async fn begin(pool: &Pool, beginning: &str) -> Result<Self, Problem> {
        Ok(Self::begin_with(pool, beginning, |_| {}).await?.0)
    }

    /// Begins one with these statements, in one trip. Connections that died while nobody used them are passed over.
    pub(crate) async fn begin_with(
        pool: &Pool,
        beginning: &str,
        put: impl Fn(&mut Pipeline),
    ) -> Result<(Self, Arrived), Problem> {
        let mut left = pool.0.status().max_size;
        loop {
            let session = pool.session().await.map_err(Problem::out_of_reach)?;
            let reading = Self { session: Some(session) };
            let mut pipeline = Pipeline::default();
            pipeline.say(beginning.to_owned());
            put(&mut pipeline);
            match reading.session().send(pipeline).await {
                Ok(arrived) => return Ok((reading, arrived)),
                // It has cost its time already.
                Err(Problem::Late) => return Err(Problem::Late),
                Err(problem) if problem.is_lost() && left > 0 => left -= 1,
                Err(problem) if problem.is_lost() => return Err(problem.out_of_reach()),
                Err(problem) => return Err(problem),
            }
        }
    }

    pub(crate) fn session(&self) -> &Session {
        self.session.as_ref().expect("it is there until it ends")
    }

    /// Ends it, whatever becomes of the connection: what was read is true.
    pub(crate) fn end(mut self) {
        give_back(self.session.take(), "COMMIT");
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        give_back(self.session.take(), "ROLLBACK");
    }
}

fn give_back(session: Option<Object<Opening>>, last: &'static str) {
    let Some(session) = session.filter(|session| !session.is_over()) else { return };
    let Ok(runtime) = Handle::try_current() else { return session.hang_up() };
    runtime.spawn(async move {
        if session.execute(last).await.is_err() {
            session.hang_up();
        }
    });
}
