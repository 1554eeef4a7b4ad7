//! What every store must do that partners move from and to, a function a sentence.
#![expect(clippy::missing_panics_doc, reason = "a case fails by panicking where the store does not keep its word")]

use uuid::Uuid;
use voronka_core::{
    ids::PartnerId,
    ports::{Directory, Journal, KeyValues, Leaving, Place, PostedMail, StoreError, TRANSFER_NOTES, Transfer},
    record::{Column, Kind, Record, Table, Value},
    rows::RawLetter,
};

use super::Fixture;
use crate::journal::{
    sample,
    suite::{everything, furnish},
};

/// A value of each column, of rows told apart by a number.
fn value(column: &Column, row: u8) -> Value {
    let number = i64::from(row);
    match column.kind {
        Kind::Text => Value::Text(format!("{} {row}", column.name)),
        Kind::Word(words) => Value::Text(words[usize::from(row) % words.len()].to_owned()),
        Kind::Number if column.name == "score" => Value::Number(i64::from(i32::MAX) - number),
        Kind::Number | Kind::Time => Value::Number(number + 1),
        Kind::Flag => Value::Flag(row.is_multiple_of(2)),
        Kind::Id => Value::Id(Uuid::from_u128(u128::from(row) + 1)),
        Kind::Bytes => Value::Bytes(vec![row; 3]),
    }
}

fn row(table: &'static Table, number: u8) -> Record {
    Record::new(table, table.columns.iter().map(|column| value(column, number)).collect()).expect("a row")
}

/// A row that holds nothing where it may, and the least that there is elsewhere: empty texts, zeros.
fn least(table: &'static Table) -> Record {
    let value = |column: &Column| match (column.optional, column.kind) {
        (true, _) => Value::Nothing,
        (false, Kind::Text) => Value::Text(String::new()),
        (false, Kind::Number | Kind::Time) => Value::Number(0),
        (false, Kind::Id) => Value::Id(Uuid::nil()),
        (false, _) => self::value(column, 0),
    };
    Record::new(table, table.columns.iter().map(value).collect()).expect("a row")
}

/// A row of what is hard to keep: letters that no screen shows, the largest numbers, bytes that are no text.
fn hard(table: &'static Table) -> Record {
    let words = "\u{0}\u{1}0\u{1}1\u{0}\u{7f}\u{feff}\u{10ffff}🎂 «Медовик»\r\n\\\"'%_";
    let value = |(at, column): (usize, &Column)| match column.kind {
        // Kept beside its words where it repeats them.
        Kind::Text if ["body", "bubble"].contains(&column.name) => {
            Value::Text(serde_json::json!({ "text": words, "again": words }).to_string())
        }
        Kind::Text => Value::Text(words.to_owned()),
        Kind::Number if table.number == Some(at) => Value::Number(1 << 40),
        Kind::Number if column.name == "score" => Value::Number(i64::from(i32::MIN)),
        Kind::Number => Value::Number(i64::MAX),
        Kind::Time => Value::Number(-1),
        Kind::Id => Value::Id(Uuid::max()),
        Kind::Bytes => Value::Bytes((0..=255).collect()),
        Kind::Flag | Kind::Word(_) => self::value(column, 1),
    };
    Record::new(table, table.columns.iter().enumerate().map(value).collect()).expect("a row")
}

/// Rows of all tables.
fn rows() -> Vec<Record> {
    let of_table = |table: &'static Table| [least(table), row(table, 1), row(table, 2), hard(table)];
    Table::all().iter().flat_map(of_table).collect()
}

async fn enter(store: &impl Transfer, partner: &PartnerId, rows: &[Record]) {
    store.enter(partner, rows.to_vec()).await.expect("rows enter");
}

/// All that leaves, page by page, from one moment.
pub async fn all(store: &impl Transfer, partner: &PartnerId, limit: usize) -> Vec<Record> {
    rest(&mut *store.leave(partner, None).await.expect("rows leave"), limit).await
}

async fn rest(leaving: &mut dyn Leaving, limit: usize) -> Vec<Record> {
    let mut found = Vec::new();
    loop {
        let page = leaving.page(limit).await.expect("a page leaves");
        found.extend(page.rows);
        if page.next.is_none() {
            return found;
        }
    }
}

/// The same rows whatever their order.
fn sorted(rows: &[Record]) -> Vec<String> {
    let mut lines: Vec<String> = rows.iter().map(Record::line).collect();
    lines.sort();
    lines
}

/// Every kind of value comes back as it was.
pub async fn rows_that_entered_leave_as_they_were(fixture: &impl Fixture) {
    let (store, korica) = (fixture.store(), sample::partner("korica"));
    assert!(all(store, &korica, 10).await.is_empty());
    let rows = rows();
    enter(store, &korica, &rows).await;
    for limit in [1, 3, 1_000] {
        let left = all(store, &korica, limit).await;
        assert_eq!(sorted(&left), sorted(&rows), "{limit} at a time");
        let order: Vec<&str> = left.iter().map(|row| row.table().name).collect();
        assert!(order.is_sorted_by_key(|name| Table::all().iter().position(|table| table.name == *name)), "{order:?}");
    }
}

/// What was broken off is entered again.
pub async fn a_row_that_is_there_changes_nothing_and_another_is_refused(fixture: &impl Fixture) {
    let (store, korica) = (fixture.store(), sample::partner("korica"));
    let rows = rows();
    enter(store, &korica, &rows).await;
    enter(store, &korica, &rows).await;
    assert_eq!(sorted(&all(store, &korica, 100).await), sorted(&rows));
    for table in Table::all() {
        let there = row(table, 1);
        let mut values = row(table, 3).values().to_vec();
        values[..table.key].clone_from_slice(there.key());
        let other = Record::new(table, values).expect("a row");
        let refused = store.enter(&korica, vec![row(table, 4), other]).await;
        assert!(matches!(refused, Err(StoreError::Failed(_))), "{}: {refused:?}", table.name);
    }
    assert_eq!(sorted(&all(store, &korica, 100).await), sorted(&rows), "nothing of what was refused is there");
}

/// Whoever writes meanwhile is not seen.
pub async fn what_leaves_is_of_one_moment(fixture: &impl Fixture) {
    let (store, korica) = (fixture.store(), sample::partner("korica"));
    let before = rows();
    enter(store, &korica, &before).await;
    let mut leaving = store.leave(&korica, None).await.expect("rows leave");
    let mut left = leaving.page(1).await.expect("a page leaves").rows;
    let later: Vec<Record> = Table::all().iter().map(|table| row(table, 9)).collect();
    enter(store, &korica, &later).await;
    loop {
        let page = leaving.page(100).await.expect("a page leaves");
        left.extend(page.rows);
        if page.next.is_none() {
            break;
        }
    }
    assert_eq!(sorted(&left), sorted(&before));
    assert_eq!(all(store, &korica, 100).await.len(), before.len() + later.len());
}

/// A transfer that was broken off goes on where it was.
pub async fn leaving_goes_on_behind_any_place(fixture: &impl Fixture) {
    let (store, korica) = (fixture.store(), sample::partner("korica"));
    let rows = rows();
    enter(store, &korica, &rows).await;
    let (mut found, mut place) = (Vec::new(), None);
    loop {
        let mut leaving = store.leave(&korica, place).await.expect("rows leave");
        let page = leaving.page(2).await.expect("a page leaves");
        found.extend(page.rows);
        let Some(next) = page.next else { break };
        let noted = serde_json::to_string(&next).expect("a place is JSON");
        place = Some(serde_json::from_str(&noted).expect("a place is JSON"));
    }
    assert_eq!(sorted(&found), sorted(&rows));
    let strange = Some(Place { table: "secrets".into(), after: vec![] });
    if let Ok(mut leaving) = store.leave(&korica, strange).await {
        assert!(leaving.page(1).await.is_err(), "no such table");
    }
}

/// Bubbles are sent in the order in which they came, and not in that of their ids.
pub async fn bubbles_keep_their_line(fixture: &impl Fixture) {
    let (store, korica) = (fixture.store(), sample::partner("korica"));
    let outbox = Table::named("outbox").expect("a table");
    let line: Vec<Record> = [7, 3, 9, 1, 5].map(|number| row(outbox, number)).to_vec();
    enter(store, &korica, &line[..3]).await;
    enter(store, &korica, &line).await;
    assert_eq!(all(store, &korica, 2).await, line);
}

/// The same keys are another partner's own rows.
pub async fn partners_have_rows_of_their_own(fixture: &impl Fixture) {
    let (store, [korica, nega]) = (fixture.store(), ["korica", "nega"].map(sample::partner));
    assert_eq!(store.partners().await, Ok(vec![]));
    let theirs: Vec<Record> = Table::all().iter().map(|table| row(table, 1)).collect();
    enter(store, &nega, &theirs).await;
    assert!(all(store, &korica, 10).await.is_empty());
    enter(store, &korica, &rows()).await;
    assert_eq!(store.partners().await, Ok(vec![korica.clone(), nega.clone()]));
    assert_eq!(all(store, &nega, 10).await, theirs);
    while store.erase(&korica).await.expect("rows are erased") > 0 {}
    assert_eq!(all(store, &nega, 10).await, theirs);
    assert_eq!(store.partners().await, Ok(vec![nega]));
    for table in Table::all() {
        let one = sample::partner(&table.name.replace('_', "-"));
        enter(store, &one, &[row(table, 1)]).await;
        assert!(store.partners().await.is_ok_and(|all| all.contains(&one)), "{}", table.name);
    }
}

/// Whoever writes meanwhile, and whether or not the one before was read to its end.
pub async fn all_partners_leave_as_they_were_at_one_moment(fixture: &impl Fixture) {
    let store = fixture.store();
    let [anna, korica, nega] = ["anna", "korica", "nega"].map(sample::partner);
    let keys = Table::named("keys").expect("a table");
    for partner in [&korica, &nega] {
        enter(store, partner, &rows()).await;
    }
    let before = all(store, &nega, 100).await;
    let mut leaving = store.leave_all().await.expect("all leave");
    let (first, mut pages) = leaving.next().await.expect("one leaves").expect("there is one");
    assert_eq!(first, korica);
    assert_eq!(pages.page(1).await.expect("a page leaves").rows.len(), 1);
    drop(pages);
    enter(store, &anna, &rows()).await;
    enter(store, &nega, &[row(keys, 9)]).await;
    while store.erase(&korica).await.expect("rows are erased") > 0 {}
    let (second, mut pages) = leaving.next().await.expect("one leaves").expect("there is one");
    assert_eq!(second, nega);
    assert_eq!(rest(&mut *pages, 3).await, before);
    drop(pages);
    assert!(leaving.next().await.expect("none is left").is_none());
    drop(leaving);
    let mut now = store.leave_all().await.expect("all leave");
    let (first, mut pages) = now.next().await.expect("one leaves").expect("there is one");
    assert_eq!((first, sorted(&rest(&mut *pages, 100).await)), (anna, sorted(&rows())));
}

/// However many there are, each step is small.
pub async fn rows_are_erased_in_steps(fixture: &impl Fixture) {
    let (store, korica) = (fixture.store(), sample::partner("korica"));
    let keys = Table::named("keys").expect("a table");
    let key = |number: u32| {
        let values = vec![Value::Text("web".into()), Value::Text(number.to_string()), Value::Number(0)];
        Record::new(keys, values).expect("a row")
    };
    let mut all_rows: Vec<Record> = (0..1_200).map(key).collect();
    all_rows.extend(rows());
    enter(store, &korica, &all_rows).await;
    let mut gone = 0;
    loop {
        match store.erase(&korica).await.expect("rows are erased") {
            0 => break,
            rows => gone += rows,
        }
    }
    assert_eq!(gone, all_rows.len());
    assert!(all(store, &korica, 10).await.is_empty());
    enter(store, &korica, &rows()).await;
    assert_eq!(sorted(&all(store, &korica, 10).await), sorted(&rows()), "it may come again");
}

/// Where a transfer stands is nothing that moves.
pub async fn notes_of_a_transfer_stay(fixture: &impl Fixture) {
    let (store, korica) = (fixture.store(), sample::partner("korica"));
    let values = Table::named("key_values").expect("a table");
    let value = |kind: &str, key: &str| {
        let text = |text: &str| Value::Text(text.to_owned());
        Record::new(values, vec![text(kind), text(key), text("1")]).expect("a row")
    };
    let rows = [value(TRANSFER_NOTES, "place"), value("spent", "2026-12"), value("zzz", "last")];
    enter(store, &korica, &rows).await;
    for limit in [1, 10] {
        assert_eq!(all(store, &korica, limit).await, rows[1..]);
    }
}

/// Whatever is asked of the other store, it answers as the first one did.
pub async fn what_the_journal_wrote_is_the_same_elsewhere<F>(from: &F, to: &F)
where
    F: Fixture<Store: Journal + Directory + KeyValues>,
{
    let (from, to) = (from.store(), to.store());
    let [korica, nega] = ["korica", "nega"].map(sample::partner);
    // Numbers are taken already.
    furnish(from, &nega).await;
    furnish(to, &nega).await;
    let of = furnish(from, &korica).await;
    let rows = all(from, &korica, 3).await;
    let names: std::collections::BTreeSet<&str> = rows.iter().map(|row| row.table().name).collect();
    assert_eq!(names.len(), Table::all().len(), "a row of each table: {names:?}");
    enter(to, &korica, &rows).await;
    assert_eq!(everything(to, &korica, &of).await, everything(from, &korica, &of).await);
    assert_eq!(all(to, &korica, 100).await, all(from, &korica, 100).await);
    let fired = |fired: voronka_core::ports::Fired| fired.conversations.len();
    let (rang, rings) = (from.fire(sample::moment(55), 10).await, to.fire(sample::moment(55), 10).await);
    assert_eq!(rang.map(fired).expect("timers ring"), rings.map(fired).expect("timers ring"));
}

/// A position or an id that came with a partner is not given again.
pub async fn numbers_go_on_behind_those_that_came<F>(fixture: &F)
where
    F: Fixture<Store: Journal + Directory + KeyValues>,
{
    let (store, korica) = (fixture.store(), sample::partner("korica"));
    let (mailbox, letters) = (Table::named("mailbox").expect("a table"), Table::named("letters").expect("a table"));
    enter(store, &korica, &[hard(mailbox)]).await;
    let posted = store.post(vec![sample::text(&korica, "anna", "1", "Торт?")]).await.expect("events are kept");
    assert!(matches!(&posted[0], PostedMail::New(_, seq) if *seq > 1 << 40), "{posted:?}");
    let mut values = row(letters, 1).values().to_vec();
    (values[0], values[1]) = (Value::Number(1_234_567), Value::Text("telegram".into()));
    enter(store, &korica, &[Record::new(letters, values).expect("a row")]).await;
    let raw = RawLetter {
        partner: korica.clone(),
        account: sample::account(),
        body: vec![0, 255],
        cause: "…".into(),
        at: sample::moment(2),
    };
    store.keep_raw(raw).await.expect("is kept");
    let page = voronka_core::ports::Page::first(9);
    let ids: Vec<i64> = store.dead_letters(&korica, page).await.expect("lists").iter().map(|one| one.id).collect();
    assert_eq!(ids.len(), 2);
    assert!(ids[0] > 1_234_567 && ids[1] == 1_234_567, "{ids:?}");
}
