//! `voronka deploy`: this program and partners' folders to a server, over the system's own ssh. What is not well there in time
//! goes back to what was before, by itself; what was broken off goes back when it is asked for.

mod remote;

use std::{
    borrow::Cow,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process::ExitCode,
};

use serde_json::json;
use sha2::{Digest, Sha256};
use voronka_core::ids::PartnerId;

use self::remote::{Broken, Remote, Step};
use crate::{
    cli::Deploy,
    out::{self, Problem, Told, unreadable},
    texts::Texts,
};

/// What systemd is told, as in the guide.
const UNIT: &str = include_str!("../../../../deploy/voronka.service");

/// Ends with 0: it serves there, or what was broken off is undone; 1: it does not, and what was before does.
pub(crate) fn run(wish: &Deploy, texts: &Texts) -> Result<ExitCode, Problem> {
    let remote = Remote { ssh: &wish.ssh, host: &wish.host };
    if wish.undo { undo(&remote, wish, texts) } else { deploy(&remote, wish, texts) }
}

fn deploy(remote: &Remote<'_>, wish: &Deploy, texts: &Texts) -> Result<ExitCode, Problem> {
    let told = Told::of(wish.json);
    let load = Load::of(wish)?;
    let found = Found::by(remote)?;
    found.fits(&load, &wish.host)?;
    tell(told, texts, "plan", &load.plan(&found, &wish.host));
    if wish.dry_run {
        return Ok(ExitCode::SUCCESS);
    }
    done(remote.run(Step::Begin, &[], io::empty()), "begin")?;
    // From here on the server is to be left as it was found, whatever happens.
    match bring(remote, &load, wish.wait, texts, told) {
        Ok(()) => {
            done(remote.run(Step::End, &[], io::empty()), "end")?;
            tell(told, texts, "well", &[("host", Cow::from(&*wish.host))]);
            Ok(ExitCode::SUCCESS)
        }
        Err(problem) => {
            out::problem(&problem, texts);
            go_back(remote, wish, texts)?;
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Of a deploy that was broken off before it could return by itself.
fn undo(remote: &Remote<'_>, wish: &Deploy, texts: &Texts) -> Result<ExitCode, Problem> {
    if !Found::by(remote)?.is_begun {
        return Err(Problem::new("deploy-nothing-begun", vec![("host", wish.host.clone())]));
    }
    go_back(remote, wish, texts)?;
    Ok(ExitCode::SUCCESS)
}

fn go_back(remote: &Remote<'_>, wish: &Deploy, texts: &Texts) -> Result<(), Problem> {
    let (told, host) = (Told::of(wish.json), ("host", Cow::from(&*wish.host)));
    tell(told, texts, "returning", std::slice::from_ref(&host));
    let said = done(remote.run(Step::Return, &[&wish.wait.to_string()], io::empty()), "return");
    let said = said.map_err(|problem| problem.hint("deploy-return-hint"))?;
    tell(told, texts, "returned", &[host, ("version", value(&said, "returned").unwrap_or_default().into())]);
    Ok(())
}

/// What is brought.
struct Load {
    program: PathBuf,
    sum: String,
    partners: Vec<(PartnerId, PathBuf)>,
}

impl Load {
    fn of(wish: &Deploy) -> Result<Self, Problem> {
        let program = match &wish.binary {
            Some(path) => path.clone(),
            None => std::env::current_exe().map_err(|error| unreadable(Path::new("voronka"), &error))?,
        };
        let mut sum = Sha256::new();
        let read = File::open(&program).and_then(|mut file| io::copy(&mut file, &mut HashInto(&mut sum)));
        read.map_err(|error| unreadable(&program, &error))?;
        let partners = wish.partner.iter().map(|partner| {
            let folder = wish.partners.join(partner.as_str());
            let is_there = folder.join("config.yaml").is_file();
            is_there.then(|| (partner.clone(), folder)).ok_or_else(|| super::partner::unknown(partner, &wish.partners))
        });
        Ok(Self { program, sum: hex::encode(sum.finalize()), partners: partners.collect::<Result<_, _>>()? })
    }

    /// Its name on the server: of two builds of one version each has its own.
    fn version(&self) -> String {
        format!("voronka-{}-{}", env!("CARGO_PKG_VERSION"), &self.sum[..12])
    }

    fn names(&self) -> Vec<&str> {
        self.partners.iter().map(|(partner, _)| partner.as_str()).collect()
    }

    fn plan(&self, found: &Found, host: &str) -> [(&'static str, Cow<'static, str>); 4] {
        let before = found.version.clone().unwrap_or_else(|| "—".to_owned());
        let partners = if self.partners.is_empty() { "—".to_owned() } else { self.names().join(", ") };
        [
            ("host", host.to_owned().into()),
            ("before", before.into()),
            ("version", self.version().into()),
            ("partners", partners.into()),
        ]
    }
}

struct HashInto<'a>(&'a mut Sha256);

impl io::Write for HashInto<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// How it stands with the server.
struct Found {
    machine: String,
    has_systemd: bool,
    version: Option<String>,
    /// A deploy is under way, or was broken off.
    is_begun: bool,
}

impl Found {
    fn by(remote: &Remote<'_>) -> Result<Self, Problem> {
        done(remote.run(Step::Look, &[], io::empty()), "look").map(|said| Self::read(&said))
    }

    fn read(said: &str) -> Self {
        Self {
            machine: value(said, "machine").unwrap_or_default().to_owned(),
            has_systemd: value(said, "systemd") == Some("yes"),
            version: value(said, "version").map(str::to_owned),
            is_begun: value(said, "begun") == Some("yes"),
        }
    }

    /// Whether what is brought can run there at all.
    fn fits(&self, load: &Load, host: &str) -> Result<(), Problem> {
        let refused = |key, more: Option<(&'static str, String)>| {
            let mut args = vec![("host", host.to_owned())];
            args.extend(more);
            Err(Problem::new(key, args))
        };
        if !self.has_systemd {
            return refused("deploy-no-systemd", None);
        }
        if self.is_begun {
            return refused("deploy-begun", None).map_err(|problem| problem.hint("deploy-begun-hint"));
        }
        match machine_of(&load.program) {
            Some(ours) if ours != self.machine => {
                refused("deploy-other-machine", Some(("machine", self.machine.clone())))
            }
            _ => Ok(()),
        }
    }
}

/// The machine that a program is for, as `uname -m` names it: the number at a fixed place of an ELF file.
fn machine_of(program: &Path) -> Option<&'static str> {
    use io::Read;
    let mut head = [0; 20];
    File::open(program).and_then(|mut file| file.read_exact(&mut head)).ok()?;
    match (&head[..4], u16::from_le_bytes([head[18], head[19]])) {
        (b"\x7fELF", 62) => Some("x86_64"),
        (b"\x7fELF", 183) => Some("aarch64"),
        _ => None,
    }
}

/// Brings all, switches to it and waits until it is well.
fn bring(remote: &Remote<'_>, load: &Load, wait: u32, texts: &Texts, told: Told) -> Result<(), Problem> {
    let version = load.version();
    let program = File::open(&load.program).map_err(|error| unreadable(&load.program, &error))?;
    tell(told, texts, "step", &[("what", version.clone().into())]);
    done(remote.run(Step::Binary, &[&version, &load.sum], program), "binary")?;
    done(remote.run(Step::Unit, &[], UNIT.as_bytes()), "unit")?;
    for (partner, folder) in &load.partners {
        tell(told, texts, "step", &[("what", partner.to_string().into())]);
        let packed = packed(folder).map_err(|error| unreadable(folder, &error))?;
        done(remote.run(Step::Partner, &[partner.as_str(), &version], &*packed), "partner")?;
    }
    let seconds = wait.to_string();
    let and_partners = |first| [&[first], &*load.names()].concat();
    done(remote.run(Step::Switch, &and_partners(&*version), io::empty()), "switch")?;
    tell(told, texts, "checking", &[("seconds", seconds.clone().into())]);
    done(remote.run(Step::Check, &and_partners(&*seconds), io::empty()), "check")?;
    Ok(())
}

/// A folder's files and no links: what a link leads to stays here.
fn packed(folder: &Path) -> io::Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    tar.follow_symlinks(false);
    let mut folders = vec![PathBuf::new()];
    while let Some(inner) = folders.pop() {
        for entry in fs::read_dir(folder.join(&inner))? {
            let entry = entry?;
            let (name, kind) = (inner.join(entry.file_name()), entry.file_type()?);
            if kind.is_dir() {
                folders.push(name);
            } else if kind.is_file() {
                tar.append_path_with_name(entry.path(), &name)?;
            }
        }
    }
    tar.into_inner()
}

/// What a step said, or why it was not done.
fn done(said: Result<String, Broken>, step: &'static str) -> Result<String, Problem> {
    said.map_err(|broken| match broken {
        Broken::NoSsh(error) => Problem::new("deploy-no-ssh", vec![("cause", error.to_string())]),
        Broken::Unreachable => Problem::new("deploy-unreachable", Vec::new()).hint("deploy-unreachable-hint"),
        Broken::Refused => Problem::new("deploy-step-failed", vec![("step", step.to_owned())]),
    })
}

/// The value of `name=value` among lines.
fn value<'a>(said: &'a str, name: &str) -> Option<&'a str> {
    said.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
}

/// A step of the way: a line for people, or one of JSON.
fn tell(told: Told, texts: &Texts, event: &'static str, args: &[(&'static str, Cow<'_, str>)]) {
    match told {
        Told::ToPeople => out::note(&texts.get(&format!("deploy-{event}"), args)),
        Told::ToPrograms => {
            let mut line = json!({"event": event});
            for (name, value) in args {
                line[*name] = json!(value);
            }
            out::line(&line.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_says_what_machine_it_is_for() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("program");
        let elf = |machine: u16| {
            let mut head = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0".to_vec();
            head.extend(machine.to_le_bytes());
            head
        };
        for (bytes, machine) in [
            (elf(62), Some("x86_64")),
            (elf(183), Some("aarch64")),
            (elf(40), None),
            (b"#!/bin/sh\nexit 0 # some more\n".to_vec(), None),
            (Vec::new(), None),
        ] {
            fs::write(&program, bytes).unwrap();
            assert_eq!(machine_of(&program), machine);
        }
    }

    #[test]
    fn a_folder_is_packed_without_what_its_links_lead_to() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("knowledge")).unwrap();
        fs::write(folder.path().join("config.yaml"), "name: Корица\n").unwrap();
        fs::write(folder.path().join("knowledge/a.md"), "# А\n").unwrap();
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("knowledge/b.md")).unwrap();
        let packed = packed(folder.path()).unwrap();
        let mut tar = tar::Archive::new(&*packed);
        let mut names: Vec<String> =
            tar.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().display().to_string()).collect();
        names.sort();
        assert_eq!(names, ["config.yaml", "knowledge/a.md"]);
    }
}
