//! Right pages for the phrases of a manual's own index, beside SQLite's full-text search, by the knowledge crate's example.

use std::path::Path;

use super::figure::Figure;
use crate::shell::{self, Failure};

/// By how much a share must exceed SQLite's.
const AHEAD: f64 = 0.06;
/// Longest search, p99.
const P99_MS: f64 = 2.0;

pub(super) fn measure(help: Option<&Path>) -> Result<Vec<Figure>, Failure> {
    let help = help.ok_or("name the unpacked manual: --help-dir DIR (see docs/benchmarks.md)")?;
    let mut cargo = shell::cargo();
    cargo.args(["run", "--release", "--quiet", "-p", "voronka-knowledge", "--example", "manual", "--"]);
    let told = shell::output(cargo.arg(help))?;
    shell::say(told.trim_end());
    let (ours, theirs) = (shares(&told, "voronka odd: ")?, shares(&told, "fts5 odd: ")?);
    let ahead = |id, name: &str, ours: f64, theirs: f64| {
        Figure::new(id, format!("{name} beyond FTS5 ({ours:.3} to {theirs:.3}), odd phrases"), "", vec![ours - theirs])
            .at_least(AHEAD)
    };
    let p99 = told
        .lines()
        .find_map(|line| line.strip_prefix("voronka search ")?.split_once(", p99 "))
        .and_then(|(_, p99)| super::search::duration(p99))
        .ok_or("the example tells no p99")?;
    Ok(vec![
        ahead("retrieval_hit_1", "hit@1", ours.0, theirs.0),
        ahead("retrieval_hit_10", "hit@10", ours.1, theirs.1),
        Figure::new("retrieval_p99", "search in the manual, p99".to_owned(), "ms", vec![p99.as_secs_f64() * 1e3])
            .at_most(P99_MS),
    ])
}

/// hit@1 and hit@10 of a line.
fn shares(told: &str, name: &str) -> Result<(f64, f64), Failure> {
    let read = |line: &str| -> Option<(f64, f64)> {
        let (first, rest) = line.strip_prefix("hit@1 ")?.split_once(", hit@10 ")?;
        Some((first.parse().ok()?, rest.split(' ').next()?.parse().ok()?))
    };
    let line = told.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(read).ok_or_else(|| format!("the example does not tell «{name}»"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_read_as_the_example_prints_them() {
        let told = "voronka even: hit@1 0.100, hit@10 0.200 of 9\nvoronka odd: hit@1 0.519, hit@10 0.823 of 2066\n";
        assert_eq!(shares(told, "voronka odd: "), Ok((0.519, 0.823)));
        assert!(shares(told, "fts5 odd: ").is_err());
    }
}
