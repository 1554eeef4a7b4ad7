//! The shop's files and books: a partner's folder to run, and what its database says in the end.

use std::{
    fs,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, OpenFlags};

use crate::workspace::root;

/// A copy of `partners/korica` that answers at once, without models, and is in Telegram if there is one.
pub(crate) fn korica(folder: &Path, telegram: Option<&str>, models: &str) -> PathBuf {
    let home = folder.join("partners/korica");
    copy(&root().join("partners/korica"), &home);
    let config = fs::read_to_string(home.join("config.yaml")).expect("the demo partner has a config");
    let account = telegram.map_or_else(String::new, |url| {
        format!("  telegram: {{token: $TELEGRAM_TOKEN, api: \"{url}\", updates: webhook}}\n")
    });
    let mut lines = Vec::new();
    let mut skips = false;
    for line in config.lines() {
        // A list of models goes on to the next key.
        skips = line.starts_with("models:") || (skips && (line.starts_with(' ') || line.is_empty()));
        // A digest comes after its hour: a test is to pass at any time of day.
        if skips || line.starts_with("budget:") || line.starts_with("digest:") {
            continue;
        }
        if line.trim_start().starts_with("telegram: {token") {
            lines.push(account.clone());
        } else if line.starts_with("answer:") {
            // Customers of the tests ask the same again and again, and count on the model's being asked.
            lines.push("answer: {deadline: 12s, buffer: 0s, history: 3000, cache: false}".to_owned());
        } else {
            lines.push(line.to_owned());
        }
    }
    fs::write(home.join("config.yaml"), format!("{}\n{models}\n", lines.join("\n"))).expect("it can be written");
    if telegram.is_none() {
        // Its scripted customers come by Telegram too, and a channel that is not there is a mistake of the files.
        fs::remove_dir_all(home.join("tests")).expect("the demo partner has scripted customers");
    }
    fs::write(home.join(".env"), "TELEGRAM_TOKEN=1000:TEST\nOPENAI_KEY=test\n").expect("it can be written");
    home
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    for entry in fs::read_dir(from).expect("the demo partner is there").flatten() {
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy(&source, &target);
        } else {
            fs::copy(&source, &target).expect("a file can be copied");
        }
    }
}

/// What a conversation ended in, whatever it was held in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Books {
    /// State, total, currency, due.
    pub(crate) orders: Vec<(String, i64, String, Option<String>)>,
    /// Heat, score, stage.
    pub(crate) leads: Vec<(i64, i64, String)>,
    /// What the owner was told about: what each card is for, and whether it says that the lead is hot.
    pub(crate) notices: Vec<(String, bool)>,
}

/// Reads the books of a data folder, also while it is in use.
pub(crate) fn books(data: &Path) -> Books {
    let connection = open(data);
    let orders = "SELECT state, total_minor, currency, due FROM orders ORDER BY at";
    let leads = "SELECT heat, score, stage FROM leads ORDER BY at";
    let notices = "SELECT about, text LIKE '%Лид стал горячим%' FROM notices ORDER BY at, about";
    Books {
        orders: all(&connection, orders, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))),
        leads: all(&connection, leads, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))),
        notices: all(&connection, notices, |row| Ok((row.get(0)?, row.get(1)?))),
    }
}

/// How many rows a query finds.
pub(crate) fn count(data: &Path, query: &str) -> usize {
    all(&open(data), query, |_| Ok(())).len()
}

fn open(data: &Path) -> Connection {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(data.join("voronka.db"), flags).expect("the database is there")
}

fn all<T>(connection: &Connection, query: &str, read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>) -> Vec<T> {
    let mut statement = connection.prepare(query).expect("the tables are there");
    let rows = statement.query_map([], read).expect("the query runs");
    rows.collect::<Result<_, _>>().expect("the rows can be read")
}
