//! Silence: what a flow does when the customer does not answer. We write first here, so decent hours are kept.

use jiff::{SignedDuration, Timestamp};

use crate::{
    lang::{Lang, print},
    may_write::{Letter, Verdict},
    message::Timer,
    spec::{
        flow::{Action, Silence, Silent},
        value::Period,
    },
    turn::{flow::Arrival, state::Run, work::Work},
};

/// Farthest day that is looked at for opening hours.
const DAYS_AHEAD_MAX: usize = 31;
/// Reminders that were to come further apart come no closer than this, whatever held the first one back.
const APART_MIN: SignedDuration = SignedDuration::from_mins(30);

/// The entry of `silence` that is next.
struct Next {
    entry: u16,
    after: Period,
    /// Whether it says something.
    speaks: bool,
    /// When the one before it was, and after which silence it was to be.
    last: Option<(Timestamp, Period)>,
}

impl Work {
    /// Sets the timer of the open step's next entry, counted from the customer's last event.
    pub(in crate::turn) fn plan_silence(&mut self) {
        let reachable = self.bot_owns() && !self.snap.state.blocked && !self.wants_nothing();
        let entry = reachable.then(|| self.next_silence()).flatten();
        let Some(Next { entry, after, speaks, last }) = entry else {
            return self.cancel_timer("silence");
        };
        let heard = self.snap.state.last_heard.unwrap_or(self.now);
        let from = if self.given_back { self.now } else { heard };
        // A clock that was set back since then does not prolong the silence.
        let lag = self.now.duration_since(from).max(SignedDuration::ZERO);
        let due = self.after(after).checked_sub(lag).unwrap_or(self.now);
        let due = last.map_or(due, |(at, last)| due.max(self.apart(at.min(self.now), last, after, due)));
        // Ending says nothing, so it needs no decent hour.
        let due = match self.may_write(&Letter::NEWS) {
            _ if !speaks => due,
            // It is due, as finely as stores tell moments, and enough was written today: it would ring again at once.
            Verdict::NotBefore(until, _) if due.as_microsecond() <= self.now.as_microsecond() => until,
            _ => self.decent(None, due),
        };
        self.set_timer(due, Timer::Silence { entry });
    }

    /// When the next entry may come at the earliest, after one that came at `at`. Where the night held both back, as long
    /// after it as the file has it; else a while, if that is how long the file leaves between them.
    fn apart(&self, at: Timestamp, last: Period, next: Period, due: Timestamp) -> Timestamp {
        let between = self.after(next).duration_since(self.after(last));
        at + if due <= at { between } else { between.min(APART_MIN) }
    }

    fn next_silence(&self) -> Option<Next> {
        let run = self.snap.state.run.as_ref()?;
        let (flow, at) = self.open_step()?;
        let action = &flow.step(at).action;
        if matches!(action, Action::Wait(_)) {
            return None;
        }
        let entries = entries(&flow, action);
        let entry = entries.get(usize::from(run.silences))?;
        let last = run.silences.checked_sub(1).and_then(|last| entries.get(usize::from(last)));
        let last = run.reminded.zip(last.map(|last| last.after));
        Some(Next { entry: run.silences, after: entry.after, speaks: !matches!(entry.then, Silent::End(_)), last })
    }

    /// The silence timer rang.
    pub(in crate::turn) fn on_silence(&mut self, entry: u16) {
        let reachable = self.bot_owns() && !self.snap.state.blocked && !self.wants_nothing();
        let waits = self.snap.state.run.as_ref().is_some_and(|run| run.silences == entry);
        if !reachable || !waits {
            return;
        }
        let Some((flow, at)) = self.open_step() else { return };
        let Some(then) = entries(&flow, &flow.step(at).action).get(usize::from(entry)).map(|entry| &entry.then) else {
            return;
        };
        let verdict = self.may_write(&Letter::NEWS);
        if let (Verdict::NotBefore(until, _), Silent::Say(_) | Silent::Goto(_)) = (verdict, then) {
            return self.set_timer(until, Timer::Silence { entry });
        }
        let Some(mut run) = self.snap.state.run.take() else { return };
        (run.silences, run.reminded) = (entry + 1, Some(self.now));
        match then {
            // What cannot be said is passed over; what comes after it still may.
            Silent::Say(_) | Silent::Goto(_) if matches!(verdict, Verdict::Never(_)) || self.snap.state.is_upset() => {
                self.snap.state.run = Some(run);
            }
            Silent::Say(text) => {
                let text = self.text(&run, text);
                self.snap.state.run = Some(run);
                self.wrote_first();
                self.reply.say(&text);
                self.ask_again();
            }
            Silent::End(outcome) => {
                self.snap.state.shelved = Some(Run { at: self.now, takes: None, order: None, ..run.clone() });
                // Nobody is there: what was interrupted does not speak up either.
                let below = std::mem::take(&mut self.snap.state.stack);
                for run in &below {
                    self.finish_run(run, "interrupted");
                }
                self.finish_run(&run, outcome);
            }
            Silent::Goto(step) => {
                self.wrote_first();
                self.walk(run, Some(*step), Arrival::ByJump, &[]);
            }
        }
    }

    /// When the partner opens next, in the customer's words; `None`: it is open, or says no hours.
    pub(in crate::turn) fn opens_next(&self) -> Option<String> {
        let hours = &self.book.spec.config.hours;
        let now = self.local();
        if hours.open_at(now.date(), now.time()) {
            return None;
        }
        let mut day = now.date();
        for _ in 0..DAYS_AHEAD_MAX {
            let spans = hours.on(day)?.iter().map(|span| span.from);
            let first = spans.filter(|from| day > now.date() || *from > now.time()).min();
            if let Some(from) = first {
                let from = print::time(from);
                let on = print::on_day(day, self.lang, self.today());
                return Some(match self.lang {
                    Lang::Ru if day == now.date() => format!("сегодня с {from}"),
                    Lang::En if day == now.date() => format!("today from {from}"),
                    Lang::Ru => format!("{on}, с {from}"),
                    Lang::En => format!("{on}, from {from}"),
                });
            }
            day = day.tomorrow().ok()?;
        }
        None
    }
}

fn entries<'a>(flow: &'a crate::spec::flow::Flow, action: &'a Action) -> &'a [Silence] {
    match action {
        Action::Ask(ask) if !ask.silence.is_empty() => &ask.silence,
        _ => &flow.silence,
    }
}
