//! What a turn counts for reports is what its facts say, counted again.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use voronka_core::{
    fact::{Fact, FunnelEvent},
    message::TeamAction,
    tally::{self, Counted, Known, Tally},
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
    // How quickly answers came is no fact: see below.
    let tallies = talk.commits.iter().flat_map(|commit| commit.tallies.clone());
    sums(tallies.filter(|tally| tally.what != Counted::Answered))
}

fn counted_again(talk: &Rehearsal) -> Sums {
    let event = |row: &voronka_core::rows::FactRow| FunnelEvent {
        at: row.at,
        fact: serde_json::from_str::<Fact>(&row.data).expect("a fact"),
    };
    let facts: Vec<FunnelEvent> = talk.commits.iter().flat_map(|commit| &commit.facts).map(event).collect();
    let zone = talk.setting.playbook.spec.config.zone.clone();
    let source = talk.snapshot().lead.source;
    let known = Known { source: source.as_deref(), ..Known::default() };
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

/// Who answered first and after how many milliseconds, as the buckets have it.
fn answered(talk: &Rehearsal) -> Vec<String> {
    let tallies = talk.commits.iter().flat_map(|commit| &commit.tallies);
    tallies.filter(|tally| tally.what == Counted::Answered).map(|tally| tally.key.clone()).collect()
}

#[test]
fn first_answers_are_counted_by_who_gave_them_and_how_long_the_customer_waited() {
    let mut talk = crate::shop::shop(&[]);
    let wrote = |talk: &Rehearsal, before: i64, words: &str| {
        (talk.now() - SignedDuration::from_secs(before), crate::shop::text(words))
    };
    // Two messages that waited are one question, as old as the first of them.
    let mail = vec![wrote(&talk, 8, "здравствуйте"), wrote(&talk, 1, "доставка есть?")];
    talk.take(mail);
    let bots = |ms: u32| format!("bot.{}", (ms.ilog2() << 2) + ((ms >> (ms.ilog2() - 2)) & 3));
    assert_eq!(answered(&talk), [bots(8_000)]);
    // A reminder, a timer, or a message that nobody answers counts for nothing.
    talk.wait(SignedDuration::from_hours(3));
    assert_eq!(answered(&talk).len(), 1);
    // Who asks for a person is answered by the bot at once, and by the person when they write.
    talk.me("позовите человека");
    assert_eq!(answered(&talk).len(), 2);
    talk.wait(SignedDuration::from_mins(7));
    talk.me("ау");
    talk.team(TeamAction::Reply { text: "Здравствуйте!".into() });
    let all = answered(&talk);
    assert!(all.len() == 3 && all[2].starts_with("person."), "{all:?}");
    assert_eq!(all[2], bots(7 * 60_000).replace("bot", "person"));
    talk.team(TeamAction::Reply { text: "Чем помочь?".into() });
    assert_eq!(answered(&talk).len(), 3, "the first answer alone");
    talk.me("ау");
    talk.team(TeamAction::GiveBack);
    talk.wait(SignedDuration::from_hours(1));
    talk.team(TeamAction::Reply { text: "Ещё что-нибудь?".into() });
    let by_people = |talk: &Rehearsal| answered(talk).iter().filter(|key| key.starts_with("person")).count();
    assert_eq!(by_people(&talk), 1, "nobody waited for them");
    // What was marked as looked after waits for no word any more.
    talk.team(TeamAction::TakeOver);
    talk.me("спасибо");
    talk.team(TeamAction::Handled);
    talk.pass(SignedDuration::from_hours(72));
    talk.team(TeamAction::Reply { text: "Как вам торт?".into() });
    assert_eq!(by_people(&talk), 1);
}
