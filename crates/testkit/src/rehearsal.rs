//! A conversation without a runtime: a scripted customer talks to the pure turn, and what would be committed is kept in
//! memory. For testing flows, texts and rules; the engine and the adapters have suites of their own.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use voronka_core::{
    capabilities::{ButtonLimits, Capabilities, Has, TextUnit},
    ids::AccountId,
    message::{Bubble, ContactOf, Content, Event, EventKey, Inbound, Peer, Press, Profile, TeamAction},
    order::OrderState,
    ports::{Completion, Loaded, ModelError, Passage, Prompt},
    rows::{Mail, NoticeRow, TimerRow, TurnCommit},
    turn::{Answer, HasModel, Playbook, Question, Setting, Snapshot, State, Step, Turn},
};

/// Answers searches: question to passages.
pub type Search = Box<dyn Fn(&str) -> Vec<Passage>>;
/// Answers prompts.
pub type Model = Box<dyn FnMut(&Prompt) -> Result<Completion, ModelError>>;

/// A conversation on a stage.
pub struct Rehearsal {
    setting: Setting,
    loaded: Loaded,
    account: AccountId,
    peer: Peer,
    now: Timestamp,
    mails: i64,
    search: Search,
    model: Option<Model>,
    timers: Vec<(Timestamp, voronka_core::message::Timer)>,
    /// What the bot or a person said since [`Rehearsal::forget`] or the last act.
    pub said: Vec<Bubble>,
    /// All facts' names, in order.
    pub facts: Vec<String>,
    /// All notices.
    pub notices: Vec<NoticeRow>,
    /// The last commit.
    pub last: Option<TurnCommit>,
}

/// A channel with everything, and generous limits.
pub fn roomy() -> Capabilities {
    Capabilities {
        text_max: 4096,
        caption_max: 1024,
        text_unit: TextUnit::Utf16,
        buttons: Some(ButtonLimits { count_max: 20, per_row: 3, label_max: 64, label_comfortable: 20 }),
        cards_max: 0,
        photos: Has::Yes,
        url_buttons: Has::Yes,
        contact_button: Has::Yes,
        preview: Has::No,
        typing: Has::No,
        idempotent: Has::No,
        pushes: Has::Yes,
        pace: None,
    }
}

impl Rehearsal {
    /// A new customer writes to `account` of the partner at `now` (`2026-12-01T12:00:00+03:00`).
    ///
    /// # Panics
    /// When `now` is no timestamp or `account` no account id.
    pub fn new(playbook: Playbook, account: &str, now: &str) -> Self {
        Self {
            setting: Setting {
                playbook: Arc::new(playbook),
                capabilities: Arc::new(roomy()),
                model: HasModel::No,
                team: Arc::from([]),
            },
            loaded: Loaded::default(),
            account: AccountId::parse(account).expect("an account id"),
            peer: Peer::new("42"),
            now: now.parse().expect("a timestamp"),
            mails: 0,
            search: Box::new(|_| Vec::new()),
            model: None,
            timers: Vec::new(),
            said: Vec::new(),
            facts: Vec::new(),
            notices: Vec::new(),
            last: None,
        }
    }

    /// Pages that answer searches.
    #[must_use]
    pub fn search(mut self, search: impl Fn(&str) -> Vec<Passage> + 'static) -> Self {
        self.search = Box::new(search);
        self
    }

    /// A model.
    #[must_use]
    pub fn model(mut self, model: impl FnMut(&Prompt) -> Result<Completion, ModelError> + 'static) -> Self {
        self.model = Some(Box::new(model));
        self.setting.model = HasModel::Yes;
        self
    }

    /// Another channel.
    #[must_use]
    pub fn capabilities(mut self, capabilities: Capabilities) -> Self {
        self.setting.capabilities = Arc::new(capabilities);
        self
    }

    /// The partner's files were edited.
    pub fn edit(&mut self, playbook: Playbook) {
        self.setting.playbook = Arc::new(playbook);
    }

    /// The customer writes.
    pub fn me(&mut self, text: &str) -> &[Bubble] {
        self.did(Content::Text { text: text.into() })
    }

    /// A customer whom the messenger calls by this name writes.
    pub fn named(&mut self, name: &str, text: &str) -> &[Bubble] {
        let profile = Profile { name: Some(name.into()), ..Profile::default() };
        self.play(vec![Event::Customer { content: Content::Text { text: text.into() }, profile }])
    }

    /// The customer writes several messages at once.
    pub fn burst(&mut self, texts: &[&str]) -> &[Bubble] {
        let contents = texts.iter().map(|text| Content::Text { text: (*text).into() });
        self.play(contents.map(|content| Event::Customer { content, profile: Profile::default() }).collect())
    }

    /// The customer does something.
    pub fn did(&mut self, content: Content) -> &[Bubble] {
        self.play(vec![Event::Customer { content, profile: Profile::default() }])
    }

    /// The customer presses the button with this label in what was said last.
    ///
    /// # Panics
    /// When there is no such button.
    pub fn press(&mut self, label: &str) -> &[Bubble] {
        let token = self.token(label);
        self.did(Content::Button { token, label: Some(label.into()) })
    }

    /// The token of the button with this label.
    ///
    /// # Panics
    /// When there is no such button.
    pub fn token(&self, label: &str) -> String {
        let mut on_cards = self.said.iter().flat_map(|bubble| &bubble.cards).filter_map(|card| {
            let button = card.button.as_ref()?;
            (card.title == label || button.label == label).then_some(button)
        });
        let mut below = self.said.iter().flat_map(|bubble| bubble.rows.iter().flatten());
        // The newest bubble's, as people press what they see last.
        let button = below.rfind(|button| button.label == label).or_else(|| on_cards.next_back());
        match button.map(|button| &button.press) {
            Some(Press::Token { token }) => token.clone(),
            _ => panic!("no button «{label}» in {:#?}", self.said),
        }
    }

    /// The customer shares their own contact.
    pub fn contact(&mut self, phone: &str) -> &[Bubble] {
        self.did(Content::Contact { phone: phone.into(), name: None, whose: ContactOf::Sender })
    }

    /// A person of the team acts.
    pub fn team(&mut self, action: TeamAction) -> &[Bubble] {
        self.play(vec![Event::Team { who: "мастер".into(), action }])
    }

    /// Time passes; timers that fall due ring, each in a turn of its own.
    pub fn wait(&mut self, by: SignedDuration) -> &[Bubble] {
        let until = self.now + by;
        let mut said = Vec::new();
        loop {
            self.timers.sort_by_key(|(due, _)| *due);
            let Some((due, timer)) = self.timers.first().cloned().filter(|(due, _)| *due <= until) else { break };
            self.timers.remove(0);
            self.now = self.now.max(due);
            self.take(vec![(due, Event::Timer { timer })]);
            said.append(&mut self.said);
        }
        self.now = until;
        self.said = said;
        &self.said
    }

    /// Plays events as one turn. A timer's event is that of the timer that is set, if one is.
    ///
    /// # Panics
    /// When what was stored cannot be read back: a bug.
    pub fn play(&mut self, events: Vec<Event>) -> &[Bubble] {
        let timers = self.state().timers;
        let due = |event: &Event| match event {
            Event::Timer { timer } => timers.get(timer.name()).copied(),
            Event::Customer { .. } | Event::Delivery { .. } | Event::Team { .. } => None,
        };
        let mail = events.into_iter().map(|event| (due(&event).unwrap_or(self.now), event)).collect();
        self.take(mail)
    }

    /// Plays events, each of its own moment, as one turn.
    ///
    /// # Panics
    /// When what was stored cannot be read back: a bug.
    pub fn take(&mut self, events: Vec<(Timestamp, Event)>) -> &[Bubble] {
        let partner = self.setting.playbook.spec.id.clone();
        let mail: Vec<Mail> = events
            .into_iter()
            .map(|(at, event)| {
                self.mails += 1;
                let key = EventKey::new(&self.mails.to_string());
                let (account, peer) = (self.account.clone(), self.peer.clone());
                Mail { seq: self.mails, inbound: Inbound { partner: partner.clone(), account, peer, key, at, event } }
            })
            .collect();
        let key = mail.first().map(|mail| mail.inbound.conversation()).expect("at least one event");
        let snapshot =
            Snapshot::read(key, self.account.clone(), self.peer.clone(), &self.loaded).expect("readable state");
        let mut step = Turn::begin(&self.setting, snapshot, mail, self.now);
        let outcome = loop {
            match step {
                Step::Done(outcome) => break *outcome,
                Step::Ask(turn, question) => step = turn.resume(self.answer(question)),
            }
        };
        self.keep(outcome.commit);
        assert_eq!(outcome.next, self.snapshot(), "the next turn starts from what this one has written");
        &self.said
    }

    fn answer(&mut self, question: Question) -> Answer {
        match question {
            Question::Search { query, .. } => Answer::Passages((self.search)(&query)),
            Question::Complete { prompt, .. } => Answer::Completion(match &mut self.model {
                Some(model) => model(&prompt),
                None => Err(ModelError::Unavailable("no model".into())),
            }),
        }
    }

    fn keep(&mut self, commit: TurnCommit) {
        self.loaded.version = commit.expected + 1;
        self.loaded.conversation = Some(commit.conversation.clone());
        self.loaded.customer = commit.customer.clone().or(self.loaded.customer.take());
        self.loaded.lead = commit.lead.clone().or(self.loaded.lead.take());
        for order in &commit.orders {
            self.loaded.orders.retain(|old| old.id != order.id);
            self.loaded.orders.push(order.clone());
        }
        // As a store loads them: those that are not over, and the last one that is.
        let last_over = self.loaded.orders.iter().rfind(|order| order.state.is_over()).map(|order| order.id);
        self.loaded.orders.retain(|order| !order.state.is_over() || Some(order.id) == last_over);
        self.loaded.history.extend(commit.messages.iter().cloned());
        let excess = self.loaded.history.len().saturating_sub(Snapshot::HISTORY_MAX);
        self.loaded.history.drain(..excess);
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
        self.said = commit.outbox.iter().filter(|row| row.seq > 0).map(|row| row.bubble.clone()).collect();
        self.facts.extend(commit.facts.iter().map(|fact| fact.name.clone()));
        self.notices.extend(commit.notices.iter().cloned());
        self.last = Some(commit);
    }

    /// All words said since the last act.
    pub fn words(&self) -> String {
        let of = |bubble: &Bubble| {
            let cards =
                bubble.cards.iter().map(|card| format!("\n[{} {}]", card.title, card.price.as_deref().unwrap_or("")));
            bubble.text.text.clone() + &cards.collect::<String>()
        };
        self.said.iter().map(of).collect::<Vec<_>>().join("\n---\n")
    }

    /// Labels of all buttons shown since the last act.
    pub fn buttons(&self) -> Vec<String> {
        self.said.iter().flat_map(|bubble| bubble.rows.iter().flatten()).map(|button| button.label.clone()).collect()
    }

    /// The conversation's state.
    ///
    /// # Panics
    /// When what was stored cannot be read back: a bug.
    pub fn state(&self) -> State {
        self.snapshot().state
    }

    /// Everything that is stored.
    ///
    /// # Panics
    /// When what was stored cannot be read back: a bug.
    pub fn snapshot(&self) -> Snapshot {
        let partner = &self.setting.playbook.spec.id;
        let key = voronka_core::message::ConversationKey::of(partner, &self.account, &self.peer);
        Snapshot::read(key, self.account.clone(), self.peer.clone(), &self.loaded).expect("readable state")
    }

    /// What every turn here begins with.
    pub fn setting(&self) -> &Setting {
        &self.setting
    }

    /// What is stored of the conversation, as a store would load it.
    pub fn loaded(&self) -> &Loaded {
        &self.loaded
    }

    /// State and sum of the customer's last order that is no draft.
    pub fn order(&self) -> Option<(OrderState, i64)> {
        let orders = self.snapshot().orders;
        orders
            .iter()
            .rev()
            .find(|order| order.state != OrderState::Draft)
            .map(|order| (order.state, order.total.minor / 100))
    }
}
