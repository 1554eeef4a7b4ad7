//! A partner's rows as they move between stores and lie in files: the same whichever store they come from. Here stands what
//! tables there are and what their columns hold; how they are stored is each store's affair.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

/// Names the table in a record's JSON; no column is called so.
const TABLE: &str = "table";

/// A table of a partner's rows.
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name, in every store.
    pub name: &'static str,
    /// How many of the columns, the first ones, make a row's key within its partner.
    pub key: usize,
    /// What rows hold.
    pub columns: &'static [Column],
    /// The column that has a number which stores give (positions of mail, ids): it stays, and stores go on behind it.
    pub number: Option<usize>,
    /// Rows keep the order in which they were written, and not that of their keys.
    pub in_line: bool,
}

/// What a table's rows hold in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name, in every store.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether it may hold nothing.
    pub optional: bool,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A number.
    Number,
    /// A moment, in microseconds since 1970.
    Time,
    /// Yes or no.
    Flag,
    /// An id of 16 bytes.
    Id,
    /// Bytes.
    Bytes,
}

/// What a row holds in one column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// Nothing.
    Nothing,
    /// Of [`Kind::Text`] and [`Kind::Word`].
    Text(String),
    /// Of [`Kind::Number`] and [`Kind::Time`].
    Number(i64),
    /// Of [`Kind::Flag`].
    Flag(bool),
    /// Of [`Kind::Id`].
    Id(Uuid),
    /// Of [`Kind::Bytes`].
    Bytes(Vec<u8>),
}

impl Column {
    const fn of(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, optional: false }
    }

    const fn optional(self) -> Self {
        Self { optional: true, ..self }
    }

    fn takes(&self, value: &Value) -> bool {
        match (value, self.kind) {
            (Value::Nothing, _) => self.optional,
            (Value::Text(text), Kind::Word(words)) => words.contains(&text.as_str()),
            (Value::Number(at), Kind::Time) => Timestamp::from_microsecond(*at).is_ok(),
            (Value::Text(_), Kind::Text)
            | (Value::Number(_), Kind::Number)
            | (Value::Flag(_), Kind::Flag)
            | (Value::Id(_), Kind::Id)
            | (Value::Bytes(_), Kind::Bytes) => true,
            _ => false,
        }
    }

    /// `None`: it is of another kind.
    fn read(&self, json: Json) -> Option<Value> {
        Some(match (self.kind, json) {
            (Kind::Text | Kind::Word(_), Json::String(text)) => Value::Text(text),
            (Kind::Number | Kind::Time, Json::Number(number)) => Value::Number(number.as_i64()?),
            (Kind::Flag, Json::Bool(flag)) => Value::Flag(flag),
            (Kind::Id, Json::String(id)) => Value::Id(id.parse().ok()?),
            (Kind::Bytes, Json::String(bytes)) => Value::Bytes(hex::decode(bytes).ok()?),
            _ => return None,
        })
    }
}

impl Table {
    const fn of(name: &'static str, key: usize, columns: &'static [Column]) -> Self {
        Self { name, key, columns, number: None, in_line: false }
    }

    const fn numbered(self, column: usize) -> Self {
        Self { number: Some(column), ..self }
    }

    const fn in_line(self) -> Self {
        Self { in_line: true, ..self }
    }

    /// All tables, in the order in which rows are moved: what others belong to comes first.
    pub fn all() -> &'static [Self] {
        TABLES
    }

    /// By its name.
    pub fn named(name: &str) -> Option<&'static Self> {
        TABLES.iter().find(|table| table.name == name)
    }

    /// The columns that make the key.
    pub fn key(&self) -> &'static [Column] {
        &self.columns[..self.key]
    }

    /// The table behind this one.
    pub fn next(&self) -> Option<&'static Self> {
        let at = TABLES.iter().position(|table| table.name == self.name)?;
        TABLES.get(at + 1)
    }
}

const fn text(name: &'static str) -> Column {
    Column::of(name, Kind::Text)
}

const fn number(name: &'static str) -> Column {
    Column::of(name, Kind::Number)
}

const fn time(name: &'static str) -> Column {
    Column::of(name, Kind::Time)
}

const fn id(name: &'static str) -> Column {
    Column::of(name, Kind::Id)
}

const fn word(name: &'static str, words: &'static [&'static str]) -> Column {
    Column::of(name, Kind::Word(words))
}

static TABLES: &[Table] = &[
    Table::of("keys", 2, &[text("account"), text("key"), time("at")]),
    Table::of(
        "customers",
        1,
        &[
            id("id"),
            text("name").optional(),
            text("phone").optional(),
            text("email").optional(),
            text("data"),
            id("merged_into").optional(),
        ],
    ),
    Table::of(
        "leads",
        1,
        &[
            id("customer"),
            number("heat"),
            number("score"),
            text("stage"),
            text("why"),
            text("source").optional(),
            time("at"),
            text("data"),
        ],
    ),
    Table::of(
        "conversations",
        1,
        &[
            id("conversation"),
            number("version"),
            text("account"),
            text("peer"),
            id("customer"),
            word("owner", &["bot", "person", "nobody"]),
            text("preview"),
            time("at"),
            number("unread"),
            text("state"),
        ],
    ),
    Table::of(
        "messages",
        2,
        &[
            id("conversation"),
            number("seq"),
            word("author", &["customer", "bot", "person"]),
            time("at"),
            text("key").optional(),
            id("bubble").optional(),
            text("text"),
            text("body"),
            text("basis").optional(),
        ],
    ),
    Table::of("facts", 2, &[id("customer"), number("id"), text("name"), time("at"), text("data")]).numbered(1),
    Table::of(
        "orders",
        1,
        &[
            id("id"),
            id("customer"),
            id("conversation"),
            text("number"),
            text("state"),
            Column::of("open", Kind::Flag),
            number("total_minor"),
            text("currency"),
            text("due").optional(),
            time("at"),
            time("placed").optional(),
            text("data"),
        ],
    ),
    Table::of("timers", 2, &[id("conversation"), text("name"), time("due"), text("timer")]),
    Table::of(
        "mailbox",
        2,
        &[id("conversation"), number("seq"), text("account"), text("peer"), text("key"), time("at"), text("event")],
    )
    .numbered(1),
    Table::of(
        "outbox",
        1,
        &[
            id("id"),
            id("conversation"),
            text("account"),
            text("peer"),
            number("seq"),
            text("bubble"),
            number("lane"),
            time("expires").optional(),
            number("attempts"),
        ],
    )
    .in_line(),
    Table::of("notices", 1, &[id("id"), text("about"), text("text"), time("at"), id("conversation").optional()]),
    Table::of(
        "letters",
        1,
        &[
            number("id"),
            text("account"),
            id("conversation").optional(),
            text("mail").optional(),
            Column::of("body", Kind::Bytes).optional(),
            text("cause"),
            time("at"),
        ],
    )
    .numbered(0),
    Table::of("tallies", 3, &[text("what"), text("day"), text("key"), number("n")]),
    Table::of("key_values", 2, &[text("kind"), text("key"), text("value")]),
];

/// A row of a partner's, as every store can keep it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    table: &'static Table,
    values: Vec<Value>,
}

/// What is no row of ours. What it holds is not told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRecord {
    /// It is no JSON object that names its table.
    #[error("it is no row")]
    Form,
    /// A table that this version does not have.
    #[error("there is no table of this name")]
    Table,
    /// A column that is missing, of another kind, or unknown.
    #[error("{table}.{column} is not what it should be")]
    Column {
        /// Of which table.
        table: &'static str,
        /// Which column, as the table has it or as it was read.
        column: String,
    },
}

impl Record {
    /// A row that holds what its table's columns take, in their order.
    ///
    /// # Errors
    /// When a value is missing or of another kind.
    pub fn new(table: &'static Table, values: Vec<Value>) -> Result<Self, BadRecord> {
        for (at, column) in table.columns.iter().enumerate() {
            if !values.get(at).is_some_and(|value| column.takes(value)) {
                return Err(BadRecord::Column { table: table.name, column: column.name.to_owned() });
            }
        }
        if values.len() > table.columns.len() { Err(BadRecord::Form) } else { Ok(Self { table, values }) }
    }

    /// Whose row it is.
    pub fn table(&self) -> &'static Table {
        self.table
    }

    /// What it holds, in the order of the table's columns.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// What makes it this row and no other.
    pub fn key(&self) -> &[Value] {
        &self.values[..self.table.key]
    }

    /// What it holds in a column.
    pub fn get(&self, column: &str) -> &Value {
        let at = self.table.columns.iter().position(|known| known.name == column);
        at.and_then(|at| self.values.get(at)).unwrap_or(&Value::Nothing)
    }

    /// The text of a column; `None`: it holds none.
    pub fn text(&self, column: &str) -> Option<&str> {
        match self.get(column) {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number of a column; 0: it holds none.
    pub fn number_of(&self, column: &str) -> i64 {
        match self.get(column) {
            Value::Number(number) => *number,
            _ => 0,
        }
    }

    /// The number that its store gave it.
    pub fn number(&self) -> Option<i64> {
        match self.values.get(self.table.number?) {
            Some(Value::Number(number)) => Some(*number),
            _ => None,
        }
    }

    /// About how many bytes it takes.
    pub fn bytes(&self) -> usize {
        let size = |value: &Value| match value {
            Value::Text(text) => text.len(),
            Value::Bytes(bytes) => bytes.len(),
            Value::Nothing | Value::Number(_) | Value::Flag(_) | Value::Id(_) => 16,
        };
        self.values.iter().map(size).sum()
    }

    /// As one line of JSON, always the same for the same row.
    pub fn line(&self) -> String {
        let mut fields = Map::new();
        fields.insert(TABLE.to_owned(), self.table.name.into());
        for (column, value) in self.table.columns.iter().zip(&self.values) {
            let json = match value {
                Value::Nothing => continue,
                Value::Text(text) => text.as_str().into(),
                Value::Number(number) => (*number).into(),
                Value::Flag(flag) => (*flag).into(),
                Value::Id(id) => id.simple().to_string().into(),
                Value::Bytes(bytes) => hex::encode(bytes).into(),
            };
            fields.insert(column.name.to_owned(), json);
        }
        Json::Object(fields).to_string()
    }

    /// From [`Self::line`].
    ///
    /// # Errors
    /// When it is no row of a table as this version has it.
    pub fn read(line: &str) -> Result<Self, BadRecord> {
        let mut fields: Map<String, Json> = serde_json::from_str(line).map_err(|_| BadRecord::Form)?;
        let name = fields.remove(TABLE).ok_or(BadRecord::Form)?;
        let table = name.as_str().and_then(Table::named).ok_or(BadRecord::Table)?;
        let odd = |column: &str| BadRecord::Column { table: table.name, column: column.to_owned() };
        let mut values = Vec::with_capacity(table.columns.len());
        for column in table.columns {
            values.push(match fields.remove(column.name) {
                None => Value::Nothing,
                Some(json) => column.read(json).ok_or_else(|| odd(column.name))?,
            });
        }
        match fields.keys().next() {
            Some(unknown) => Err(odd(unknown)),
            None => Self::new(table, values),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value(kind: Kind) -> BoxedStrategy<Value> {
        match kind {
            Kind::Text => "(?s).{0,12}|\u{0}\u{1}".prop_map(Value::Text).boxed(),
            Kind::Word(words) => prop::sample::select(words).prop_map(|word| Value::Text(word.to_owned())).boxed(),
            Kind::Number => any::<i64>().prop_map(Value::Number).boxed(),
            Kind::Time => (0..4_000_000_000_000_000_i64).prop_map(Value::Number).boxed(),
            Kind::Flag => any::<bool>().prop_map(Value::Flag).boxed(),
            Kind::Id => any::<u128>().prop_map(|id| Value::Id(Uuid::from_u128(id))).boxed(),
            Kind::Bytes => any::<Vec<u8>>().prop_map(Value::Bytes).boxed(),
        }
    }

    fn record() -> impl Strategy<Value = Record> {
        (0..TABLES.len()).prop_map(|at| &TABLES[at]).prop_flat_map(|table| {
            let column = |column: &Column| {
                if column.optional {
                    prop_oneof![Just(Value::Nothing), value(column.kind)].boxed()
                } else {
                    value(column.kind)
                }
            };
            let values: Vec<_> = table.columns.iter().map(column).collect();
            values.prop_map(move |values| Record::new(table, values).unwrap())
        })
    }

    proptest! {
        #[test]
        fn any_row_comes_back_from_its_line(record in record()) {
            let line = record.line();
            prop_assert!(!line.contains('\n'));
            prop_assert_eq!(Record::read(&line), Ok(record));
        }
    }

    #[test]
    fn what_is_no_row_is_refused_and_not_repeated() {
        let good = r#"{"table":"key_values","kind":"spent","key":"","value":"секрет"}"#;
        assert_eq!(Record::read(good).unwrap().text("value"), Some("секрет"));
        for (bad, why) in [
            ("", "no row"),
            ("[]", "no row"),
            (r#"{"kind":"spent"}"#, "no row"),
            (r#"{"table":"secrets","key":"секрет"}"#, "no table"),
            (r#"{"table":"key_values","kind":"spent","key":1,"value":"секрет"}"#, "key_values.key"),
            (r#"{"table":"key_values","kind":"spent","value":"секрет"}"#, "key_values.key"),
            (r#"{"table":"key_values","kind":"a","key":"b","value":"секрет","more":1}"#, "key_values.more"),
            (r#"{"table":"keys","account":"web","key":"a","at":9223372036854775807}"#, "keys.at"),
        ] {
            let error = Record::read(bad).unwrap_err().to_string();
            assert!(error.contains(why) && !error.contains("секрет"), "{bad}: {error}");
        }
    }

    #[test]
    fn a_table_has_its_key_first_and_its_number_in_it() {
        for table in Table::all() {
            assert!(table.key().iter().all(|column| !column.optional), "{}", table.name);
            assert!(table.number.is_none_or(|at| at < table.key), "{}", table.name);
        }
        assert_eq!(Table::all().len(), std::iter::successors(Table::named("keys"), |table| table.next()).count());
    }
}
