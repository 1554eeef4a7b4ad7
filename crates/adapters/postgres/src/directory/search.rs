//! Searches: people by what they are found by, all of them; words among the latest or hottest rows. What is found is first
//! where it stands alone; the rows of the page are read then.

use tokio_postgres::Row;
use uuid::Uuid;
use voronka_core::{
    ids::{CustomerId, PartnerId},
    lead::Temperature,
    order::OrderState,
    ports::{
        ConversationCard, Cursor, FOUND_MAX, LeadCard, LeadFilter, Needle, OrderCard, Page, SEARCHED_MAX, order_holds,
    },
};

use super::{card, is_held, lead_card, order_card};
use crate::{
    PostgresStore,
    problem::Problem,
    session::{Session, of_partner},
    sql,
    values::{Id, column, get, most, text, words},
};

pub(super) async fn conversations(
    store: &PostgresStore,
    partner: &PartnerId,
    owner: Option<&str>,
    needle: &Needle,
    page: Page,
) -> Result<Vec<ConversationCard>, Problem> {
    let reading = store.reading(partner).await?;
    let session = reading.session();
    let sql = if is_held(owner) { sql::CARDS_WORDS_HELD } else { sql::CARDS_WORDS };
    let of = of_partner(sql, partner).bind(owner.map(text)).bind(most(SEARCHED_MAX));
    let mut found = session
        .fitting(of, page.limit, |row| {
            let cursor = by_time(row)?;
            Ok((page.is_before(cursor) && needle.is_in(&words(row, 2)?)).then_some(cursor))
        })
        .await?;
    let people = people(session, partner, needle).await?;
    let theirs = of_partner(sql::CARDS_OF, partner).bind(people).bind(owner.map(text));
    found.extend(session.all(theirs, by_time).await?);
    let cards = read(session, sql::CARDS_READ, partner, found, page, card).await?;
    reading.end();
    Ok(sorted(cards, ConversationCard::cursor))
}

pub(super) async fn leads(
    store: &PostgresStore,
    partner: &PartnerId,
    filter: &LeadFilter,
    needle: &Needle,
    page: Page,
) -> Result<Vec<LeadCard>, Problem> {
    let reading = store.reading(partner).await?;
    let session = reading.session();
    let heat = filter.heat().map(Temperature::number);
    // Of those that hold the words some may not be wanted.
    let most_found = if filter.picks() { SEARCHED_MAX } else { page.limit };
    let of = of_partner(sql::LEADS_WORDS, partner).bind(heat).bind(most(SEARCHED_MAX));
    let mut found = session
        .fitting(of, most_found, |row| {
            let cursor = by_heat(row)?;
            let holds = needle.is_in(&words(row, 4)?) || needle.is_in(&words(row, 5)?);
            Ok((page.is_before(cursor) && holds).then_some(cursor))
        })
        .await?;
    let people = people(session, partner, needle).await?;
    found.extend(session.all(of_partner(sql::LEADS_OF, partner).bind(people).bind(heat), by_heat).await?);
    let all = Page { limit: if filter.picks() { found.len() } else { page.limit }, ..page };
    let mut cards = read(session, sql::LEADS_READ, partner, found, all, lead_card).await?;
    reading.end();
    cards.retain(|card| filter.takes(&card.lead));
    let mut cards = sorted(cards, LeadCard::cursor);
    cards.truncate(page.limit);
    Ok(cards)
}

pub(super) async fn orders(
    store: &PostgresStore,
    partner: &PartnerId,
    states: &[OrderState],
    needle: &Needle,
    page: Page,
) -> Result<Vec<OrderCard>, Problem> {
    let holds = |row: &Row| {
        let cursor = by_time(row)?;
        let holds = needle.is_in(&words(row, 2)?) || order_holds(&words(row, 3)?, needle);
        Ok((page.is_before(cursor) && holds).then_some(cursor))
    };
    let reading = store.reading(partner).await?;
    let session = reading.session();
    let mut found = Vec::new();
    if states.is_empty() {
        let of = of_partner(sql::ORDERS_WORDS, partner).bind(most(SEARCHED_MAX));
        found = session.fitting(of, page.limit, holds).await?;
    }
    for state in states {
        let of = of_partner(sql::ORDERS_WORDS_IN_STATE, partner).bind(most(SEARCHED_MAX)).bind(state.name());
        found.extend(session.fitting(of, page.limit, holds).await?);
    }
    let people = people(session, partner, needle).await?;
    let theirs = of_partner(sql::ORDERS_BY, partner).bind(people).bind(column(states, |state| state.name()));
    found.extend(session.all(theirs, by_time).await?);
    let cards = read(session, sql::ORDERS_READ, partner, found, page, order_card).await?;
    reading.end();
    Ok(sorted(cards, OrderCard::cursor))
}

/// A row that begins with a time and an id.
fn by_time(row: &Row) -> Result<Cursor, Problem> {
    Ok(Cursor::by_time(get(row, 0)?, get::<Id>(row, 1)?.0.as_u128()))
}

/// A row that begins with heat, points, a time and an id.
fn by_heat(row: &Row) -> Result<Cursor, Problem> {
    let lead = Some((get::<Temperature>(row, 0)?, get::<i32>(row, 1)?));
    Ok(Cursor { lead, at: get(row, 2)?, id: get::<Id>(row, 3)?.0.as_u128() })
}

/// Customers whose name, phone or e-mail hold it.
async fn people(session: &Session, partner: &PartnerId, needle: &Needle) -> Result<Vec<Id>, Problem> {
    // Each look costs as much as the row: what is no phone is looked for once.
    let digits = Some(needle.digits()).filter(|digits| *digits != needle.words());
    let of = of_partner(sql::CUSTOMERS_FOUND, partner)
        .bind(text(needle.words()))
        .bind(digits.map(text))
        .bind(most(FOUND_MAX));
    let found: Vec<CustomerId> = session.all(of, |row| get(row, 0)).await?;
    Ok(column(&found, |customer| Id(customer.0)))
}

/// The rows of a page among those that were found, each once.
async fn read<T>(
    session: &Session,
    sql: &'static str,
    partner: &PartnerId,
    mut found: Vec<Cursor>,
    page: Page,
    row: impl Fn(&Row) -> Result<T, Problem>,
) -> Result<Vec<T>, Problem> {
    found.sort_unstable_by(|a, b| b.cmp(a));
    found.dedup();
    let ids: Vec<Id> =
        page.cut(found, |cursor| *cursor).into_iter().map(|cursor| Id(Uuid::from_u128(cursor.id))).collect();
    session.all(of_partner(sql, partner).bind(ids), row).await
}

fn sorted<T>(mut rows: Vec<T>, cursor: impl Fn(&T) -> Cursor) -> Vec<T> {
    rows.sort_by_key(|row| std::cmp::Reverse(cursor(row)));
    rows
}
