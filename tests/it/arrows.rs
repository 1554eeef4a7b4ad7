//! Who may depend on whom (DESIGN §4): arrows point inwards.

use std::path::Path;

use cargo_metadata::DependencyKind;

use crate::workspace::{closure, metadata, root};

/// Where in the house a crate stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Core,
    Engine,
    Testkit,
    Channel,
    Model,
    /// The one way out of the house, for channels and models.
    Http,
    /// What all models share: retries, fallback, limits.
    Resilience,
    Adapter,
    App,
    /// `xtask` and `tests`: they drive what is built.
    Outside,
}

/// A dependency of one crate of ours on another.
#[derive(Debug, Clone)]
struct Arrow {
    from: String,
    to: String,
    kind: DependencyKind,
}

fn place(folder: &str) -> Option<Place> {
    let parts: Vec<&str> = folder.split('/').collect();
    Some(match parts.as_slice() {
        ["crates", "core"] => Place::Core,
        ["crates", "engine"] => Place::Engine,
        ["crates", "testkit"] => Place::Testkit,
        ["crates", "http"] => Place::Http,
        ["crates", "channels", _] => Place::Channel,
        ["crates", "llm", "resilience"] => Place::Resilience,
        ["crates", "llm", _] => Place::Model,
        ["crates", "adapters", _] => Place::Adapter,
        ["crates", "app"] => Place::App,
        ["xtask" | "tests"] => Place::Outside,
        _ => return None,
    })
}

/// Whether a crate that stands at `from` may depend on one at `to`.
fn may(from: Place, to: Place, kind: DependencyKind) -> bool {
    // Tests of any crate may use the fakes and the suites.
    if kind == DependencyKind::Development && to == Place::Testkit {
        return from != Place::Outside;
    }
    // The engine's promises about restarts are worth nothing over a fake alone: they are tried on a real store as well. What
    // is shipped does not change.
    if kind == DependencyKind::Development && from == Place::Engine && to == Place::Adapter {
        return true;
    }
    match from {
        Place::Core | Place::Http | Place::Outside => false,
        Place::Engine | Place::Adapter => to == Place::Core,
        Place::Channel | Place::Resilience => matches!(to, Place::Core | Place::Http),
        Place::Model => matches!(to, Place::Core | Place::Resilience),
        Place::Testkit => matches!(to, Place::Core | Place::Engine),
        Place::App => matches!(
            to,
            Place::Core | Place::Engine | Place::Channel | Place::Model | Place::Resilience | Place::Adapter
        ),
    }
}

/// The arrows that point the wrong way, and the crates that stand nowhere.
fn wrong(arrows: &[Arrow]) -> Vec<String> {
    let mut found = Vec::new();
    for arrow in arrows {
        let Arrow { from, to, kind } = arrow;
        match (place(from), place(to)) {
            (Some(inner), Some(outer)) if may(inner, outer, *kind) => {}
            (Some(_), Some(_)) => found.push(format!("{from} must not depend on {to} ({kind})")),
            (None, _) => found.push(format!("{from} has no place in the house: decide what it may depend on")),
            (_, None) => found.push(format!("{to} has no place in the house: decide who may depend on it")),
        }
    }
    found.dedup();
    found
}

/// The folder of a manifest, relative to the repository.
fn folder(manifest: &Path) -> String {
    let folder = manifest.parent().expect("a manifest lies in a folder");
    folder.strip_prefix(root()).expect("crates of ours lie in the repository").display().to_string()
}

fn our_arrows() -> Vec<Arrow> {
    let packages = metadata().workspace_packages();
    let folder_of = |name: &str| {
        let package = packages.iter().find(|package| package.name.as_str() == name)?;
        Some(folder(package.manifest_path.as_std_path()))
    };
    let mut arrows = Vec::new();
    for package in &packages {
        for dependency in &package.dependencies {
            let Some(to) = folder_of(&dependency.name) else { continue };
            let from = folder(package.manifest_path.as_std_path());
            arrows.push(Arrow { from, to, kind: dependency.kind });
        }
    }
    arrows
}

#[test]
fn arrows_point_inwards() {
    let arrows = our_arrows();
    assert!(arrows.len() > 10, "the graph was read: {arrows:?}");
    assert_eq!(wrong(&arrows), Vec::<String>::new());
}

#[test]
fn every_crate_has_its_place() {
    for package in metadata().workspace_packages() {
        let folder = folder(package.manifest_path.as_std_path());
        assert!(place(&folder).is_some(), "{folder}");
    }
}

#[test]
fn an_arrow_that_points_outwards_is_found() {
    use DependencyKind::{Build, Development, Normal};
    let arrow = |from: &str, to: &str, kind| Arrow { from: from.to_owned(), to: to.to_owned(), kind };
    for (from, to, kind) in [
        ("crates/core", "crates/engine", Normal),
        ("crates/core", "crates/adapters/sqlite", Development),
        ("crates/engine", "crates/adapters/sqlite", Normal),
        ("crates/engine", "crates/testkit", Normal),
        ("crates/channels/telegram", "crates/engine", Normal),
        ("crates/channels/telegram", "crates/channels/web", Normal),
        ("crates/channels/vk", "crates/llm/resilience", Normal),
        ("crates/llm/openai", "crates/llm/yandex", Normal),
        ("crates/llm/resilience", "crates/llm/openai", Normal),
        ("crates/adapters/knowledge", "crates/adapters/sqlite", Build),
        ("crates/adapters/sqlite", "crates/app", Normal),
        ("crates/testkit", "crates/adapters/sqlite", Normal),
        ("crates/app", "crates/testkit", Normal),
        ("tests", "crates/core", Normal),
        ("xtask", "crates/core", Build),
        ("crates/http", "crates/core", Normal),
        ("crates/core", "crates/http", Normal),
        ("crates/engine", "crates/http", Normal),
        ("crates/llm/openai", "crates/http", Normal),
        ("crates/helpers", "crates/core", Normal),
        ("crates/app", "crates/helpers", Normal),
    ] {
        assert_eq!(wrong(&[arrow(from, to, kind)]).len(), 1, "{from} → {to}");
    }
    for (from, to, kind) in [
        ("crates/core", "crates/testkit", Development),
        ("crates/engine", "crates/core", Normal),
        ("crates/adapters/sqlite", "crates/testkit", Development),
        ("crates/engine", "crates/adapters/sqlite", Development),
        ("crates/llm/openai", "crates/llm/resilience", Normal),
        ("crates/llm/resilience", "crates/http", Normal),
        ("crates/channels/telegram", "crates/http", Normal),
        ("crates/testkit", "crates/engine", Normal),
        ("crates/app", "crates/adapters/sqlite", Normal),
    ] {
        assert_eq!(wrong(&[arrow(from, to, kind)]), Vec::<String>::new());
    }
}

/// What must not be needed to build or run Voronka: a second TLS, or a build tool that a fresh machine lacks.
const BANNED: [&str; 5] = ["openssl-sys", "openssl", "native-tls", "aws-lc-sys", "cmake"];

#[test]
fn one_tls_is_linked_and_it_needs_no_build_tools() {
    // The lock file knows the graph of every platform.
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).expect("Cargo.lock is part of the repository");
    let has = |name: &str| lock.contains(&format!("\nname = \"{name}\"\n"));
    assert!(has("ring"), "the lock file was read");
    for banned in BANNED {
        assert!(!has(banned), "cargo tree --target all -i {banned} tells who brings it");
    }
}

/// I/O, runtimes, servers, clients, stores: the core is decided without them.
const NOT_IN_CORE: [&str; 19] = [
    "tokio",
    "tokio-util",
    "mio",
    "socket2",
    "async-std",
    "smol",
    "reqwest",
    "hyper",
    "axum",
    "tower",
    "rustls",
    "rusqlite",
    "sqlx",
    "tokio-postgres",
    "tantivy",
    "tracing-subscriber",
    "governor",
    "notify",
    "clap",
];

#[test]
fn the_core_needs_no_runtime_and_no_io() {
    let needs = closure("voronka-core");
    assert!(needs.iter().any(|name| name == "serde"), "the graph was read: {needs:?}");
    for name in NOT_IN_CORE {
        assert!(!needs.iter().any(|found| found == name), "voronka-core needs {name}");
    }
}

#[test]
fn an_embedder_of_the_engine_takes_no_store_messenger_or_web_server_along() {
    let needs = closure("voronka-engine");
    assert!(needs.iter().any(|name| name == "tokio"), "the graph was read: {needs:?}");
    for name in ["rusqlite", "axum", "reqwest", "tantivy", "clap"] {
        assert!(!needs.iter().any(|found| found == name), "voronka-engine needs {name}");
    }
}
