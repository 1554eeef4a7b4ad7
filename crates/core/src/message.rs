//! Messages that fit every messenger: what comes in, and what goes out before it is fitted to a channel.

use std::{fmt, sync::Arc};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    drawing::Photo,
    ids::{AccountId, BubbleId, ConversationId, CustomerId, OrderId, PartnerId},
    order::{OrderMove, OrderState},
    rows::IdentityRow,
    spec::rich::Rich,
    trouble::TroubleNews,
};

/// Longest text of a customer's message that a turn looks at, in characters; the rest is cut (SECURITY §2).
pub const TEXT_CHARS_MAX: usize = 8_000;
/// Longest peer address and event key, in bytes.
pub const KEY_BYTES_MAX: usize = 200;

/// Where a conversation is held, in the channel's own words: a user id, a group with its topic and member, a session.
/// Only the channel's crate can read it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Peer(Arc<str>);

/// The channel's own id of an event; one account never has two events with one key.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventKey(Arc<str>);

macro_rules! channel_words {
    ($($name:ident)*) => {$(
        impl $name {
            /// Takes the channel's word; one that is longer than [`KEY_BYTES_MAX`] is cut at a letter.
            pub fn new(text: &str) -> Self {
                Self(text[..text.floor_char_boundary(KEY_BYTES_MAX)].into())
            }

            /// The channel's word.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

channel_words! { Peer EventKey }

/// A conversation, named: every query carries the partner.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ConversationKey {
    /// Whose conversation.
    pub partner: PartnerId,
    /// Which one.
    pub conversation: ConversationId,
}

impl ConversationKey {
    /// The conversation of this identity with this account: the same three always name the same conversation.
    pub fn of(partner: &PartnerId, account: &AccountId, peer: &Peer) -> Self {
        let conversation = ConversationId::of(&[partner.as_str(), account.as_str(), peer.as_str()]);
        Self { partner: partner.clone(), conversation }
    }

    /// The customer that this identity is until it is merged with another.
    pub fn first_customer(&self) -> CustomerId {
        CustomerId::of(&[self.partner.as_str(), &self.conversation.to_string()])
    }
}

/// Something that can change a conversation, as it is posted to the mailbox.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inbound {
    /// Whose account.
    pub partner: PartnerId,
    /// The account that it came to.
    pub account: AccountId,
    /// The identity it concerns.
    pub peer: Peer,
    /// The natural key: a second delivery changes nothing.
    pub key: EventKey,
    /// When it happened, by the channel's clock if it tells, else ours.
    pub at: Timestamp,
    /// What happened.
    pub event: Event,
}

impl Inbound {
    /// The conversation that this belongs to.
    pub fn conversation(&self) -> ConversationKey {
        ConversationKey::of(&self.partner, &self.account, &self.peer)
    }
}

/// An event of a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "e", rename_all = "snake_case")]
pub enum Event {
    /// The customer did something.
    Customer {
        /// What.
        content: Content,
        /// What the channel tells of the person.
        #[serde(default)]
        profile: Profile,
    },
    /// A timer of the conversation rang.
    Timer {
        /// What it was set for.
        timer: Timer,
    },
    /// What became of a bubble.
    Delivery {
        /// Which bubble.
        bubble: BubbleId,
        /// Its fate.
        fate: DeliveryFate,
    },
    /// The customer opened a link of ours.
    Click {
        /// Which, by its name in the partner's file.
        link: String,
    },
    /// The team sends something to many, of whom this customer is one.
    Broadcast {
        /// The sequence that they are to be put into, by its id.
        sequence: String,
        /// What is wanted.
        act: BroadcastAct,
    },
    /// A person of the partner's team did something.
    Team {
        /// Who, as the partner's file names them, or the sign-in's name.
        who: String,
        /// What.
        action: TeamAction,
    },
    /// A member of the team did something to this conversation from their own chat with the bot.
    Deed {
        /// Who, and where what came of it is told.
        by: Seat,
        /// What.
        deed: Deed,
    },
    /// A card did not reach the member whose chat this is.
    CardLost {
        /// The card.
        bubble: BubbleId,
        /// The conversation that it is about.
        about: ConversationId,
        /// What became of it.
        fate: DeliveryFate,
    },
    /// The partner's hour for the daily summary has come, in the chat of whoever gets it.
    Digest,
    /// What stops a part of the partner's service, or does no more, in the chat of whoever is told of it.
    Trouble {
        /// What.
        news: TroubleNews,
    },
    /// The customer is somebody on another account as well, or perhaps.
    Kin {
        /// What of it.
        word: KinWord,
    },
    /// The person has wished to be forgotten elsewhere: it is done here as well, without a word to them.
    Forget {
        /// Whether the team is told of it from here.
        team: TeamHears,
    },
    /// What came of a deed of the member whose chat this is.
    Done {
        /// The conversation that it was done to.
        with: Talk,
        /// What came of it.
        done: Done,
    },
}

/// What a conversation is told of the person whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "k", rename_all = "snake_case")]
pub enum KinWord {
    /// Others of the same contact are to be looked for.
    Seek,
    /// They and somebody else are one person.
    Merge {
        /// Who else.
        with: CustomerId,
        /// Who says so.
        by: String,
    },
    /// Somebody who was suggested is not the same person, says the team.
    NotSame {
        /// Who.
        of: CustomerId,
    },
    /// They are a person of their own.
    Split {
        /// Who says so.
        by: String,
    },
    /// They have joined others, who are to hear of it.
    Joined,
    /// The person's other conversations, or what they want there, are not what they were.
    Changed,
    /// Somebody of the team looks after the person.
    Heeded,
    /// Somebody is not, or is no more, the same person.
    Parted {
        /// Who.
        from: CustomerId,
    },
}

/// Whether the team is told of what is done in several conversations at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TeamHears {
    /// From this conversation, for all of them.
    Here,
    /// From another one.
    Elsewhere,
}

/// A customer on one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Who.
    pub customer: CustomerId,
    /// The account.
    pub account: AccountId,
    /// Their address there.
    pub peer: Peer,
}

impl Identity {
    /// Of a row.
    pub fn of(row: &IdentityRow) -> Self {
        Self { customer: row.customer, account: row.account.clone(), peer: row.peer.clone() }
    }

    /// Its conversation.
    pub fn key(&self, partner: &PartnerId) -> ConversationKey {
        ConversationKey::of(partner, &self.account, &self.peer)
    }
}

/// A chat of a member of the team with the bot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seat {
    /// The member's name in the partner's file.
    pub member: String,
    /// The bot.
    pub account: AccountId,
    /// The member's address there.
    pub peer: Peer,
}

/// A customer's conversation, as a member of the team is told of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Talk {
    /// The account that it is held with.
    pub account: AccountId,
    /// The customer's address there.
    pub peer: Peer,
    /// What the customer is called; empty: nobody knows.
    pub name: String,
}

impl Talk {
    /// Which conversation of a partner it is.
    pub fn key(&self, partner: &PartnerId) -> ConversationKey {
        ConversationKey::of(partner, &self.account, &self.peer)
    }
}

/// What a member of the team does to a conversation from their own chat. Nobody takes a conversation from another by it, but by
/// saying so ([`Deed::Assign`]).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "d", rename_all = "snake_case")]
pub enum Deed {
    /// Takes it, to write to the customer.
    Take,
    /// Writes to the customer.
    Write {
        /// The words, without markup; none have to go with a file.
        text: String,
        /// What goes with them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file: Option<KeptFile>,
    },
    /// Stops the bot here.
    Silence,
    /// Gives it back to the bot.
    GiveBack,
    /// Marks it as handled.
    Handled,
    /// Wants to be reminded of it, and to hear nothing that can wait until then.
    Snooze {
        /// When.
        until: Timestamp,
    },
    /// Tells that somebody who was suggested is the same person.
    Same {
        /// Who, as the button has it.
        of: u32,
    },
    /// Tells that they are not.
    NotSame {
        /// Who, as the button has it.
        of: u32,
    },
    /// Tells that a card did not reach them.
    Unreached,
    /// Gives it to a member.
    Assign {
        /// The member's name in the partner's file.
        to: String,
    },
}

/// What came of a [`Deed`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "o", rename_all = "snake_case")]
pub enum Done {
    /// It is theirs, and what they write now goes to the customer.
    Taken,
    /// It was passed on to the customer.
    Written,
    /// The bot is silent there.
    Silenced,
    /// The bot has it.
    GivenBack,
    /// It is handled.
    Handled,
    /// They are reminded of it.
    Snoozed {
        /// When.
        until: Timestamp,
    },
    /// A member has it now.
    Assigned {
        /// Who.
        to: String,
    },
    /// They are one person.
    Merged,
    /// They are not.
    KeptApart,
    /// Nothing: nobody is suggested any more.
    NotSuggested,
    /// Nothing: somebody else has it.
    HeldBy {
        /// Who.
        who: String,
    },
    /// Nothing was sent: the customer cannot be written to.
    Unreachable,
    /// What they wrote, though it was passed on, did not arrive.
    NotArrived {
        /// Why.
        why: DeliveryFate,
        /// How it begins.
        words: String,
    },
    /// Nothing: no member is called so.
    NoSuchMember,
}

/// What is wanted of a customer's part in a broadcast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BroadcastAct {
    /// They are to get it, if they are meant.
    Begin,
    /// What they did not get yet they are not to get.
    End,
}

/// What the channel tells of a person; all of it is the person's own claim.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Profile {
    /// Name as shown in the messenger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Language code (`ru`, `en-GB`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Name of the time zone that their device is set to (`Asia/Vladivostok`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// Where a person of the team can write to them in the messenger itself: `https://…` or `tg://…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
}

/// What a customer did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "c", rename_all = "snake_case")]
pub enum Content {
    /// Wrote.
    Text {
        /// The words.
        text: String,
    },
    /// Wrote, in reply to a message of ours with buttons.
    Reply {
        /// The words.
        text: String,
        /// The token of that message's first button.
        to: String,
    },
    /// Gave a command; a deep link's payload is the argument of `start`.
    Command {
        /// Name without the slash, lower case.
        name: String,
        /// What followed.
        args: String,
    },
    /// Pressed a button of ours.
    Button {
        /// The token that the button carried.
        token: String,
        /// Its label, if the channel tells.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        label: Option<String>,
    },
    /// Shared a contact.
    Contact {
        /// The number as the channel gives it.
        phone: String,
        /// The name on the card.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// Whose it is, and who says so.
        whose: ContactOf,
    },
    /// Sent a file.
    Media {
        /// Kind of file.
        kind: MediaKind,
        /// The channel's handle by which the file can be fetched.
        file: String,
        /// Words sent with it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        caption: Option<String>,
        /// File name, for documents.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// Length in seconds, for voice and video.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seconds: Option<u32>,
        /// The token of the button under our message that is replied to, as of [`Content::Reply`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<String>,
    },
    /// Sent a place.
    Location {
        /// Degrees north.
        latitude: f64,
        /// Degrees east.
        longitude: f64,
    },
    /// Changed an earlier message of theirs.
    Edited {
        /// The channel's id of the earlier message.
        of: EventKey,
        /// The words now.
        text: String,
    },
    /// Opened the conversation (pressed Start, allowed messages again).
    Opened,
    /// A page showed the conversation to a visitor, who has done nothing yet: it begins, and nobody is told of them.
    Visited {
        /// What the link to the page said, as the payload of a start.
        link: String,
    },
    /// Blocked us: nothing can be sent until they come back.
    Blocked,
    /// Something this version does not know; kept, never fatal.
    Other {
        /// The channel's name for it.
        kind: String,
    },
}

impl Content {
    /// Words are words, whatever they reply to.
    #[must_use]
    pub fn without_reply(self) -> Self {
        match self {
            Self::Reply { text, to: _ } => Self::Text { text },
            other => other,
        }
    }
}

/// Whose contact was shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContactOf {
    /// The sender's own: the messenger says so, which knows their number. Nobody can share another's like that.
    Vouched,
    /// The sender's own, as they themselves say: anybody can type anybody's number.
    Sender,
    /// Somebody else's, or the channel does not tell.
    SomebodyElse,
}

/// Kinds of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaKind {
    /// A picture.
    Photo,
    /// A voice note.
    Voice,
    /// A sound file.
    Audio,
    /// A video.
    Video,
    /// A round video note: no words go with it.
    VideoNote,
    /// A short video without sound.
    Animation,
    /// Any other file.
    Document,
    /// A sticker.
    Sticker,
}

/// A file that somebody sent, as their messenger keeps it: it is sent again by its handle, through the account that it came by
/// and no other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptFile {
    /// The account that it came by.
    pub account: AccountId,
    /// Kind of file.
    pub kind: MediaKind,
    /// The channel's handle.
    pub file: String,
}

/// What a conversation's timer is for. At most one timer of a kind is set at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub enum Timer {
    /// The customer is silent in the middle of a flow; the number counts the flow's `silence` entries.
    Silence {
        /// Which entry.
        entry: u16,
    },
    /// A `wait` step is over.
    Wait,
    /// The lead's score crosses a threshold by time alone.
    Score,
    /// Nobody took the handed-over conversation.
    Handoff,
    /// A step of a sequence is due.
    Sequence,
    /// A card waits for the team.
    Card,
    /// The person who has the conversation was silent for as long as the partner's file says.
    Back,
    /// Nobody of the team has looked after a lead that they got a card about.
    Unheeded,
}

impl Timer {
    /// The names of all kinds.
    pub const NAMES: [&'static str; 8] =
        ["silence", "wait", "score", "handoff", "sequence", "card", "back", "unheeded"];

    /// The name under which the timer is kept: setting it again replaces it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Silence { .. } => "silence",
            Self::Wait => "wait",
            Self::Score => "score",
            Self::Handoff => "handoff",
            Self::Sequence => "sequence",
            Self::Card => "card",
            Self::Back => "back",
            Self::Unheeded => "unheeded",
        }
    }

    /// The key of the event that it posts when it rings. The conversation is part of it: an account has many, and their
    /// timers may be due at one moment.
    pub fn event_key(&self, of: &ConversationKey, due: Timestamp) -> EventKey {
        EventKey::new(&format!("timer:{}:{}:{}", self.name(), due.as_microsecond(), of.conversation))
    }
}

/// What became of a bubble that could not simply be delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "f", rename_all = "snake_case")]
pub enum DeliveryFate {
    /// The customer blocked us, or must write first.
    Blocked,
    /// There is no such chat, or no such person any more.
    Gone,
    /// The channel refused it for good.
    Refused {
        /// The channel's reason, without personal data.
        cause: String,
    },
    /// It was not sent in time, or was called back. It may have been seen: nobody knows what became of a try.
    Expired,
    /// It was not sent in time, or was called back, and was not seen: nobody tried, or the channel said that it sent nothing.
    Untried,
}

/// What a person of the partner's team can do to a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "a", rename_all = "snake_case")]
pub enum TeamAction {
    /// Takes the conversation: the bot is silent.
    TakeOver,
    /// Gives it back to the bot.
    GiveBack,
    /// Writes to the customer.
    Reply {
        /// The words, without markup.
        text: String,
    },
    /// Moves an order.
    MoveOrder {
        /// Which order.
        order: OrderId,
        /// Where to.
        to: OrderMove,
    },
    /// Marks an answer of ours as wrong.
    MarkWrong {
        /// Its position in the conversation.
        seq: i64,
    },
    /// Takes back a move of an order that was a mistake.
    UndoOrder {
        /// Which order.
        order: OrderId,
        /// The move.
        by: OrderMove,
        /// The state it led out of.
        from: OrderState,
    },
    /// Writes something down that the customer does not see.
    Note {
        /// The words.
        text: String,
    },
    /// Marks the lead as handled.
    Handled,
}

/// Why a bubble is sent: an ad leaves only with a proof of consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// An answer, or news of the customer's own order.
    Service,
    /// Anything that promotes.
    Ad,
}

/// What a button does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "p", rename_all = "snake_case")]
pub enum Press {
    /// Comes back to us as [`Content::Button`] with this token (≤ 64 bytes of ASCII).
    Token {
        /// The token.
        token: String,
    },
    /// Opens a page.
    Url {
        /// Its address.
        url: String,
    },
    /// Shares the customer's own phone; only where the channel can, else it is dropped in fitting.
    ShareContact,
    /// Shares the place where the customer is; only where the channel can, else it is dropped in fitting.
    SharePlace,
}

/// A button.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    /// What it says.
    pub label: String,
    /// What it does.
    pub press: Press,
}

/// A product card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// Name.
    pub title: String,
    /// A line or two: weight, portions, allergens.
    #[serde(default)]
    pub text: String,
    /// Printed price, by the domain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<String>,
    /// A picture: an `https` address, or a path in the partner's folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photo: Option<String>,
    /// What can be done with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub button: Option<Button>,
}

/// One thing said to a customer, before it is fitted to a channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// The words.
    pub text: Rich,
    /// Product cards shown with it.
    pub cards: Vec<Card>,
    /// A picture shown above the words.
    pub photo: Option<Photo>,
    /// Buttons under it.
    pub buttons: Vec<Button>,
    /// What stands before their labels where they become a list.
    #[serde(default)]
    pub list: List,
    /// Why it is sent.
    pub purpose: Purpose,
    /// The messenger's own name of the approved template that it goes out as; `None`: it is written freely.
    #[serde(default)]
    pub template: Option<String>,
    /// The sequence that it is a step of; `None`: somebody waits for it.
    #[serde(default)]
    pub sequence: Option<String>,
}

/// How buttons are listed on a channel that shows none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum List {
    /// «1. Малина»: a number chooses.
    #[default]
    Numbers,
    /// «• 10»: the question itself is answered by a number, and only the label chooses.
    Bullets,
}

/// One message as the channel will show it: it fits the channel's limits and is sent once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bubble {
    /// The words; never empty unless there are cards or a photo.
    pub text: Rich,
    /// Cards, on channels that have them; where they become words, those whose pictures go together, alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cards: Vec<Card>,
    /// A picture above the words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photo: Option<Photo>,
    /// Rows of buttons.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<Vec<Button>>,
    /// Why it is sent.
    pub purpose: Purpose,
    /// The messenger's own name of the approved template that it goes out as, which says what `text` does: a messenger whose
    /// window is shut takes nothing else. `None`: it is written freely.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
}
