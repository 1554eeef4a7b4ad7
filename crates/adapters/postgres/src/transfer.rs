//! A partner's rows on their way from one store to another. The statements are made of what the core says of its tables.

use std::{
    borrow::BorrowMut,
    collections::{BTreeMap, BTreeSet, btree_set},
};

use async_trait::async_trait;
use tokio_postgres::Row;
use voronka_core::{
    ids::PartnerId,
    ports::{Leaving, LeavingAll, LeavingPage, Place, StoreError, TRANSFER_NOTES, Transfer, found_by},
    record::{Column, Kind, Record, Table, Value},
};

use crate::{
    PostgresStore,
    problem::Problem,
    readers::{Readers, Reading},
    session::{Posting, Session, Statement, made, statement},
    sql,
    values::{Id, get, slot, text, time},
    writer::{Desk, Errand},
};

/// Rows that one step deletes.
const ERASED_MAX: i64 = 500;
/// Rows of a table with large bodies that are read at a time.
const LARGE_MAX: usize = 20;
/// Numbers that are left out behind those that came: whoever takes some at that very moment does not overtake.
const NUMBERS_LEFT_OUT: i64 = 1 << 16;
const LETTERS_LEFT_OUT: i64 = 16;

#[async_trait]
impl Transfer for PostgresStore {
    async fn partners(&self) -> Result<Vec<PartnerId>, StoreError> {
        let reading = self.readers.reading_of_all().await?;
        let found = partners(reading.session()).await?;
        reading.end();
        Ok(found.into_iter().collect())
    }

    async fn leave(&self, partner: &PartnerId, after: Option<Place>) -> Result<Box<dyn Leaving>, StoreError> {
        let reading = self.reading(partner).await?;
        Ok(Box::new(OnTheWayOut { reading, partner: partner.clone(), place: after, opened: None }))
    }

    async fn leave_all(&self) -> Result<Box<dyn LeavingAll>, StoreError> {
        let reading = self.readers.reading_of_all().await?;
        let session = reading.session();
        let partners = partners(session).await?;
        session.look_no_more().await?;
        Ok(Box::new(AllOnTheWayOut { reading, readers: self.readers.clone(), partners: partners.into_iter() }))
    }

    async fn enter(&self, partner: &PartnerId, rows: Vec<Record>) -> Result<(), StoreError> {
        Ok(self.writer.alone(Enter { partner: partner.clone(), rows }).await?)
    }

    async fn erase(&self, partner: &PartnerId) -> Result<usize, StoreError> {
        let gone = self.writer.alone(Erase(partner.clone())).await?;
        Ok(usize::try_from(gone).unwrap_or(usize::MAX))
    }
}

/// Within a transaction that looks over all partners.
async fn partners(session: &Session) -> Result<BTreeSet<PartnerId>, Problem> {
    let mut found = BTreeSet::new();
    for table in Table::all() {
        found.extend(session.all(made(distinct_partners(table)), |row| get::<PartnerId>(row, 0)).await?);
    }
    Ok(found)
}

/// One transaction, which is about one partner after the other.
struct AllOnTheWayOut {
    reading: Reading,
    readers: Readers,
    partners: btree_set::IntoIter<PartnerId>,
}

#[async_trait]
impl LeavingAll for AllOnTheWayOut {
    async fn next(&mut self) -> Result<Option<(PartnerId, Box<dyn Leaving + '_>)>, StoreError> {
        let Some(partner) = self.partners.next() else { return Ok(None) };
        let session = self.reading.session();
        // One that did not leave whole has left a cursor.
        session.run(made("CLOSE ALL".to_owned())).await?;
        self.readers.serve(session, &partner).await?;
        let reading = &mut self.reading;
        let leaving = OnTheWayOut { reading, partner: partner.clone(), place: None, opened: None };
        Ok(Some((partner, Box::new(leaving))))
    }
}

/// A transaction that lasts until all have left. Of the table that leaves it has a cursor, so that the rows are put in order
/// once; each has a name of its own, for what is fetched of one is of other columns than of the next.
struct OnTheWayOut<R> {
    reading: R,
    partner: PartnerId,
    place: Option<Place>,
    opened: Option<&'static Table>,
}

#[async_trait]
impl<R: BorrowMut<Reading> + Send> Leaving for OnTheWayOut<R> {
    async fn page(&mut self, limit: usize) -> Result<LeavingPage, StoreError> {
        Ok(self.next_page(limit).await?)
    }
}

impl<R: BorrowMut<Reading> + Send> OnTheWayOut<R> {
    async fn next_page(&mut self, limit: usize) -> Result<LeavingPage, Problem> {
        let (table, after) = match &self.place {
            Some(place) => (Table::named(&place.table).ok_or(Problem::Unreadable("place"))?, place.after.as_slice()),
            None => (&Table::all()[0], [].as_slice()),
        };
        let session = self.reading.borrow_mut().session();
        if self.opened != Some(table) {
            let opening =
                after.iter().fold(made(opening(table, !after.is_empty())).bind(self.partner.as_str().to_owned()), bind);
            session.run(opening).await?;
            self.opened = Some(table);
        }
        let most = if has_bytes(table) { limit.min(LARGE_MAX) } else { limit };
        let found = session
            .all(made(format!("FETCH FORWARD {} FROM leaving_{}", most.max(1), table.name)), |row| {
                let position = if table.in_line { get(row, table.columns.len())? } else { 0 };
                Ok((record(table, row)?, position))
            })
            .await?;
        let next = if let Some((last, position)) = found.last() {
            let after = if table.in_line { vec![Value::Number(*position)] } else { last.key().to_vec() };
            Some(Place { table: table.name.to_owned(), after })
        } else {
            session.run(made(format!("CLOSE leaving_{}", table.name))).await?;
            table.next().map(|next| Place { table: next.name.to_owned(), after: Vec::new() })
        };
        self.place.clone_from(&next);
        let leaves = |row: &Record| table.name != "key_values" || row.text("kind") != Some(TRANSFER_NOTES);
        Ok(LeavingPage { rows: found.into_iter().map(|(row, _)| row).filter(leaves).collect(), next })
    }
}

fn has_bytes(table: &Table) -> bool {
    table.columns.iter().any(|column| column.kind == Kind::Bytes)
}

/// The columns of the table, in order.
fn record(table: &'static Table, row: &Row) -> Result<Record, Problem> {
    let columns = table.columns.iter().enumerate();
    let values = columns.map(|(at, column)| value(column, row, at)).collect::<Result<_, _>>()?;
    Record::new(table, values).map_err(|_| Problem::Unreadable(table.name))
}

fn value(column: &Column, row: &Row, at: usize) -> Result<Value, Problem> {
    let value = match column.kind {
        Kind::Text | Kind::Word(_) => get::<Option<String>>(row, at)?.map(Value::Text),
        Kind::Number | Kind::Time => get::<Option<i64>>(row, at)?.map(Value::Number),
        Kind::Flag => get::<Option<bool>>(row, at)?.map(Value::Flag),
        Kind::Id => get::<Option<Id>>(row, at)?.map(|id| Value::Id(id.0)),
        Kind::Bytes => get::<Option<Vec<u8>>>(row, at)?.map(Value::Bytes),
    };
    Ok(value.unwrap_or(Value::Nothing))
}

/// [`Transfer::enter`].
struct Enter {
    partner: PartnerId,
    rows: Vec<Record>,
}

#[async_trait]
impl Errand for Enter {
    type Answer = ();

    async fn run(&self, desk: &mut Desk<'_>) -> Result<(), Problem> {
        desk.serve(&self.partner, Posting::Yes).await?;
        let mut tables: Vec<(&'static Table, Vec<&Record>)> = Vec::new();
        for row in &self.rows {
            match tables.last_mut() {
                Some((table, rows)) if *table == row.table() => rows.push(row),
                _ => tables.push((row.table(), vec![row])),
            }
        }
        for (table, rows) in tables {
            self.enter(desk, table, &rows).await?;
        }
        desk.session.execute(sql::NUMBERS_LOCK).await?;
        let (letters, others): (Vec<_>, Vec<_>) = self.rows.iter().partition(|row| row.table().name == "letters");
        for (rows, pass, left_out) in
            [(letters, sql::LETTER_NUMBERS_PASS, LETTERS_LEFT_OUT), (others, sql::NUMBERS_PASS, NUMBERS_LEFT_OUT)]
        {
            if let Some(last) = rows.into_iter().filter_map(Record::number).max() {
                desk.session.run(statement(pass).bind(last).bind(last.saturating_add(left_out))).await?;
            }
        }
        Ok(())
    }
}

impl Enter {
    async fn enter(&self, desk: &mut Desk<'_>, table: &'static Table, rows: &[&Record]) -> Result<(), Problem> {
        let looking = bind_columns(of(looking(table), &self.partner), table.key(), rows);
        let there = desk.session.all(looking, |row| record(table, row)).await?;
        let there: BTreeMap<String, Record> = there.into_iter().map(|row| (name(&row), row)).collect();
        if rows.iter().any(|row| there.get(&name(row)).is_some_and(|known| known != *row)) {
            return Err(Problem::failed(&format!("another row of {} is there already", table.name)));
        }
        let new: Vec<&Record> = rows.iter().filter(|row| !there.contains_key(&name(row))).copied().collect();
        if new.is_empty() {
            return Ok(());
        }
        let mut entering = bind_columns(of(entering(table), &self.partner), table.columns, &new);
        entering = match derived(table) {
            Some("search") => entering.bind(new.iter().map(|row| search(row)).collect::<Vec<_>>()),
            Some(_slot) => {
                let slots = new.iter().map(|row| Ok(slot(time(row.number_of("at"))?)));
                entering.bind(slots.collect::<Result<Vec<_>, Problem>>()?)
            }
            None => entering,
        };
        desk.session.run(entering).await.map(|_| ())
    }
}

fn search(row: &Record) -> String {
    text(&found_by(row.text("name"), row.text("phone"), row.text("email")))
}

/// What tells a row from others of its table.
fn name(row: &Record) -> String {
    format!("{:?}", row.key())
}

/// [`Transfer::erase`].
struct Erase(PartnerId);

#[async_trait]
impl Errand for Erase {
    type Answer = u64;

    async fn run(&self, desk: &mut Desk<'_>) -> Result<u64, Problem> {
        desk.must_be_nobody_elses(&self.0).await?;
        let mut gone = 0;
        for table in Table::all().iter().rev() {
            let left = ERASED_MAX - i64::try_from(gone).unwrap_or(ERASED_MAX);
            gone += desk.session.run(of(erasing(table), &self.0).bind(left.max(0))).await?;
        }
        Ok(gone)
    }
}

fn of(sql: String, partner: &PartnerId) -> Statement {
    made(sql).bind(partner.as_str().to_owned())
}

fn bind(statement: Statement, value: &Value) -> Statement {
    match value {
        Value::Nothing => statement.bind(None::<String>),
        Value::Text(words) => statement.bind(text(words)),
        Value::Number(number) => statement.bind(*number),
        Value::Flag(flag) => statement.bind(*flag),
        Value::Id(id) => statement.bind(Id(*id)),
        Value::Bytes(bytes) => statement.bind(bytes.clone()),
    }
}

/// One array for each column.
fn bind_columns(statement: Statement, columns: &[Column], rows: &[&Record]) -> Statement {
    columns.iter().fold(statement, |statement, column| {
        let values = rows.iter().map(|row| row.get(column.name));
        match column.kind {
            Kind::Text | Kind::Word(_) => statement.bind(
                values
                    .map(|value| if let Value::Text(words) = value { Some(text(words)) } else { None })
                    .collect::<Vec<_>>(),
            ),
            Kind::Number | Kind::Time => statement.bind(
                values
                    .map(|value| if let Value::Number(number) = value { Some(*number) } else { None })
                    .collect::<Vec<_>>(),
            ),
            Kind::Flag => statement.bind(
                values.map(|value| if let Value::Flag(flag) = value { Some(*flag) } else { None }).collect::<Vec<_>>(),
            ),
            Kind::Id => statement.bind(
                values.map(|value| if let Value::Id(id) = value { Some(Id(*id)) } else { None }).collect::<Vec<_>>(),
            ),
            Kind::Bytes => statement.bind(
                values
                    .map(|value| if let Value::Bytes(bytes) = value { Some(bytes.clone()) } else { None })
                    .collect::<Vec<_>>(),
            ),
        }
    })
}

/// What this store keeps of a row to find it by.
fn derived(table: &Table) -> Option<&'static str> {
    match table.name {
        "customers" => Some("search"),
        "conversations" | "leads" => Some("slot"),
        _ => None,
    }
}

fn names(columns: &[Column]) -> String {
    columns.iter().map(|column| column.name).collect::<Vec<_>>().join(", ")
}

/// The columns as they are read.
fn columns(table: &Table) -> String {
    let read = |column: &Column| match column.kind {
        Kind::Number | Kind::Time => format!("t.{}::bigint", column.name),
        Kind::Text | Kind::Word(_) | Kind::Flag | Kind::Id | Kind::Bytes => format!("t.{}", column.name),
    };
    table.columns.iter().map(read).collect::<Vec<_>>().join(", ")
}

/// Arrays of so many columns, the first of which is bound as `$2`.
fn arrays(columns: &[Column], derived: Option<&str>) -> String {
    let kind = |column: &Column| match column.kind {
        Kind::Text | Kind::Word(_) => "text",
        Kind::Number | Kind::Time => "bigint",
        Kind::Flag => "boolean",
        Kind::Id => "uuid",
        Kind::Bytes => "bytea",
    };
    let of_derived = derived.map(|name| if name == "slot" { "bigint" } else { "text" });
    let kinds = columns.iter().map(kind).chain(of_derived);
    kinds.enumerate().map(|(at, kind)| format!("${}::{kind}[]", at + 2)).collect::<Vec<_>>().join(", ")
}

fn opening(table: &Table, is_begun: bool) -> String {
    let (order, position, count) =
        if table.in_line { ("position".to_owned(), ", t.position", 1) } else { (names(table.key()), "", table.key) };
    let places = (2..2 + count).map(|at| format!("${at}")).collect::<Vec<_>>().join(", ");
    let behind = if is_begun { format!(" AND ({order}) > ({places})") } else { String::new() };
    format!(
        "DECLARE leaving_{1} NO SCROLL CURSOR FOR SELECT {0}{position} FROM voronka.{1} t WHERE partner = $1{behind} ORDER BY {order}",
        columns(table),
        table.name
    )
}

fn looking(table: &Table) -> String {
    let key = names(table.key());
    format!(
        "SELECT {} FROM voronka.{} t WHERE partner = $1 AND ({key}) IN (SELECT * FROM unnest({}))",
        columns(table),
        table.name,
        arrays(table.key(), None)
    )
}

/// In the order of the arrays: bubbles take their positions in it.
fn entering(table: &Table) -> String {
    let derived = derived(table);
    let columns = names(table.columns) + &derived.map_or_else(String::new, |name| format!(", {name}"));
    format!(
        "INSERT INTO voronka.{} (partner, {columns}) SELECT $1, {columns} FROM unnest({}) WITH ORDINALITY AS n ({columns}, line) \
         ORDER BY line",
        table.name,
        arrays(table.columns, derived)
    )
}

fn erasing(table: &Table) -> String {
    let (name, key) = (table.name, names(table.key()));
    format!(
        "DELETE FROM voronka.{name} WHERE partner = $1 AND ({key}) IN (SELECT {key} FROM voronka.{name} WHERE partner = $1 LIMIT $2)"
    )
}

/// Each partner by one look into the index, however many rows it has.
fn distinct_partners(table: &Table) -> String {
    let name = table.name;
    format!(
        "WITH RECURSIVE found AS ((SELECT partner FROM voronka.{name} ORDER BY partner LIMIT 1) UNION ALL \
         SELECT (SELECT t.partner FROM voronka.{name} t WHERE t.partner > found.partner ORDER BY t.partner LIMIT 1) \
         FROM found WHERE found.partner IS NOT NULL) SELECT partner FROM found WHERE partner IS NOT NULL"
    )
}

#[cfg(test)]
mod tests {
    use voronka_testkit::{
        journal::{
            sample,
            suite::{everything, furnish},
        },
        journal_transfer_conformance, transfer_conformance,
    };

    use super::*;
    use crate::tests::InDatabase;

    impl voronka_testkit::transfer::Fixture for InDatabase {
        type Store = PostgresStore;

        fn store(&self) -> &PostgresStore {
            &self.store
        }
    }

    transfer_conformance!(InDatabase::new().await);
    journal_transfer_conformance!(InDatabase::new().await);

    #[tokio::test]
    async fn every_statement_fits_the_schema_and_names_its_partner() {
        let fixture = InDatabase::new().await;
        let session = Session::open(&fixture.app()).await.unwrap();
        for table in Table::all() {
            for text in [opening(table, false), opening(table, true), looking(table), entering(table), erasing(table)] {
                assert!(text.contains("partner = $1") || text.contains("(partner, "), "{text}");
                session.takes(&text).await.unwrap_or_else(|problem| panic!("{text}: {}", problem.told()));
            }
        }
    }

    /// A table that is new is moved with the others, or said here to be of no partner.
    #[tokio::test]
    async fn every_table_and_column_of_a_partners_is_moved() {
        const MADE_ANEW: &[&str] = &[
            "customers.search",
            "customers.version",
            "conversations.slot",
            "leads.slot",
            "leads.version",
            "outbox.position",
        ];
        // Who serves it here is no affair of the other store.
        const OF_THE_SERVERS: &[&str] = &["leases", "news"];
        let fixture = InDatabase::new().await;
        let all = fixture.database.run(
            "SELECT c.table_name || '.' || c.column_name FROM information_schema.columns c WHERE c.table_schema = 'voronka' \
             AND c.column_name <> 'partner' AND EXISTS (SELECT FROM information_schema.columns p \
             WHERE p.table_schema = 'voronka' AND p.table_name = c.table_name AND p.column_name = 'partner')",
        );
        for name in all.lines() {
            let (table, column) = name.split_once('.').unwrap();
            let moved = Table::named(table).is_some_and(|table| table.columns.iter().any(|known| known.name == column));
            let stays = MADE_ANEW.contains(&name) || OF_THE_SERVERS.contains(&table);
            assert!(moved || stays, "{name} is not moved");
        }
        assert!(all.lines().count() > 70);
    }

    /// S-55: the queries ask for nega's rows, as if no filter kept them from it; the transactions are korica's.
    #[tokio::test]
    async fn s_55_rls_filters_off_for_what_moves() {
        let fixture = InDatabase::new().await;
        let [korica, nega] = ["korica", "nega"].map(sample::partner);
        let theirs = furnish(&fixture.store, &nega).await;
        let before = everything(&fixture.store, &nega, &theirs).await;
        let posing = PostgresStore::connect(&fixture.app(), Some(korica)).await.unwrap();
        let found = voronka_testkit::transfer::suite::all(&posing, &nega, 10).await;
        assert_eq!(found, []);
        assert_eq!(posing.erase(&nega).await, Ok(0));
        let rows = voronka_testkit::transfer::suite::all(&fixture.store, &nega, 10).await;
        let refused = posing.enter(&nega, rows).await.unwrap_err();
        assert!(refused.to_string().contains("row-level security"), "{refused}");
        assert_eq!(everything(&fixture.store, &nega, &theirs).await, before, "nothing of nega's was changed");
    }
}
