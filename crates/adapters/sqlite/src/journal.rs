mod commit;
pub(crate) mod mail;

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, Row, params};
use voronka_core::{
    ids::{AccountId, BubbleId, CustomerId, PartnerId},
    message::{ConversationKey, Inbound},
    ports::{
        CommitError, Fired, Journal, LOADED_KIN_MAX, LOADED_ORDERS_MAX, Loaded, PostedMail, Replayed, Settled,
        StoreError, Telling, Writers,
    },
    rows::{DeadLetter, IdentityRow, Lane, Mail, OrderRow, OutboxRow, Past, RawLetter, TurnCommit},
};

use crate::{
    SqliteStore, body,
    problem::Problem,
    sql,
    values::{self, get, micros},
    writer::Pen,
};

/// What a row costs beside its JSON, about.
const ROW_BYTES: usize = 200;
/// Bytes of an event that is moved without having been read, at a guess on the large side.
const EVENT_BYTES: usize = 16 << 10;

pub(crate) fn all<T>(
    connection: &Connection,
    sql: &str,
    params: impl rusqlite::Params,
    read: impl Fn(&Row<'_>) -> Result<T, Problem>,
) -> Result<Vec<T>, Problem> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// The first rows that fit, so many at most: none behind them is read.
pub(crate) fn fitting<T>(
    connection: &Connection,
    sql: &str,
    params: impl rusqlite::Params,
    limit: usize,
    read: impl Fn(&Row<'_>) -> Result<Option<T>, Problem>,
) -> Result<Vec<T>, Problem> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while found.len() < limit {
        let Some(row) = rows.next()? else { break };
        found.extend(read(row)?);
    }
    Ok(found)
}

pub(crate) fn one<T>(
    connection: &Connection,
    sql: &str,
    params: impl rusqlite::Params,
    read: impl Fn(&Row<'_>) -> Result<T, Problem>,
) -> Result<Option<T>, Problem> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    rows.next()?.map(read).transpose()
}

/// SQLite counts in `i64`.
pub(crate) fn most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

#[async_trait]
impl Journal for SqliteStore {
    /// The file is locked for this process.
    fn writers(&self) -> Writers {
        Writers::One
    }

    async fn post(&self, batch: Vec<Inbound>) -> Result<Vec<PostedMail>, StoreError> {
        let letters = batch.iter().map(mail::Letter::of).collect::<Result<Vec<_>, _>>()?;
        let bytes = letters.iter().map(mail::Letter::bytes).sum();
        let work = move |pen: &Pen<'_>| letters.iter().map(|letter| letter.post(pen)).collect::<Result<Vec<_>, _>>();
        Ok(self.writer.call(bytes, work).await?)
    }

    async fn waiting(&self, after: Option<&ConversationKey>, limit: usize) -> Result<Vec<ConversationKey>, StoreError> {
        Ok(self.read_at_once(|connection| conversations_waiting(connection, after, limit))?)
    }

    async fn load(&self, key: &ConversationKey, history_max: usize) -> Result<Loaded, StoreError> {
        Ok(self.read_at_once(|connection| load(connection, key, history_max))?)
    }

    async fn mail(&self, key: &ConversationKey, max: usize) -> Result<Vec<Mail>, StoreError> {
        Ok(self.read(|connection| waiting(connection, key, max))?)
    }

    async fn commit(&self, turn: Arc<TurnCommit>) -> Result<(), CommitError> {
        let is_erasing = turn.past == Past::Erased;
        let turn = commit::Prepared::of(turn)?;
        self.writer.call(turn.bytes(), move |pen| turn.write(pen)).await?;
        if is_erasing {
            self.clear_log();
        }
        Ok(())
    }

    async fn fire(&self, now: Timestamp, limit: usize) -> Result<Fired, StoreError> {
        // Nearly always nothing is due: that is read in place.
        let next = self.read(mail::next_timer)?;
        if next.is_none_or(|next| next > now) {
            return Ok(Fired { conversations: Vec::new(), next });
        }
        Ok(self.writer.call(ROW_BYTES * limit, move |pen| mail::fire(pen, now, limit)).await?)
    }

    async fn unsent(&self, after: i64, limit: usize) -> Result<Vec<(i64, OutboxRow)>, StoreError> {
        Ok(self.read(|connection| bubbles(connection, sql::UNSENT, params![after], limit))?)
    }

    async fn campaign(
        &self,
        partner: &PartnerId,
        account: &AccountId,
        after: i64,
        limit: usize,
    ) -> Result<Vec<(i64, OutboxRow)>, StoreError> {
        let of = params![partner.as_str(), account.as_str(), after];
        Ok(self.read(|connection| bubbles(connection, sql::CAMPAIGN, of, limit))?)
    }

    async fn settle(&self, settled: Vec<Settled>) -> Result<(), StoreError> {
        let settled = settled.into_iter().map(Outcome::of).collect::<Result<Vec<_>, _>>()?;
        let bytes = settled.iter().map(Outcome::bytes).sum();
        let work = move |pen: &Pen<'_>| settled.iter().try_for_each(|outcome| outcome.write(pen));
        Ok(self.writer.call(bytes, work).await?)
    }

    async fn set_aside(&self, letter: DeadLetter) -> Result<Telling, StoreError> {
        let outbox = letter.told.iter().flat_map(|told| &told.outbox);
        let told = outbox.map(commit::json).collect::<Result<Vec<_>, _>>()?;
        let bytes = letter.mail.len() * EVENT_BYTES + told.iter().map(|json| ROW_BYTES + json.len()).sum::<usize>();
        Ok(self.writer.call(bytes, move |pen| mail::set_aside(pen, &letter, &told)).await?)
    }

    async fn keep_raw(&self, letter: RawLetter) -> Result<(), StoreError> {
        let bytes = ROW_BYTES + letter.body.len();
        let work = move |pen: &Pen<'_>| {
            let RawLetter { partner, account, body, cause, at } = &letter;
            let nothing = None::<&[u8]>;
            let id = mail::letter_number(pen)?;
            let row = params![partner.as_str(), id, account.as_str(), nothing, nothing, body, cause, micros(*at)];
            pen.prepare_cached(sql::LETTER_ADD)?.execute(row)?;
            Ok(())
        };
        Ok(self.writer.call(bytes, work).await?)
    }

    async fn replay(&self, partner: &PartnerId, letter: i64) -> Result<Replayed, StoreError> {
        let partner = partner.clone();
        Ok(self.writer.call(EVENT_BYTES, move |pen| mail::replay(pen, &partner, letter)).await?)
    }

    async fn replay_raw(&self, partner: &PartnerId, letter: i64, events: Vec<Inbound>) -> Result<bool, StoreError> {
        if events.iter().any(|event| event.partner != *partner) {
            return Err(Problem::failed("an event of another partner").into());
        }
        let partner = partner.clone();
        let events = events.iter().map(mail::Letter::of).collect::<Result<Vec<_>, _>>()?;
        let bytes = events.iter().map(mail::Letter::bytes).sum();
        Ok(self.writer.call(bytes, move |pen| mail::replay_raw(pen, &partner, letter, &events)).await?)
    }

    async fn drop_letter(&self, partner: &PartnerId, letter: i64) -> Result<bool, StoreError> {
        let partner = partner.clone();
        let work = move |pen: &Pen<'_>| {
            let dropped = pen.prepare_cached(sql::LETTER_DROP)?.execute(params![partner.as_str(), letter])?;
            Ok(dropped > 0)
        };
        Ok(self.writer.call(ROW_BYTES, work).await?)
    }
}

/// One look-up a conversation: one that has ten thousand events waiting costs no more than any other.
fn conversations_waiting(
    connection: &Connection,
    after: Option<&ConversationKey>,
    limit: usize,
) -> Result<Vec<ConversationKey>, Problem> {
    let key = |row: &Row<'_>| Ok(ConversationKey { partner: get(row, 0)?, conversation: get(row, 1)? });
    let mut found: Vec<ConversationKey> = Vec::new();
    while found.len() < limit {
        let (partner, conversation) = match found.last().or(after) {
            Some(key) => (key.partner.as_str(), key.conversation.0.as_bytes().as_slice()),
            None => ("", [].as_slice()),
        };
        let Some(next) = one(connection, sql::WAITING, params![partner, conversation], key)? else { break };
        found.push(next);
    }
    Ok(found)
}

fn waiting(connection: &Connection, key: &ConversationKey, max: usize) -> Result<Vec<Mail>, Problem> {
    let of = params![key.partner.as_str(), key.conversation.0.into_bytes(), most(max)];
    all(connection, sql::MAIL, of, |row| mail::waiting(row, key))
}

pub(crate) fn load(connection: &Connection, key: &ConversationKey, history_max: usize) -> Result<Loaded, Problem> {
    let (partner, id) = (key.partner.as_str(), key.conversation.0.into_bytes());
    let found = one(connection, sql::CONVERSATION, params![partner, id], |row| {
        Ok((get::<i64>(row, 0)?, values::conversation(row)?))
    })?;
    let Some((version, conversation)) = found else { return Ok(Loaded::default()) };
    let whose = conversation.customer.0.into_bytes();
    let mut history = all(connection, sql::MESSAGES_LAST, params![partner, id, most(history_max)], values::message)?;
    history.reverse();
    let orders = |open: bool, limit: usize| {
        all(connection, sql::ORDERS_OPEN, params![partner, whose, open, most(limit)], values::order)
    };
    let mut orders: Vec<OrderRow> = [orders(true, LOADED_ORDERS_MAX)?, orders(false, 1)?].concat();
    orders.sort_by_key(|order| (order.at, order.id));
    let customer = one(connection, sql::CUSTOMER, params![partner, whose], |row| {
        Ok((values::customer(row)?, get::<Option<CustomerId>>(row, 6)?))
    })?;
    let (customer, person) = customer.map_or((None, None), |(customer, person)| (Some(customer), person));
    let kin = match person {
        Some(person) => of_person(connection, key, person)?,
        None => Vec::new(),
    };
    Ok(Loaded {
        version,
        conversation: Some(conversation),
        customer,
        kin,
        lead: one(connection, sql::LEAD, params![partner, whose], values::lead)?,
        orders,
        history,
    })
}

/// The other conversations of a person.
pub(crate) fn of_person(
    connection: &Connection,
    but: &ConversationKey,
    person: CustomerId,
) -> Result<Vec<IdentityRow>, Problem> {
    let of = params![but.partner.as_str(), person.0.into_bytes(), most(LOADED_KIN_MAX + 1)];
    let mut found = all(connection, sql::KNOWN_BY_PERSON, of, values::identity)?;
    found.retain(|row| ConversationKey::of(&but.partner, &row.account, &row.peer) != *but);
    found.truncate(LOADED_KIN_MAX);
    Ok(found)
}

/// One that cannot be read (a newer version's, after a step back) is passed over: it would hold up all others.
fn bubbles(
    connection: &Connection,
    sql: &str,
    of: impl rusqlite::Params,
    limit: usize,
) -> Result<Vec<(i64, OutboxRow)>, Problem> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(of)?;
    let mut found = Vec::new();
    while found.len() < limit
        && let Some(row) = rows.next()?
    {
        match bubble(row) {
            Ok(bubble) => found.push((get(row, 0)?, bubble)),
            Err(Problem::Unreadable(what)) => {
                tracing::error!(position = get::<i64>(row, 0)?, what, "a bubble is not readable");
            }
            Err(problem) => return Err(problem),
        }
    }
    Ok(found)
}

fn bubble(row: &Row<'_>) -> Result<OutboxRow, Problem> {
    let (bubble, words): (Option<String>, Option<String>) = (get(row, 7)?, get(row, 11)?);
    let bubble = body::whole(bubble.ok_or(Problem::Unreadable("bubble"))?, &words.unwrap_or_default())?;
    Ok(OutboxRow {
        id: get(row, 2)?,
        conversation: ConversationKey { partner: get(row, 1)?, conversation: get(row, 3)? },
        account: get(row, 4)?,
        peer: get(row, 5)?,
        seq: get(row, 6)?,
        bubble: serde_json::from_str(&bubble).map_err(|_| Problem::Unreadable("bubble"))?,
        lane: Lane::from_number(get(row, 8)?),
        expires: get(row, 9)?,
        attempts: get(row, 10)?,
    })
}

/// [`Settled`], ready to be written.
enum Outcome {
    Sent { partner: PartnerId, id: BubbleId },
    Tried { partner: PartnerId, id: BubbleId },
    GivenUp { partner: PartnerId, id: BubbleId, event: Option<mail::Letter> },
}

impl Outcome {
    fn of(settled: Settled) -> Result<Self, Problem> {
        Ok(match settled {
            Settled::Sent { partner, id } => Self::Sent { partner, id },
            Settled::Tried { partner, id } => Self::Tried { partner, id },
            Settled::GivenUp { partner, event: Some(event), .. } if event.partner != partner => {
                return Err(Problem::failed("an event of another partner"));
            }
            Settled::GivenUp { partner, id, event } => {
                Self::GivenUp { partner, id, event: event.as_deref().map(mail::Letter::of).transpose()? }
            }
        })
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Sent { .. } | Self::Tried { .. } | Self::GivenUp { event: None, .. } => ROW_BYTES,
            Self::GivenUp { event: Some(event), .. } => event.bytes(),
        }
    }

    fn write(&self, pen: &Pen<'_>) -> Result<(), Problem> {
        match self {
            Self::Sent { partner, id } => {
                take(pen, partner, *id)?;
            }
            Self::Tried { partner, id } => {
                pen.prepare_cached(sql::OUTBOX_TRIED)?.execute(params![partner.as_str(), id.0.into_bytes()])?;
            }
            Self::GivenUp { partner, id, event } => {
                if let (true, Some(event)) = (take(pen, partner, *id)?, event) {
                    event.post(pen)?;
                }
            }
        }
        Ok(())
    }
}

/// Takes a bubble out of the outbox. `false`: it was not there.
fn take(pen: &Pen<'_>, partner: &PartnerId, id: BubbleId) -> Result<bool, Problem> {
    Ok(pen.prepare_cached(sql::OUTBOX_DROP)?.execute(params![partner.as_str(), id.0.into_bytes()])? > 0)
}

#[cfg(test)]
mod tests {
    use voronka_testkit::journal::sample;

    use super::*;

    #[test]
    fn the_writer_is_told_of_the_events_that_results_bring() {
        let partner = sample::partner("korica");
        let words = "слово ".repeat(1_000);
        let event = Some(Box::new(sample::text(&partner, "anna", "1", &words)));
        let id = BubbleId(uuid::Uuid::from_u128(1));
        let given_up = Outcome::of(Settled::GivenUp { partner: partner.clone(), id, event }).unwrap();
        let tried = Outcome::of(Settled::Tried { partner, id }).unwrap();
        assert!(given_up.bytes() > words.len());
        assert_eq!(tried.bytes(), ROW_BYTES);
    }
}
