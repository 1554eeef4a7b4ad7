use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use http::Uri;
use tokio::time::{Instant, sleep, sleep_until};

use crate::connection::Connection;

/// Most connections of one host that are kept while nobody uses them.
const KEPT_MAX: usize = 64;

/// A host, and the connections to it that wait for their next call. One that has waited too long is closed, by a task that lives
/// as long as any waits.
pub(crate) struct Host {
    /// `scheme://name:port/`
    pub(crate) uri: Uri,
    idle: Duration,
    kept: Mutex<Idle>,
}

#[derive(Default)]
struct Idle {
    /// Oldest first.
    connections: Vec<Kept>,
    /// Somebody closes those that have waited too long.
    swept: bool,
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
            let Kept { mut connection, since } = self.kept().connections.pop()?;
            // The others have waited longer.
            if since.elapsed() >= self.idle {
                self.kept().connections.clear();
                return None;
            }
            if connection.is_quiet() {
                return Some(connection);
            }
        }
    }

    /// Keeps a connection for the next call.
    pub(crate) fn keep(self: &Arc<Self>, connection: Connection) {
        let mut kept = self.kept();
        let crowded = (kept.connections.len() + 1).saturating_sub(KEPT_MAX);
        kept.connections.drain(..crowded);
        kept.connections.push(Kept { connection, since: Instant::now() });
        if !kept.swept {
            kept.swept = true;
            tokio::spawn(sweep(Arc::downgrade(self), self.idle));
        }
    }

    /// Closes the connections that have waited too long; when the next one will have. `None`: there is none, and whoever keeps
    /// one has it swept.
    fn close_stale(&self) -> Option<Instant> {
        let now = Instant::now();
        let mut kept = self.kept();
        let stale = kept.connections.iter().take_while(|kept| now.duration_since(kept.since) >= self.idle).count();
        kept.connections.drain(..stale);
        let next = kept.connections.first().and_then(|oldest| oldest.since.checked_add(self.idle));
        kept.swept = next.is_some();
        next
    }

    fn kept(&self) -> MutexGuard<'_, Idle> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes connections as their time comes. It ends when none waits, or with the host's client.
async fn sweep(host: Weak<Host>, idle: Duration) {
    sleep(idle).await;
    while let Some(next) = host.upgrade().and_then(|host| host.close_stale()) {
        sleep_until(next).await;
    }
}
