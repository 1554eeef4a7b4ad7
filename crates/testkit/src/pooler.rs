//! PgBouncer, of the machine's own binaries, before a PostgreSQL server: it hands out connections by the transaction. As root it
//! runs as `nobody`, for it refuses to be root.

use std::{
    env,
    fs::{self, File},
    io,
    os::unix::{fs::PermissionsExt, net::UnixStream},
    path::{Path, PathBuf},
    process::{Child, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::Duration,
};

use crate::{
    left_out,
    postgres::{address, as_nobody, is_root},
};

/// Where Debian has it, which is not on everybody's path.
const DEBIAN: &str = "/usr/sbin/pgbouncer";

/// Numbers of the poolers of this process.
static NEXT: AtomicU32 = AtomicU32::new(0);

/// A pooler of transactions; it ends with this.
#[derive(Debug)]
pub struct Pooler {
    process: Child,
    folder: PathBuf,
}

impl Pooler {
    /// Starts one before the server whose socket is in a folder, and lets everybody in as `role`. `None`: there is no PgBouncer
    /// on this machine, and that was told.
    ///
    /// # Panics
    /// When it does not start.
    pub fn before(server: &Path, role: &str) -> Option<Self> {
        let Some(program) = program() else {
            left_out("a pooler of transactions: pgbouncer is not installed");
            return None;
        };
        let name = format!("voronka-pooler-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = env::temp_dir().join(name);
        let started = start(&program, &folder, server, role);
        Some(started.unwrap_or_else(|error| panic!("PgBouncer does not start: {error}")))
    }

    /// Where its socket is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The address of a database behind it.
    pub fn address(&self, role: &str, database: &str) -> String {
        format!("{}?pooler=transaction", address(&self.folder, role, database))
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ended = self.process.kill().and_then(|()| self.process.wait());
        let _left = fs::remove_dir_all(&self.folder);
    }
}

fn program() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let on_path = env::split_paths(&path).map(|folder| folder.join("pgbouncer"));
    on_path.chain([PathBuf::from(DEBIAN)]).find(|path| path.is_file())
}

fn start(program: &Path, folder: &Path, server: &Path, role: &str) -> io::Result<Pooler> {
    fs::create_dir_all(folder)?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o777))?;
    // Few connections, another one each time: whoever relied on a session would not find it again.
    let settings = format!(
        "[databases]\n* = host={} port=5432 user={role}\n[pgbouncer]\nunix_socket_dir = {}\nlisten_port = 5432\n\
         auth_type = any\npool_mode = transaction\ndefault_pool_size = 3\nserver_round_robin = 1\n\
         server_login_retry = 0.1\n",
        server.display(),
        folder.display()
    );
    fs::write(folder.join("settings.ini"), settings)?;
    let log = File::create(folder.join("log"))?;
    let mut command = as_nobody(is_root()?, program, folder);
    command.arg("settings.ini").stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    let mut pooler = Pooler { process: command.spawn()?, folder: folder.to_owned() };
    while UnixStream::connect(folder.join(".s.PGSQL.5432")).is_err() {
        if pooler.process.try_wait()?.is_some() {
            return Err(io::Error::other(fs::read_to_string(folder.join("log"))?));
        }
        thread::sleep(Duration::from_millis(5));
    }
    Ok(pooler)
}
