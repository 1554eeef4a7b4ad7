//! Broadcasts: sequences that the team begins, stops, and begins again.
//!
//! A stop calls back what is on its way to the messenger. What was not seen comes back to the conversation, one bubble at a time,
//! and what has gone out is not heard of: so whoever was to get a step counts as having it until all of it has come back.

use std::sync::Arc;

use crate::{
    fact::Fact,
    ids::BubbleId,
    message::BroadcastAct,
    rows::Withdraw,
    spec::{expr, sequence::Sequence},
    tally::Counted,
    turn::{
        state::{Presence, Said},
        work::Work,
    },
};

impl Work {
    /// The team sends a sequence to many, or stops that. Whoever has it already does not get it again.
    pub(in crate::turn) fn on_broadcast(&mut self, id: &str, act: BroadcastAct) {
        let book = Arc::clone(&self.book);
        let Some(sequence) = book.spec.sequences.get(id) else { return };
        let is_one = sequence.enter.fact == expr::Fact::Broadcast;
        match act {
            BroadcastAct::Begin if is_one && self.snap.state.presence == Presence::Heard => self.begin(sequence),
            BroadcastAct::Begin => {}
            BroadcastAct::End => self.stop(sequence),
        }
    }

    fn begin(&mut self, sequence: &Sequence) {
        if self.may_enter(sequence) {
            return self.enter(sequence);
        }
        let standing = self.snap.state.sequences.get_mut(&*sequence.id);
        if let Some(stopped) = standing.and_then(|standing| standing.stopped.as_mut()) {
            stopped.begun_again = true;
        }
        self.resume(sequence);
    }

    /// Who has got nothing of it may get all of it when it is sent after all.
    fn stop(&mut self, sequence: &Sequence) {
        let Some(standing) = self.snap.state.sequences.get_mut(&*sequence.id) else { return };
        standing.stopped.get_or_insert_default().begun_again = false;
        let on_their_way: Vec<BubbleId> = standing.outgoing.iter().flat_map(|said| said.bubbles.clone()).collect();
        self.call_back(on_their_way);
        if self.stands_in(&sequence.id) {
            self.end_sequence(&sequence.id, "stopped");
        }
    }

    fn call_back(&mut self, bubbles: Vec<BubbleId>) {
        match &mut self.withdraw {
            // They leave with all the others.
            Withdraw::Campaigns => {}
            Withdraw::Called(these) => these.extend(bubbles),
            Withdraw::Nothing if bubbles.is_empty() => {}
            Withdraw::Nothing => self.withdraw = Withdraw::Called(bubbles),
        }
    }

    pub(super) fn is_stopped(&self, id: &str) -> bool {
        self.snap.state.sequences.get(id).is_some_and(|standing| standing.stopped.is_some())
    }

    /// A step of a broadcast that was stopped has come back unseen: it is said when that goes on, which may have begun already.
    pub(super) fn is_owed(&mut self, sequence: &Sequence, said: &Said) {
        let Some(at) = sequence.find(&said.step) else { return };
        let Some(standing) = self.snap.state.sequences.get_mut(&*sequence.id) else { return };
        let was_done = standing.has_ended("done");
        if !was_done && !standing.has_ended("stopped") {
            return;
        }
        // Of several the first: the others come behind it.
        standing.index = standing.index.min(at);
        let first = sequence.steps.get(standing.index).map(|step| step.id.to_string());
        let Some(stopped) = &mut standing.stopped else { return };
        stopped.owed = first;
        let begun_again = stopped.begun_again;
        if was_done {
            standing.outcome = Some("stopped".to_owned());
            self.count(Counted::SequenceEnded, &format!("{}.done", sequence.id), -1);
            self.fact(Fact::SequenceEnded { sequence: sequence.id.to_string(), outcome: "stopped".to_owned() });
        }
        if begun_again {
            self.begin(sequence);
        }
    }

    /// Goes on where it was stopped, if it was begun again and the step that stands there is owed.
    fn resume(&mut self, sequence: &Sequence) {
        let standing = self.snap.state.sequences.get(&*sequence.id);
        let Some(stopped) = standing.and_then(|standing| standing.stopped.as_ref()) else { return };
        let owed = stopped.owed.as_ref().filter(|_| stopped.begun_again).and_then(|step| sequence.find(step));
        let Some(at) = owed.filter(|_| self.is_open_to(sequence)) else { return };
        let due = self.decent(sequence.hours, self.now);
        self.stand_before(sequence, at, due);
        if let Some(standing) = self.snap.state.sequences.get_mut(&*sequence.id) {
            (standing.stopped, standing.outcome) = (None, None);
        }
        self.count_going_on(&sequence.id, "stopped");
    }

    /// Whoever was counted as at its end is in it again.
    pub(super) fn count_going_on(&mut self, id: &str, ended: &str) {
        self.count(Counted::SequenceEnded, &format!("{id}.{ended}"), -1);
    }
}
