use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::Uri;
use tokio::time::Instant;

use crate::connection::Connection;

/// Most connections of one host that are kept while nobody uses them.
const KEPT_MAX: usize = 64;

/// A host, and the connections to it that wait for their next call. Those that have waited too long are closed when the next
/// call to the host begins or ends.
pub(crate) struct Host {
    /// `scheme://name:port/`
    pub(crate) uri: Uri,
    idle: Duration,
    kept: Mutex<Vec<Kept>>,
}

struct Kept {
    connection: Connection,
    since: Instant,
}

impl Host {
    pub(crate) fn new(uri: Uri, idle: Duration) -> Self {
        Self { uri, idle, kept: Mutex::default() }
    }

    /// The connection used last, if it is still good.
    pub(crate) fn take(&self) -> Option<Connection> {
        loop {
            let Kept { mut connection, since } = self.kept().pop()?;
            // The others have waited longer.
            if since.elapsed() >= self.idle {
                self.kept().clear();
                return None;
            }
            if connection.is_quiet() {
                return Some(connection);
            }
        }
    }

    /// Keeps a connection for the next call.
    pub(crate) fn keep(&self, connection: Connection) {
        let since = Instant::now();
        let mut kept = self.kept();
        let stale = kept.iter().take_while(|kept| since.duration_since(kept.since) >= self.idle).count();
        let crowded = (kept.len() + 1).saturating_sub(KEPT_MAX);
        if stale.max(crowded) > 0 {
            kept.drain(..stale.max(crowded));
        }
        kept.push(Kept { connection, since });
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
