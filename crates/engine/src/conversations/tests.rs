use uuid::Uuid;
use voronka_core::ids::ConversationId;

use super::*;

fn key(partner: &str, n: u128) -> ConversationKey {
    ConversationKey { partner: PartnerId::parse(partner).unwrap(), conversation: ConversationId(Uuid::from_u128(n)) }
}

fn anybody() -> News {
    News::Customer(AccountId::parse("telegram").unwrap(), Peer::new("anna"))
}

/// PAINS 30: what does not fit is on disk, and is known to be there.
#[test]
fn however_many_wait_their_keys_in_memory_are_bounded_and_every_partner_has_some() {
    let conversations = Conversations::new(Limits::default());
    let mut state = conversations.lock();
    for n in 1..=20_000 {
        state.hear(key("crowd", n), anybody(), Moment::default());
    }
    assert_eq!(state.served.len(), WAITING_MAX);
    assert_eq!(state.due.len(), WAITING_MAX, "nor do signs of life grow");
    for partner in 0..200 {
        for n in 1..=1_000 {
            state.hear(key(&format!("partner-{partner}"), n), anybody(), Moment::default());
        }
    }
    assert!(state.served.len() <= WAITING_IN_ALL_MAX + 200 * WAITING_MIN, "{}", state.served.len());
    let last = PartnerId::parse("partner-199").unwrap();
    assert_eq!(state.queue.waiting_of(&last), WAITING_MIN);
    assert!(state.backlogs[&last].missed && state.backlogs[&key("crowd", 1).partner].missed);
}

#[test]
fn a_customer_who_writes_on_is_in_line_once() {
    let conversations = Conversations::new(Limits::default());
    let mut state = conversations.lock();
    for _ in 0..10_000 {
        state.hear(key("crowd", 1), anybody(), Moment::default());
    }
    assert_eq!((state.served.len(), state.queue.waiting(), state.due.len()), (1, 1, 1));
}
