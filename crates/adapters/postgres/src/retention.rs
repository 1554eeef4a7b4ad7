//! What is old leaves in small steps, each a transaction of its own, so that turns wait for a few hundred rows at most.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use voronka_core::{
    fact::Fact,
    ids::{ConversationId, CustomerId, PartnerId},
    ports::{ForgetMark, Forgotten, Retention, StoreError, Terms},
    rows::ConversationRow,
};

use crate::{
    PostgresStore,
    problem::Problem,
    session::{Posting, Statement, of_partner},
    sql,
    values::{Id, column, get, micros, text},
    writer::{Desk, Errand},
};

/// Keys that one step looks at.
const KEYS_MAX: i64 = 2_000;
/// Conversations that one step looks at.
const CONVERSATIONS_MAX: usize = 50;
/// Rows of one table that one step deletes.
const ROWS_MAX: u64 = 500;

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

#[async_trait]
impl Retention for PostgresStore {
    async fn forget(
        &self,
        partner: &PartnerId,
        terms: &Terms,
        after: Option<&ForgetMark>,
    ) -> Result<Forgotten, StoreError> {
        // A mark of another version: the round begins anew.
        let place = after.and_then(|mark| serde_json::from_str(&mark.0).ok());
        let place = place.unwrap_or(Place::Keys(String::new(), String::new()));
        let (rows, next) = self.writer.alone(Step { partner: partner.clone(), terms: *terms, place }).await?;
        let next = next.and_then(|place| serde_json::to_string(&place).ok()).map(ForgetMark);
        Ok(Forgotten { rows: usize::try_from(rows).unwrap_or(usize::MAX), next })
    }
}

struct Step {
    partner: PartnerId,
    terms: Terms,
    place: Place,
}

#[async_trait]
impl Errand for Step {
    /// How many rows are gone, and where to go on.
    type Answer = (u64, Option<Place>);

    async fn run(&self, desk: &mut Desk<'_>) -> Result<Self::Answer, Problem> {
        desk.serve(&self.partner, Posting::No).await?;
        match &self.place {
            Place::Keys(account, key) => self.keys(desk, account, key).await,
            Place::Conversations(after) => self.conversations(desk, *after).await,
            Place::Notices => self.list(desk, sql::NOTICES_DROP, Some(Place::Letters)).await,
            Place::Letters => self.list(desk, sql::LETTERS_DROP, None).await,
        }
    }
}

/// What is found of a page of conversations.
struct Found {
    conversations: Vec<Id>,
    customers: Vec<Id>,
    /// Conversations of customers who are to be forgotten whole.
    cold: Vec<Id>,
    /// Those customers.
    cold_customers: Vec<Id>,
}

impl Step {
    fn of(&self, sql: &'static str) -> Statement {
        of_partner(sql, &self.partner)
    }

    /// Keys are ordered by name, not by time: an index by time would double what each costs.
    async fn keys(&self, desk: &mut Desk<'_>, account: &str, key: &str) -> Result<(u64, Option<Place>), Problem> {
        let page = self.of(sql::KEYS_PAGE).bind(text(account)).bind(text(key)).bind(KEYS_MAX - 1);
        let last = desk.session.one(page, |row| Ok((get::<String>(row, 0)?, get::<String>(row, 1)?))).await?;
        let drop = self
            .of(sql::KEYS_DROP)
            .bind(text(account))
            .bind(text(key))
            .bind(last.as_ref().map(|(account, _)| text(account)))
            .bind(last.as_ref().map(|(_, key)| text(key)))
            .bind(micros(self.terms.keys));
        let gone = desk.session.run(drop).await?;
        let next = last.map_or(Place::Conversations(Uuid::nil()), |(account, key)| Place::Keys(account, key));
        Ok((gone, Some(next)))
    }

    async fn conversations(&self, desk: &mut Desk<'_>, after: Uuid) -> Result<(u64, Option<Place>), Problem> {
        let found = self.look(desk, after).await?;
        let Some(last) = found.conversations.last() else { return Ok((0, Some(Place::Notices))) };
        let messages = self.messages(desk, &found).await?;
        let facts = self.facts(desk, &found).await?;
        if messages >= ROWS_MAX || facts >= ROWS_MAX {
            // There may be more of these.
            return Ok((messages + facts, Some(Place::Conversations(after))));
        }
        self.words(desk, &found).await?;
        let people = self.people(desk, &found).await?;
        let is_last = found.conversations.len() < CONVERSATIONS_MAX;
        let next = if is_last { Place::Notices } else { Place::Conversations(last.0) };
        Ok((messages + facts + people, Some(next)))
    }

    /// Holds a page of conversations, so that no turn of theirs is written meanwhile.
    async fn look(&self, desk: &mut Desk<'_>, after: Uuid) -> Result<Found, Problem> {
        let most = i64::try_from(CONVERSATIONS_MAX).unwrap_or(i64::MAX);
        let page = self.of(sql::CONVERSATIONS_HOLD).bind(Id(after)).bind(most);
        let page = desk
            .session
            .all(page, |row| Ok((get::<ConversationId>(row, 0)?, get::<CustomerId>(row, 1)?, get::<i64>(row, 2)?)))
            .await?;
        let quiet = page.iter().filter(|(.., at)| *at < micros(self.terms.cold_leads));
        let quiet: Vec<Id> = quiet.map(|(_, customer, _)| Id(customer.0)).collect();
        let cold = self
            .of(sql::CUSTOMERS_COLD)
            .bind(quiet)
            .bind(micros(self.terms.cold_leads))
            .bind(Fact::REMEMBERED.to_vec());
        let cold: std::collections::BTreeSet<CustomerId> =
            desk.session.all(cold, |row| get(row, 0)).await?.into_iter().collect();
        Ok(Found {
            conversations: column(&page, |(of, ..)| Id(of.0)),
            customers: column(&page, |(_, customer, _)| Id(customer.0)),
            cold: page.iter().filter(|(_, customer, _)| cold.contains(customer)).map(|(of, ..)| Id(of.0)).collect(),
            cold_customers: cold.iter().map(|customer| Id(customer.0)).collect(),
        })
    }

    async fn messages(&self, desk: &mut Desk<'_>, found: &Found) -> Result<u64, Problem> {
        let drop = self.of(sql::MESSAGES_DROP).bind(found.conversations.clone());
        let drop = drop.bind(micros(self.terms.messages)).bind(found.cold.clone()).bind(most());
        desk.session.run(drop).await
    }

    async fn facts(&self, desk: &mut Desk<'_>, found: &Found) -> Result<u64, Problem> {
        let drop = self.of(sql::FACTS_DROP).bind(found.customers.clone()).bind(micros(self.terms.messages));
        let drop = drop.bind(Fact::FADING.to_vec()).bind(found.cold_customers.clone()).bind(most());
        desk.session.run(drop).await
    }

    /// Of conversations whose messages are all gone the words go that lists and states keep of them.
    async fn words(&self, desk: &mut Desk<'_>, found: &Found) -> Result<(), Problem> {
        let silent = self.of(sql::SILENT).bind(found.conversations.clone()).bind(micros(self.terms.messages));
        let silent =
            desk.session.all(silent, |row| Ok((get::<ConversationId>(row, 0)?, get::<String>(row, 1)?))).await?;
        if silent.is_empty() {
            return Ok(());
        }
        let drop = self
            .of(sql::WORDS_DROP)
            .bind(column(&silent, |(of, _)| Id(of.0)))
            .bind(column(&silent, |(_, state)| text(&ConversationRow::without_words(state))));
        desk.session.run(drop).await?;
        Ok(())
    }

    async fn people(&self, desk: &mut Desk<'_>, found: &Found) -> Result<u64, Problem> {
        if found.cold.is_empty() {
            return Ok(0);
        }
        let mut gone = desk.session.run(self.of(sql::CONVERSATIONS_DROP).bind(found.cold.clone())).await?;
        // In the order in which a turn writes them, which may hold the one and wait for the other.
        for sql in [sql::CUSTOMERS_DROP, sql::LEADS_DROP] {
            gone += desk.session.run(self.of(sql).bind(found.cold_customers.clone())).await?;
        }
        Ok(gone)
    }

    /// A list that is longer than a step is gone on with.
    async fn list(
        &self,
        desk: &mut Desk<'_>,
        sql: &'static str,
        next: Option<Place>,
    ) -> Result<(u64, Option<Place>), Problem> {
        let gone = desk.session.run(self.of(sql).bind(micros(self.terms.messages)).bind(most())).await?;
        Ok((gone, if gone >= ROWS_MAX { Some(self.place.clone()) } else { next }))
    }
}

fn most() -> i64 {
    i64::try_from(ROWS_MAX).unwrap_or(i64::MAX)
}
