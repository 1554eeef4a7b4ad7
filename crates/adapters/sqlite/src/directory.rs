mod search;

use std::cmp::Reverse;

use async_trait::async_trait;
use jiff::{Timestamp, civil::Date};
use rusqlite::{Connection, Row, ToSql, params};
use voronka_core::{
    ids::{ConversationId, CustomerId, OrderId, PartnerId},
    lead::Temperature,
    message::ConversationKey,
    order::OrderState,
    person,
    ports::{
        Backlog, ConversationCard, ConversationFilter, ConversationView, Cursor, DeadLetterView, Directory, Fault,
        Figures, KnownBy, LeadCard, LeadFilter, LetterContent, LetterKind, Needle, OpenedLetter, OrderCard,
        OrderFilter, Page, QuestionCard, Recipient, StoreError,
    },
    rows::{ConversationRow, FactRow, IdentityRow, MessageRow, NoticeRow, OrderRow},
    tally::{Counted, Tally},
};

use crate::{
    SqliteStore,
    journal::{all, fitting, mail::set_aside_events, most, of_person, one},
    problem::Problem,
    sql,
    values::{self, get, micros, slot},
};

/// Facts that an opened conversation shows.
const FACTS_MAX: i64 = 200;
/// Orders that an opened conversation shows.
const ORDERS_MAX: i64 = 200;

#[async_trait]
impl Directory for SqliteStore {
    async fn conversations(
        &self,
        partner: &PartnerId,
        filter: &ConversationFilter,
        page: Page,
    ) -> Result<Vec<ConversationCard>, StoreError> {
        let (partner, owner) = (partner.clone(), filter.owner.clone());
        let Some(needle) = filter.text.as_deref().and_then(Needle::of) else {
            return Ok(self.read(|connection| cards(connection, &partner, owner.as_deref(), page))?);
        };
        Ok(self
            .read_aside(move |connection| search::conversations(connection, &partner, owner.as_deref(), &needle, page))
            .await?)
    }

    async fn conversation(
        &self,
        key: &ConversationKey,
        messages_max: usize,
    ) -> Result<Option<ConversationView>, StoreError> {
        Ok(self.read_at_once(|connection| view(connection, key, messages_max))?)
    }

    async fn identities(
        &self,
        partner: &PartnerId,
        by: &KnownBy,
        limit: usize,
    ) -> Result<Vec<IdentityRow>, StoreError> {
        let (sql, known): (_, Box<dyn ToSql>) = match by {
            KnownBy::Id(id) => (sql::KNOWN_BY_ID, Box::new(id.0.into_bytes())),
            KnownBy::Phone(phone) => (sql::KNOWN_BY_PHONE, Box::new(phone.clone())),
            KnownBy::Email(email) => (sql::KNOWN_BY_EMAIL, Box::new(email.clone())),
            KnownBy::Conversation(id) => (sql::KNOWN_BY_CONVERSATION, Box::new(id.0.into_bytes())),
            KnownBy::Person(mark) => (sql::KNOWN_BY_PERSON, Box::new(mark.0.into_bytes())),
        };
        let of = params![partner.as_str(), known, most(limit)];
        Ok(self.read(|connection| all(connection, sql, of, values::identity))?)
    }

    async fn messages(&self, key: &ConversationKey, after: i64, limit: usize) -> Result<Vec<MessageRow>, StoreError> {
        let of = params![key.partner.as_str(), key.conversation.0.into_bytes(), after, most(limit)];
        Ok(self.read(|connection| all(connection, sql::MESSAGES_AFTER, of, values::message))?)
    }

    async fn leads(&self, partner: &PartnerId, filter: &LeadFilter, page: Page) -> Result<Vec<LeadCard>, StoreError> {
        let (partner, filter) = (partner.clone(), filter.clone());
        if filter.is_of_none() {
            return Ok(Vec::new());
        }
        let needle = filter.text.as_deref().and_then(Needle::of);
        Ok(match needle {
            Some(needle) => {
                self.read_aside(move |connection| search::leads(connection, &partner, &filter, &needle, page)).await?
            }
            // Few of many may be wanted.
            None if filter.picks() => {
                self.read_aside(move |connection| leads(connection, &partner, &filter, page)).await?
            }
            None => self.read(|connection| leads(connection, &partner, &filter, page))?,
        })
    }

    async fn orders(
        &self,
        partner: &PartnerId,
        filter: &OrderFilter,
        page: Page,
    ) -> Result<Vec<OrderCard>, StoreError> {
        let (partner, states) = (partner.clone(), filter.states.clone());
        let Some(needle) = filter.text.as_deref().and_then(Needle::of) else {
            return Ok(self.read_at_once(|connection| orders(connection, &partner, &states, page))?);
        };
        Ok(self.read_aside(move |connection| search::orders(connection, &partner, &states, &needle, page)).await?)
    }

    async fn everyone(
        &self,
        partner: &PartnerId,
        after: Option<ConversationId>,
        limit: usize,
    ) -> Result<Vec<Recipient>, StoreError> {
        Ok(self.read(|connection| everyone(connection, partner, after, limit))?)
    }

    async fn order(&self, partner: &PartnerId, order: OrderId) -> Result<Option<OrderCard>, StoreError> {
        let of = params![partner.as_str(), order.0.into_bytes()];
        Ok(self.read(|connection| one(connection, sql::ORDER, of, order_card))?)
    }

    async fn notices(&self, partner: &PartnerId, page: Page) -> Result<Vec<NoticeRow>, StoreError> {
        let behind = page.after.unwrap_or(Cursor::START);
        let of = params![partner.as_str(), micros(behind.at), behind.id.to_be_bytes(), most(page.limit)];
        Ok(self.read(|connection| all(connection, sql::NOTICES, of, values::notice))?)
    }

    async fn questions(
        &self,
        partner: &PartnerId,
        fault: Fault,
        since: Timestamp,
        page: Page,
    ) -> Result<Vec<QuestionCard>, StoreError> {
        let sql = match fault {
            Fault::Unanswered => sql::QUESTIONS,
            Fault::Wrong => sql::WRONG_ANSWERS,
        };
        let behind = page.after.unwrap_or(Cursor::START);
        let of = params![partner.as_str(), micros(behind.at), number(behind), most(page.limit), micros(since)];
        let question = |row: &Row<'_>| {
            let (name, conversation, account) = (get(row, 4)?, get(row, 5)?, get(row, 6)?);
            let (id, words) = (get(row, 7)?, get(row, 8)?);
            Ok(QuestionCard { id, fact: values::fact(row)?, name, conversation, account, words })
        };
        Ok(self.read(|connection| all(connection, sql, of, question))?)
    }

    async fn figures(&self, partner: &PartnerId, since: Timestamp, until: Timestamp) -> Result<Figures, StoreError> {
        let span = (micros(since), micros(until));
        Ok(self.read_at_once(|connection| figures(connection, partner.as_str(), span))?)
    }

    async fn report(
        &self,
        partner: &PartnerId,
        of: &[Counted],
        since: Date,
        until: Date,
    ) -> Result<Vec<Tally>, StoreError> {
        Ok(self.read_at_once(|connection| report(connection, partner.as_str(), of, since, until))?)
    }

    async fn dead_letters(&self, partner: &PartnerId, page: Page) -> Result<Vec<DeadLetterView>, StoreError> {
        let of = params![partner.as_str(), number(page.after.unwrap_or(Cursor::START)), most(page.limit)];
        let letter =
            |row: &Row<'_>| listed(row, if get::<i64>(row, 4)? == 1 { LetterKind::Events } else { LetterKind::Body });
        Ok(self.read(|connection| all(connection, sql::LETTERS, of, letter))?)
    }

    async fn dead_letter(&self, partner: &PartnerId, letter: i64) -> Result<Option<OpenedLetter>, StoreError> {
        let of = params![partner.as_str(), letter];
        Ok(self.read(|connection| one(connection, sql::LETTER, of, opened))?)
    }

    async fn backlog(&self, now: Timestamp) -> Result<Backlog, StoreError> {
        // A million timers take milliseconds to count: not on a thread that serves.
        Ok(self.read_aside(move |connection| backlog(connection, now)).await?)
    }
}

fn listed(row: &Row<'_>, holds: LetterKind) -> Result<DeadLetterView, Problem> {
    Ok(DeadLetterView { id: get(row, 0)?, account: get(row, 1)?, cause: get(row, 2)?, at: get(row, 3)?, holds })
}

/// Columns as in [`sql::LETTER`].
fn opened(row: &Row<'_>) -> Result<OpenedLetter, Problem> {
    let content = match get::<Option<String>>(row, 5)? {
        Some(mail) => LetterContent::Events { conversation: get(row, 4)?, events: set_aside_events(&mail)? },
        None => LetterContent::Body(row.get::<_, Option<Vec<u8>>>(6)?.unwrap_or_default()),
    };
    let holds = match content {
        LetterContent::Events { .. } => LetterKind::Events,
        LetterContent::Body(_) => LetterKind::Body,
    };
    Ok(OpenedLetter { letter: listed(row, holds)?, content })
}

/// What waits, over all partners.
pub(crate) fn backlog(connection: &Connection, now: Timestamp) -> Result<Backlog, Problem> {
    let count = |sql: &str, params: &[i64]| -> Result<u64, Problem> {
        let counted = one(connection, sql, rusqlite::params_from_iter(params), |row| get::<i64>(row, 0))?;
        Ok(counted.and_then(|counted| u64::try_from(counted).ok()).unwrap_or_default())
    };
    let oldest_mail = one(connection, sql::OLDEST_MAIL, [], |row| {
        Ok((ConversationKey { partner: get(row, 0)?, conversation: get(row, 1)? }, get(row, 2)?))
    })?;
    let letters = all(connection, sql::COUNT_LETTERS, [], |row| {
        Ok((get(row, 0)?, u64::try_from(get::<i64>(row, 1)?).unwrap_or_default()))
    })?;
    Ok(Backlog {
        mail: count(sql::COUNT_MAIL, &[])?,
        oldest_mail,
        bubbles: count(sql::COUNT_OUTBOX, &[])?,
        oldest_bubble: one(connection, sql::OLDEST_BUBBLE, [], |row| Ok((get(row, 0)?, get(row, 1)?, get(row, 2)?)))?,
        timers: count(sql::COUNT_TIMERS, &[])?,
        timers_due: count(sql::COUNT_TIMERS_DUE, &[micros(now)])?,
        next_timer: one(connection, sql::TIMER_NEXT, [], |row| get::<Option<Timestamp>>(row, 0))?.flatten(),
        letters,
    })
}

/// The id of a row that has a number for one.
fn number(cursor: Cursor) -> i64 {
    i64::try_from(cursor.id).unwrap_or(i64::MAX)
}

/// Whether an owner's conversations have an index of their own.
fn is_held(owner: Option<&str>) -> bool {
    owner.is_some_and(|owner| owner != "bot")
}

fn cards(
    connection: &Connection,
    partner: &PartnerId,
    owner: Option<&str>,
    page: Page,
) -> Result<Vec<ConversationCard>, Problem> {
    let sql = if is_held(owner) { sql::CARDS_HELD } else { sql::CARDS };
    let Cursor { at, id, .. } = page.after.unwrap_or(Cursor::START);
    let of = params![partner.as_str(), owner, slot(at), micros(at), id.to_be_bytes(), most(page.limit)];
    all(connection, sql, of, card)
}

/// Hottest first, read on until so many are wanted.
pub(crate) fn everyone(
    connection: &Connection,
    partner: &PartnerId,
    after: Option<ConversationId>,
    limit: usize,
) -> Result<Vec<Recipient>, Problem> {
    let after = after.map_or([0; 16], |after| after.0.into_bytes());
    let one = |row: &Row<'_>| Ok(Recipient { conversation: get(row, 0)?, account: get(row, 1)?, peer: get(row, 2)? });
    all(connection, sql::EVERYONE, params![partner.as_str(), after, most(limit)], one)
}

fn leads(
    connection: &Connection,
    partner: &PartnerId,
    filter: &LeadFilter,
    page: Page,
) -> Result<Vec<LeadCard>, Problem> {
    let Cursor { lead, at, id } = page.after.unwrap_or(Cursor::START);
    let (behind, score) = lead.unwrap_or((Temperature::Hot, i32::MAX));
    let temperature = filter.heat();
    let heat = temperature.unwrap_or(behind).number();
    let of = params![partner.as_str(), heat, score, slot(at), micros(at), id.to_be_bytes(), i64::MAX];
    let sql = if temperature.is_some() { sql::LEADS_OF_HEAT } else { sql::LEADS };
    fitting(connection, sql, of, page.limit, |row| {
        let card = lead_card(row)?;
        let others = match get::<Option<CustomerId>>(row, 14)?.filter(|_| filter.picks()) {
            Some(person) => {
                let but = params![partner.as_str(), person.0.into_bytes(), card.lead.customer.0.into_bytes()];
                all(connection, sql::LEADS_OF_PERSON, but, values::lead)?
            }
            None => Vec::new(),
        };
        Ok(filter.takes_person(&card.lead, &others).then_some(card))
    })
}

/// Of some states or of any, latest first.
fn orders(
    connection: &Connection,
    partner: &PartnerId,
    states: &[OrderState],
    page: Page,
) -> Result<Vec<OrderCard>, Problem> {
    let Cursor { at, id, .. } = page.after.unwrap_or(Cursor::START);
    let (partner, at, id, limit) = (partner.as_str(), micros(at), id.to_be_bytes(), most(page.limit));
    if states.is_empty() {
        return all(connection, sql::ORDERS, params![partner, at, id, limit], order_card);
    }
    // The page lies among the first of each state.
    let mut found = Vec::new();
    for state in states {
        let of = params![partner, at, id, limit, state.name()];
        found.extend(all(connection, sql::ORDERS_IN_STATE, of, order_card)?);
    }
    found.sort_by_key(|card| Reverse(card.cursor()));
    found.truncate(page.limit);
    Ok(found)
}

/// Columns as in [`sql::CARD`].
fn card(row: &Row<'_>) -> Result<ConversationCard, Problem> {
    Ok(ConversationCard {
        id: get(row, 0)?,
        account: get(row, 1)?,
        peer: get(row, 2)?,
        customer: get(row, 3)?,
        name: get(row, 4)?,
        owner: get(row, 5)?,
        preview: get(row, 6)?,
        at: get(row, 7)?,
        unread: get(row, 8)?,
        temperature: get::<Temperature>(row, 9)?.name().to_owned(),
        score: get(row, 10)?,
        holder: get(row, 13)?,
    })
}

fn view(
    connection: &Connection,
    key: &ConversationKey,
    messages_max: usize,
) -> Result<Option<ConversationView>, Problem> {
    let (partner, id) = (key.partner.as_str(), key.conversation.0.into_bytes());
    let found = one(connection, sql::CARD, params![partner, id], |row| {
        Ok((card(row)?, get(row, 11)?, get(row, 12)?, get::<Option<CustomerId>>(row, 14)?))
    })?;
    let Some((card, phone, email, person)) = found else { return Ok(None) };
    let whose = card.customer.0.into_bytes();
    let mut messages = all(connection, sql::MESSAGES_LAST, params![partner, id, most(messages_max)], values::message)?;
    messages.reverse();
    let kin = match person {
        Some(person) => of_person(connection, key, person)?,
        None => Vec::new(),
    };
    let state = one(connection, sql::STATE, params![partner, id], |row| get::<String>(row, 0))?.unwrap_or_default();
    let (mut facts, mut orders): (Vec<FactRow>, Vec<OrderRow>) = (Vec::new(), Vec::new());
    for one in person::customers(card.customer, &kin) {
        let one = one.0.into_bytes();
        facts.extend(all(connection, sql::FACTS_LAST, params![partner, one, FACTS_MAX], values::fact)?);
        orders.extend(all(connection, sql::ORDERS_OF, params![partner, one, ORDERS_MAX], values::order)?);
    }
    if !kin.is_empty() {
        person::latest_first(&mut facts, &mut orders);
    }
    Ok(Some(ConversationView {
        card,
        phone,
        email,
        lead: one(connection, sql::LEAD, params![partner, whose], values::lead)?,
        messages,
        kin,
        same_as: ConversationRow::same_in(&state),
        facts,
        orders,
    }))
}

/// Columns as in [`sql::LEADS`].
fn lead_card(row: &Row<'_>) -> Result<LeadCard, Problem> {
    Ok(LeadCard {
        lead: values::lead(row)?,
        name: get(row, 9)?,
        phone: get(row, 10)?,
        conversation: get(row, 11)?,
        account: get(row, 12)?,
        preview: get(row, 13)?,
    })
}

/// Columns as in [`sql::ORDERS`].
fn order_card(row: &Row<'_>) -> Result<OrderCard, Problem> {
    Ok(OrderCard {
        order: values::order(row)?,
        name: get(row, 9)?,
        phone: get(row, 10)?,
        conversation: get(row, 11)?,
        account: get(row, 12)?,
        peer: get(row, 13)?,
    })
}

fn figures(connection: &Connection, partner: &str, (since, until): (i64, i64)) -> Result<Figures, Problem> {
    let facts = all(connection, sql::COUNT_FACTS, params![partner, since, until], |row| {
        Ok((get::<String>(row, 0)?, get::<u32>(row, 1)?, get::<u32>(row, 2)?))
    })?;
    let mut figures = Figures::default();
    for (name, times, customers) in facts {
        match name.as_str() {
            "message" => figures.customers = customers,
            "question.unanswered" => figures.unanswered = times,
            _ => figures.blocked = times,
        }
    }
    let count = |sql: &str| one(connection, sql, params![partner], |row| get::<u32>(row, 0));
    let same = one(connection, sql::COUNT_SAME, params![partner, since, until], |row| get::<u32>(row, 0))?;
    figures.customers = figures.customers.saturating_sub(same.unwrap_or_default());
    let hot_same = count(sql::COUNT_HOT_SAME)?.unwrap_or_default();
    figures.hot = count(sql::COUNT_HOT)?.unwrap_or_default().saturating_sub(hot_same);
    figures.waiting = count(sql::COUNT_WAITING)?.unwrap_or_default();
    let orders =
        one(connection, sql::COUNT_ORDERS, params![partner, since, until], |row| Ok((get(row, 0)?, get(row, 1)?)))?;
    (figures.orders, figures.revenue_minor) = orders.unwrap_or_default();
    Ok(figures)
}

pub(crate) fn report(
    connection: &Connection,
    partner: &str,
    of: &[Counted],
    since: Date,
    until: Date,
) -> Result<Vec<Tally>, Problem> {
    let mut found = Vec::new();
    let mut of = of.to_vec();
    of.sort_unstable_by_key(|what| what.name());
    of.dedup();
    for what in of {
        let span = params![partner, what.name(), since.to_string(), until.to_string()];
        found.extend(all(connection, sql::TALLIES, span, |row| {
            let day = get::<String>(row, 0)?.parse().map_err(|_| Problem::Unreadable("day"))?;
            Ok(Tally { day, what, key: get(row, 1)?, n: get(row, 2)? })
        })?);
    }
    Ok(found)
}
