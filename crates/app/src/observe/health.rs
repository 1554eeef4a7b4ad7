use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tokio::{sync::Mutex, time::Instant};
use voronka_core::ports::StoreError;
use voronka_engine::{Engine, Phase};

use super::{AccountReport, AccountState, Accounts};
use crate::{partners::Partners, store::Store};

/// How long a write may take before the store counts as stuck.
const WRITE_WAIT: Duration = Duration::from_secs(2);
/// How long the answer of a trial write is good: however often it is asked, the disk is not kept busy by it.
const WRITE_KEPT: Duration = Duration::from_secs(1);

/// Free bytes of the data folder's disk below which the house is not ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DiskMin(pub(crate) u64);

impl DiskMin {
    /// From mebibytes.
    pub(crate) fn mebibytes(count: u64) -> Self {
        Self(count.saturating_mul(1 << 20))
    }

    /// Below which it is worth a word.
    pub(crate) fn low(self) -> u64 {
        self.0.saturating_mul(4)
    }
}

/// Tells whether the house can do its work now.
pub(crate) struct Health {
    engine: Engine,
    store: Arc<dyn Store>,
    accounts: Arc<Accounts>,
    data: PathBuf,
    disk_min: DiskMin,
    /// `None`: whoever it serves is served as long as it runs.
    partners: Option<Arc<Partners>>,
    written: Mutex<Option<(Instant, Result<(), StoreTrouble>)>>,
}

/// Whether the house is ready, and why not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Readiness {
    pub(crate) status: Status,
    /// What keeps it from its work.
    pub(crate) reasons: Vec<Reason>,
    /// How it stands with the accounts; not for everybody's eyes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) accounts: Vec<AccountReport>,
}

/// How ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    /// All is well.
    Ready,
    /// It works, but some accounts do not receive.
    Degraded,
    /// It cannot do its work.
    NotReady,
}

/// Why the house cannot do its work, or not all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reason {
    /// What the last run left is being taken up.
    Starting,
    /// It was asked to stop.
    Stopping,
    /// A write did not end in time, or another program holds the database.
    StoreBusy,
    /// The disk is full.
    StoreFull,
    /// The database is damaged.
    StoreDamaged,
    /// The database cannot be written.
    StoreFailed,
    /// The disk is nearly full.
    DiskLow,
    /// There are partners, and none of them can be served.
    NoPartner,
    /// No account receives.
    NoAccount,
    /// Some accounts do not receive.
    SomeAccounts,
}

type StoreTrouble = Reason;

impl Health {
    pub(crate) fn new(
        engine: Engine,
        store: Arc<dyn Store>,
        accounts: Arc<Accounts>,
        data: PathBuf,
        disk_min: DiskMin,
    ) -> Self {
        Self { engine, store, accounts, data, disk_min, partners: None, written: Mutex::default() }
    }

    /// The same, knowing the partners.
    pub(crate) fn with_partners(self, partners: Option<Arc<Partners>>) -> Self {
        Self { partners, ..self }
    }

    /// How it is now.
    pub(crate) async fn readiness(&self) -> Readiness {
        let mut reasons = Vec::new();
        match self.engine.phase() {
            Phase::Starting => reasons.push(Reason::Starting),
            Phase::Stopping => reasons.push(Reason::Stopping),
            Phase::Serving => {}
        }
        if let Err(trouble) = self.writable().await {
            reasons.push(trouble);
        }
        if free_bytes(&self.data).is_some_and(|free| free < self.disk_min.0) {
            reasons.push(Reason::DiskLow);
        }
        if self.partners.as_ref().is_some_and(|partners| partners.can_serve_none()) {
            reasons.push(Reason::NoPartner);
        }
        let accounts = self.accounts.report();
        let up = accounts.iter().filter(|account| account.state.is_up()).count();
        // One that is being set up may be a second old: that it is not there yet is no trouble.
        let down = accounts.iter().filter(|account| !account.state.is_up() && account.state != AccountState::Starting);
        let down = down.count();
        if down > 0 && up == 0 && down == accounts.len() {
            reasons.push(Reason::NoAccount);
        }
        let mut status = if reasons.is_empty() { Status::Ready } else { Status::NotReady };
        if down > 0 && status == Status::Ready {
            status = Status::Degraded;
            reasons.push(Reason::SomeAccounts);
        }
        Readiness { status, reasons, accounts }
    }

    /// Whether something can be written now: tried, by a write that changes nothing.
    async fn writable(&self) -> Result<(), StoreTrouble> {
        let mut written = self.written.lock().await;
        if let Some((at, result)) = &*written
            && at.elapsed() < WRITE_KEPT
        {
            return *result;
        }
        let result = match tokio::time::timeout(WRITE_WAIT, self.store.probe()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(StoreError::Full)) => Err(Reason::StoreFull),
            Ok(Err(StoreError::Damaged(_))) => Err(Reason::StoreDamaged),
            Ok(Err(StoreError::Unreadable(_) | StoreError::Elsewhere | StoreError::Failed(_))) => {
                Err(Reason::StoreFailed)
            }
            Ok(Err(StoreError::Busy(_))) | Err(_) => Err(Reason::StoreBusy),
        };
        *written = Some((Instant::now(), result));
        result
    }
}

/// Free bytes of the disk that a folder lies on, for who has no special rights.
pub(crate) fn free_bytes(folder: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(folder).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}

#[cfg(test)]
mod tests {
    use voronka_core::ids::{AccountId, PartnerId};

    use super::*;
    use voronka_engine::SystemClock;
    use voronka_sqlite::SqliteStore;

    /// A house over a fresh database, with accounts that stand so; its folder lives as long as it does.
    fn house(accounts: &[AccountState], disk_min: DiskMin) -> (Health, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(folder.path().join("voronka.db")).unwrap());
        let known = Arc::new(Accounts::default());
        for (n, state) in accounts.iter().enumerate() {
            let account = AccountId::parse(&format!("account-{n}")).unwrap();
            known.set(&PartnerId::parse("korica").unwrap(), &account, *state);
        }
        let engine = Engine::new(store.clone(), Arc::new(SystemClock));
        (Health::new(engine, store, known, folder.path().to_owned(), disk_min), folder)
    }

    #[tokio::test]
    async fn a_house_is_ready_by_its_accounts_that_receive() {
        use AccountState::{Listening, Starting, Taken, Unauthorised, Unreachable};
        let cases: [(&[AccountState], Status, &[Reason]); 9] = [
            (&[], Status::Ready, &[]),
            (&[Listening], Status::Ready, &[]),
            (&[Starting], Status::Ready, &[]),
            (&[Unreachable], Status::NotReady, &[Reason::NoAccount]),
            (&[Unauthorised], Status::NotReady, &[Reason::NoAccount]),
            (&[Taken, Unreachable], Status::NotReady, &[Reason::NoAccount]),
            (&[Listening, Taken], Status::Degraded, &[Reason::SomeAccounts]),
            (&[Listening, Unauthorised, Unreachable], Status::Degraded, &[Reason::SomeAccounts]),
            (&[Starting, Unauthorised], Status::Degraded, &[Reason::SomeAccounts]),
        ];
        for (states, status, reasons) in cases {
            let (health, _folder) = house(states, DiskMin(1));
            health.engine.start().await.unwrap();
            let told = health.readiness().await;
            assert_eq!((told.status, told.reasons.as_slice()), (status, reasons), "{states:?}");
            assert_eq!(told.accounts.iter().map(|account| account.state).collect::<Vec<_>>(), states);
            health.engine.stop().await;
        }
    }

    #[tokio::test]
    async fn a_house_that_starts_stops_or_has_no_room_is_not_ready() {
        let (health, _folder) = house(&[AccountState::Listening], DiskMin(u64::MAX));
        let told = health.readiness().await;
        assert_eq!((told.status, told.reasons), (Status::NotReady, vec![Reason::Starting, Reason::DiskLow]));
        health.engine.start().await.unwrap();
        assert_eq!(health.readiness().await.reasons, [Reason::DiskLow]);
        health.engine.stop().await;
        assert_eq!(health.readiness().await.reasons, [Reason::Stopping, Reason::DiskLow]);
    }
}
