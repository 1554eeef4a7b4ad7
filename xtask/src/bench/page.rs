//! The table of a run: on the terminal, in the page, and for programs.

use std::{fmt::Write, fs, path::Path};

use serde_json::{Value, json};

use super::{
    figure::{Figure, shown},
    machine::Machine,
};
use crate::shell::{self, Failure};

/// The page, from the repository's root.
const PAGE: &str = "docs/benchmarks.md";
const BEGIN: &str = "<!-- bench: begin; written by `cargo xtask bench`, edits between the marks are lost -->";
const END: &str = "<!-- bench: end -->";

/// Earlier figures: name to median.
pub(super) type Earlier = Vec<(String, f64)>;

/// Reads the figures of an earlier run.
pub(super) fn earlier(file: &Path) -> Result<Earlier, Failure> {
    let told = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    let text = fs::read_to_string(file).map_err(|error| told(&error))?;
    let value: Value = serde_json::from_str(&text).map_err(|error| told(&error))?;
    let figures = value["figures"].as_array().ok_or_else(|| told(&"no figures"))?;
    let read = |figure: &Value| Some((figure["name"].as_str()?.to_owned(), figure["median"].as_f64()?));
    Ok(figures.iter().filter_map(read).collect())
}

/// For the terminal.
pub(super) fn table(figures: &[Figure], earlier: Option<&Earlier>) -> String {
    let mut rows = vec![["", "budget", "measured", "of budget", "", ""].map(str::to_owned)];
    rows[0][0] = "what".into();
    if earlier.is_some() {
        rows[0][5] = "before".into();
    }
    for figure in figures {
        let before = earlier.and_then(|all| all.iter().find(|(name, _)| name == figure.name));
        rows.push([
            figure.what.clone(),
            figure.limit_shown(),
            figure.shown(),
            figure.share().map_or_else(String::new, |share| format!("{} ×", shown(share))),
            figure.verdict().to_owned(),
            before.map_or_else(String::new, |(_, median)| compared(figure.median(), *median)),
        ]);
    }
    let widths: Vec<usize> =
        (0..6).map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default()).collect();
    let line = |row: &[String; 6]| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn compared(now: f64, before: f64) -> String {
    if before == 0.0 {
        return shown(before);
    }
    format!("{} ({:+.0} %)", shown(before), (now / before - 1.0) * 100.0)
}

/// For the page.
fn markdown(figures: &[Figure], machine: &Machine, notes: &[String]) -> String {
    let mut text = format!("{BEGIN}\n## The last run\n\n{}.\n\n", machine.shown());
    text.push_str("| what | budget | median (least–most) | of the budget | |\n| --- | --- | --- | --- | --- |\n");
    for figure in figures {
        let share = figure.share().map_or_else(String::new, |share| format!("{} ×", shown(share)));
        add(
            &mut text,
            format_args!(
                "| {} | {} | {} | {share} | {} |\n",
                figure.what,
                figure.limit_shown(),
                figure.shown(),
                figure.verdict()
            ),
        );
    }
    for note in notes {
        add(&mut text, format_args!("\n{note}\n"));
    }
    text.push('\n');
    text.push_str(END);
    text
}

fn add(text: &mut String, words: std::fmt::Arguments<'_>) {
    text.write_fmt(words).expect("writing to a string never fails");
}

/// Puts the run between the page's marks; what people wrote stays.
pub(super) fn write(figures: &[Figure], machine: &Machine, notes: &[String]) -> Result<(), Failure> {
    let path = shell::root().join(PAGE);
    let old = fs::read_to_string(&path).map_err(|error| format!("{PAGE}: {error}"))?;
    fs::write(&path, put(&old, &markdown(figures, machine, notes))).map_err(|error| format!("{PAGE}: {error}"))
}

fn put(page: &str, section: &str) -> String {
    // Whatever the first mark says after its name.
    let begin = page.find("<!-- bench: begin");
    match (begin, page.find(END)) {
        (Some(begin), Some(end)) if begin < end => {
            format!("{}{section}{}", &page[..begin], &page[end + END.len()..])
        }
        _ => format!("{}\n\n{section}\n", page.trim_end()),
    }
}

/// For programs.
pub(super) fn save(file: &Path, figures: &[Figure], machine: &Machine, notes: &[String]) -> Result<(), Failure> {
    let figures: Vec<Value> = figures.iter().map(Figure::json).collect();
    let all = json!({"machine": machine.json(), "figures": figures, "notes": notes});
    let text = serde_json::to_string_pretty(&all).map_err(|error| error.to_string())?;
    fs::write(file, text + "\n").map_err(|error| format!("{}: {error}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_wrote_stays_and_the_rest_is_written_anew() {
        let first = put("# Benchmarks\n\nProse.\n", &format!("{BEGIN}\none\n{END}"));
        assert_eq!(first, format!("# Benchmarks\n\nProse.\n\n{BEGIN}\none\n{END}\n"));
        let more = first + "\nMore prose.\n";
        let second = put(&more, &format!("{BEGIN}\ntwo\n{END}"));
        assert_eq!(second, format!("# Benchmarks\n\nProse.\n\n{BEGIN}\ntwo\n{END}\n\nMore prose.\n"));
    }

    #[test]
    fn a_table_names_what_was_missed_and_what_was_before() {
        let slow = Figure::new("turns", "turns a second", "", vec![651.0]).at_least(1_500.0);
        let table = table(&[slow], Some(&vec![("turns".into(), 600.0)]));
        let row = table.lines().nth(1).unwrap_or_default();
        assert_eq!(
            row.split_whitespace().collect::<Vec<_>>().join(" "),
            "turns a second ≥ 1,500 651 0.43 × missed 600 (+8 %)"
        );
    }
}
