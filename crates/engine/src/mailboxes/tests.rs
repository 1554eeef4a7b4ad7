use voronka_core::{
    ids::{AccountId, PartnerId},
    message::{EventKey, MediaKind, Peer, Profile},
};

use super::*;

fn event(peer: &str, key: &str) -> Inbound {
    let content = Content::Text { text: "Здравствуйте".to_owned() };
    Inbound {
        partner: PartnerId::parse("korica").unwrap(),
        account: AccountId::parse("telegram").unwrap(),
        peer: Peer::new(peer),
        key: EventKey::new(key),
        at: jiff::Timestamp::UNIX_EPOCH,
        event: Event::Customer { content, profile: Profile::default() },
    }
}

fn anna() -> ConversationKey {
    event("anna", "").conversation()
}

/// Anna's mailbox has been read, and was empty.
fn known() -> Mailboxes {
    let boxes = Mailboxes::new(Writers::One);
    boxes.read(&anna()).found_all(&[]);
    boxes
}

fn new(seq: MailSeq) -> Vec<PostedMail> {
    vec![PostedMail::New(anna(), seq)]
}

#[track_caller]
fn check(boxes: &Mailboxes, expected: Option<&[&str]>) {
    let mail = boxes.mail(&anna(), 9);
    let keys = mail.as_ref().map(|mail| mail.iter().map(|mail| mail.inbound.key.as_str()).collect::<Vec<_>>());
    assert_eq!(keys.as_deref(), expected);
}

#[test]
fn what_was_never_read_is_not_known() {
    let boxes = Mailboxes::new(Writers::One);
    boxes.post(&[event("anna", "1")]).kept(&new(1));
    check(&boxes, None);
}

#[test]
fn posts_that_end_in_another_order_stand_in_the_order_of_the_store() {
    let boxes = known();
    let (first, second) = (boxes.post(&[event("anna", "1")]), boxes.post(&[event("anna", "2")]));
    second.kept(&new(8));
    check(&boxes, None);
    first.kept(&new(7));
    check(&boxes, Some(&["1", "2"]));
    boxes.consumed(&anna(), &[7]);
    check(&boxes, Some(&["2"]));
    boxes.consumed(&anna(), &[8]);
    check(&boxes, Some(&[]));
}

#[test]
fn a_duplicate_changes_nothing() {
    let boxes = known();
    boxes.post(&[event("anna", "1"), event("anna", "1")]).kept(&[PostedMail::New(anna(), 1), PostedMail::Seen]);
    boxes.post(&[event("anna", "1")]).kept(&[PostedMail::Seen]);
    check(&boxes, Some(&["1"]));
}

#[test]
fn what_may_have_been_written_is_looked_for() {
    let boxes = known();
    boxes.post(&[event("anna", "1")]).failed();
    check(&boxes, None);
    boxes.read(&anna()).found_all(&[]);
    check(&boxes, Some(&[]));
    let stranger = boxes.stranger();
    check(&boxes, None);
    drop(stranger);
    check(&boxes, Some(&[]));
    boxes.forget(&anna());
    check(&boxes, None);
}

#[test]
fn a_reading_during_which_something_came_does_not_tell_all() {
    let boxes = Mailboxes::new(Writers::One);
    let key = anna();
    let reading = boxes.read(&key);
    boxes.post(&[event("anna", "1")]).kept(&new(1));
    reading.found_all(&[]);
    check(&boxes, None);
    let posting = boxes.post(&[event("anna", "2")]);
    boxes.read(&key).found_all(&[]);
    posting.kept(&new(2));
    check(&boxes, None);
    let reading = boxes.read(&key);
    boxes.forget(&key);
    reading.found_all(&[]);
    check(&boxes, None);
    let reading = boxes.read(&key);
    drop(boxes.stranger());
    boxes.forget_all();
    reading.found_all(&[]);
    check(&boxes, None);
    assert!(boxes.lock().reading.is_empty());
}

/// A turn read the store while a post was being written, and took its event; the post is heard of afterwards.
#[test]
fn what_was_taken_before_it_was_heard_of_does_not_come_back() {
    let boxes = known();
    let posting = boxes.post(&[event("anna", "1")]);
    boxes.read(&anna()).found_all(&[Mail { seq: 1, inbound: event("anna", "1") }]);
    boxes.consumed(&anna(), &[1]);
    posting.kept(&new(1));
    check(&boxes, None);
}

#[test]
fn beyond_the_bound_mailboxes_are_read_again() {
    let boxes = Mailboxes::bounded(Writers::One, 10 * (MAILBOX_BYTES + 2 * EVENT_BYTES));
    for n in 0..1_000 {
        let inbound = event(&format!("peer-{}", n % 40), &n.to_string());
        let key = inbound.conversation();
        boxes.read(&key).found_all(&[]);
        boxes.post(&[inbound]).kept(&[PostedMail::New(key, n)]);
    }
    let state = boxes.lock();
    assert!(state.bytes <= state.bytes_max && (5..40).contains(&state.known.len()), "{}", state.known.len());
    let held: usize = state.known.iter().map(|(_, known)| known.bytes + MAILBOX_BYTES).sum();
    assert_eq!(held, state.bytes);
}

#[test]
fn where_others_write_nothing_is_known() {
    let boxes = Mailboxes::new(Writers::Many);
    boxes.read(&anna()).found_all(&[]);
    boxes.post(&[event("anna", "1")]).kept(&new(1));
    check(&boxes, None);
}

#[test]
fn all_words_that_an_event_holds_count() {
    let words = || "слово ".repeat(1_000);
    let customer = |content| Event::Customer { content, profile: Profile::default() };
    let caption = Some(words());
    let media =
        Content::Media { kind: MediaKind::Photo, file: "1".to_owned(), caption, name: None, seconds: None, to: None };
    for long in [
        customer(Content::Text { text: words() }),
        customer(Content::Edited { of: EventKey::new("1"), text: words() }),
        customer(Content::Command { name: "start".to_owned(), args: words() }),
        customer(media),
        Event::Team { who: "olga".to_owned(), action: TeamAction::Reply { text: words() } },
    ] {
        let inbound = Inbound { event: long, ..event("anna", "1") };
        assert!(weight(&inbound) > words().len(), "{:?}", inbound.event);
    }
}
