//! House rules that a machine can see.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::workspace::{metadata, root};

/// Longest file, in lines. Tests may be longer.
const FILE_LINES_MAX: usize = 800;

pub(crate) fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All files below a folder with this ending, build output aside.
pub(crate) fn files(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        if path.is_dir() {
            let is_ours = name != "target" && name != "node_modules" && !name.to_string_lossy().starts_with('.');
            if is_ours {
                files(&path, ending, found);
            }
        } else if path.extension().is_some_and(|found| found == ending) {
            found.push(path);
        }
    }
}

fn all(ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    files(root(), ending, &mut found);
    found.sort();
    found
}

#[test]
fn every_crate_keeps_the_workspaces_lints() {
    for package in metadata().workspace_packages() {
        let manifest = read(package.manifest_path.as_std_path());
        let lines: Vec<&str> = manifest.lines().map(str::trim).collect();
        let inherits = lines.windows(2).any(|pair| pair == ["[lints]", "workspace = true"]);
        assert!(inherits, "{} needs [lints] workspace = true", package.manifest_path);
    }
}

#[test]
fn every_crate_has_the_workspaces_licence_and_is_not_published() {
    for package in metadata().workspace_packages() {
        assert_eq!(package.license.as_deref(), Some("MIT OR Apache-2.0"), "{}", package.name);
        assert_eq!(package.publish.as_deref(), Some(&[][..]), "{}", package.name);
    }
    for licence in ["LICENSE-MIT", "LICENSE-APACHE"] {
        assert!(root().join(licence).is_file(), "{licence}");
    }
}

#[test]
fn no_file_is_longer_than_a_person_reads() {
    let sources = all("rs");
    assert!(sources.len() > 100, "the sources were found");
    let is_test = |path: &Path| {
        let inner = path.strip_prefix(root()).expect("found below the root");
        inner.components().any(|part| part.as_os_str() == "tests") || inner.ends_with("tests.rs")
    };
    for path in sources.iter().filter(|path| !is_test(path)) {
        let lines = read(path).lines().count();
        assert!(lines <= FILE_LINES_MAX, "{} has {lines} lines: split it", path.display());
    }
}

#[test]
fn modules_are_named_files_not_mod_rs() {
    let found: Vec<_> = all("rs").into_iter().filter(|path| path.ends_with("mod.rs")).collect();
    assert_eq!(found, Vec::<PathBuf>::new());
}

/// Where waiting for a time of the day is meant: what people agreed on, and the clocks themselves.
const CALENDAR: [&str; 5] = [
    "crates/core/src/ports/clock.rs",
    "crates/engine/src/clock.rs",
    "crates/testkit/src/clock.rs",
    "crates/testkit/src/simulation/world.rs",
    // Of tokio's own moments, which nobody sets.
    "crates/http/src/host.rs",
];

#[test]
fn only_what_people_agreed_on_waits_for_a_time_of_the_day() {
    let known: Vec<PathBuf> = CALENDAR.iter().map(|path| root().join(path)).collect();
    let crates = all("rs").into_iter().filter(|path| path.starts_with(root().join("crates")));
    let inner = |path: &Path| path.components().any(|part| part.as_os_str() == "examples");
    for path in crates.filter(|path| !inner(path) && !known.contains(path)) {
        let waits = read(&path).contains("sleep_until(");
        assert!(!waits, "{}: `clock.sleep` how long, not `sleep_until` a time that may be set", path.display());
    }
}

/// Targets of `[text](target)` in a page, outside code.
fn links(page: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for (number, block) in page.split("```").enumerate() {
        if number % 2 == 1 {
            continue;
        }
        for (at, _) in block.match_indices("](") {
            let rest = &block[at + 2..];
            found.extend(rest.find(')').map(|end| rest[..end].split([' ', '#']).next().unwrap_or_default()));
        }
    }
    found
}

#[test]
fn links_between_documents_lead_somewhere() {
    // A partner's pages are content: their links are checked by `voronka check`.
    let pages = all("md").into_iter().filter(|path| !path.starts_with(root().join("partners")));
    for page in pages.filter(|path| !path.to_string_lossy().contains("/fixtures/")) {
        for link in links(&read(&page)) {
            if link.is_empty() || link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let target = page.parent().expect("a page lies in a folder").join(link);
            assert!(target.exists(), "{}: {link} leads nowhere", page.display());
        }
    }
}

#[test]
fn links_are_found_outside_code_alone() {
    let page = "[a](b.md) ![c](d.png \"title\")\n```\n[x](y.md)\n```\n[e](f.md#part) [g](#here)";
    assert_eq!(links(page), ["b.md", "d.png", "f.md", ""]);
}

/// The licences that `deny.toml` allows.
fn allowed_licences() -> Vec<String> {
    let deny = read(&root().join("deny.toml"));
    let list =
        deny.split("allow = [").nth(1).and_then(|rest| rest.split(']').next()).expect("deny.toml lists licences");
    let names = list.lines().flat_map(|line| line.split('#').next().unwrap_or_default().split(','));
    names.map(|name| name.trim().trim_matches('"').to_owned()).filter(|name| !name.is_empty()).collect()
}

/// Whether an SPDX expression can be met by allowed licences alone. `/` is how old manifests write OR.
fn is_met(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut tokens = spaced.split_whitespace().peekable();
    any_of(&mut tokens, allowed)
}

type Tokens<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn any_of(tokens: &mut Tokens<'_>, allowed: &[String]) -> bool {
    let mut met = all_of(tokens, allowed);
    while tokens.next_if_eq(&"OR").is_some() {
        met |= all_of(tokens, allowed);
    }
    met
}

fn all_of(tokens: &mut Tokens<'_>, allowed: &[String]) -> bool {
    let mut met = one(tokens, allowed);
    while tokens.next_if_eq(&"AND").is_some() {
        met &= one(tokens, allowed);
    }
    met
}

fn one(tokens: &mut Tokens<'_>, allowed: &[String]) -> bool {
    if tokens.next_if_eq(&"(").is_some() {
        let met = any_of(tokens, allowed);
        return tokens.next_if_eq(&")").is_some() && met;
    }
    let Some(name) = tokens.next() else { return false };
    let exception = tokens.next_if_eq(&"WITH").and_then(|_| tokens.next());
    let whole = exception.map_or_else(|| name.to_owned(), |exception| format!("{name} WITH {exception}"));
    allowed.contains(&whole)
}

#[test]
fn an_expression_is_met_when_allowed_licences_suffice() {
    let allowed = ["MIT".to_owned(), "Zlib".to_owned(), "Apache-2.0 WITH LLVM-exception".to_owned()];
    for (expression, met) in [
        ("MIT", true),
        ("MIT/Apache-2.0", true),
        ("GPL-3.0 OR MIT", true),
        ("GPL-3.0 AND MIT", false),
        ("(GPL-3.0 OR MIT) AND Zlib", true),
        ("(GPL-3.0 OR LGPL-3.0) AND Zlib", false),
        ("Apache-2.0 WITH LLVM-exception", true),
        ("Apache-2.0", false),
        ("", false),
    ] {
        assert_eq!(is_met(expression, &allowed), met, "{expression}");
    }
}

#[test]
fn every_package_has_a_licence_that_we_may_pass_on() {
    let allowed = allowed_licences();
    for package in &metadata().packages {
        let licence = package.license.as_deref().unwrap_or_default();
        assert!(is_met(licence, &allowed), "{} {}: \"{licence}\" is not in deny.toml", package.name, package.version);
    }
}

#[test]
fn every_test_that_the_table_of_complaints_names_is_there() {
    let table = read(&root().join("docs/tests-of-pains.md"));
    let named: Vec<&str> = table
        .lines()
        .filter(|line| line.starts_with("| "))
        .flat_map(|line| line.split('`').skip(1).step_by(2))
        .filter(|name| name.matches('_').count() > 2)
        .collect();
    assert!(named.len() > 20, "the table was read");
    let sources: Vec<String> = all("rs").iter().map(|path| read(path)).collect();
    for name in named {
        let is_test = |source: &String| source.contains(&format!("fn {name}("));
        assert!(sources.iter().any(is_test), "docs/tests-of-pains.md names {name}, which no source has");
    }
}

/// The names of tests that a page gives, between backticks; other words there are no sentences.
fn tests_named_in(page: &str) -> Vec<&str> {
    let is_sentence = |word: &&str| {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        word.matches('_').count() >= 2 && word.chars().all(plain)
    };
    page.split('`').skip(1).step_by(2).filter(is_sentence).collect()
}

#[test]
fn every_pain_of_doubles_losses_and_order_has_its_test() {
    let page = read(&root().join("docs/tests-of-pains.md"));
    for number in 1..=13 {
        let line = page.lines().find(|line| line.starts_with(&format!("| {number} |")));
        let named = line.map(tests_named_in).unwrap_or_default();
        assert!(!named.is_empty(), "no test for complaint {number}: {line:?}");
    }
}

/// Security rules whose tests are due with the first issue, by number (`docs/tests-of-security.md`).
const SECURITY_TESTS: [u8; 57] = [
    1, 2, 3, 4, 5, 9, 10, 11, 12, 13, 14, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 35, 36, 37,
    38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 65, 66, 67, 68, 69,
];

#[test]
fn every_security_rule_has_its_test_and_every_test_named_is_there() {
    let page = read(&root().join("docs/tests-of-security.md"));
    let sources: Vec<String> = all("rs").iter().map(|path| read(path)).collect();
    for number in SECURITY_TESTS {
        let line = page.lines().find(|line| line.starts_with(&format!("| S-{number:02} |")));
        assert!(!line.map(tests_named_in).unwrap_or_default().is_empty(), "no test for S-{number:02}");
    }
    for name in tests_named_in(&page) {
        let is_test = |source: &String| source.contains(&format!("fn {name}("));
        assert!(sources.iter().any(is_test), "docs/tests-of-security.md names {name}, which no source has");
    }
}

/// Ports that keep what is a partner's, and the suite that asks as one partner with another's ids.
const PORTS_OF_PARTNERS: [&str; 4] = ["journal", "directory", "key_values", "retention"];
const ISOLATION: &str = "crates/testkit/src/journal/suite/isolation.rs";
/// What is asked of all partners at once: keys alone are told, and no partner's id is named.
const OF_ALL_PARTNERS: [&str; 4] = ["news", "waiting", "backlog", "holders"];

#[test]
fn no_read_or_write_of_a_partners_is_left_out_of_the_suite_of_isolation() {
    let suite = read(&root().join(ISOLATION));
    for port in PORTS_OF_PARTNERS {
        let port = read(&root().join(format!("crates/core/src/ports/{port}.rs")));
        let named = port.split("async fn ").skip(1).filter_map(|rest| rest.split('(').next());
        for name in named.filter(|name| !OF_ALL_PARTNERS.contains(name)) {
            assert!(suite.contains(&format!(".{name}(")), "{ISOLATION} asks nothing of `{name}`");
        }
    }
}

/// The crates that `deny.toml` bans.
fn banned() -> Vec<String> {
    let deny = read(&root().join("deny.toml"));
    let bans = deny.split("[bans]").nth(1).and_then(|rest| rest.split("\n[").next()).expect("deny.toml bans crates");
    bans.split("crate = \"").skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
}

#[test]
fn s_63_deny_and_forbid() {
    let workspace = read(&root().join("Cargo.toml"));
    assert!(workspace.contains("unsafe_code = \"forbid\""), "no crate of ours has unsafe code");
    let deny = read(&root().join("deny.toml"));
    for rule in ["unknown-registry = \"deny\"", "unknown-git = \"deny\"", "wildcards = \"deny\"", "yanked = \"deny\""] {
        assert!(deny.contains(rule), "deny.toml lacks {rule}");
    }
    let banned = banned();
    assert!(banned.iter().any(|name| name == "openssl-sys"), "the bans were read");
    for package in &metadata().packages {
        assert!(!banned.contains(&package.name.to_string()), "{} is banned in deny.toml", package.name);
        let source = package.source.as_ref().map(|source| source.repr.as_str());
        let ours = source.is_none_or(|source| source == "registry+https://github.com/rust-lang/crates.io-index");
        assert!(ours, "{}: {source:?} is neither ours nor crates.io", package.name);
    }
    // What is fetched is what was reviewed: each package of the lock has its checksum.
    let lock = read(&root().join("Cargo.lock"));
    for package in lock.split("[[package]]").filter(|package| package.contains("source = ")) {
        assert!(package.contains("checksum = "), "{package}");
    }
}
