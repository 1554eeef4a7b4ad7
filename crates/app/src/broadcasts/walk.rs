//! How far a broadcast has come: a walk through all conversations, by id.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use voronka_core::{ids::ConversationId, message::BroadcastAct, ports::Recipient};

use super::Refusal;

/// How far it has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Standing {
    pub(crate) phase: Phase,
    /// Customers who were met on this walk. How many of them got it is told by the partner's figures.
    pub(crate) met: u64,
    pub(crate) since: Option<Timestamp>,
    /// When everybody will have been met at the pace so far; `None`: it does not go on, or that is not known yet.
    pub(crate) ends: Option<Timestamp>,
}

impl Standing {
    /// Of one that was never sent.
    pub(crate) const NEW: Self = Self { phase: Phase::New, met: 0, since: None, ends: None };
}

/// What is going on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Phase {
    /// It was never sent.
    New,
    Sending,
    Stopping,
    /// Everybody was met.
    Sent,
    Stopped,
}

/// A walk as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Walk {
    pub(super) phase: Phase,
    /// Which walk of this broadcast it is: its mail is told from the others'.
    pub(super) number: u32,
    /// Who was met last.
    pub(super) after: Option<ConversationId>,
    pub(super) met: u64,
    since: Timestamp,
}

impl Walk {
    pub(super) fn started(walk: Option<&Self>, now: Timestamp) -> Result<Self, Refusal> {
        let number = match walk {
            Some(walk) if walk.phase == Phase::Sending => return Err(Refusal::UnderWay),
            Some(walk) if walk.phase == Phase::Stopping => return Err(Refusal::Stopping),
            Some(walk) => walk.number + 1,
            None => 1,
        };
        Ok(Self { phase: Phase::Sending, number, after: None, met: 0, since: now })
    }

    /// Everybody is met once more: what an earlier walk has left waiting for a morning is taken back too.
    pub(super) fn stopped(walk: Option<&Self>, now: Timestamp) -> Result<Self, Refusal> {
        let walk = walk.ok_or(Refusal::NotBegun)?;
        match walk.phase {
            Phase::Sending | Phase::Sent | Phase::Stopped => {
                Ok(Self { phase: Phase::Stopping, number: walk.number + 1, after: None, met: 0, since: now })
            }
            Phase::New | Phase::Stopping => Err(Refusal::NotBegun),
        }
    }

    /// What is wished of whoever is met; `None`: it is over.
    pub(super) fn act(&self) -> Option<BroadcastAct> {
        match self.phase {
            Phase::Sending => Some(BroadcastAct::Begin),
            Phase::Stopping => Some(BroadcastAct::End),
            Phase::New | Phase::Sent | Phase::Stopped => None,
        }
    }

    pub(super) fn standing(&self, now: Timestamp) -> Standing {
        Standing { phase: self.phase, met: self.met, since: Some(self.since), ends: self.ends(now) }
    }

    /// Ids are spread evenly: as far as it has come among them, so many of all have been met.
    fn ends(&self, now: Timestamp) -> Option<Timestamp> {
        self.act()?;
        let (come, _) = self.after?.0.as_u64_pair();
        let taken = now.duration_since(self.since).as_millis();
        let left = taken * i128::from(u64::MAX - come) / i128::from(come.max(1));
        now.checked_add(SignedDuration::from_millis(i64::try_from(left).ok()?)).ok()
    }

    /// After these were met, who were all that there were if there were fewer than `asked` for.
    pub(super) fn past(&self, met: &[Recipient], asked: usize) -> Self {
        let after = met.last().map(|last| last.conversation).or(self.after);
        let phase = match (self.phase, met.len() < asked) {
            (Phase::Sending, true) => Phase::Sent,
            (Phase::Stopping, true) => Phase::Stopped,
            (phase, _) => phase,
        };
        let met = self.met + u64::try_from(met.len()).unwrap_or_default();
        Self { phase, after, met, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_ends_when_the_rest_was_met_at_the_same_pace() {
        let begun: Timestamp = "2026-12-01T09:00:00Z".parse().unwrap();
        let after = |hex: &str| Some(format!("{hex:0<32}").parse().unwrap());
        let walk = |phase, after| Walk { phase, number: 1, after, met: 100, since: begun };
        let ends = |walk: Walk, minutes| walk.ends(begun + SignedDuration::from_mins(minutes)).map(|at| at.to_string());
        let told = |minutes: i64| Some((begun + SignedDuration::from_mins(minutes)).to_string());
        assert_eq!(
            ends(walk(Phase::Sending, after("8")), 10).map(|at| at[..16].to_owned()),
            Some("2026-12-01T09:19".into())
        );
        assert_eq!(ends(walk(Phase::Stopping, after("f")), 0), told(0));
        assert_eq!(ends(walk(Phase::Sending, None), 10), None, "nobody was met yet");
        assert_eq!(ends(walk(Phase::Sent, after("8")), 10), None);
        assert_eq!(ends(walk(Phase::Sending, after("0")), i64::from(u16::MAX)), None, "nobody waits for that");
    }
}
