use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use voronka_core::{
    fact::Fact,
    ids::{ConversationId, CustomerId, PartnerId},
    lead::Temperature,
    ports::{StoreError, found_by},
    rows::{
        ConversationRow, CustomerRow, LeadRow, MailSeq, NoticeRow, OrderRow, OutboxRow, Past, TimerRow, TurnCommit,
        Withdraw,
    },
};

use super::{
    mail::{Letter, ROW_BYTES},
    rows::Rows,
};
use crate::{
    problem::Problem,
    session::{Session, Statement, of_partner},
    sql,
    values::{Id, column, get, micros, slot, text},
};

/// A turn with its JSON made, so that the task that writes only writes.
pub(crate) struct Prepared {
    pub(super) turn: Arc<TurnCommit>,
    /// Of the turn's timers, in order; empty for one that is cancelled.
    timers: Vec<String>,
    /// Of the turn's bubbles, in order.
    bubbles: Vec<String>,
    /// The lead's temperature as it is sorted.
    heat: i64,
    /// Its mail to other conversations.
    posts: Vec<Letter>,
}

impl Prepared {
    pub(super) fn of(turn: Arc<TurnCommit>) -> Result<Self, Problem> {
        if turn.outbox.iter().any(|row| row.conversation.partner != turn.key.partner) {
            return Err(Problem::failed("a bubble of another partner"));
        }
        if turn.posts.iter().any(|inbound| inbound.partner != turn.key.partner) {
            return Err(Problem::failed("an event of another partner"));
        }
        let json = |timer: &TimerRow| match timer {
            TimerRow::Set { timer, .. } => serde_json::to_string(timer),
            TimerRow::Cancel { .. } => Ok(String::new()),
        };
        let timers = turn.timers.iter().map(json).collect::<Result<Vec<_>, _>>();
        let timers = timers.map_err(|_| Problem::failed("a timer is no JSON"))?;
        let bubbles = turn.outbox.iter().map(bubble_json).collect::<Result<Vec<_>, _>>()?;
        let temperature = turn.lead.as_ref().map(|row| Temperature::from_name(row.temperature).ok_or(row));
        let temperature = temperature.transpose().map_err(|_| Problem::failed("a lead is cold, warm or hot"))?;
        let posts = turn.posts.iter().map(Letter::of).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { timers, bubbles, heat: temperature.unwrap_or_default().number(), posts, turn })
    }

    pub(crate) fn partner(&self) -> &PartnerId {
        &self.turn.key.partner
    }

    /// Its mail to other conversations, to be posted if the turn is written.
    pub(crate) fn posts(&self) -> &[Letter] {
        &self.posts
    }

    /// About how much it writes.
    pub(crate) fn bytes(&self) -> usize {
        let turn = &self.turn;
        let messages: usize = turn.messages.iter().map(|row| row.text.len() + row.body.len()).sum();
        let facts: usize = turn.facts.iter().map(|row| row.data.len()).sum();
        let bubbles: usize = self.bubbles.iter().map(String::len).sum();
        let customer = turn.customer.as_ref().map_or(0, |row| row.data.len());
        let lead = turn.lead.as_ref().map_or(0, |row| row.data.len());
        let posts: usize = self.posts.iter().map(Letter::bytes).sum();
        10 * ROW_BYTES + posts + turn.conversation.state.len() + messages + facts + bubbles + customer + lead
    }

    pub(super) fn bubbles(&self) -> impl Iterator<Item = (&OutboxRow, &str)> {
        self.turn.outbox.iter().zip(self.bubbles.iter().map(String::as_str))
    }

    pub(super) fn timers(&self) -> impl Iterator<Item = (&TimerRow, &str)> {
        self.turn.timers.iter().zip(self.timers.iter().map(String::as_str))
    }

    pub(super) fn conversation(&self) -> ConversationId {
        self.turn.key.conversation
    }

    /// The rows that it writes over what it has read, with the versions that it has read.
    fn rests_on(&self) -> impl Iterator<Item = (Versioned, i64)> + Clone {
        let conversation = (Versioned::Conversation(self.conversation()), self.turn.expected);
        let customer = self.turn.customer.as_ref().map(|row| (Versioned::Customer(row.id), row.version));
        let lead = self.turn.lead.as_ref().map(|row| (Versioned::Lead(row.customer), row.version));
        std::iter::once(conversation).chain(customer).chain(lead)
    }
}

/// A bubble's JSON.
pub(super) fn bubble_json(row: &OutboxRow) -> Result<String, Problem> {
    serde_json::to_string(&row.bubble).map_err(|_| Problem::failed("a bubble is no JSON"))
}

/// Writes turns of a partner, a statement a table. Whether each was written, in order: a turn in conflict is left out before
/// anything of it is.
pub(crate) async fn write(
    session: &mut Session<'_>,
    partner: &PartnerId,
    turns: &[&Prepared],
) -> Result<Vec<bool>, Problem> {
    if turns.is_empty() {
        return Ok(Vec::new());
    }
    let mut to = To { session, partner };
    let mut fit = to.held(turns).await?.fitting(turns);
    let put = to.conversations(&those(turns, &fit)).await?;
    for (fits, turn) in fit.iter_mut().zip(turns) {
        *fits &= put.contains(&turn.conversation());
    }
    to.rows(&those(turns, &fit)).await?;
    Ok(fit)
}

fn those<'t>(turns: &[&'t Prepared], fit: &[bool]) -> Vec<&'t Prepared> {
    turns.iter().zip(fit).filter(|(_, fits)| **fits).map(|(turn, _)| *turn).collect()
}

/// A row that turns write over what they have read of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Versioned {
    Conversation(ConversationId),
    Customer(CustomerId),
    Lead(CustomerId),
}

/// What turns rest on, as it is while the transaction lasts.
#[derive(Default)]
struct Held {
    versions: BTreeMap<Versioned, i64>,
    mail: BTreeSet<(ConversationId, MailSeq)>,
}

impl Held {
    /// Which turns find what they were computed from. Of two turns that write one row the first goes on.
    fn fitting(&self, turns: &[&Prepared]) -> Vec<bool> {
        let mut written = BTreeSet::new();
        let fits = |turn: &&Prepared| {
            let rests_on = turn.rests_on();
            let is_read = |(row, version)| self.versions.get(&row).copied().unwrap_or(0) == version;
            let fits = rests_on.clone().all(|row| is_read(row) && !written.contains(&row.0))
                && self.holds(turn.conversation(), &turn.turn.consumed);
            if fits {
                written.extend(rests_on.map(|(row, _)| row));
            }
            fits
        };
        turns.iter().map(fits).collect()
    }

    /// Whether all of this mail is there, none of it named twice.
    fn holds(&self, of: ConversationId, mail: &[MailSeq]) -> bool {
        let each: BTreeSet<MailSeq> = mail.iter().copied().collect();
        each.len() == mail.len() && each.into_iter().all(|seq| self.mail.contains(&(of, seq)))
    }
}

/// Where turns go.
struct To<'a, 's> {
    session: &'a mut Session<'s>,
    partner: &'a PartnerId,
}

impl To<'_, '_> {
    fn of(&self, sql: &'static str) -> Statement {
        of_partner(sql, self.partner)
    }

    async fn held(&mut self, turns: &[&Prepared]) -> Result<Held, Problem> {
        let mail = consumed(turns);
        let (mut of, mut customers, mut leads) = (Vec::new(), Vec::new(), Vec::new());
        let rows: BTreeSet<Versioned> = turns.iter().flat_map(|turn| turn.rests_on().map(|(row, _)| row)).collect();
        for row in rows {
            match row {
                Versioned::Conversation(id) => of.push(Id(id.0)),
                Versioned::Customer(id) => customers.push(Id(id.0)),
                Versioned::Lead(id) => leads.push(Id(id.0)),
            }
        }
        let rests_on = self
            .of(sql::TURNS_HOLD)
            .bind(of)
            .bind(column(&mail, |(of, _)| *of))
            .bind(column(&mail, |(_, seq)| *seq))
            .bind(customers)
            .bind(leads);
        let rows = self
            .session
            .all(rests_on, |row| Ok((get::<i64>(row, 0)?, get::<ConversationId>(row, 1)?, get::<i64>(row, 2)?)));
        let mut held = Held::default();
        for (kind, id, number) in rows.await? {
            let row = match kind {
                0 => {
                    held.mail.insert((id, number));
                    continue;
                }
                1 => Versioned::Conversation(id),
                2 => Versioned::Customer(CustomerId(id.0)),
                _ => Versioned::Lead(CustomerId(id.0)),
            };
            held.versions.insert(row, number);
        }
        Ok(held)
    }

    /// Those that are there now as turns leave them: one that another process has begun meanwhile is not.
    async fn conversations(&mut self, turns: &[&Prepared]) -> Result<BTreeSet<ConversationId>, Problem> {
        if turns.is_empty() {
            return Ok(BTreeSet::new());
        }
        let put = conversations(self.of(sql::CONVERSATIONS_PUT), turns);
        Ok(self.session.all(put, |row| get(row, 0)).await?.into_iter().collect())
    }

    /// All that belongs to turns that have their conversations.
    async fn rows(&mut self, turns: &[&Prepared]) -> Result<(), Problem> {
        if turns.is_empty() {
            return Ok(());
        }
        for turn in turns.iter().filter(|turn| turn.turn.past == Past::Erased) {
            self.erase_past(turn.conversation(), turn.turn.conversation.customer).await?;
        }
        self.withdraw(turns).await?;
        self.customers(turns).await?;
        self.leads(turns).await?;
        self.kinships(turns).await?;
        self.orders(turns).await?;
        let notices: Vec<&NoticeRow> = turns.iter().flat_map(|turn| &turn.turn.notices).collect();
        self::notices(self.session, self.partner, &notices).await?;
        Rows::of_turns(turns).write(self.session, self.partner).await
    }

    /// [`Past::Erased`]. The server's own files lose it with its next vacuum.
    async fn erase_past(&mut self, of: ConversationId, customer: CustomerId) -> Result<(), Problem> {
        let theirs = self.of(sql::ERASE_OF).bind(Id(customer.0)).bind(Id(of.0));
        let theirs = self.session.all(theirs, |row| get::<ConversationId>(row, 0)).await?;
        for sql in [sql::ERASE_MESSAGES, sql::ERASE_OUTBOX, sql::ERASE_NOTICES, sql::ERASE_LETTERS] {
            let erase = self.of(sql).bind(column(&theirs, |id| Id(id.0)));
            self.session.run(erase).await?;
        }
        let states = self.of(sql::STATES_OF).bind(Id(customer.0)).bind(Id(of.0));
        let states =
            self.session.all(states, |row| Ok((get::<ConversationId>(row, 0)?, get::<String>(row, 1)?))).await?;
        let words = self
            .of(sql::WORDS_DROP)
            .bind(column(&states, |(id, _)| Id(id.0)))
            .bind(column(&states, |(_, state)| text(&ConversationRow::without_words(state))));
        self.session.run(words).await?;
        let named = Fact::WORDED.map(str::to_owned).to_vec();
        let facts = self.of(sql::FACTS_WORDED).bind(Id(customer.0)).bind(named);
        let facts = self.session.all(facts, |row| Ok((get::<i64>(row, 0)?, get::<String>(row, 1)?))).await?;
        let wordless = self
            .of(sql::FACTS_SET)
            .bind(Id(customer.0))
            .bind(column(&facts, |(id, _)| *id))
            .bind(column(&facts, |(_, data)| text(&Fact::stored_wordless(data))));
        self.session.run(wordless).await?;
        Ok(())
    }

    async fn withdraw(&mut self, turns: &[&Prepared]) -> Result<(), Problem> {
        let withdrawing = turns.iter().filter(|turn| turn.turn.withdraw == Withdraw::Campaigns);
        let of: Vec<Id> = withdrawing.map(|turn| Id(turn.conversation().0)).collect();
        if of.is_empty() {
            return Ok(());
        }
        let withdraw = self.of(sql::OUTBOX_WITHDRAW).bind(of);
        self.session.run(withdraw).await?;
        Ok(())
    }

    async fn customers(&mut self, turns: &[&Prepared]) -> Result<(), Problem> {
        let rows: Vec<&CustomerRow> = turns.iter().filter_map(|turn| turn.turn.customer.as_ref()).collect();
        if rows.is_empty() {
            return Ok(());
        }
        let found_by =
            |row: &&CustomerRow| text(&found_by(row.name.as_deref(), row.phone.as_deref(), row.email.as_deref()));
        let put = self
            .of(sql::CUSTOMERS_PUT)
            .bind(column(&rows, |row| Id(row.id.0)))
            .bind(column(&rows, |row| row.version + 1))
            .bind(column(&rows, |row| row.name.as_deref().map(text)))
            .bind(column(&rows, |row| row.phone.as_deref().map(text)))
            .bind(column(&rows, |row| row.email.as_deref().map(text)))
            .bind(column(&rows, |row| text(&row.data)))
            .bind(column(&rows, found_by));
        self.put_all(put, rows.len()).await
    }

    async fn leads(&mut self, turns: &[&Prepared]) -> Result<(), Problem> {
        let rows: Vec<(&LeadRow, i64)> =
            turns.iter().filter_map(|turn| Some((turn.turn.lead.as_ref()?, turn.heat))).collect();
        if rows.is_empty() {
            return Ok(());
        }
        let put = self
            .of(sql::LEADS_PUT)
            .bind(column(&rows, |(row, _)| Id(row.customer.0)))
            .bind(column(&rows, |(row, _)| row.version + 1))
            .bind(column(&rows, |(_, heat)| *heat))
            .bind(column(&rows, |(row, _)| row.score))
            .bind(column(&rows, |(row, _)| text(&row.stage)))
            .bind(column(&rows, |(row, _)| text(&row.why)))
            .bind(column(&rows, |(row, _)| row.source.as_deref().map(text)))
            .bind(column(&rows, |(row, _)| micros(row.at)))
            .bind(column(&rows, |(row, _)| text(&row.data)))
            .bind(column(&rows, |(row, _)| slot(row.at)));
        self.put_all(put, rows.len()).await
    }

    /// Rows that are held, or new. One that another process has made meanwhile lets nothing be written: it is tried again.
    async fn put_all(&mut self, put: Statement, count: usize) -> Result<(), Problem> {
        let written = self.session.run(put).await?;
        let all = u64::try_from(count).is_ok_and(|count| count == written);
        if all { Ok(()) } else { Err(Problem::Store(StoreError::Busy("a customer was met by another process".into()))) }
    }

    /// One after another: what one says may be about whom another has named.
    async fn kinships(&mut self, turns: &[&Prepared]) -> Result<(), Problem> {
        for turn in turns {
            let of = turn.turn.conversation.customer;
            let Some(kinship) = turn.turn.kinship else { continue };
            let named = self.of(sql::MARKS).bind(vec![Id(of.0), Id(kinship.other(of).0)]);
            let read =
                self.session.all(named, |row| Ok((get::<CustomerId>(row, 0)?, get::<Option<CustomerId>>(row, 1)?)));
            let set: Vec<_> = kinship.sets(of, &read.await?.into_iter().collect()).into_iter().collect();
            if !set.is_empty() {
                let mark = self
                    .of(sql::MARKS_SET)
                    .bind(column(&set, |(customer, _)| Id(customer.0)))
                    .bind(column(&set, |(_, mark)| mark.map(|mark| Id(mark.0))));
                self.session.run(mark).await?;
            }
        }
        Ok(())
    }

    async fn orders(&mut self, turns: &[&Prepared]) -> Result<(), Problem> {
        let rows: Vec<(Id, &OrderRow)> = of_conversations(turns, |turn| &turn.orders);
        // An order that was placed and called off in one breath was placed.
        let mut placed = BTreeMap::new();
        for (_, row) in &rows {
            let first = placed.entry(row.id).or_insert(None);
            *first = first.or(row.placed());
        }
        let rows = last(rows.into_iter().map(|(of, row)| (row.id, (of, row))));
        if rows.is_empty() {
            return Ok(());
        }
        let put = self
            .of(sql::ORDERS_PUT)
            .bind(column(&rows, |(_, row)| Id(row.id.0)))
            .bind(column(&rows, |(_, row)| Id(row.customer.0)))
            .bind(column(&rows, |(of, _)| *of))
            .bind(column(&rows, |(_, row)| text(&row.number)))
            .bind(column(&rows, |(_, row)| row.state.name()))
            .bind(column(&rows, |(_, row)| !row.state.is_over()))
            .bind(column(&rows, |(_, row)| row.total_minor))
            .bind(column(&rows, |(_, row)| text(&row.currency)))
            .bind(column(&rows, |(_, row)| row.due.as_deref().map(text)))
            .bind(column(&rows, |(_, row)| micros(row.at)))
            .bind(column(&rows, |(_, row)| placed.get(&row.id).copied().flatten().map(micros)))
            .bind(column(&rows, |(_, row)| text(&row.data)));
        self.session.run(put).await?;
        Ok(())
    }
}

/// Mail that turns consume, with the conversation of each, in the order of the table.
pub(super) fn consumed(turns: &[&Prepared]) -> Vec<(Id, MailSeq)> {
    let mut mail: Vec<_> = of_conversations(turns, |turn| &turn.consumed);
    mail.sort_unstable_by_key(|(of, seq)| (of.0, **seq));
    mail.into_iter().map(|(of, seq)| (of, *seq)).collect()
}

/// Rows of turns, each with its conversation.
pub(super) fn of_conversations<'t, T>(
    turns: &[&'t Prepared],
    rows: impl Fn(&'t TurnCommit) -> &'t Vec<T>,
) -> Vec<(Id, &'t T)> {
    turns.iter().flat_map(|turn| rows(&turn.turn).iter().map(|row| (Id(turn.conversation().0), row))).collect()
}

/// Of rows with one key the last, as if they had been written one after another: a statement takes each key once.
pub(super) fn last<K: Ord, T>(rows: impl Iterator<Item = (K, T)>) -> Vec<T> {
    rows.collect::<BTreeMap<K, T>>().into_values().collect()
}

fn conversations(statement: Statement, turns: &[&Prepared]) -> Statement {
    statement
        .bind(column(turns, |turn| Id(turn.conversation().0)))
        .bind(column(turns, |turn| turn.turn.expected + 1))
        .bind(column(turns, |turn| turn.turn.conversation.account.as_str().to_owned()))
        .bind(column(turns, |turn| text(turn.turn.conversation.peer.as_str())))
        .bind(column(turns, |turn| Id(turn.turn.conversation.customer.0)))
        .bind(column(turns, |turn| turn.turn.conversation.owner))
        .bind(column(turns, |turn| text(&turn.turn.conversation.preview)))
        .bind(column(turns, |turn| micros(turn.turn.conversation.at)))
        .bind(column(turns, |turn| i64::from(turn.turn.conversation.unread)))
        .bind(column(turns, |turn| text(&turn.turn.conversation.state)))
        .bind(column(turns, |turn| slot(turn.turn.conversation.at)))
}

/// How many were new: a notice is told once.
pub(super) async fn notices(
    session: &mut Session<'_>,
    partner: &PartnerId,
    rows: &[&NoticeRow],
) -> Result<u64, Problem> {
    if rows.is_empty() {
        return Ok(0);
    }
    let add = of_partner(sql::NOTICES_ADD, partner)
        .bind(column(rows, |row| Id(row.id.0)))
        .bind(column(rows, |row| text(&row.about)))
        .bind(column(rows, |row| text(&row.text)))
        .bind(column(rows, |row| micros(row.at)))
        .bind(column(rows, |row| row.conversation.map(|id| Id(id.0))));
    session.run(add).await
}
