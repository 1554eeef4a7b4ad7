//! Rows in a file, a line each.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, BufWriter, Write},
    path::Path,
};

use voronka_core::{ids::PartnerId, ports::Leaving, record::Record};

use super::{
    Counts, PAGE_ROWS,
    count::{self, Count, counts},
    failed, unsound,
};
use crate::{archive::unwritable, out::Problem, store::Store};

/// Writes what leaves a store, as far as `leaves` lets it; what that was.
pub(crate) async fn write_rows(
    store: &dyn Store,
    leaving: &mut dyn Leaving,
    path: &Path,
    leaves: impl Fn(&Record) -> bool,
) -> Result<Counts, Problem> {
    let unwritten = |error: io::Error| unwritable(path, &error);
    let mut file = BufWriter::new(File::create_new(path).map_err(unwritten)?);
    let mut counts = Counts::new();
    loop {
        let page = leaving.page(PAGE_ROWS).await.map_err(|error| failed(store, &error))?;
        for row in page.rows.iter().filter(|row| leaves(row)) {
            Count::add(&mut counts, row);
            writeln!(file, "{}", row.line()).map_err(unwritten)?;
        }
        if page.next.is_none() {
            break;
        }
    }
    file.flush().map_err(unwritten)?;
    Ok(counts)
}

/// Reads all rows of a file; what they are. `of`: the file that is told of when a line is no row.
pub(crate) fn count_rows(path: &Path, of: &Path) -> Result<Counts, Problem> {
    let (mut rows, mut counts) = (Rows::of(path)?, Counts::new());
    loop {
        let page = rows.page(of)?;
        if page.is_empty() {
            return Ok(counts);
        }
        for row in &page {
            Count::add(&mut counts, row);
        }
    }
}

/// Takes the rows of a file in, and compares what the store has of the partner then.
pub(crate) async fn enter_rows(
    store: &dyn Store,
    partner: &PartnerId,
    path: &Path,
    tables: &Counts,
) -> Result<(), Problem> {
    let unwritten = |error| failed(store, &error);
    let mut rows = Rows::of(path)?;
    loop {
        let page = rows.page(path)?;
        if page.is_empty() {
            break;
        }
        store.enter(partner, page).await.map_err(unwritten)?;
    }
    let has = counts(store, partner).await.map_err(unwritten)?;
    if has != *tables {
        let args = vec![("partner", partner.to_string()), ("tables", count::differing(tables, &has))];
        return Err(Problem::new("store-copy-differs", args));
    }
    Ok(())
}

/// The rows of a file, page by page.
struct Rows(io::Lines<BufReader<File>>);

impl Rows {
    fn of(path: &Path) -> Result<Self, Problem> {
        Ok(Self(BufReader::new(File::open(path).map_err(|_| unsound(path))?).lines()))
    }

    fn page(&mut self, of: &Path) -> Result<Vec<Record>, Problem> {
        let mut page = Vec::new();
        for line in self.0.by_ref().take(PAGE_ROWS) {
            let line = line.map_err(|error| unwritable(of, &error))?;
            page.push(Record::read(&line).map_err(|error| {
                let args = vec![("path", of.display().to_string()), ("cause", error.to_string())];
                Problem::new("restore-failed", args)
            })?);
        }
        Ok(page)
    }
}
