//! Searches: people by what they are found by, all of them; words among the latest or hottest rows.

use std::cmp::Reverse;

use rusqlite::{Connection, params};
use voronka_core::{
    ids::{CustomerId, PartnerId},
    order::OrderState,
    ports::{ConversationCard, FOUND_MAX, LeadCard, Needle, OrderCard, Page, SEARCHED_MAX},
};

use super::{ORDERS_MAX, card, cards, lead_card, leads as hottest, order_card, orders as latest};
use crate::{
    journal::{all, most},
    problem::Problem,
    sql,
    values::{get, heat},
};

/// Rows whose words are looked through.
const SEARCHED: Page = Page::first(SEARCHED_MAX);

pub(super) fn conversations(
    connection: &Connection,
    partner: &PartnerId,
    owner: Option<&str>,
    needle: &Needle,
    page: Page,
) -> Result<Vec<ConversationCard>, Problem> {
    let mut found = cards(connection, partner, owner, SEARCHED)?;
    found.retain(|card| card.holds(needle));
    for customer in people(connection, partner, needle)? {
        let theirs = all(connection, sql::CARDS_OF, params![partner.as_str(), customer.0.into_bytes()], card)?;
        found.extend(theirs.into_iter().filter(|card| owner.is_none_or(|owner| card.owner == owner)));
    }
    found.sort_by_key(|card| Reverse((card.at, card.id)));
    found.dedup_by_key(|card| card.id);
    Ok(cut(found, page))
}

pub(super) fn leads(
    connection: &Connection,
    partner: &PartnerId,
    temperature: Option<&str>,
    needle: &Needle,
    page: Page,
) -> Result<Vec<LeadCard>, Problem> {
    let mut found = hottest(connection, partner, temperature, SEARCHED)?;
    found.retain(|card| card.holds(needle));
    for customer in people(connection, partner, needle)? {
        let theirs = all(connection, sql::LEAD_CARD, params![partner.as_str(), customer.0.into_bytes()], lead_card)?;
        let fits = |card: &LeadCard| temperature.is_none_or(|wanted| card.lead.temperature == wanted);
        found.extend(theirs.into_iter().filter(fits));
    }
    found.sort_by_key(|card| Reverse((heat(card.lead.temperature), card.lead.score, card.lead.at, card.lead.customer)));
    found.dedup_by_key(|card| card.lead.customer);
    Ok(cut(found, page))
}

pub(super) fn orders(
    connection: &Connection,
    partner: &PartnerId,
    states: &[OrderState],
    needle: &Needle,
    page: Page,
) -> Result<Vec<OrderCard>, Problem> {
    let mut found = Vec::new();
    match states {
        [] => found.extend(latest(connection, partner, &[], SEARCHED)?),
        _ => {
            for state in states {
                found.extend(latest(connection, partner, &[*state], SEARCHED)?);
            }
        }
    }
    found.retain(|card| card.holds(needle));
    for customer in people(connection, partner, needle)? {
        let of = params![partner.as_str(), customer.0.into_bytes(), ORDERS_MAX];
        let theirs = all(connection, sql::ORDER_CARDS_OF, of, order_card)?;
        found.extend(theirs.into_iter().filter(|card| states.is_empty() || states.contains(&card.order.state)));
    }
    found.sort_by_key(|card| Reverse((card.order.at, card.order.id)));
    found.dedup_by_key(|card| card.order.id);
    Ok(cut(found, page))
}

/// Customers whose name, phone or e-mail hold it.
fn people(connection: &Connection, partner: &PartnerId, needle: &Needle) -> Result<Vec<CustomerId>, Problem> {
    let of = params![partner.as_str(), needle.words(), needle.digits(), most(FOUND_MAX)];
    all(connection, sql::CUSTOMERS_FOUND, of, |row| get(row, 0))
}

fn cut<T>(found: Vec<T>, page: Page) -> Vec<T> {
    found.into_iter().skip(page.skip).take(page.limit).collect()
}
