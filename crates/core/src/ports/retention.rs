use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use super::StoreError;
use crate::{fact::Fact, ids::PartnerId, spec::config};

/// How long the key of an event is known after it happened: a delivery that is repeated later would be taken for a new event.
/// Messengers give up within days.
const KEYS_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Least age of anything that is forgotten, whatever a partner's file says: conversations are under way.
const AGE_MIN: SignedDuration = SignedDuration::from_hours(24);

/// What a store does not keep for ever. Without it a file grows with every turn; with it a shop whose traffic is steady has a
/// file of a steady size.
#[async_trait]
pub trait Retention: Send + Sync + 'static {
    /// Forgets what is older than the terms say, one small step at a time, so that turns need not wait. `after` is what the
    /// last step gave; `None` begins a round. A round that is broken off leaves nothing half done.
    ///
    /// Forgotten are: keys of events; messages, with the facts that are about single messages ([`Fact::FADING`]), notices and
    /// events that were set aside; whole customers who never were more than a cold lead (who has said nothing yet is as old as
    /// what they were told). What waits in mailbox, outbox or
    /// timers stays, and so do orders, conversations that somebody is in, and all facts that reports count years later.
    async fn forget(
        &self,
        partner: &PartnerId,
        terms: &Terms,
        after: Option<&ForgetMark>,
    ) -> Result<Forgotten, StoreError>;
}

/// Since when things are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Keys of events that happened before are forgotten.
    pub keys: Timestamp,
    /// Messages written before are forgotten.
    pub messages: Timestamp,
    /// Leads that never were more than cold and did nothing since are forgotten, with the customer.
    pub cold_leads: Timestamp,
}

impl Terms {
    /// What a partner's file means now.
    pub fn of(retention: config::Retention, now: Timestamp) -> Self {
        let since = |period: crate::spec::value::Period| {
            let age = SignedDuration::from_mins(period.in_minutes()).max(AGE_MIN);
            now.checked_sub(age).unwrap_or(Timestamp::MIN)
        };
        let keys = now.checked_sub(KEYS_KEPT).unwrap_or(Timestamp::MIN);
        Self { keys, messages: since(retention.messages), cold_leads: since(retention.cold_leads) }
    }
}

/// Where a store stopped; its own affair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForgetMark(pub String);

/// What one step did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Forgotten {
    /// Rows that are gone.
    pub rows: usize,
    /// Where to go on; `None`: the round is over.
    pub next: Option<ForgetMark>,
}

impl Fact {
    /// Facts about single messages: they come with every turn, and are forgotten with the messages. All others are milestones,
    /// few for each customer, and stay.
    pub const FADING: &[&str] = &[
        "message",
        "button",
        "link.clicked",
        "price.asked",
        "answer.blocked",
        "question.unanswered",
        "answer.wrong",
        "model.used",
        "ad.suppressed",
        "undelivered",
        "answer.lost",
        "reachable",
        "note",
        "sequence.sent",
    ];

    /// Facts that make a customer more than a cold lead for ever; and a wish not to be written to must be remembered, as must what
    /// a member of the team is about.
    pub const REMEMBERED: &[&str] =
        &["lead.warm", "lead.hot", "contact.left", "opt_out", "consent.given", "team.seated"];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ids::BubbleId, lead::Temperature, message::DeliveryFate, spec::value::Period};

    #[test]
    fn names_are_those_of_facts() {
        let facts = [
            Fact::Message,
            Fact::Button,
            Fact::LinkClicked { link: String::new() },
            Fact::PriceAsked,
            Fact::AnswerBlocked { claim: String::new() },
            Fact::Unanswered { question: String::new() },
            Fact::AnswerWrong { conversation: None, seq: 1, question: String::new(), who: String::new() },
            Fact::ModelUsed { model: String::new(), input: 0, output: 0, prompt: String::new() },
            Fact::AdSuppressed,
            Fact::Undelivered { cause: String::new() },
            Fact::AnswerLost { bubble: BubbleId::of(&[]), why: DeliveryFate::Gone },
            Fact::Reachable { now: String::new() },
            Fact::Note { who: String::new(), text: String::new() },
            Fact::SequenceSent { sequence: String::new(), step: String::new() },
        ];
        assert_eq!(facts.map(|fact| fact.name()), *Fact::FADING);
        let warm = Fact::Temperature { to: Temperature::Warm, score: 0 };
        let hot = Fact::Temperature { to: Temperature::Hot, score: 0 };
        for fact in [warm, hot, Fact::ContactLeft { kind: String::new() }, Fact::OptOut] {
            assert!(Fact::REMEMBERED.contains(&fact.name().as_str()), "{fact:?}");
        }
    }

    #[test]
    fn terms_are_counted_from_now_and_are_never_shorter_than_a_day() {
        let now: Timestamp = "2026-12-01T09:00:00Z".parse().unwrap();
        let kept = config::Retention { messages: Period::days(365), cold_leads: Period::minutes(5) };
        let terms = Terms::of(kept, now);
        assert_eq!(terms.messages.to_string(), "2025-12-01T09:00:00Z");
        assert_eq!(terms.cold_leads.to_string(), "2026-11-30T09:00:00Z");
        assert_eq!(terms.keys.to_string(), "2026-11-01T09:00:00Z");
        let for_ever = config::Retention { messages: Period::days(i32::MAX), ..kept };
        assert_eq!(Terms::of(for_ever, now).messages, Timestamp::MIN);
    }
}
