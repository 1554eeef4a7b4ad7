//! The tables of a dump, as text: COPY and INSERT of a plain dump, or a folder of CSV files. Everything else in it is passed over.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, BufRead, BufReader, Read},
    path::Path,
};

/// Bytes of one statement; a longer one is no row of a bot's.
const STATEMENT_BYTES_MAX: usize = 64 << 20;

/// Rows of one table.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) columns: Vec<String>,
    /// `None`: NULL.
    pub(super) rows: Vec<Vec<Option<String>>>,
}

/// Tables by their names, without a schema.
#[derive(Debug, Default)]
pub(crate) struct Dump(BTreeMap<String, Rows>);

impl Dump {
    /// A file of SQL, or a folder in which each table is a file of CSV.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        if !path.is_dir() {
            return Self::of_sql(fs::File::open(path)?);
        }
        let mut dump = Self::default();
        for entry in fs::read_dir(path)? {
            let path = entry?.path();
            let name = path.file_stem().and_then(|name| name.to_str()).map(str::to_owned);
            if let Some(name) = name.filter(|_| path.extension().is_some_and(|ending| ending == "csv")) {
                dump.0.insert(name, csv_rows(&path)?);
            }
        }
        Ok(dump)
    }

    /// A plain dump.
    pub(crate) fn of_sql(from: impl Read) -> io::Result<Self> {
        let mut dump = Self::default();
        let mut lines = BufReader::new(from).lines();
        while let Some(line) = lines.next().transpose()? {
            let begins = line.trim_start();
            if begins.starts_with("COPY ") && begins.trim_end().ends_with("FROM stdin;") {
                let rows = dump.begin(&begins[5..]);
                for line in lines.by_ref() {
                    let line = line?;
                    if line == r"\." {
                        break;
                    }
                    rows.rows.push(line.split('\t').map(unescaped).collect());
                }
            } else if begins.starts_with("INSERT INTO ") {
                let mut statement = begins.to_owned();
                while !is_whole(&statement) && statement.len() < STATEMENT_BYTES_MAX {
                    let Some(more) = lines.next().transpose()? else { break };
                    statement.push('\n');
                    statement.push_str(&more);
                }
                if let Some((into, values)) = statement[12..].split_once("VALUES") {
                    let rows = dump.begin(into);
                    rows.rows.extend(tuples(values));
                }
            }
        }
        Ok(dump)
    }

    /// By its name, with a schema or without.
    pub(super) fn table(&self, name: &str) -> Option<&Rows> {
        self.0.get(bare(name))
    }

    /// Whether there is any table in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `head`: `public.users (id, name)` and what follows.
    fn begin(&mut self, head: &str) -> &mut Rows {
        let (name, rest) = head.split_once('(').unwrap_or((head, ""));
        let columns = rest.split(')').next().unwrap_or_default().split(',');
        let columns: Vec<String> = columns.map(|column| column.trim().trim_matches('"').to_owned()).collect();
        let rows = self.0.entry(bare(name.trim()).to_owned()).or_default();
        if rows.columns.is_empty() {
            rows.columns = columns;
        }
        rows
    }
}

fn bare(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name).trim_matches('"')
}

/// A field of COPY; `None`: NULL.
fn unescaped(field: &str) -> Option<String> {
    if field == r"\N" {
        return None;
    }
    let (mut text, mut chars) = (String::with_capacity(field.len()), field.chars());
    while let Some(c) = chars.next() {
        let escaped = if c == '\\' { chars.next() } else { None };
        text.push(match escaped {
            None => c,
            Some('n') => '\n',
            Some('t') => '\t',
            Some('r') => '\r',
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('v') => '\u{b}',
            Some(other) => other,
        });
    }
    Some(text)
}

/// Whether a statement ends here, and not within a text.
fn is_whole(statement: &str) -> bool {
    statement.trim_end().ends_with(';') && statement.matches('\'').count().is_multiple_of(2)
}

/// `(1, 'a', NULL), (…)` as rows.
fn tuples(values: &str) -> Vec<Vec<Option<String>>> {
    let (mut rows, mut row): (Vec<Vec<Option<String>>>, Vec<Option<String>>) = (Vec::new(), Vec::new());
    let (mut word, mut quoted, mut inside) = (String::new(), None::<String>, false);
    let mut chars = values.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\'' => {
                let mut text = String::new();
                while let Some(c) = chars.next() {
                    if c == '\'' && chars.next_if_eq(&'\'').is_none() {
                        break;
                    }
                    text.push(c);
                }
                quoted = Some(text);
            }
            '(' if !inside => inside = true,
            ',' | ')' if inside => {
                let bare = std::mem::take(&mut word);
                let bare = bare.trim();
                let text = quoted.take().or_else(|| (!bare.eq_ignore_ascii_case("null")).then(|| bare.to_owned()));
                row.push(text);
                if c == ')' {
                    rows.push(std::mem::take(&mut row));
                    inside = false;
                }
            }
            _ if inside => word.push(c),
            _ => {}
        }
    }
    rows
}

fn csv_rows(path: &Path) -> io::Result<Rows> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_path(path)?;
    let columns = reader.headers()?.iter().map(|name| name.trim_start_matches('\u{feff}').trim().to_owned()).collect();
    let mut rows = Vec::new();
    for record in reader.records() {
        // In CSV nothing and an empty text are the same.
        rows.push(record?.iter().map(|field| Some(field.to_owned()).filter(|field| !field.is_empty())).collect());
    }
    Ok(Rows { columns, rows })
}
