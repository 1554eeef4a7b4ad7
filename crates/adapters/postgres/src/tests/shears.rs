//! What stands between whoever connects and a server, and cuts connections.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{UnixListener, UnixStream},
};

/// The name of a server's socket in its folder.
const SOCKET: &str = ".s.PGSQL.5432";

/// On which side of what was sent a connection is cut.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cut {
    /// It does not reach the server.
    Before,
    /// The server's answer to it does not come back.
    After,
}

/// What was sent.
#[derive(Debug, Clone, Copy)]
pub(super) enum Sent {
    /// The next COMMIT.
    Commit,
    /// Whatever is sent behind so many sendings more.
    Later(usize),
}

/// Cuts one connection when it is told to.
pub(super) struct Shears {
    folder: tempfile::TempDir,
    wish: Wish,
    /// Nobody is let through any more.
    is_shut: Arc<AtomicBool>,
}

/// What is cut next, until it is cut.
type Wish = Arc<Mutex<Option<(Cut, Sent)>>>;

impl Shears {
    /// Before the server whose socket is in a folder. Whoever connects may be another user.
    pub(super) fn between(server: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join(SOCKET)).unwrap();
        for open in [folder.path().to_owned(), folder.path().join(SOCKET)] {
            fs::set_permissions(open, fs::Permissions::from_mode(0o777)).unwrap();
        }
        let wish = Wish::default();
        let is_shut = Arc::new(AtomicBool::new(false));
        let (server, wished, shut) = (server.join(SOCKET), Arc::clone(&wish), Arc::clone(&is_shut));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if !shut.load(Ordering::SeqCst) {
                    tokio::spawn(carry(client, server.clone(), Arc::clone(&wished)));
                }
            }
        });
        Self { folder, wish, is_shut }
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The address of a database behind it.
    pub(super) fn address(&self, role: &str, database: &str) -> String {
        let host = self.folder.path().to_str().unwrap().replace('/', "%2F");
        format!("postgres://{role}@{host}:5432/{database}")
    }

    pub(super) fn shut(&self, is_shut: bool) {
        self.is_shut.store(is_shut, Ordering::SeqCst);
    }

    pub(super) fn cut(&self, cut: Cut, sent: Sent) {
        *self.wish.lock().unwrap() = Some((cut, sent));
    }

    /// Lets everything pass; says whether something had still to be cut.
    pub(super) fn rest(&self) -> bool {
        self.wish.lock().unwrap().take().is_some()
    }

    pub(super) async fn has_cut(&self) {
        while self.wish.lock().unwrap().is_some() {
            tokio::task::yield_now().await;
        }
    }
}

/// Whether the connection is cut at what was just sent.
fn due(wish: &Mutex<Option<(Cut, Sent)>>, bytes: &[u8]) -> Option<Cut> {
    let mut wish = wish.lock().unwrap();
    let (cut, sent) = (*wish)?;
    let is_due = match sent {
        Sent::Commit => bytes.windows(7).any(|some| some == b"COMMIT\0"),
        Sent::Later(0) => true,
        Sent::Later(more) => {
            *wish = Some((cut, Sent::Later(more - 1)));
            false
        }
    };
    is_due.then(|| {
        *wish = None;
        cut
    })
}

async fn carry(client: UnixStream, server: PathBuf, wish: Wish) {
    let Ok(server) = UnixStream::connect(server).await else { return };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let answers = tokio::spawn(async move {
        let _ended = tokio::io::copy(&mut from_server, &mut to_client).await;
    });
    let mut bytes = vec![0; 1 << 16];
    while let Ok(length @ 1..) = from_client.read(&mut bytes).await {
        match due(&wish, &bytes[..length]) {
            Some(Cut::Before) => break,
            Some(Cut::After) => {
                answers.abort();
                let _aborted = (&mut { answers }).await;
                let _sent = to_server.write_all(&bytes[..length]).await;
                return;
            }
            None if to_server.write_all(&bytes[..length]).await.is_err() => break,
            None => {}
        }
    }
    answers.abort();
}
