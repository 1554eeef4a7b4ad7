use std::collections::BTreeMap;

use jiff::civil::Date;
use voronka_core::{
    ids::PartnerId,
    message::EventKey,
    rows::{FactRow, MailSeq, MessageRow, OutboxRow, TimerRow},
    tally::Tally,
};

use super::turn::{Prepared, consumed, last, of_conversations};
use crate::{
    session::{Statement, of_partner},
    sql,
    values::{Id, column, micros, text},
};

/// What turns write that nothing else of them rests on, of all tables at once: a trip to the server costs more than a row.
#[derive(Default)]
pub(super) struct Rows<'t> {
    mail_taken: Vec<(Id, MailSeq)>,
    messages: Vec<(Id, &'t MessageRow)>,
    facts: Vec<&'t FactRow>,
    timers_dropped: Vec<(Id, &'static str)>,
    /// With their JSON, as the bubbles.
    timers_set: Vec<(Id, &'static str, i64, &'t str)>,
    bubbles: Vec<(&'t OutboxRow, &'t str)>,
    tallies: Vec<((&'static str, Date, &'t str), i64)>,
}

impl<'t> Rows<'t> {
    pub(super) fn of_turns(turns: &[&'t Prepared]) -> Self {
        let mut rows = Self {
            mail_taken: consumed(turns),
            messages: of_conversations(turns, |turn| &turn.messages),
            facts: turns.iter().flat_map(|turn| &turn.turn.facts).collect(),
            bubbles: turns.iter().flat_map(|turn| turn.bubbles()).collect(),
            tallies: tallies(turns),
            ..Self::default()
        };
        let timers =
            turns.iter().flat_map(|turn| turn.timers().map(|(row, json)| (Id(turn.conversation().0), row, json)));
        for (of, row, json) in last(timers.map(|(of, row, json)| ((of.0, name(row)), (of, row, json)))) {
            match row {
                TimerRow::Set { due, timer } => rows.timers_set.push((of, timer.name(), micros(*due), json)),
                TimerRow::Cancel { name } => rows.timers_dropped.push((of, *name)),
            }
        }
        rows
    }

    pub(super) fn of_bubbles(bubbles: Vec<(&'t OutboxRow, &'t str)>) -> Self {
        Self { bubbles, ..Self::default() }
    }

    /// The statement that writes them all.
    pub(super) fn add(self, partner: &PartnerId) -> Statement {
        let Self { mail_taken, messages, facts, timers_dropped, timers_set, bubbles, tallies } = self;
        of_partner(sql::ROWS_ADD, partner)
            .bind(column(&mail_taken, |(of, _)| *of))
            .bind(column(&mail_taken, |(_, seq)| *seq))
            .bind(column(&messages, |(of, _)| *of))
            .bind(column(&messages, |(_, row)| row.seq))
            .bind(column(&messages, |(_, row)| row.author.name()))
            .bind(column(&messages, |(_, row)| micros(row.at)))
            .bind(column(&messages, |(_, row)| row.key.as_ref().map(EventKey::as_str).map(text)))
            .bind(column(&messages, |(_, row)| row.bubble.map(|id| Id(id.0))))
            .bind(column(&messages, |(_, row)| text(&row.text)))
            .bind(column(&messages, |(_, row)| text(&row.body)))
            .bind(column(&messages, |(_, row)| row.basis.as_deref().map(text)))
            .bind(column(&facts, |row| Id(row.customer.0)))
            .bind(column(&facts, |row| text(&row.name)))
            .bind(column(&facts, |row| micros(row.at)))
            .bind(column(&facts, |row| text(&row.data)))
            .bind(column(&timers_dropped, |(of, _)| *of))
            .bind(column(&timers_dropped, |(_, name)| *name))
            .bind(column(&timers_set, |(of, ..)| *of))
            .bind(column(&timers_set, |(_, name, ..)| *name))
            .bind(column(&timers_set, |(_, _, due, _)| *due))
            .bind(column(&timers_set, |(.., json)| text(json)))
            .bind(column(&bubbles, |(row, _)| Id(row.id.0)))
            .bind(column(&bubbles, |(row, _)| Id(row.conversation.conversation.0)))
            .bind(column(&bubbles, |(row, _)| row.account.as_str().to_owned()))
            .bind(column(&bubbles, |(row, _)| text(row.peer.as_str())))
            .bind(column(&bubbles, |(row, _)| row.seq))
            .bind(column(&bubbles, |(_, json)| text(json)))
            .bind(column(&bubbles, |(row, _)| row.lane.number()))
            .bind(column(&bubbles, |(row, _)| row.expires.map(micros)))
            .bind(column(&bubbles, |(row, _)| i64::from(row.attempts)))
            .bind(column(&tallies, |((what, ..), _)| *what))
            .bind(column(&tallies, |((_, day, _), _)| day.to_string()))
            .bind(column(&tallies, |((.., key), _)| text(key)))
            .bind(column(&tallies, |(_, n)| *n))
    }
}

/// Of several turns that count the same the sum: a statement takes each key once.
fn tallies<'t>(turns: &[&'t Prepared]) -> Vec<((&'static str, Date, &'t str), i64)> {
    let mut sums: BTreeMap<(&'static str, Date, &str), i64> = BTreeMap::new();
    for Tally { day, what, key, n } in turns.iter().flat_map(|turn| &turn.turn.tallies) {
        *sums.entry((what.name(), *day, key)).or_default() += n;
    }
    sums.into_iter().collect()
}

fn name(row: &TimerRow) -> &'static str {
    match row {
        TimerRow::Set { timer, .. } => timer.name(),
        TimerRow::Cancel { name } => name,
    }
}
