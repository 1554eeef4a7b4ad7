//! The other machine: a step is one call of ssh, and its program is sent along with it.

use std::{
    io::{self, Read},
    process::{Command, Stdio},
    thread,
};

/// What is done there; see the file for what each step takes.
const PROGRAM: &str = include_str!("remote.sh");
/// ssh's own exit code where it came to no connection.
const NO_CONNECTION: i32 = 255;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Look,
    Begin,
    Binary,
    Unit,
    Partner,
    Switch,
    Check,
    Return,
    End,
}

impl Step {
    fn name(self) -> &'static str {
        match self {
            Self::Look => "look",
            Self::Begin => "begin",
            Self::Binary => "binary",
            Self::Unit => "unit",
            Self::Partner => "partner",
            Self::Switch => "switch",
            Self::Check => "check",
            Self::Return => "return",
            Self::End => "end",
        }
    }
}

/// Why a step was not done.
#[derive(Debug)]
pub(super) enum Broken {
    /// There is no such program here.
    NoSsh(io::Error),
    /// ssh told why.
    Unreachable,
    /// The step told why.
    Refused,
}

/// How the machine is reached. Keys, ports and jumps are the affair of ssh's own settings.
pub(super) struct Remote<'a> {
    /// The program with its options, apart by blanks.
    pub(super) ssh: &'a str,
    pub(super) host: &'a str,
}

impl Remote<'_> {
    /// Does a step there as root; what it said. What went wrong it tells the person itself.
    pub(super) fn run(&self, step: Step, args: &[&str], mut data: impl Read + Send) -> Result<String, Broken> {
        let mut words = self.ssh.split_whitespace();
        let mut ssh = Command::new(words.next().unwrap_or("ssh"));
        // Behind `--` no host name is taken for an option.
        ssh.args(words).arg("--").arg(self.host).arg(command(step, args));
        ssh.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = ssh.spawn().map_err(Broken::NoSsh)?;
        let mut stdin = child.stdin.take();
        let done = thread::scope(|scope| {
            scope.spawn(move || {
                // A step that ends before it has read all has told why.
                let _sent = stdin.as_mut().map(|stdin| io::copy(&mut data, stdin));
            });
            child.wait_with_output()
        });
        let done = done.map_err(Broken::NoSsh)?;
        match done.status.code() {
            Some(0) => Ok(String::from_utf8_lossy(&done.stdout).into_owned()),
            Some(NO_CONNECTION) => Err(Broken::Unreachable),
            _ => Err(Broken::Refused),
        }
    }
}

/// What the shell there is given: the program as a word, then the step and what it takes.
fn command(step: Step, args: &[&str]) -> String {
    let program = quoted(PROGRAM);
    let words: Vec<String> = [step.name()].iter().chain(args).map(|word| quoted(word)).collect();
    let words = words.join(" ");
    format!(
        "if [ \"$(id -u)\" = 0 ] || [ -n \"${{DESTDIR:-}}\" ]; then sh -c {program} voronka {words}; \
         else sudo -n sh -c {program} voronka {words}; fi"
    )
}

/// A word that no shell takes apart.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}
