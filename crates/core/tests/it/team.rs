//! What people of the team do in a conversation.

use voronka_core::{
    message::TeamAction,
    order::{OrderMove, OrderState},
    rows::Author,
    turn::Owner,
};
use voronka_testkit::Rehearsal;

use crate::shop::{at_filling, at_order, fact};

fn placed() -> (Rehearsal, voronka_core::ids::OrderId) {
    let mut talk = at_order();
    talk.press("Подтвердить");
    let order = talk.snapshot().orders[0].clone();
    assert_eq!(order.state, OrderState::Placed);
    (talk, order.id)
}

fn state(talk: &Rehearsal) -> OrderState {
    talk.snapshot().orders[0].state
}

#[test]
fn whoever_takes_a_conversation_is_known_until_it_is_given_back() {
    let mut talk = at_filling();
    talk.team(TeamAction::TakeOver);
    assert_eq!((talk.state().owner, talk.state().holder.as_deref()), (Owner::Person, Some("мастер")));
    talk.team(TeamAction::Reply { text: "Это Ольга.".into() });
    let said = &talk.last.as_ref().unwrap().messages[0];
    assert_eq!((said.author, said.basis.as_deref()), (Author::Person, Some(r#"{"who":"мастер"}"#)));
    talk.team(TeamAction::GiveBack);
    assert_eq!((talk.state().owner, talk.state().holder), (Owner::Bot, None));
}

#[test]
fn a_note_is_kept_and_the_customer_hears_nothing() {
    let mut talk = at_filling();
    let before = talk.snapshot();
    let said = talk.team(TeamAction::Note { text: "Просит скидку второй раз".into() });
    assert!(said.is_empty());
    let after = talk.snapshot();
    assert_eq!((after.state.owner, after.history.len()), (before.state.owner, before.history.len()));
    assert!(fact(&talk, "note"));
    talk.me("ягоды");
    assert!(!talk.said.is_empty(), "the bot goes on");
}

#[test]
fn a_move_of_an_order_is_taken_back_and_the_customer_is_told_if_they_were() {
    let (mut talk, order) = placed();
    talk.team(TeamAction::MoveOrder { order, to: OrderMove::Start });
    assert!(talk.words().contains("Заказ"), "news of the order");
    talk.team(TeamAction::UndoOrder { order, by: OrderMove::Start, from: OrderState::Placed });
    assert!(talk.words().contains("по ошибке"), "{}", talk.words());
    assert_eq!(state(&talk), OrderState::Placed);
    // Nobody was told of this one.
    talk.team(TeamAction::MoveOrder { order, to: OrderMove::AskPayment });
    talk.team(TeamAction::UndoOrder { order, by: OrderMove::AskPayment, from: OrderState::Placed });
    assert!(talk.said.is_empty());
    assert_eq!(state(&talk), OrderState::Placed);
    // The same move is made again.
    talk.team(TeamAction::MoveOrder { order, to: OrderMove::Start });
    assert_eq!(state(&talk), OrderState::InProgress);
}

#[test]
fn what_was_moved_on_or_closed_for_good_is_not_taken_back() {
    let (mut talk, order) = placed();
    talk.team(TeamAction::MoveOrder { order, to: OrderMove::MarkPaid });
    talk.team(TeamAction::MoveOrder { order, to: OrderMove::Start });
    talk.team(TeamAction::UndoOrder { order, by: OrderMove::MarkPaid, from: OrderState::Placed });
    assert_eq!((state(&talk), talk.said.len()), (OrderState::InProgress, 0), "a late click");
    talk.team(TeamAction::MoveOrder { order, to: OrderMove::Refund });
    talk.team(TeamAction::UndoOrder { order, by: OrderMove::Refund, from: OrderState::InProgress });
    assert_eq!(state(&talk), OrderState::Refunded);
}

/// PAINS 15: both ends of a person's stretch are told, with who it was.
#[test]
fn the_timeline_says_who_took_the_conversation_and_who_gave_it_back() {
    let mut talk = at_filling();
    talk.team(TeamAction::TakeOver);
    talk.team(TeamAction::GiveBack);
    let told: Vec<String> = talk.commits.iter().flat_map(|commit| &commit.facts).map(|row| row.data.clone()).collect();
    assert!(told.iter().any(|data| data.contains("handoff") && data.contains("taken:")), "{told:?}");
    assert!(told.iter().any(|data| data.contains("hand_back") && data.contains("who")), "{told:?}");
}
