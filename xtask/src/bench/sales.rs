//! Ten thousand messages of a sequence that are due at once among a million customers, and the team's reports over a million facts,
//! by the engine's example.

use super::{Stand, figure::Figure};
use crate::shell::{self, Failure};

/// CPU of a message that is due, from the timer to the messenger, in microseconds.
const DUE_US: f64 = 100.0;
/// What no report may take longer than, at the 99th of a hundred, in milliseconds.
const REPORT_MS: f64 = 100.0;

pub(super) fn measure(stand: &Stand) -> Result<Vec<Figure>, Failure> {
    let (customers, due) = if stand.extent.quick { (100_000, 2_000) } else { (1_000_000, 10_000) };
    let mut cargo = shell::cargo();
    cargo.args(["run", "--profile", "dist", "--quiet", "-p", "voronka-engine", "--example", "sales", "--"]);
    let told = shell::output(cargo.args([customers.to_string(), due.to_string()]))?;
    shell::say(told.trim_end());
    let number =
        |line: &str, behind: &str| number(&told, line, behind).ok_or_else(|| format!("it does not tell «{line}»"));
    let report = |id, command: &str| {
        let name = format!("{command} over {customers} facts, p99");
        Ok::<_, Failure>(Figure::new(id, name, "ms", vec![number(command, "p99 ")?]).at_most(REPORT_MS))
    };
    let name = format!("CPU of each of {due} due messages among {customers} customers in sequences");
    Ok(vec![
        Figure::new("sales_due_us", name, "µs", vec![number("due", "")?]).at_most(DUE_US),
        report("sales_my_stats_p99", "/my_stats")?,
        report("sales_analytics_p99", "/analytics")?,
    ])
}

/// The number of a line that begins with this name, behind these words of it.
fn number(told: &str, name: &str, behind: &str) -> Option<f64> {
    let line = told.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))?;
    let (_, number) = line.split_once(behind)?;
    number.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_the_example_prints_them() {
        let told = "10 customers in a sequence, 5 messages due: 0.1 s\ndue: 81.5 µs of CPU each\n/my_stats: p50 0.4 ms, p99 2.5 ms\n";
        assert_eq!((number(told, "due", ""), number(told, "/my_stats", "p99 ")), (Some(81.5), Some(2.5)));
        assert_eq!(number(told, "/analytics", "p99 "), None);
    }
}
