//! Stacks as perf tells them, counted by symbol and by crate.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt::Write,
};

/// Who a frame belongs to, where its symbol names no crate.
const OTHERS: [(&str, &str); 4] = [("kernel", "kernel"), ("libc.", "libc"), ("ld-linux", "libc"), ("[vdso]", "kernel")];
/// Beginnings of symbols of linked C libraries.
const LINKED: [(&str, &str); 4] =
    [("_mi_", "mimalloc"), ("mi_", "mimalloc"), ("ring_core", "ring"), ("sqlite3", "sqlite")];

/// A frame: its symbol and whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Frame {
    symbol: String,
    owner: String,
}

/// How often each stack was seen, outermost frame first.
#[derive(Debug, Default)]
pub(super) struct Stacks(BTreeMap<Vec<Frame>, u64>);

impl Stacks {
    /// Reads `perf script -F comm,ip,sym,dso`; only stacks with a symbol that holds `within`.
    pub(super) fn read(script: &str, within: Option<&str>) -> Self {
        let mut stacks = Self::default();
        for sample in script.split("\n\n") {
            let mut frames: Vec<Frame> = sample.lines().filter_map(frame).collect();
            frames.reverse();
            if let Some(text) = within {
                let Some(first) = frames.iter().position(|frame| frame.symbol.contains(text)) else { continue };
                frames.drain(..first);
            }
            if !frames.is_empty() {
                *stacks.0.entry(frames).or_default() += 1;
            }
        }
        stacks
    }

    /// As flame graphs are made of.
    pub(super) fn folded(&self) -> String {
        let line = |(frames, count): (&Vec<Frame>, &u64)| {
            let symbols: Vec<String> = frames.iter().map(|frame| frame.symbol.replace(';', ":")).collect();
            format!("{} {count}\n", symbols.join(";"))
        };
        self.0.iter().map(line).collect()
    }

    /// The crates, and the symbols that are on top or below most often.
    pub(super) fn report(&self, top: usize) -> String {
        let total: u64 = self.0.values().sum();
        let (mut own, mut whole): (HashMap<&Frame, u64>, HashMap<&Frame, u64>) = Default::default();
        let (mut own_crate, mut whole_crate): (HashMap<&str, u64>, HashMap<&str, u64>) = Default::default();
        for (frames, count) in &self.0 {
            if let Some(last) = frames.last() {
                *own.entry(last).or_default() += count;
                *own_crate.entry(&last.owner).or_default() += count;
            }
            for frame in frames.iter().collect::<HashSet<_>>() {
                *whole.entry(frame).or_default() += count;
            }
            for owner in frames.iter().map(|frame| frame.owner.as_str()).collect::<HashSet<_>>() {
                *whole_crate.entry(owner).or_default() += count;
            }
        }
        let share = |count: u64| percent(count, total);
        let mut text = format!("{total} samples\n");
        let mut crates: Vec<(&str, u64)> = own_crate.into_iter().collect();
        crates.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
        text.push_str("\n  self  below  crate\n");
        for (name, count) in crates.into_iter().take(top) {
            let below = whole_crate.get(name).copied().unwrap_or_default();
            add(&mut text, format_args!("{} {}  {name}\n", share(count), share(below)));
        }
        for (title, counts) in [("self", &own), ("self and below", &whole)] {
            add(&mut text, format_args!("\n{title}\n"));
            let mut ranked: Vec<(&&Frame, &u64)> = counts.iter().collect();
            ranked.sort_by_key(|(frame, count)| (std::cmp::Reverse(**count), **frame));
            for (frame, count) in ranked.into_iter().take(top) {
                add(&mut text, format_args!("{}  {:<18} {}\n", share(*count), frame.owner, frame.symbol));
            }
        }
        text
    }
}

/// Appends formatted words.
fn add(text: &mut String, words: std::fmt::Arguments<'_>) {
    text.write_fmt(words).expect("writing to a string never fails");
}

#[expect(clippy::cast_precision_loss, reason = "a share of samples")]
fn percent(count: u64, total: u64) -> String {
    format!("{:>5.1} %", count as f64 * 100.0 / (total.max(1) as f64))
}

/// `    55d0c8 voronka_core::guard::check+0x1 (/path/voronka)`; the sample's first line is none.
fn frame(line: &str) -> Option<Frame> {
    let rest = line.strip_prefix(char::is_whitespace)?.trim_start();
    let (address, rest) = rest.split_once(' ')?;
    u64::from_str_radix(address, 16).ok()?;
    let (symbol, library) = match rest.rsplit_once(" (") {
        Some((symbol, library)) => (symbol, library.trim_end_matches(')')),
        None => (rest, ""),
    };
    let symbol = plain(symbol);
    let owner = owner(&symbol, library);
    Some(Frame { symbol, owner })
}

/// Without the hash that the compiler appends, and without offsets.
fn plain(symbol: &str) -> String {
    let symbol = symbol.split("+0x").next().unwrap_or(symbol);
    match symbol.rsplit_once("::h") {
        Some((name, hash)) if hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()) => name.to_owned(),
        _ => symbol.to_owned(),
    }
}

fn owner(symbol: &str, library: &str) -> String {
    if let Some((_, name)) = OTHERS.iter().find(|(part, _)| library.contains(part)) {
        return (*name).to_owned();
    }
    if let Some((name, _)) = symbol.split_once("::") {
        let word = |c: char| !(c.is_alphanumeric() || c == '_');
        let name = name.rsplit(word).next().unwrap_or(name);
        return if name.is_empty() { "?".to_owned() } else { name.to_owned() };
    }
    let linked = LINKED.iter().find(|(beginning, _)| symbol.starts_with(beginning));
    linked.map_or_else(|| if symbol == "[unknown]" { "?" } else { "C" }, |(_, name)| name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: &str = "tokio-rt-worker
\t    55d0c8 voronka_core::guard::check::h0123456789abcdef (/t/voronka)
\t    55d0c9 <voronka_core::turn::Work as core::fmt::Debug>::fmt+0x12 (/t/voronka)
\t    55d0ca voronka_engine::turns::run (/t/voronka)

tokio-rt-worker
\t  ffff8000 entry_SYSCALL_64 ([kernel.kallsyms])
\t    55d0ca voronka_engine::turns::run (/t/voronka)

writer
\t    aaaa sqlite3VdbeExec (/t/voronka)
";

    #[test]
    fn samples_are_counted_by_symbol_and_by_crate() {
        let stacks = Stacks::read(SCRIPT, None);
        let report = stacks.report(10);
        assert!(report.starts_with("3 samples"), "{report}");
        let row = |end: &str| report.lines().find(|line| line.ends_with(end)).unwrap_or_default().trim().to_owned();
        assert_eq!(row("  kernel"), "33.3 %  33.3 %  kernel");
        assert_eq!(row("  sqlite"), "33.3 %  33.3 %  sqlite");
        assert_eq!(row("  voronka_core"), "33.3 %  33.3 %  voronka_core");
        assert!(report.contains("66.7 %  voronka_engine     voronka_engine::turns::run"), "{report}");
        assert!(report.contains("voronka_core       voronka_core::guard::check\n"), "{report}");
    }

    #[test]
    fn stacks_are_folded_from_the_outside_in() {
        let folded = Stacks::read(SCRIPT, Some("voronka_core::turn")).folded();
        assert_eq!(folded, "<voronka_core::turn::Work as core::fmt::Debug>::fmt;voronka_core::guard::check 1\n");
    }
}
