//! "May I write now?": whether a message may leave at this moment, when it may if not, and why.
//!
//! Everything that writes asks here: an answer, a sequence, a reminder, a broadcast, a person of the team. The rules are the
//! channel's (who may write first, for how long after the customer's last word), the law's (an advertisement needs a proof of
//! consent and an account that allows it), the customer's (opt-out, nights, how often) and the message's own (hours, expiry).

use jiff::{
    SignedDuration, Timestamp, civil,
    tz::{AmbiguousOffset, TimeZone},
};

use crate::{
    message::Purpose,
    spec::config::{Limits, Span},
};

/// What was said unasked longer ago than this counts towards no limit.
pub const REMEMBERED: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Something unasked that could not be sent for so long is of yesterday.
pub(crate) const STALE_AFTER: SignedDuration = SignedDuration::from_hours(12);
/// How long something waits while a person leads the conversation, before it is looked at again.
const WHILE_A_PERSON_LEADS: SignedDuration = SignedDuration::from_hours(1);
/// Days that are searched for an hour to write in.
const DAYS_MAX: usize = 3;

/// Who writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum By {
    /// The bot, answering what the customer has just done.
    Answer,
    /// The bot, unasked: sequences, reminders, broadcasts.
    Bot,
    /// A person of the team. They choose the hour themselves.
    Person,
}

/// In what form it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// In words of one's own.
    Free,
    /// As a template that the messenger has approved: its window does not matter.
    Template,
}

/// What is to be written.
#[derive(Debug, Clone, Copy)]
pub struct Letter {
    /// What for.
    pub purpose: Purpose,
    /// By whom.
    pub by: By,
    /// After this moment it is not worth saying.
    pub expires: Option<Timestamp>,
    /// The only hours of the customer's day in which it may come.
    pub hours: Option<Span>,
    /// How many of its kind were sent on the customer's day, and how many may be.
    pub per_day: Option<Quota>,
    /// In what form.
    pub form: Form,
}

impl Letter {
    /// News that the bot brings unasked, without rules of its own.
    pub const NEWS: Self =
        Self { purpose: Purpose::Service, by: By::Bot, expires: None, hours: None, per_day: None, form: Form::Free };
}

/// How many there were, and how many there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// So far.
    pub sent: u32,
    /// At most.
    pub max: u32,
}

/// Whether the customer can and wants to be written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reach {
    /// Yes.
    Open,
    /// They asked not to be written to.
    OptedOut,
    /// They blocked us, or are gone.
    Blocked,
}

/// Who leads the conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LedBy {
    /// The bot.
    Bot,
    /// A person, or one is waited for.
    Person,
}

/// Whether advertisements may be sent to the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ads {
    /// They agreed, and the account allows it.
    Agreed,
    /// There is no proof of consent.
    NoConsent,
    /// The account must carry none.
    Denied,
}

/// Until when a channel lets us write freely.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Window {
    /// At any time.
    Always,
    /// Until then, unless the customer writes again.
    Until(Timestamp),
    /// Only in the response to a call of its own.
    InResponse,
}

/// How it stands with a customer.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// Their clock.
    pub zone: &'a TimeZone,
    /// Their night.
    pub quiet: Span,
    /// How often we write first.
    pub limits: Limits,
    /// When we did in the last seven days, in any order.
    pub unasked: &'a [Timestamp],
    /// Whether they can and want to be written to.
    pub reach: Reach,
    /// Who leads the conversation.
    pub led_by: LedBy,
    /// Advertising.
    pub ads: Ads,
    /// The channel's window.
    pub window: Window,
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Yes; what could not be delivered until `expires` is not to be sent any more.
    Now {
        /// `None`: it stays worth sending.
        expires: Option<Timestamp>,
    },
    /// Not before then; ask again.
    NotBefore(Timestamp, Why),
    /// No.
    Never(Why),
}

/// Why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Why {
    /// The customer asked not to be written to.
    OptedOut,
    /// They blocked us, or are gone.
    Blocked,
    /// It is an advertisement, and there is no proof of consent.
    NoConsent,
    /// It is an advertisement, and the account carries none.
    AdsDenied,
    /// The channel's window is closed: only the customer can open it.
    WindowClosed,
    /// It is too late for it.
    Expired,
    /// It is night where the customer is.
    QuietHours,
    /// It is not the hour for it.
    OutsideHours,
    /// Enough was written today.
    EnoughToday,
    /// Enough was written in seven days.
    EnoughThisWeek,
    /// A person leads the conversation.
    PersonLeads,
}

/// Whether a message may leave now. What can never be is told before what only has to wait.
pub fn may_write(letter: &Letter, situation: &Situation<'_>, now: Timestamp) -> Verdict {
    if let Some(why) = never(letter, situation, now) {
        return Verdict::Never(why);
    }
    if letter.by != By::Bot {
        let expires = letter.expires;
        return Verdict::Now { expires };
    }
    match wait(letter, situation, now) {
        Some((until, _)) if letter.expires.is_some_and(|expires| expires <= until) => Verdict::Never(Why::Expired),
        Some((until, why)) => Verdict::NotBefore(until, why),
        None => Verdict::Now { expires: Some(last_moment(letter, situation, now)) },
    }
}

fn never(letter: &Letter, situation: &Situation<'_>, now: Timestamp) -> Option<Why> {
    if situation.reach == Reach::Blocked {
        return Some(Why::Blocked);
    }
    if situation.reach == Reach::OptedOut && (letter.by == By::Bot || letter.purpose == Purpose::Ad) {
        return Some(Why::OptedOut);
    }
    if letter.purpose == Purpose::Ad {
        match situation.ads {
            Ads::Agreed => {}
            Ads::NoConsent => return Some(Why::NoConsent),
            Ads::Denied => return Some(Why::AdsDenied),
        }
    }
    if letter.expires.is_some_and(|expires| expires <= now) {
        return Some(Why::Expired);
    }
    let open = match situation.window {
        Window::Always => true,
        Window::Until(end) => now < end || letter.by == By::Answer || letter.form == Form::Template,
        Window::InResponse => letter.by == By::Answer,
    };
    (!open).then_some(Why::WindowClosed)
}

/// What holds it back, and until when: all of it is over then, as far as it is known now.
fn wait(letter: &Letter, situation: &Situation<'_>, now: Timestamp) -> Option<(Timestamp, Why)> {
    let decent = |at: Timestamp| decent(situation, letter.hours, at);
    if let Some((until, why)) = full(letter, situation, now) {
        return Some((decent(until), why));
    }
    let hour = decent(now);
    if hour > now {
        let why = if is_quiet(situation, now) { Why::QuietHours } else { Why::OutsideHours };
        return Some((hour, why));
    }
    (situation.led_by == LedBy::Person).then(|| (decent(now + WHILE_A_PERSON_LEADS), Why::PersonLeads))
}

/// Which limit is reached, and when it lets one more message through.
fn full(letter: &Letter, situation: &Situation<'_>, now: Timestamp) -> Option<(Timestamp, Why)> {
    let day = |at: Timestamp| at.to_zoned(situation.zone.clone()).date();
    let today = day(now);
    let count = |of_them: usize| u32::try_from(of_them).unwrap_or(u32::MAX);
    let mut week: Vec<Timestamp> = Vec::new();
    week.extend(situation.unasked.iter().filter(|at| now.duration_since(**at) < REMEMBERED));
    let sent_today = count(week.iter().filter(|at| day(**at) == today).count());
    if sent_today >= situation.limits.per_day || letter.per_day.is_some_and(|own| own.sent >= own.max) {
        let tomorrow = today.tomorrow().map_or(now + SignedDuration::from_hours(24), |day| {
            moment(day.to_datetime(civil::Time::midnight()), situation.zone)
        });
        return Some((tomorrow, Why::EnoughToday));
    }
    if count(week.len()) < situation.limits.per_week {
        return None;
    }
    week.sort_unstable();
    // So many must be forgotten that there is room for one.
    let over = week.len().saturating_sub(usize::try_from(situation.limits.per_week).unwrap_or(usize::MAX));
    let freed = week.get(over).or(week.last()).map_or(now, |at| *at);
    Some((freed + REMEMBERED, Why::EnoughThisWeek))
}

/// When something unasked is not to be sent any more: it expires, the night begins, or half a day has gone.
pub fn last_moment(letter: &Letter, situation: &Situation<'_>, now: Timestamp) -> Timestamp {
    let today = now.to_zoned(situation.zone.clone()).date();
    let days = [Some(today), today.tomorrow().ok()].into_iter().flatten();
    let Span { from, until } = situation.quiet;
    let ends = [(from != until).then_some(from), letter.hours.map(|hours| hours.until)];
    let ends =
        days.flat_map(|day| ends.into_iter().flatten().map(move |time| moment(day.to_datetime(time), situation.zone)));
    let night = ends.filter(|end| *end > now).min();
    let window = match situation.window {
        Window::Until(end) if letter.form == Form::Free => Some(end),
        Window::Until(_) | Window::Always | Window::InResponse => None,
    };
    let all = [night, window, letter.expires].into_iter().flatten();
    all.min().map_or(now + STALE_AFTER, |end| end.min(now + STALE_AFTER))
}

fn is_quiet(situation: &Situation<'_>, at: Timestamp) -> bool {
    situation.quiet.holds(at.to_zoned(situation.zone.clone()).time())
}

/// The first moment from `at` on that is not in the customer's night, and in these hours of their day. A time that a clock skips
/// in spring is the first that there is behind the gap; of one that it shows twice each counts.
pub fn decent(situation: &Situation<'_>, hours: Option<Span>, at: Timestamp) -> Timestamp {
    let zone = situation.zone;
    let fits = |at: Timestamp| {
        let time = at.to_zoned(zone.clone()).time();
        !situation.quiet.holds(time) && hours.is_none_or(|hours| hours.holds(time))
    };
    if fits(at) {
        return at;
    }
    let first_day = at.to_zoned(zone.clone()).date();
    let days = std::iter::successors(Some(first_day), |day| day.tomorrow().ok()).take(DAYS_MAX);
    for day in days {
        let begins = [Some(situation.quiet.until), hours.map(|hours| hours.from)];
        let begins = begins.into_iter().flatten().flat_map(|time| both(day.to_datetime(time), zone));
        if let Some(first) = begins.filter(|begin| *begin > at && fits(*begin)).min() {
            return first;
        }
    }
    // Hours that never fit are a mistake which `check` tells (S552).
    at + SignedDuration::from_hours(24)
}

/// A moment of a local clock; one that the clock skips in spring is the first that there is behind the gap, of one that it shows
/// twice in autumn the first counts.
pub fn moment(local: civil::DateTime, zone: &TimeZone) -> Timestamp {
    let [first, _] = both(local, zone);
    first
}

/// Both moments at which a local clock shows this; mostly they are one.
fn both(local: civil::DateTime, zone: &TimeZone) -> [Timestamp; 2] {
    let shown = zone.to_ambiguous_timestamp(local);
    let gap = matches!(shown.offset(), AmbiguousOffset::Gap { .. });
    let (earlier, later) = (shown.earlier(), shown.later());
    let Ok(later) = later else { return [Timestamp::MAX; 2] };
    if gap {
        let behind = zone.preceding(later).next().map_or(later, |change| change.timestamp());
        return [behind; 2];
    }
    [earlier.unwrap_or(later), later]
}

#[cfg(test)]
mod tests;
