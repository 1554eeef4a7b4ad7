//! The tables of a run, on the terminal and in the page.

use std::{fmt::Write, fs, process::Command};

use super::{KILL_EVERY, KILLED_RATE, MODEL_MS, OPEN_RATE, Played, Showing, Who, postgres};
use crate::{
    bench::Machine,
    shell::{self, Failure},
};

/// The page, from the repository's root.
const PAGE: &str = "docs/benchmarks.md";
const BEGIN: &str = "<!-- peers: begin; written by `cargo xtask peers`, edits between the marks are lost -->";
/// What is looked for: the words after it may change.
const BEGIN_NAME: &str = "<!-- peers: begin";
const END: &str = "<!-- peers: end -->";

/// What is true of every run.
const HEAD: &str = "Repeat it with `cargo xtask bench --peers` (or `cargo xtask peers`): it installs the peers of [tests/peers](../tests/peers/README.md) from the \
package registries into `target/peers`, starts and stops a PostgreSQL of its own, and plays one after another on the same \
machine, each run on an empty database. Load generator, bot and database share the machine's cores. PostgreSQL's CPU and \
memory count towards the bot that uses it.";

/// What is not the same work.
const NOTES: &str = "What the peers do not do, and Voronka does in the same turn: answer the webhook only after the message is on \
disk; refuse an update that comes twice; store the answer as to be sent before it is sent, and send it after a restart; retry a \
refused send (grammY does, for a 429); search a knowledge base; check the answer's numbers against it; stages, scores and timers. \
What Voronka does not do: use a general ORM or a handler written by the user. nullbot stores nothing and is no bot, only the cost \
of the HTTP around a turn; it is not killed, as it has nothing to keep.";

/// Both tables.
pub(super) fn tables(shown: &[Showing]) -> String {
    let voronka = shown.iter().find(|showing| showing.who == Who::Voronka).map(|showing| showing.closed.cpu_ms());
    let mut text = String::from(
        "| bot | its form | turns per CPU second | CPU a turn, ms (the database's part) | CPU, of Voronka's | turns/s, 200 chats \
         | added to the model's time, p50 / p99, ms | memory, MiB (the database's part) |\n\
         | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for showing in shown {
        add(&mut text, format_args!("{}\n", cost(showing, voronka)));
    }
    add(
        &mut text,
        format_args!(
            "\n| bot | no kills: messages | lost / doubled / misordered | kills: messages | kills | lost / doubled / misordered |\n\
         | --- | ---: | ---: | ---: | ---: | ---: |\n"
        ),
    );
    for showing in shown {
        add(&mut text, format_args!("{}\n", right(showing)));
    }
    add(
        &mut text,
        format_args!(
            "\nCost and turns/s: closed loop, 200 customers who each wait for their answer, a model that answers at once. Added time, and \
         right answers without kills: open loop, {OPEN_RATE} messages a second, a model that takes {MODEL_MS} ms. With kills: {KILLED_RATE} \
         messages a second, the same model, `kill -9` about every {KILL_EVERY} s and a new start at once; whoever finds the webhook closed \
         delivers again, as Telegram does. Doubled counts answers too many, misordered those that came after a later one's.\n"
        ),
    );
    text
}

fn cost(showing: &Showing, voronka: Option<f64>) -> String {
    let Showing { who, closed, open, .. } = showing;
    let part = |of: f64, number: fn(f64) -> String| if of > 0.0 { format!(" ({})", number(of)) } else { String::new() };
    let cpu = closed.cpu_ms();
    let ratio = voronka.map_or_else(|| "–".to_owned(), |voronka| format!("{} ×", digits(cpu / voronka)));
    let added = |quantile: &str| digits(open.number(&format!("/latency_ms/{quantile}")) - f64::from(MODEL_MS));
    format!(
        "| {} | {} | {} | {}{} | {ratio} | {} | {} / {} | {}{} |",
        who.name(),
        form(*who),
        digits(1e3 / cpu),
        digits(cpu),
        part(closed.database_ms(), digits),
        digits(closed.number("/turns_per_s")),
        added("p50"),
        added("p99"),
        digits(closed.number("/bot_rss_mib") + closed.database_mib),
        part(closed.database_mib, digits),
    )
}

fn right(showing: &Showing) -> String {
    let counts = |run: &Played| {
        let wrong = ["/lost", "/doubled", "/out_of_order"].map(|path| digits(run.number(path)));
        (digits(run.number("/answered") + run.number("/lost")), wrong.join(" / "))
    };
    let (messages, wrong) = counts(&showing.open);
    let calm = format!("| {} | {messages} | {wrong} |", showing.who.name());
    match &showing.killed {
        None => format!("{calm} – | – | – |"),
        Some(killed) => {
            let (messages, wrong) = counts(killed);
            format!("{calm} {messages} | {} | {wrong} |", digits(killed.number("/kills")))
        }
    }
}

/// How a bot is run, in a table's cell.
fn form(who: Who) -> &'static str {
    match who {
        Who::Nullbot => "axum, stores nothing",
        Who::Voronka => "webhook, SQLite with full sync",
        Who::Aiogram => "aiogram 3.31, webhook by aiohttp, uvloop, SQLAlchemy 2.1, asyncpg, PostgreSQL",
        Who::Grammy => "grammY 1.46, polling by its runner, sequentialized, node-postgres, PostgreSQL",
        Who::Teloxide => "teloxide 0.17, webhook by axum, sqlx 0.9, SQLite (WAL, full sync)",
    }
}

fn add(text: &mut String, words: std::fmt::Arguments<'_>) {
    text.write_fmt(words).expect("writing to a string never fails");
}

/// Three figures, or whole ones.
fn digits(value: f64) -> String {
    let places = match value.abs() {
        size if size >= 100.0 || size.fract() == 0.0 => 0,
        size if size >= 10.0 => 1,
        _ => 2,
    };
    format!("{value:.places$}")
}

/// Puts the run between the page's marks; what people wrote stays.
pub(super) fn write(tables: &str) -> Result<(), Failure> {
    let path = shell::root().join(PAGE);
    let old = fs::read_to_string(&path).map_err(|error| format!("{PAGE}: {error}"))?;
    let section = format!("{BEGIN}\n## Beside the peers\n\n{HEAD}\n\n{}\n\n{tables}\n{NOTES}\n{END}", machine()?);
    fs::write(&path, put(&old, &section)).map_err(|error| format!("{PAGE}: {error}"))
}

/// Where and when: figures of two machines do not compare.
fn machine() -> Result<String, Failure> {
    let told = |program: &str| shell::output(Command::new(program).arg("--version")).map(|text| text.trim().to_owned());
    let (python, node) = (told("python3")?, told("node")?);
    Ok(format!("{}; {python}, node {node}, {}.", Machine::here()?.shown(), postgres::version()?))
}

fn put(page: &str, section: &str) -> String {
    match (page.find(BEGIN_NAME), page.find(END)) {
        (Some(begin), Some(end)) if begin < end => {
            format!("{}{section}{}", &page[..begin], &page[end + END.len()..])
        }
        _ => format!("{}\n\n{section}\n", page.trim_end()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn played(cpu_us: f64, database_cpu_s: f64) -> Played {
        let report = json!({"answered": 1_000, "lost": 2, "doubled": 24, "out_of_order": 3, "kills": 11, "turns_per_s": 80.0,
            "bot_cpu_us_per_turn": cpu_us, "bot_rss_mib": 90.5, "latency_ms": {"p50": 320.0, "p99": 415.5}});
        Played { report, database_cpu_s, database_mib: 20.0 * database_cpu_s }
    }

    #[test]
    fn a_row_adds_the_database_to_the_bot_and_compares_with_voronka() {
        let ours = Showing { who: Who::Voronka, closed: played(250.0, 0.0), open: played(250.0, 0.0), killed: None };
        let theirs = Showing {
            who: Who::Aiogram,
            closed: played(8_000.0, 2.0),
            open: played(8_000.0, 2.0),
            killed: Some(played(8_000.0, 2.0)),
        };
        let text = tables(&[ours, theirs]);
        let row = text.lines().find(|line| line.starts_with("| aiogram")).expect("a row").split(" | ").skip(2);
        let cells: Vec<&str> = row.collect();
        assert_eq!(cells, ["100", "10 (2)", "40 ×", "80", "70 / 166", "130 (40) |"]);
        assert!(text.contains("| aiogram | 1002 | 2 / 24 / 3 | 1002 | 11 | 2 / 24 / 3 |"), "{text}");
        assert!(text.contains("| voronka | 1002 | 2 / 24 / 3 | – | – | – |"), "{text}");
    }

    #[test]
    fn what_people_wrote_stays_and_the_rest_is_written_anew() {
        let first = put("# Benchmarks\n\nProse.\n", &format!("{BEGIN}\none\n{END}"));
        assert_eq!(first, format!("# Benchmarks\n\nProse.\n\n{BEGIN}\none\n{END}\n"));
        let second = put(&(first + "\nMore prose.\n"), &format!("{BEGIN}\ntwo\n{END}"));
        assert_eq!(second, format!("# Benchmarks\n\nProse.\n\n{BEGIN}\ntwo\n{END}\n\nMore prose.\n"));
    }
}
