//! All rows about one person, as they are at one moment.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};
use voronka_core::{
    ids::PartnerId,
    message::{Event, Identity},
    ports::StoreError,
    record::{Kind, Record, Value},
    rows::IdentityRow,
};

use super::receipt::Counts;
use crate::store::Store;

/// Rows that are read at a time.
const PAGE_ROWS: usize = 500;
/// Columns of text that hold JSON.
const IN_JSON: [&str; 7] = ["data", "state", "body", "basis", "timer", "event", "bubble"];

/// Tables whose rows of a conversation go with an erasure.
const ERASED: [&str; 4] = ["messages", "notices", "outbox", "letters"];
/// Fields of state, data and facts that name another customer.
const OF_OTHERS: [&str; 3] = ["same_as", "not_same", "with"];

/// Rows by their table.
pub(super) struct About(BTreeMap<&'static str, Vec<Record>>);

impl About {
    /// Reads through all of the partner's rows: what is about somebody is about them in every table, or is not moved either.
    pub(super) async fn read(
        store: &dyn Store,
        partner: &PartnerId,
        person: &[IdentityRow],
    ) -> Result<Self, StoreError> {
        let customers = person.iter().map(|row| row.customer.0);
        let conversations = person.iter().map(|row| Identity::of(row).key(partner).conversation.0);
        let ids: Vec<Value> = customers.chain(conversations).map(Value::Id).collect();
        let is_theirs = |row: &&Record| {
            let named = match row.table().name {
                "customers" => row.get("id"),
                "leads" | "facts" | "orders" => row.get("customer"),
                _ => row.get("conversation"),
            };
            ids.contains(named)
        };
        let mut found: BTreeMap<&'static str, Vec<Record>> = BTreeMap::new();
        let mut leaving = store.leave(partner, None).await?;
        loop {
            let page = leaving.page(PAGE_ROWS).await?;
            for row in page.rows.iter().filter(is_theirs) {
                found.entry(row.table().name).or_default().push(row.clone());
            }
            if page.next.is_none() {
                return Ok(Self(found));
            }
        }
    }

    /// How many rows there are of each table.
    pub(super) fn counts(&self) -> Counts {
        self.0.iter().map(|(table, rows)| ((*table).to_owned(), rows.len())).collect()
    }

    /// What is gone since, and what is kept.
    pub(super) fn less(&self, after: &Self) -> (Counts, Counts) {
        let gone = |(table, rows): (&&'static str, &Vec<Record>)| {
            let left: HashSet<String> = after.0.get(table).into_iter().flatten().map(key_of).collect();
            ((*table).to_owned(), rows.iter().filter(|row| !left.contains(&key_of(row))).count())
        };
        let gone = self.0.iter().map(gone).filter(|(_, gone)| *gone > 0).collect();
        (gone, after.counts())
    }

    /// Whether anything that had to go is there still: of a conversation, or of its customer's contacts.
    pub(super) fn is_left_in(&self, after: &Self, one: &IdentityRow, partner: &PartnerId) -> bool {
        let conversation = Value::Id(Identity::of(one).key(partner).conversation.0);
        let stays = |table: &&str| {
            let rows = |about: &Self| -> HashSet<String> {
                let rows = about.0.get(*table).into_iter().flatten();
                rows.filter(|row| *row.get("conversation") == conversation).map(key_of).collect()
            };
            !rows(self).is_disjoint(&rows(after))
        };
        let customer = Value::Id(one.customer.0);
        let mut customers = after.0.get("customers").into_iter().flatten();
        let is_known = customers.any(|row| {
            *row.get("id") == customer && ["name", "phone", "email"].iter().any(|column| row.text(column).is_some())
        });
        is_known || ERASED.iter().any(stays)
    }

    /// As it is given to the person: nothing of it is about anybody else.
    pub(super) fn told(&self, partner: &PartnerId, person: &[IdentityRow], at: Timestamp) -> Json {
        let is_own = |row: &&Record| match row.table().name {
            "outbox" => person.iter().any(|one| row.text("peer") == Some(one.peer.as_str())),
            "mailbox" => row.text("event").is_some_and(is_by_customer),
            _ => true,
        };
        let tables = self.0.iter().map(|(table, rows)| {
            let rows = rows.iter().filter(is_own).map(told);
            ((*table).to_owned(), rows.collect::<Json>())
        });
        json!({ "partner": partner, "at": at, "about": tables.collect::<Map<_, _>>() })
    }
}

/// Whether an event is something that the customer did; others tell of the team and of other people.
fn is_by_customer(event: &str) -> bool {
    serde_json::from_str(event).is_ok_and(|event| matches!(event, Event::Customer { .. }))
}

/// Who else was taken for the person, or was told from them, is nobody's to know.
fn without_others(mut json: Json) -> Json {
    if let Some(fields) = json.as_object_mut() {
        fields.retain(|field, _| !OF_OTHERS.contains(&field.as_str()));
    }
    json
}

/// What tells a row from others of its table.
fn key_of(row: &Record) -> String {
    format!("{:?}", row.key())
}

fn told(row: &Record) -> Json {
    let mut fields = Map::new();
    for (column, value) in row.table().columns.iter().zip(row.values()) {
        let json = match (value, column.kind) {
            (Value::Nothing, _) => continue,
            (Value::Number(at), Kind::Time) => {
                Timestamp::from_microsecond(*at).map_or_else(|_| (*at).into(), |at| at.to_string().into())
            }
            (Value::Text(text), _) if IN_JSON.contains(&column.name) => {
                serde_json::from_str(text).map_or_else(|_| text.as_str().into(), without_others)
            }
            (Value::Text(text), _) => text.as_str().into(),
            (Value::Number(number), _) => (*number).into(),
            (Value::Flag(flag), _) => (*flag).into(),
            (Value::Id(id), _) => id.simple().to_string().into(),
            (Value::Bytes(bytes), _) => String::from_utf8_lossy(bytes).into_owned().into(),
        };
        fields.insert(column.name.to_owned(), json);
    }
    fields.into()
}
