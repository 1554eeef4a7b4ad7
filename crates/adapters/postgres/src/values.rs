//! Between columns and the core's types.

use std::{borrow::Cow, error::Error};

use bytes::BytesMut;
use jiff::Timestamp;
use tokio_postgres::{
    Row,
    types::{FromSql, IsNull, ToSql, Type, to_sql_checked},
};
use uuid::Uuid;
use voronka_core::{
    ids::{AccountId, BubbleId, ConversationId, CustomerId, NoticeId, OrderId, PartnerId},
    lead::Temperature,
    message::{EventKey, Peer},
    order::OrderState,
    rows::{Author, ConversationRow, CustomerRow, FactRow, IdentityRow, LeadRow, MessageRow, NoticeRow, OrderRow},
};

use crate::problem::Problem;

/// A quarter of an hour: most dialogues are over by then, and few conversations are active within one.
const SLOT_MICROS: i64 = 900_000_000;
/// PostgreSQL has no U+0000 in a text: this and a `0` stand for it, this and a `1` for itself.
const ESCAPE: char = '\u{1}';

pub(crate) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// What an index has in a time's place: it stays the same for a while, so that the index does. Grows with the time.
pub(crate) fn slot(at: Timestamp) -> i64 {
    micros(at).div_euclid(SLOT_MICROS)
}

pub(crate) fn time(micros: i64) -> Result<Timestamp, Problem> {
    Timestamp::from_microsecond(micros).map_err(|_| Problem::Unreadable("time"))
}

/// PostgreSQL counts in `i64`.
pub(crate) fn most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// A text as it is stored: every text of people's goes through here on its way in, and through [`get`] on its way out.
pub(crate) fn text(text: &str) -> String {
    if text.contains(['\0', ESCAPE]) {
        return text.replace(ESCAPE, "\u{1}1").replace('\0', "\u{1}0");
    }
    text.to_owned()
}

/// The text before [`text`].
fn as_it_was(stored: &str) -> Cow<'_, str> {
    if stored.contains(ESCAPE) {
        return stored.replace("\u{1}0", "\0").replace("\u{1}1", "\u{1}").into();
    }
    stored.into()
}

/// One column of the rows that a statement writes, as the array that it takes.
pub(crate) fn column<'a, R, T>(rows: &'a [R], of: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.iter().map(of).collect()
}

/// An id as PostgreSQL has it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Id(pub(crate) Uuid);

impl ToSql for Id {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.extend_from_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(kind: &Type) -> bool {
        *kind == Type::UUID
    }

    to_sql_checked!();
}

impl FromSql<'_> for Id {
    fn from_sql(_: &Type, raw: &[u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(Uuid::from_slice(raw)?))
    }

    fn accepts(kind: &Type) -> bool {
        *kind == Type::UUID
    }
}

/// What may be bound to a statement, with the type that it has there.
pub(crate) trait Bound: ToSql + Sync + Send + 'static {
    const TYPE: Type;
}

macro_rules! bound {
    ($($type:ty: $one:ident, $many:ident;)*) => {$(
        impl Bound for $type {
            const TYPE: Type = Type::$one;
        }

        impl Bound for Option<$type> {
            const TYPE: Type = Type::$one;
        }

        impl Bound for Vec<$type> {
            const TYPE: Type = Type::$many;
        }

        impl Bound for Vec<Option<$type>> {
            const TYPE: Type = Type::$many;
        }

        impl Bound for Option<Vec<$type>> {
            const TYPE: Type = Type::$many;
        }
    )*};
}

bound! {
    bool: BOOL, BOOL_ARRAY;
    i32: INT4, INT4_ARRAY;
    i64: INT8, INT8_ARRAY;
    String: TEXT, TEXT_ARRAY;
    &'static str: TEXT, TEXT_ARRAY;
    Vec<u8>: BYTEA, BYTEA_ARRAY;
    Id: UUID, UUID_ARRAY;
}

/// From a column of the row, by its place.
pub(crate) trait Read: Sized {
    fn read(row: &Row, column: usize) -> Result<Self, Problem>;
}

pub(crate) fn get<T: Read>(row: &Row, column: usize) -> Result<T, Problem> {
    T::read(row, column)
}

/// As PostgreSQL has it.
fn stored<'r, T: FromSql<'r>>(row: &'r Row, column: usize) -> Result<T, Problem> {
    row.try_get(column).map_err(|_| Problem::Unreadable("column"))
}

macro_rules! as_postgres_has_it {
    ($($type:ty)*) => {$(
        impl Read for $type {
            fn read(row: &Row, column: usize) -> Result<Self, Problem> {
                stored(row, column)
            }
        }
    )*};
}

as_postgres_has_it! { bool Option<bool> i64 i32 Option<i64> Option<Vec<u8>> Vec<u8> Id Option<Id> }

impl Read for u32 {
    fn read(row: &Row, column: usize) -> Result<Self, Problem> {
        Self::try_from(get::<i64>(row, column)?).map_err(|_| Problem::Unreadable("number"))
    }
}

impl Read for String {
    fn read(row: &Row, column: usize) -> Result<Self, Problem> {
        Ok(words(row, column)?.into_owned())
    }
}

impl Read for Option<String> {
    fn read(row: &Row, column: usize) -> Result<Self, Problem> {
        Ok(stored::<Option<&str>>(row, column)?.map(|stored| as_it_was(stored).into_owned()))
    }
}

/// A text, where it lies.
pub(crate) fn words(row: &Row, column: usize) -> Result<Cow<'_, str>, Problem> {
    Ok(as_it_was(stored(row, column)?))
}

macro_rules! ids {
    ($($type:ident)*) => {$(
        impl Read for $type {
            fn read(row: &Row, column: usize) -> Result<Self, Problem> {
                Ok(Self(get::<Id>(row, column)?.0))
            }
        }

        impl Read for Option<$type> {
            fn read(row: &Row, column: usize) -> Result<Self, Problem> {
                Ok(stored::<Option<Id>>(row, column)?.map(|id| $type(id.0)))
            }
        }
    )*};
}

ids! { ConversationId CustomerId OrderId BubbleId NoticeId }

macro_rules! names {
    ($($type:ident)*) => {$(
        impl Read for $type {
            fn read(row: &Row, column: usize) -> Result<Self, Problem> {
                Self::parse(stored(row, column)?).map_err(|_| Problem::Unreadable("name"))
            }
        }
    )*};
}

names! { PartnerId AccountId }

macro_rules! channel_words {
    ($($type:ident)*) => {$(
        impl Read for $type {
            fn read(row: &Row, column: usize) -> Result<Self, Problem> {
                Ok(Self::new(&words(row, column)?))
            }
        }
    )*};
}

channel_words! { Peer EventKey }

impl Read for Option<EventKey> {
    fn read(row: &Row, column: usize) -> Result<Self, Problem> {
        Ok(get::<Option<String>>(row, column)?.map(|key| EventKey::new(&key)))
    }
}

impl Read for Timestamp {
    fn read(row: &Row, column: usize) -> Result<Self, Problem> {
        time(get(row, column)?)
    }
}

impl Read for Option<Timestamp> {
    fn read(row: &Row, column: usize) -> Result<Self, Problem> {
        get::<Option<i64>>(row, column)?.map(time).transpose()
    }
}

impl Read for Author {
    fn read(row: &Row, column: usize) -> Result<Self, Problem> {
        Self::from_name(stored(row, column)?).ok_or(Problem::Unreadable("author"))
    }
}

/// From [`Temperature::number`].
impl Read for Temperature {
    fn read(row: &Row, column: usize) -> Result<Self, Problem> {
        Self::from_number(get(row, column)?).ok_or(Problem::Unreadable("temperature"))
    }
}

impl Read for OrderState {
    fn read(row: &Row, column: usize) -> Result<Self, Problem> {
        let name: &str = stored(row, column)?;
        Self::ALL.into_iter().find(|state| state.name() == name).ok_or(Problem::Unreadable("order state"))
    }
}

/// Columns as in [`crate::sql::CONVERSATIONS_LOAD`], from this one on.
pub(crate) fn conversation(row: &Row, from: usize) -> Result<ConversationRow, Problem> {
    let owner: &str = stored(row, from + 3)?;
    Ok(ConversationRow {
        account: get(row, from)?,
        peer: get(row, from + 1)?,
        customer: get(row, from + 2)?,
        owner: ConversationRow::owner_named(owner).ok_or(Problem::Unreadable("owner"))?,
        preview: get(row, from + 4)?,
        at: get(row, from + 5)?,
        unread: get(row, from + 6)?,
        state: get(row, from + 7)?,
    })
}

/// Columns as in [`crate::sql::CONVERSATIONS_LOAD`], from this one on.
pub(crate) fn customer(row: &Row, from: usize) -> Result<CustomerRow, Problem> {
    Ok(CustomerRow {
        id: get(row, from)?,
        name: get(row, from + 1)?,
        phone: get(row, from + 2)?,
        email: get(row, from + 3)?,
        data: get(row, from + 4)?,
        version: get(row, from + 5)?,
    })
}

/// Columns as in [`crate::sql::KNOWN_BY_ID`].
pub(crate) fn identity(row: &Row) -> Result<IdentityRow, Problem> {
    Ok(IdentityRow {
        customer: get(row, 0)?,
        account: get(row, 1)?,
        peer: get(row, 2)?,
        name: get(row, 3)?,
        phone: get(row, 4)?,
        email: get(row, 5)?,
        merged_into: get(row, 6)?,
        data: get(row, 7)?,
        version: get(row, 8)?,
        page: get::<Option<String>>(row, 9)?.as_deref().and_then(ConversationRow::page_in),
    })
}

/// Columns as in [`crate::sql::LEAD`], from this one on.
pub(crate) fn lead(row: &Row, from: usize) -> Result<LeadRow, Problem> {
    Ok(LeadRow {
        customer: get(row, from)?,
        temperature: get::<Temperature>(row, from + 1)?.name(),
        score: get(row, from + 2)?,
        stage: get(row, from + 3)?,
        why: get(row, from + 4)?,
        source: get(row, from + 5)?,
        at: get(row, from + 6)?,
        data: get(row, from + 7)?,
        version: get(row, from + 8)?,
    })
}

/// Columns as in [`crate::sql::MESSAGES_LAST`].
pub(crate) fn message(row: &Row) -> Result<MessageRow, Problem> {
    Ok(MessageRow {
        seq: get(row, 0)?,
        author: get(row, 1)?,
        at: get(row, 2)?,
        key: get(row, 3)?,
        bubble: get(row, 4)?,
        text: get(row, 5)?,
        body: get(row, 6)?,
        basis: get(row, 7)?,
    })
}

/// Columns as in [`crate::sql::FACTS_LAST`].
pub(crate) fn fact(row: &Row) -> Result<FactRow, Problem> {
    Ok(FactRow { customer: get(row, 0)?, name: get(row, 1)?, at: get(row, 2)?, data: get(row, 3)? })
}

/// Columns as in [`crate::sql::ORDERS_OF`].
pub(crate) fn order(row: &Row) -> Result<OrderRow, Problem> {
    Ok(OrderRow {
        id: get(row, 0)?,
        customer: get(row, 1)?,
        number: get(row, 2)?,
        state: get(row, 3)?,
        total_minor: get(row, 4)?,
        currency: get(row, 5)?,
        due: get(row, 6)?,
        at: get(row, 7)?,
        data: get(row, 8)?,
    })
}

/// Columns as in [`crate::sql::NOTICES`].
pub(crate) fn notice(row: &Row) -> Result<NoticeRow, Problem> {
    Ok(NoticeRow {
        id: get(row, 0)?,
        about: get(row, 1)?,
        text: get(row, 2)?,
        at: get(row, 3)?,
        conversation: get(row, 4)?,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_words_come_back_and_none_has_a_nul_meanwhile(words in "[\u{0}\u{1}01ы]{0,12}|(?s).{0,20}") {
            let stored = text(&words);
            prop_assert!(!stored.contains('\0'));
            prop_assert_eq!(as_it_was(&stored), words);
        }
    }
}
