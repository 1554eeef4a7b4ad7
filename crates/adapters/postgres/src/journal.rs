mod letters;
mod load;
pub(crate) mod mail;
mod rows;
mod timers;
pub(crate) mod turn;

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use jiff::Timestamp;
use tokio_postgres::Row;
use voronka_core::{
    ids::{AccountId, PartnerId},
    message::{ConversationKey, Inbound},
    ports::{CommitError, Fired, Journal, Loaded, PostedMail, Replayed, Settled, StoreError, Telling, Writers},
    rows::{DeadLetter, Lane, Mail, OutboxRow, RawLetter, TurnCommit},
};

pub(crate) use self::{letters::set_aside_events, load::Load, mail::Waiting};
use crate::{
    PostgresStore,
    problem::Problem,
    session::{Statement, of_partner, statement},
    sql,
    values::{Id, get, most, words},
    writer::Call,
};

#[async_trait]
impl Journal for PostgresStore {
    fn writers(&self) -> Writers {
        Writers::Many
    }

    fn holds(&self, partner: &PartnerId) -> bool {
        self.holdings.has(partner)
    }

    async fn news(&self) -> Result<Vec<ConversationKey>, StoreError> {
        Ok(self.news_for_us().await?)
    }

    async fn post(&self, batch: Vec<Inbound>) -> Result<Vec<PostedMail>, StoreError> {
        let letters = batch.iter().map(mail::Letter::of).collect::<Result<Vec<_>, _>>()?;
        Ok(self.writer.call(|reply| Call::Post(letters, reply)).await?)
    }

    async fn waiting(&self, after: Option<&ConversationKey>, limit: usize) -> Result<Vec<ConversationKey>, StoreError> {
        Ok(self.conversations_waiting(after, limit).await?)
    }

    async fn load(&self, key: &ConversationKey, history_max: usize) -> Result<Loaded, StoreError> {
        let load = Load { conversation: key.conversation, history_max };
        Ok(self.conversations.ask(&key.partner, load).await?)
    }

    async fn mail(&self, key: &ConversationKey, max: usize) -> Result<Vec<Mail>, StoreError> {
        Ok(self.mailboxes.ask(&key.partner, Waiting { conversation: key.conversation, max }).await?)
    }

    async fn commit(&self, turn: Arc<TurnCommit>) -> Result<(), CommitError> {
        let turn = Box::new(turn::Prepared::of(turn)?);
        Ok(self.writer.call(|reply| Call::Turn(turn, reply)).await?)
    }

    async fn fire(&self, now: Timestamp, limit: usize) -> Result<Fired, StoreError> {
        // Nearly always nothing is due: that is only read.
        let of = self.holdings.names();
        let next = self.next_timer(of.clone()).await?;
        if next.is_none_or(|next| next > now) {
            return Ok(Fired { conversations: Vec::new(), next });
        }
        Ok(self.writer.alone(timers::Fire { now, limit, of }).await?)
    }

    async fn unsent(&self, after: i64, limit: usize) -> Result<Vec<(i64, OutboxRow)>, StoreError> {
        Ok(self.bubbles_unsent(after, limit).await?)
    }

    async fn unsent_of(
        &self,
        partner: &PartnerId,
        after: i64,
        limit: usize,
    ) -> Result<Vec<(i64, OutboxRow)>, StoreError> {
        let of = |after| of_partner(sql::UNSENT_OF, partner).bind(after);
        Ok(self.bubbles_in_order(partner, of, after, limit).await?)
    }

    async fn campaign(
        &self,
        partner: &PartnerId,
        account: &AccountId,
        after: i64,
        limit: usize,
    ) -> Result<Vec<(i64, OutboxRow)>, StoreError> {
        let of = |after| of_partner(sql::CAMPAIGN, partner).bind(account.as_str().to_owned()).bind(after);
        Ok(self.bubbles_in_order(partner, of, after, limit).await?)
    }

    async fn settle(&self, settled: Vec<Settled>) -> Result<(), StoreError> {
        let outcomes = settled.into_iter().map(mail::Outcome::of).collect::<Result<Vec<_>, _>>()?;
        Ok(self.writer.call(|reply| Call::Settle(outcomes, reply)).await?)
    }

    async fn set_aside(&self, letter: DeadLetter) -> Result<Telling, StoreError> {
        Ok(self.writer.alone(letters::SetAside::of(letter)?).await?)
    }

    async fn keep_raw(&self, letter: RawLetter) -> Result<(), StoreError> {
        Ok(self.writer.alone(letters::KeepRaw(letter)).await?)
    }

    async fn replay(&self, partner: &PartnerId, letter: i64) -> Result<Replayed, StoreError> {
        Ok(self.writer.alone(letters::Replay { partner: partner.clone(), letter }).await?)
    }

    async fn replay_raw(&self, partner: &PartnerId, letter: i64, events: Vec<Inbound>) -> Result<bool, StoreError> {
        Ok(self.writer.alone(letters::ReplayRaw::of(partner.clone(), letter, &events)?).await?)
    }

    async fn drop_letter(&self, partner: &PartnerId, letter: i64) -> Result<bool, StoreError> {
        Ok(self.writer.alone(letters::Drop { partner: partner.clone(), letter }).await?)
    }
}

impl PostgresStore {
    async fn conversations_waiting(
        &self,
        after: Option<&ConversationKey>,
        limit: usize,
    ) -> Result<Vec<ConversationKey>, Problem> {
        let reading = self.readers.reading_of_all().await?;
        let waiting = statement(sql::WAITING)
            .bind(after.map(|key| key.partner.as_str().to_owned()))
            .bind(after.map(|key| Id(key.conversation.0)))
            .bind(most(limit));
        let key = |row: &Row| Ok(ConversationKey { partner: get(row, 0)?, conversation: get(row, 1)? });
        let found = reading.session().all(waiting, key).await?;
        reading.end();
        Ok(found)
    }

    async fn next_timer(&self, of: Option<Vec<String>>) -> Result<Option<Timestamp>, Problem> {
        let reading = self.readers.reading_of_all().await?;
        let next = timers::next(reading.session(), of).await?;
        reading.end();
        Ok(next)
    }

    /// The readable ones, as many as there are up to `limit`. `of`: the statement behind a position, without its limit.
    async fn bubbles_in_order(
        &self,
        partner: &PartnerId,
        of: impl Fn(i64) -> Statement,
        mut after: i64,
        limit: usize,
    ) -> Result<Vec<(i64, OutboxRow)>, Problem> {
        let mut found = Vec::new();
        loop {
            let left = limit - found.len();
            let page = self.read(partner, of(after).bind(most(left)), |row| readable(row, partner)).await?;
            let is_last = page.len() < left;
            after = page.last().map_or(after, |(position, _)| *position);
            found.extend(page.into_iter().filter_map(|(position, row)| Some((position, row?))));
            if is_last || found.len() >= limit {
                return Ok(found);
            }
        }
    }

    /// First where they stand, of all partners; then what they are, of one partner after another.
    async fn bubbles_unsent(&self, mut after: i64, limit: usize) -> Result<Vec<(i64, OutboxRow)>, Problem> {
        let mut found = Vec::new();
        loop {
            let left = limit - found.len();
            let (last, some) = self.bubbles_behind(after, left).await?;
            found.extend(some);
            match last {
                Some(last) if found.len() < limit => after = last,
                _ => break,
            }
        }
        found.sort_by_key(|(position, _)| *position);
        Ok(found)
    }

    /// The readable ones of the next `limit`; and the last position, if there may be more behind it.
    async fn bubbles_behind(&self, after: i64, limit: usize) -> Result<(Option<i64>, Vec<(i64, OutboxRow)>), Problem> {
        let reading = self.readers.reading_of_all().await?;
        let session = reading.session();
        let unsent = statement(sql::UNSENT).bind(after).bind(most(limit));
        let places = session.all(unsent, |row| Ok((get::<PartnerId>(row, 0)?, get::<i64>(row, 1)?))).await?;
        session.look_no_more().await?;
        let last = places.last().filter(|_| places.len() == limit).map(|(_, position)| *position);
        let mut of_partners: BTreeMap<PartnerId, Vec<i64>> = BTreeMap::new();
        for (partner, position) in places {
            of_partners.entry(partner).or_default().push(position);
        }
        let mut found = Vec::new();
        for (partner, positions) in of_partners {
            self.readers.serve(session, &partner).await?;
            let some = session.all(of_partner(sql::BUBBLES, &partner).bind(positions), |row| readable(row, &partner));
            found.extend(some.await?.into_iter().filter_map(|(position, row)| Some((position, row?))));
        }
        reading.end();
        Ok((last, found))
    }
}

/// One that cannot be read (a newer version's, after a step back) is passed over: it would hold up all others.
fn readable(row: &Row, partner: &PartnerId) -> Result<(i64, Option<OutboxRow>), Problem> {
    let position = get(row, 0)?;
    match bubble(row, partner) {
        Ok(bubble) => Ok((position, Some(bubble))),
        Err(Problem::Unreadable(what)) => {
            tracing::error!(position, what, "a bubble is not readable");
            Ok((position, None))
        }
        Err(problem) => Err(problem),
    }
}

/// Columns as in [`sql::BUBBLES`].
fn bubble(row: &Row, partner: &PartnerId) -> Result<OutboxRow, Problem> {
    Ok(OutboxRow {
        id: get(row, 1)?,
        conversation: ConversationKey { partner: partner.clone(), conversation: get(row, 2)? },
        account: get(row, 3)?,
        peer: get(row, 4)?,
        seq: get(row, 5)?,
        bubble: serde_json::from_str(&words(row, 6)?).map_err(|_| Problem::Unreadable("bubble"))?,
        lane: Lane::from_number(get(row, 7)?),
        expires: get(row, 8)?,
        attempts: get(row, 9)?,
    })
}
