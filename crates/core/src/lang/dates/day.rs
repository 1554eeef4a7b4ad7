//! Days: «завтра», «в субботу», «15 декабря», «15.12.2026», «через 3 дня».

use jiff::{
    ToSpan,
    civil::{self, Weekday},
};

use super::{Certainty, Heard, Kind, Origin, Words, small_number};
use crate::lang::{
    beginnings::three_letters,
    numerals::{half_of, ordinal},
};

/// The day said at a place, a preposition before it included.
pub(super) fn hear(words: &Words, at: usize, now: civil::DateTime) -> Option<Heard> {
    let today = now.date();
    relative(words, at, today)
        .or_else(|| after(words, at, now))
        .or_else(|| in_digits(words, at, today))
        .or_else(|| with_month(words, at, today))
        .or_else(|| of_month(words, at, today))
        .or_else(|| week(words, at, today))
        .or_else(|| weekday(words, at, today))
}

fn plus(date: civil::Date, days: i64) -> Option<civil::Date> {
    date.checked_add(days.days()).ok()
}

fn relative(words: &Words, at: usize, today: civil::Date) -> Option<Heard> {
    let from = at;
    let at = at + usize::from(matches!(words.form(at), "на" | "к" | "до" | "by" | "for" | "until"));
    let (days, len) = match (words.form(at), words.form(at + 1), words.form(at + 2)) {
        ("сегодня" | "сегодняшний" | "today", ..) => (0, 1),
        ("завтра" | "завтрашний" | "завтрашнему" | "tomorrow" | "tmrw" | "tomorow", ..) => {
            (1, 1)
        }
        ("послезавтра", ..) => (2, 1),
        ("после", "завтра", _) => (2, 2),
        ("day", "after", "tomorrow") => (2, 3),
        ("the", "day", "after") if words.form(at + 3) == "tomorrow" => (2, 4),
        _ => return None,
    };
    Some(Heard::day(from, at + len, plus(today, days)?, Origin::Exact))
}

/// «через 3 дня», «через неделю», «через полчаса», in 2 weeks.
fn after(words: &Words, at: usize, now: civil::DateTime) -> Option<Heard> {
    if !matches!(words.form(at), "через" | "in" | "спустя") {
        return None;
    }
    let mut next = at + 1;
    let mut halves = 2;
    if let Some((value, past)) = small_number(words, next) {
        halves = i64::from(value) * 2;
        next = past;
    } else {
        match words.form(next) {
            "пару" | "пара" => (halves, next) = (4, next + 1),
            "полтора" | "полторы" => (halves, next) = (3, next + 1),
            "пол" => (halves, next) = (1, next + 1),
            "a" | "an" | "one" => next += 1,
            "half" => (halves, next) = (1, next + 1 + usize::from(matches!(words.form(next + 1), "an" | "a"))),
            _ => {}
        }
    }
    let mut unit = words.form(next);
    if let Some(rest) = half_of(unit) {
        (halves, unit) = (1, rest);
    }
    let span = match unit {
        "день" | "дня" | "дней" | "денек" | "day" | "days" | "сутки" | "суток" => {
            (halves / 2).days()
        }
        "неделю" | "недели" | "недель" | "недельку" | "week" | "weeks" if halves % 2 == 0 => {
            (halves / 2 * 7).days()
        }
        "неделю" | "недели" | "недель" | "week" | "weeks" => (halves * 7 / 2).days(),
        "месяц" | "месяца" | "месяцев" | "month" | "months" => (halves / 2).months(),
        "час" | "часа" | "часов" | "часик" | "часика" | "hour" | "hours" => {
            (halves * 30).minutes()
        }
        "минут" | "минуты" | "минуту" | "минуток" | "мин" | "minutes" | "minute" | "min" => {
            (halves / 2).minutes()
        }
        _ => return None,
    };
    let then = now.checked_add(span).ok()?;
    let mut heard = Heard::day(at, next + 1, then.date(), Origin::Exact);
    if span.get_minutes() != 0 {
        heard.time = then.time().with().second(0).subsec_nanosecond(0).build().ok();
    } else if span.get_days() != 0 && span.get_days() % 7 == 0 && matches!(unit.chars().next(), Some('н' | 'w')) {
        heard.date = Some((then.date(), Origin::Week));
    }
    Some(heard)
}

/// «15.12», «15.12.2026», «15/12/26», 2026-12-15.
fn in_digits(words: &Words, at: usize, today: civil::Date) -> Option<Heard> {
    let from = at;
    let at = at + usize::from(matches!(words.form(at), "на" | "к" | "до" | "on" | "by"));
    let separator = words.form(at + 1);
    let glued_number = |mark: usize| {
        let fits = words.glued(mark) && words.form(mark) == separator && words.glued(mark + 1);
        if fits && words.kind(mark + 1) == Some(Kind::Digits) { words.form(mark + 1).parse::<i16>().ok() } else { None }
    };
    if words.kind(at) != Some(Kind::Digits)
        || !matches!(separator, "." | "/" | "-")
        || (words.glued(at) && at == from && at > 0 && glued_code(words, at))
    {
        return None;
    }
    let first: i16 = words.form(at).parse().ok()?;
    let second = glued_number(at + 1)?;
    // 24/7 is no day in July.
    if separator == "/" && (first, second) == (24, 7) {
        return None;
    }
    let third = glued_number(at + 3);
    let padded = words.form(at + 2).len() == 2;
    let (date, to, certainty) = match third {
        Some(day) if first >= 1000 => {
            (civil::Date::new(first, i8::try_from(second).ok()?, i8::try_from(day).ok()?).ok()?, at + 5, true)
        }
        Some(year) => {
            let year = if year < 100 { year + 2000 } else { year };
            let (day, month) = day_month(first, second, separator)?;
            (civil::Date::new(year, month, day).ok()?, at + 5, true)
        }
        // 10-12 is a range of numbers.
        None if separator == "-" => return None,
        None => {
            let (day, month) = day_month(first, second, separator)?;
            (next(day, month, today)?, at + 3, padded && words.form(at).len() <= 2)
        }
    };
    let certainty = if certainty { Certainty::Sure } else { Certainty::Perhaps };
    // 15.12.5 or a longer code.
    let longer = words.glued(to)
        && matches!(words.form(to), "." | "/" | "-" | ":")
        && words.kind(to + 1) == Some(Kind::Digits)
        && words.glued(to + 1);
    let counted = words.glued(to) && matches!(words.kind(to), Some(Kind::Word)) && words.form(to) != "г"
        || matches!(words.form(to), "кг" | "%" | "₽" | "руб" | "р" | "тыс" | "к");
    (!longer && !counted).then(|| Heard {
        certainty,
        ..Heard::day(from, to + usize::from(words.form(to) == "г" || words.form(to) == "года"), date, Origin::Exact)
    })
}

fn glued_code(words: &Words, at: usize) -> bool {
    words.kind(at - 1) == Some(Kind::Word) || matches!(words.form(at - 1), "." | "/" | "-" | ":" | "№" | "#")
}

/// Day first; the American order only with a slash and where the other cannot be.
fn day_month(first: i16, second: i16, separator: &str) -> Option<(i8, i8)> {
    let american = separator == "/" && second > 12 && (1..=12).contains(&first);
    let (day, month) = if american { (second, first) } else { (first, second) };
    let fits = (1..=31).contains(&day) && (1..=12).contains(&month);
    fits.then_some((i8::try_from(day).ok()?, i8::try_from(month).ok()?))
}

/// The next such day, today included; 29 February waits for its year.
fn next(day: i8, month: i8, today: civil::Date) -> Option<civil::Date> {
    (0..=8).find_map(|years| civil::Date::new(today.year() + years, month, day).ok().filter(|date| *date >= today))
}

const MONTHS: [(&str, &[&str]); 12] = [
    ("январ", &["янв", "january", "jan"]),
    ("феврал", &["фев", "february", "feb"]),
    ("март", &["мар", "march"]),
    ("апрел", &["апр", "april", "apr"]),
    ("мая", &["май", "мае", "may"]),
    ("июн", &["june", "jun"]),
    ("июл", &["july", "jul"]),
    ("август", &["авг", "august", "aug"]),
    ("сентябр", &["сен", "сент", "september", "sep", "sept"]),
    ("октябр", &["окт", "october", "oct"]),
    ("ноябр", &["ноя", "нояб", "november", "nov"]),
    ("декабр", &["дек", "december", "dec"]),
];

fn month(form: &str) -> Option<i8> {
    let month: i8 = match three_letters(form) {
        "янв" | "jan" => 1,
        "фев" | "feb" => 2,
        "мар" | "mar" => 3,
        "апр" | "apr" => 4,
        "мая" | "май" | "мае" | "may" => 5,
        "июн" | "jun" => 6,
        "июл" | "jul" => 7,
        "авг" | "aug" => 8,
        "сен" | "sep" => 9,
        "окт" | "oct" => 10,
        "ноя" | "nov" => 11,
        "дек" | "dec" => 12,
        _ => return None,
    };
    let (start, also) = MONTHS[usize::from(month.unsigned_abs()) - 1];
    let is = form.starts_with(start) && form.chars().count() <= start.chars().count() + 2 || also.contains(&form);
    is.then_some(month)
}

/// A day of a month: «15», «15-го», «пятнадцатого», «двадцать пятого», 15th, and the place past it.
fn day_number(words: &Words, at: usize) -> Option<(i8, usize)> {
    let form = words.form(at);
    let (value, mut to) = match words.kind(at)? {
        Kind::Digits if form.len() <= 2 => (form.parse().ok()?, at + 1),
        Kind::Word => match (form, ordinal(words.form(at + 1))) {
            ("двадцать" | "twenty", Some(units @ 1..=9)) => (20 + units, at + 2),
            ("тридцать" | "thirty", Some(1)) => (31, at + 2),
            _ => (ordinal(form)?, at + 1),
        },
        _ => return None,
    };
    let hyphen = usize::from(words.form(to) == "-" && words.glued(to) && words.glued(to + 1));
    if matches!(words.form(to + hyphen), "го" | "е" | "ое" | "ого" | "му" | "th" | "st" | "nd" | "rd")
        && words.glued(to + hyphen)
    {
        to += hyphen + 1;
    }
    let day = i8::try_from(value).ok().filter(|day| (1..=31).contains(day))?;
    Some((day, to))
}

/// «15 декабря 2026», «с 15 по 17 декабря», December 15th.
fn with_month(words: &Words, at: usize, today: civil::Date) -> Option<Heard> {
    let from = at;
    let at = at
        + usize::from(matches!(words.form(at), "на" | "к" | "до" | "с" | "со" | "от" | "on" | "by" | "from" | "the"));
    if let Some(month) = month(words.form(at)).filter(|_| words.form(at).is_ascii()) {
        let the = usize::from(words.form(at + 1) == "the" || words.form(at + 1) == ".");
        let (day, to) = day_number(words, at + 1 + the)?;
        return dated(words, from, to, (day, None, month), today);
    }
    let (day, mut to) = day_number(words, at)?;
    let mut last = None;
    if matches!(words.form(to), "-" | "по" | "до" | "to") {
        let the = usize::from(words.form(to + 1) == "по");
        if let Some((end, past)) = day_number(words, to + 1 + the).filter(|(end, _)| *end > day) {
            (last, to) = (Some(end), past);
        }
    }
    to += usize::from(words.form(to) == "of");
    let month = month(words.form(to))?;
    dated(words, from, to + 1, (day, last, month), today)
}

/// Adds a year, where one follows.
fn dated(
    words: &Words,
    from: usize,
    to: usize,
    (day, last, month): (i8, Option<i8>, i8),
    today: civil::Date,
) -> Option<Heard> {
    let comma = usize::from(words.form(to) == ",");
    let year =
        Some(words.form(to + comma)).filter(|form| form.len() == 4 && words.kind(to + comma) == Some(Kind::Digits));
    let year: Option<i16> = year.and_then(|form| form.parse().ok()).filter(|year| (2000..2100).contains(year));
    let (date, mut to) = match year {
        Some(year) => (civil::Date::new(year, month, day).ok()?, to + comma + 1),
        None => (next(day, month, today)?, to),
    };
    to += usize::from(year.is_some() && matches!(words.form(to), "г" | "года" | "год"));
    let last = last.and_then(|last| civil::Date::new(date.year(), month, last).ok());
    Some(Heard { last, ..Heard::day(from, to, date, Origin::Exact) })
}

/// «15 числа», «15-го», the 15th.
fn of_month(words: &Words, at: usize, today: civil::Date) -> Option<Heard> {
    let from = at;
    let preposition = matches!(words.form(at), "на" | "к" | "до" | "on" | "by" | "с");
    let mut at = at + usize::from(preposition);
    let the = words.form(at) == "the";
    at += usize::from(the);
    let (day, to) = day_number(words, at)?;
    let numbered = matches!(words.form(to), "числа" | "число" | "числу");
    let suffixed = to > at + 1 && words.kind(at) == Some(Kind::Digits);
    let english = suffixed && words.form(to - 1).is_ascii();
    if !numbered && !(suffixed && (matches!(words.form(to - 1), "го" | "ого") || english && the)) {
        return None;
    }
    // «15-го этажа», the 2nd floor: something else is numbered.
    if !numbered && words.kind(to) == Some(Kind::Word) && !follower(words.form(to)) {
        return None;
    }
    Some(Heard::day(from, to + usize::from(numbered), next_day_of_month(day, today)?, Origin::Exact))
}

fn follower(form: &str) -> bool {
    const FOLLOWERS: &[&str] = &[
        "в",
        "к",
        "на",
        "и",
        "или",
        "а",
        "утром",
        "днем",
        "вечером",
        "с",
        "до",
        "после",
        "нужен",
        "нужно",
        "можно",
        "at",
        "by",
        "please",
    ];
    FOLLOWERS.contains(&form)
}

/// The next day with this number, today included; months that lack it are passed over.
pub(super) fn next_day_of_month(day: i8, today: civil::Date) -> Option<civil::Date> {
    (0..=12).find_map(|months: i64| {
        let month = today.first_of_month().checked_add(months.months()).ok()?;
        month.with().day(day).build().ok().filter(|date| *date >= today)
    })
}

/// «на выхах», «на следующей неделе», next weekend.
fn week(words: &Words, at: usize, today: civil::Date) -> Option<Heard> {
    let from = at;
    let mut at = at
        + usize::from(matches!(
            words.form(at),
            "на" | "в" | "к" | "до" | "at" | "on" | "the" | "this" | "for" | "over"
        ));
    at += usize::from(words.form(at) == "the");
    let following = matches!(words.form(at), "следующей" | "следующие" | "следующих" | "след" | "next" | "той");
    let this = matches!(words.form(at), "этой" | "эти" | "этих" | "ближайшие" | "ближайших" | "this");
    at += usize::from(following || this);
    let monday = plus(today, -i64::from(today.weekday().to_monday_zero_offset()))?;
    let shift = if following { 7 } else { 0 };
    match words.form(at) {
        "выхах" | "выхи" | "выходных" | "выходные" | "выходным" | "weekend" => {
            let saturday = plus(monday, 5 + shift)?;
            let started = today.weekday() == Weekday::Sunday && !following;
            let saturday = if started { plus(saturday, 7)? } else { saturday };
            Some(Heard { last: plus(saturday, 1), ..Heard::day(from, at + 1, saturday, Origin::Week) })
        }
        "неделе" | "неделю" | "week" if following || this => {
            let first = if following { plus(monday, 7)? } else { today };
            Some(Heard { last: plus(monday, 6 + shift), ..Heard::day(from, at + 1, first, Origin::Week) })
        }
        _ => None,
    }
}

/// «в субботу», «к пт», next Friday.
fn weekday(words: &Words, at: usize, today: civil::Date) -> Option<Heard> {
    let from = at;
    let mut at =
        at + usize::from(matches!(words.form(at), "в" | "во" | "на" | "к" | "ко" | "до" | "on" | "by" | "for"));
    let asked = at > from;
    let following = words.form(at).starts_with("следующ") || words.form(at) == "next";
    let this =
        matches!(words.form(at), "эту" | "этот" | "это" | "этой" | "this") || words.form(at).starts_with("ближайш");
    at += usize::from(following || this);
    // «В прошлую субботу» is over.
    if at.checked_sub(1).is_some_and(|before| words.form(before).starts_with("прошл") || words.form(before) == "last")
    {
        return None;
    }
    let day = weekday_of(words.form(at), asked || following || this || words.len() == 1)?;
    let ahead = i64::from(day.to_monday_zero_offset()) - i64::from(today.weekday().to_monday_zero_offset());
    let days = match (following, ahead) {
        (true, ahead) => ahead + 7,
        (false, 1..) => ahead,
        (false, _) => ahead + 7,
    };
    Some(Heard::day(from, at + 1, plus(today, days)?, Origin::Weekday(day)))
}

/// The same weekday in the week of a day.
pub(super) fn in_week(week: civil::Date, day: Weekday) -> civil::Date {
    let ahead = i64::from(day.to_monday_zero_offset()) - i64::from(week.weekday().to_monday_zero_offset());
    plus(week, ahead).unwrap_or(week)
}

/// A weekday by its name; short English ones («sun», «sat») only where a preposition makes them a day.
fn weekday_of(form: &str, asked: bool) -> Option<Weekday> {
    use Weekday as W;
    let day = match form {
        "понедельник" | "понедельника" | "понедельнику" | "пн" | "пнд" | "monday" => {
            W::Monday
        }
        "вторник" | "вторника" | "вторнику" | "вт" | "втр" | "tuesday" => W::Tuesday,
        "среда" | "среду" | "среды" | "среде" | "ср" | "wednesday" => W::Wednesday,
        "четверг" | "четверга" | "четвергу" | "чт" | "чтв" | "thursday" => W::Thursday,
        "пятница" | "пятницу" | "пятницы" | "пятнице" | "пт" | "птн" | "friday" => {
            W::Friday
        }
        "суббота" | "субботу" | "субботы" | "субботе" | "субота" | "суботу" | "сб" | "сбт" | "saturday" => {
            W::Saturday
        }
        "воскресенье" | "воскресение" | "воскресенья" | "воскресенью" | "воскресеньи" | "вс" | "вск" | "sunday" => {
            W::Sunday
        }
        "mon" if asked => W::Monday,
        "tue" | "tues" if asked => W::Tuesday,
        "wed" if asked => W::Wednesday,
        "thu" | "thur" | "thurs" if asked => W::Thursday,
        "fri" if asked => W::Friday,
        "sat" if asked => W::Saturday,
        "sun" if asked => W::Sunday,
        _ => return None,
    };
    Some(day)
}
