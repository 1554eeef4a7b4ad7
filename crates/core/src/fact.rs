//! Facts: what happened, appended and never changed. Scores, stages and reports read facts, not guesses.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    ids::{BubbleId, ConversationId, CustomerId, OrderId},
    message::DeliveryFate,
    money::Money,
    order::{OrderMove, OrderState},
};

/// Something that happened in a customer's way through the funnel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FunnelEvent {
    /// When.
    pub at: Timestamp,
    /// What.
    pub fact: Fact,
}

/// A rating of so many stars or fewer is a low one.
pub const LOW_STARS_MAX: u8 = 3;

/// What happened. Names that scoring and expressions know are given by [`Fact::name`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "f", rename_all = "snake_case")]
pub enum Fact {
    /// The customer did anything but press a button.
    Message,
    /// The customer pressed a button.
    Button,
    /// The customer writes much: several messages within a day. Told again only after a quiet day.
    ActivityHigh,
    /// The customer opened a link of ours.
    LinkClicked {
        /// Which, by its name in the partner's file; facts of earlier versions do not tell.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        link: String,
    },
    /// The customer left a contact; which kind, never the contact itself.
    ContactLeft {
        /// `phone`, `email` or `name`.
        kind: String,
    },
    /// The customer asked for a price.
    PriceAsked,
    /// The customer chose a product.
    CartAdded {
        /// The product's id.
        product: String,
    },
    /// An order changed its state.
    Order {
        /// Which order.
        order: OrderId,
        /// What was done.
        by: OrderMove,
        /// The state since.
        to: OrderState,
        /// The order's sum.
        total: Money,
    },
    /// A person took back what they had done to an order.
    OrderUndone {
        /// Which order.
        order: OrderId,
        /// The state that was taken back.
        from: OrderState,
        /// The state since.
        to: OrderState,
    },
    /// The lead became cold, warm or hot.
    Temperature {
        /// Since.
        to: crate::lead::Temperature,
        /// Points then.
        score: i32,
    },
    /// The lead reached a stage.
    Stage {
        /// Its id.
        stage: String,
    },
    /// A flow began.
    FlowStarted {
        /// Its id.
        flow: String,
    },
    /// A flow ended.
    FlowEnded {
        /// Its id.
        flow: String,
        /// How.
        outcome: String,
    },
    /// A sequence began.
    SequenceEntered {
        /// Its id.
        sequence: String,
    },
    /// A step of a sequence was said.
    SequenceSent {
        /// Its id.
        sequence: String,
        /// The step's.
        step: String,
    },
    /// A sequence ended.
    SequenceEnded {
        /// Its id.
        sequence: String,
        /// How: one of [`crate::spec::sequence::OUTCOMES`].
        outcome: String,
    },
    /// The customer was given a variant of a flow; weights changed later move nobody.
    Variant {
        /// The variant's name.
        name: String,
        /// The value drawn.
        value: String,
    },
    /// The customer was tagged.
    Tagged {
        /// The tag.
        tag: String,
    },
    /// A flow put the lead into a group, or took it out of the one it was in.
    Segment {
        /// The group; `None`: it is in none now.
        segment: Option<String>,
    },
    /// The conversation went to a person.
    Handoff {
        /// Why, in a word: `asked`, `step`, `failed`, `model`, `loop`, `media`.
        cause: String,
    },
    /// A person has answered the customer; once for each time that the conversation went to one.
    PersonAnswered,
    /// The conversation came back to the bot.
    HandBack {
        /// Which person gave it back; `None`: the customer called the bot, or an earlier version did not tell.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        who: Option<String>,
    },
    /// A person wrote something down for the team; the customer does not see it.
    Note {
        /// Who.
        who: String,
        /// What.
        text: String,
    },
    /// The customer asked for a person.
    HandoffAsked,
    /// The customer complained.
    Complaint,
    /// The customer said something in a tone that is not matter-of-fact.
    Tone {
        /// Which.
        tone: crate::lang::tone::Tone,
    },
    /// The customer rated us.
    Rating {
        /// 1 to 5.
        stars: u8,
    },
    /// The customer does not want to be written to.
    OptOut,
    /// The customer has agreed to be written to again, in answer to a question that asks it; [`Fact::ConsentGiven`] is the proof.
    OptIn,
    /// The customer agreed to something; the proof of it.
    ConsentGiven {
        /// To what: `pd` (personal data), `ads`, `cross_border`.
        kind: ConsentKind,
        /// SHA-256 of the text that was shown, hex.
        text_hash: String,
        /// Version of the text, as the partner names it.
        version: String,
        /// What the customer pressed or wrote.
        by: String,
        /// Key of the event that said so.
        key: String,
    },
    /// The customer did not agree, or withdrew.
    ConsentRefused {
        /// To what.
        kind: ConsentKind,
    },
    /// An ad was not sent, for want of consent or because the account forbids ads.
    AdSuppressed,
    /// A model's sentence was stopped: it said a figure, a state or a link that the domain did not give.
    AnswerBlocked {
        /// Which kind of claim: `price`, `number`, `stock`, `order`, `link`, `date`.
        claim: String,
    },
    /// A question found no answer.
    Unanswered {
        /// The customer's words, contacts masked.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        question: String,
    },
    /// A person of the team marked an answer of ours as wrong.
    AnswerWrong {
        /// Whose answer; facts of earlier versions do not tell.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        conversation: Option<ConversationId>,
        /// The answer's position in it.
        seq: i64,
        /// What had been asked, contacts masked; empty when it is no longer known.
        question: String,
        /// Who marked it.
        who: String,
    },
    /// A model answered; what it cost.
    ModelUsed {
        /// Its name.
        model: String,
        /// Tokens read.
        input: u32,
        /// Tokens written.
        output: u32,
        /// Version of the system prompt.
        prompt: String,
    },
    /// A bubble could not be delivered.
    Undelivered {
        /// Why.
        cause: String,
    },
    /// What a person of the team wrote did not arrive.
    AnswerLost {
        /// Which of our bubbles.
        bubble: BubbleId,
        /// Why.
        why: DeliveryFate,
    },
    /// A bubble was not sent in time, and is not sent any more.
    Expired,
    /// The customer is one person with another.
    Merged {
        /// With whom.
        with: CustomerId,
        /// Who says so: a member of the team, the operator, or the messengers.
        by: String,
    },
    /// The customer is a person of their own.
    Split {
        /// Who says so.
        by: String,
    },
    /// It was no customer but a member of the partner's team: their chat is where they work from.
    Seated,
    /// The customer blocked us, or came back.
    Reachable {
        /// `yes`, `blocked` or `gone`.
        now: String,
    },
}

/// What a consent is to. Consents are separate facts: one never implies another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentKind {
    /// Keeping and using contacts (152-FZ).
    Pd,
    /// Being advertised to (38-FZ, art. 18).
    Ads,
    /// Processing abroad.
    CrossBorder,
}

impl Fact {
    /// The same without what anybody said or wrote: it is still counted.
    #[must_use]
    pub fn wordless(self) -> Self {
        match self {
            Self::Unanswered { .. } => Self::Unanswered { question: String::new() },
            Self::AnswerWrong { conversation, seq, who, .. } => {
                Self::AnswerWrong { conversation, seq, question: String::new(), who }
            }
            Self::Note { who, .. } => Self::Note { who, text: String::new() },
            Self::Segment { .. } => Self::Segment { segment: None },
            other => other,
        }
    }

    /// A stored fact ([`crate::rows::FactRow::data`]) without words.
    pub fn stored_wordless(data: &str) -> String {
        let wordless = serde_json::from_str::<Self>(data).map(Self::wordless);
        wordless.and_then(|fact| serde_json::to_string(&fact)).unwrap_or_else(|_| "{}".to_owned())
    }

    /// Facts that hold words, by [`Self::name`].
    pub const WORDED: [&str; 4] = ["question.unanswered", "answer.wrong", "note", "lead.segment"];

    /// Facts of how a conversation goes, by [`Self::name`]: they are of that conversation, and those that expressions and scoring can
    /// ask for besides are of the person.
    pub const OF_TALK: [&str; 12] = [
        "message",
        "button",
        "activity.high",
        "link.clicked",
        "price.asked",
        "tone.positive",
        "tone.negative",
        "tone.angry",
        "lead.cold",
        "lead.warm",
        "lead.hot",
        "opt_out",
    ];

    /// Whether a lead remembers it: expressions, scoring and what is counted of newcomers ask for it. The others the store lists.
    pub fn is_asked_for(&self) -> bool {
        match self {
            Self::Message
            | Self::Button
            | Self::ActivityHigh
            | Self::LinkClicked { .. }
            | Self::ContactLeft { .. }
            | Self::PriceAsked
            | Self::CartAdded { .. }
            | Self::Order { .. }
            | Self::Temperature { .. }
            | Self::Stage { .. }
            | Self::FlowEnded { .. }
            | Self::OrderUndone { .. }
            | Self::SequenceEnded { .. }
            | Self::Handoff { .. }
            | Self::HandoffAsked
            | Self::PersonAnswered
            | Self::Complaint
            | Self::Tone { .. }
            | Self::Rating { .. }
            | Self::OptOut => true,
            Self::FlowStarted { .. }
            | Self::Note { .. }
            | Self::Variant { .. }
            | Self::Tagged { .. }
            | Self::Segment { .. }
            | Self::HandBack { .. }
            | Self::SequenceEntered { .. }
            | Self::SequenceSent { .. }
            | Self::OptIn
            | Self::ConsentGiven { .. }
            | Self::ConsentRefused { .. }
            | Self::AdSuppressed
            | Self::AnswerBlocked { .. }
            | Self::Unanswered { .. }
            | Self::AnswerWrong { .. }
            | Self::ModelUsed { .. }
            | Self::Undelivered { .. }
            | Self::AnswerLost { .. }
            | Self::Expired
            | Self::Merged { .. }
            | Self::Split { .. }
            | Self::Seated
            | Self::Reachable { .. } => false,
        }
    }

    /// The name that expressions, scoring and notices use (`contact.left`, `order.placed`, `flow.tort.отказ`).
    pub fn name(&self) -> String {
        match self {
            Self::Message => "message".into(),
            Self::Button => "button".into(),
            Self::ActivityHigh => "activity.high".into(),
            Self::LinkClicked { .. } => "link.clicked".into(),
            Self::ContactLeft { .. } => "contact.left".into(),
            Self::PriceAsked => "price.asked".into(),
            Self::CartAdded { .. } => "cart.added".into(),
            Self::Order { to, .. } => format!("order.{}", to.name()),
            Self::OrderUndone { from, .. } => format!("order.{}.undone", from.name()),
            Self::Temperature { to, .. } => format!("lead.{}", to.name()),
            Self::Stage { stage } => format!("stage.{stage}"),
            Self::FlowStarted { flow } => format!("flow.{flow}.started"),
            Self::FlowEnded { flow, outcome } => format!("flow.{flow}.{outcome}"),
            Self::SequenceEnded { sequence, outcome } => format!("sequence.{sequence}.{outcome}"),
            Self::Variant { name, .. } => format!("variant.{name}"),
            Self::Tagged { tag } => format!("tag.{tag}"),
            Self::Segment { .. } => "lead.segment".into(),
            Self::Handoff { .. } => "handoff".into(),
            Self::PersonAnswered => "person.answered".into(),
            Self::HandBack { .. } => "handoff.ended".into(),
            Self::SequenceEntered { .. } => "sequence.entered".into(),
            Self::SequenceSent { .. } => "sequence.sent".into(),
            Self::Note { .. } => "note".into(),
            Self::HandoffAsked => "handoff.asked".into(),
            Self::Complaint => "complaint".into(),
            Self::Tone { tone } => format!("tone.{}", tone.name()),
            Self::Rating { .. } => "rating".into(),
            Self::OptOut => "opt_out".into(),
            Self::OptIn => "opt_in".into(),
            Self::ConsentGiven { .. } => "consent.given".into(),
            Self::ConsentRefused { .. } => "consent.refused".into(),
            Self::AdSuppressed => "ad.suppressed".into(),
            Self::AnswerBlocked { .. } => "answer.blocked".into(),
            Self::Unanswered { .. } => "question.unanswered".into(),
            Self::AnswerWrong { .. } => "answer.wrong".into(),
            Self::ModelUsed { .. } => "model.used".into(),
            Self::Undelivered { .. } => "undelivered".into(),
            Self::AnswerLost { .. } => "answer.lost".into(),
            Self::Expired => "expired".into(),
            Self::Merged { .. } => "person.merged".into(),
            Self::Split { .. } => "person.split".into(),
            Self::Seated => "team.seated".into(),
            Self::Reachable { .. } => "reachable".into(),
        }
    }
}
