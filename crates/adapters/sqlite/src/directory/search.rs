//! Searches: people by what they are found by, all of them; words among the latest or hottest rows. What is found is first
//! where it stands alone; the rows of the page are read then.

use rusqlite::{Connection, Row, params};
use voronka_core::{
    ids::{CustomerId, PartnerId},
    lead::Temperature,
    order::OrderState,
    ports::{
        ConversationCard, Cursor, FOUND_MAX, LeadCard, LeadFilter, Needle, OrderCard, Page, SEARCHED_MAX, order_holds,
    },
};

use super::{ORDERS_MAX, card, is_held, lead_card, order_card};
use crate::{
    journal::{all, fitting, most, one},
    problem::Problem,
    sql,
    values::{get, text},
};

pub(super) fn conversations(
    connection: &Connection,
    partner: &PartnerId,
    owner: Option<&str>,
    needle: &Needle,
    page: Page,
) -> Result<Vec<ConversationCard>, Problem> {
    let words = if is_held(owner) { sql::CARDS_WORDS_HELD } else { sql::CARDS_WORDS };
    let of = params![partner.as_str(), owner, most(SEARCHED_MAX)];
    let mut found = fitting(connection, words, of, page.limit, |row| {
        let cursor = by_time(row)?;
        Ok((page.is_before(cursor) && needle.is_in(text(row, 2)?)).then_some(cursor))
    })?;
    for customer in people(connection, partner, needle)? {
        let of = params![partner.as_str(), customer.0.into_bytes()];
        found.extend(fitting(connection, sql::CARDS_OF, of, FOUND_MAX, |row| {
            let theirs = text(row, 2)?;
            Ok(owner.is_none_or(|owner| theirs == owner).then_some(by_time(row)?))
        })?);
    }
    read(connection, sql::CARD, partner, found, page, card, |_| true)
}

pub(super) fn leads(
    connection: &Connection,
    partner: &PartnerId,
    filter: &LeadFilter,
    needle: &Needle,
    page: Page,
) -> Result<Vec<LeadCard>, Problem> {
    let temperature = filter.heat();
    // Of those that hold the words some may not be wanted.
    let most_found = if filter.picks() { SEARCHED_MAX } else { page.limit };
    let lead = |row: &Row<'_>| {
        let lead = Some((get::<Temperature>(row, 0)?, get::<i32>(row, 1)?));
        Ok::<_, Problem>(Cursor { lead, at: get(row, 2)?, id: u128::from_be_bytes(row.get(3)?) })
    };
    let holds = |row: &Row<'_>| {
        let cursor = lead(row)?;
        let holds = page.is_before(cursor) && (needle.is_in(text(row, 4)?) || needle.is_in(text(row, 5)?));
        Ok(holds.then_some(cursor))
    };
    let (whose, searched) = (partner.as_str(), most(SEARCHED_MAX));
    let mut found = match temperature {
        None => fitting(connection, sql::LEADS_WORDS, params![whose, searched], most_found, holds)?,
        Some(of) => {
            fitting(connection, sql::LEADS_WORDS_OF_HEAT, params![whose, searched, of.number()], most_found, holds)?
        }
    };
    for customer in people(connection, partner, needle)? {
        let theirs = one(connection, sql::LEAD_OF, params![whose, customer.0.into_bytes()], lead)?;
        let fits = |cursor: &Cursor| temperature.is_none_or(|wanted| cursor.lead.is_some_and(|(of, _)| of == wanted));
        found.extend(theirs.filter(fits));
    }
    read(connection, sql::LEAD_CARD, partner, found, page, lead_card, |card| filter.takes(&card.lead))
}

pub(super) fn orders(
    connection: &Connection,
    partner: &PartnerId,
    states: &[OrderState],
    needle: &Needle,
    page: Page,
) -> Result<Vec<OrderCard>, Problem> {
    let holds = |row: &Row<'_>| {
        let cursor = by_time(row)?;
        let holds = page.is_before(cursor) && (needle.is_in(text(row, 2)?) || order_holds(text(row, 3)?, needle));
        Ok(holds.then_some(cursor))
    };
    let (whose, searched) = (partner.as_str(), most(SEARCHED_MAX));
    let mut found = Vec::new();
    if states.is_empty() {
        found = fitting(connection, sql::ORDERS_WORDS, params![whose, searched], page.limit, holds)?;
    }
    for state in states {
        let of = params![whose, searched, state.name()];
        found.extend(fitting(connection, sql::ORDERS_WORDS_IN_STATE, of, page.limit, holds)?);
    }
    for customer in people(connection, partner, needle)? {
        let of = params![whose, customer.0.into_bytes(), ORDERS_MAX];
        found.extend(fitting(connection, sql::ORDERS_BY, of, FOUND_MAX, |row| {
            let state: OrderState = get(row, 2)?;
            Ok((states.is_empty() || states.contains(&state)).then_some(by_time(row)?))
        })?);
    }
    read(connection, sql::ORDER, partner, found, page, order_card, |_| true)
}

/// A row that begins with a time and an id.
fn by_time(row: &Row<'_>) -> Result<Cursor, Problem> {
    Ok(Cursor::by_time(get(row, 0)?, u128::from_be_bytes(row.get(1)?)))
}

/// Letters that are indexed together.
const INDEXED: usize = 3;

/// Customers whose name, phone or e-mail hold it.
fn people(connection: &Connection, partner: &PartnerId, needle: &Needle) -> Result<Vec<CustomerId>, Problem> {
    // What is no phone is looked for once.
    let digits = Some(needle.digits()).filter(|digits| *digits != needle.words());
    let (whose, id) = (partner.as_str(), |row: &Row<'_>| get(row, 0));
    let phrases: Option<Vec<String>> = [Some(needle.words()), digits].into_iter().flatten().map(phrase).collect();
    let Some(phrases) = phrases else {
        let of = params![whose, needle.words(), digits, most(FOUND_MAX)];
        return all(connection, sql::CUSTOMERS_FOUND_BY_FEW, of, id);
    };
    all(connection, sql::CUSTOMERS_FOUND, params![whose, phrases.join(" OR "), most(FOUND_MAX)], id)
}

/// A text as the index of letters is asked for it; `None`: it cannot be.
fn phrase(text: &str) -> Option<String> {
    let is_indexed = text.chars().count() >= INDEXED && !text.contains('\0');
    is_indexed.then(|| format!("\"{}\"", text.replace('"', "\"\"")))
}

/// The rows of a page among those that were found and are wanted, each once.
fn read<T>(
    connection: &Connection,
    sql: &str,
    partner: &PartnerId,
    mut found: Vec<Cursor>,
    page: Page,
    row: impl Fn(&Row<'_>) -> Result<T, Problem>,
    is_wanted: impl Fn(&T) -> bool,
) -> Result<Vec<T>, Problem> {
    found.sort_unstable_by(|a, b| b.cmp(a));
    found.dedup();
    let rows = found.into_iter().filter(|cursor| page.is_before(*cursor));
    let rows = rows.map(|cursor| one(connection, sql, params![partner.as_str(), cursor.id.to_be_bytes()], &row));
    let wanted = |row: &Result<T, Problem>| row.as_ref().map_or(true, &is_wanted);
    rows.filter_map(Result::transpose).filter(wanted).take(page.limit).collect()
}
