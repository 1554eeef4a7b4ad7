//! The workspace as cargo sees it, read once.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, PackageId};

/// The repository's root.
pub(crate) fn root() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| {
        // Asked at run time: worktrees that share a target folder share this binary's source, not its place.
        let own = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").to_owned());
        Path::new(&own).parent().expect("the crate lies in the repository").to_path_buf()
    })
}

/// `cargo metadata`, with the dependencies of this platform: those of others need not be fetched.
pub(crate) fn metadata() -> &'static Metadata {
    static METADATA: OnceLock<Metadata> = OnceLock::new();
    METADATA.get_or_init(|| {
        let rustc = Command::new("rustc").arg("-vV").output().expect("rustc runs");
        let told = String::from_utf8_lossy(&rustc.stdout);
        let host = told.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc names its host");
        let mut command = MetadataCommand::new();
        command.manifest_path(root().join("Cargo.toml"));
        command.other_options(["--filter-platform".to_owned(), host.to_owned()]);
        command.exec().expect("cargo metadata answers")
    })
}

/// Names of all packages that a package needs to be built and run, its own first.
pub(crate) fn closure(name: &str) -> Vec<String> {
    let metadata = metadata();
    let nodes = &metadata.resolve.as_ref().expect("cargo resolves the graph").nodes;
    let package = metadata.packages.iter().find(|package| package.name.as_str() == name).expect("a package of ours");
    let mut found: Vec<&PackageId> = vec![&package.id];
    let mut at = 0;
    while let Some(id) = found.get(at).copied() {
        at += 1;
        let node = nodes.iter().find(|node| node.id == *id).expect("every package is in the graph");
        for dependency in &node.deps {
            let is_needed = dependency.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal);
            if is_needed && !found.contains(&&dependency.pkg) {
                found.push(&dependency.pkg);
            }
        }
    }
    found.into_iter().map(|id| metadata[id].name.to_string()).collect()
}
