//! What the team sends to many: who gets it, when, and never twice.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use voronka_core::{
    ids::BubbleId,
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

/// A customer who has written a minute ago.
fn customer(sequence: &str, now: &str) -> Rehearsal {
    let mut talk = Rehearsal::new(playbook("korica", &files(sequence)), "web", now);
    talk.me("Здравствуйте");
    talk.pass(SignedDuration::from_mins(1));
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
    let said = spoken(&talk);
    assert_eq!(talk.last.as_ref().map(|commit| commit.withdraw.clone()), Some(Withdraw::Called(said)));
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

/// Bubbles of what was said last, in one breath.
fn spoken(talk: &Rehearsal) -> Vec<BubbleId> {
    let history = &talk.snapshot().history;
    let ours = || history.iter().filter(|row| row.bubble.is_some());
    let last = ours().next_back().expect("something was said").at;
    ours().filter(|row| row.at == last).filter_map(|row| row.bubble).collect()
}

/// Bubbles come back, a minute later.
fn come_back(talk: &mut Rehearsal, bubbles: &[BubbleId], fate: &DeliveryFate) -> Vec<String> {
    talk.pass(SignedDuration::from_mins(1));
    let back = |bubble: &BubbleId| texts(talk.play(vec![Event::Delivery { bubble: *bubble, fate: fate.clone() }]));
    bubbles.iter().flat_map(back).collect()
}

/// What was counted of the broadcast, without what was taken back.
fn counted(talk: &Rehearsal) -> BTreeMap<(&'static str, String), i64> {
    let mut sum = BTreeMap::new();
    for tally in talk.commits.iter().flat_map(|commit| &commit.tallies).filter(|tally| tally.key.starts_with("news")) {
        *sum.entry((tally.what.name(), tally.key.clone())).or_default() += tally.n;
    }
    sum.retain(|_, n| *n != 0);
    sum
}

fn counts<const N: usize>(of: [(&'static str, &str, i64); N]) -> BTreeMap<(&'static str, String), i64> {
    of.into_iter().map(|(what, key, n)| ((what, key.to_owned()), n)).collect()
}

const ONE: &str = "enter: {fact: broadcast}\nsteps:\n  - {id: раз, after: 0m, say: Новинка}\n";

#[test]
fn whom_a_stop_has_kept_it_from_counts_as_not_reached_and_gets_it_once_when_it_goes_on() {
    let mut talk = customer(ONE, NOON);
    sent(&mut talk, BroadcastAct::Begin);
    let said = spoken(&talk);
    sent(&mut talk, BroadcastAct::End);
    assert!(come_back(&mut talk, &said, &DeliveryFate::Untried).is_empty());
    assert_eq!(counted(&talk), counts([("sequence.entered", "news", 1), ("sequence.ended", "news.stopped", 1)]));
    assert_eq!(talk.state().unasked, [], "and it counts towards no limit");
    assert_eq!(sent(&mut talk, BroadcastAct::Begin), ["Новинка"]);
    let reached =
        [("sequence.entered", "news", 1), ("sequence.sent", "news.раз", 1), ("sequence.ended", "news.done", 1)];
    assert_eq!(counted(&talk), counts(reached));
    for act in [BroadcastAct::Begin, BroadcastAct::End, BroadcastAct::Begin] {
        assert!(sent(&mut talk, act).is_empty());
    }
    assert_eq!(counted(&talk), counts(reached), "what has gone out is not heard of, and is theirs");
}

#[test]
fn what_comes_back_after_it_was_begun_again_goes_out_at_once() {
    let mut talk = customer(ONE, NOON);
    sent(&mut talk, BroadcastAct::Begin);
    let said = spoken(&talk);
    sent(&mut talk, BroadcastAct::End);
    assert!(sent(&mut talk, BroadcastAct::Begin).is_empty(), "it may have gone out");
    assert_eq!(come_back(&mut talk, &said, &DeliveryFate::Untried), ["Новинка"]);
    // Stopped once more before it has come back: it waits until it is begun.
    let said = spoken(&talk);
    for act in [BroadcastAct::End, BroadcastAct::Begin, BroadcastAct::End] {
        sent(&mut talk, act);
    }
    assert!(come_back(&mut talk, &said, &DeliveryFate::Untried).is_empty());
    assert_eq!(sent(&mut talk, BroadcastAct::Begin), ["Новинка"]);
}

#[test]
fn who_may_have_seen_it_before_the_stop_does_not_get_it_again() {
    let mut talk = customer(ONE, NOON);
    sent(&mut talk, BroadcastAct::Begin);
    let said = spoken(&talk);
    sent(&mut talk, BroadcastAct::End);
    assert!(come_back(&mut talk, &said, &DeliveryFate::Expired).is_empty());
    assert!(sent(&mut talk, BroadcastAct::Begin).is_empty() && talk.wait(100 * HOUR).is_empty());
    // Of a long one a part has gone out.
    let long = ONE.replace("Новинка", &format!("'{}'", "Новинка. ".repeat(1_000)));
    let mut talk = customer(&long, NOON);
    sent(&mut talk, BroadcastAct::Begin);
    let said = spoken(&talk);
    assert!(said.len() > 1);
    sent(&mut talk, BroadcastAct::End);
    assert!(come_back(&mut talk, &said[1..], &DeliveryFate::Untried).is_empty());
    assert!(sent(&mut talk, BroadcastAct::Begin).is_empty());
    // And with it all has come back.
    assert!(!come_back(&mut talk, &said[..1], &DeliveryFate::Untried).is_empty());
}

#[test]
fn a_later_message_that_came_back_is_sent_when_it_goes_on_and_the_rest_behind_it() {
    let mut talk = customer(&format!("{NEWS}  - {{id: три, after: 1d, say: Последний день}}\n"), NOON);
    sent(&mut talk, BroadcastAct::Begin);
    assert_eq!(texts(talk.wait(24 * HOUR)), ["Напоминаем"]);
    let said = spoken(&talk);
    sent(&mut talk, BroadcastAct::End);
    assert!(come_back(&mut talk, &said, &DeliveryFate::Untried).is_empty());
    assert_eq!(sent(&mut talk, BroadcastAct::Begin), ["Напоминаем"]);
    assert_eq!(texts(talk.wait(24 * HOUR)), ["Последний день"]);
    let sent = |step| ("sequence.sent", step, 1);
    let all = [sent("news.раз"), sent("news.два"), sent("news.три")];
    let ends = [("sequence.entered", "news", 1), ("sequence.ended", "news.done", 1)];
    assert_eq!(counted(&talk), all.into_iter().chain(ends).map(|(what, key, n)| ((what, key.to_owned()), n)).collect());
}

#[test]
fn a_message_that_is_said_again_because_nobody_has_seen_it_is_counted_once() {
    let mut talk = customer(ONE, NOON);
    sent(&mut talk, BroadcastAct::Begin);
    for _ in 0..2 {
        let said = spoken(&talk);
        assert_eq!(come_back(&mut talk, &said, &DeliveryFate::Untried), ["Новинка"]);
    }
    assert_eq!(counted(&talk)[&("sequence.sent", "news.раз".to_owned())], 1);
    let said = spoken(&talk);
    assert!(come_back(&mut talk, &said, &DeliveryFate::Untried).is_empty(), "three times are enough");
    assert!(!counted(&talk).contains_key(&("sequence.sent", "news.раз".to_owned())), "and nobody has got it");
}

#[test]
fn who_must_not_be_written_to_is_counted_as_such_once_and_whom_a_message_does_not_concern_is_not() {
    let mut talk = customer(&NEWS.replace("say: Напоминаем", "say: Напоминаем, when: lead.stage = отказ"), NOON);
    sent(&mut talk, BroadcastAct::Begin);
    talk.wait(30 * HOUR);
    let all = [("sequence.entered", "news", 1), ("sequence.sent", "news.раз", 1), ("sequence.ended", "news.done", 1)];
    assert_eq!(counted(&talk), counts(all), "what a condition leaves out is nobody's bar");

    let mut talk = customer(&format!("ad: true\n{ONE}"), NOON);
    let barred =
        [("sequence.entered", "news", 1), ("sequence.barred", "news.раз", 1), ("sequence.ended", "news.done", 1)];
    for act in [BroadcastAct::Begin, BroadcastAct::End, BroadcastAct::Begin] {
        assert!(sent(&mut talk, act).is_empty());
        assert_eq!(counted(&talk), counts(barred), "{act:?}");
    }
}

#[test]
fn a_stop_takes_nothing_of_another_sequence_along_though_both_were_said_in_one_breath() {
    let mut all = files(ONE);
    let other = "enter: {fact: flow.a.готово}\non_reply: continue\nsteps:\n  - {id: а, after: 0m, say: Спасибо}\n";
    all.insert("sequences/thanks.yaml".into(), other.into());
    let mut talk = Rehearsal::new(playbook("korica", &all), "web", EVENING);
    talk.me("Здравствуйте");
    talk.me("не надо мне");
    sent(&mut talk, BroadcastAct::Begin);
    let mut morning = texts(talk.wait(12 * HOUR));
    morning.sort();
    assert_eq!(morning, ["Новинка", "Спасибо"]);
    let rows = talk.commits.iter().flat_map(|commit| &commit.outbox);
    let news = rows.filter(|row| row.bubble.text.text == "Новинка").map(|row| row.id).collect();
    sent(&mut talk, BroadcastAct::End);
    assert_eq!(talk.last.as_ref().map(|commit| commit.withdraw.clone()), Some(Withdraw::Called(news)));
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
