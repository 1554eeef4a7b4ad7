//! What a button of the team's carries: what to do, with whose conversation, and in which chat it was shown. It stays within the
//! 64 bytes of the narrowest messenger.

use std::fmt;

use super::super::token::hash;
use crate::{
    ids::{AccountId, ConversationId},
    message::Peer,
};

/// A button's meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::turn) enum DeskToken {
    /// Something with a customer.
    With {
        /// What.
        verb: Verb,
        /// Their conversation.
        lead: ConversationId,
        /// [`seal`] of the chat that it was shown in: in another it means nothing.
        seal: u32,
        /// What the verb wants to know besides: [`hash`] of a name.
        of: u32,
    },
    /// Something of the chat's own, and which one.
    Own(Own, u32),
}

macro_rules! letters {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident $letter:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(in crate::turn) enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            fn letter(self) -> char {
                match self { $(Self::$variant => $letter,)* }
            }

            fn from_letter(letter: &str) -> Option<Self> {
                let mut letters = letter.chars();
                let first = letters.next().filter(|_| letters.next().is_none())?;
                [$(Self::$variant,)*].into_iter().find(|one| one.letter() == first)
            }
        }
    };
}

letters! {
    /// What can be done with a customer.
    Verb {
        /// Write to them.
        Write 'w',
        /// It is handled.
        Handled 'h',
        /// Remind in an hour.
        SnoozeHour 'z',
        /// Remind in the morning.
        SnoozeMorning 'm',
        /// To whom may it be given?
        Assign 'a',
        /// Give it to this member.
        AssignTo 't',
        /// Stop the bot here.
        Silence 's',
        /// Give it back to the bot.
        GiveBack 'b',
        /// Show who it is.
        Card 'c',
        /// Show what was said.
        History 'l',
        /// Whom [`hash`] names is the same person.
        Same 'q',
        /// They are not.
        NotSame 'r',
    }
}

letters! {
    /// What a chat of the team offers of its own.
    Own {
        /// Write to the customer no more.
        Leave 'x',
        /// More of the list.
        More 'n',
        /// Leads of this temperature.
        Heat 'f',
        /// Leads that have been silent for so many days.
        Idle 'i',
        /// Which stages are there?
        Stages 'e',
        /// Leads at the stage of this [`hash`].
        Stage 'g',
        /// Which sources are there?
        Sources 'o',
        /// Leads of the source of this [`hash`].
        Source 'u',
        /// Which segments are there?
        Segments 'd',
        /// Leads in the segment of this [`hash`].
        Segment 'b',
        /// The topic of this [`hash`].
        Course 'c',
        /// The lesson of this [`hash`].
        Lesson 'l',
        /// The question of this [`hash`].
        Quiz 'z',
        /// The answer of this [`hash`].
        Answer 'a',
        /// The bot answers nobody.
        Pause 'h',
        /// It answers again.
        GoOn 'j',
        /// What is this member told of?
        ToldOf 'v',
        /// Tell this member of the fact of this [`hash`].
        Tell 't',
        /// Tell them of it no more.
        TellNoMore 'r',
        /// Keep the hours of this [`hash`].
        KeepHours 's',
        /// Settings as the files have them.
        AsInFiles 'y',
        /// Figures of so many days.
        Stats 'p',
        /// The funnel of so many days.
        Analytics 'q',
        /// What comes up most in so many days.
        Top 'k',
    }
}

/// Ties a button to the chat that it is shown in.
pub(in crate::turn) fn seal(account: &AccountId, at: &Peer, lead: ConversationId) -> u32 {
    hash(&format!("{account}\n{at}\n{lead}"))
}

impl fmt::Display for DeskToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::With { verb, lead, seal, of: 0 } => write!(f, "d.{}.{lead}.{seal:x}", verb.letter()),
            Self::With { verb, lead, seal, of } => write!(f, "d.{}.{lead}.{seal:x}.{of:x}", verb.letter()),
            Self::Own(own, 0) => write!(f, "d.{}", own.letter()),
            Self::Own(own, of) => write!(f, "d.{}.{of:x}", own.letter()),
        }
    }
}

impl DeskToken {
    /// Reads a token; anything that is none of ours gives `None`.
    pub(in crate::turn) fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('.').collect();
        let hex = |text: &str| u32::from_str_radix(text, 16).ok();
        let (verb, lead, seal, of) = match parts[..] {
            ["d", own] => return Own::from_letter(own).map(|own| Self::Own(own, 0)),
            ["d", own, of] => return Some(Self::Own(Own::from_letter(own)?, hex(of)?)),
            ["d", verb, lead, seal] => (verb, lead, seal, 0),
            ["d", verb, lead, seal, of] => (verb, lead, seal, hex(of)?),
            _ => return None,
        };
        Some(Self::With { verb: Verb::from_letter(verb)?, lead: lead.parse().ok()?, seal: hex(seal)?, of })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_token_of_the_team_reads_back_and_fits_the_narrowest_messenger() {
        let lead = ConversationId::of(&["anna"]);
        let with = |verb, of| DeskToken::With { verb, lead, seal: u32::MAX, of };
        for token in [
            with(Verb::Write, 0),
            with(Verb::AssignTo, u32::MAX),
            DeskToken::Own(Own::Leave, 0),
            DeskToken::Own(Own::Stage, 7),
        ] {
            let text = token.to_string();
            assert!(text.len() <= 64 && text.is_ascii(), "{text}");
            assert_eq!(DeskToken::parse(&text), Some(token));
        }
        for foreign in ["x.h", "d.?", "d.w.zz.1", "d.w", "d.x.zz", "d", ""] {
            assert_eq!(DeskToken::parse(foreign), None, "{foreign}");
        }
    }
}
