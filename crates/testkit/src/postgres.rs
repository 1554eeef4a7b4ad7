//! A PostgreSQL server for tests, of the machine's own binaries: started by whoever needs it first, in a temporary folder,
//! reached through a socket there, and ended soon after the last test that uses it. As root it runs as `nobody`, for it refuses
//! to be root.

use std::{
    env,
    fs::{self, File, OpenOptions},
    hash::{DefaultHasher, Hash, Hasher},
    io::{self, Write},
    os::unix::{fs::PermissionsExt, net::UnixStream, process::CommandExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

/// Where Debian has the binaries that it does not put on the path.
const DEBIAN: &str = "/usr/lib/postgresql";
/// What runs as long as somebody holds `in-use`, and then ends the server.
const WATCH: &str = r#"while sleep 5; do flock --nonblock --exclusive in-use sh -c '"$0" stop -D data -m immediate; rm -rf data' "$1" && exit; done"#;

/// Numbers of databases of this process.
static NEXT: AtomicU32 = AtomicU32::new(0);

/// The server, for as long as this is held.
#[derive(Debug)]
pub struct PostgresServer {
    folder: PathBuf,
    _in_use: File,
}

/// A database of a test's own; it leaves with this.
#[derive(Debug)]
pub struct Database {
    folder: PathBuf,
    name: String,
}

impl PostgresServer {
    /// Joins the server that runs, or starts it.
    ///
    /// # Panics
    /// When there is no PostgreSQL on this machine, or it does not start.
    pub fn running() -> Self {
        let mut hash = DefaultHasher::new();
        env!("CARGO_MANIFEST_DIR").hash(&mut hash);
        Self::in_folder(env::temp_dir().join(format!("voronka-postgres-{:x}", hash.finish())))
    }

    /// Starts one that nobody else uses, which may be restarted.
    ///
    /// # Panics
    /// As [`Self::running`].
    pub fn own() -> Self {
        let name = format!("voronka-postgres-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        Self::in_folder(env::temp_dir().join(name))
    }

    fn in_folder(folder: PathBuf) -> Self {
        fs::create_dir_all(&folder).expect("the temporary folder can be written");
        let in_use = lock_file(&folder, "in-use");
        in_use.lock_shared().expect("a lock is had");
        let starting = lock_file(&folder, "starting");
        starting.lock().expect("a lock is had");
        if UnixStream::connect(folder.join(".s.PGSQL.5432")).is_err() {
            start(&folder).unwrap_or_else(|error| panic!("PostgreSQL does not start: {error}"));
        }
        Self { folder, _in_use: in_use }
    }

    /// Where its socket is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Ends it as a power cut does, and starts it again over the same data.
    ///
    /// # Panics
    /// When it does not start.
    pub fn restart(&self) {
        let ended = binary("pg_ctl").and_then(|pg_ctl| {
            let mut again = as_nobody(is_root()?, &pg_ctl, &self.folder);
            told(again.args(["restart", "-w", "-D", "data", "-l", "data/log", "-m", "immediate"]))
        });
        ended.unwrap_or_else(|error| panic!("PostgreSQL does not start again: {error}"));
    }

    /// A database like the one that `prepare` has made under this name, which it is asked once: it is given the address of
    /// somebody who may do anything.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn database(&self, template: &str, prepare: impl AsyncFnOnce(String)) -> Database {
        {
            let starting = lock_file(&self.folder, "starting");
            starting.lock().expect("a lock is had");
            let made = format!("SELECT count(*) FROM pg_database WHERE datname = '{template}' AND datistemplate");
            if self.run("postgres", &made) == "0" {
                self.run("postgres", &format!("DROP DATABASE IF EXISTS {template}"));
                self.run("postgres", &format!("CREATE DATABASE {template}"));
                prepare(address(&self.folder, "postgres", template)).await;
                self.run("postgres", &format!("ALTER DATABASE {template} IS_TEMPLATE true"));
            }
        }
        let name = format!("t_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        self.run("postgres", &format!("DROP DATABASE IF EXISTS {name}"));
        self.run("postgres", &format!("CREATE DATABASE {name} TEMPLATE {template}"));
        Database { folder: self.folder.clone(), name }
    }

    fn run(&self, database: &str, sql: &str) -> String {
        psql(&self.folder, "postgres", database, sql).unwrap_or_else(|error| panic!("{sql}: {error}"))
    }
}

impl Database {
    /// The address of a role.
    pub fn address(&self, role: &str) -> String {
        address(&self.folder, role, &self.name)
    }

    /// What the server calls it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs statements as somebody who may do anything; what they give, a line a row.
    ///
    /// # Panics
    /// When the server refuses.
    pub fn run(&self, sql: &str) -> String {
        psql(&self.folder, "postgres", &self.name, sql).unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// Runs statements as a role.
    ///
    /// # Errors
    /// What the server says when it refuses one.
    pub fn run_as(&self, role: &str, sql: &str) -> Result<String, String> {
        psql(&self.folder, role, &self.name, sql).map_err(|error| error.to_string())
    }

    /// Ends all connections to it, as a restart of the server would.
    ///
    /// # Panics
    /// When the server refuses.
    pub fn end_connections(&self) {
        self.run(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        );
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // What is left goes with the server.
        let _left = psql(&self.folder, "postgres", "postgres", &format!("DROP DATABASE {} WITH (FORCE)", self.name));
    }
}

fn lock_file(folder: &Path, name: &str) -> File {
    OpenOptions::new().create(true).append(true).open(folder.join(name)).expect("the temporary folder can be written")
}

pub(crate) fn address(folder: &Path, role: &str, database: &str) -> String {
    let host = folder.to_str().expect("a path of text").replace('/', "%2F");
    format!("postgres://{role}@{host}:5432/{database}")
}

fn start(folder: &Path) -> io::Result<()> {
    let data = folder.join("data");
    if data.exists() {
        fs::remove_dir_all(&data)?;
    }
    let socket = folder.join(".s.PGSQL.5432");
    if socket.exists() {
        fs::remove_file(socket)?;
    }
    let is_root = is_root()?;
    // Whoever runs the server must be able to write its socket and its data.
    fs::set_permissions(folder, fs::Permissions::from_mode(0o777))?;
    let cluster =
        ["--username=postgres", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8", "-D", "data"];
    told(as_nobody(is_root, &binary("initdb")?, folder).args(cluster))?;
    let settings = format!(
        "-c listen_addresses='' -c unix_socket_directories='{}' -c fsync=off -c full_page_writes=off -c max_connections=300 \
         -c shared_buffers=32MB",
        folder.display()
    );
    let pg_ctl = binary("pg_ctl")?;
    told(as_nobody(is_root, &pg_ctl, folder).args(["start", "-w", "-D", "data", "-l", "data/log", "-o", &settings]))?;
    let mut watch = as_nobody(is_root, Path::new("sh"), folder);
    watch.args(["-c", WATCH, "watch"]).arg(pg_ctl).process_group(0);
    watch.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    Ok(())
}

pub(crate) fn is_root() -> io::Result<bool> {
    Ok(told(Command::new("id").arg("-u"))? == "0")
}

pub(crate) fn as_nobody(is_root: bool, program: &Path, folder: &Path) -> Command {
    let mut command = if is_root {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.current_dir(folder);
    command
}

/// From the path, or of the newest version where Debian has it.
fn binary(name: &str) -> io::Result<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let on_path = env::split_paths(&path).map(|folder| folder.join(name));
    let mut of_debian: Vec<PathBuf> =
        fs::read_dir(DEBIAN).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    of_debian.sort();
    let of_debian = of_debian.into_iter().rev().map(|version| version.join("bin").join(name));
    on_path.chain(of_debian).find(|path| path.is_file()).ok_or_else(|| {
        io::Error::other(format!("{name} is missing: install PostgreSQL 15 or later (apt-get install postgresql)"))
    })
}

fn psql(folder: &Path, role: &str, database: &str, sql: &str) -> io::Result<String> {
    let mut command = Command::new(binary("psql")?);
    command.arg("-h").arg(folder).args(["-U", role, "-d", database, "-qAtX", "-v", "ON_ERROR_STOP=1", "-f", "-"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    child.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?.write_all(sql.as_bytes())?;
    text_of(&child.wait_with_output()?)
}

/// What a program says, in files rather than pipes: what it leaves running would keep a pipe open.
fn told(command: &mut Command) -> io::Result<String> {
    let mut path = env::temp_dir();
    path.push(format!("voronka-postgres-{}-{}.out", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
    let out = File::create(&path)?;
    let status = command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out).status()?;
    let said = fs::read_to_string(&path)?;
    fs::remove_file(&path)?;
    if status.success() { Ok(said.trim().to_owned()) } else { Err(io::Error::other(said)) }
}

fn text_of(output: &std::process::Output) -> io::Result<String> {
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()))
}
