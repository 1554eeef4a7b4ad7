//! A partner's rows on their way from one store to another. The statements are made of what the core says of its tables.

use std::{borrow::BorrowMut, vec};

use async_trait::async_trait;
use rusqlite::{Connection, Row, ToSql, types::ToSqlOutput};
use uuid::Uuid;
use voronka_core::{
    ids::PartnerId,
    ports::{Leaving, LeavingAll, LeavingPage, Place, StoreError, TRANSFER_NOTES, Transfer, found_by},
    record::{Column, Kind, Record, Table, Value},
};

use crate::{
    SqliteStore, body, open,
    problem::Problem,
    sql,
    values::{get, slot, time},
    writer::Pen,
};

/// Rows that one step deletes.
const ERASED_MAX: usize = 500;
/// Bytes of a page's rows, about: they are all in memory at once.
const PAGE_BYTES_MAX: usize = 4 << 20;

#[async_trait]
impl Transfer for SqliteStore {
    async fn partners(&self) -> Result<Vec<PartnerId>, StoreError> {
        Ok(self.read_aside(partners).await?)
    }

    async fn leave(&self, partner: &PartnerId, after: Option<Place>) -> Result<Box<dyn Leaving>, StoreError> {
        let connection = open::reader(self.path())?;
        connection.execute(sql::BEGIN_READ, []).map_err(Problem::from)?;
        // A moment begins with the first read.
        let _version: i64 =
            connection.pragma_query_value(None, "schema_version", |row| row.get(0)).map_err(Problem::from)?;
        Ok(Box::new(OnTheWayOut { connection: Some(connection), partner: partner.clone(), place: after }))
    }

    async fn leave_all(&self) -> Result<Box<dyn LeavingAll>, StoreError> {
        let connection = open::reader(self.path())?;
        connection.execute(sql::BEGIN_READ, []).map_err(Problem::from)?;
        let partners = partners(&connection)?.into_iter();
        Ok(Box::new(AllOnTheWayOut { connection: Some(connection), partners }))
    }

    async fn enter(&self, partner: &PartnerId, rows: Vec<Record>) -> Result<(), StoreError> {
        let (partner, bytes) = (partner.clone(), rows.iter().map(Record::bytes).sum());
        Ok(self.writer.call(bytes, move |pen| rows.iter().try_for_each(|row| enter(pen, &partner, row))).await?)
    }

    async fn erase(&self, partner: &PartnerId) -> Result<usize, StoreError> {
        let partner = partner.clone();
        let work = move |pen: &Pen<'_>| {
            let mut gone = 0;
            for table in Table::all().iter().rev() {
                let left = i64::try_from(ERASED_MAX - gone).unwrap_or(i64::MAX);
                gone += pen.prepare_cached(&erasing(table))?.execute((partner.as_str(), left))?;
            }
            Ok(gone)
        };
        Ok(self.writer.call(0, work).await?)
    }
}

/// The next partner of a table, however many rows the one before has.
fn partners(connection: &Connection) -> Result<Vec<PartnerId>, Problem> {
    let mut found = std::collections::BTreeSet::new();
    for table in Table::all() {
        let mut next = connection.prepare(&partner_after(table))?;
        let mut last = String::new();
        while let Some(row) = next.query([&last])?.next()? {
            let partner: PartnerId = get(row, 0)?;
            partner.as_str().clone_into(&mut last);
            found.insert(partner);
        }
    }
    Ok(found.into_iter().collect())
}

/// One read transaction for all of them.
struct AllOnTheWayOut {
    /// `None`: a read was cut short.
    connection: Option<Connection>,
    partners: vec::IntoIter<PartnerId>,
}

#[async_trait]
impl LeavingAll for AllOnTheWayOut {
    async fn next(&mut self) -> Result<Option<(PartnerId, Box<dyn Leaving + '_>)>, StoreError> {
        let Some(partner) = self.partners.next() else { return Ok(None) };
        let leaving = OnTheWayOut { connection: &mut self.connection, partner: partner.clone(), place: None };
        Ok(Some((partner, Box::new(leaving))))
    }
}

/// A read transaction that lasts until all have left.
struct OnTheWayOut<C> {
    /// `None`: a read was cut short.
    connection: C,
    partner: PartnerId,
    place: Option<Place>,
}

#[async_trait]
impl<C: BorrowMut<Option<Connection>> + Send> Leaving for OnTheWayOut<C> {
    async fn page(&mut self, limit: usize) -> Result<LeavingPage, StoreError> {
        let connection = self.connection.borrow_mut().take().ok_or_else(Problem::stopped)?;
        let (partner, place) = (self.partner.clone(), self.place.clone());
        let read = tokio::task::spawn_blocking(move || {
            let page = page(&connection, &partner, place, limit);
            (connection, page)
        });
        let (connection, page) = read.await.map_err(|_| Problem::failed("a read was cut short"))?;
        *self.connection.borrow_mut() = Some(connection);
        let page = page?;
        self.place.clone_from(&page.next);
        Ok(page)
    }
}

fn page(
    connection: &Connection,
    partner: &PartnerId,
    place: Option<Place>,
    limit: usize,
) -> Result<LeavingPage, Problem> {
    let (table, after) = match place {
        Some(place) => (Table::named(&place.table).ok_or(Problem::Unreadable("place"))?, place.after),
        None => (&Table::all()[0], Vec::new()),
    };
    let mut statement = connection.prepare_cached(&leaving(table, !after.is_empty()))?;
    let after = after.iter().map(Bound);
    let most = i64::try_from(limit.max(1)).unwrap_or(i64::MAX);
    let mut given: Vec<Box<dyn ToSql + '_>> = vec![Box::new(partner.as_str()), Box::new(most)];
    given.extend(after.map(|value| Box::new(value) as Box<dyn ToSql>));
    let mut rows = statement.query(rusqlite::params_from_iter(given))?;
    let (mut found, mut last, mut bytes) = (Vec::new(), Vec::new(), 0);
    let mut is_all = true;
    while let Some(row) = rows.next()? {
        let record = record(table, row)?;
        last =
            if table.in_line { vec![Value::Number(get(row, table.columns.len() + 1)?)] } else { record.key().to_vec() };
        bytes += record.bytes();
        if record.text("kind").filter(|_| table.name == "key_values") != Some(TRANSFER_NOTES) {
            found.push(record);
        }
        is_all = false;
        if bytes >= PAGE_BYTES_MAX {
            break;
        }
    }
    let next = if is_all {
        table.next().map(|next| Place { table: next.name.to_owned(), after: Vec::new() })
    } else {
        Some(Place { table: table.name.to_owned(), after: last })
    };
    Ok(LeavingPage { rows: found, next })
}

/// Columns as in [`leaving`].
fn record(table: &'static Table, row: &Row<'_>) -> Result<Record, Problem> {
    let mut values = Vec::with_capacity(table.columns.len());
    for (at, column) in table.columns.iter().enumerate() {
        values.push(value(column, row, at)?);
    }
    if let Some(at) = hollow_column(table)
        && let Some(Value::Text(stored)) = values.get_mut(at)
    {
        let words: Option<String> = get(row, table.columns.len())?;
        *stored = body::whole(std::mem::take(stored), &words.unwrap_or_default())?;
    }
    Record::new(table, values).map_err(|_| Problem::Unreadable(table.name))
}

fn value(column: &Column, row: &Row<'_>, at: usize) -> Result<Value, Problem> {
    let value = match column.kind {
        Kind::Text | Kind::Word(_) => row.get::<_, Option<String>>(at)?.map(Value::Text),
        Kind::Number | Kind::Time => row.get::<_, Option<i64>>(at)?.map(Value::Number),
        Kind::Flag => row.get::<_, Option<bool>>(at)?.map(Value::Flag),
        Kind::Id => row.get::<_, Option<[u8; 16]>>(at)?.map(|id| Value::Id(Uuid::from_bytes(id))),
        Kind::Bytes => row.get::<_, Option<Vec<u8>>>(at)?.map(Value::Bytes),
    };
    Ok(value.unwrap_or(Value::Nothing))
}

fn enter(pen: &Pen<'_>, partner: &PartnerId, row: &Record) -> Result<(), Problem> {
    let table = row.table();
    let (stored, derived) = (stored(row)?, derived(row)?);
    let mut given: Vec<Box<dyn ToSql + '_>> = vec![Box::new(partner.as_str())];
    for (at, value) in row.values().iter().chain(&derived).enumerate() {
        given.push(match &stored {
            Some((column, hollow)) if *column == at => Box::new(hollow.as_str()),
            _ => Box::new(Bound(value)),
        });
    }
    if pen.prepare_cached(&entering(table))?.execute(rusqlite::params_from_iter(given))? == 0
        && !is_there(pen, partner, row)?
    {
        return Err(Problem::failed(&format!("another row of {} is there already", table.name)));
    }
    match (row.number(), table.name) {
        (None, _) => {}
        (Some(number), "letters") => {
            pen.prepare_cached(sql::LETTER_NUMBER_PASS)?.execute([number])?;
        }
        (Some(number), _) => pen.pass(number)?,
    }
    Ok(())
}

/// Whether this very row is there.
fn is_there(connection: &Connection, partner: &PartnerId, row: &Record) -> Result<bool, Problem> {
    let mut given: Vec<Box<dyn ToSql + '_>> = vec![Box::new(partner.as_str())];
    given.extend(row.key().iter().map(|value| Box::new(Bound(value)) as Box<dyn ToSql>));
    let mut statement = connection.prepare_cached(&looking(row.table()))?;
    let mut rows = statement.query(rusqlite::params_from_iter(given))?;
    Ok(match rows.next()? {
        Some(found) => record(row.table(), found)? == *row,
        None => false,
    })
}

/// Where a body leaves out the words that stand beside it.
fn hollow_column(table: &Table) -> Option<usize> {
    let name = match table.name {
        "messages" => "body",
        "outbox" => "bubble",
        _ => return None,
    };
    table.columns.iter().position(|column| column.name == name)
}

/// A message's body as it is stored, with its column; `None`: as it is.
fn stored(row: &Record) -> Result<Option<(usize, String)>, Problem> {
    let (Some(body), Some(words)) = (row.text("body"), row.text("text")) else { return Ok(None) };
    let hollow = body::hollow(body, words)?;
    Ok(hollow_column(row.table()).zip(hollow))
}

/// What this store keeps of a row to find it by.
fn derived(row: &Record) -> Result<Option<Value>, Problem> {
    Ok(match derived_column(row.table()) {
        Some("search") => Some(Value::Text(found_by(row.text("name"), row.text("phone"), row.text("email")))),
        Some(_slot) => Some(Value::Number(slot(time(row.number_of("at"))?))),
        None => None,
    })
}

fn derived_column(table: &Table) -> Option<&'static str> {
    match table.name {
        "customers" => Some("search"),
        "conversations" | "leads" => Some("slot"),
        _ => None,
    }
}

/// A value as SQLite has it.
struct Bound<'a>(&'a Value);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self.0 {
            Value::Nothing => rusqlite::types::Null.into(),
            Value::Text(text) => text.as_str().into(),
            Value::Number(number) => (*number).into(),
            Value::Flag(flag) => (*flag).into(),
            Value::Id(id) => id.as_bytes().as_slice().into(),
            Value::Bytes(bytes) => bytes.as_slice().into(),
        })
    }
}

fn names(columns: &[Column]) -> String {
    columns.iter().map(|column| column.name).collect::<Vec<_>>().join(", ")
}

fn places(from: usize, count: usize) -> String {
    (from..from + count).map(|at| format!("?{at}")).collect::<Vec<_>>().join(", ")
}

/// All columns; then the words that a body leaves out, and the position of rows that stand in line.
fn columns(table: &Table) -> String {
    match table.name {
        "messages" => format!("{}, text", names(table.columns)),
        "outbox" => {
            let of_message = |column: &str| {
                format!(
                    "(SELECT m.{column} FROM messages m WHERE m.partner = outbox.partner \
                     AND m.conversation = outbox.conversation AND m.seq = outbox.seq)"
                )
            };
            let whole = format!("coalesce(bubble, {})", of_message("body"));
            format!("{}, {}, position", names(table.columns).replace("bubble", &whole), of_message("text"))
        }
        _ => names(table.columns),
    }
}

fn leaving(table: &Table, is_begun: bool) -> String {
    // Else each page would sort all of the partner's rows.
    let (name, order, count) = if table.in_line {
        (format!("{} NOT INDEXED", table.name), "position".to_owned(), 1)
    } else {
        (table.name.to_owned(), names(table.key()), table.key)
    };
    let behind = if is_begun { format!(" AND ({order}) > ({})", places(3, count)) } else { String::new() };
    format!("SELECT {} FROM {name} WHERE partner = ?1{behind} ORDER BY {order} LIMIT ?2", columns(table))
}

fn looking(table: &Table) -> String {
    let key = names(table.key());
    format!("SELECT {} FROM {} WHERE partner = ?1 AND ({key}) = ({})", columns(table), table.name, places(2, table.key))
}

fn entering(table: &Table) -> String {
    let derived = derived_column(table).map_or_else(String::new, |name| format!(", {name}"));
    let values = places(1, 1 + table.columns.len() + derived_column(table).iter().len());
    let columns = names(table.columns);
    format!("INSERT INTO {} (partner, {columns}{derived}) VALUES ({values}) ON CONFLICT DO NOTHING", table.name)
}

fn erasing(table: &Table) -> String {
    let (name, key) = (table.name, names(table.key()));
    format!(
        "DELETE FROM {name} WHERE partner = ?1 AND ({key}) IN (SELECT {key} FROM {name} WHERE partner = ?1 LIMIT ?2)"
    )
}

fn partner_after(table: &Table) -> String {
    format!("SELECT partner FROM {} WHERE partner > ?1 ORDER BY partner LIMIT 1", table.name)
}

#[cfg(test)]
mod tests {
    use voronka_testkit::{journal_transfer_conformance, transfer_conformance};

    use super::*;

    struct InFolder {
        store: SqliteStore,
        _folder: tempfile::TempDir,
    }

    impl InFolder {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            Self { store: SqliteStore::open(folder.path().join("shop.db")).unwrap(), _folder: folder }
        }
    }

    impl voronka_testkit::transfer::Fixture for InFolder {
        type Store = SqliteStore;

        fn store(&self) -> &SqliteStore {
            &self.store
        }
    }

    transfer_conformance!(InFolder::new());
    journal_transfer_conformance!(InFolder::new());

    #[test]
    fn every_statement_fits_the_schema_and_names_its_partner() {
        let fixture = InFolder::new();
        let connection = open::reader(fixture.store.path()).unwrap();
        for table in Table::all() {
            let all = [leaving(table, false), leaving(table, true), looking(table), entering(table), erasing(table)];
            for text in all {
                connection.prepare(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
                assert!(text.contains("partner = ?1") || text.contains("(partner, "), "{text}");
            }
            connection.prepare(&partner_after(table)).unwrap();
        }
    }

    /// A table that is new is moved with the others, or said here to be of no partner.
    #[test]
    fn every_table_and_column_of_a_partners_is_moved() {
        const MADE_ANEW: &[&str] = &[
            "customers.search",
            "customers.number",
            "customers.version",
            "conversations.slot",
            "leads.slot",
            "leads.version",
            "outbox.position",
        ];
        let fixture = InFolder::new();
        let connection = open::reader(fixture.store.path()).unwrap();
        let mut all = connection
            .prepare(
                "SELECT t.name, c.name FROM pragma_table_list t JOIN pragma_table_xinfo(t.name) c WHERE t.type = 'table' \
                 AND EXISTS (SELECT 1 FROM pragma_table_info(t.name) p WHERE p.name = 'partner')",
            )
            .unwrap();
        let all = all.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))).unwrap();
        let mut count = 0;
        for (table, column) in all.map(Result::unwrap) {
            let moved =
                Table::named(&table).is_some_and(|table| table.columns.iter().any(|known| known.name == column));
            let name = format!("{table}.{column}");
            assert!(moved || column == "partner" || MADE_ANEW.contains(&name.as_str()), "{name} is not moved");
            count += 1;
        }
        assert!(count > 80, "{count}");
    }
}
