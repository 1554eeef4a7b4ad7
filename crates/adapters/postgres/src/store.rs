use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::sync::Notify;
use voronka_core::{ids::PartnerId, ports::StoreError};

use crate::{
    Address,
    journal::{Load, Waiting},
    leases::holdings::Holdings,
    migrate,
    problem::Problem,
    readers::{Pool, Readers, Reading},
    session::Session,
    sql,
    together::Together,
    writer::{Desk, Errand, Ours, Writer},
};

/// Connections that read; one more writes. Ten serve a thousand partners.
const READERS_MAX: usize = 9;
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
        let session = Session::open(address).await?;
        migrate::check(&session).await?;
        session.close().await;
        let (holdings, lost) = (Arc::<Holdings>::default(), Arc::<Notify>::default());
        let ours = Ours { holdings: Arc::clone(&holdings), lost: Arc::clone(&lost) };
        let writer = Writer::start(address.clone(), guise.clone(), ours).await?;
        let readers = Readers { pool: Pool::new(address.clone(), READERS_MAX, ACQUIRE_MAX, IDLE_MAX)?, guise };
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
        read: impl Fn(&tokio_postgres::Row) -> Result<T, Problem>,
    ) -> Result<Vec<T>, Problem> {
        let reading = self.reading(partner).await?;
        let found = reading.session().all(statement, read).await?;
        reading.end();
        Ok(found)
    }
}
