//! `hours: {mon-fri: 9:00-20:00, 2026-12-31: 9:00-15:00, 2027-01-01: closed}`.

use std::ops::Range;

use jiff::civil::Weekday;

use super::{Hours, Span};
use crate::{
    lang::{Lang, print},
    spec::{
        diagnostic::Code,
        read::{Reader, parse_date, parse_span},
        tree::{Content, Node},
    },
};

const DAYS: [(&str, &str, Weekday); 7] = [
    ("mon", "пн", Weekday::Monday),
    ("tue", "вт", Weekday::Tuesday),
    ("wed", "ср", Weekday::Wednesday),
    ("thu", "чт", Weekday::Thursday),
    ("fri", "пт", Weekday::Friday),
    ("sat", "сб", Weekday::Saturday),
    ("sun", "вс", Weekday::Sunday),
];

pub(super) fn read(reader: &mut Reader<'_>, node: &Node) -> Hours {
    let mut hours = Hours { stated: true, ..Hours::default() };
    let mut stated: [Option<Range<usize>>; 7] = Default::default();
    for (key, value) in reader.map(node).map_or(&[][..], |fields| fields.entries) {
        let Some(spans) = spans(reader, value) else { continue };
        if let Some(date) = parse_date(&key.text) {
            hours.dates.insert(date, spans);
            continue;
        }
        let Some(days) = days(&key.text) else {
            reader.unread(&key.bytes, "weekdays", &key.text, "mon-fri");
            continue;
        };
        for day in days {
            let number = usize::try_from(day.to_monday_zero_offset()).unwrap_or(0);
            if let Some(first) = &stated[number] {
                let a = reader.file.slice(first).to_owned();
                let args = vec![("a", a), ("b", key.text.clone())];
                let first = reader.file.place(first.clone());
                reader.report_related(Code::C606, &key.bytes, args, first);
                break;
            }
            stated[number] = Some(key.bytes.clone());
            hours.of(day).clone_from(&spans);
        }
    }
    hours
}

/// What a closed day is called, in Russian and English; people say it otherwise as well.
const CLOSED: [&str; 3] = ["закрыто", "closed", "выходной"];

/// A week in a line, as people write it: `пн-ср, пт 9:00-13:00, 14:00-18:00; сб 10-16`, or the same hours every day. What is not
/// named is closed.
pub(crate) fn of_week(text: &str) -> Option<[Vec<Span>; 7]> {
    let mut week: [Option<Vec<Span>>; 7] = Default::default();
    // Without the blanks that people put around dashes.
    let text = text.split(['-', '–', '—']).map(str::trim).collect::<Vec<_>>().join("-");
    for group in text.split(';') {
        read_group(group, &mut week)?;
    }
    Some(week.map(Option::unwrap_or_default))
}

/// Days with their hours, one after the other. Hours without days belong to the days before them; with none before, to all.
fn read_group(group: &str, week: &mut [Option<Vec<Span>>; 7]) -> Option<()> {
    let number = |day: Weekday| usize::try_from(day.to_monday_zero_offset()).unwrap_or(0);
    let (mut named, mut open) = (Vec::new(), Vec::new());
    for part in group.split(',').map(str::trim) {
        if let Some(more) = days(part) {
            named.extend(more.into_iter().map(number));
            continue;
        }
        let (of, hours) = part.rsplit_once(char::is_whitespace).map_or((None, part), |(of, hours)| (Some(of), hours));
        match of {
            Some(of) => named.extend(days(of)?.into_iter().map(number)),
            None if named.is_empty() && open.is_empty() => named.extend(0..week.len()),
            None => {}
        }
        if !named.is_empty() {
            open = std::mem::take(&mut named);
            for day in &open {
                if week[*day].replace(Vec::new()).is_some() {
                    return None;
                }
            }
        }
        if CLOSED.contains(&hours.to_lowercase().as_str()) {
            open.clear();
            continue;
        }
        let span = parse_span(hours)?;
        for day in &open {
            let spans = week[*day].get_or_insert_default();
            if spans.iter().any(|known| known.holds(span.from) || span.holds(known.from)) {
                return None;
            }
            spans.push(span);
        }
    }
    named.is_empty().then_some(())
}

/// A week in a line, closed days as well; days that follow one another with the same hours are one. It can be typed as it is
/// shown ([`of_week`]).
pub(crate) fn in_a_line(week: &[Vec<Span>; 7], lang: Lang) -> String {
    let name = |day: usize| match lang {
        Lang::Ru => DAYS[day].1.to_owned(),
        Lang::En => DAYS[day].0[..1].to_uppercase() + &DAYS[day].0[1..],
    };
    let mut parts = Vec::new();
    let mut from = 0;
    for days in week.chunk_by(|one, next| one == next) {
        let until = from + days.len() - 1;
        let named = if from == until { name(from) } else { format!("{}–{}", name(from), name(until)) };
        let spans = |span: &Span| format!("{}–{}", print::time(span.from), print::time(span.until));
        let open: Vec<String> = days.iter().take(1).flatten().map(spans).collect();
        let closed = if lang == Lang::Ru { CLOSED[0] } else { CLOSED[1] };
        parts.push(format!("{named} {}", if open.is_empty() { closed.to_owned() } else { open.join(", ") }));
        from = until + 1;
    }
    parts.join("; ")
}

/// `closed`, one span or a list of spans.
fn spans(reader: &mut Reader<'_>, node: &Node) -> Option<Vec<Span>> {
    if matches!(node.text(), Some("closed")) {
        return Some(Vec::new());
    }
    let nodes = match &node.content {
        Content::Seq(items) => items.as_slice(),
        _ => std::slice::from_ref(node),
    };
    let mut spans: Vec<(Span, &Node)> = Vec::new();
    for node in nodes {
        let span = reader.scalar(node, "hours", "9:00-20:00", parse_span)?;
        if let Some((_, first)) = spans.iter().find(|(known, _)| known.holds(span.from) || span.holds(known.from)) {
            let text = |node: &Node| node.text().unwrap_or_default().to_owned();
            let args = vec![("a", text(first)), ("b", text(node))];
            let first = reader.file.place(first.bytes.clone());
            reader.report_related(Code::C606, &node.bytes, args, first);
        }
        spans.push((span, node));
    }
    Some(spans.into_iter().map(|(span, _)| span).collect())
}

/// `mon`, `mon-fri`, `пн-пт`, also over the week's end.
fn days(text: &str) -> Option<Vec<Weekday>> {
    let day = |name: &str| {
        let name = name.trim().to_lowercase();
        DAYS.iter().position(|(en, ru, _)| *en == name || *ru == name)
    };
    let (from, until) = match text.split_once(['-', '–']) {
        Some((from, until)) => (day(from)?, day(until)?),
        None => (day(text)?, day(text)?),
    };
    let count = (until + 7 - from) % 7 + 1;
    Some((0..count).map(|step| DAYS[(from + step) % 7].2).collect())
}

#[cfg(test)]
mod tests {
    use jiff::civil::Time;
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn shown(text: &str) -> Option<String> {
        of_week(text).map(|week| in_a_line(&week, Lang::Ru))
    }

    #[test]
    fn a_week_is_read_as_people_write_it_with_lunch_and_days_apart() {
        for (typed, meant) in [
            ("пн-пт 9:00-13:00, 14:00-18:00; сб 10-15", "пн–пт 09:00–13:00, 14:00–18:00; сб 10:00–15:00; вс закрыто"),
            ("пн - пт 9:00 – 18:00", "пн–пт 09:00–18:00; сб–вс закрыто"),
            (
                "пн, ср, пт 10-19",
                "пн 10:00–19:00; вт закрыто; ср 10:00–19:00; чт закрыто; пт 10:00–19:00; сб–вс закрыто",
            ),
            ("пн-пт 9-18, сб 10-14", "пн–пт 09:00–18:00; сб 10:00–14:00; вс закрыто"),
            ("9-13, 14-18", "пн–вс 09:00–13:00, 14:00–18:00"),
            ("пн-пт 8:00-24:00; сб-вс выходной", "пн–пт 08:00–24:00; сб–вс закрыто"),
            ("сб-вс закрыто", "пн–вс закрыто"),
        ] {
            assert_eq!(shown(typed).as_deref(), Some(meant), "{typed}");
        }
        for unread in [
            "пн-пт 9-13, 12-18",
            "пн 9-18; 10-12",
            "пн 9-18; вт",
            "пн 9-18;",
            "пн закрыто, 9-12",
            "пн-пт 9-18, вт 10-12",
            "пн-пт с 9 до 18",
        ] {
            assert_eq!(shown(unread), None, "{unread}");
        }
    }

    fn any_span() -> impl Strategy<Value = Span> {
        let time = |minutes: i16| match minutes {
            1_440 => Time::MAX,
            minutes => Time::midnight() + jiff::SignedDuration::from_mins(minutes.into()),
        };
        (0..1_440_i16, 0..=1_440_i16).prop_map(move |(from, until)| Span { from: time(from), until: time(until) })
    }

    /// A day's spans, which do not overlap.
    fn any_day() -> impl Strategy<Value = Vec<Span>> {
        vec(any_span(), 0..4).prop_map(|spans| {
            let mut kept: Vec<Span> = Vec::new();
            for span in spans.into_iter().filter(|span| span.from != span.until) {
                if !kept.iter().any(|known| known.holds(span.from) || span.holds(known.from)) {
                    kept.push(span);
                }
            }
            kept
        })
    }

    proptest! {
        #[test]
        fn what_is_shown_of_a_week_can_be_typed(week in vec(any_day(), 7)) {
            let week: [Vec<Span>; 7] = week.try_into().expect("seven days");
            for lang in [Lang::Ru, Lang::En] {
                prop_assert_eq!(of_week(&in_a_line(&week, lang)), Some(week.clone()));
            }
        }
    }
}
