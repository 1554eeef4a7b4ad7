//! What the engine tells of itself: metrics through the `metrics` facade. Without a recorder they cost next to nothing; an
//! embedder installs one before [`crate::Engine::new`]. Labels are few and bounded: no customer is in any.
//!
//! Spans and log events are where things happen; their fields are ids alone (partner, conversation, version, mail, bubble),
//! which are columns of the store.

use jiff::SignedDuration;
use metrics::{Counter, Histogram, counter, histogram};
use voronka_core::{
    message::DeliveryFate,
    ports::{Fate, Moment, Posted, SendError},
    rows::TurnCommit,
};

/// A part of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// From waking the conversation (or the end of its last turn) until the turn begins.
    Wait,
    /// Reading the conversation.
    Load,
    /// The core's own work.
    Decide,
    /// Asking the knowledge.
    Search,
    /// Asking the model.
    Model,
    /// Writing the turn.
    Commit,
}

impl Part {
    const ALL: [(Self, &'static str); 6] = [
        (Self::Wait, "wait"),
        (Self::Load, "load"),
        (Self::Decide, "decide"),
        (Self::Search, "search"),
        (Self::Model, "model"),
        (Self::Commit, "commit"),
    ];
}

/// How a try at a turn ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// It is written.
    Committed,
    /// More came while the model was thinking.
    Superseded,
    /// The conversation had moved on.
    Conflict,
    /// It could not be computed: its event is a dead letter.
    SetAside,
}

/// Handles that are looked up once.
pub(crate) struct Meters {
    parts: [Histogram; 6],
    committed: Counter,
    superseded: Counter,
    conflicts: Counter,
    set_aside: Counter,
    warm: Counter,
    cold: Counter,
    kept: Counter,
    seen: Counter,
    timers: Counter,
    outbox_wait: Histogram,
    send: Histogram,
    sent: Counter,
    retried: Counter,
    unclear: Counter,
    refused: Counter,
    blocked: Counter,
    expired: Counter,
    slow: Counter,
}

/// An answer that took longer is slow.
const SLOW_AFTER: SignedDuration = SignedDuration::from_secs(5);

impl Meters {
    pub(crate) fn new() -> Self {
        let turns = |outcome: &'static str| counter!("voronka_turns_total", "outcome" => outcome);
        let events = |known: &'static str| counter!("voronka_events_total", "known" => known);
        let sends = |fate: &'static str| counter!("voronka_sends_total", "fate" => fate);
        let snapshots = |found: &'static str| counter!("voronka_snapshot_cache_total", "found" => found);
        Self {
            parts: Part::ALL.map(|(_, name)| histogram!("voronka_turn_part_seconds", "part" => name)),
            committed: turns("committed"),
            superseded: turns("superseded"),
            conflicts: turns("conflict"),
            set_aside: turns("set_aside"),
            warm: snapshots("hit"),
            cold: snapshots("miss"),
            kept: events("new"),
            seen: events("seen"),
            timers: counter!("voronka_timers_fired_total"),
            outbox_wait: histogram!("voronka_outbox_wait_seconds"),
            send: histogram!("voronka_send_seconds"),
            sent: sends("sent"),
            retried: sends("retried"),
            unclear: sends("unclear"),
            refused: sends("refused"),
            blocked: sends("blocked"),
            expired: sends("expired"),
            slow: counter!("voronka_slow_answers_total"),
        }
    }

    /// A part of a turn took so long.
    pub(crate) fn part(&self, part: Part, begun: Moment, ended: Moment) {
        self.parts[part as usize].record(ended.since(begun).as_secs_f64());
    }

    pub(crate) fn turn(&self, ended: Ended) {
        match ended {
            Ended::Committed => &self.committed,
            Ended::Superseded => &self.superseded,
            Ended::Conflict => &self.conflicts,
            Ended::SetAside => &self.set_aside,
        }
        .increment(1);
    }

    /// Whether a conversation was still in memory.
    pub(crate) fn looked_for_warm(&self, found: bool) {
        if found { &self.warm } else { &self.cold }.increment(1);
    }

    pub(crate) fn posted(&self, posted: Posted) {
        self.kept.increment(posted.new as u64);
        self.seen.increment(posted.seen as u64);
    }

    pub(crate) fn timers_fired(&self, conversations: usize) {
        self.timers.increment(conversations as u64);
    }

    /// A bubble was handed to its channel, having waited since then.
    pub(crate) fn send_begins(&self, waited: SignedDuration) {
        self.outbox_wait.record(waited.as_secs_f64());
    }

    /// What the channel said to a bubble.
    pub(crate) fn send_ended<T>(&self, took: SignedDuration, result: &Result<T, SendError>) {
        self.send.record(took.as_secs_f64());
        let counted = match result {
            Ok(_) => &self.sent,
            Err(SendError::Blocked) => &self.blocked,
            Err(error) => match error.fate() {
                Fate::Retry { .. } => &self.retried,
                Fate::Unclear => &self.unclear,
                Fate::Final => &self.refused,
            },
        };
        counted.increment(1);
    }

    /// A customer who was heard then has an answer.
    pub(crate) fn answered(&self, heard: Moment, now: Moment) {
        if now.since(heard) > SLOW_AFTER {
            self.slow.increment(1);
        }
    }

    /// A bubble was given up without asking its channel (again).
    pub(crate) fn given_up(&self, fate: &DeliveryFate) {
        if matches!(fate, DeliveryFate::Expired | DeliveryFate::Untried) {
            self.expired.increment(1);
        }
    }
}

/// Counts sentences of models that the guard stopped: rare, so that a look-up by partner costs nothing.
pub(crate) fn count_blocked(commit: &TurnCommit) {
    let blocked = commit.facts.iter().filter(|fact| fact.name == "answer.blocked").count();
    if blocked > 0 {
        let partner = commit.key.partner.to_string();
        counter!("voronka_guard_blocks_total", "partner" => partner).increment(blocked as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_stand_in_the_order_of_their_handles() {
        for (at, (part, _)) in Part::ALL.iter().enumerate() {
            assert_eq!(*part as usize, at);
        }
    }
}
