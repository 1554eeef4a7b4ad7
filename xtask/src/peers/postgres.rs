//! A PostgreSQL server as its package installs it, in a throw-away folder, and what it costs.

use std::{
    collections::HashMap,
    fs::{self, File},
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use super::wait_until;
use crate::{
    botload::free_address,
    shell::{self, Failure},
};

/// Where Debian puts the server's programs, by version.
const DEBIAN: &str = "/usr/lib/postgresql";
/// How long the server may take to start, and to stop.
const WITHIN: Duration = Duration::from_secs(30);
/// How often memory is looked at.
const EVERY: Duration = Duration::from_millis(500);
/// Tells of its processes how much time they used, in ticks.
const TICKS: [&str; 2] = ["getconf", "CLK_TCK"];

/// The folder of the server's programs; installs them when there are none.
pub(crate) fn ensure() -> Result<PathBuf, Failure> {
    if let Some(found) = find() {
        return Ok(found);
    }
    shell::install("postgresql", "the tests and two of the peers need PostgreSQL's server: install it")?;
    find().ok_or_else(|| format!("PostgreSQL was installed, but it is neither in PATH nor below {DEBIAN}"))
}

/// The server's name and version.
pub(super) fn version() -> Result<String, Failure> {
    let told = shell::output(Command::new(ensure()?.join("postgres")).arg("--version"))?;
    Ok(told.trim().to_owned())
}

fn find() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let debian = fs::read_dir(DEBIAN).into_iter().flatten().flatten().map(|version| version.path().join("bin"));
    std::env::split_paths(&path)
        .chain(debian)
        .find(|folder| ["initdb", "postgres", "pg_isready"].iter().all(|name| folder.join(name).is_file()))
}

/// A server on a port of this machine, with nothing in it; ends when dropped.
pub(crate) struct Server {
    process: Child,
    programs: PathBuf,
    port: String,
    folder: tempfile::TempDir,
}

impl Server {
    pub(crate) fn start() -> Result<Self, Failure> {
        let programs = ensure()?;
        let user = User::for_server()?;
        let folder = tempfile::tempdir().map_err(|error| format!("no folder for a database: {error}"))?;
        user.own(folder.path())?;
        let data = folder.path().join("data");
        let mut initdb = user.command(&programs.join("initdb"), folder.path());
        initdb.args(["--username=bench", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync", "--pgdata"]);
        shell::output(initdb.arg(&data))?;
        let address = free_address()?;
        let port = address.rsplit(':').next().unwrap_or_default().to_owned();
        let process = launch(&programs, &user, folder.path(), &port)?;
        let server = Self { process, programs, port, folder };
        server.ready()?;
        Ok(server)
    }

    /// One with the tables of `voronka migrate`.
    pub(crate) fn for_voronka(binary: &Path) -> Result<Self, Failure> {
        let server = Self::start()?;
        let mut migrate = Command::new(binary);
        shell::output(migrate.arg("migrate").env("VORONKA_OWNER_URL", server.address("postgres", "bench")))?;
        Ok(server)
    }

    /// Ends it without a clean stop and starts it again over what it had written.
    pub(crate) fn crash(&mut self) -> Result<(), Failure> {
        // SIGQUIT: its children leave at once, and the next start recovers from the log.
        self.end("-QUIT");
        self.process = launch(&self.programs, &User::for_server()?, self.folder.path(), &self.port)?;
        self.ready()
    }

    fn ready(&self) -> Result<(), Failure> {
        let ready = || {
            let mut ask = Command::new(self.programs.join("pg_isready"));
            ask.args(["--quiet", "--host=127.0.0.1", "--username=bench", "--dbname=postgres", "--port", &self.port]);
            ask.stdin(Stdio::null()).status().is_ok_and(|status| status.success())
        };
        if wait_until(ready, WITHIN) { Ok(()) } else { Err("PostgreSQL did not start".into()) }
    }

    fn end(&mut self, signal: &str) {
        let told = Command::new("kill").args([signal, &self.process.id().to_string()]).status();
        let ended = told.is_ok() && wait_until(|| !matches!(self.process.try_wait(), Ok(None)), WITHIN);
        if !ended {
            let _killed = self.process.kill();
            let _ended = self.process.wait();
        }
    }

    /// Its address for a client.
    pub(super) fn url(&self, scheme: &str) -> String {
        self.address(scheme, "bench")
    }

    /// The same for a role.
    pub(crate) fn address(&self, scheme: &str, role: &str) -> String {
        format!("{scheme}://{role}@127.0.0.1:{}/postgres", self.port)
    }

    /// Counts from now on.
    pub(crate) fn watch(&self) -> Watch {
        let (pid, over) = (self.process.id(), Arc::new(AtomicBool::new(false)));
        let stop = Arc::clone(&over);
        let memory = thread::spawn(move || {
            let mut most = 0.0_f64;
            while !stop.load(Ordering::Relaxed) {
                most = most.max(family(pid).into_iter().map(memory_mib).sum());
                thread::sleep(EVERY);
            }
            most
        });
        Watch { pid, before: cpu_s(pid), over, memory }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGINT is PostgreSQL's fast shutdown: its children end with it.
        self.end("-INT");
    }
}

/// Starts the server over the data below `folder`.
fn launch(programs: &Path, user: &User, folder: &Path, port: &str) -> Result<Child, Failure> {
    let log = folder.join("log");
    let log = File::options().create(true).append(true).open(&log);
    let log = log.map_err(|error| format!("PostgreSQL's log: {error}"))?;
    let mut postgres = user.command(&programs.join("postgres"), folder);
    postgres
        .args(["-c", "listen_addresses=127.0.0.1", "-p", port, "-k"])
        .arg(folder)
        .arg("-D")
        .arg(folder.join("data"));
    let process = postgres.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn();
    process.map_err(|error| format!("PostgreSQL: {error}"))
}

/// The user who may run the server: it refuses to be root's.
struct User(Option<(u32, u32)>);

impl User {
    fn for_server() -> Result<Self, Failure> {
        let number = |args: &[&str]| {
            let told = shell::output(Command::new("id").args(args))?;
            told.trim().parse::<u32>().map_err(|error| format!("id {}: {error}", args.join(" ")))
        };
        if number(&["-u"])? != 0 {
            return Ok(Self(None));
        }
        Ok(Self(Some((number(&["-u", "postgres"])?, number(&["-g", "postgres"])?))))
    }

    fn own(&self, folder: &Path) -> Result<(), Failure> {
        let Some((user, group)) = self.0 else { return Ok(()) };
        chown(folder, Some(user), Some(group)).map_err(|error| format!("{}: {error}", folder.display()))
    }

    fn command(&self, program: &Path, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(folder);
        if let Some((user, group)) = self.0 {
            command.uid(user).gid(group);
        }
        command
    }
}

/// What the server costs from one moment to another.
pub(crate) struct Watch {
    pid: u32,
    before: f64,
    over: Arc<AtomicBool>,
    memory: JoinHandle<f64>,
}

impl Watch {
    /// CPU seconds since the beginning, and the most memory in MiB.
    pub(crate) fn end(self) -> (f64, f64) {
        let used = cpu_s(self.pid) - self.before;
        self.over.store(true, Ordering::Relaxed);
        (used, self.memory.join().unwrap_or(f64::NAN))
    }
}

/// A process and its children.
fn family(root: u32) -> Vec<u32> {
    let mut all = vec![root];
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        if stat(pid).get(1).is_some_and(|parent| *parent == u64::from(root)) {
            all.push(pid);
        }
    }
    all
}

/// The numbers of a process after its name: at 1 its parent, from 11 on its ticks and those of children that ended.
fn stat(pid: u32) -> Vec<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let numbers = text.rsplit_once(')').map(|(_, rest)| rest).unwrap_or_default().split_whitespace();
    // The state is a letter, some limits are negative: neither is asked for.
    numbers.map(|number| number.parse().unwrap_or_default()).collect()
}

/// CPU seconds of a server so far: its own, its children's, and those of children that ended.
fn cpu_s(root: u32) -> f64 {
    let ticks = |pid: u32, fields: std::ops::RangeInclusive<usize>| -> u64 {
        stat(pid).get(fields).map_or(0, |ticks| ticks.iter().sum())
    };
    let all = family(root).into_iter().map(|pid| if pid == root { ticks(pid, 11..=14) } else { ticks(pid, 11..=12) });
    let a_second = shell::output(Command::new(TICKS[0]).arg(TICKS[1]));
    let a_second = a_second.ok().and_then(|ticks| ticks.trim().parse::<f64>().ok()).unwrap_or(100.0);
    #[expect(clippy::cast_precision_loss, reason = "ticks of some minutes")]
    let sum = all.sum::<u64>() as f64;
    sum / a_second
}

/// Memory of a process without files, its share of what it has in common with others.
fn memory_mib(pid: u32) -> f64 {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let fields: HashMap<&str, f64> = rollup
        .lines()
        .filter_map(|line| {
            let (name, rest) = line.split_once(':')?;
            Some((name, rest.split_whitespace().next()?.parse().ok()?))
        })
        .collect();
    ["Pss_Anon", "Pss_Shmem"].iter().filter_map(|name| fields.get(name)).sum::<f64>() / 1024.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_costs_time_and_memory() {
        let own = std::process::id();
        assert!(memory_mib(own) > 0.0, "some");
        assert!(stat(own).len() > 14 && stat(own)[1] > 0);
        assert!(family(own).contains(&own));
        assert!(memory_mib(u32::MAX) == 0.0 && stat(u32::MAX).is_empty(), "nobody's is nothing");
    }
}
