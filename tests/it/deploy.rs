//! What `deploy/` starts is shut in as our security rules ask, and the files agree with one another.

use std::{
    fs,
    path::{Component, Path, PathBuf},
    process::Command,
};

use crate::{
    house::{files, read},
    workspace::root,
};

/// What every unit must say (`SECURITY.md`, *House*).
const KEYS: &[&str] = &[
    "NoNewPrivileges=yes",
    "CapabilityBoundingSet=",
    "ProtectSystem=strict",
    "ProtectHome=yes",
    "PrivateTmp=yes",
    "PrivateDevices=yes",
    "PrivateUsers=yes",
    "ProtectProc=invisible",
    "ProcSubset=pid",
    "ProtectClock=yes",
    "ProtectHostname=yes",
    "ProtectControlGroups=yes",
    "ProtectKernelTunables=yes",
    "ProtectKernelModules=yes",
    "ProtectKernelLogs=yes",
    "RestrictNamespaces=yes",
    "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes",
    "LockPersonality=yes",
    "MemoryDenyWriteExecute=yes",
    "UMask=0077",
    "SystemCallArchitectures=native",
    "SystemCallFilter=@system-service",
    "SystemCallFilter=~@privileged @resources",
    "LimitCORE=0",
    "User=voronka",
];
const UNITS: &[&str] = &["voronka.service", "voronka@.service", "voronka-backup.service"];

fn file(name: &str) -> String {
    let path = root().join("deploy").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn s_66_unit_exposure_1_5() {
    for unit in UNITS {
        let text = file(unit);
        for key in KEYS {
            assert!(text.lines().any(|line| line == *key), "{unit} lacks {key}");
        }
        let families = text.lines().find_map(|line| line.strip_prefix("RestrictAddressFamilies=")).unwrap_or_default();
        let known = ["AF_INET", "AF_INET6", "AF_UNIX"];
        assert!(
            !families.is_empty() && families.split(' ').all(|family| known.contains(&family)),
            "{unit}: {families}"
        );
        // Where systemd is installed it is asked itself.
        let mut judge = Command::new("systemd-analyze");
        judge
            .args(["security", "--offline=true", "--no-pager", "--threshold=15"])
            .arg(root().join("deploy").join(unit));
        if let Ok(judged) = judge.output() {
            assert!(judged.status.success(), "{unit}: {}", String::from_utf8_lossy(&judged.stdout));
        }
    }
}

#[test]
fn containers_have_no_rights_no_shell_and_a_user_of_their_own() {
    let image = file("Dockerfile");
    let last = image.rsplit("\nFROM ").next().unwrap_or_default();
    assert!(last.starts_with("gcr.io/distroless/"), "the image that is shipped has no shell");
    for line in ["USER 10001:10001", "--probe", "--locked"] {
        assert!(image.contains(line), "{line}");
    }
    let compose = file("compose.yaml");
    for line in ["read_only: true", "cap_drop: [ALL]", "pids_limit: 256", "no-new-privileges:true", "10001:10001"] {
        assert!(compose.contains(line), "{line}");
    }
}

/// What a source compiles in, as a path of the repository.
fn compiled_in(source: &Path) -> Vec<PathBuf> {
    let text = read(source);
    let folder = source.parent().expect("a file lies in a folder");
    let krate = folder.ancestors().find(|folder| folder.join("Cargo.toml").is_file()).expect("a source is of a crate");
    let named = ["include_str!(\"", "include_bytes!(\"", "include_dir!(\""].iter().flat_map(|call| {
        let rests = text.split(call).skip(1);
        rests.filter_map(|rest| rest.split('"').next()).collect::<Vec<_>>()
    });
    let path = |named: &str| match named.strip_prefix("$CARGO_MANIFEST_DIR/") {
        Some(inner) => normal(&krate.join(inner)),
        None => normal(&folder.join(named)),
    };
    named.map(path).collect()
}

/// Without `..`, below the repository's root.
fn normal(path: &Path) -> PathBuf {
    let mut parts: Vec<Component<'_>> = Vec::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let path: PathBuf = parts.into_iter().collect();
    path.strip_prefix(root()).expect("nothing is taken from outside the repository").to_path_buf()
}

#[test]
fn all_that_is_compiled_in_comes_into_the_container_s_build() {
    let ignored = file("Dockerfile.dockerignore");
    assert_eq!(ignored.lines().next(), Some("*"), "only what is named is let in");
    let let_in: Vec<&str> = ignored.lines().filter_map(|line| line.strip_prefix('!')).collect();
    let mut sources = Vec::new();
    files(&root().join("crates"), "rs", &mut sources);
    let compiled: Vec<PathBuf> = sources.iter().flat_map(|source| compiled_in(source)).collect();
    assert!(compiled.iter().any(|path| !path.starts_with("crates")), "paths out of their crates are found");
    for path in compiled {
        assert!(let_in.iter().any(|folder| path.starts_with(folder)), "{} does not come in", path.display());
    }
}

#[test]
fn the_proxy_lets_through_what_is_for_the_outside() {
    let caddy = file("Caddyfile");
    assert!(caddy.contains("path /hook/* /chat/* /media/* /r/* /healthz /readyz\n") && !caddy.contains("/metrics"));
    // nginx as the guides show it does the same.
    for guide in ["docs/book/en/src/operate/run.md", "docs/book/ru/src/operate/run.md"] {
        let text = read(&root().join(guide));
        let nginx = text.split("```nginx").nth(1).and_then(|rest| rest.split("```").next()).unwrap_or_default();
        assert!(nginx.contains("location ~ ^/(hook/|chat/|media/|r/|healthz$|readyz$) {"), "{guide}");
        let servers: Vec<&str> = nginx.split("\nserver {").skip(1).collect();
        assert_eq!(servers.len(), 2, "{guide}: the public name and that of the owner's pages");
        for line in
            ["Strict-Transport-Security", "X-Forwarded-For", "proxy_set_header Host $host", "proxy_buffering off"]
        {
            assert!(servers.iter().all(|server| server.contains(line)), "{guide}: {line}");
        }
    }
    // Names of partners' own: none without asking, and nothing but pages.
    assert!(caddy.contains("/tls/allowed\n") && caddy.contains("path / /chat/* /media/* /r/* /admin /admin/*\n"));
    // Where Caddy is installed it is asked itself.
    let mut judge = Command::new("caddy");
    judge.args(["adapt", "--config"]).arg(root().join("deploy/Caddyfile"));
    judge.envs([("VORONKA_DOMAIN", "bot.example"), ("VORONKA_ADMIN_DOMAIN", "admin.example")]);
    if let Ok(judged) = judge.output() {
        assert!(judged.status.success(), "{}", String::from_utf8_lossy(&judged.stderr));
    }
}
