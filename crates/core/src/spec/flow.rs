//! Flows as the interpreter runs them: one flat list of steps, every jump resolved to an index, every text and expression
//! parsed and checked against the names that are known at its place.

mod ask;
pub mod chart;
mod graph;
pub(crate) mod lower;
pub(crate) mod outline;
mod steps;
mod structure;
pub(crate) mod together;
mod unreached;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::{
    ids::FlowId,
    lang::{Lang, choice::OptionWords},
    spec::{
        diagnostic::Place,
        expr::{Expr, SEGMENT},
        template::{Localised, Template},
        value::{Period, Type},
    },
};

/// A text a customer or the team reads, by language, with `{expressions}`.
pub type Text = Localised<Template>;

/// Index of a step in [`Flow::steps`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StepIx(pub usize);

/// A step's id: explicit, else its slot, else its part and number (`steps/3`). Stable over edits of texts; stored by runs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepId(pub Arc<str>);

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Experiments: each variant's options with their weights, in the file's order.
pub type Variants = BTreeMap<Arc<str>, Vec<(Arc<str>, u32)>>;

/// A scripted dialogue.
#[derive(Debug, Clone)]
pub struct Flow {
    /// The file's name without `.yaml`.
    pub id: FlowId,
    /// What people call it.
    pub title: String,
    /// What it is for: the model picks flows by this line.
    pub about: String,
    /// What starts it.
    pub start: Start,
    /// How long answers wait after the run was cut short; then it starts afresh.
    pub resume: Period,
    /// What happens while the customer is silent, when the open step says nothing of its own. Never empty: without an entry
    /// of the partner's it is "`silent` after 24 h".
    pub silence: Vec<Silence>,
    /// Where to go when the customer cancels; `None` = the built-in text.
    pub on_cancel: Option<StepIx>,
    /// Where to go when the run's step was edited away; `None` = walk again from the start with the answers still valid.
    pub on_change: Option<StepIx>,
    /// Experiments: a variant's options and weights, in the file's order.
    pub variants: Variants,
    /// All steps: the main line first, then the parts, steps nested in a `branch` right behind it. Never empty; it starts at 0.
    pub steps: Vec<Step>,
    /// Every id a run may stand at, `was` included, to its step.
    pub by_id: BTreeMap<StepId, StepIx>,
    /// Slots in the order they are asked.
    pub slots: Vec<Slot>,
    /// Hash of the structure without texts (hex): equal hashes mean that a run needs no look at what changed.
    pub structure: Arc<str>,
}

impl Flow {
    /// The step at `index`.
    ///
    /// # Panics
    /// When the index is of another flow.
    pub fn step(&self, index: StepIx) -> &Step {
        &self.steps[index.0]
    }

    /// The step a run stands at; heirs by `was` included.
    pub fn find(&self, id: &StepId) -> Option<StepIx> {
        self.by_id.get(id).copied()
    }

    /// Every outcome a run may end with.
    pub fn outcomes(&self) -> BTreeSet<&str> {
        let silences = self.steps.iter().flat_map(|step| match &step.action {
            Action::Ask(ask) => ask.silence.as_slice(),
            _ => &[],
        });
        let silent = self.silence.iter().chain(silences).filter_map(|entry| match &entry.then {
            Silent::End(outcome) => Some(&**outcome),
            _ => None,
        });
        let ends = self.steps.iter().filter_map(|step| match &step.action {
            Action::End(outcome) => Some(&**outcome),
            _ => None,
        });
        ["done", "cancelled", "interrupted", "handoff"].into_iter().chain(silent).chain(ends).collect()
    }

    /// A slot by its name.
    pub fn slot(&self, name: &str) -> Option<&Slot> {
        self.slots.iter().find(|slot| *slot.name == *name)
    }

    /// The step that asks for a slot.
    pub fn ask(&self, slot: &str) -> Option<(StepIx, &Ask)> {
        let step = self.slot(slot)?.step?;
        match &self.step(step).action {
            Action::Ask(ask) => Some((step, ask)),
            _ => None,
        }
    }
}

/// What starts a flow; all empty = only buttons, calls and the model.
#[derive(Debug, Clone, Default)]
pub struct Start {
    /// The customer's first message ever.
    pub first_message: bool,
    /// Commands with their slash (`/tort`).
    pub commands: Vec<String>,
    /// Phrases, as the partner wrote them.
    pub words: Vec<String>,
    /// Deep-link parameters.
    pub links: Vec<String>,
    /// Only while this is true.
    pub when: Option<Expr>,
}

/// A command that the bot understands by itself; no flow starts by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnCommand {
    /// Nothing is written unasked any more.
    Stop,
    /// The flow of the link that was followed, or of a first message.
    Start,
    /// The customer is forgotten.
    Forget,
    /// A person is called.
    Human,
}

impl OwnCommand {
    /// The command of this name, which has no slash.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "stop" | "unsubscribe" => Some(Self::Stop),
            "start" | "help" => Some(Self::Start),
            "forget_me" | "forgetme" => Some(Self::Forget),
            "human" | "operator" => Some(Self::Human),
            _ => None,
        }
    }
}

/// A value the flow keeps while it runs.
#[derive(Debug, Clone)]
pub struct Slot {
    /// Its name.
    pub name: Arc<str>,
    /// Its type.
    pub kind: Type,
    /// The `ask` or `offer` that fills it; `None` for one that only `set`, `with` or `take` fills.
    pub step: Option<StepIx>,
    /// The steps that read it, in order: the earliest passed one is where a correction walks from.
    pub readers: Vec<StepIx>,
}

/// One step.
#[derive(Debug, Clone)]
pub struct Step {
    /// Its id.
    pub id: StepId,
    /// Former ids (`was`), for runs that stand there.
    pub was: Vec<StepId>,
    /// Where it is written.
    pub place: Place,
    /// The guard; false or empty = skipped.
    pub when: Option<Expr>,
    /// What it does.
    pub action: Action,
    /// The step behind it; `None` = the flow's end with outcome `done`.
    pub next: Option<StepIx>,
    /// The side branch it belongs to; `None` = the main line.
    pub part: Option<Arc<str>>,
    /// Own slots that its guard, texts, bounds and conditions read.
    pub reads: Vec<Arc<str>>,
}

impl Step {
    /// What it says to the customer, as the file has it; `None` when it says nothing.
    pub fn said(&self) -> Option<&Text> {
        match &self.action {
            Action::Say(say) => Some(&say.text),
            Action::Ask(ask) => Some(&ask.text),
            Action::Contact(contact) => Some(&contact.text),
            Action::Offer(offer) => Some(&offer.text),
            Action::Order(order) => Some(&order.text),
            Action::Handoff(handoff) => Some(&handoff.text),
            Action::Branch(_)
            | Action::Goto(_)
            | Action::Call(_)
            | Action::Set(_)
            | Action::Stage(_)
            | Action::Tag(_)
            | Action::Notify(_)
            | Action::Wait(_)
            | Action::Talk(_)
            | Action::End(_) => None,
        }
    }
}

/// What a step does. A step that waits for the customer: ask, contact, offer, order, talk, wait.
#[derive(Debug, Clone)]
pub enum Action {
    /// Say something and go on.
    Say(Say),
    /// Ask for a slot.
    Ask(Box<Ask>),
    /// Ask for contacts, with consent.
    Contact(Contact),
    /// Show products to choose from.
    Offer(Box<Offer>),
    /// Sum the order up and let the customer confirm it.
    Order(OrderStep),
    /// The first true arm wins; none: go on.
    Branch(Vec<Arm>),
    /// Go to another step; what is reached by a jump asks again.
    Goto(StepIx),
    /// Run another flow with own slots.
    Call(Call),
    /// Compute values, in the file's order.
    Set(Vec<(Assigned, Expr)>),
    /// Move the lead to a stage of `config.stages`.
    Stage(Arc<str>),
    /// Tag the customer.
    Tag(Arc<str>),
    /// Tell the team.
    Notify(Text),
    /// Wait.
    Wait(Period),
    /// Let the model talk about a topic.
    Talk(Talk),
    /// A person takes over.
    Handoff(Handoff),
    /// The run ends with this outcome.
    End(Arc<str>),
}

impl Action {
    /// Whether the run stops here until an event comes.
    pub fn waits(&self) -> bool {
        matches!(
            self,
            Self::Ask(_) | Self::Contact(_) | Self::Offer(_) | Self::Order(_) | Self::Talk(_) | Self::Wait(_)
        )
    }
}

/// `say`.
#[derive(Debug, Clone)]
pub struct Say {
    /// The words.
    pub text: Text,
    /// Buttons below; pressing one leaves the line.
    pub buttons: Vec<Button>,
    /// A picture: an https URL or a file of the partner's folder.
    pub photo: Option<String>,
    /// Cards of these products: ids of the catalogue.
    pub products: Vec<String>,
}

/// A button and where it leads.
#[derive(Debug, Clone)]
pub struct Button {
    /// The label.
    pub label: Text,
    /// Where it leads.
    pub target: Target,
}

/// Where a button leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A step of this flow (a part's id means its first step).
    Step(StepIx),
    /// Another flow.
    Flow(FlowId),
    /// A link of `config.links`, by name.
    Link(Arc<str>),
    /// Never write again.
    Stop,
    /// A person.
    Human,
    /// What is in the cart, to be confirmed.
    Cart,
}

/// `ask`.
#[derive(Debug, Clone)]
pub struct Ask {
    /// The question.
    pub text: Text,
    /// The slot it fills.
    pub slot: Arc<str>,
    /// What an answer must be.
    pub kind: Kind,
    /// Example answers as buttons; a choice has its options instead.
    pub examples: Vec<Text>,
    /// Said when the answer does not fit; `None` = the type's own text.
    pub error: Option<Text>,
    /// Failed tries before `otherwise`.
    pub retries: u32,
    /// Where to go then; `None` = offer a person.
    pub otherwise: Option<StepIx>,
    /// Label of the button that leaves the slot empty.
    pub skip: Option<Text>,
    /// The short form for asking again after a digression.
    pub again: Option<Text>,
    /// Whether the slot may be filled ahead from another answer.
    pub ahead: bool,
    /// The question asks whether advertisements may be sent; this answer agrees. It is taken from the customer alone.
    pub ads: Option<super::value::Value>,
    /// The answer, from 1 to 5, says how content the customer is.
    pub rates: bool,
    /// What happens while the customer is silent here; empty = the flow's.
    pub silence: Vec<Silence>,
    /// Copy the value to this attribute of the customer at the end.
    pub keep: Option<Arc<str>>,
}

/// What an answer must be. Bounds are expressions, both inclusive.
#[derive(Debug, Clone)]
pub enum Kind {
    /// Free text, lengths in characters.
    Text {
        /// Least length.
        min: Option<Expr>,
        /// Greatest length.
        max: Option<Expr>,
        /// A pattern that the whole text matches.
        pattern: Option<Pattern>,
    },
    /// A number.
    Number {
        /// Least.
        min: Option<Expr>,
        /// Greatest.
        max: Option<Expr>,
        /// Only whole numbers.
        whole: bool,
        /// Words by which the number is known in any phrase.
        unit: Vec<String>,
    },
    /// Money in the partner's currency.
    Money {
        /// Least.
        min: Option<Expr>,
        /// Greatest.
        max: Option<Expr>,
    },
    /// One of these.
    Choice(Vec<Choice>),
    /// Several of these.
    Choices(Vec<Choice>),
    /// A day.
    Date(Moments),
    /// A time of day.
    Time(Moments),
    /// A day and a time.
    DateTime(Moments),
    /// A phone number.
    Phone,
    /// An e-mail address.
    Email,
    /// A place on the map.
    Location,
    /// A picture.
    Photo,
    /// Yes or no.
    YesNo,
}

impl Kind {
    /// The options to choose from; none of a question that has no options.
    pub fn options(&self) -> &[Choice] {
        match self {
            Self::Choice(options) | Self::Choices(options) => options,
            _ => &[],
        }
    }

    /// What customers are shown for an option.
    pub fn label(&self, id: &str, lang: Lang) -> Option<&str> {
        self.options().iter().find(|option| *option.id == *id).map(|option| option.label.get(lang).as_str())
    }
}

/// Bounds of a date or time.
#[derive(Debug, Clone, Default)]
pub struct Moments {
    /// Earliest.
    pub from: Option<Expr>,
    /// Latest.
    pub to: Option<Expr>,
    /// `except: closed`: not when the partner is closed.
    pub only_open: bool,
}

/// A regular expression of a partner's; matches the whole text.
#[derive(Debug, Clone)]
pub struct Pattern(pub(crate) regex::Regex);

impl Pattern {
    /// Whether the whole of `text` matches.
    pub fn matches(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

/// An option of a choice.
#[derive(Debug, Clone)]
pub struct Choice {
    /// Its id: the slot's value.
    pub id: Arc<str>,
    /// What the button says.
    pub label: Localised<String>,
    /// Other words for it, in any language.
    pub also: Vec<String>,
    /// All of that, prepared for matching.
    pub words: OptionWords,
    /// Whoever chooses it lives by this clock; never there in `choices`.
    pub zone: Option<TimeZone>,
}

/// One entry of `silence`, each done once, counted from the customer's last event.
#[derive(Debug, Clone)]
pub struct Silence {
    /// After how long.
    pub after: Period,
    /// What then.
    pub then: Silent,
}

/// What a silence does.
#[derive(Debug, Clone)]
pub enum Silent {
    /// Remind.
    Say(Text),
    /// End the run with this outcome.
    End(Arc<str>),
    /// Go to a step.
    Goto(StepIx),
}

/// A contact a partner may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContactKind {
    /// A phone number.
    Phone,
    /// An e-mail address.
    Email,
    /// A name.
    Name,
}

/// `contact`.
#[derive(Debug, Clone)]
pub struct Contact {
    /// The request.
    pub text: Text,
    /// What must be given.
    pub need: Vec<ContactKind>,
    /// What is asked but may be skipped.
    pub optional: Vec<ContactKind>,
    /// Where to go when refused; `None` = go on.
    pub refused: Option<StepIx>,
}

/// `offer`.
#[derive(Debug, Clone)]
pub struct Offer {
    /// The words above the products.
    pub text: Text,
    /// The slot that takes the chosen product's id.
    pub slot: Arc<str>,
    /// Which products, over `product.*`.
    pub filter: Option<Expr>,
    /// Ascending by this value; products where it is empty come last.
    pub sort: Option<Expr>,
    /// At most so many (1–10).
    pub top: usize,
    /// Where to go when no product fits; `None` = go on.
    pub nothing: Option<StepIx>,
}

/// `order`.
#[derive(Debug, Clone)]
pub struct OrderStep {
    /// The words above the summary.
    pub text: Text,
    /// What is ordered; empty = the cart.
    pub items: Vec<Item>,
    /// When it is due.
    pub due: Option<Expr>,
    /// A note for the partner.
    pub note: Option<Text>,
}

/// One line of an order.
#[derive(Debug, Clone)]
pub struct Item {
    /// The product's id: a slot that `offer` fills, or a text.
    pub product: Expr,
    /// How many.
    pub quantity: Expr,
}

/// An arm of `branch`.
#[derive(Debug, Clone)]
pub struct Arm {
    /// Its condition; `None` = else.
    pub when: Option<Expr>,
    /// Where it leads; nested steps are resolved to their first, whose last goes on behind the branch.
    pub to: Option<StepIx>,
    /// How it leads there.
    pub way: Way,
}

/// How an arm of `branch` leads on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Into its own steps: reached in order.
    Into,
    /// By `goto`: a jump, and what is reached asks again.
    Jump,
}

/// What a `set` gives a value to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Assigned {
    /// A slot of the run.
    Slot(Arc<str>),
    /// The group that the lead is in; an empty value takes it out.
    Segment,
}

impl Assigned {
    /// As files name it.
    pub fn name(&self) -> &str {
        match self {
            Self::Slot(name) => name,
            Self::Segment => SEGMENT,
        }
    }
}

/// `call`.
#[derive(Debug, Clone)]
pub struct Call {
    /// The flow to run.
    pub flow: FlowId,
    /// Its slots at the start.
    pub with: Vec<(Arc<str>, Expr)>,
    /// Own slots to fill at its end: (own, its).
    pub take: Vec<(Arc<str>, Arc<str>)>,
}

/// `talk`.
#[derive(Debug, Clone)]
pub struct Talk {
    /// What about.
    pub topic: Text,
    /// Done when this is true.
    pub until: Option<Expr>,
    /// Done after so many answers.
    pub max: u32,
}

/// `handoff`.
#[derive(Debug, Clone)]
pub struct Handoff {
    /// What the customer reads.
    pub text: Text,
    /// What the team reads.
    pub note: Option<Text>,
}
