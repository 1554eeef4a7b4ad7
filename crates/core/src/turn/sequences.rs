//! Sequences: who enters, what is due, and what ends them. We write first here, so nothing is sent in the quiet hours, past
//! the day's limits, to whoever does not want it, or while a person has the conversation.

mod broadcast;
mod letter;
mod timing;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use self::timing::plus;
use super::{
    state::{Said, Standing},
    work::Work,
};
use crate::{
    fact::Fact,
    ids::BubbleId,
    may_write::{By, Form, Letter, Quota, REMEMBERED, STALE_AFTER, Verdict, Why},
    message::{Purpose, Timer},
    spec::{
        config::accounts,
        sequence::{ClosedWindow, OnReply, Sequence, SequenceStep},
    },
    tally::{Counted, Tally},
};

/// The timer of all sequences of a conversation: it rings for the one that is due first.
const TIMER: &str = "sequence";
/// How often a step is said in all that does not go out in time.
const TRIES_MAX: u8 = 3;
/// How often a turn looks at what came of sequences that it moved: files may have them move each other for ever.
const ROUNDS_MAX: usize = 4;

/// How long a step waits for a customer to write where its sequence does not say when it is too late.
const CLOSED_MAX: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What becomes of a step that is due.
enum Fate {
    /// It is said, and the next one is planned.
    Send {
        /// What could not be delivered until then is not sent any more.
        expires: Option<Timestamp>,
        /// The messenger's name of the template that it goes out as.
        template: Option<String>,
    },
    /// It is left out.
    Skip(LeftOut),
    /// It waits until then.
    Wait(Timestamp),
    /// The sequence is over.
    End(&'static str),
}

/// Why a step is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LeftOut {
    /// It does not concern the customer, or not any more.
    NotMeant,
    /// It must not be written to them.
    Barred,
}

impl Work {
    /// At the end of a turn: what happened in it ends sequences, holds them up, and begins them. How one ended may change the lead's
    /// score, and that is heard in turn.
    pub(super) fn move_sequences(&mut self) {
        let book = Arc::clone(&self.book);
        let all = &book.spec.sequences;
        if all.is_empty() && self.snap.state.sequences.is_empty() {
            return;
        }
        // A file that is gone ends its sequence. Who stood in it is remembered: it may come back.
        let open = self.snap.state.sequences.iter().filter(|(_, standing)| standing.next.is_some());
        let gone: Vec<String> = open.map(|(id, _)| id.clone()).filter(|id| !all.contains_key(id.as_str())).collect();
        for id in &gone {
            self.end_sequence(id, "left");
        }
        let (mut ended_by, mut begun_by) = (0, 0);
        for round in 0..ROUNDS_MAX {
            let happened = self.names_of_facts(&mut ended_by);
            for sequence in all.values() {
                if !self.stands_in(&sequence.id) {
                    continue;
                }
                if let Some(outcome) = self.ending(sequence, &happened) {
                    self.end_sequence(&sequence.id, outcome);
                } else if self.customer_acted && round == 0 {
                    self.on_reply(sequence);
                }
            }
            // What has just ended may be what another one waits for.
            let happened = self.names_of_facts(&mut begun_by);
            for sequence in all.values() {
                if !happened.iter().any(|name| *name == sequence.enter.fact.name()) {
                    continue;
                }
                if self.stands_in(&sequence.id) {
                    self.move_to_moment(sequence);
                } else if self.may_enter(sequence) {
                    self.enter(sequence);
                }
            }
            if self.facts.len() > ended_by {
                self.update_score();
            }
            if !self.facts[ended_by..].iter().any(|event| event.fact.is_asked_for()) {
                break;
            }
        }
        self.move_to_their_clock();
        self.plan_sequences();
    }

    /// What happened in this turn since a look at its facts, by name; the next look goes on from here.
    fn names_of_facts(&self, seen: &mut usize) -> Vec<String> {
        let from = std::mem::replace(seen, self.facts.len());
        self.facts[from..].iter().map(|event| event.fact.name()).collect()
    }

    fn stands_in(&self, id: &str) -> bool {
        self.snap.state.sequences.get(id).is_some_and(|standing| standing.next.is_some())
    }

    fn ending(&self, sequence: &Sequence, happened: &[String]) -> Option<&'static str> {
        let standing = self.snap.state.sequences.get(&*sequence.id);
        let reached = |goal: &crate::spec::expr::Fact| {
            let goal = goal.name();
            happened.iter().any(|name| *name == goal)
                || standing.is_some_and(|standing| self.has_happened_elsewhere(&goal, standing.entered))
        };
        if self.wants_nothing() {
            Some("stopped")
        } else if sequence.goal.as_ref().is_some_and(reached) {
            Some("goal")
        } else if self.snap.state.blocked {
            Some("unreachable")
        } else {
            // They entered before the file said what it is about.
            let is_of_another_time = sequence.around.is_some() && standing.is_some_and(|one| one.around.is_none());
            let leaves = sequence.leave.as_ref().is_some_and(|leave| leave.is_true(&self.scope_of_person()));
            (leaves || is_of_another_time || self.goes_on_elsewhere(sequence)).then_some("left")
        }
    }

    fn on_reply(&mut self, sequence: &Sequence) {
        match sequence.on_reply {
            // The customer has opened the messenger's window.
            OnReply::Continue if sequence.closed_window == ClosedWindow::Wait => {
                if let Some(standing) = self.snap.state.sequences.get_mut(&*sequence.id) {
                    standing.held = None;
                }
            }
            OnReply::Continue => {}
            OnReply::Stop => self.end_sequence(&sequence.id, "stopped"),
            OnReply::Pause(period) => {
                let until = self.after(period);
                let due = self.decent(sequence.hours, until);
                if let Some(standing) = self.snap.state.sequences.get_mut(&*sequence.id) {
                    standing.due = standing.due.max(due);
                    (standing.held, standing.paused) = (None, Some(due));
                }
            }
        }
    }

    fn may_enter(&self, sequence: &Sequence) -> bool {
        let state = &self.snap.state;
        let again = match state.sequences.get(&*sequence.id) {
            None => true,
            Some(standing) if standing.next.is_some() => false,
            Some(standing) if standing.is_kept_from_all(self.now) => true,
            Some(standing) => self.may_follow(sequence, standing.entered, self.now),
        };
        let elsewhere = self.entered_elsewhere(&sequence.id);
        again && elsewhere.is_none_or(|at| self.may_follow(sequence, at, self.now)) && self.is_open_to(sequence)
    }

    /// Whether it may be entered at `now` by whoever has entered it last at `before`.
    fn may_follow(&self, sequence: &Sequence, before: Timestamp, now: Timestamp) -> bool {
        match sequence.enter.again {
            Some(again) => plus(before, again, self.zone()) <= now,
            None => sequence.may_be_entered_again(),
        }
    }

    /// Whether the person has its first letter from another account, where it goes on. Nobody gets it twice.
    fn goes_on_elsewhere(&self, sequence: &Sequence) -> bool {
        let standing = self.snap.state.sequences.get(&*sequence.id);
        let Some(waits) = standing.filter(|standing| standing.has_got_nothing(self.now)) else { return false };
        self.entered_elsewhere(&sequence.id).is_some_and(|at| !self.may_follow(sequence, at, waits.entered))
    }

    /// Whether the customer may be in it, but for having been in it before.
    fn is_open_to(&self, sequence: &Sequence) -> bool {
        let state = &self.snap.state;
        let of_group = |id: &str| self.book.spec.sequences.get(id).and_then(|other| other.group.as_deref());
        let group_is_free = sequence.group.as_deref().is_none_or(|group| {
            !state.sequences.iter().any(|(id, standing)| standing.next.is_some() && of_group(id) == Some(group))
        });
        group_is_free
            && !state.blocked
            && !self.wants_nothing()
            && self.is_meant(sequence)
            && (sequence.around.is_none() || self.first_ahead(sequence).is_some())
    }

    fn is_meant(&self, sequence: &Sequence) -> bool {
        sequence.enter.when.as_ref().is_none_or(|when| when.is_true(&self.scope_of_person()))
    }

    fn enter(&mut self, sequence: &Sequence) {
        let old = self.snap.state.sequences.remove(&*sequence.id);
        let goes_on = old.as_ref().is_some_and(|old| old.is_kept_from_all(self.now));
        let ended = old.as_ref().filter(|_| goes_on).and_then(|old| old.outcome.clone());
        let (sent, barred) = old.map(|old| (old.sent, old.barred)).unwrap_or_default();
        let (index, around) = self.first_ahead(sequence).map_or((0, None), |(at, moment)| (at, Some(moment)));
        let due = self.planned(sequence, index, around, self.now);
        let next = sequence.steps.get(index).map(|step| step.id.to_string());
        let standing = Standing { next, index, around, sent, ..Standing::new(self.now, due) };
        self.snap.state.sequences.insert(sequence.id.to_string(), standing);
        self.draw_variants(&sequence.variants);
        let Some(ended) = ended else {
            return self.fact(Fact::SequenceEntered { sequence: sequence.id.to_string() });
        };
        // Nothing came of it the first time: it was that they are in.
        self.count_going_on(&sequence.id, &ended);
        for step in barred {
            self.count(Counted::SequenceBarred, &format!("{}.{step}", sequence.id), -1);
        }
    }

    /// What began the sequence happened again: its moment may be another one now.
    fn move_to_moment(&mut self, sequence: &Sequence) {
        let known = self.snap.state.sequences.get(&*sequence.id).and_then(|standing| standing.around);
        let moment = self.moment_of(sequence);
        if known.is_none() {
            return;
        }
        if !self.is_meant(sequence) {
            return self.end_sequence(&sequence.id, "left");
        }
        if moment == known {
            return;
        }
        let Some((at, moment)) = self.first_ahead(sequence) else { return self.end_sequence(&sequence.id, "left") };
        let due = self.planned(sequence, at, Some(moment), self.now);
        self.stand_before(sequence, at, due);
        if let Some(standing) = self.snap.state.sequences.get_mut(&*sequence.id) {
            standing.around = Some(moment);
        }
    }

    fn end_sequence(&mut self, id: &str, outcome: &str) {
        let Some(standing) = self.snap.state.sequences.get_mut(id) else { return };
        standing.next = None;
        standing.outcome = Some(outcome.to_owned());
        // How it ended was said when its last step was said for the first time.
        if !standing.reopened {
            self.fact(Fact::SequenceEnded { sequence: id.to_owned(), outcome: outcome.to_owned() });
        }
    }

    /// Sets the timer to whatever is due first.
    fn plan_sequences(&mut self) {
        let open = self.snap.state.sequences.values().filter(|standing| standing.next.is_some());
        let first = open.map(|standing| rings(standing).max(self.now)).min();
        let set = self.snap.state.timers.get(TIMER).copied();
        match first {
            Some(due) if set.map(Timestamp::as_microsecond) == Some(due.as_microsecond()) => {}
            Some(due) => self.set_timer(due, Timer::Sequence),
            None if set.is_some() => self.cancel_timer(TIMER),
            None => {}
        }
    }

    /// The timer rang: every sequence with a step that is due sends it, holds it back, or leaves it out.
    pub(super) fn on_sequences(&mut self) {
        let book = Arc::clone(&self.book);
        for sequence in book.spec.sequences.values() {
            let standing = self.snap.state.sequences.get(&*sequence.id);
            if standing.is_some_and(|standing| standing.next.is_some() && rings(standing) <= self.now) {
                self.take_step(sequence);
            }
        }
    }

    fn take_step(&mut self, sequence: &Sequence) {
        // Steps that are left out lead to the next one, which may be due as well; a sequence has few.
        for _ in 0..=sequence.steps.len() {
            let Some(standing) = self.snap.state.sequences.get(&*sequence.id) else { return };
            let Some(next) = &standing.next else { return };
            let (due, around) = (standing.due, standing.around);
            // By its id; where that is gone, what stands in its place.
            let at = sequence.find(next).unwrap_or(standing.index);
            let Some(step) = sequence.steps.get(at) else { return self.end_sequence(&sequence.id, "done") };
            match self.fate(sequence, at, due, around) {
                Fate::Wait(until) => {
                    if let Some(standing) = self.snap.state.sequences.get_mut(&*sequence.id) {
                        standing.held = Some(until);
                    }
                    return;
                }
                Fate::End(outcome) => return self.end_sequence(&sequence.id, outcome),
                Fate::Skip(why) => {
                    if why == LeftOut::Barred {
                        self.count(Counted::SequenceBarred, &format!("{}.{}", sequence.id, step.id), 1);
                        if let Some(standing) = self.snap.state.sequences.get_mut(&*sequence.id) {
                            standing.barred.push(step.id.to_string());
                        }
                    }
                    let planned = self.planned(sequence, at + 1, around, due);
                    self.stand_before(sequence, at + 1, planned);
                    if planned > self.now {
                        return;
                    }
                }
                Fate::Send { expires, template } => {
                    self.expires = [self.expires, expires].into_iter().flatten().min();
                    self.about = around.and_then(|moment| self.as_agreed(sequence, moment));
                    self.send_step(sequence, step, template.as_deref());
                    self.about = None;
                    self.fact(Fact::SequenceSent { sequence: sequence.id.to_string(), step: step.id.to_string() });
                    let now = self.now;
                    if let Some(standing) = self.snap.state.sequences.get_mut(&*sequence.id) {
                        standing.sent.retain(|at| now.duration_since(*at) < REMEMBERED);
                        standing.sent.push(now);
                        let same = |said: &&Said| *said.step == *step.id;
                        let tries = standing.outgoing.iter().find(same).map_or(0, |said| said.tries) + 1;
                        let may_wait = |said: &Said| !same(&said) && now.duration_since(said.at) < STALE_AFTER;
                        standing.outgoing.retain(may_wait);
                        let (step, bubbles) = (step.id.to_string(), Vec::new());
                        standing.outgoing.push(Said { step, at: now, due, tries, bubbles });
                    }
                    self.wrote_first();
                    let planned = self.planned(sequence, at + 1, around, now);
                    return self.stand_before(sequence, at + 1, planned);
                }
            }
        }
    }

    /// Bubbles of the step of a sequence that this turn says.
    pub(super) fn is_on_its_way(&mut self, sequence: &str, bubbles: impl Iterator<Item = BubbleId>) {
        let standing = self.snap.state.sequences.get_mut(sequence);
        if let Some(said) = standing.and_then(|standing| standing.outgoing.last_mut()) {
            said.bubbles.extend(bubbles);
        }
    }

    /// A bubble did not go out, and nobody has seen it. If that is so of all bubbles of a step, the step was not said.
    pub(super) fn comes_back(&mut self, bubble: BubbleId) {
        let unsaid = self.snap.state.sequences.iter_mut().find_map(|(id, standing)| {
            let said = standing.outgoing.iter_mut().find(|said| said.bubbles.contains(&bubble))?;
            said.bubbles.retain(|other| *other != bubble);
            // The others of the step may have been seen, and would be said again with it.
            said.bubbles.is_empty().then(|| (id.clone(), said.clone()))
        });
        let Some((id, said)) = unsaid else { return };
        if let Some(standing) = self.snap.state.sequences.get_mut(&id) {
            standing.sent.retain(|at| *at != said.at);
        }
        let unasked = &mut self.snap.state.unasked;
        if let Some(at) = unasked.iter().position(|at| *at == said.at) {
            unasked.remove(at);
        }
        self.count(Counted::SequenceSent, &format!("{id}.{}", said.step), -1);
        let book = Arc::clone(&self.book);
        let Some(sequence) = book.spec.sequences.get(&*id) else { return };
        if self.is_stopped(&id) {
            self.is_owed(sequence, &said);
        } else {
            self.say_again(sequence, &said);
        }
    }

    /// Says a step again that was not said after all: a few times, and while it has not expired.
    fn say_again(&mut self, sequence: &Sequence, said: &Said) {
        let ends = self.ending(sequence, &[]).is_some();
        let Some(at) = sequence.find(&said.step).filter(|_| !ends && said.tries < TRIES_MAX) else { return };
        let Some(standing) = self.snap.state.sequences.get_mut(&*sequence.id) else { return };
        // What was said since has overtaken it.
        if standing.outgoing.last().is_none_or(|last| last.step != said.step) {
            return;
        }
        if standing.next.is_none() {
            let was_last = at + 1 == sequence.steps.len();
            if !was_last {
                return;
            }
            standing.reopened = true;
        }
        (standing.next, standing.index, standing.due) = (Some(said.step.clone()), at, said.due);
        // Who has replied meanwhile has their pause.
        standing.held = Some(standing.paused.map_or(self.now, |paused| paused.max(self.now)));
    }

    fn stand_before(&mut self, sequence: &Sequence, at: usize, due: Timestamp) {
        let next = sequence.steps.get(at).map(|step| step.id.to_string());
        if next.is_none() {
            return self.end_sequence(&sequence.id, "done");
        }
        if let Some(standing) = self.snap.state.sequences.get_mut(&*sequence.id) {
            (standing.next, standing.index, standing.due, standing.held) = (next, at, due, None);
        }
    }

    fn fate(&mut self, sequence: &Sequence, at: usize, due: Timestamp, around: Option<Timestamp>) -> Fate {
        if let Some(outcome) = self.ending(sequence, &[]) {
            return Fate::End(outcome);
        }
        let Some(step) = sequence.steps.get(at) else { return Fate::Skip(LeftOut::NotMeant) };
        if step.when.as_ref().is_some_and(|when| !when.is_true(&self.scope_of_person())) {
            return Fate::Skip(LeftOut::NotMeant);
        }
        // Of a moment one thing is said at a time, and none of it by the bot while a person has the conversation.
        let overtaken = |moment: Timestamp| {
            // Only what would be said in its place overtakes it.
            let is_said =
                |step: &SequenceStep| step.when.as_ref().is_none_or(|when| when.is_true(&self.scope_of_person()));
            let mut later = sequence.steps.iter().skip(at + 1).filter(|step| self.about(step, moment) <= self.now);
            !self.is_with_bot() || later.any(is_said)
        };
        if around.is_some_and(overtaken) {
            return Fate::Skip(LeftOut::NotMeant);
        }
        let expires = sequence.expires.map(|expires| plus(due, expires, self.zone()));
        // What is said before a moment is too late from then on.
        let over = around.filter(|_| step.after.in_minutes() < 0);
        let letter = Letter {
            purpose: if sequence.ad.is_some() { Purpose::Ad } else { Purpose::Service },
            by: By::Bot,
            expires: [expires, over].into_iter().flatten().min(),
            hours: sequence.hours,
            per_day: sequence.per_day.map(|max| Quota { sent: self.sent_today(sequence), max }),
            form: Form::Free,
        };
        let verdict = self.may_write(&letter);
        match (&sequence.closed_window, verdict) {
            (ClosedWindow::Wait, Verdict::Never(Why::WindowClosed)) if self.setting.capabilities.pushes.it() => {
                let until = letter.expires.unwrap_or(due + CLOSED_MAX);
                if until <= self.now { Fate::Skip(LeftOut::Barred) } else { Fate::Wait(until) }
            }
            (ClosedWindow::Template(name), Verdict::Never(Why::WindowClosed)) => match self.template(name) {
                // What a template says is the messenger's: whether it is marked as an advertisement is not known here.
                Some(template) if letter.purpose == Purpose::Service => {
                    let verdict = self.may_write(&Letter { form: Form::Template, ..letter });
                    self.judged(verdict, Some(template))
                }
                _ => Fate::Skip(LeftOut::Barred),
            },
            _ => self.judged(verdict, None),
        }
    }

    /// The messenger's own name of a template, where the account of this conversation has it.
    fn template(&self, name: &str) -> Option<String> {
        let account = self.book.spec.config.accounts.iter().find(|account| account.id == self.snap.account)?;
        accounts::template(account, name).map(str::to_owned)
    }

    fn judged(&mut self, verdict: Verdict, template: Option<String>) -> Fate {
        match verdict {
            Verdict::Now { expires } => Fate::Send { expires, template },
            Verdict::NotBefore(until, _) => Fate::Wait(until),
            Verdict::Never(why) => {
                if matches!(why, Why::NoConsent | Why::AdsDenied) {
                    self.fact(Fact::AdSuppressed);
                }
                Fate::Skip(LeftOut::Barred)
            }
        }
    }

    /// Counts something of a sequence that no fact tells; what is taken back counts against it.
    fn count(&mut self, what: Counted, key: &str, n: i64) {
        let day = self.today();
        self.counted.push(Tally::of(day, what, key, n));
    }

    /// How many of its messages came on the customer's day.
    fn sent_today(&self, sequence: &Sequence) -> u32 {
        let day = |at: Timestamp| at.to_zoned(self.zone().clone()).date();
        let own = self.snap.state.sequences.get(&*sequence.id).map_or(&[][..], |standing| &standing.sent);
        let today = own.iter().filter(|at| day(**at) == day(self.now));
        u32::try_from(today.count()).unwrap_or(u32::MAX)
    }
}

/// When a step is to be looked at.
fn rings(standing: &Standing) -> Timestamp {
    standing.held.unwrap_or(standing.due)
}
