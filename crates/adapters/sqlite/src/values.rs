//! Between columns and the core's types.

use jiff::Timestamp;
use rusqlite::Row;
use uuid::Uuid;
use voronka_core::{
    ids::{AccountId, BubbleId, ConversationId, CustomerId, NoticeId, OrderId, PartnerId},
    lead::Temperature,
    message::{EventKey, Peer},
    order::OrderState,
    rows::{Author, ConversationRow, CustomerRow, FactRow, IdentityRow, LeadRow, MessageRow, NoticeRow, OrderRow},
};

use crate::{body, problem::Problem};

/// A quarter of an hour: most dialogues are over by then, and few conversations are active within one.
const SLOT_MICROS: i64 = 900_000_000;

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

/// From a column of the row, by its place.
pub(crate) trait Read: Sized {
    fn read(row: &Row<'_>, column: usize) -> Result<Self, Problem>;
}

pub(crate) fn get<T: Read>(row: &Row<'_>, column: usize) -> Result<T, Problem> {
    T::read(row, column)
}

macro_rules! as_sqlite_has_it {
    ($($type:ty)*) => {$(
        impl Read for $type {
            fn read(row: &Row<'_>, column: usize) -> Result<Self, Problem> {
                Ok(row.get(column)?)
            }
        }
    )*};
}

as_sqlite_has_it! { i64 i32 u32 String Option<String> Option<i64> }

macro_rules! ids {
    ($($type:ident)*) => {$(
        impl Read for $type {
            fn read(row: &Row<'_>, column: usize) -> Result<Self, Problem> {
                Ok(Self(Uuid::from_bytes(row.get(column)?)))
            }
        }
    )*};
}

ids! { ConversationId CustomerId OrderId BubbleId NoticeId }

macro_rules! names {
    ($($type:ident)*) => {$(
        impl Read for $type {
            fn read(row: &Row<'_>, column: usize) -> Result<Self, Problem> {
                Self::parse(text(row, column)?).map_err(|_| Problem::Unreadable("name"))
            }
        }
    )*};
}

names! { PartnerId AccountId }

macro_rules! channel_words {
    ($($type:ident)*) => {$(
        impl Read for $type {
            fn read(row: &Row<'_>, column: usize) -> Result<Self, Problem> {
                Ok(Self::new(text(row, column)?))
            }
        }
    )*};
}

channel_words! { Peer EventKey }

impl Read for Timestamp {
    fn read(row: &Row<'_>, column: usize) -> Result<Self, Problem> {
        time(row.get(column)?)
    }
}

impl Read for Option<Timestamp> {
    fn read(row: &Row<'_>, column: usize) -> Result<Self, Problem> {
        row.get::<_, Option<i64>>(column)?.map(time).transpose()
    }
}

impl Read for Option<BubbleId> {
    fn read(row: &Row<'_>, column: usize) -> Result<Self, Problem> {
        Ok(row.get::<_, Option<[u8; 16]>>(column)?.map(|bytes| BubbleId(Uuid::from_bytes(bytes))))
    }
}

impl Read for Option<CustomerId> {
    fn read(row: &Row<'_>, column: usize) -> Result<Self, Problem> {
        Ok(row.get::<_, Option<[u8; 16]>>(column)?.map(|bytes| CustomerId(Uuid::from_bytes(bytes))))
    }
}

impl Read for Option<ConversationId> {
    fn read(row: &Row<'_>, column: usize) -> Result<Self, Problem> {
        Ok(row.get::<_, Option<[u8; 16]>>(column)?.map(|bytes| ConversationId(Uuid::from_bytes(bytes))))
    }
}

impl Read for Option<EventKey> {
    fn read(row: &Row<'_>, column: usize) -> Result<Self, Problem> {
        Ok(row.get::<_, Option<String>>(column)?.map(|key| EventKey::new(&key)))
    }
}

impl Read for Author {
    fn read(row: &Row<'_>, column: usize) -> Result<Self, Problem> {
        Self::from_name(&row.get::<_, String>(column)?).ok_or(Problem::Unreadable("author"))
    }
}

/// From [`Temperature::number`].
impl Read for Temperature {
    fn read(row: &Row<'_>, column: usize) -> Result<Self, Problem> {
        Self::from_number(row.get(column)?).ok_or(Problem::Unreadable("temperature"))
    }
}

impl Read for OrderState {
    fn read(row: &Row<'_>, column: usize) -> Result<Self, Problem> {
        let name: String = row.get(column)?;
        Self::ALL.into_iter().find(|state| state.name() == name).ok_or(Problem::Unreadable("order state"))
    }
}

/// The word as the core has it.
pub(crate) fn owner(row: &Row<'_>, column: usize) -> Result<&'static str, Problem> {
    let name: String = row.get(column)?;
    ConversationRow::owner_named(&name).ok_or(Problem::Unreadable("owner"))
}

/// A text, where it lies.
pub(crate) fn text<'row>(row: &'row Row<'_>, column: usize) -> Result<&'row str, Problem> {
    Ok(row.get_ref(column)?.as_str().map_err(rusqlite::Error::from)?)
}

/// Columns as in [`crate::sql::CONVERSATION`], from the second on.
pub(crate) fn conversation(row: &Row<'_>) -> Result<ConversationRow, Problem> {
    Ok(ConversationRow {
        account: get(row, 1)?,
        peer: get(row, 2)?,
        customer: get(row, 3)?,
        owner: owner(row, 4)?,
        preview: get(row, 5)?,
        at: get(row, 6)?,
        unread: get(row, 7)?,
        state: get(row, 8)?,
    })
}

/// Columns as in [`crate::sql::CUSTOMER`].
pub(crate) fn customer(row: &Row<'_>) -> Result<CustomerRow, Problem> {
    Ok(CustomerRow {
        id: get(row, 0)?,
        name: get(row, 1)?,
        phone: get(row, 2)?,
        email: get(row, 3)?,
        data: get(row, 4)?,
        version: get(row, 5)?,
    })
}

/// Columns as in [`crate::sql::KNOWN_BY_ID`].
pub(crate) fn identity(row: &Row<'_>) -> Result<IdentityRow, Problem> {
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
        page: get(row, 9)?,
    })
}

/// Columns as in [`crate::sql::LEAD`].
pub(crate) fn lead(row: &Row<'_>) -> Result<LeadRow, Problem> {
    Ok(LeadRow {
        customer: get(row, 0)?,
        temperature: get::<Temperature>(row, 1)?.name(),
        score: get(row, 2)?,
        stage: get(row, 3)?,
        why: get(row, 4)?,
        source: get(row, 5)?,
        at: get(row, 6)?,
        data: get(row, 7)?,
        version: get(row, 8)?,
    })
}

/// Columns as in [`crate::sql::MESSAGES_LAST`].
pub(crate) fn message(row: &Row<'_>) -> Result<MessageRow, Problem> {
    let text: String = get(row, 5)?;
    let body = body::whole(get(row, 6)?, &text)?;
    Ok(MessageRow {
        seq: get(row, 0)?,
        author: get(row, 1)?,
        at: get(row, 2)?,
        key: get(row, 3)?,
        bubble: get(row, 4)?,
        text,
        body,
        basis: get(row, 7)?,
    })
}

/// Columns as in [`crate::sql::FACTS_LAST`].
pub(crate) fn fact(row: &Row<'_>) -> Result<FactRow, Problem> {
    Ok(FactRow { customer: get(row, 0)?, name: get(row, 1)?, at: get(row, 2)?, data: get(row, 3)? })
}

/// Columns as in [`crate::sql::ORDERS_OPEN`].
pub(crate) fn order(row: &Row<'_>) -> Result<OrderRow, Problem> {
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
pub(crate) fn notice(row: &Row<'_>) -> Result<NoticeRow, Problem> {
    Ok(NoticeRow {
        id: get(row, 0)?,
        about: get(row, 1)?,
        text: get(row, 2)?,
        at: get(row, 3)?,
        conversation: get(row, 4)?,
    })
}
