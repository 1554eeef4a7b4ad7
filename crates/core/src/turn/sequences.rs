//! Sequences: who enters, what is due, and what ends them. We write first here, so nothing is sent in the quiet hours, past
//! the day's limits, to whoever does not want it, or while a person has the conversation.

use std::sync::Arc;

use jiff::{Span as Stretch, Timestamp, tz::TimeZone};

use super::{
    state::{Presence, Standing},
    token::{self, Token},
    wording,
    work::Work,
};
use crate::{
    fact::Fact,
    may_write::{By, Letter, Quota, REMEMBERED, Verdict, Why, moment},
    message::{BroadcastAct, Bubble, Button, Press, Purpose, Timer},
    rows::Withdraw,
    spec::{
        expr,
        flow::{self, Target},
        rich::Rich,
        sequence::{Ad, OnReply, Sequence, SequenceStep},
        value::Period,
    },
    turn::flow::token_press,
};

/// The timer of all sequences of a conversation: it rings for the one that is due first.
const TIMER: &str = "sequence";
/// What becomes of a step that is due.
enum Fate {
    /// It is said, and the next one is planned; what could not be delivered until then is not sent any more.
    Send(Option<Timestamp>),
    /// It is left out.
    Skip,
    /// It waits until then.
    Wait(Timestamp),
    /// The sequence is over.
    End(&'static str),
}

impl Work {
    /// At the end of a turn: what happened in it ends sequences, holds them up, and begins them.
    pub(super) fn move_sequences(&mut self) {
        let book = Arc::clone(&self.book);
        let all = &book.spec.sequences;
        if all.is_empty() && self.snap.state.sequences.is_empty() {
            return;
        }
        // A file that is gone ends its sequence without a word. Who stood in it is remembered: it may come back.
        let gone = self.snap.state.sequences.iter_mut().filter(|(id, _)| !all.contains_key(id.as_str()));
        gone.for_each(|(_, standing)| standing.next = None);
        let happened: Vec<String> = self.facts.iter().map(|event| event.fact.name()).collect();
        for sequence in all.values() {
            if !self.stands_in(&sequence.id) {
                continue;
            }
            if let Some(outcome) = self.ending(sequence, &happened) {
                self.end_sequence(&sequence.id, outcome);
            } else if self.customer_acted {
                self.on_reply(sequence);
            }
        }
        // What has just ended may be what another one waits for.
        let happened: Vec<String> = self.facts.iter().map(|event| event.fact.name()).collect();
        for sequence in all.values() {
            if happened.iter().any(|name| *name == sequence.enter.fact.name()) && self.may_enter(sequence) {
                self.enter(sequence);
            }
        }
        self.plan_sequences();
    }

    fn stands_in(&self, id: &str) -> bool {
        self.snap.state.sequences.get(id).is_some_and(|standing| standing.next.is_some())
    }

    fn ending(&self, sequence: &Sequence, happened: &[String]) -> Option<&'static str> {
        let reached = |goal: &crate::spec::expr::Fact| happened.iter().any(|name| *name == goal.name());
        if self.snap.customer.more.opted_out {
            Some("stopped")
        } else if sequence.goal.as_ref().is_some_and(reached) {
            Some("goal")
        } else if self.snap.state.blocked {
            Some("unreachable")
        } else {
            sequence.leave.as_ref().is_some_and(|leave| leave.is_true(&self.scope())).then_some("left")
        }
    }

    fn on_reply(&mut self, sequence: &Sequence) {
        match sequence.on_reply {
            OnReply::Continue => {}
            OnReply::Stop => self.end_sequence(&sequence.id, "stopped"),
            OnReply::Pause(period) => {
                let until = self.after(period);
                let due = self.decent(sequence.hours, until);
                if let Some(standing) = self.snap.state.sequences.get_mut(&*sequence.id) {
                    standing.due = standing.due.max(due);
                    standing.held = None;
                }
            }
        }
    }

    fn may_enter(&self, sequence: &Sequence) -> bool {
        let state = &self.snap.state;
        let again = match state.sequences.get(&*sequence.id) {
            None => true,
            Some(standing) if standing.next.is_some() => false,
            Some(standing) => {
                sequence.enter.again.is_some_and(|again| plus(standing.entered, again, self.zone()) <= self.now)
            }
        };
        let of_group = |id: &str| self.book.spec.sequences.get(id).and_then(|other| other.group.as_deref());
        let group_is_free = sequence.group.as_deref().is_none_or(|group| {
            !state.sequences.iter().any(|(id, standing)| standing.next.is_some() && of_group(id) == Some(group))
        });
        again
            && group_is_free
            && !state.blocked
            && !self.snap.customer.more.opted_out
            && sequence.enter.when.as_ref().is_none_or(|when| when.is_true(&self.scope()))
    }

    fn enter(&mut self, sequence: &Sequence) {
        let sent = self.snap.state.sequences.remove(&*sequence.id).map(|old| old.sent).unwrap_or_default();
        let due = self.planned(sequence, 0, self.now);
        let next = sequence.steps.first().map(|step| step.id.to_string());
        let standing = Standing { entered: self.now, next, index: 0, due, held: None, sent };
        self.snap.state.sequences.insert(sequence.id.to_string(), standing);
        self.fact(Fact::SequenceEntered { sequence: sequence.id.to_string() });
    }

    fn end_sequence(&mut self, id: &str, outcome: &str) {
        if let Some(standing) = self.snap.state.sequences.get_mut(id) {
            standing.next = None;
            self.fact(Fact::SequenceEnded { sequence: id.to_owned(), outcome: outcome.to_owned() });
        }
    }

    /// The team sends a sequence to many. Whoever has it already does not get it again.
    pub(super) fn on_broadcast(&mut self, id: &str, act: BroadcastAct) {
        let book = Arc::clone(&self.book);
        let Some(sequence) = book.spec.sequences.get(id) else { return };
        match act {
            BroadcastAct::Begin => {
                let is_one = sequence.enter.fact == expr::Fact::Broadcast;
                let has_spoken = self.snap.state.presence == Presence::Heard;
                if is_one && has_spoken && self.may_enter(sequence) {
                    self.enter(sequence);
                }
            }
            // Who has got nothing of it stands as before, and may get it when it is sent after all.
            BroadcastAct::End => {
                let Some(standing) = self.snap.state.sequences.get(id) else { return };
                // What the messenger has not taken yet is not sent either.
                self.withdraw = Withdraw::Campaigns;
                let has_got_some = standing.index > 0 || standing.sent.iter().any(|at| *at >= standing.entered);
                if !has_got_some {
                    self.snap.state.sequences.remove(id);
                } else if self.stands_in(id) {
                    self.end_sequence(id, "stopped");
                }
            }
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
            let due = standing.due;
            // By its id; where that is gone, what stands in its place.
            let at = sequence.find(next).unwrap_or(standing.index);
            let Some(step) = sequence.steps.get(at) else { return self.end_sequence(&sequence.id, "done") };
            match self.fate(sequence, step, due) {
                Fate::Wait(until) => {
                    if let Some(standing) = self.snap.state.sequences.get_mut(&*sequence.id) {
                        standing.held = Some(until);
                    }
                    return;
                }
                Fate::End(outcome) => return self.end_sequence(&sequence.id, outcome),
                Fate::Skip => {
                    let planned = self.planned(sequence, at + 1, due);
                    self.stand_before(sequence, at + 1, planned);
                    if planned > self.now {
                        return;
                    }
                }
                Fate::Send(expires) => {
                    self.expires = [self.expires, expires].into_iter().flatten().min();
                    self.send_step(sequence, step);
                    self.fact(Fact::SequenceSent { sequence: sequence.id.to_string(), step: step.id.to_string() });
                    let now = self.now;
                    if let Some(standing) = self.snap.state.sequences.get_mut(&*sequence.id) {
                        standing.sent.retain(|at| now.duration_since(*at) < REMEMBERED);
                        standing.sent.push(now);
                    }
                    self.wrote_first();
                    let planned = self.planned(sequence, at + 1, now);
                    return self.stand_before(sequence, at + 1, planned);
                }
            }
        }
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

    fn fate(&mut self, sequence: &Sequence, step: &SequenceStep, due: Timestamp) -> Fate {
        if let Some(outcome) = self.ending(sequence, &[]) {
            return Fate::End(outcome);
        }
        if step.when.as_ref().is_some_and(|when| !when.is_true(&self.scope())) {
            return Fate::Skip;
        }
        let letter = Letter {
            purpose: if sequence.ad.is_some() { Purpose::Ad } else { Purpose::Service },
            by: By::Bot,
            expires: sequence.expires.map(|expires| plus(due, expires, self.zone())),
            hours: sequence.hours,
            per_day: sequence.per_day.map(|max| Quota { sent: self.sent_today(sequence), max }),
        };
        match self.may_write(&letter) {
            Verdict::Now { expires } => Fate::Send(expires),
            Verdict::NotBefore(until, _) => Fate::Wait(until),
            Verdict::Never(why) => {
                if matches!(why, Why::NoConsent | Why::AdsDenied) {
                    self.fact(Fact::AdSuppressed);
                }
                Fate::Skip
            }
        }
    }

    /// How many of its messages came on the customer's day.
    fn sent_today(&self, sequence: &Sequence) -> u32 {
        let day = |at: Timestamp| at.to_zoned(self.zone().clone()).date();
        let own = self.snap.state.sequences.get(&*sequence.id).map_or(&[][..], |standing| &standing.sent);
        let today = own.iter().filter(|at| day(**at) == day(self.now));
        u32::try_from(today.count()).unwrap_or(u32::MAX)
    }

    /// All its messages, in order.
    pub(super) fn sample(mut self, id: &str) -> Option<Vec<Bubble>> {
        let book = Arc::clone(&self.book);
        let sequence = book.spec.sequences.get(id)?;
        sequence.steps.iter().for_each(|step| self.send_step(sequence, step));
        Some(self.speak().into_iter().map(|row| row.bubble).collect())
    }

    fn send_step(&mut self, sequence: &Sequence, step: &SequenceStep) {
        self.reply.close();
        if let Some(photo) = &step.photo {
            self.reply.photo(photo.clone());
        }
        let text = step.text.get(self.lang).render(&self.scope(), self.lang, self.today());
        self.reply.say(&text);
        if let Some(ad) = &sequence.ad {
            let label = self.ad_label(ad);
            self.reply.promote(&label);
        }
        let products: Vec<_> = step.products.iter().filter_map(|id| self.book.spec.catalogue.get(id)).collect();
        if !products.is_empty() {
            let cards: Vec<_> = products.into_iter().map(|product| self.card(product)).collect();
            self.reply.cards(cards);
        }
        let buttons: Vec<Button> = step.buttons.iter().filter_map(|button| self.sequence_button(button)).collect();
        if !buttons.is_empty() {
            self.reply.buttons(buttons);
        }
        self.reply.close();
    }

    /// «Реклама», and whose: the law wants both said.
    fn ad_label(&self, ad: &Ad) -> Rich {
        let whose = ad.advertiser.as_ref().unwrap_or(&self.book.spec.config.name);
        let mut label = format!("{}. {whose}", wording::advertisement(self.lang));
        if let Some(erid) = &ad.erid {
            label.extend([". erid: ", erid]);
        }
        Rich::plain(label)
    }

    fn sequence_button(&self, button: &flow::Button) -> Option<Button> {
        let label = button.label.get(self.lang).render(&self.scope(), self.lang, self.today()).text;
        let press = match &button.target {
            Target::Link(name) => Press::Url { url: self.link(name)? },
            Target::Flow(flow) => token_press(Token::Start(token::hash(flow.as_str()))),
            Target::Stop => token_press(Token::Plain(token::Plain::Stop)),
            Target::Human => token_press(Token::Plain(token::Plain::Human)),
            Target::Step(_) => return None,
        };
        Some(Button { label, press })
    }

    /// When a step is due after the one before it was sent.
    fn planned(&self, sequence: &Sequence, at: usize, from: Timestamp) -> Timestamp {
        let Some(step) = sequence.steps.get(at) else { return from };
        let zone = self.zone();
        let after = plus(from, step.after, zone);
        let planned = step.at.map_or(after, |hour| {
            let day = after.to_zoned(zone.clone()).date();
            let that_day = moment(day.to_datetime(hour), zone);
            // An hour that is over on the first day is the next day's.
            if that_day >= from {
                that_day
            } else {
                day.tomorrow().map_or(that_day, |next| moment(next.to_datetime(hour), zone))
            }
        });
        self.decent(sequence.hours, planned)
    }
}

/// When a step is to be looked at.
fn rings(standing: &Standing) -> Timestamp {
    standing.held.unwrap_or(standing.due)
}

/// A period later: days by the calendar, minutes exact.
fn plus(at: Timestamp, period: Period, zone: &TimeZone) -> Timestamp {
    let stretch = Stretch::new().days(period.days).minutes(period.minutes);
    at.to_zoned(zone.clone()).checked_add(stretch).map_or(at, |at| at.timestamp())
}
