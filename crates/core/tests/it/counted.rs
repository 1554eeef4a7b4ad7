//! What a turn counts for reports is what its facts say, counted again.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use voronka_core::{
    fact::{Fact, FunnelEvent},
    message::TeamAction,
    tally::{self, Known, Tally},
};
use voronka_testkit::Rehearsal;

type Sums = BTreeMap<(String, &'static str, String), i64>;

fn sums(tallies: impl IntoIterator<Item = Tally>) -> Sums {
    let mut sums = Sums::new();
    for Tally { day, what, key, n } in tallies {
        *sums.entry((day.to_string(), what.name(), key)).or_default() += n;
    }
    sums.retain(|_, n| *n != 0);
    sums
}

fn counted(talk: &Rehearsal) -> Sums {
    sums(talk.commits.iter().flat_map(|commit| commit.tallies.clone()))
}

fn counted_again(talk: &Rehearsal) -> Sums {
    let event = |row: &voronka_core::rows::FactRow| FunnelEvent {
        at: row.at,
        fact: serde_json::from_str::<Fact>(&row.data).expect("a fact"),
    };
    let facts: Vec<FunnelEvent> = talk.commits.iter().flat_map(|commit| &commit.facts).map(event).collect();
    let zone = talk.setting.playbook.spec.config.zone.clone();
    let source = talk.snapshot().lead.source;
    let known = Known { active: None, source: source.as_deref() };
    sums(tally::of(&facts, known, |at: Timestamp| at.to_zoned(zone.clone()).date()))
}

#[test]
fn a_dialogue_over_days_is_counted_as_its_facts_are() {
    let mut talk = crate::shop::shop(&[]);
    talk.did(voronka_core::message::Content::Command { name: "start".into(), args: "vk_1".into() });
    talk.me("сколько стоит медовик?");
    talk.wait(SignedDuration::from_hours(30));
    talk.me("позовите человека");
    talk.team(TeamAction::TakeOver);
    talk.team(TeamAction::GiveBack);
    talk.wait(SignedDuration::from_hours(50));
    talk.me("хочу заказать торт");
    talk.me("стоп");
    let counted = counted(&talk);
    assert_eq!(counted, counted_again(&talk));
    let n = |what: &str, key: &str| -> i64 {
        counted.iter().filter(|((_, of, its), _)| *of == what && its == key).map(|(_, n)| n).sum()
    };
    assert_eq!((n("came", "vk_1"), n("active", ""), n("handoff", "taken"), n("opt_out", "")), (1, 3, 1, 1));
}
