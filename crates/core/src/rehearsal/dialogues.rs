//! Recorded dialogues whose outcome is known. Each is played through the real turn, so that what a partner's rules make of it can
//! be compared with what became of it.

pub mod quality;

use std::{collections::BTreeSet, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Search, Stage, labelled};
use crate::{
    capabilities::Capabilities,
    ids::AccountId,
    lead::Temperature,
    message::{Bubble, ContactOf, Content, Event, Peer, Press, Profile, TeamAction},
    turn::{HasModel, Playbook, Setting, Turn, Unreadable},
};

/// What a file of dialogues holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// How it came to be, in words.
    pub about: String,
    /// The dialogues, in the file's order.
    pub dialogues: Vec<Dialogue>,
}

/// A customer's dialogue until a moment, and what became of it later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dialogue {
    /// Its name in the file.
    pub id: String,
    /// Whether rules may be made with it in view.
    #[serde(default)]
    pub part: Part,
    /// The account that was written to.
    pub account: AccountId,
    /// What the messenger calls the customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What was done, in order. Between the last line and `until` there was silence.
    pub lines: Vec<Line>,
    /// When the lead is judged. Nothing later is in the recording.
    pub until: Timestamp,
    /// Whether the customer paid for something in the end.
    pub bought: bool,
}

/// Which part of a recording a dialogue belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Rules may be made with it in view.
    #[default]
    Tuning,
    /// It was put aside while rules were made: what they are worth shows here.
    HeldOut,
}

/// Something that was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub did: Did,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Did {
    /// The customer wrote; a word with a slash before it is a command.
    Says(String),
    /// The customer pressed the newest button of this label. Where there is none since the files were edited, the label is as good
    /// as typed.
    Presses(String),
    /// The customer opened a link, by its name in the partner's file.
    Follows(String),
    /// The customer shared their phone.
    Shares(String),
    /// A person of the team did something.
    Team(TeamDid),
}

/// What a person of the team did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TeamDid {
    /// Wrote to the customer.
    Says(String),
    /// Gave the conversation back to the bot.
    GivesBack,
}

/// Why a file of dialogues cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadRecording {
    /// A line is not of the format.
    #[error("line {line}: {cause}")]
    Line {
        /// Which, from 1.
        line: usize,
        /// What is wrong.
        cause: serde_json::Error,
    },
    /// Its lines go back in time, or it is judged before they end.
    #[error("line {line}: the moments go back in time")]
    Order {
        /// Which, from 1.
        line: usize,
    },
    /// Two dialogues have one id.
    #[error("line {line}: the id {id} is taken")]
    Twice {
        /// The second, from 1.
        line: usize,
        /// The id.
        id: String,
    },
    /// There is nothing in it.
    #[error("there are no dialogues")]
    Empty,
}

/// The first line of a file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    about: String,
}

impl Recording {
    /// Reads a file: its first line tells how it came to be, each other one is a dialogue.
    ///
    /// # Errors
    /// At the first line that is not of the format.
    pub fn parse(text: &str) -> Result<Self, BadRecording> {
        let mut lines = (1..).zip(text.lines()).filter(|(_, text)| !text.trim().is_empty());
        let (line, head) = lines.next().ok_or(BadRecording::Empty)?;
        let Head { about } = serde_json::from_str(head).map_err(|cause| BadRecording::Line { line, cause })?;
        let (mut dialogues, mut ids) = (Vec::new(), BTreeSet::new());
        for (line, text) in lines {
            let dialogue: Dialogue = serde_json::from_str(text).map_err(|cause| BadRecording::Line { line, cause })?;
            let moments = dialogue.lines.iter().map(|line| line.at).chain([dialogue.until]);
            if !moments.is_sorted() {
                return Err(BadRecording::Order { line });
            }
            if !ids.insert(dialogue.id.clone()) {
                return Err(BadRecording::Twice { line, id: dialogue.id });
            }
            dialogues.push(dialogue);
        }
        if dialogues.is_empty() { Err(BadRecording::Empty) } else { Ok(Self { about, dialogues }) }
    }

    /// The file that reads as this.
    pub fn write(&self) -> String {
        let head = serde_json::to_string(&Head { about: self.about.clone() });
        let rest = self.dialogues.iter().map(serde_json::to_string);
        let mut text = String::new();
        for line in std::iter::once(head).chain(rest) {
            text.push_str(&line.unwrap_or_default());
            text.push('\n');
        }
        text
    }
}

/// How a dialogue stood when it was judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Judged {
    /// The dialogue.
    pub id: String,
    /// Its part of the recording.
    pub part: Part,
    /// Points.
    pub score: i32,
    /// How warm.
    pub temperature: Temperature,
    /// The heaviest reasons, heaviest first.
    pub why: Vec<String>,
    /// What became of it.
    pub bought: bool,
}

/// Plays a dialogue, and judges it by the playbook's rules as a turn at its last moment would.
///
/// # Errors
/// When what was stored cannot be read back: a bug.
pub fn judge(
    dialogue: &Dialogue,
    playbook: &Arc<Playbook>,
    capabilities: Arc<Capabilities>,
    search: Search,
) -> Result<Judged, Unreadable> {
    let setting = Setting {
        playbook: Arc::clone(playbook),
        capabilities,
        model: HasModel::No,
        team: Arc::from([]),
        links: None,
        writer: None,
    };
    let from = dialogue.lines.first().map_or(dialogue.until, |line| line.at);
    let stage = Stage::of(setting.clone(), dialogue.account.clone(), Peer::new(&dialogue.id), from);
    let mut replay = Replay { dialogue, stage, said: Vec::new() };
    replay.stage.search_by(search);
    for line in &dialogue.lines {
        replay.wait_until(line.at)?;
        replay.play(&line.did)?;
    }
    replay.wait_until(dialogue.until)?;
    let scored = Turn::score(&setting, replay.stage.snapshot()?, dialogue.until);
    Ok(Judged {
        id: dialogue.id.clone(),
        part: dialogue.part,
        score: scored.score,
        temperature: scored.temperature,
        why: scored.why,
        bought: dialogue.bought,
    })
}

/// A dialogue under way.
struct Replay<'a> {
    dialogue: &'a Dialogue,
    stage: Stage,
    said: Vec<Bubble>,
}

impl Replay<'_> {
    fn wait_until(&mut self, at: Timestamp) -> Result<(), Unreadable> {
        // One turn a moment, as messengers have it: what is recorded for the same second comes one after the other.
        let at = at.max(self.stage.now() + SignedDuration::from_millis(1));
        for turned in self.stage.wait_until(at)? {
            self.said.extend(turned.said().cloned());
        }
        Ok(())
    }

    fn play(&mut self, did: &Did) -> Result<(), Unreadable> {
        let event = match did {
            Did::Says(text) => self.customer(match text.strip_prefix('/') {
                Some(command) => {
                    let (name, args) = command.split_once(' ').unwrap_or((command, ""));
                    Content::Command { name: name.to_lowercase(), args: args.to_owned() }
                }
                None => Content::Text { text: text.clone() },
            }),
            Did::Presses(label) => self.press(label),
            Did::Follows(link) => Event::Click { link: link.clone() },
            Did::Shares(phone) => {
                self.customer(Content::Contact { phone: phone.clone(), name: None, whose: ContactOf::Sender })
            }
            Did::Team(did) => self.team(did),
        };
        let turned = self.stage.play(vec![event])?;
        self.said.extend(turned.said().cloned());
        Ok(())
    }

    fn press(&self, label: &str) -> Event {
        match labelled(&self.said, label).map(|button| &button.press) {
            Some(Press::Token { token }) => {
                self.customer(Content::Button { token: token.clone(), label: Some(label.to_owned()) })
            }
            Some(Press::Url { .. } | Press::ShareContact | Press::SharePlace) | None => {
                self.customer(Content::Text { text: label.to_owned() })
            }
        }
    }

    fn customer(&self, content: Content) -> Event {
        let profile = Profile { name: self.dialogue.name.clone(), ..Profile::default() };
        Event::Customer { content, profile }
    }

    fn team(&self, did: &TeamDid) -> Event {
        let team = &self.stage.setting.playbook.spec.config.team;
        let who = team.first().map_or("team", |member| &*member.name).to_owned();
        let action = match did {
            TeamDid::Says(text) => TeamAction::Reply { text: text.clone() },
            TeamDid::GivesBack => TeamAction::GiveBack,
        };
        Event::Team { who, action }
    }
}

#[cfg(test)]
mod tests;
