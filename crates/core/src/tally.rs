//! What reports count: how often something happened on a day of a partner's. It is counted when it happens, in the turn that
//! says so, so that a report over a year reads some thousands of rows, however many customers there were. Facts about single
//! messages fade ([`Fact::FADING`]); what was counted of them stays. Nothing here is about one person.

pub mod cohort;
pub mod funnel;
pub mod quickness;

use jiff::{SignedDuration, Timestamp, civil::Date};

use self::funnel::Place;
use crate::{
    fact::{Fact, FunnelEvent},
    lead::FactLog,
    order::OrderState,
};

/// Longest key, in characters: where somebody came from is theirs to say.
const KEY_CHARS_MAX: usize = 64;

/// So many more of something, on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// The day, by the partner's clock.
    pub day: Date,
    /// What happened.
    pub what: Counted,
    /// Which of its kind: a stage, a source, a product.
    pub key: String,
    /// How many; what was taken back counts against it.
    pub n: i64,
}

impl Tally {
    /// So many more, with a key that is cut where it is too long.
    pub fn of(day: Date, what: Counted, key: &str, n: i64) -> Self {
        let end = key.char_indices().nth(KEY_CHARS_MAX).map_or(key.len(), |(end, _)| end);
        Self { day, what, key: key[..end].to_owned(), n }
    }
}

macro_rules! counted {
    ($($(#[$doc:meta])* $variant:ident $name:literal;)*) => {
        /// What is counted.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Counted {
            $($(#[$doc])* $variant,)*
        }

        impl Counted {
            /// All of it.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// As stored.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

counted! {
    /// Customers who did something for the first time, by where they came from.
    Came "came";
    /// Customers who did something that day.
    Active "active";
    /// Of those, the ones whose conversation a person had on that day, or was asked to have.
    Handed "handed";
    /// Of the customers who came that day: all (`came`), and those who left their first contact or placed their first order, by
    /// within how many weeks since (`contact.1`, `order.4`).
    Cohort "cohort";
    /// Of the customers who came that day: how many stand at each step of the funnel ([`funnel`]).
    Funnel "funnel";
    /// Of the customers who came that day: those who ever reached a stage.
    Reached "reached";
    /// Answers to whoever waited for one, by who gave them and after how long ([`quickness`]).
    Answered "answered";
    /// Contacts left, by kind.
    Contact "contact";
    /// Prices asked.
    Price "price";
    /// Products chosen, by their id.
    Cart "cart";
    /// Orders, by the state they came to.
    Order "order";
    /// Sums of orders in minor units, by the state they came to and the currency (`placed RUB`).
    OrderSum "order.sum";
    /// Leads that became cold, warm or hot.
    Lead "lead";
    /// Stages reached.
    Stage "stage";
    /// Flows begun.
    FlowStarted "flow.started";
    /// Flows ended, by flow and outcome (`tort.бросил`).
    FlowEnded "flow.ended";
    /// Sequences begun.
    SequenceEntered "sequence.entered";
    /// Steps of sequences said, by sequence and step; one that did not go out, and that nobody has seen, was not said.
    SequenceSent "sequence.sent";
    /// Steps of sequences that were left out because they must not be written, by sequence and step.
    SequenceBarred "sequence.barred";
    /// Sequences ended, by sequence and outcome; a stopped broadcast that goes on has not ended.
    SequenceEnded "sequence.ended";
    /// Variants drawn, by name and value.
    Variant "variant";
    /// Tags given.
    Tag "tag";
    /// Conversations that went to a person, by cause.
    Handoff "handoff";
    /// Conversations that came back to the bot.
    HandBack "handback";
    /// Complaints.
    Complaint "complaint";
    /// Ratings, by stars.
    Rating "rating";
    /// Wishes not to be written to.
    OptOut "opt_out";
    /// Links opened, by name.
    Click "click";
    /// Questions without an answer.
    Unanswered "unanswered";
    /// Sentences of models that were stopped, by the kind of claim.
    Blocked "blocked";
    /// Answers that a person marked as wrong.
    Wrong "wrong";
    /// Tokens that models read, by model.
    TokensRead "tokens.read";
    /// Tokens that models wrote, by model.
    TokensWritten "tokens.written";
}

impl Counted {
    /// From the stored name; `None`: a newer version counts it.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|counted| counted.name() == name)
    }
}

/// What is to be known of a customer to count what they do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Known<'a> {
    /// When they last did anything before; `None`: never.
    pub active: Option<Timestamp>,
    /// Where they came from.
    pub source: Option<&'a str>,
    /// When they came, if that was noted.
    pub came: Option<Timestamp>,
    /// What they have done already.
    pub done: Done,
    /// The stages that they have reached already.
    pub stages: &'a [&'a str],
    /// When their conversation last went to a person; `None`: never.
    pub handed: Option<Timestamp>,
    /// When it last came back to the bot; `None`: never.
    pub back: Option<Timestamp>,
}

impl Known<'_> {
    /// Whether a person had the conversation at some time of this day, as far as it has gone.
    fn is_handed_on(&self, day: Date, day_of: impl Fn(Timestamp) -> Date) -> bool {
        let is_with_person = self.handed.is_some_and(|handed| self.back.is_none_or(|back| back < handed));
        let is_of_day = |at: Option<Timestamp>| at.is_some_and(|at| day_of(at) == day);
        is_with_person || is_of_day(self.handed) || is_of_day(self.back)
    }
}

/// What a customer has done already of what newcomers are followed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Done {
    /// They have left a contact.
    pub contact: bool,
    /// Orders they have placed.
    pub orders: u32,
    /// How often one of their orders was paid or handed over, without what was taken back since.
    pub paid: i64,
}

impl Done {
    /// What the facts of a lead say.
    pub fn of(facts: &FactLog) -> Self {
        let order = |state: OrderState, what: &str| facts.count(&format!("order.{}{what}", state.name()));
        let paid = |what: &str| Self::PAID.into_iter().map(|state| i64::from(order(state, what))).sum::<i64>();
        Self {
            contact: facts.count("contact.left") > 0,
            orders: order(OrderState::Placed, ""),
            paid: paid("") - paid(".undone"),
        }
    }

    /// States that an order which was paid comes to. Some shops take money at the door alone.
    const PAID: [OrderState; 2] = [OrderState::Paid, OrderState::Completed];

    fn note(&mut self, fact: &Fact) {
        match fact {
            Fact::ContactLeft { .. } => self.contact = true,
            Fact::Order { to: OrderState::Placed, .. } => self.orders = self.orders.saturating_add(1),
            Fact::Order { to, .. } if Self::PAID.contains(to) => self.paid += 1,
            Fact::OrderUndone { from, .. } if Self::PAID.contains(from) => self.paid -= 1,
            _ => {}
        }
    }
}

/// Counts facts of a customer, in the order in which they happened. However they are divided into turns, the sum is the same:
/// what was counted can be counted again.
pub fn of(facts: &[FunnelEvent], mut known: Known<'_>, day_of: impl Fn(Timestamp) -> Date) -> Vec<Tally> {
    let mut sum = Sum(Vec::new());
    let mut stages = known.stages.to_vec();
    for FunnelEvent { at, fact } in facts {
        if matches!(fact, Fact::Message | Fact::Button) {
            let day = day_of(*at);
            let before = known.active.replace(*at);
            if before.is_none() {
                known.came = Some(*at);
                sum.add(day, Counted::Cohort, "came", 1);
                sum.add(day, Counted::Came, known.source.unwrap_or_default(), 1);
                sum.add(day, Counted::Funnel, Place::of(known.done).name(), 1);
                for stage in &stages {
                    sum.add(day, Counted::Reached, stage, 1);
                }
            }
            if before.is_none_or(|before| day_of(before) < day) {
                sum.add(day, Counted::Active, "", 1);
                sum.add(day, Counted::Handed, "", i64::from(known.is_handed_on(day, &day_of)));
            }
        } else {
            sum.count(fact, || day_of(*at));
            match fact {
                Fact::Handoff { .. } => {
                    let day = day_of(*at);
                    let is_new =
                        known.active.is_some_and(|active| day_of(active) == day) && !known.is_handed_on(day, &day_of);
                    sum.add(day, Counted::Handed, "", i64::from(is_new));
                    known.handed = Some(*at);
                }
                Fact::HandBack { .. } => known.back = Some(*at),
                _ => {}
            }
            if let Fact::Stage { stage } = fact
                && !stages.contains(&stage.as_str())
            {
                stages.push(stage);
                if let Some(came) = known.came {
                    sum.add(day_of(came), Counted::Reached, stage, 1);
                }
            }
            let before = known.done;
            known.done.note(fact);
            if let Some(came) = known.came {
                sum.follow(day_of(came), at.duration_since(came), before, known.done);
            }
        }
    }
    let mut tallies = sum.0;
    tallies.retain(|tally| tally.n != 0);
    tallies
}

/// Tallies, each day, kind and key once.
struct Sum(Vec<Tally>);

impl Sum {
    fn add(&mut self, day: Date, what: Counted, key: &str, n: i64) {
        let more = Tally::of(day, what, key, n);
        let same = |tally: &&mut Tally| tally.day == day && tally.what == what && tally.key == more.key;
        match self.0.iter_mut().find(same) {
            Some(tally) => tally.n = tally.n.saturating_add(n),
            None => self.0.push(more),
        }
    }

    /// Counts what a customer has done so long after the day they came.
    fn follow(&mut self, came: Date, after: SignedDuration, before: Done, now: Done) {
        let firsts = [("contact", before.contact, now.contact), ("order", before.orders > 0, now.orders > 0)];
        for (what, ..) in firsts.into_iter().filter(|(_, before, now)| *now && !before) {
            if let Some(key) = cohort::key_after(what, after) {
                self.add(came, Counted::Cohort, &key, 1);
            }
        }
        let (from, to) = (Place::of(before), Place::of(now));
        if from != to {
            self.add(came, Counted::Funnel, from.name(), -1);
            self.add(came, Counted::Funnel, to.name(), 1);
        }
    }

    fn count(&mut self, fact: &Fact, day: impl Fn() -> Date) {
        use Counted as C;
        let mut one = |what, key: &str| self.add(day(), what, key, 1);
        match fact {
            Fact::ContactLeft { kind } => one(C::Contact, kind),
            Fact::PriceAsked => one(C::Price, ""),
            Fact::CartAdded { product } => one(C::Cart, product),
            Fact::Order { to, total, .. } => {
                one(C::Order, to.name());
                let key = format!("{} {}", to.name(), total.currency.code());
                self.add(day(), C::OrderSum, &key, total.minor);
            }
            // The sum is not told by the fact; what is undone within minutes was a mistake of a click.
            Fact::OrderUndone { from, .. } => self.add(day(), C::Order, from.name(), -1),
            Fact::Temperature { to, .. } => one(C::Lead, to.name()),
            Fact::Stage { stage } => one(C::Stage, stage),
            Fact::FlowStarted { flow } => one(C::FlowStarted, flow),
            Fact::FlowEnded { flow, outcome } => one(C::FlowEnded, &format!("{flow}.{outcome}")),
            Fact::SequenceEntered { sequence } => one(C::SequenceEntered, sequence),
            Fact::SequenceSent { sequence, step } => one(C::SequenceSent, &format!("{sequence}.{step}")),
            Fact::SequenceEnded { sequence, outcome } => one(C::SequenceEnded, &format!("{sequence}.{outcome}")),
            Fact::Variant { name, value } => one(C::Variant, &format!("{name}.{value}")),
            Fact::Tagged { tag } => one(C::Tag, tag),
            // Behind a colon stands who took it.
            Fact::Handoff { cause } => one(C::Handoff, cause.split_once(':').map_or(cause, |(kind, _)| kind)),
            Fact::HandBack { .. } => one(C::HandBack, ""),
            Fact::Complaint => one(C::Complaint, ""),
            Fact::Rating { stars } => one(C::Rating, &stars.to_string()),
            Fact::OptOut => one(C::OptOut, ""),
            Fact::LinkClicked { link } => one(C::Click, link),
            Fact::Unanswered { .. } => one(C::Unanswered, ""),
            Fact::AnswerBlocked { claim } => one(C::Blocked, claim),
            Fact::AnswerWrong { .. } => one(C::Wrong, ""),
            Fact::ModelUsed { model, input, output, .. } => {
                self.add(day(), C::TokensRead, model, i64::from(*input));
                self.add(day(), C::TokensWritten, model, i64::from(*output));
            }
            // Messages are counted as what customers do; the others are of single people, or said by other facts.
            Fact::Message
            | Fact::Button
            | Fact::ActivityHigh
            | Fact::Segment { .. }
            | Fact::Tone { .. }
            | Fact::HandoffAsked
            | Fact::PersonAnswered
            | Fact::Note { .. }
            | Fact::OptIn
            | Fact::ConsentGiven { .. }
            | Fact::ConsentRefused { .. }
            | Fact::AdSuppressed
            | Fact::Undelivered { .. }
            | Fact::AnswerLost { .. }
            | Fact::Expired
            | Fact::Seated
            | Fact::Merged { .. }
            | Fact::Split { .. }
            | Fact::Reachable { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests;
