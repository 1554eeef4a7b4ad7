use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use voronka_core::{
    ids::{ConversationId, PartnerId},
    lead::Temperature,
    message::EventKey,
    ports::found_by,
    rows::{CustomerRow, FactRow, LeadRow, MailSeq, MessageRow, NoticeRow, OrderRow, OutboxRow, TimerRow, TurnCommit},
};

use super::mail::ROW_BYTES;
use crate::{
    problem::Problem,
    session::{Session, Statement, of_partner},
    sql,
    values::{Id, column, get, micros, slot, text},
};

/// A turn with its JSON made, so that the task that writes only writes.
pub(crate) struct Prepared {
    turn: Arc<TurnCommit>,
    /// Of the turn's timers, in order; empty for one that is cancelled.
    timers: Vec<String>,
    /// Of the turn's bubbles, in order.
    bubbles: Vec<String>,
    /// The lead's temperature as it is sorted.
    heat: i64,
}

impl Prepared {
    pub(super) fn of(turn: Arc<TurnCommit>) -> Result<Self, Problem> {
        if turn.outbox.iter().any(|row| row.conversation.partner != turn.key.partner) {
            return Err(Problem::failed("a bubble of another partner"));
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
        Ok(Self { timers, bubbles, heat: temperature.unwrap_or_default().number(), turn })
    }

    pub(crate) fn partner(&self) -> &PartnerId {
        &self.turn.key.partner
    }

    /// About how much it writes.
    pub(crate) fn bytes(&self) -> usize {
        let turn = &self.turn;
        let messages: usize = turn.messages.iter().map(|row| row.text.len() + row.body.len()).sum();
        let facts: usize = turn.facts.iter().map(|row| row.data.len()).sum();
        let bubbles: usize = self.bubbles.iter().map(String::len).sum();
        let customer = turn.customer.as_ref().map_or(0, |row| row.data.len());
        let lead = turn.lead.as_ref().map_or(0, |row| row.data.len());
        10 * ROW_BYTES + turn.conversation.state.len() + messages + facts + bubbles + customer + lead
    }

    fn conversation(&self) -> ConversationId {
        self.turn.key.conversation
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
    let added = to.add_conversations(&those(turns, &fit, |turn| turn.expected == 0)).await?;
    for (fits, turn) in fit.iter_mut().zip(turns) {
        *fits &= turn.turn.expected != 0 || added.contains(&turn.conversation());
    }
    to.set_conversations(&those(turns, &fit, |turn| turn.expected != 0)).await?;
    to.rows(&those(turns, &fit, |_| true)).await?;
    Ok(fit)
}

fn those<'t>(turns: &[&'t Prepared], fit: &[bool], of: impl Fn(&TurnCommit) -> bool) -> Vec<&'t Prepared> {
    turns.iter().zip(fit).filter(|(turn, fits)| **fits && of(&turn.turn)).map(|(turn, _)| *turn).collect()
}

/// What turns rest on, as it is while the transaction lasts.
struct Held {
    versions: BTreeMap<ConversationId, i64>,
    mail: BTreeSet<(ConversationId, MailSeq)>,
}

impl Held {
    /// Which turns find what they were computed from. Of two turns of a conversation one goes on.
    fn fitting(mut self, turns: &[&Prepared]) -> Vec<bool> {
        let mut served = BTreeSet::new();
        let mut fits = |turn: &&Prepared| {
            let of = turn.conversation();
            let version = self.versions.get(&of).copied().unwrap_or(0);
            // Mail that is taken twice is not there the second time.
            let takes = turn.turn.consumed.iter().all(|seq| self.mail.remove(&(of, *seq)));
            version == turn.turn.expected && takes && served.insert(of)
        };
        turns.iter().map(&mut fits).collect()
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
        let versions_and_mail = self
            .of(sql::TURNS_HOLD)
            .bind(column(turns, |turn| Id(turn.conversation().0)))
            .bind(column(&mail, |(of, _)| *of))
            .bind(column(&mail, |(_, seq)| *seq));
        let rows = self.session.all(versions_and_mail, |row| {
            Ok((get::<ConversationId>(row, 0)?, get::<Option<i64>>(row, 1)?, get::<Option<i64>>(row, 2)?))
        });
        let mut held = Held { versions: BTreeMap::new(), mail: BTreeSet::new() };
        for (of, version, seq) in rows.await? {
            held.versions.extend(version.map(|version| (of, version)));
            held.mail.extend(seq.map(|seq| (of, seq)));
        }
        Ok(held)
    }

    /// Those that were not there.
    async fn add_conversations(&mut self, turns: &[&Prepared]) -> Result<BTreeSet<ConversationId>, Problem> {
        if turns.is_empty() {
            return Ok(BTreeSet::new());
        }
        let add = conversations(self.of(sql::CONVERSATIONS_ADD), turns);
        Ok(self.session.all(add, |row| get(row, 0)).await?.into_iter().collect())
    }

    async fn set_conversations(&mut self, turns: &[&Prepared]) -> Result<(), Problem> {
        if turns.is_empty() {
            return Ok(());
        }
        let set = conversations(self.of(sql::CONVERSATIONS_SET), turns);
        let set = self.session.all(set, |row| get::<ConversationId>(row, 0)).await?;
        // They are held: one that is not found is another partner's or a bug.
        if set.len() == turns.len() { Ok(()) } else { Err(Problem::failed("a conversation is gone")) }
    }

    /// All that belongs to turns that have their conversations.
    async fn rows(&mut self, turns: &[&Prepared]) -> Result<(), Problem> {
        self.take_mail(turns).await?;
        self.customers(turns).await?;
        self.leads(turns).await?;
        self.messages(turns).await?;
        self.facts(turns).await?;
        self.orders(turns).await?;
        self.timers(turns).await?;
        let bubbles: Vec<(&OutboxRow, &str)> = turns
            .iter()
            .flat_map(|turn| turn.turn.outbox.iter().zip(turn.bubbles.iter().map(String::as_str)))
            .collect();
        outbox(self.session, self.partner, &bubbles).await?;
        let notices: Vec<&NoticeRow> = turns.iter().flat_map(|turn| &turn.turn.notices).collect();
        self::notices(self.session, self.partner, &notices).await?;
        Ok(())
    }

    async fn take_mail(&mut self, turns: &[&Prepared]) -> Result<(), Problem> {
        let mail = consumed(turns);
        if mail.is_empty() {
            return Ok(());
        }
        let take = self.of(sql::MAIL_TAKE).bind(column(&mail, |(of, _)| *of)).bind(column(&mail, |(_, seq)| *seq));
        self.session.run(take).await?;
        Ok(())
    }

    async fn customers(&mut self, turns: &[&Prepared]) -> Result<(), Problem> {
        let rows = turns.iter().filter_map(|turn| turn.turn.customer.as_ref());
        let rows = last(rows.map(|row| (row.id, row)));
        if rows.is_empty() {
            return Ok(());
        }
        let found_by =
            |row: &&CustomerRow| text(&found_by(row.name.as_deref(), row.phone.as_deref(), row.email.as_deref()));
        let put = self
            .of(sql::CUSTOMERS_PUT)
            .bind(column(&rows, |row| Id(row.id.0)))
            .bind(column(&rows, |row| row.name.as_deref().map(text)))
            .bind(column(&rows, |row| row.phone.as_deref().map(text)))
            .bind(column(&rows, |row| row.email.as_deref().map(text)))
            .bind(column(&rows, |row| text(&row.data)))
            .bind(column(&rows, found_by));
        self.session.run(put).await?;
        Ok(())
    }

    async fn leads(&mut self, turns: &[&Prepared]) -> Result<(), Problem> {
        let rows = turns.iter().filter_map(|turn| Some((turn.turn.lead.as_ref()?, turn.heat)));
        let rows: Vec<(&LeadRow, i64)> = last(rows.map(|(row, heat)| (row.customer, (row, heat))));
        if rows.is_empty() {
            return Ok(());
        }
        let put = self
            .of(sql::LEADS_PUT)
            .bind(column(&rows, |(row, _)| Id(row.customer.0)))
            .bind(column(&rows, |(_, heat)| *heat))
            .bind(column(&rows, |(row, _)| row.score))
            .bind(column(&rows, |(row, _)| text(&row.stage)))
            .bind(column(&rows, |(row, _)| text(&row.why)))
            .bind(column(&rows, |(row, _)| row.source.as_deref().map(text)))
            .bind(column(&rows, |(row, _)| micros(row.at)))
            .bind(column(&rows, |(row, _)| text(&row.data)))
            .bind(column(&rows, |(row, _)| slot(row.at)));
        self.session.run(put).await?;
        Ok(())
    }

    async fn messages(&mut self, turns: &[&Prepared]) -> Result<(), Problem> {
        let rows: Vec<(Id, &MessageRow)> = of_conversations(turns, |turn| &turn.messages);
        if rows.is_empty() {
            return Ok(());
        }
        let add = self
            .of(sql::MESSAGES_ADD)
            .bind(column(&rows, |(of, _)| *of))
            .bind(column(&rows, |(_, row)| row.seq))
            .bind(column(&rows, |(_, row)| row.author.name()))
            .bind(column(&rows, |(_, row)| micros(row.at)))
            .bind(column(&rows, |(_, row)| row.key.as_ref().map(EventKey::as_str).map(text)))
            .bind(column(&rows, |(_, row)| row.bubble.map(|id| Id(id.0))))
            .bind(column(&rows, |(_, row)| text(&row.text)))
            .bind(column(&rows, |(_, row)| text(&row.body)))
            .bind(column(&rows, |(_, row)| row.basis.as_deref().map(text)));
        self.session.run(add).await?;
        Ok(())
    }

    async fn facts(&mut self, turns: &[&Prepared]) -> Result<(), Problem> {
        let rows: Vec<&FactRow> = turns.iter().flat_map(|turn| &turn.turn.facts).collect();
        if rows.is_empty() {
            return Ok(());
        }
        let add = self
            .of(sql::FACTS_ADD)
            .bind(column(&rows, |row| Id(row.customer.0)))
            .bind(column(&rows, |row| text(&row.name)))
            .bind(column(&rows, |row| micros(row.at)))
            .bind(column(&rows, |row| text(&row.data)));
        self.session.run(add).await?;
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

    async fn timers(&mut self, turns: &[&Prepared]) -> Result<(), Problem> {
        let rows = turns.iter().flat_map(|turn| {
            turn.turn.timers.iter().zip(&turn.timers).map(|(row, json)| (turn.conversation(), row, json))
        });
        let rows = last(rows.map(|(of, row, json)| ((of, name(row)), (of, row, json))));
        let (mut set, mut cancelled) = (Vec::new(), Vec::new());
        for (of, row, json) in rows {
            match row {
                TimerRow::Set { due, timer } => set.push((Id(of.0), timer.name(), micros(*due), json)),
                TimerRow::Cancel { name } => cancelled.push((Id(of.0), *name)),
            }
        }
        if !cancelled.is_empty() {
            let drop = self.of(sql::TIMERS_DROP);
            let drop = drop.bind(column(&cancelled, |(of, _)| *of)).bind(column(&cancelled, |(_, name)| *name));
            self.session.run(drop).await?;
        }
        if !set.is_empty() {
            let put = self
                .of(sql::TIMERS_SET)
                .bind(column(&set, |(of, ..)| *of))
                .bind(column(&set, |(_, name, ..)| *name))
                .bind(column(&set, |(_, _, due, _)| *due))
                .bind(column(&set, |(.., json)| text(json)));
            self.session.run(put).await?;
        }
        Ok(())
    }
}

/// Mail that turns consume, with the conversation of each.
fn consumed(turns: &[&Prepared]) -> Vec<(Id, MailSeq)> {
    of_conversations(turns, |turn| &turn.consumed).into_iter().map(|(of, seq)| (of, *seq)).collect()
}

/// Rows of turns, each with its conversation.
fn of_conversations<'t, T>(turns: &[&'t Prepared], rows: impl Fn(&'t TurnCommit) -> &'t Vec<T>) -> Vec<(Id, &'t T)> {
    turns.iter().flat_map(|turn| rows(&turn.turn).iter().map(|row| (Id(turn.conversation().0), row))).collect()
}

/// Of rows with one key the last, as if they had been written one after another: a statement takes each key once.
fn last<K: Ord, T>(rows: impl Iterator<Item = (K, T)>) -> Vec<T> {
    rows.collect::<BTreeMap<K, T>>().into_values().collect()
}

fn name(row: &TimerRow) -> &'static str {
    match row {
        TimerRow::Set { timer, .. } => timer.name(),
        TimerRow::Cancel { name } => name,
    }
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

/// Bubbles with their JSON.
pub(super) async fn outbox(
    session: &mut Session<'_>,
    partner: &PartnerId,
    rows: &[(&OutboxRow, &str)],
) -> Result<(), Problem> {
    if rows.is_empty() {
        return Ok(());
    }
    let add = of_partner(sql::OUTBOX_ADD, partner)
        .bind(column(rows, |(row, _)| Id(row.id.0)))
        .bind(column(rows, |(row, _)| Id(row.conversation.conversation.0)))
        .bind(column(rows, |(row, _)| row.account.as_str().to_owned()))
        .bind(column(rows, |(row, _)| text(row.peer.as_str())))
        .bind(column(rows, |(row, _)| row.seq))
        .bind(column(rows, |(_, json)| text(json)))
        .bind(column(rows, |(row, _)| row.lane.number()))
        .bind(column(rows, |(row, _)| row.expires.map(micros)))
        .bind(column(rows, |(row, _)| i64::from(row.attempts)));
    session.run(add).await?;
    Ok(())
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
