//! What becomes of messages that do not arrive: each fate has its fact, its notice and its consequence.

use jiff::SignedDuration;
use voronka_core::{
    ids::BubbleId,
    message::{Content, DeliveryFate, Event, TeamAction, Timer},
    rows::TimerRow,
};
use voronka_testkit::Rehearsal;

use crate::shop::{ORDER, act, at_filling, at_order, shop, text};

fn became(fate: DeliveryFate) -> Event {
    Event::Delivery { bubble: BubbleId::of(&["one"]), fate }
}

/// Time goes on after what was said last.
fn meanwhile(talk: &mut Rehearsal) {
    talk.wait(SignedDuration::from_secs(1));
}

fn facts(talk: &Rehearsal) -> String {
    let rows = talk.last.iter().flat_map(|commit| &commit.facts);
    rows.map(|row| row.data.clone()).collect::<Vec<_>>().join("\n")
}

fn told(talk: &Rehearsal, words: &str) -> bool {
    let notices = talk.last.iter().flat_map(|commit| &commit.notices);
    notices.into_iter().any(|notice| notice.text.contains("Не доставлено") && notice.text.contains(words))
}

#[test]
fn who_blocked_us_is_marked_and_no_timer_speaks_up_until_they_write_again() {
    for (fate, now) in [(DeliveryFate::Blocked, "blocked"), (DeliveryFate::Gone, "gone")] {
        let mut talk = at_filling();
        meanwhile(&mut talk);
        talk.play(vec![became(fate)]);
        assert!(talk.state().blocked && facts(&talk).contains(now));
        let commit = talk.last.clone().expect("a turn");
        assert_eq!(commit.timers, [TimerRow::Cancel { name: "silence" }], "in the same commit");
        assert!(talk.wait(SignedDuration::from_hours(48)).is_empty());
        talk.me("ягоды");
        assert!(!talk.state().blocked && facts(&talk).contains(r#""now":"yes""#));
        assert!(!talk.said.is_empty(), "the flow goes on where it stood");
        talk.wait(SignedDuration::from_mins(61));
        assert!(!talk.said.is_empty(), "and silence is counted again");
    }
}

#[test]
fn a_wait_that_nobody_was_there_for_goes_on_when_they_are_back() {
    let flow = "title: Пауза\nstart: {commands: [/a]}\nsteps:\n  - say: Минутку.\n  - wait: 10m\n  - say: Готово.\n";
    let mut talk = shop(&[("a", flow)]);
    talk.me("/a");
    meanwhile(&mut talk);
    talk.play(vec![became(DeliveryFate::Blocked)]);
    assert!(talk.wait(SignedDuration::from_hours(1)).is_empty());
    talk.me("я тут");
    talk.wait(SignedDuration::from_secs(1));
    assert!(talk.words().contains("Готово."), "{:?}", talk.said);
    assert!(talk.wait(SignedDuration::from_hours(1)).is_empty(), "once");
}

#[test]
fn five_refused_bubbles_are_one_block() {
    let mut talk = at_filling();
    meanwhile(&mut talk);
    talk.play(vec![became(DeliveryFate::Blocked); 5]);
    assert_eq!(facts(&talk).matches("reachable").count(), 1);
}

#[test]
fn the_team_hears_that_a_customer_it_counts_on_cannot_be_reached() {
    let mut cold = at_filling();
    meanwhile(&mut cold);
    cold.play(vec![became(DeliveryFate::Blocked)]);
    assert!(!told(&cold, ""), "a passer-by's good-bye is no news");

    let mut buyer = at_order();
    buyer.press("Подтвердить");
    meanwhile(&mut buyer);
    buyer.play(vec![became(DeliveryFate::Blocked)]);
    assert!(told(&buyer, "заблокировал бота"), "{:?}", buyer.notices);

    let mut handed = shop(&[("zakaz", ORDER)]);
    handed.me("позовите человека");
    meanwhile(&mut handed);
    handed.play(vec![became(DeliveryFate::Gone)]);
    assert!(told(&handed, "удалён"), "{:?}", handed.notices);
}

#[test]
fn a_person_whose_reply_cannot_be_sent_is_told() {
    let mut talk = at_filling();
    meanwhile(&mut talk);
    talk.play(vec![became(DeliveryFate::Blocked)]);
    talk.team(TeamAction::Reply { text: "Вы здесь?".into() });
    assert!(talk.said.is_empty() && told(&talk, "не дошёл"), "{:?}", talk.notices);
}

/// A late word of a block must not silence somebody who is back.
#[test]
fn who_wrote_after_the_failed_message_is_there() {
    let mut talk = at_filling();
    let then = "2026-12-01T11:59:00+03:00".parse().expect("a timestamp");
    talk.take(vec![(then, became(DeliveryFate::Blocked))]);
    assert!(!talk.state().blocked && facts(&talk).contains("undelivered"));
    talk.me("ягоды");
    assert!(!talk.said.is_empty());
}

#[test]
fn a_refused_message_is_a_fact_and_a_notice_with_its_cause_and_the_conversation_goes_on() {
    let mut talk = at_filling();
    meanwhile(&mut talk);
    talk.play(vec![became(DeliveryFate::Refused { cause: "a button is too long".into() })]);
    assert!(facts(&talk).contains("a button is too long") && told(&talk, "a button is too long"));
    assert!(!talk.state().blocked);
    talk.me("ягоды");
    assert!(!talk.said.is_empty());
}

#[test]
fn a_message_that_was_not_sent_in_time_is_a_fact_and_no_notice() {
    let mut talk = at_filling();
    meanwhile(&mut talk);
    talk.play(vec![became(DeliveryFate::Expired)]);
    assert!(facts(&talk).contains("expired") && !told(&talk, "") && !talk.state().blocked);
}

/// PAINS 13.
#[test]
fn what_became_of_a_message_says_nothing_to_the_customer_and_leaves_the_flow_where_it_was() {
    for fate in
        [DeliveryFate::Blocked, DeliveryFate::Gone, DeliveryFate::Refused { cause: "no".into() }, DeliveryFate::Expired]
    {
        let mut talk = at_filling();
        let step = talk.state().run.map(|run| run.step);
        meanwhile(&mut talk);
        talk.play(vec![became(fate)]);
        assert!(talk.said.is_empty());
        assert_eq!(talk.state().run.map(|run| run.step), step);
    }
}

#[test]
fn a_block_that_the_messenger_tells_of_is_the_same_as_one_that_a_message_met() {
    let mut talk = at_filling();
    talk.did(Content::Blocked);
    assert!(talk.state().blocked && facts(&talk).contains("blocked"));
    talk.play(vec![Event::Timer { timer: Timer::Silence { entry: 0 } }]);
    assert!(talk.said.is_empty());
    talk.play(vec![act(Content::Opened), text("ягоды")]);
    assert!(!talk.state().blocked && !talk.said.is_empty());
}
