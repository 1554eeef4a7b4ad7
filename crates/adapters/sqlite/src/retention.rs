//! What is old leaves in small steps: each looks around on a reading connection and lets the writer delete what it found, so
//! that turns wait for a few hundred rows at most. Freed pages are used again: the file does not shrink, it stops growing.

use async_trait::async_trait;
use rusqlite::{Connection, Row, params};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use voronka_core::{
    fact::Fact,
    ids::{ConversationId, CustomerId, PartnerId},
    ports::{ForgetMark, Forgotten, Retention, StoreError, Terms},
};

use crate::{
    SqliteStore,
    journal::{all, one},
    problem::Problem,
    sql,
    values::{get, micros},
};

/// Keys that one step looks at.
const KEYS_MAX: usize = 2_000;
/// Conversations that one step looks at.
const CONVERSATIONS_MAX: usize = 200;
/// Rows that one step deletes, about.
const ROWS_MAX: usize = 300;

/// Where a round stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Place {
    /// After this account and key.
    Keys(String, String),
    /// After this conversation.
    Conversations(Uuid),
    Notices,
    Letters,
}

/// What one step deletes.
#[derive(Default)]
struct Plan {
    keys: Vec<(String, String)>,
    /// Conversation and position.
    messages: Vec<(ConversationId, i64)>,
    facts: Vec<(CustomerId, i64)>,
    /// Conversations whose messages are all old: lists show no words of them.
    silent: Vec<ConversationId>,
    /// Conversations of customers who are to be forgotten whole.
    cold: Vec<(ConversationId, CustomerId)>,
    notices: bool,
    letters: bool,
}

#[async_trait]
impl Retention for SqliteStore {
    async fn forget(
        &self,
        partner: &PartnerId,
        terms: &Terms,
        after: Option<&ForgetMark>,
    ) -> Result<Forgotten, StoreError> {
        // A mark of another version: the round begins anew.
        let place = after.and_then(|mark| serde_json::from_str(&mark.0).ok());
        let place = place.unwrap_or(Place::Keys(String::new(), String::new()));
        let (plan, next) = self.read_at_once(|connection| look(connection, partner, terms, &place))?;
        let rows = if plan.is_empty() {
            0
        } else {
            let (partner, terms) = (partner.clone(), *terms);
            self.writer.call(0, move |pen| plan.carry_out(pen, &partner, &terms)).await?
        };
        // A list that is longer than a step is gone on with.
        let list = matches!(place, Place::Notices | Place::Letters) && rows >= ROWS_MAX;
        let next = if list { Some(place) } else { next };
        let next = next.and_then(|place| serde_json::to_string(&place).ok()).map(ForgetMark);
        Ok(Forgotten { rows, next })
    }
}

fn look(
    connection: &Connection,
    partner: &PartnerId,
    terms: &Terms,
    place: &Place,
) -> Result<(Plan, Option<Place>), Problem> {
    match place {
        Place::Keys(account, key) => old_keys(connection, partner, terms, account, key),
        Place::Conversations(after) => old_conversations(connection, partner, terms, *after),
        Place::Notices => Ok((Plan { notices: true, ..Plan::default() }, Some(Place::Letters))),
        Place::Letters => Ok((Plan { letters: true, ..Plan::default() }, None)),
    }
}

/// Keys are ordered by name, not by time: an index by time would double what each costs.
fn old_keys(
    connection: &Connection,
    partner: &PartnerId,
    terms: &Terms,
    account: &str,
    key: &str,
) -> Result<(Plan, Option<Place>), Problem> {
    let of = params![partner.as_str(), account, key, i64::try_from(KEYS_MAX).unwrap_or(i64::MAX)];
    let keys = all(connection, sql::KEYS_AFTER, of, |row| {
        Ok((get::<String>(row, 0)?, get::<String>(row, 1)?, get::<i64>(row, 2)?))
    })?;
    let next = match keys.last() {
        Some((account, key, _)) if keys.len() == KEYS_MAX => Place::Keys(account.clone(), key.clone()),
        _ => Place::Conversations(Uuid::nil()),
    };
    let before = micros(terms.keys);
    let old = keys.into_iter().filter(|(_, _, at)| *at < before).map(|(account, key, _)| (account, key)).collect();
    Ok((Plan { keys: old, ..Plan::default() }, Some(next)))
}

fn old_conversations(
    connection: &Connection,
    partner: &PartnerId,
    terms: &Terms,
    after: Uuid,
) -> Result<(Plan, Option<Place>), Problem> {
    let of = params![partner.as_str(), after.into_bytes(), i64::try_from(CONVERSATIONS_MAX).unwrap_or(i64::MAX)];
    let found = all(connection, sql::CONVERSATIONS_AFTER, of, |row| {
        Ok((get::<ConversationId>(row, 0)?, get::<CustomerId>(row, 1)?, get::<i64>(row, 2)?, get::<i64>(row, 3)?))
    })?;
    let is_last = found.len() < CONVERSATIONS_MAX;
    let (mut plan, mut seen) = (Plan::default(), after);
    for (conversation, customer, at, has_preview) in found {
        if plan.rows() >= ROWS_MAX {
            return Ok((plan, Some(Place::Conversations(seen))));
        }
        let is_cold = at < micros(terms.cold_leads) && is_cold(connection, partner, customer, terms)?;
        let before = if is_cold { i64::MAX } else { micros(terms.messages) };
        let room = ROWS_MAX - plan.rows();
        plan.old_messages(connection, partner, conversation, before, room)?;
        plan.old_facts(connection, partner, customer, before, room)?;
        if plan.rows() >= ROWS_MAX {
            // There may be more of this one.
            return Ok((plan, Some(Place::Conversations(seen))));
        }
        if is_cold {
            plan.cold.push((conversation, customer));
        } else if at < before && has_preview != 0 {
            plan.silent.push(conversation);
        }
        seen = conversation.0;
    }
    Ok((plan, Some(if is_last { Place::Notices } else { Place::Conversations(seen) })))
}

/// Whether a customer never was more than a cold lead, and nothing of theirs is under way.
fn is_cold(connection: &Connection, partner: &PartnerId, customer: CustomerId, terms: &Terms) -> Result<bool, Problem> {
    let of = params![partner.as_str(), customer.0.into_bytes(), micros(terms.cold_leads)];
    if one(connection, sql::IS_ENGAGED, of, |row| get::<i64>(row, 0))? != Some(0) {
        return Ok(false);
    }
    let of = params![partner.as_str(), customer.0.into_bytes()];
    let facts = all(connection, sql::FACTS_FROM, of, |row| get::<String>(row, 2))?;
    Ok(!facts.iter().any(|name| Fact::REMEMBERED.contains(&name.as_str())))
}

impl Plan {
    fn rows(&self) -> usize {
        self.messages.len() + self.facts.len() + self.silent.len() + self.cold.len()
    }

    fn is_empty(&self) -> bool {
        self.rows() == 0 && self.keys.is_empty() && !self.notices && !self.letters
    }

    /// The oldest come first: the first that is young ends the search.
    fn old_messages(
        &mut self,
        connection: &Connection,
        partner: &PartnerId,
        conversation: ConversationId,
        before: i64,
        room: usize,
    ) -> Result<(), Problem> {
        let mut statement = connection.prepare_cached(sql::MESSAGES_OLDEST)?;
        let mut rows = statement.query(params![partner.as_str(), conversation.0.into_bytes()])?;
        let end = self.rows() + room;
        while self.rows() < end
            && let Some(row) = rows.next()?
            && get::<i64>(row, 1)? < before
        {
            self.messages.push((conversation, get(row, 0)?));
        }
        Ok(())
    }

    fn old_facts(
        &mut self,
        connection: &Connection,
        partner: &PartnerId,
        customer: CustomerId,
        before: i64,
        room: usize,
    ) -> Result<(), Problem> {
        let mut statement = connection.prepare_cached(sql::FACTS_FROM)?;
        let mut rows = statement.query(params![partner.as_str(), customer.0.into_bytes()])?;
        let end = self.rows() + room;
        while self.rows() < end
            && let Some(row) = rows.next()?
            && get::<i64>(row, 1)? < before
        {
            let fades = |row: &Row<'_>| Ok::<_, Problem>(Fact::FADING.contains(&get::<String>(row, 2)?.as_str()));
            if before == i64::MAX || fades(row)? {
                self.facts.push((customer, get(row, 0)?));
            }
        }
        Ok(())
    }

    /// How many rows are gone.
    fn carry_out(&self, connection: &Connection, partner: &PartnerId, terms: &Terms) -> Result<usize, Problem> {
        let partner_id = partner;
        let partner = partner.as_str();
        let run = |sql: &str, row: &[&dyn rusqlite::ToSql]| -> Result<usize, Problem> {
            Ok(connection.prepare_cached(sql)?.execute(row)?)
        };
        let mut gone = 0;
        for (account, key) in &self.keys {
            gone += run(sql::KEY_DROP, params![partner, account, key])?;
        }
        for (conversation, seq) in &self.messages {
            gone += run(sql::MESSAGE_DROP, params![partner, conversation.0.into_bytes(), seq])?;
        }
        for (customer, id) in &self.facts {
            gone += run(sql::FACT_DROP, params![partner, customer.0.into_bytes(), id])?;
        }
        for conversation in &self.silent {
            run(sql::PREVIEW_DROP, params![partner, conversation.0.into_bytes()])?;
        }
        for (conversation, customer) in &self.cold {
            // Something may have come since it was looked at.
            if is_cold(connection, partner_id, *customer, terms)? {
                gone += run(sql::CONVERSATION_DROP, params![partner, conversation.0.into_bytes()])?;
                for sql in [sql::LEAD_DROP, sql::CUSTOMER_DROP] {
                    gone += run(sql, params![partner, customer.0.into_bytes()])?;
                }
            }
        }
        let (before, most) = (micros(terms.messages), i64::try_from(ROWS_MAX).unwrap_or(i64::MAX));
        for (wanted, sql) in [(self.notices, sql::NOTICES_DROP), (self.letters, sql::LETTERS_DROP)] {
            if wanted {
                gone += run(sql, params![partner, before, most])?;
            }
        }
        Ok(gone)
    }
}
