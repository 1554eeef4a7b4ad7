//! A conversation without a runtime: events go through the real turn, and what would be committed is kept in memory. Its
//! clock is moved by hand, and timers ring as it passes them. Scripted customers ([`play()`]) talk to it, so do a simulated crowd
//! ([`crowd`]) and recorded dialogues ([`dialogues`]), and so do tests.

pub mod chance;
pub mod crowd;
pub mod dialogues;
mod play;

use std::{collections::BTreeMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};

pub use self::play::{Played, Reached, play};
use crate::{
    ids::AccountId,
    message::{Bubble, Button, ConversationKey, Event, EventKey, Inbound, Peer, Timer},
    ports::{Completion, Loaded, ModelError, Passage, Prompt},
    rows::{CustomerRow, LeadRow, Mail, Past, TimerRow, TurnCommit},
    turn::{
        Answer, DeskPlace, HasModel, Look, Named, Outcome, Playbook, Question, Seen, Setting, Snapshot, Step, Turn,
        Unreadable, Writer,
    },
};

/// Answers searches: question to passages.
pub type Search = Box<dyn Fn(&str) -> Vec<Passage>>;
/// Shows members of the team what they look at; `None`: it cannot be seen now.
pub type Looks = Box<dyn Fn(&Look) -> Option<Seen>>;
/// Answers prompts.
pub type Model = Box<dyn FnMut(&Prompt) -> Result<Completion, ModelError>>;

/// A conversation on a stage.
pub struct Stage {
    /// What every turn begins with.
    pub setting: Setting,
    loaded: Loaded,
    account: AccountId,
    peer: Peer,
    now: Timestamp,
    mails: i64,
    search: Search,
    model: Option<Model>,
    looks: Looks,
    timers: Vec<(Timestamp, Timer)>,
}

/// The newest button with this label, however its letters and spaces are set; a card's is known by the card's title as well.
fn labelled<'a>(said: &'a [Bubble], label: &str) -> Option<&'a Button> {
    let wanted = play::folded(label);
    said.iter().rev().find_map(|bubble| {
        let below = bubble.rows.iter().flatten().map(|button| (&button.label, button));
        let cards = bubble.cards.iter().filter_map(|card| Some((card, card.button.as_ref()?)));
        let cards = cards.flat_map(|(card, button)| [(&card.title, button), (&button.label, button)]);
        below.chain(cards).find(|(label, _)| play::folded(label) == wanted).map(|(_, button)| button)
    })
}

/// What a turn on a stage did.
pub struct Turned {
    /// When it was.
    pub at: Timestamp,
    /// The timer that caused it, if one did.
    pub rang: Option<Timer>,
    /// What would be written.
    pub commit: TurnCommit,
    /// How it stands since.
    pub next: Snapshot,
    /// Steps of flows that were walked.
    pub trail: Vec<Reached>,
}

impl Turned {
    /// What was said to the customer.
    pub fn said(&self) -> impl Iterator<Item = &Bubble> {
        self.commit.outbox.iter().filter(|row| row.seq > 0).map(|row| &row.bubble)
    }
}

impl Stage {
    /// A customer whom nobody knows, at `now`.
    pub fn new(setting: Setting, account: AccountId, now: Timestamp) -> Self {
        Self::of(setting, account, Peer::new("42"), now)
    }

    /// The same of somebody with an address of their own.
    pub fn of(setting: Setting, account: AccountId, peer: Peer, now: Timestamp) -> Self {
        Self {
            setting,
            loaded: Loaded::default(),
            account,
            peer,
            now,
            mails: 0,
            search: Box::new(|_| Vec::new()),
            model: None,
            looks: Box::new(|_| None),
            timers: Vec::new(),
        }
    }

    /// Pages that answer searches.
    pub fn search_by(&mut self, search: Search) {
        self.search = search;
    }

    /// A model that answers prompts.
    pub fn model_by(&mut self, model: Model) {
        self.model = Some(model);
        self.setting.model = HasModel::Yes;
    }

    /// It is no customer's chat but a member's of the team.
    pub fn seat(&mut self, member: &str, peer: &str) {
        self.peer = Peer::new(peer);
        self.setting.writer = Some(Writer {
            member: member.into(),
            addresses: [self.peer.clone()].into(),
            desk: DeskPlace::Own,
            named: Named::Person,
        });
    }

    /// What members of the team see.
    pub fn look_by(&mut self, looks: Looks) {
        self.looks = looks;
    }

    /// The partner's files were edited.
    pub fn edit(&mut self, playbook: Playbook) {
        self.setting.playbook = Arc::new(playbook);
    }

    /// What its clock shows.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Time passes, and what falls due meanwhile waits: so a process finds it that has slept.
    pub fn pass(&mut self, by: SignedDuration) {
        self.now += by;
    }

    /// Plays events as one turn. A timer's event is that of the timer that is set, if one is.
    ///
    /// # Errors
    /// When what was stored cannot be read back: a bug.
    pub fn play(&mut self, events: Vec<Event>) -> Result<Turned, Unreadable> {
        let rings = events.iter().any(|event| matches!(event, Event::Timer { .. }));
        let timers = if rings { self.snapshot()?.state.timers } else { BTreeMap::new() };
        let due = |event: &Event| match event {
            Event::Timer { timer } => timers.get(timer.name()).copied(),
            Event::Customer { .. }
            | Event::Delivery { .. }
            | Event::Click { .. }
            | Event::Broadcast { .. }
            | Event::Team { .. }
            | Event::Deed { .. }
            | Event::CardLost { .. }
            | Event::Digest
            | Event::Trouble { .. }
            | Event::Kin { .. }
            | Event::Forget { .. }
            | Event::Done { .. } => None,
        };
        let mail = events.into_iter().map(|event| (due(&event).unwrap_or(self.now), event)).collect();
        self.take(mail)
    }

    /// Plays events, each of its own moment, as one turn.
    ///
    /// # Errors
    /// When what was stored cannot be read back: a bug.
    pub fn take(&mut self, events: Vec<(Timestamp, Event)>) -> Result<Turned, Unreadable> {
        let partner = self.setting.playbook.spec.id.clone();
        let (account, peer) = (self.account.clone(), self.peer.clone());
        let key = ConversationKey::of(&partner, &account, &peer);
        let mut mail = Vec::new();
        for (at, event) in events {
            self.mails += 1;
            let (partner, account, peer) = (partner.clone(), account.clone(), peer.clone());
            let inbound = Inbound { partner, account, peer, key: EventKey::new(&self.mails.to_string()), at, event };
            mail.push(Mail { seq: self.mails, inbound });
        }
        let snapshot = Snapshot::read(key, account, peer, &self.loaded)?;
        let mut step = Turn::begin(&self.setting, snapshot, mail, self.now);
        let outcome = loop {
            match step {
                Step::Done(outcome) => break *outcome,
                Step::Ask(turn, question) => step = turn.resume(self.answer(question)),
            }
        };
        let Outcome { commit, next, trail, frequent: _ } = outcome;
        self.keep(&commit);
        debug_assert!(
            self.snapshot().is_ok_and(|read| read == next),
            "the next turn starts from what this one has written"
        );
        Ok(Turned { at: self.now, rang: None, commit, next, trail })
    }

    /// Time passes until a moment; timers that fall due ring, each in a turn of its own.
    ///
    /// # Errors
    /// When what was stored cannot be read back: a bug.
    pub fn wait_until(&mut self, until: Timestamp) -> Result<Vec<Turned>, Unreadable> {
        let mut turns = Vec::new();
        while let Some(turned) = self.ring(until)? {
            turns.push(turned);
        }
        self.now = self.now.max(until);
        Ok(turns)
    }

    /// When the next timer falls due.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.timers.iter().map(|(due, _)| *due).min()
    }

    /// Time passes to the timer that falls due first, and it rings. `None`: none does until that moment, and no time passes.
    ///
    /// # Errors
    /// When what was stored cannot be read back: a bug.
    pub fn ring(&mut self, until: Timestamp) -> Result<Option<Turned>, Unreadable> {
        self.timers.sort_by_key(|(due, _)| *due);
        if self.timers.first().is_none_or(|(due, _)| *due > until) {
            return Ok(None);
        }
        let (due, timer) = self.timers.remove(0);
        self.now = self.now.max(due);
        let turned = self.take(vec![(due, Event::Timer { timer: timer.clone() })])?;
        Ok(Some(Turned { rang: Some(timer), ..turned }))
    }

    /// The same for a stretch of time.
    ///
    /// # Errors
    /// When what was stored cannot be read back: a bug.
    pub fn wait(&mut self, by: SignedDuration) -> Result<Vec<Turned>, Unreadable> {
        self.wait_until(self.now + by)
    }

    fn answer(&mut self, question: Question) -> Answer {
        match question {
            Question::Look(look) => Answer::Seen((self.looks)(&look)),
            Question::Search { query, .. } => Answer::Passages((self.search)(&query)),
            Question::Complete { prompt, .. } => Answer::Completion(match &mut self.model {
                Some(model) => model(&prompt),
                None => Err(ModelError::Unavailable("no model".into())),
            }),
        }
    }

    /// Keeps rows as a store does.
    fn keep(&mut self, commit: &TurnCommit) {
        let loaded = &mut self.loaded;
        if commit.past == Past::Erased {
            loaded.history.clear();
        }
        loaded.version = commit.expected + 1;
        loaded.conversation = Some(commit.conversation.clone());
        let customer = commit.customer.clone().map(|row| CustomerRow { version: row.version + 1, ..row });
        loaded.customer = customer.or(loaded.customer.take());
        if let Some(customer) = loaded.customer.as_mut().filter(|_| commit.kinship.is_some()) {
            customer.version += 1;
        }
        let lead = commit.lead.clone().map(|row| LeadRow { version: row.version + 1, ..row });
        loaded.lead = lead.or(loaded.lead.take());
        for order in &commit.orders {
            loaded.orders.retain(|old| old.id != order.id);
            loaded.orders.push(order.clone());
        }
        // As a store loads them: those that are not over, and the last one that is.
        let last_over = loaded.orders.iter().rfind(|order| order.state.is_over()).map(|order| order.id);
        loaded.orders.retain(|order| !order.state.is_over() || Some(order.id) == last_over);
        loaded.history.extend(commit.messages.iter().cloned());
        let excess = loaded.history.len().saturating_sub(Snapshot::HISTORY_MAX);
        loaded.history.drain(..excess);
        for row in &commit.timers {
            let name = match row {
                TimerRow::Set { timer, .. } => timer.name(),
                TimerRow::Cancel { name } => name,
            };
            self.timers.retain(|(_, timer)| timer.name() != name);
            if let TimerRow::Set { due, timer } = row {
                self.timers.push((*due, timer.clone()));
            }
        }
    }

    /// Everything that is stored.
    ///
    /// # Errors
    /// When what was stored cannot be read back: a bug.
    pub fn snapshot(&self) -> Result<Snapshot, Unreadable> {
        let partner = &self.setting.playbook.spec.id;
        let key = ConversationKey::of(partner, &self.account, &self.peer);
        Snapshot::read(key, self.account.clone(), self.peer.clone(), &self.loaded)
    }

    /// What is stored of the conversation, as a store would load it.
    pub fn loaded(&self) -> &Loaded {
        &self.loaded
    }

    /// The same, for what comes into it from elsewhere.
    pub fn loaded_mut(&mut self) -> &mut Loaded {
        &mut self.loaded
    }
}
