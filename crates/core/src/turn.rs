//! One turn: everything that the mail of one conversation causes, decided without I/O.
//!
//! [`Turn::begin`] takes what is stored and what came in, and gives a [`Step`]: either a question to the world, whose answer
//! goes to [`Turn::resume`], or the outcome, which the engine commits at once. The same inputs and answers give the same
//! outcome, so a turn may be computed again after a crash or a conflict.

mod activity;
mod answer;
mod aside;
mod assortment;
mod booking;
mod commit;
mod consent;
mod contacts;
mod deeds;
mod deliveries;
mod desk;
mod disclaimer;
mod erased;
mod events;
mod files;
mod flow;
mod kin;
mod links;
mod menu;
mod notices;
mod ordered;
mod pause;
mod picks;
mod playbook;
mod preamble;
mod prompt;
mod reply;
mod scope;
mod scoring;
mod sequences;
mod state;
mod team;
mod telling;
mod titles;
pub(crate) mod token;
mod tools;
mod unasked;
mod understand;
mod unheeded;
mod wording;
mod work;

use std::sync::Arc;

use jiff::Timestamp;

use self::{answer::Answering, work::Work};
pub use self::{
    aside::{Aside, Concerns, Trouble},
    deliveries::{TeamAnswer, WrittenBy},
    desk::{Desk, Look, Seen},
    playbook::Playbook,
    prompt::PROMPT_VERSION,
    state::{
        Asked, Customer, Kin, Listed, Owner, Presence, Run, Said, Snapshot, Standing, State, Stopped, Unreadable, Wish,
    },
};
use crate::{
    capabilities::Capabilities,
    guard::Evidence,
    ids::FlowId,
    message::{Bubble, Peer},
    ports::{Completion, Links, ModelError, Passage, Prompt},
    rows::{Mail, TurnCommit},
    score::Scored,
    spec::flow::StepId,
};

/// A turn that waits for an answer, or is about to be begun.
#[derive(Debug)]
pub struct Turn {
    work: Box<Work>,
    answering: Answering,
}

/// What a turn wants next.
#[derive(Debug)]
pub enum Step {
    /// An answer of the world; give it to [`Turn::resume`].
    Ask(Turn, Question),
    /// Nothing: this is to be committed.
    Done(Box<Outcome>),
}

/// A question to the world.
#[derive(Debug, Clone)]
pub enum Question {
    /// What do the partner's pages say about this?
    Search {
        /// The customer's words, contacts masked.
        query: String,
        /// How many passages at most.
        top: usize,
    },
    /// What does a member of the team want to look at?
    Look(Box<Look>),
    /// What does the model say? While it streams, whole sentences that pass the guard may be shown as a preview.
    Complete {
        /// The prompt.
        prompt: Arc<Prompt>,
        /// What the answer's claims are checked against.
        evidence: Arc<Evidence>,
        /// The question's name, where it is one that many ask: words that an [`Outcome`] gave for it may be the answer.
        frequent: Option<FrequentKey>,
    },
}

/// Names a question that many ask, with all that its answer depends on but the partner's files. The same name with the same
/// files: the same answer will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FrequentKey(pub [u8; 32]);

/// The world's answer.
#[derive(Debug, Clone)]
pub enum Answer {
    /// To a search. A failed search is an empty one: the answer is worse, the conversation goes on.
    Passages(Vec<Passage>),
    /// To a completion.
    Completion(Result<Completion, ModelError>),
    /// To a look; `None`: it cannot be seen now.
    Seen(Option<Seen>),
}

/// Everything a turn did.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// What is to be written, in one transaction.
    pub commit: TurnCommit,
    /// What the conversation's next turn starts from once that is written: the same as [`Snapshot::read`] makes of the rows.
    pub next: Snapshot,
    /// Steps of flows that were walked, in order: what scripted customers are asked for.
    pub trail: Vec<(FlowId, StepId)>,
    /// A model's words that passed the guard and hold for whoever asks the same.
    pub frequent: Option<(FrequentKey, String)>,
}

/// What a turn needs to know of the world it runs in.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The partner's files, prepared.
    pub playbook: Arc<Playbook>,
    /// What the account's channel can show.
    pub capabilities: Arc<Capabilities>,
    /// Whether a model is configured.
    pub model: HasModel,
    /// Where notices to the team go, by the member's name in the partner's file.
    pub team: Arc<[TeamAddress]>,
    /// By which we hear who followed a link; `None`: links are given as they are.
    pub links: Option<Arc<dyn Links>>,
    /// Who of the team writes in this chat; `None`: it is a customer's.
    pub writer: Option<Writer>,
}

/// A member of the team who writes to the bot.
#[derive(Debug, Clone, PartialEq)]
pub struct Writer {
    /// The name in `config.team`; of several that fit, the person's own rather than a group's.
    pub member: Arc<str>,
    /// The addresses of the partner's file that this chat is known by: the person's, the group's. Never empty.
    pub addresses: Arc<[Peer]>,
    /// Who reads along.
    pub desk: DeskPlace,
    /// Whom of them the file names.
    pub named: Named,
}

/// Whether a partner's file names whoever writes, or the place in which they do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// The person: what is theirs to decide they may decide here.
    Person,
    /// The place alone: whoever is in it works with customers and decides nothing for the business.
    Place,
}

/// Where a member of the team works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeskPlace {
    /// In a chat of their own.
    Own,
    /// Among others of the team, who talk to each other as well.
    Shared,
}

/// Whether answers may be worded by a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HasModel {
    /// A model is there.
    Yes,
    /// Answers come from passages and the catalogue alone.
    No,
}

/// Where a member of the team is reached.
#[derive(Debug, Clone, PartialEq)]
pub struct TeamAddress {
    /// The name in `config.team`.
    pub member: Arc<str>,
    /// The account that writes to them.
    pub account: crate::ids::AccountId,
    /// Their address there.
    pub peer: Peer,
    /// What that account's channel can show.
    pub capabilities: Arc<Capabilities>,
}

impl Turn {
    /// Begins the turn of a conversation's waiting mail, which must not be empty.
    pub fn begin(setting: &Setting, snapshot: Snapshot, mail: Vec<Mail>, now: Timestamp) -> Step {
        // Stores tell moments to the microsecond: by a finer clock a timer that rings would not be due yet, and ring again.
        let now = Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now);
        let mut work = Box::new(Work::new(setting.clone(), snapshot, mail, now));
        if work.setting.writer.is_some() {
            return desk::begin(work);
        }
        // Who was of the team is a customer like any other.
        work.snap.state.desk = None;
        kin::begin(work)
    }

    /// The messages of a sequence as somebody would see them of whom nothing is known, whether or not they are meant; `None`: there
    /// is no such sequence. For looking at before it is sent.
    pub fn sample(setting: &Setting, snapshot: Snapshot, sequence: &str, now: Timestamp) -> Option<Vec<Bubble>> {
        Work::new(setting.clone(), snapshot, Vec::new(), now).sample(sequence)
    }

    /// The score that a turn at this moment would give the lead by the setting's rules, given how warm it is. Nothing changes by it.
    pub fn score(setting: &Setting, snapshot: Snapshot, now: Timestamp) -> Scored {
        Work::new(setting.clone(), snapshot, Vec::new(), now).scored()
    }

    /// The same as [`Turn::resume`] when it is known that the answer came at a later moment than the turn began at.
    pub fn resume_at(mut self, answer: Answer, now: Timestamp) -> Step {
        self.work.said_at = now;
        self.resume(answer)
    }

    /// Goes on with the answer to the question asked last. An answer of the wrong kind counts as none.
    pub fn resume(self, answer: Answer) -> Step {
        answer::go_on(self, answer)
    }
}
