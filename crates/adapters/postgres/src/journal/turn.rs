use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use tokio_postgres::Row;
use voronka_core::{
    fact::Fact,
    ids::{ConversationId, CustomerId, PartnerId},
    lead::Temperature,
    ports::found_by,
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
    session::{Arrived, Pipeline, Place, Session, Statement, of_partner},
    sql,
    values::{Id, column, get, micros, slot, text},
};

/// A turn with its JSON made, so that the thread that writes only writes.
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

    /// Whether it says who is the same person.
    pub(crate) fn is_of_kin(&self) -> bool {
        self.turn.kinship.is_some()
    }

    /// Whether what was said before is to leave.
    pub(crate) fn erases(&self) -> bool {
        self.turn.past == Past::Erased
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
    fn writes_over(&self) -> impl Iterator<Item = (Versioned, i64)> + Clone {
        let conversation = (Versioned::Conversation(self.conversation()), self.turn.expected);
        let customer = self.turn.customer.as_ref().map(|row| (Versioned::Customer(row.id), row.version));
        let lead = self.turn.lead.as_ref().map(|row| (Versioned::Lead(row.customer), row.version));
        std::iter::once(conversation).chain(customer).chain(lead)
    }

    /// All rows that are to be as it has read them.
    fn rests_on(&self) -> impl Iterator<Item = (Versioned, i64)> + Clone {
        let read = self.turn.rests_on.iter().map(|(id, version)| (Versioned::Customer(*id), *version));
        self.writes_over().chain(read)
    }
}

/// A bubble's JSON.
pub(super) fn bubble_json(row: &OutboxRow) -> Result<String, Problem> {
    serde_json::to_string(&row.bubble).map_err(|_| Problem::failed("a bubble is no JSON"))
}

/// Holds what turns of a partner rest on until the transaction ends. Whether each finds it as it was, in order: one that does not
/// is to be left out.
pub(crate) fn hold<'t>(
    pipeline: &mut Pipeline,
    partner: &PartnerId,
    turns: &[&'t Prepared],
) -> impl FnOnce(&Arrived) -> Result<Vec<bool>, Problem> + use<'t> {
    let place = (!turns.is_empty()).then(|| pipeline.ask(Held::ask(partner, turns)));
    let turns = turns.to_vec();
    move |arrived| match place {
        Some(place) => Ok(Held::read(arrived, place)?.fitting(&turns)),
        None => Ok(Vec::new()),
    }
}

/// Writes turns of a partner whose ground is [held](hold), a statement a table.
pub(crate) fn write<'t>(
    pipeline: &mut Pipeline,
    partner: &PartnerId,
    turns: &[&'t Prepared],
) -> impl FnOnce(&Arrived) -> Result<(), Problem> + use<'t> {
    let to = To { partner };
    pipeline.extend(to.withdraw(turns));
    pipeline.extend(to.call_back(turns));
    let conversations = pipeline.ask(to.conversations(turns));
    let customers = to.customers(turns).map(|put| pipeline.ask(put));
    let leads = to.leads(turns).map(|put| pipeline.ask(put));
    pipeline.extend(to.orders(turns));
    let notices: Vec<&NoticeRow> = turns.iter().flat_map(|turn| &turn.turn.notices).collect();
    pipeline.extend((!notices.is_empty()).then(|| self::notices(partner, &notices)));
    pipeline.ask(Rows::of_turns(turns).add(partner));
    let is_whole = |arrived: &Arrived, put: Option<Place>, of: usize| {
        put.is_none_or(|put| u64::try_from(of).is_ok_and(|of| of == arrived.count(put)))
    };
    let turns = turns.to_vec();
    move |arrived| {
        let put: BTreeSet<ConversationId> = arrived.all(conversations, |row| get(row, 0))?.into_iter().collect();
        // One that another process has begun meanwhile is not ours to go on with.
        if turns.iter().any(|turn| !put.contains(&turn.conversation())) {
            return Err(Problem::Conflict);
        }
        let (of_customers, of_leads) =
            (rows(&turns, |turn| &turn.customer).len(), rows(&turns, |turn| &turn.lead).len());
        if is_whole(arrived, customers, of_customers) && is_whole(arrived, leads, of_leads) {
            return Ok(());
        }
        // One that another process has made meanwhile lets nothing be written: it is tried again.
        Err(Problem::busy("a customer was met by another process"))
    }
}

/// Marks who is the same person, as turns say that are [written](write).
pub(crate) async fn mark(session: &Session, partner: &PartnerId, turns: &[&Prepared]) -> Result<(), Problem> {
    (To { partner }).kinships(session, turns).await
}

/// [`Past::Erased`], of those of the turns that say so.
pub(crate) async fn erase_pasts(session: &Session, partner: &PartnerId, turns: &[&Prepared]) -> Result<(), Problem> {
    for turn in turns {
        (To { partner }).erase_past(session, turn.conversation(), turn.turn.conversation.customer).await?;
    }
    Ok(())
}

/// What some of the turns write.
fn rows<'t, T>(turns: &[&'t Prepared], of: impl Fn(&'t TurnCommit) -> &'t Option<T>) -> Vec<&'t T> {
    turns.iter().filter_map(|turn| of(&turn.turn).as_ref()).collect()
}

/// A row that is to be as a turn has read it.
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
    fn ask(partner: &PartnerId, turns: &[&Prepared]) -> Statement {
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
        of_partner(sql::TURNS_HOLD, partner)
            .bind(of)
            .bind(column(&mail, |(of, _)| *of))
            .bind(column(&mail, |(_, seq)| *seq))
            .bind(customers)
            .bind(leads)
    }

    fn read(arrived: &Arrived, place: Place) -> Result<Self, Problem> {
        let row = |row: &Row| Ok((get::<i64>(row, 0)?, get::<ConversationId>(row, 1)?, get::<i64>(row, 2)?));
        let mut held = Self::default();
        for (kind, id, number) in arrived.all(place, row)? {
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

    /// Which turns find what they were computed from. Of two turns that write one row the first goes on.
    fn fitting(&self, turns: &[&Prepared]) -> Vec<bool> {
        let mut written = BTreeSet::new();
        let fits = |turn: &&Prepared| {
            let is_read = |(row, version)| self.versions.get(&row).copied().unwrap_or(0) == version;
            let mut rests_on = turn.rests_on();
            let fits = rests_on.all(|row| is_read(row) && !written.contains(&row.0))
                && self.holds(turn.conversation(), &turn.turn.consumed);
            if fits {
                written.extend(turn.writes_over().map(|(row, _)| row));
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
struct To<'a> {
    partner: &'a PartnerId,
}

impl To<'_> {
    fn of(&self, sql: &'static str) -> Statement {
        of_partner(sql, self.partner)
    }

    /// [`Past::Erased`]. The server's own files lose it with its next vacuum.
    async fn erase_past(&self, session: &Session, of: ConversationId, customer: CustomerId) -> Result<(), Problem> {
        let theirs = self.of(sql::ERASE_OF).bind(Id(customer.0)).bind(Id(of.0));
        let theirs = session.all(theirs, |row| get::<ConversationId>(row, 0)).await?;
        for sql in [sql::ERASE_MESSAGES, sql::ERASE_OUTBOX, sql::ERASE_NOTICES, sql::ERASE_LETTERS] {
            let erase = self.of(sql).bind(column(&theirs, |id| Id(id.0)));
            session.run(erase).await?;
        }
        let states = self.of(sql::STATES_OF).bind(Id(customer.0)).bind(Id(of.0));
        let states = session.all(states, |row| Ok((get::<ConversationId>(row, 0)?, get::<String>(row, 1)?))).await?;
        let words = self
            .of(sql::WORDS_DROP)
            .bind(column(&states, |(id, _)| Id(id.0)))
            .bind(column(&states, |(_, state)| text(&ConversationRow::without_words(state))));
        session.run(words).await?;
        let named = Fact::WORDED.map(str::to_owned).to_vec();
        let facts = self.of(sql::FACTS_WORDED).bind(Id(customer.0)).bind(named);
        let facts = session.all(facts, |row| Ok((get::<i64>(row, 0)?, get::<String>(row, 1)?))).await?;
        let wordless = self
            .of(sql::FACTS_SET)
            .bind(Id(customer.0))
            .bind(column(&facts, |(id, _)| *id))
            .bind(column(&facts, |(_, data)| text(&Fact::stored_wordless(data))));
        session.run(wordless).await?;
        Ok(())
    }

    fn withdraw(&self, turns: &[&Prepared]) -> Option<Statement> {
        let withdrawing = turns.iter().filter(|turn| turn.turn.withdraw == Withdraw::Campaigns);
        let of: Vec<Id> = withdrawing.map(|turn| Id(turn.conversation().0)).collect();
        (!of.is_empty()).then(|| self.of(sql::OUTBOX_WITHDRAW).bind(of))
    }

    fn call_back(&self, turns: &[&Prepared]) -> Option<Statement> {
        let called = |turn: &&&Prepared| match &turn.turn.withdraw {
            Withdraw::Called(bubbles) => bubbles.iter().map(|id| (Id(turn.conversation().0), Id(id.0))).collect(),
            Withdraw::Nothing | Withdraw::Campaigns => Vec::new(),
        };
        let called: Vec<(Id, Id)> = turns.iter().flat_map(|turn| called(&turn)).collect();
        (!called.is_empty()).then(|| {
            self.of(sql::OUTBOX_LATE)
                .bind(column(&called, |(of, _)| *of))
                .bind(column(&called, |(_, id)| *id))
                .bind(micros(OutboxRow::LATE))
        })
    }

    /// Gives those that are there now as the turns leave them.
    fn conversations(&self, turns: &[&Prepared]) -> Statement {
        self.of(sql::CONVERSATIONS_PUT)
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

    fn customers(&self, turns: &[&Prepared]) -> Option<Statement> {
        let rows = rows(turns, |turn| &turn.customer);
        let found_by =
            |row: &&CustomerRow| text(&found_by(row.name.as_deref(), row.phone.as_deref(), row.email.as_deref()));
        (!rows.is_empty()).then(|| {
            self.of(sql::CUSTOMERS_PUT)
                .bind(column(&rows, |row| Id(row.id.0)))
                .bind(column(&rows, |row| row.version + 1))
                .bind(column(&rows, |row| row.name.as_deref().map(text)))
                .bind(column(&rows, |row| row.phone.as_deref().map(text)))
                .bind(column(&rows, |row| row.email.as_deref().map(text)))
                .bind(column(&rows, |row| text(&row.data)))
                .bind(column(&rows, found_by))
        })
    }

    fn leads(&self, turns: &[&Prepared]) -> Option<Statement> {
        let rows: Vec<(&LeadRow, i64)> =
            turns.iter().filter_map(|turn| Some((turn.turn.lead.as_ref()?, turn.heat))).collect();
        (!rows.is_empty()).then(|| {
            self.of(sql::LEADS_PUT)
                .bind(column(&rows, |(row, _)| Id(row.customer.0)))
                .bind(column(&rows, |(row, _)| row.version + 1))
                .bind(column(&rows, |(_, heat)| *heat))
                .bind(column(&rows, |(row, _)| row.score))
                .bind(column(&rows, |(row, _)| text(&row.stage)))
                .bind(column(&rows, |(row, _)| text(&row.why)))
                .bind(column(&rows, |(row, _)| row.source.as_deref().map(text)))
                .bind(column(&rows, |(row, _)| micros(row.at)))
                .bind(column(&rows, |(row, _)| text(&row.data)))
                .bind(column(&rows, |(row, _)| slot(row.at)))
        })
    }

    /// One after another: what one says may be about whom another has named.
    async fn kinships(&self, session: &Session, turns: &[&Prepared]) -> Result<(), Problem> {
        for turn in turns {
            let of = turn.turn.conversation.customer;
            let Some(kinship) = turn.turn.kinship else { continue };
            let named = self.of(sql::MARKS).bind(vec![Id(of.0), Id(kinship.other(of).0)]);
            let read = session.all(named, |row| Ok((get::<CustomerId>(row, 0)?, get::<Option<CustomerId>>(row, 1)?)));
            let set: Vec<_> = kinship.sets(of, &read.await?.into_iter().collect()).into_iter().collect();
            if !set.is_empty() {
                let mark = self
                    .of(sql::MARKS_SET)
                    .bind(column(&set, |(customer, _)| Id(customer.0)))
                    .bind(column(&set, |(_, mark)| mark.map(|mark| Id(mark.0))));
                session.run(mark).await?;
            }
        }
        Ok(())
    }

    fn orders(&self, turns: &[&Prepared]) -> Option<Statement> {
        let rows: Vec<(Id, &OrderRow)> = of_conversations(turns, |turn| &turn.orders);
        // An order that was placed and called off in one breath was placed.
        let mut placed = BTreeMap::new();
        for (_, row) in &rows {
            let first = placed.entry(row.id).or_insert(None);
            *first = first.or(row.placed());
        }
        let rows = last(rows.into_iter().map(|(of, row)| (row.id, (of, row))));
        (!rows.is_empty()).then(|| {
            self.of(sql::ORDERS_PUT)
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
                .bind(column(&rows, |(_, row)| text(&row.data)))
        })
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

/// Tells of those that are new: a notice is told once.
pub(super) fn notices(partner: &PartnerId, rows: &[&NoticeRow]) -> Statement {
    of_partner(sql::NOTICES_ADD, partner)
        .bind(column(rows, |row| Id(row.id.0)))
        .bind(column(rows, |row| text(&row.about)))
        .bind(column(rows, |row| text(&row.text)))
        .bind(column(rows, |row| micros(row.at)))
        .bind(column(rows, |row| row.conversation.map(|id| Id(id.0))))
}
