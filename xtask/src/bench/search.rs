//! Search in a hundred thousand passages, by the index's own example.

use std::time::Duration;

use super::{Stand, figure::Figure};
use crate::shell::{self, Failure};

pub(super) fn measure(stand: &mut Stand) -> Result<Vec<Figure>, Failure> {
    let passages = if stand.extent.quick { 10_000 } else { 100_000 };
    let mut cargo = shell::cargo();
    cargo.args(["run", "--release", "--quiet", "-p", "voronka-knowledge", "--example", "eval", "--"]);
    let told = shell::output(cargo.args(["--synthetic", &passages.to_string()]))?;
    shell::say(told.trim_end());
    let line = told.lines().find_map(|line| line.strip_prefix("search p50 ")).ok_or("the example tells no p50")?;
    let (p50, p99) = line.split_once(", p99 ").ok_or("the example tells no p99")?;
    let ms = |text: &str| -> Result<f64, Failure> {
        let time = duration(text).ok_or_else(|| format!("{text} is no time"))?;
        Ok(time.as_secs_f64() * 1e3)
    };
    Ok(vec![
        Figure::new("search_p99", format!("search in {passages} passages, p99"), "ms", vec![ms(p99)?]).at_most(10.0),
        Figure::new("search_p50", "the same, p50", "ms", vec![ms(p50)?]),
    ])
}

/// As `Duration` prints itself.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let at = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = (text[..at].parse::<f64>().ok()?, &text[at..]);
    let seconds = match unit {
        "s" => 1.0,
        "ms" => 1e-3,
        "µs" => 1e-6,
        "ns" => 1e-9,
        _ => return None,
    };
    Duration::try_from_secs_f64(number * seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_they_are_printed() {
        for nanos in [12, 999_999, 1_234_567, 2_000_000_000] {
            let time = Duration::from_nanos(nanos);
            let read = duration(&format!("{time:?}")).unwrap();
            assert!(read.abs_diff(time) < Duration::from_nanos(2), "{time:?} {read:?}");
        }
        assert_eq!(duration("12 apples"), None);
    }
}
