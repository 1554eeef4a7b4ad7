//! A customer who writes much within a day: a fact of its own, told to the team once.

use jiff::SignedDuration;
use voronka_core::{
    capabilities::Capabilities,
    message::{ContactOf, Content, MediaKind, TeamAction},
    rows::Lane,
};
use voronka_testkit::{Rehearsal, channel::narrow};

use crate::{
    desk::{Shop, Who, minutes, words},
    partners::playbook,
    shop::{NOON, ORDER, files, shop, text},
};

fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

/// How often it was noted.
fn noted(talk: &Rehearsal) -> usize {
    talk.facts.iter().filter(|name| *name == "activity.high").count()
}

/// So many messages, each some hours after the one before.
fn writes(talk: &mut Rehearsal, times: usize, every: i64) {
    for _ in 0..times {
        talk.wait(hours(every));
        talk.me("а торты с малиной бывают?");
    }
}

#[test]
fn the_fifth_message_within_a_day_is_noted_and_none_that_follows() {
    let mut talk = shop(&[]);
    writes(&mut talk, 4, 1);
    assert_eq!(noted(&talk), 0);
    writes(&mut talk, 1, 1);
    assert_eq!(noted(&talk), 1);
    // A fortnight in which no day is quiet: more messages than a lead remembers.
    writes(&mut talk, 100, 3);
    assert_eq!(noted(&talk), 1);
}

#[test]
fn after_a_quiet_day_it_is_noted_again() {
    let mut talk = shop(&[]);
    writes(&mut talk, 5, 1);
    writes(&mut talk, 5, 23);
    assert_eq!(noted(&talk), 1, "23 hours are no day");
    writes(&mut talk, 1, 24);
    writes(&mut talk, 3, 1);
    assert_eq!(noted(&talk), 1);
    writes(&mut talk, 1, 1);
    assert_eq!(noted(&talk), 2);
}

#[test]
fn who_writes_a_little_every_day_is_noted_again_when_they_write_much() {
    let mut talk = shop(&[]);
    writes(&mut talk, 5, 1);
    writes(&mut talk, 7, 20);
    assert_eq!(noted(&talk), 1);
    writes(&mut talk, 4, 1);
    assert_eq!(noted(&talk), 2);
}

#[test]
fn messages_of_several_days_and_buttons_are_not_much() {
    let mut talk = shop(&[]);
    writes(&mut talk, 20, 7);
    assert_eq!(noted(&talk), 0, "four within any day");
    let mut talk = shop(&[]);
    for n in 0..10 {
        talk.did(Content::Button { token: format!("x{n}"), label: Some("Ещё".into()) });
    }
    assert_eq!(noted(&talk), 0);
}

#[test]
fn commands_and_numbers_of_a_list_are_not_much_and_photos_and_contacts_are() {
    let mut talk = shop(&[]);
    for _ in 0..10 {
        talk.did(Content::Command { name: "help".into(), args: String::new() });
    }
    assert_eq!(noted(&talk), 0);
    // Where a messenger has no buttons, answers are numbers of a list.
    let mut listed = shop(&[("zakaz", ORDER)]).capabilities(Capabilities { buttons: None, ..narrow() });
    for _ in 0..10 {
        listed.did(Content::Command { name: "start".into(), args: String::new() });
        assert!(!listed.snapshot().state.list.is_empty(), "a list is shown");
        listed.me("1");
    }
    assert_eq!(noted(&listed), 0);
    let mut talk = shop(&[]);
    for n in 0..4 {
        let file = format!("f{n}");
        talk.did(Content::Media { kind: MediaKind::Photo, file, caption: None, name: None, seconds: None, to: None });
    }
    assert_eq!(noted(&talk), 0);
    talk.did(Content::Contact { phone: "+79991234567".into(), name: None, whose: ContactOf::Sender });
    assert_eq!(noted(&talk), 1);
}

#[test]
fn a_burst_in_one_turn_is_noted_once() {
    let mut talk = shop(&[]);
    talk.burst(&["Здравствуйте", "а торты", "с малиной", "бывают", "или нет?", "и почём?", "и когда?"]);
    assert_eq!(noted(&talk), 1);
}

#[test]
fn a_member_of_the_team_may_write_as_much_as_they_like() {
    let mut shop = Shop::of_team("{to: хозяйка, about: [activity.high]}");
    for _ in 0..10 {
        shop.boss.me("а торты с малиной бывают?");
        shop.anna.team(TeamAction::Note { text: "перезвонить".into() });
    }
    assert_eq!((noted(&shop.boss), noted(&shop.anna)), (0, 0));
}

/// The boss's cards since the beginning.
fn cards(shop: &Shop) -> Vec<String> {
    let rows = shop.anna.commits.iter().flat_map(|commit| &commit.outbox);
    let theirs = rows.filter(|row| row.lane == Lane::Notice && row.peer.as_str() == "1");
    theirs.map(|row| row.bubble.text.text.clone()).collect()
}

#[test]
fn the_team_is_told_once_in_one_card_with_what_else_there_is() {
    let mut shop = Shop::of_team("{to: хозяйка, about: [activity.high]}");
    for _ in 0..4 {
        shop.anna.me("а вы где находитесь?");
    }
    assert!(cards(&shop).is_empty());
    shop.anna.me("сколько стоит торт?");
    let told = words(&shop.cards(Who::Boss));
    assert!(told.starts_with("Много пишет · Спросил(а) цену"), "{told}");
    for _ in 0..5 {
        shop.anna.wait(minutes(6));
        shop.anna.me("а вы где находитесь?");
    }
    assert_eq!(cards(&shop).len(), 1);
}

#[test]
fn shortly_after_another_card_it_waits_to_be_told_with_what_follows() {
    let mut shop = Shop::of_team("{to: хозяйка, about: [activity.high]}");
    shop.anna.me("сколько стоит торт?");
    assert_eq!(cards(&shop).len(), 1);
    for _ in 0..4 {
        shop.anna.me("а вы где находитесь?");
    }
    assert_eq!((noted(&shop.anna), cards(&shop).len()), (1, 1));
    shop.anna.wait(minutes(6));
    let all = cards(&shop);
    assert!(all.len() == 2 && all[1].starts_with("Много пишет\n"), "{all:?}");
}

#[test]
fn a_rule_gives_points_for_it() {
    let mut files = files(&[]);
    let scoring = "range: 0..100\nwarm: {from: 20, until: 15}\nhot: {from: 60, until: 50}\nrules:\n  \
                   - {id: пишет, fact: activity.high, points: 25, why: много пишет}\n";
    files.insert("scoring.yaml".into(), scoring.into());
    let mut talk = Rehearsal::new(playbook("lavka", &files), "telegram", NOON);
    talk.play((0..5).map(|_| text("есть малина?")).collect());
    let lead = talk.snapshot().lead;
    assert_eq!((lead.score, lead.why), (25, vec!["много пишет".to_owned()]));
}
