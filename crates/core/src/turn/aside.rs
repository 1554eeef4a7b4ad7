//! What people hear of an event that cannot be processed: the customer that a person will answer, the team that one has to.
//! It is said without a turn, for turns are what fails, and from whatever can still be read of the conversation.

use jiff::Timestamp;

use super::{
    Setting, Snapshot,
    notices::{self, SET_ASIDE},
    wording::Wording,
    work::Work,
};
use crate::{
    fit,
    ids::{BubbleId, NoticeId},
    message::{List, Message, Purpose},
    rows::{Lane, NoticeRow, OutboxRow, Told},
    spec::texts::Phrase,
};

/// An event that is set aside.
#[derive(Debug, Clone)]
pub struct Aside {
    /// Its conversation as far as it is known; empty where its rows cannot be read.
    pub snapshot: Snapshot,
    /// What its people are told of once.
    pub trouble: Trouble,
    /// Who waits for an answer to the event.
    pub concerns: Concerns,
    /// When.
    pub at: Timestamp,
}

/// What one trouble is: of all its events people are told once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// It lasts until the conversation has a turn again.
    OfEvents,
    /// The conversation cannot be read, and nobody knows when it had its last turn: it lasts until the day is over.
    OfRows,
}

/// Who is concerned by an event that is set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concerns {
    /// The customer, who said something and waits for an answer.
    Customer,
    /// The team alone: a timer, a delivery, an act of theirs.
    Team,
}

impl Aside {
    /// What people are told. The notice's id is the trouble's: a store tells of each once.
    pub fn told(self, setting: &Setting) -> Told {
        let Self { snapshot, trouble, concerns, at } = self;
        let trouble = match trouble {
            Trouble::OfEvents => snapshot.version.to_string(),
            Trouble::OfRows => at.to_zoned(setting.playbook.spec.config.zone.clone()).date().to_string(),
        };
        let conversation = snapshot.key.conversation.to_string();
        let mut work = Work::new(setting.clone(), snapshot, Vec::new(), at);
        let said = match concerns {
            // The bot does not talk across a person, nor to somebody who blocked it.
            Concerns::Customer if work.bot_owns() && !work.snap.state.blocked => word(&work, &trouble),
            Concerns::Customer | Concerns::Team => Vec::new(),
        };
        let wording = match concerns {
            Concerns::Team => Wording::EventSetAside,
            Concerns::Customer if said.is_empty() => Wording::SetAside,
            Concerns::Customer => Wording::SetAsideAndSaid,
        };
        let note = work.team_word(wording);
        work.note(SET_ASIDE, note);
        let about = [SET_ASIDE.to_owned()];
        let notes: Vec<String> = work.notes.iter().map(|note| note.text.clone()).collect();
        let text = work.card_text(&about, &notes);
        let words = work.card_words(&about, &notes);
        let card = |to| {
            let buttons = work.card_buttons(to, &about);
            let words = work.words_at(to, &about, &words);
            notices::card(&work.snap.key, &[SET_ASIDE, &trouble], to, (words, None), buttons)
        };
        let cards = work.addressees(&about).into_iter().flat_map(card);
        let id = NoticeId::of(&[&conversation, SET_ASIDE, &trouble]);
        let outbox = said.into_iter().chain(cards).collect();
        let about = SET_ASIDE.to_owned();
        let of = Some(work.snap.key.conversation);
        Told { notice: NoticeRow { id, conversation: of, about, text, at }, outbox }
    }
}

/// The honest word. It is no message of the record, which turns alone write.
fn word(work: &Work, trouble: &str) -> Vec<OutboxRow> {
    let snap = &work.snap;
    let message = Message {
        text: work.phrase(Phrase::SetAside, &[]),
        cards: Vec::new(),
        photo: None,
        buttons: Vec::new(),
        list: List::default(),
        purpose: Purpose::Service,
        template: None,
        sequence: None,
    };
    let conversation = snap.key.conversation.to_string();
    let row = |(n, bubble): (usize, _)| OutboxRow {
        id: BubbleId::of(&[&conversation, SET_ASIDE, trouble, &n.to_string()]),
        conversation: snap.key.clone(),
        account: snap.account.clone(),
        peer: snap.peer.clone(),
        seq: 0,
        bubble,
        lane: Lane::Dialogue,
        expires: None,
        attempts: 0,
    };
    fit::fit(&message, &work.setting.capabilities).into_iter().enumerate().map(row).collect()
}
