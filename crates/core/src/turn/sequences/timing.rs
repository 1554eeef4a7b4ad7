//! When the steps of a sequence are due: after one another, or around a moment.

use std::sync::Arc;

use jiff::{
    Span as Stretch, Timestamp,
    civil::{Date, Time},
    tz::TimeZone,
};

use crate::{
    may_write::moment,
    spec::{
        expr::Path,
        sequence::{Sequence, SequenceStep},
        value::{Period, Type, Value},
    },
    turn::work::Work,
};

/// Two clocks are less than two days apart.
const DAYS_MAX: usize = 3;

impl Work {
    /// The moment that a sequence is about, as it is now: a time by the partner's clock, a day by the customer's.
    pub(super) fn moment_of(&self, sequence: &Sequence) -> Option<Timestamp> {
        match sequence.around.as_ref()?.eval(&self.scope()) {
            Value::DateTime(at) => Some(moment(at, &self.book.spec.config.zone)),
            Value::Date(day) => Some(moment(day.to_datetime(Time::midnight()), self.zone())),
            _ => None,
        }
    }

    /// The name by which a sequence reads its moment, with the moment that it is about.
    pub(super) fn as_agreed(&self, sequence: &Sequence, around: Timestamp) -> Option<(Path, Value)> {
        let expr = sequence.around.as_ref()?;
        let value = match expr.ty() {
            Type::Date => Value::Date(around.to_zoned(self.zone().clone()).date()),
            _ => Value::DateTime(around.to_zoned(self.book.spec.config.zone.clone()).datetime()),
        };
        Some((expr.as_name()?.clone(), value))
    }

    /// The first step of a sequence about a moment whose time has not passed, and that moment.
    pub(super) fn first_ahead(&self, sequence: &Sequence) -> Option<(usize, Timestamp)> {
        let moment = self.moment_of(sequence)?;
        let ahead = |step: &SequenceStep| self.about(step, moment) >= self.now;
        Some((sequence.steps.iter().position(ahead)?, moment))
    }

    /// When a step about a moment is due, whatever the hour.
    pub(super) fn about(&self, step: &SequenceStep, around: Timestamp) -> Timestamp {
        let zone = self.zone();
        let at = plus(around, step.after, zone);
        step.at.map_or(at, |hour| moment(at.to_zoned(zone.clone()).date().to_datetime(hour), zone))
    }

    /// Whoever has told their clock in this turn, or has another device, gets what was planned for an hour of the day at that hour of
    /// theirs.
    pub(super) fn move_to_their_clock(&mut self) {
        let partners = self.book.spec.config.zone.clone();
        let before = self.before.clock.clone().unwrap_or(partners);
        if before == *self.zone() {
            return;
        }
        let book = Arc::clone(&self.book);
        for sequence in book.spec.sequences.values() {
            let Some(standing) = self.snap.state.sequences.get(&*sequence.id) else { continue };
            let Some(next) = &standing.next else { continue };
            // Whoever has entered in this turn has it by the new clock, and what is due already has come.
            let is_planned = standing.entered < self.now && standing.due > self.now;
            let at = sequence.find(next).unwrap_or(standing.index);
            let Some(hour) = sequence.steps.get(at).and_then(|step| step.at).filter(|_| is_planned) else { continue };
            let planned = self.at_hour_from(standing.due.to_zoned(before.clone()).date(), hour);
            let due = self.decent(sequence.hours, planned);
            let due = standing.paused.map_or(due, |paused| due.max(paused));
            if let Some(standing) = self.snap.state.sequences.get_mut(&*sequence.id) {
                (standing.due, standing.held) = (due, None);
            }
        }
    }

    /// The first moment to come at which the customer's clock shows this hour, on that day or later.
    fn at_hour_from(&self, day: Date, hour: Time) -> Timestamp {
        let days = std::iter::successors(Some(day), |day| day.tomorrow().ok()).take(DAYS_MAX);
        let mut moments = days.map(|day| moment(day.to_datetime(hour), self.zone()));
        moments.find(|at| *at > self.now).unwrap_or(self.now)
    }

    /// When a step is due: around a moment, or after the one before it was sent.
    pub(super) fn planned(
        &self,
        sequence: &Sequence,
        at: usize,
        around: Option<Timestamp>,
        from: Timestamp,
    ) -> Timestamp {
        let Some(step) = sequence.steps.get(at) else { return from };
        if let Some(moment) = around {
            return self.decent(sequence.hours, self.about(step, moment));
        }
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

/// A period later: days by the calendar, minutes exact.
pub(super) fn plus(at: Timestamp, period: Period, zone: &TimeZone) -> Timestamp {
    let stretch = Stretch::new().days(period.days).minutes(period.minutes);
    at.to_zoned(zone.clone()).checked_add(stretch).map_or(at, |at| at.timestamp())
}
