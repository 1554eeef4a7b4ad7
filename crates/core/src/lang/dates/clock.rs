//! Times of day: «18:30», «к 6», «6 вечера», «полседьмого», «с 10 до 12», half past six.

use jiff::civil;

use super::{Certainty, Heard, Kind, Part, Words, small_number};
use crate::lang::numerals::ordinal;

/// The time said at a place, a preposition before it included.
pub(super) fn hear(words: &Words, at: usize, _now: civil::DateTime) -> Option<Heard> {
    span(words, at)
        .or_else(|| exact(words, at))
        .or_else(|| half(words, at))
        .or_else(|| short_of(words, at))
        .or_else(|| whole_hour(words, at))
        .or_else(|| named(words, at))
        .or_else(|| part(words, at))
}

/// A full hour as people mean it: without a part of the day 1–7 are in the afternoon, for shops are.
pub(super) fn hour(said: u32, part: Option<Part>) -> Option<civil::Time> {
    let hour = match (part, said) {
        (None | Some(Part::Lunch | Part::Afternoon), 1..=7)
        | (Some(Part::Evening), 1..=11)
        | (Some(Part::Night), 9..=11) => said + 12,
        (Some(Part::Evening | Part::Night), 12) | (_, 24) => 0,
        (_, 0..=23) => said,
        _ => return None,
    };
    civil::Time::new(i8::try_from(hour).ok()?, 0, 0, 0).ok()
}

/// «сегодня к 9», said in the afternoon, is 21:00.
pub(super) fn not_past(time: civil::Time, date: Option<civil::Date>, now: civil::DateTime) -> civil::Time {
    let past = date == Some(now.date()) && time < now.time() && (1..12).contains(&time.hour());
    let later = if past { time.with().hour(time.hour() + 12).build().ok() } else { None };
    later.unwrap_or(time)
}

fn preposition(form: &str) -> bool {
    matches!(
        form,
        "в" | "во"
            | "к"
            | "ко"
            | "до"
            | "после"
            | "на"
            | "около"
            | "с"
            | "at"
            | "by"
            | "around"
            | "after"
            | "before"
            | "till"
            | "until"
    )
}

fn at_minute(hour: u32, minute: u32) -> Option<civil::Time> {
    civil::Time::new(i8::try_from(hour % 24).ok()?, i8::try_from(minute).ok()?, 0, 0).ok()
}

/// The part of the day that follows an hour: «вечера», pm; and the place past it.
fn of_day(words: &Words, at: usize) -> Option<(Part, usize)> {
    let part = match words.form(at) {
        "утра" | "am" => Part::Morning,
        "дня" | "pm" => Part::Afternoon,
        "вечера" => Part::Evening,
        "ночи" => Part::Night,
        "a" | "p" if words.form(at + 1) == "." && words.form(at + 2) == "m" => {
            let part = if words.form(at) == "a" { Part::Morning } else { Part::Evening };
            return Some((part, at + 3 + usize::from(words.form(at + 3) == "." && words.glued(at + 3))));
        }
        "in" if words.form(at + 1) == "the" => match words.form(at + 2) {
            "morning" => return Some((Part::Morning, at + 3)),
            "afternoon" => return Some((Part::Afternoon, at + 3)),
            "evening" => return Some((Part::Evening, at + 3)),
            _ => return None,
        },
        _ => return None,
    };
    Some((part, at + 1))
}

/// An hour and minutes moved by the part of the day: «6:30 вечера», 12 am.
fn moved(said: u32, minute: u32, part: Part, words: &Words, at: usize) -> Option<civil::Time> {
    let whole = match (said, part) {
        (1..=11, Part::Afternoon) => at_minute(said + 12, 0)?,
        (12, Part::Morning) if words.form(at) == "am" => at_minute(0, 0)?,
        _ => hour(said, Some(part))?,
    };
    whole.with().minute(i8::try_from(minute).ok()?).build().ok()
}

/// «с 10 до 12», from 10 to 12, «10:00–12:00».
fn span(words: &Words, at: usize) -> Option<Heard> {
    let between = matches!(words.form(at), "с" | "со" | "from" | "между" | "between");
    if between {
        let (start, loose, past) = endpoint(words, at + 1)?;
        let joined = matches!(words.form(past), "до" | "по" | "to" | "till" | "until" | "и" | "and" | "-");
        let (end, end_loose, to) = endpoint(words, past + 1).filter(|_| joined)?;
        let sure = !(loose && end_loose) || of_day(words, to).is_some() || hours(words.form(to));
        if loose && end_loose && !sure && !free(words, to) {
            return None;
        }
        let to = to + usize::from(hours(words.form(to)));
        let said_part = of_day(words, to);
        let to = said_part.map_or(to, |(_, past)| past);
        let (start, end) = ordered(start, end, said_part.map(|(part, _)| part))?;
        let certainty = if sure { Certainty::Sure } else { Certainty::Perhaps };
        return Some(Heard { time: Some(start), until: Some(end), ..Heard::new(at, to, certainty) });
    }
    let (start, loose, past) = endpoint(words, at).filter(|(_, loose, _)| !loose)?;
    let (end, _, to) =
        endpoint(words, past + 1).filter(|(_, end_loose, _)| words.form(past) == "-" && *end_loose == loose)?;
    let (start, end) = ordered(start, end, None)?;
    Some(Heard { time: Some(start), until: Some(end), ..Heard::new(at, to, Certainty::Sure) })
}

/// Hours of a span: «с 10 до 12» in the morning, «с 2 до 4» in the afternoon; the end is never before the start.
fn ordered((h1, m1): (u32, u32), (h2, m2): (u32, u32), part: Option<Part>) -> Option<(civil::Time, civil::Time)> {
    let usual = |h: u32| hour(h, part).map_or(h, |time| u32::from(time.hour().unsigned_abs()));
    let (start, mut end) = (usual(h1), usual(h2));
    if end <= start && end < 12 {
        end += 12;
    }
    let (start, end) = (at_minute(start, m1)?, at_minute(end, m2)?);
    (start < end).then_some((start, end))
}

type Endpoint = ((u32, u32), bool, usize);

/// One end of a span: hour and minute, whether it was a bare hour, and the place past it.
fn endpoint(words: &Words, at: usize) -> Option<Endpoint> {
    if let Some((hour, minute, to)) = digital(words, at, &[":"]) {
        return Some(((hour, minute), false, to));
    }
    let (hour, to) = small_number(words, at).filter(|(hour, _)| *hour <= 24)?;
    Some(((hour, 0), true, to))
}

fn hours(form: &str) -> bool {
    matches!(form, "ч" | "час" | "часа" | "часов" | "часам" | "часу" | "oclock" | "hrs")
}

/// 18:30 and the place past it.
fn digital(words: &Words, at: usize, marks: &[&str]) -> Option<(u32, u32, usize)> {
    let glued = marks.contains(&words.form(at + 1)) && words.glued(at + 1) && words.glued(at + 2);
    let digits = words.kind(at) == Some(Kind::Digits) && words.kind(at + 2) == Some(Kind::Digits);
    let sized = words.form(at).len() <= 2 && words.form(at + 2).len() == 2;
    if !(glued && digits && sized) {
        return None;
    }
    let (hour, minute): (u32, u32) = (words.form(at).parse().ok()?, words.form(at + 2).parse().ok()?);
    let longer = words.glued(at + 3)
        && matches!(words.form(at + 3), ":" | "." | "/")
        && words.kind(at + 4) == Some(Kind::Digits);
    (hour <= 24 && minute < 60 && !longer).then_some((hour, minute, at + 3))
}

/// «в 18:30», «18.30» after a preposition, «6:30 вечера».
fn exact(words: &Words, at: usize) -> Option<Heard> {
    let from = at;
    let asked = preposition(words.form(at));
    let at = at + usize::from(asked);
    let (hour, minute, to) = match digital(words, at, &[":"]) {
        Some(time) => time,
        None => digital(words, at, &[".", "-"])
            .filter(|(_, minute, _)| minute % 5 == 0)
            .or_else(|| spaced(words, at))
            .filter(|_| asked)?,
    };
    let (time, to) = match of_day(words, to) {
        Some((part, after)) => (moved(hour, minute, part, words, to)?, after),
        None => (at_minute(hour, minute)?, to),
    };
    Some(Heard { time: Some(time), ..Heard::new(from, to, Certainty::Sure) })
}

/// «15.30», «15-30», «18 00» at the beginning, where an hour is asked for, and the place past it. «10-12» is no hour.
pub(super) fn written(words: &Words) -> Option<(civil::Time, usize)> {
    let round = |(_, minute, _): &(u32, u32, usize)| minute % 5 == 0;
    let (hour, minute, to) = digital(words, 0, &["."])
        .filter(round)
        .or_else(|| digital(words, 0, &["-"]).filter(|time| round(time) && time.1 > 24))
        .or_else(|| spaced(words, 0))?;
    Some((at_minute(hour, minute)?, to))
}

/// «1530», «930», where an hour is asked for and nothing else is said.
pub(super) fn run_together(words: &Words, at: usize) -> Option<(civil::Time, usize)> {
    let form = words.form(at);
    let digits = words.kind(at) == Some(Kind::Digits) && matches!(form.len(), 3 | 4);
    let (hour, minute) = form.split_at_checked(form.len().checked_sub(2)?).filter(|_| digits)?;
    let (hour, minute): (u32, u32) = (hour.parse().ok()?, minute.parse().ok()?);
    (hour < 24 && minute % 5 == 0).then(|| at_minute(hour, minute).map(|time| (time, at + 1))).flatten()
}

/// «10-12», 10 to 12, where an hour is asked for and nothing else is said, and the place past it.
pub(super) fn bare_span(words: &Words, at: usize) -> Option<(civil::Time, civil::Time, usize)> {
    let (start, _, past) = endpoint(words, at)?;
    let joined = matches!(words.form(past), "-" | "–" | "—" | "до" | "to" | "till" | "until");
    let (end, _, to) = endpoint(words, past + 1).filter(|_| joined)?;
    let of_day = of_day(words, to);
    let (start, end) = ordered(start, end, of_day.map(|(part, _)| part))?;
    Some((start, end, of_day.map_or(to, |(_, after)| after)))
}

/// «15 00» after a preposition.
fn spaced(words: &Words, at: usize) -> Option<(u32, u32, usize)> {
    let hour: u32 = words.form(at).parse().ok().filter(|hour| *hour < 24)?;
    let minute = Some(words.form(at + 1)).filter(|form| matches!(*form, "00" | "15" | "30" | "45"))?;
    Some((hour, minute.parse().ok()?, at + 2))
}

/// «полседьмого», «в половине седьмого», «четверть седьмого», half past six.
fn half(words: &Words, at: usize) -> Option<Heard> {
    let from = at;
    let at = at + usize::from(preposition(words.form(at)));
    let form = words.form(at);
    let (next_hour, minute, to) = match form {
        "пол" | "половине" | "половина" | "половину" | "половины" => {
            let named = ordinal(words.form(at + 1)).map(|hour| (hour, at + 2));
            // «пол 9», «пол девять»: no hour where it halves something («пол 2 торта»).
            let counted = || small_number(words, at + 1).filter(|(_, to)| form == "пол" && ends_hour(words, *to));
            let (hour, to) = named.or_else(counted)?;
            (hour, 30, to)
        }
        "четверть" => (ordinal(words.form(at + 1))?, 15, at + 2),
        "half" | "quarter" if matches!(words.form(at + 1), "past") => {
            let (hour, to) = small_number(words, at + 2)?;
            (hour + 1, if form == "half" { 30 } else { 15 }, to)
        }
        "quarter" if words.form(at + 1) == "to" => {
            let (hour, to) = small_number(words, at + 2)?;
            (hour, 45, to)
        }
        // As the British say it.
        "half" => {
            let (hour, to) = small_number(words, at + 1).filter(|(_, to)| ends_hour(words, *to))?;
            (hour + 1, 30, to)
        }
        // The genitive alone: «полседьмого», and not «полвторой».
        _ => (ordinal(form.strip_prefix("пол")?).filter(|_| form.ends_with("го"))?, 30, at + 1),
    };
    close_to(words, from, to, (next_hour, minute))
}

/// Whether an hour may end here: nothing that it would count follows.
fn ends_hour(words: &Words, at: usize) -> bool {
    free(words, at) || of_day(words, at).is_some()
}

/// «без пятнадцати семь», «без четверти семь».
fn short_of(words: &Words, at: usize) -> Option<Heard> {
    if words.form(at) != "без" {
        return None;
    }
    let (missing, next) = match words.form(at + 1) {
        "четверти" => (15, at + 2),
        _ => small_number(words, at + 1).filter(|(missing, _)| *missing > 0 && missing % 5 == 0 && *missing < 30)?,
    };
    let next = next + usize::from(matches!(words.form(next), "минут" | "мин"));
    let (hour, to) = small_number(words, next)?;
    close_to(words, at, to, (hour, 60 - missing))
}

/// A time a part of an hour before the hour named: (7, 30) is 6:30.
fn close_to(words: &Words, from: usize, to: usize, (next_hour, minute): (u32, u32)) -> Option<Heard> {
    if !(1..=13).contains(&next_hour) {
        return None;
    }
    let said = if next_hour == 1 { 12 } else { next_hour - 1 };
    let part = of_day(words, to);
    let whole = match part {
        Some((part, _)) => moved(said, 0, part, words, to)?,
        None => hour(said, None)?,
    };
    let time = whole.with().minute(i8::try_from(minute).ok()?).build().ok()?;
    let to = part.map_or(to, |(_, past)| past);
    Some(Heard { time: Some(time), loose: part.is_none(), ..Heard::new(from, to, Certainty::Sure) })
}

/// «к 6», «в шесть вечера», «6 вечера», «в 18 часов», 7pm, at 6 o'clock.
fn whole_hour(words: &Words, at: usize) -> Option<Heard> {
    let from = at;
    let asked = preposition(words.form(at));
    let mut at = at + usize::from(asked);
    at += usize::from(matches!(words.form(at), "часам" | "часу" | "районе"));
    // «в час дня».
    let (said, mut to) = match words.form(at) {
        "час" | "часу" if asked => (1, at + 1),
        _ => small_number(words, at).filter(|(hour, _)| *hour <= 24)?,
    };
    if words.glued(at) && words.kind(at) == Some(Kind::Digits) && at > 0 && words.form(at - 1) != "(" {
        return None;
    }
    let named = hours(words.form(to)) || words.form(to) == "o" && words.form(to + 1) == "clock";
    to += usize::from(hours(words.form(to))) + 2 * usize::from(words.form(to) == "o" && words.form(to + 1) == "clock");
    if let Some((part, past)) = of_day(words, to) {
        // «3 дня» are three days; «в 3 дня» and «3 часа дня» are an hour.
        let clock = matches!(words.form(from), "в" | "к" | "до" | "at" | "by");
        let span_of_days = words.form(to) == "дня" && !clock && !named;
        let time = moved(said, 0, part, words, to).filter(|_| !span_of_days)?;
        return Some(Heard { time: Some(time), ..Heard::new(from, past, Certainty::Sure) });
    }
    // «с», «на», «до» before a bare number say a span, a count or a price.
    let clear = asked && !matches!(words.form(from), "с" | "на" | "до");
    let sure = asked && named && words.form(from) != "с" && words.form(from) != "на";
    if !(sure || clear && free(words, to) || asked && said > 0 && words.form(from) == "до" && free(words, to)) {
        return None;
    }
    let certainty = if sure { Certainty::Sure } else { Certainty::Perhaps };
    Some(Heard { time: Some(hour(said, None)?), loose: said <= 12, ..Heard::new(from, to, certainty) })
}

/// Whether nothing that could be counted stands here.
fn free(words: &Words, at: usize) -> bool {
    const PASS: &[&str] = &[
        "и",
        "или",
        "а",
        "но",
        "по",
        "в",
        "к",
        "на",
        "если",
        "нужен",
        "нужно",
        "надо",
        "можно",
        "будет",
        "утром",
        "вечером",
        "днем",
        "завтра",
        "сегодня",
        "послезавтра",
        "пожалуйста",
        "давайте",
        "удобно",
        "подойдет",
        "привезите",
        "tomorrow",
        "today",
        "on",
        "please",
        "and",
        "or",
        "is",
        "for",
    ];
    match words.kind(at) {
        None => true,
        Some(Kind::Mark) => {
            !matches!(words.form(at), "%" | "₽" | "$" | "€" | "-" | "." | ":" | "/" | "+")
                || words.get(at + 1).is_none()
                || !words.glued(at + 1)
        }
        Some(Kind::Digits) => false,
        Some(Kind::Word) => PASS.contains(&words.form(at)),
    }
}

/// Noon and midnight.
fn named(words: &Words, at: usize) -> Option<Heard> {
    let from = at;
    let at = at + usize::from(preposition(words.form(at)));
    let said = match words.form(at) {
        "полдень" | "полудню" | "полудня" | "noon" | "midday" => 12,
        "полночь" | "полуночи" | "midnight" => 0,
        _ => return None,
    };
    Some(Heard { time: Some(at_minute(said, 0)?), ..Heard::new(from, at + 1, Certainty::Sure) })
}

/// «утром», «с утра», «после обеда», in the evening.
fn part(words: &Words, at: usize) -> Option<Heard> {
    const PARTS: &[(&[&str], Part)] = &[
        (&["ближе", "к", "вечеру"], Part::Evening),
        (&["in", "the", "morning"], Part::Morning),
        (&["in", "the", "afternoon"], Part::Afternoon),
        (&["in", "the", "evening"], Part::Evening),
        (&["с", "утра"], Part::Morning),
        (&["до", "обеда"], Part::Morning),
        (&["к", "утру"], Part::Morning),
        (&["после", "обеда"], Part::Afternoon),
        (&["в", "обед"], Part::Lunch),
        (&["к", "обеду"], Part::Lunch),
        (&["в", "обеденное", "время"], Part::Lunch),
        (&["at", "lunch"], Part::Lunch),
        (&["at", "lunchtime"], Part::Lunch),
        (&["lunchtime"], Part::Lunch),
        (&["к", "вечеру"], Part::Evening),
        (&["утром"], Part::Morning),
        (&["утречком"], Part::Morning),
        (&["morning"], Part::Morning),
        (&["днем"], Part::Afternoon),
        (&["afternoon"], Part::Afternoon),
        (&["вечером"], Part::Evening),
        (&["вечерком"], Part::Evening),
        (&["evening"], Part::Evening),
        (&["tonight"], Part::Evening),
        (&["ночью"], Part::Night),
    ];
    let said = PARTS.iter().find(|(said, _)| said.iter().enumerate().all(|(nth, word)| words.form(at + nth) == *word));
    let (len, part) = said.map(|(said, part)| (said.len(), *part))?;
    // «доброе утро» and good morning are greetings.
    // «С днём рождения» is no afternoon.
    let birthday = words.form(at) == "днем" && at.checked_sub(1).is_some_and(|before| words.form(before) == "с");
    let greeting =
        at.checked_sub(1).is_some_and(|before| matches!(words.form(before), "good" | "добрый" | "доброе" | "добрым"));
    (!greeting && !birthday).then(|| Heard { part: Some(part), ..Heard::new(at, at + len, Certainty::Perhaps) })
}
