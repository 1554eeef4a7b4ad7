//! A turn under way: what was stored, as it is now changed, and what will be written.

use std::sync::Arc;

use jiff::{Timestamp, civil, tz::TimeZone};

use super::{
    FrequentKey, Setting,
    deliveries::WrittenBy,
    playbook::Playbook,
    reply::Reply,
    scope::{Args, TurnScope},
    state::{AsksConsent, Customer, Owner, Run, Snapshot},
};
use crate::{
    fact::{Fact, FunnelEvent},
    ids::{AccountId, CustomerId, FlowId, OrderId},
    lang::Lang,
    lead::Lead,
    message::{Button, Event, EventKey, Inbound, KeptFile, Peer, Press, Timer},
    person::Kinship,
    rows::{IdentityRow, Lane, Mail, MailSeq, MessageRow, Past, TimerRow, Withdraw},
    spec::{
        expr::{Expr, Path},
        flow::{StepId, Text},
        rich::Rich,
        texts::Phrase,
        value::{Period, Value},
    },
    tally::{self, Tally},
};

/// A question that flow and files alone did not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pending {
    /// The customer's questions, one after another.
    pub(super) questions: Vec<String>,
    /// Whether the same message moved the flow on: then the flow's next words are said already.
    pub(super) progress: Progress,
    /// Whether the words look like a question; else they may be a failed try at the open one.
    pub(super) kind: PendingKind,
}

impl Pending {
    /// Questions that one turn answers.
    pub(super) const QUESTIONS_MAX: usize = 3;

    /// Words said by the way: the flow went on with the same message, so that silence about them is no failure.
    pub(super) fn is_aside(&self) -> bool {
        self.kind == PendingKind::Words && self.progress == Progress::Made
    }
}

/// Whether a flow went on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// It did.
    Made,
    /// It did not.
    None,
}

/// What is pending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PendingKind {
    /// A question.
    Question,
    /// Words that nothing took.
    Words,
}

/// A card to the team: the fact it is about and what it adds to the facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Note {
    /// A fact's name.
    pub(super) about: String,
    /// In the partner's words or the customer's.
    pub(super) text: String,
}

/// What a turn began with, to see what changed.
#[derive(Debug)]
pub(super) struct Before {
    pub(super) customer: Customer,
    /// Without its facts, which are many.
    pub(super) lead: Lead,
    /// The person's clock, where it was known.
    pub(super) clock: Option<TimeZone>,
    /// Messages of the customer so far.
    pub(super) messages: u32,
    /// When the customer last did anything.
    pub(super) active: Option<Timestamp>,
    /// When the conversation last went to a person, and when it last came back.
    pub(super) handed: (Option<Timestamp>, Option<Timestamp>),
    /// What the customer had done.
    pub(super) done: tally::Done,
    /// Whether the customer had said nothing yet.
    pub(super) unheard: bool,
    /// Whether the lead's facts changed since.
    pub(super) facts_changed: bool,
}

impl Before {
    fn of(snap: &Snapshot) -> Self {
        Self {
            customer: snap.customer.clone(),
            lead: snap.lead.without_facts(),
            clock: snap.clock(),
            messages: snap.lead.facts.count(&Fact::Message.name()),
            active: [Fact::Message, Fact::Button].iter().filter_map(|fact| snap.lead.facts.last(&fact.name())).max(),
            handed: (snap.lead.facts.last("handoff"), snap.state.given_back),
            done: tally::Done::of(&snap.lead.facts),
            unheard: snap.state.is_unheard(),
            facts_changed: false,
        }
    }
}

/// A turn under way.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) setting: Setting,
    pub(super) book: Arc<Playbook>,
    pub(super) snap: Snapshot,
    pub(super) before: Before,
    pub(super) consumed: Vec<MailSeq>,
    mail: Vec<Mail>,
    pub(super) now: Timestamp,
    /// When what is said was found: later than the turn began, if a model was asked.
    pub(super) said_at: Timestamp,
    /// When the customer wrote what this turn takes, the first of it.
    pub(super) asked_at: Option<Timestamp>,
    /// What is counted though no fact tells it.
    pub(super) counted: Vec<Tally>,
    local: civil::DateTime,
    /// The person's clock, where it is known.
    pub(super) zone: Option<TimeZone>,
    pub(super) lang: Lang,
    pub(super) reply: Reply,
    pub(super) facts: Vec<FunnelEvent>,
    /// What becomes of what was said before.
    pub(super) past: Past,
    /// Which bubbles of earlier turns are not sent any more.
    pub(super) withdraw: Withdraw,
    pub(super) messages: Vec<MessageRow>,
    pub(super) notes: Vec<Note>,
    /// What is new of the people who have, or should have, the conversation.
    pub(super) people: People,
    /// Who gets the card that did not reach another.
    pub(super) instead: Option<Arc<str>>,
    /// The member of the team who is given the conversation.
    pub(super) assigned: Option<Arc<str>>,
    /// Mail to other conversations.
    pub(super) posts: Vec<Inbound>,
    /// Others of the person by whom it was decided that something may be written first, with the versions of their rows.
    pub(super) rests_on: Vec<(CustomerId, i64)>,
    /// Whether the customer joins others as one person, or leaves them.
    pub(super) kinship: Option<Kinship>,
    /// Whoever may be the same person, each with all who are one with them, as far as they were looked for.
    pub(super) namesakes: Vec<IdentityRow>,
    /// Names of facts of this turn that the team is told of from another conversation.
    pub(super) known_to_team: Vec<String>,
    pub(super) timers: Vec<TimerRow>,
    /// Names of the timers that the store has, as far as the turn knows.
    timers_stored: Vec<String>,
    pub(super) orders_changed: Vec<OrderId>,
    pub(super) pending: Option<Pending>,
    /// The customer's own words in this turn: a figure in them may be said back.
    pub(super) heard: String,
    /// The last message of what is heard now, whole: an answer in words may have several lines.
    pub(super) said_last: String,
    /// What the answer rests on, for the owner's eyes, in JSON.
    pub(super) basis: Option<String>,
    /// What a person of the team writes.
    pub(super) person_says: Vec<PersonSays>,
    /// The key of the customer's event that is heard now.
    pub(super) event: String,
    /// Whether the customer did something, so that silence is counted anew.
    pub(super) customer_acted: bool,
    /// Steps walked in this turn, for the loop limit.
    pub(super) steps_walked: u32,
    /// The steps walked in this turn.
    pub(super) trail: Vec<(FlowId, StepId)>,
    /// Values filled ahead of their question, to be named with the next one.
    pub(super) noted: Vec<String>,
    /// The consent that the customer is to be asked for when all else is said.
    pub(super) consent_to_ask: Option<AsksConsent>,
    /// What a flow began with: it comes before any answer.
    pub(super) greeting: Reply,
    /// Whether the open question is new because of an edited file: what the customer said answers another.
    pub(super) mended: bool,
    /// Whether the bot got the conversation back, so that silence is counted from now.
    pub(super) given_back: bool,
    /// A model's words that hold for whoever asks the same.
    pub(super) frequent: Option<(FrequentKey, String)>,
    /// How what is said is sent. Answers go first; what nobody asked for, for only a timer rang, goes behind them.
    pub(super) lane: Lane,
    /// When what this turn says of its own accord is not to be sent any more, as the rule for writing first said.
    pub(super) expires: Option<Timestamp>,
    /// What a reminder is about, while it is worded: as it was agreed, whatever has been answered and not confirmed since.
    pub(super) about: Option<(Path, Value)>,
}

/// What is new of the people of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum People {
    /// Nothing.
    Unchanged,
    /// One of them did something: their silence is counted anew.
    Acted,
    /// Nobody took it in time: a reminder goes to all of the team.
    Away,
}

/// What a person of the team writes to the customer.
#[derive(Debug)]
pub(super) struct PersonSays {
    pub(super) by: WrittenBy,
    /// None have to go with a file.
    pub(super) text: String,
    pub(super) file: Option<KeptFile>,
}

impl Work {
    pub(super) fn new(setting: Setting, snap: Snapshot, mail: Vec<Mail>, now: Timestamp) -> Self {
        let book = Arc::clone(&setting.playbook);
        let lang = snap.state.lang.unwrap_or_else(|| book.language(None, ""));
        Self {
            setting,
            timers_stored: snap.state.timers.keys().cloned().collect(),
            before: Before::of(&snap),
            zone: snap.clock(),
            local: now.to_zoned(book.spec.config.zone.clone()).datetime(),
            snap,
            book,
            consumed: mail.iter().map(|mail| mail.seq).collect(),
            mail,
            now,
            said_at: now,
            asked_at: None,
            counted: Vec::new(),
            lang,
            reply: Reply::default(),
            facts: Vec::new(),
            past: Past::Stays,
            withdraw: Withdraw::Nothing,
            messages: Vec::new(),
            notes: Vec::new(),
            people: People::Unchanged,
            instead: None,
            assigned: None,
            posts: Vec::new(),
            rests_on: Vec::new(),
            kinship: None,
            namesakes: Vec::new(),
            known_to_team: Vec::new(),
            timers: Vec::new(),
            orders_changed: Vec::new(),
            pending: None,
            heard: String::new(),
            said_last: String::new(),
            basis: None,
            person_says: Vec::new(),
            event: String::new(),
            customer_acted: false,
            steps_walked: 0,
            trail: Vec::new(),
            noted: Vec::new(),
            consent_to_ask: None,
            greeting: Reply::default(),
            mended: false,
            given_back: false,
            frequent: None,
            lane: Lane::Dialogue,
            expires: None,
            about: None,
        }
    }

    /// Mail that was not taken yet.
    pub(super) fn waiting(&self) -> &[Mail] {
        &self.mail
    }

    pub(super) fn take_mail(&mut self) -> Vec<Mail> {
        std::mem::take(&mut self.mail)
    }

    /// The partner's local time: what is ordered and said of days is meant by it.
    pub(super) fn local(&self) -> civil::DateTime {
        self.local
    }

    /// The day of a moment, by the partner's clock.
    pub(super) fn day_of(&self, at: Timestamp) -> civil::Date {
        at.to_zoned(self.book.spec.config.zone.clone()).date()
    }

    pub(super) fn today(&self) -> civil::Date {
        self.local().date()
    }

    /// The moment a period after now: days by the calendar, minutes exact.
    pub(super) fn after(&self, period: Period) -> Timestamp {
        let span = jiff::Span::new().days(period.days).minutes(period.minutes);
        let zoned = self.now.to_zoned(self.book.spec.config.zone.clone());
        zoned.checked_add(span).map_or(self.now, |at| at.timestamp())
    }

    /// Appends a fact and lets the lead remember it, if anything can ask for it there.
    pub(super) fn fact(&mut self, fact: Fact) {
        let event = FunnelEvent { at: self.now, fact };
        if matches!(event.fact, Fact::Message | Fact::Button) && self.before.active.is_none() {
            self.snap.lead.came.get_or_insert(self.now);
        }
        if matches!(event.fact, Fact::HandBack { .. }) {
            self.snap.state.given_back = Some(self.now);
        }
        self.before.facts_changed |= event.fact.is_asked_for() && self.snap.lead.facts.note(&event);
        self.facts.push(event);
    }

    /// Tells the team, under the name of a fact that the partner's file subscribes them to.
    pub(super) fn note(&mut self, about: &str, text: impl Into<String>) {
        self.notes.push(Note { about: about.to_owned(), text: text.into() });
    }

    /// Tells another conversation of the partner.
    pub(super) fn post(&mut self, account: AccountId, peer: Peer, event: Event) {
        let (of, version, n) = (self.snap.key.conversation, self.snap.version, self.posts.len());
        let key = EventKey::new(&format!("post:{of}:{version}:{n}"));
        let partner = self.snap.key.partner.clone();
        self.posts.push(Inbound { partner, account, peer, key, at: self.now, event });
    }

    /// What the store knows behind this turn alone, this conversation looks at in another one.
    pub(super) fn post_to_self(&mut self, event: Event) {
        self.post(self.snap.account.clone(), self.snap.peer.clone(), event);
    }

    /// What expressions read, outside any flow.
    pub(super) fn scope(&self) -> TurnScope<'_> {
        TurnScope { work: self, run: None, product: None, args: &[], kin: &[] }
    }

    /// The same, of facts and stages those of the person, wherever they came to be.
    pub(super) fn scope_of_person(&self) -> TurnScope<'_> {
        TurnScope { kin: &self.snap.kin, ..self.scope() }
    }

    /// What expressions of a run read.
    pub(super) fn scope_of<'a>(&'a self, run: &'a Run) -> TurnScope<'a> {
        TurnScope { run: Some(run), ..self.scope() }
    }

    pub(super) fn is_true(&self, run: &Run, expr: &Expr) -> bool {
        expr.is_true(&self.scope_of(run))
    }

    /// A partner's text in the customer's language, with its values.
    pub(super) fn text(&self, run: &Run, text: &Text) -> Rich {
        text.get(self.lang).render(&self.scope_of(run), self.lang, self.today())
    }

    /// A built-in phrase with its arguments.
    pub(super) fn phrase(&self, phrase: Phrase, args: Args<'_>) -> Rich {
        let scope = TurnScope { args, ..self.scope() };
        self.book.spec.phrases.get(phrase).get(self.lang).render(&scope, self.lang, self.today())
    }

    /// A built-in phrase as a label.
    pub(super) fn label(&self, phrase: Phrase) -> String {
        self.phrase(phrase, &[]).text
    }

    pub(super) fn say_phrase(&mut self, phrase: Phrase, args: Args<'_>) {
        let text = self.phrase(phrase, args);
        self.reply.say(&text);
    }

    /// A button with a built-in label.
    pub(super) fn button(&self, label: Phrase, token: super::token::Token) -> Button {
        Button { label: self.label(label), press: Press::Token { token: token.to_string() } }
    }

    pub(super) fn set_timer(&mut self, due: Timestamp, timer: Timer) {
        // As exact as a store keeps it.
        let due = Timestamp::from_microsecond(due.as_microsecond()).unwrap_or(due);
        self.drop_timer(timer.name());
        self.snap.state.timers.insert(timer.name().to_owned(), due);
        self.timers.push(TimerRow::Set { due, timer });
    }

    pub(super) fn cancel_timer(&mut self, name: &'static str) {
        self.drop_timer(name);
        self.snap.state.timers.remove(name);
        if self.timers_stored.iter().any(|stored| stored == name) {
            self.timers.push(TimerRow::Cancel { name });
        }
    }

    /// Takes the event of a timer that was due at a moment. `false`: since it was posted the timer was cancelled or set anew.
    pub(super) fn rings(&mut self, timer: &Timer, due: Timestamp) -> bool {
        let set = self.snap.state.timers.get(timer.name());
        let rings = set.is_some_and(|set| set.as_microsecond() == due.as_microsecond());
        if rings {
            self.snap.state.timers.remove(timer.name());
            // It left the store as it rang.
            self.timers_stored.retain(|stored| stored != timer.name());
        }
        rings
    }

    fn drop_timer(&mut self, name: &'static str) {
        self.timers.retain(|row| match row {
            TimerRow::Set { timer, .. } => timer.name() != name,
            TimerRow::Cancel { name: other } => *other != name,
        });
    }

    /// Whether the bot may speak.
    pub(super) fn bot_owns(&self) -> bool {
        self.is_with_bot() && !self.is_paused()
    }

    /// Whether no person has the conversation, and none is waited for.
    pub(super) fn is_with_bot(&self) -> bool {
        self.snap.state.owner == Owner::Bot
    }
}
