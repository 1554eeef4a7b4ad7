//! From a turn under way to rows: what was said is fitted to the channel, what changed is written, nothing else.

use std::sync::Arc;

use jiff::SignedDuration;
use serde::Serialize;

use super::{
    Outcome,
    deliveries::WrittenBy,
    state::{self, Owner, Snapshot, State},
    work::{People, PersonSays, Work},
};
use crate::{
    drawing::Photo,
    fact::{Fact, FunnelEvent},
    fit,
    ids::BubbleId,
    message::{Bubble, List, Message, Purpose, Timer},
    rows::{
        Author, ConversationRow, CustomerRow, FactRow, Lane, LeadRow, MessageRow, NoticeRow, OrderRow, OutboxRow,
        TimerRow, TurnCommit, UNHEARD,
    },
    spec::rich::Rich,
    tally::{
        self, Counted, Known, Tally,
        quickness::{self, By},
    },
};

/// Beginning of the last message kept for lists, in characters.
const PREVIEW_CHARS_MAX: usize = 120;
/// Most of what was said long ago that a prompt repeats, in characters.
const SUMMARY_CHARS_MAX: usize = 800;
/// Of each message of the customer, in characters.
const SUMMARY_LINE_CHARS_MAX: usize = 80;

impl Work {
    /// Ends the turn.
    pub(super) fn finish(mut self: Box<Self>) -> Outcome {
        self.say_noted();
        self.put_greeting_first();
        self.ask_for_consent();
        self.disclose();
        self.update_score();
        self.move_sequences();
        self.plan_timers();
        let outbox = self.speak();
        self.leave_for_kin();
        self.sum_up();
        let cards = self.cards_for_team();
        let mut all = outbox;
        all.extend(cards.outbox);
        self.written(all, cards.rows)
    }

    /// Ends a turn of a member of the team. Their chat is about many customers: what is said in it is kept nowhere.
    pub(super) fn leave_desk(mut self: Box<Self>) -> Outcome {
        let outbox = self.speak();
        self.messages.clear();
        self.written(outbox, Vec::new())
    }

    fn written(mut self: Box<Self>, outbox: Vec<OutboxRow>, notices: Vec<NoticeRow>) -> Outcome {
        let commit = TurnCommit {
            key: self.snap.key.clone(),
            expected: self.snap.version,
            consumed: std::mem::take(&mut self.consumed),
            conversation: self.conversation_row(),
            customer: self.customer_row(),
            lead: self.lead_row(),
            rests_on: std::mem::take(&mut self.rests_on),
            kinship: self.kinship,
            messages: std::mem::take(&mut self.messages),
            facts: self.fact_rows(),
            orders: self.order_rows(),
            timers: std::mem::take(&mut self.timers),
            outbox,
            notices,
            past: self.past,
            withdraw: std::mem::take(&mut self.withdraw),
            posts: std::mem::take(&mut self.posts),
            tallies: self.tallies(),
        };
        let trail = std::mem::take(&mut self.trail);
        let next = self.snap.after(&commit);
        Outcome { commit, next, trail, frequent: self.frequent.take() }
    }

    fn plan_timers(&mut self) {
        if self.customer_acted
            || self.given_back
            || self.snap.state.run.as_ref().is_some_and(|run| run.at == self.now || run.silences > 0)
        {
            self.plan_silence();
        }
        if self.people == People::Acted
            && self.snap.state.owner == Owner::Person
            && let Some(back) = self.book.spec.config.handoff.back
        {
            let due = self.after(back);
            self.set_timer(due, Timer::Back);
        }
        if let Some(after) = self.remind_after() {
            let due = self.after(after);
            self.set_timer(due, Timer::Handoff);
        }
    }

    /// Fits what is said to the channel. To a customer who blocked us nothing is said.
    pub(super) fn speak(&mut self) -> Vec<OutboxRow> {
        let own = std::mem::take(&mut self.person_says);
        let reply = self.reply.take();
        let mut rows = Vec::new();
        let reaches = !self.snap.state.blocked;
        self.note_answer(reaches && !own.is_empty(), reaches && !reply.is_empty());
        if self.snap.state.blocked {
            self.keep_unsent(own);
            return rows;
        }
        let of_the_answer = self.basis.take();
        for says in own {
            let (by, bubbles) = self.say_as_person(says, &mut rows);
            self.remember_answer(by, bubbles);
        }
        self.basis = of_the_answer;
        let mut messages = reply.into_messages();
        self.disclaim(&mut messages);
        for message in self.one_list(messages) {
            self.send(&message, Author::Bot, None, &mut rows);
        }
        rows
    }

    /// Says what a person of the team wrote. By whom, and as which bubbles.
    pub(super) fn say_as_person(
        &mut self,
        PersonSays { by, text, file }: PersonSays,
        rows: &mut Vec<OutboxRow>,
    ) -> (WrittenBy, Vec<BubbleId>) {
        self.basis = Some(serde_json::json!({ "who": by.who() }).to_string());
        let message = Message {
            text: Rich::plain(text),
            cards: Vec::new(),
            photo: file.map(|file| Photo::Kept(Box::new(file))),
            buttons: Vec::new(),
            list: List::default(),
            purpose: Purpose::Service,
            template: None,
            sequence: None,
        };
        let member = self.member(by.who());
        let first = rows.len();
        self.send(&message, Author::Person, member.as_deref(), rows);
        let bubbles = rows[first..].iter().map(|row| row.id).collect();
        (by, bubbles)
    }

    /// Notes how quickly the customer is answered, by whom it may be.
    fn note_answer(&mut self, by_person: bool, by_bot: bool) {
        let day = self.today();
        let is_paused = self.is_paused();
        let mut answered = |by: By, after: SignedDuration| {
            self.counted.push(Tally { day, what: Counted::Answered, key: quickness::key(by, after), n: 1 });
        };
        let waits = self.snap.state.awaits_person;
        if let Some(since) = waits.filter(|_| by_person) {
            answered(By::Person, self.now.duration_since(since));
        }
        // What rings with the customer's message is no answer, and neither is a person's word the bot's, or that it is paused.
        if let Some(asked) = self.asked_at.filter(|_| by_bot && self.lane == Lane::Dialogue && !is_paused) {
            answered(By::Bot, self.said_at.duration_since(asked));
        }
        let waits = if by_person || self.bot_owns() { None } else { waits.or(self.asked_at) };
        self.snap.state.awaits_person = waits;
    }

    /// Where buttons are a numbered list, a number chooses from the last one: lists above it are not shown.
    fn one_list(&self, mut messages: Vec<Message>) -> Vec<Message> {
        let lists = |message: &Message| !message.buttons.is_empty();
        let last = messages.iter().rposition(lists).unwrap_or_default();
        if self.setting.capabilities.buttons.is_none() {
            messages[..last].iter_mut().for_each(|message| message.buttons.clear());
        }
        messages
    }

    /// The name of a member of the team, as the partner's file has it; who signed in is told by either name. The name of a sign-in
    /// alone is nothing to show a customer.
    pub(super) fn member(&self, who: &str) -> Option<Arc<str>> {
        let same = |name: &str| name.to_lowercase() == who.to_lowercase();
        let mut team = self.book.spec.config.team.iter();
        team.find(|member| same(&member.name) || member.sign_in.as_deref().is_some_and(same))
            .map(|member| Arc::clone(&member.name))
    }

    fn send(&mut self, message: &Message, author: Author, by: Option<&str>, rows: &mut Vec<OutboxRow>) {
        let lane = self.lane;
        // What nobody waits for is not said at all when it is late.
        let expires = (lane == Lane::Campaign).then(|| self.expires.unwrap_or_else(|| self.stale_at()));
        let bubbles = fit::fit(message, &self.setting.capabilities);
        self.remember_menu(message, &bubbles);
        let first = rows.len();
        for bubble in bubbles {
            self.snap.state.seq += 1;
            let seq = self.snap.state.seq;
            let id = BubbleId::of(&[&self.snap.key.conversation.to_string(), &seq.to_string()]);
            self.messages.push(MessageRow {
                seq,
                author,
                text: self.words_of(&bubble),
                body: body(&bubble, by),
                bubble: Some(id),
                key: None,
                basis: self.basis.take(),
                at: self.now,
            });
            rows.push(OutboxRow {
                id,
                conversation: self.snap.key.clone(),
                account: self.snap.account.clone(),
                peer: self.snap.peer.clone(),
                seq,
                bubble,
                lane,
                expires,
                attempts: 0,
            });
        }
        if let Some(sequence) = &message.sequence {
            self.is_on_its_way(sequence, rows[first..].iter().map(|row| row.id));
        }
    }

    /// What a bubble says, in the record.
    fn words_of(&self, bubble: &Bubble) -> String {
        match &bubble.photo {
            Some(Photo::Kept(file)) => self.file_word(file.kind, bubble.text.text.trim()),
            Some(Photo::At(_) | Photo::Drawn(_)) | None => words(bubble),
        }
    }

    /// Messages that leave the history which a model gets live on in a few words.
    fn sum_up(&mut self) {
        let keep = super::prompt::HISTORY_MESSAGES;
        let all = self.snap.history.iter().chain(&self.messages);
        let leaving = (self.snap.history.len() + self.messages.len()).saturating_sub(keep);
        let mut summary = String::new();
        let mut upto = self.snap.state.summed_up;
        for row in all.take(leaving).filter(|row| row.seq > self.snap.state.summed_up) {
            upto = row.seq;
            if row.author == Author::Customer {
                summary.push_str(beginning(&self.masked(&row.text), SUMMARY_LINE_CHARS_MAX));
                summary.push('\n');
            }
        }
        let State { summary: all, summed_up, .. } = &mut self.snap.state;
        *summed_up = upto;
        if !summary.is_empty() {
            all.push_str(&summary);
            let excess = all.chars().count().saturating_sub(SUMMARY_CHARS_MAX);
            all.drain(..all.char_indices().nth(excess).map_or(all.len(), |(at, _)| at));
        }
    }

    fn conversation_row(&self) -> ConversationRow {
        let spoken = self.messages.last().or(self.snap.history.last()).map(|row| row.at);
        let last = self.messages.last().or(self.snap.history.last());
        let preview = beginning(last.map_or("", |row| &row.text), PREVIEW_CHARS_MAX);
        ConversationRow {
            account: self.snap.account.clone(),
            peer: self.snap.peer.clone(),
            customer: self.customer_id(),
            state: state::store(&self.snap.state),
            owner: self.snap.state.answered_by(),
            preview: preview.replace('\n', " "),
            at: if self.snap.state.is_unheard() { UNHEARD } else { spoken.unwrap_or(self.now) },
            unread: self.snap.state.unread,
        }
    }

    pub(super) fn customer_id(&self) -> crate::ids::CustomerId {
        self.snap.customer.id.unwrap_or_else(|| self.snap.key.first_customer())
    }

    fn customer_row(&self) -> Option<CustomerRow> {
        let customer = &self.snap.customer;
        (self.is_new() || *customer != self.before.customer).then(|| CustomerRow {
            id: self.customer_id(),
            version: customer.version,
            name: customer.name.clone(),
            phone: customer.phone.as_ref().map(|phone| phone.as_str().to_owned()),
            email: customer.email.as_ref().map(|email| email.as_str().to_owned()),
            data: state::store(&customer.more),
        })
    }

    fn lead_row(&self) -> Option<LeadRow> {
        let lead = &self.snap.lead;
        let changed = self.before.unheard || self.before.facts_changed || !lead.is_like(&self.before.lead);
        (self.is_new() || changed).then(|| LeadRow {
            customer: self.customer_id(),
            version: self.snap.lead_version,
            score: lead.score,
            temperature: lead.temperature.name(),
            stage: lead.stage.clone(),
            why: self.why(),
            source: lead.source.clone(),
            data: state::store(lead),
            at: if self.snap.state.is_unheard() { UNHEARD } else { self.now },
        })
    }

    pub(super) fn is_new(&self) -> bool {
        let Snapshot { version, .. } = self.snap;
        version == 0
    }

    fn fact_rows(&self) -> Vec<FactRow> {
        let customer = self.customer_id();
        let row = |event: &FunnelEvent| FactRow {
            customer,
            name: event.fact.name(),
            data: serde_json::to_string(&event.fact).unwrap_or_default(),
            at: event.at,
        };
        self.facts.iter().map(row).collect()
    }

    fn tallies(&self) -> Vec<Tally> {
        let stages = self.stages_before();
        let known = Known {
            active: self.before.active,
            source: self.snap.lead.source.as_deref(),
            came: self.before.lead.came,
            done: self.before.done,
            stages: &stages,
            handed: self.before.handed.0,
            back: self.before.handed.1,
        };
        let mut tallies = tally::of(&self.facts, known, |at| self.day_of(at));
        tallies.extend(self.counted.iter().cloned());
        tallies
    }

    /// The stages that the customer had reached before this turn.
    fn stages_before(&self) -> Vec<&str> {
        let now = |name: &str| {
            let same = |event: &&FunnelEvent| matches!(&event.fact, Fact::Stage { stage } if stage == name);
            self.facts.iter().filter(same).count()
        };
        let all = self.snap.lead.facts.named("stage.");
        all.filter(|(stage, n)| usize::try_from(*n).is_ok_and(|n| n > now(stage))).map(|(stage, _)| stage).collect()
    }

    fn order_rows(&self) -> Vec<OrderRow> {
        let changed = self.snap.orders.iter().filter(|order| self.orders_changed.contains(&order.id));
        changed
            .map(|order| OrderRow {
                id: order.id,
                number: order.number.clone(),
                customer: self.customer_id(),
                state: order.state,
                total_minor: order.total.minor,
                currency: order.currency().code().to_owned(),
                due: order.due.map(|due| due.to_string()),
                data: state::store(order),
                at: self.now,
            })
            .collect()
    }
}

/// The first characters of a text.
pub(super) fn beginning(text: &str, chars: usize) -> &str {
    // No text has more characters than bytes.
    let cut = if text.len() <= chars { None } else { text.char_indices().nth(chars) };
    cut.map_or(text, |(end, _)| &text[..end])
}

/// A bubble with the name of the person who wrote it, if anybody did.
#[derive(Serialize)]
struct Signed<'a> {
    #[serde(flatten)]
    bubble: &'a Bubble,
    by: &'a str,
}

fn body(bubble: &Bubble, by: Option<&str>) -> String {
    let written = match by {
        Some(by) => serde_json::to_string(&Signed { bubble, by }),
        None => serde_json::to_string(bubble),
    };
    written.unwrap_or_default()
}

/// What a bubble says, in plain words: for lists, search and models.
fn words(bubble: &Bubble) -> String {
    if bubble.cards.is_empty() {
        return bubble.text.text.trim().to_owned();
    }
    let mut text = bubble.text.text.clone();
    for card in &bubble.cards {
        let price = card.price.as_deref().unwrap_or_default();
        text.extend(["\n• ", &card.title, " ", price]);
    }
    text.trim().to_owned()
}

/// Timers set in a turn, for the engine's wake-up.
impl TurnCommit {
    /// The earliest timer that the turn sets.
    pub fn earliest_timer(&self) -> Option<jiff::Timestamp> {
        self.timers
            .iter()
            .filter_map(|row| match row {
                TimerRow::Set { due, .. } => Some(*due),
                TimerRow::Cancel { .. } => None,
            })
            .min()
    }
}
