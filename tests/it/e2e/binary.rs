//! The binary as a process.

use std::{
    fs::File,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command as Blocking, ExitStatus, Stdio},
    sync::OnceLock,
};

use tokio::process::{Child, Command};

use super::http;
use crate::workspace::root;

/// The binary that is tested.
pub(crate) fn path() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| std::env::var_os("VORONKA_BIN").map_or_else(build, PathBuf::from))
}

/// For `cargo test` without the chore: builds the binary as the workspace's tests are built.
fn build() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Blocking::new(cargo)
        .current_dir(root())
        .args(["build", "--package", "voronka", "--message-format=json"])
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo runs");
    assert!(built.status.success(), "the binary is built");
    let messages = String::from_utf8(built.stdout).expect("cargo writes UTF-8");
    let mut paths = messages.lines().rev().filter_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        let is_it = message["reason"] == "compiler-artifact" && message["target"]["name"] == "voronka";
        message["executable"].as_str().filter(|_| is_it).map(PathBuf::from)
    });
    paths.next().expect("cargo tells where the binary is")
}

/// The binary with nothing of the tester's own environment that could change what it does.
pub(crate) fn command() -> Command {
    let mut command = Command::new(path());
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let matters =
            ["VORONKA_", "OPENAI_", "YANDEX_", "TELEGRAM_", "LC_"].iter().any(|start| text.starts_with(start))
                || text == "DATABASE_URL";
        if matters || text.to_lowercase().ends_with("_proxy") {
            command.env_remove(&name);
        }
    }
    command.env("LANG", "en_US.UTF-8").stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
    command
}

/// A port that nobody listens on just now.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port()
}

/// Runs to the end; its exit code and what it wrote to standard error.
pub(crate) async fn fails(command: &mut Command) -> (Option<i32>, String) {
    let ended = tokio::time::timeout(super::PATIENCE, command.stderr(Stdio::piped()).output());
    let output = ended.await.expect("it ends by itself").expect("it starts");
    (output.status.code(), String::from_utf8(output.stderr).expect("UTF-8"))
}

/// A server that runs.
pub(crate) struct Server {
    child: Child,
    pub(crate) port: u16,
    log: PathBuf,
}

impl Server {
    /// Starts it and waits until it answers.
    pub(crate) async fn start(mut command: Command, port: u16, log: &Path) -> Self {
        let file = File::options().create(true).append(true).open(log).expect("a file for the log");
        let child = command.stderr(file).spawn().expect("the binary starts");
        let mut server = Self { child, port, log: log.to_path_buf() };
        let (client, url) = (http(), server.url("/healthz"));
        let mut ticks = tokio::time::interval(super::LOOK_EVERY);
        let deadline = tokio::time::Instant::now() + super::PATIENCE;
        while !client.get(&url).send().await.is_ok_and(|answer| answer.status() == 200) {
            ticks.tick().await;
            let ended = server.child.try_wait().expect("the process can be asked");
            assert!(ended.is_none(), "it ended ({ended:?}):\n{}", server.log());
            assert!(tokio::time::Instant::now() < deadline, "it does not answer:\n{}", server.log());
        }
        server
    }

    /// `demo` on a free port.
    pub(crate) async fn demo(data: &Path) -> Self {
        Self::demo_on(data, free_port()).await
    }

    pub(crate) async fn demo_on(data: &Path, port: u16) -> Self {
        let mut command = command();
        command.args(["demo", "--port", &port.to_string(), "--data"]).arg(data).current_dir(std::env::temp_dir());
        Self::start(command, port, &data.with_extension("log")).await
    }

    /// `run` on a free port.
    pub(crate) async fn run(partners: &Path, data: &Path) -> Self {
        Self::run_on(partners, data, free_port()).await
    }

    pub(crate) async fn run_on(partners: &Path, data: &Path, port: u16) -> Self {
        Self::run_so(partners, data, port, |_command| {}).await
    }

    /// The same with something more on the command line or in the environment.
    pub(crate) async fn run_with(partners: &Path, data: &Path, more: impl FnOnce(&mut Command)) -> Self {
        Self::run_so(partners, data, free_port(), more).await
    }

    pub(crate) async fn run_so(partners: &Path, data: &Path, port: u16, more: impl FnOnce(&mut Command)) -> Self {
        let listen = format!("127.0.0.1:{port}");
        let mut command = command();
        command.arg("run").arg("--partners").arg(partners).arg("--data").arg(data);
        command.args(["--listen", &listen, "--public-url", &format!("http://{listen}")]);
        more(&mut command);
        Self::start(command, port, &data.with_extension("log")).await
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// As the power cut does.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.expect("it can be killed");
    }

    /// As an operator or systemd does.
    pub(crate) async fn stop(mut self) -> ExitStatus {
        self.signal("TERM").await;
        let ended = tokio::time::timeout(super::PATIENCE, self.child.wait());
        ended.await.expect("it stops when it is asked").expect("its end is seen")
    }

    async fn signal(&self, name: &str) {
        let id = self.child.id().expect("it runs").to_string();
        let sent = Command::new("sh").args(["-c", "kill -s \"$0\" \"$1\"", name, &id]).status().await;
        assert!(sent.expect("sh runs").success());
    }
}
