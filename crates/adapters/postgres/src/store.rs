use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use sqlx::{ConnectOptions, Connection, postgres::PgPoolOptions};
use tokio::sync::Notify;
use voronka_core::{ids::PartnerId, ports::StoreError};

use crate::{
    Address,
    journal::{Load, Waiting},
    leases::holdings::Holdings,
    migrate,
    problem::Problem,
    session::{Readers, Reading},
    sql,
    together::Together,
    writer::{Desk, Errand, Ours, Writer},
};

/// Connections that read; one more writes. Ten serve a thousand partners.
const READERS_MAX: u32 = 9;
/// How long a read waits for a connection.
const ACQUIRE_MAX: Duration = Duration::from_secs(5);
/// A connection that nobody used for so long is closed.
const IDLE_MAX: Duration = Duration::from_mins(5);

/// A transaction that writes nothing but its own number.
struct Probe;

#[async_trait]
impl Errand for Probe {
    type Answer = ();

    async fn run(&self, _desk: &mut Desk<'_>) -> Result<(), Problem> {
        Ok(())
    }
}

/// Journal and directory in one PostgreSQL database. A clone is the same store.
#[derive(Debug, Clone)]
pub struct PostgresStore {
    pub(crate) readers: Readers,
    pub(crate) mailboxes: Arc<Together<Waiting>>,
    pub(crate) conversations: Arc<Together<Load>>,
    address: Address,
    pub(crate) writer: Arc<Writer>,
    /// Which partners are ours.
    pub(crate) holdings: Arc<Holdings>,
    /// Rings when one of them turns out to be another's.
    pub(crate) lost: Arc<Notify>,
}

impl PostgresStore {
    /// Connects, and sees that the schema is ours and that row-level security holds the role that signs in.
    ///
    /// # Errors
    /// `Busy`: the database is out of reach. `Failed`: the server is too old, the schema is of another version (see
    /// [`crate::migrate`]), or the role may see more than it should.
    pub async fn open(address: &Address) -> Result<Self, StoreError> {
        Ok(Self::connect(address, None).await?)
    }

    pub(crate) async fn connect(address: &Address, guise: Option<PartnerId>) -> Result<Self, Problem> {
        let options = address.options.clone().disable_statement_logging();
        let mut connection = options.connect().await?;
        migrate::check(&mut connection).await?;
        // Whose connection ends meanwhile is not told to.
        let _closed = connection.close().await;
        let pool = PgPoolOptions::new()
            .max_connections(READERS_MAX)
            .acquire_timeout(ACQUIRE_MAX)
            .idle_timeout(IDLE_MAX)
            // It would be a trip more for each read; one that died is noticed as it begins.
            .test_before_acquire(false);
        let (holdings, lost) = (Arc::<Holdings>::default(), Arc::<Notify>::default());
        let ours = Ours { holdings: Arc::clone(&holdings), lost: Arc::clone(&lost) };
        let writer = Writer::start(options.clone(), address.keeps_statements, guise.clone(), ours).await?;
        let readers =
            Readers { pool: pool.connect_lazy_with(options), keeps_statements: address.keeps_statements, guise };
        Ok(Self {
            mailboxes: Arc::new(Together::new(readers.clone())),
            conversations: Arc::new(Together::new(readers.clone())),
            readers,
            address: address.clone(),
            writer: Arc::new(writer),
            holdings,
            lost,
        })
    }

    /// Where it is, and who signs in.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Whether the store can be written now.
    ///
    /// # Errors
    /// As of any write.
    pub async fn probe(&self) -> Result<(), StoreError> {
        Ok(self.writer.alone(Probe).await?)
    }

    /// Transactions written since the store was opened: together with the number of turns, how well they are grouped.
    pub fn commits(&self) -> u64 {
        self.writer.commits()
    }

    /// A read of one partner's rows.
    pub(crate) async fn reading(&self, partner: &PartnerId) -> Result<Reading, Problem> {
        self.readers.reading(sql::READ, partner).await
    }

    /// One statement of one partner.
    pub(crate) async fn read<T>(
        &self,
        partner: &PartnerId,
        statement: crate::session::Statement,
        read: impl Fn(&sqlx::postgres::PgRow) -> Result<T, Problem>,
    ) -> Result<Vec<T>, Problem> {
        let mut reading = self.reading(partner).await?;
        let found = reading.session().all(statement, read).await?;
        reading.end().await?;
        Ok(found)
    }
}
