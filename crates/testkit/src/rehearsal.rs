//! A scripted customer of tests: [`Stage`] with a customer's acts as methods, and what came of them at hand. For testing
//! flows, texts and rules; the engine and the adapters have suites of their own.

use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};
use voronka_core::{
    capabilities::{ButtonLimits, Capabilities, Has, TextUnit},
    ids::AccountId,
    message::{Bubble, ContactOf, Content, Event, Press, Profile, TeamAction},
    order::OrderState,
    ports::{Completion, Links, ModelError, Passage, Prompt},
    rehearsal::{Stage, Turned},
    rows::{NoticeRow, TurnCommit},
    turn::{HasModel, Playbook, Setting, Snapshot, State},
};

pub use voronka_core::rehearsal::{Model, Search};

/// A conversation on a stage.
pub struct Rehearsal {
    stage: Stage,
    /// What the bot or a person said since the last act.
    pub said: Vec<Bubble>,
    /// All facts' names, in order.
    pub facts: Vec<String>,
    /// All notices.
    pub notices: Vec<NoticeRow>,
    /// The last commit.
    pub last: Option<TurnCommit>,
    /// All of them, in order.
    pub commits: Vec<TurnCommit>,
}

impl Deref for Rehearsal {
    type Target = Stage;

    fn deref(&self) -> &Stage {
        &self.stage
    }
}

impl DerefMut for Rehearsal {
    fn deref_mut(&mut self) -> &mut Stage {
        &mut self.stage
    }
}

/// A channel with everything, and generous limits.
pub fn roomy() -> Capabilities {
    Capabilities {
        text_max: 4096,
        caption_max: 1024,
        text_unit: TextUnit::Utf16,
        buttons: Some(ButtonLimits { count_max: 20, per_row: 3, label_max: 64, label_comfortable: 20 }),
        cards_max: 0,
        album_max: 0,
        photos: Has::Yes,
        kept_files: Has::Yes,
        url_buttons: Has::Yes,
        contact_button: Has::Yes,
        place_button: Has::Yes,
        preview: Has::No,
        typing: Has::No,
        idempotent: Has::No,
        pushes: Has::Yes,
        hears: Has::Yes,
        window: None,
        pace: None,
    }
}

impl Rehearsal {
    /// A new customer writes to `account` of the partner at `now` (`2026-12-01T12:00:00+03:00`).
    ///
    /// # Panics
    /// When `now` is no timestamp or `account` no account id.
    pub fn new(playbook: Playbook, account: &str, now: &str) -> Self {
        let setting = Setting {
            playbook: Arc::new(playbook),
            capabilities: Arc::new(roomy()),
            model: HasModel::No,
            team: Arc::from([]),
            links: None,
            writer: None,
        };
        let account = AccountId::parse(account).expect("an account id");
        Self {
            stage: Stage::new(setting, account, now.parse().expect("a timestamp")),
            said: Vec::new(),
            facts: Vec::new(),
            notices: Vec::new(),
            last: None,
            commits: Vec::new(),
        }
    }

    /// Pages that answer searches.
    #[must_use]
    pub fn search(mut self, search: impl Fn(&str) -> Vec<Passage> + 'static) -> Self {
        self.stage.search_by(Box::new(search));
        self
    }

    /// A model.
    #[must_use]
    pub fn model(mut self, model: impl FnMut(&Prompt) -> Result<Completion, ModelError> + 'static) -> Self {
        self.stage.model_by(Box::new(model));
        self
    }

    /// Another channel.
    #[must_use]
    pub fn capabilities(mut self, capabilities: Capabilities) -> Self {
        self.stage.setting.capabilities = Arc::new(capabilities);
        self
    }

    /// Hears who follows links.
    #[must_use]
    pub fn links(mut self, links: impl Links) -> Self {
        self.stage.setting.links = Some(Arc::new(links));
        self
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
        self.did(Content::Contact { phone: phone.into(), name: None, whose: ContactOf::Vouched })
    }

    /// A person of the team acts.
    pub fn team(&mut self, action: TeamAction) -> &[Bubble] {
        self.play(vec![Event::Team { who: "мастер".into(), action }])
    }

    /// Time passes; timers that fall due ring, each in a turn of its own.
    ///
    /// # Panics
    /// When what was stored cannot be read back: a bug.
    pub fn wait(&mut self, by: SignedDuration) -> &[Bubble] {
        let turns = self.stage.wait(by).expect("readable state");
        let mut said = Vec::new();
        for turned in turns {
            self.note(turned);
            said.append(&mut self.said);
        }
        self.said = said;
        &self.said
    }

    /// Time passes, and what falls due meanwhile waits.
    pub fn pass(&mut self, by: SignedDuration) {
        self.stage.pass(by);
    }

    /// Plays events as one turn. A timer's event is that of the timer that is set, if one is.
    ///
    /// # Panics
    /// When what was stored cannot be read back: a bug.
    pub fn play(&mut self, events: Vec<Event>) -> &[Bubble] {
        let turned = self.stage.play(events).expect("readable state");
        self.note(turned);
        &self.said
    }

    /// Plays events, each of its own moment, as one turn.
    ///
    /// # Panics
    /// When what was stored cannot be read back: a bug.
    pub fn take(&mut self, events: Vec<(Timestamp, Event)>) -> &[Bubble] {
        let turned = self.stage.take(events).expect("readable state");
        self.note(turned);
        &self.said
    }

    fn note(&mut self, turned: Turned) {
        self.said = turned.said().cloned().collect();
        let commit = turned.commit;
        self.facts.extend(commit.facts.iter().map(|fact| fact.name.clone()));
        self.notices.extend(commit.notices.iter().cloned());
        self.commits.push(commit.clone());
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
        self.stage.snapshot().expect("readable state")
    }

    /// What every turn here begins with.
    pub fn setting(&self) -> &Setting {
        &self.stage.setting
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
