//! What the team sends to many: who gets it, when, and never twice.

use jiff::SignedDuration;
use voronka_core::{
    message::{BroadcastAct, Bubble, Content, DeliveryFate, Event, TeamAction},
    rows::{Lane, TurnCommit, Withdraw},
    spec::partner::{PartnerFiles, PartnerSpec},
    tally::Counted,
};
use voronka_testkit::{Rehearsal, journal::sample};

use crate::{partners::playbook, shop::fact};

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const NOON: &str = "2026-12-01T12:00:00+03:00";
const EVENING: &str = "2026-12-01T23:00:00+03:00";
const NEWS: &str = "enter: {fact: broadcast, when: lead.stage != отказ}\non_reply: continue\nsteps:\n  - {id: раз, after: 0m, say: Новинка}\n  - {id: два, after: 1d, say: Напоминаем}\n";

fn files(sequence: &str) -> PartnerFiles {
    let mut files = PartnerFiles::new();
    files.insert("config.yaml".into(), "name: К\naccounts: {web: {}}\nstages: [новый, отказ]\n".into());
    let flow = "start: {words: [не надо мне]}\nsteps:\n  - stage: отказ\n  - end: готово\n";
    files.insert("flows/a.yaml".into(), flow.into());
    files.insert("sequences/news.yaml".into(), sequence.into());
    files
}

/// A customer who has written an hour ago.
fn customer(sequence: &str, now: &str) -> Rehearsal {
    let mut talk = Rehearsal::new(playbook("korica", &files(sequence)), "web", now);
    talk.me("Здравствуйте");
    talk
}

fn sent(talk: &mut Rehearsal, act: BroadcastAct) -> Vec<String> {
    texts(talk.play(vec![Event::Broadcast { sequence: "news".into(), act }]))
}

fn texts(said: &[Bubble]) -> Vec<String> {
    said.iter().map(|bubble| bubble.text.text.clone()).collect()
}

#[test]
fn whoever_is_meant_gets_it_at_once_behind_all_answers_and_once_however_often_it_is_sent() {
    let mut talk = customer(NEWS, NOON);
    assert_eq!(sent(&mut talk, BroadcastAct::Begin), ["Новинка"]);
    let rows = talk.last.iter().flat_map(|commit| &commit.outbox);
    assert!(rows.into_iter().all(|row| row.lane == Lane::Campaign && row.expires.is_some()));
    for _ in 0..3 {
        assert!(sent(&mut talk, BroadcastAct::Begin).is_empty());
    }
    assert_eq!(texts(talk.wait(30 * HOUR)), ["Напоминаем"]);
    assert!(fact(&talk, "sequence.news.done"));
    assert!(sent(&mut talk, BroadcastAct::Begin).is_empty());
}

#[test]
fn who_is_not_meant_or_has_only_looked_or_wants_nothing_gets_nothing() {
    let mut refused = customer(NEWS, NOON);
    refused.me("не надо мне");
    assert!(sent(&mut refused, BroadcastAct::Begin).is_empty());

    let mut visitor = Rehearsal::new(playbook("korica", &files(NEWS)), "web", NOON);
    visitor.did(Content::Visited { link: String::new() });
    assert!(sent(&mut visitor, BroadcastAct::Begin).is_empty());

    let mut stopped = customer(NEWS, NOON);
    stopped.me("/stop");
    assert!(sent(&mut stopped, BroadcastAct::Begin).is_empty());
    for talk in [&mut refused, &mut visitor, &mut stopped] {
        assert!(talk.wait(100 * HOUR).is_empty());
    }
}

#[test]
fn what_the_night_holds_back_comes_in_the_morning_unless_it_was_stopped_and_can_be_sent_after_all() {
    let mut talk = customer(NEWS, EVENING);
    assert!(sent(&mut talk, BroadcastAct::Begin).is_empty());
    assert_eq!(texts(talk.wait(12 * HOUR)), ["Новинка"]);

    let mut talk = customer(NEWS, EVENING);
    sent(&mut talk, BroadcastAct::Begin);
    sent(&mut talk, BroadcastAct::End);
    assert!(talk.wait(12 * HOUR).is_empty());
    assert_eq!(sent(&mut talk, BroadcastAct::Begin), ["Новинка"]);
    // What was stopped in the middle does not begin anew.
    sent(&mut talk, BroadcastAct::End);
    assert!(fact(&talk, "sequence.news.stopped"));
    assert!(sent(&mut talk, BroadcastAct::Begin).is_empty() && talk.wait(100 * HOUR).is_empty());
}

#[test]
fn what_was_sent_is_remembered_though_its_file_was_away_for_a_while() {
    let mut talk = customer(NEWS, NOON);
    assert_eq!(sent(&mut talk, BroadcastAct::Begin), ["Новинка"]);
    let mut without = files(NEWS);
    without.remove("sequences/news.yaml");
    talk.edit(playbook("korica", &without));
    talk.me("спасибо");
    talk.edit(playbook("korica", &files(NEWS)));
    assert!(sent(&mut talk, BroadcastAct::Begin).is_empty() && talk.wait(100 * HOUR).is_empty());
}

#[test]
fn a_stop_takes_back_what_the_messenger_has_not_taken_and_keeps_nobody_out_who_got_nothing() {
    let weekly = NEWS.replace("lead.stage != отказ", "lead.stage != отказ, again: 5d");
    let mut talk = customer(&weekly, NOON);
    sent(&mut talk, BroadcastAct::Begin);
    sent(&mut talk, BroadcastAct::End);
    assert_eq!(talk.last.as_ref().map(|commit| commit.withdraw), Some(Withdraw::Campaigns));
    // The next sending, in the night: it is stopped before anybody has got it, and begun again in the morning.
    talk.wait(6 * 24 * HOUR + 11 * HOUR);
    assert!(sent(&mut talk, BroadcastAct::Begin).is_empty());
    sent(&mut talk, BroadcastAct::End);
    talk.wait(12 * HOUR);
    assert_eq!(sent(&mut talk, BroadcastAct::Begin), ["Новинка"]);
}

#[test]
fn who_has_got_nothing_of_what_was_stopped_or_whose_file_is_gone_is_counted_as_no_longer_within() {
    let ended = |talk: &Rehearsal| {
        let tallies = talk.commits.iter().flat_map(|commit| &commit.tallies);
        tallies.filter(|tally| tally.what == Counted::SequenceEnded).map(|tally| tally.key.clone()).collect::<Vec<_>>()
    };
    let mut talk = customer(NEWS, EVENING);
    sent(&mut talk, BroadcastAct::Begin);
    sent(&mut talk, BroadcastAct::End);
    assert_eq!(ended(&talk), ["news.stopped"]);
    sent(&mut talk, BroadcastAct::End);
    assert_eq!(ended(&talk).len(), 1, "once");

    let mut talk = customer(NEWS, NOON);
    sent(&mut talk, BroadcastAct::Begin);
    let mut without = files(NEWS);
    without.remove("sequences/news.yaml");
    talk.edit(playbook("korica", &without));
    talk.me("спасибо");
    talk.me("и всё");
    assert_eq!(ended(&talk), ["news.left"]);

    let mut talk = customer(NEWS, NOON);
    sent(&mut talk, BroadcastAct::Begin);
    let erasing = TurnCommit::erasing(&talk.snapshot().key, talk.loaded(), talk.snapshot().history[0].at);
    let tallies = erasing.expect("there is a conversation").tallies;
    assert_eq!(tallies.iter().map(|tally| tally.key.as_str()).collect::<Vec<_>>(), ["news.left"]);
}

#[test]
fn a_step_of_what_was_stopped_is_not_said_again_though_it_did_not_go_out() {
    let mut talk = customer(NEWS, NOON);
    sent(&mut talk, BroadcastAct::Begin);
    let bubble = talk.snapshot().history.iter().rev().find_map(|row| row.bubble).expect("something was said");
    sent(&mut talk, BroadcastAct::End);
    assert!(talk.play(vec![Event::Delivery { bubble, fate: DeliveryFate::Untried }]).is_empty());
    assert!(talk.wait(100 * HOUR).is_empty());
}

#[test]
fn whoever_says_stop_while_it_waits_gets_nothing_of_it() {
    let mut talk = customer(NEWS, EVENING);
    sent(&mut talk, BroadcastAct::Begin);
    talk.me("не пишите мне больше");
    assert!(talk.wait(100 * HOUR).is_empty());
}

#[test]
fn a_customer_with_whom_a_person_talks_gets_it_later() {
    let mut talk = customer(NEWS, NOON);
    talk.team(TeamAction::TakeOver);
    assert!(sent(&mut talk, BroadcastAct::Begin).is_empty());
    talk.team(TeamAction::GiveBack);
    assert_eq!(texts(talk.wait(3 * HOUR)), ["Новинка"]);
}

#[test]
fn an_advertisement_goes_to_nobody_without_a_consent() {
    let mut talk = customer(&format!("ad: true\n{NEWS}"), NOON);
    assert!(sent(&mut talk, BroadcastAct::Begin).is_empty());
    assert!(fact(&talk, "ad.suppressed"), "{:?}", talk.facts);
}

#[test]
fn a_sequence_that_something_else_begins_is_no_broadcast_and_a_broadcast_is_no_goal() {
    let mut talk = customer(&NEWS.replace("fact: broadcast", "fact: contact.left"), NOON);
    assert!(sent(&mut talk, BroadcastAct::Begin).is_empty() && talk.wait(100 * HOUR).is_empty());
    let parsed = PartnerSpec::parse(sample::partner("korica"), &files(&format!("goal: broadcast\n{NEWS}")));
    let codes: Vec<_> = parsed.diagnostics.iter().map(|found| format!("{:?}", found.code)).collect();
    assert_eq!(codes, ["S554"]);
}
