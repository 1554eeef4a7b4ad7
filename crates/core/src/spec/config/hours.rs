//! `hours: {mon-fri: 9:00-20:00, 2026-12-31: 9:00-15:00, 2027-01-01: closed}`.

use std::ops::Range;

use jiff::civil::Weekday;

use super::{Hours, Span};
use crate::spec::{
    diagnostic::Code,
    read::{Reader, parse_date, parse_span},
    tree::{Content, Node},
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

/// A week in a line, as people write it: `пн-пт 9:00-20:00, сб 10-16`, or the same hours every day. What is not named is closed.
pub(crate) fn of_week(text: &str) -> Option<[Vec<Span>; 7]> {
    let mut week: [Option<Vec<Span>>; 7] = Default::default();
    for part in text.split([',', ';']) {
        let (named, spans) = match part.trim().rsplit_once(char::is_whitespace) {
            Some((named, spans)) => (days(named)?, spans),
            None => (DAYS.map(|(.., day)| day).to_vec(), part.trim()),
        };
        let is_closed = ["closed", "закрыто", "выходной"].contains(&spans.to_lowercase().as_str());
        let spans = if is_closed { Vec::new() } else { vec![parse_span(spans)?] };
        for day in named {
            let of_day = week.get_mut(usize::try_from(day.to_monday_zero_offset()).ok()?)?;
            if of_day.replace(spans.clone()).is_some() {
                return None;
            }
        }
    }
    Some(week.map(Option::unwrap_or_default))
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
