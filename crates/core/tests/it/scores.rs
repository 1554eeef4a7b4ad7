//! Lead scores in a conversation.

use jiff::SignedDuration;
use voronka_core::{lead::Temperature, message::Timer, rows::TimerRow};
use voronka_testkit::Rehearsal;

use crate::{
    partners::playbook,
    shop::{NOON, fact, files},
};

const SCORING: &str = "range: 0..100
warm: {from: 20, until: 15}
hot: {from: 60, until: 50}
rules:
  - {id: цена, fact: price.asked, points: 30, times: 1, fades: 10d, why: спросил цену}
";

#[test]
fn the_moment_at_which_a_fading_lead_cools_is_computed_and_keeps_the_hysteresis() {
    let mut files = files(&[]);
    files.insert("scoring.yaml".into(), SCORING.as_bytes().to_vec());
    let mut talk = Rehearsal::new(playbook("lavka", &files), "telegram", NOON);
    talk.me("сколько стоит малина?");
    assert_eq!(talk.snapshot().lead.temperature, Temperature::Warm);
    let timers = talk.last.as_ref().map(|commit| commit.timers.clone()).unwrap_or_default();
    let due = timers.iter().find_map(|row| match row {
        TimerRow::Set { due, timer: Timer::Score } => Some(*due),
        _ => None,
    });
    // 30 points fade by 3 a day: 15 is left after five days, and below that the lead is warm no more.
    let noon: jiff::Timestamp = NOON.parse().expect("a timestamp");
    let after = due.expect("a timer").duration_since(noon);
    assert!((7200..=7202).contains(&after.as_mins()), "{after:?}");
    talk.wait(SignedDuration::from_hours(5 * 24 - 1));
    assert!(!fact(&talk, "lead.cold"));
    talk.wait(SignedDuration::from_hours(2));
    assert!(fact(&talk, "lead.cold") && talk.said.is_empty());
}
