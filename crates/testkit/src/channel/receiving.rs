//! The suite for webhooks: forged calls are refused (before the body is read, where a header proves the sender), authentic
//! ones are never an error that would jam the messenger's queue, and a second delivery changes nothing (SECURITY §3).
//!
//! An adapter says how its messenger calls and adds one line: `voronka_testkit::webhook_conformance!(fresh());`
#![expect(clippy::missing_panics_doc, reason = "the cases of a suite are tests: they panic when the adapter is wrong")]

use http::HeaderMap;
use jiff::Timestamp;
use voronka_core::{
    message::{Content, Event, Inbound, KEY_BYTES_MAX, TEXT_CHARS_MAX},
    ports::{Mailbox, PostError, Posted, Webhook},
};

use super::FakeMailbox;

/// Largest webhook body that the app reads (SECURITY §2, DoS).
pub const BODY_BYTES_MAX: usize = 1024 * 1024;

/// One call of a messenger.
#[derive(Debug, Clone)]
pub struct Call {
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Vec<u8>,
}

/// What proves that a call comes from the messenger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// A shared token in a header: forged calls are refused before the body is read.
    Header,
    /// A signature of the body, or a token in it.
    Body,
}

/// A messenger that calls us, as the suite sees it.
pub trait Caller {
    /// The webhook under test.
    fn webhook(&self) -> &dyn Webhook;

    /// What proves its calls.
    fn proof(&self) -> Proof;

    /// An authentic call: customer number `customer` wrote `text`. The same event number is the same event.
    fn call(&self, event: u64, customer: u64, text: &str) -> Call;

    /// An authentic call about something that does not exist yet: an update kind of next year.
    fn unknown(&self, event: u64) -> Call;

    /// An authentic call with this body, which may be broken.
    fn raw(&self, body: &[u8]) -> Call;

    /// This call as others would make it: no proof, a wrong one, a shorter, a longer, an empty one, the proof twice.
    fn forged(&self, genuine: &Call) -> Vec<Call>;

    /// Tries to make a webhook without the token or key that proves calls; `Ok` would mean that it listens to everybody.
    fn without_token(&self) -> Result<(), String>;
}

/// What became of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Refused by its headers: the body was not read.
    RefusedUnread,
    /// Refused by its body.
    Refused,
    /// Authentic, but not readable: kept as a dead letter, and answered 200.
    DeadLetter(String),
    /// In the mailbox.
    Posted(Posted),
    /// The mailbox takes nothing now: 503, the messenger comes again.
    ComeAgain,
}

/// Serves a call as the app's one webhook route does.
pub async fn serve(webhook: &dyn Webhook, mailbox: &dyn Mailbox, call: &Call) -> Outcome {
    let now = now();
    if webhook.check_headers(&call.headers).is_err() {
        return Outcome::RefusedUnread;
    }
    if webhook.check_body(&call.headers, &call.body, now).is_err() {
        return Outcome::Refused;
    }
    let reply = match webhook.parse(&call.body, now) {
        Ok(reply) => reply,
        Err(malformed) => return Outcome::DeadLetter(malformed.to_string()),
    };
    match mailbox.post(reply.events.clone()).await {
        Ok(posted) => {
            webhook.accepted(&reply.events);
            Outcome::Posted(posted)
        }
        Err(_) => Outcome::ComeAgain,
    }
}

/// Declares a test for each case of the suite. `$fresh` is awaited and gives a [`Caller`] of its own to each.
#[macro_export]
macro_rules! webhook_conformance {
    ($fresh:expr) => {
        $crate::webhook_conformance! { $fresh;
            s01_forged_calls_are_refused
            s02_no_token_no_webhook
            s04_a_huge_authentic_call_is_bounded
            s04_a_broken_authentic_call_is_a_dead_letter
            s05_a_replay_changes_nothing
            a_refused_post_is_taken_when_it_comes_again
            what_is_unknown_is_never_an_error
            words_arrive_as_they_were_written
            customers_and_events_are_told_apart
        }
    };
    ($fresh:expr; $($case:ident)*) => {$(
        #[tokio::test]
        async fn $case() {
            $crate::channel::receiving::$case(&$fresh.await).await;
        }
    )*};
}

fn now() -> Timestamp {
    "2026-12-01T09:00:00Z".parse().expect("a timestamp")
}

fn words(event: &Inbound) -> &str {
    match &event.event {
        Event::Customer { content: Content::Text { text }, .. } => text,
        other => panic!("a text became {other:?}"),
    }
}

/// S-01. Nothing of a forged call is kept; where a header is the proof its body is not even read.
pub async fn s01_forged_calls_are_refused(caller: &dyn Caller) {
    let genuine = caller.call(1, 1, "Здравствуйте");
    let forged = caller.forged(&genuine);
    assert!(forged.len() >= 5, "no proof, a wrong one, a shorter, a longer, an empty one");
    for (number, call) in forged.iter().enumerate() {
        let mailbox = FakeMailbox::default();
        let outcome = serve(caller.webhook(), &mailbox, call).await;
        match caller.proof() {
            Proof::Header => assert_eq!(outcome, Outcome::RefusedUnread, "forgery {number}"),
            Proof::Body => assert!(matches!(outcome, Outcome::RefusedUnread | Outcome::Refused), "forgery {number}"),
        }
        assert!(mailbox.events().is_empty());
    }
    let mailbox = FakeMailbox::default();
    let outcome = serve(caller.webhook(), &mailbox, &genuine).await;
    assert_eq!(outcome, Outcome::Posted(Posted { new: 1, seen: 0 }), "the genuine call is let in");
}

/// S-02. Fail closed: a webhook that believes everybody cannot be made.
#[expect(clippy::unused_async, reason = "all cases are called alike")]
pub async fn s02_no_token_no_webhook(caller: &dyn Caller) {
    assert!(caller.without_token().is_err());
}

/// S-04. A call as large as the app reads at most becomes an event of bounded size, or a dead letter.
pub async fn s04_a_huge_authentic_call_is_bounded(caller: &dyn Caller) {
    // Escaped as \uXXXX a Cyrillic letter takes 6 bytes.
    let mailbox = FakeMailbox::default();
    let call = caller.call(1, 1, &"ё".repeat(BODY_BYTES_MAX / 6 - 1000));
    match serve(caller.webhook(), &mailbox, &call).await {
        Outcome::Posted(_) => {
            for event in mailbox.events() {
                assert!(words(&event).chars().count() <= TEXT_CHARS_MAX);
            }
        }
        Outcome::DeadLetter(cause) => assert!(cause.len() < 1000, "the cause is a line, not the body"),
        other => panic!("an authentic call was answered {other:?}"),
    }
}

/// S-04. A body that cannot be read is no refusal (which would jam the queue), and its words reach no log.
pub async fn s04_a_broken_authentic_call_is_a_dead_letter(caller: &dyn Caller) {
    let whole = caller.call(1, 1, "Секретное слово").body;
    let deep = "[".repeat(200_000).into_bytes();
    let mut bodies: Vec<Vec<u8>> = vec![b"".to_vec(), b"null".to_vec(), b"[]".to_vec(), b"\xff\xfe".to_vec(), deep];
    bodies.extend((1..whole.len()).step_by(7).map(|end| whole[..end].to_vec()));
    for body in bodies {
        match serve(caller.webhook(), &FakeMailbox::default(), &caller.raw(&body)).await {
            Outcome::DeadLetter(cause) => assert!(!cause.contains("Секрет") && cause.len() < 1000, "{cause}"),
            Outcome::Posted(_) => {}
            // A cut body cannot carry a valid signature.
            Outcome::Refused if caller.proof() == Proof::Body => {}
            other => panic!("an authentic call was answered {other:?}"),
        }
    }
}

/// S-05. The natural key is the messenger's own: a second delivery is known.
pub async fn s05_a_replay_changes_nothing(caller: &dyn Caller) {
    let mailbox = FakeMailbox::default();
    let call = caller.call(1, 1, "Сколько стоит торт?");
    assert_eq!(serve(caller.webhook(), &mailbox, &call).await, Outcome::Posted(Posted { new: 1, seen: 0 }));
    for _again in 0..3 {
        assert_eq!(serve(caller.webhook(), &mailbox, &call).await, Outcome::Posted(Posted { new: 0, seen: 1 }));
    }
    assert_eq!(mailbox.events().len(), 1);
}

/// What the mailbox did not keep is kept at the next delivery.
pub async fn a_refused_post_is_taken_when_it_comes_again(caller: &dyn Caller) {
    let mailbox = FakeMailbox::default();
    mailbox.fail_next(PostError::Full);
    let call = caller.call(1, 1, "Есть кто живой?");
    assert_eq!(serve(caller.webhook(), &mailbox, &call).await, Outcome::ComeAgain);
    assert_eq!(serve(caller.webhook(), &mailbox, &call).await, Outcome::Posted(Posted { new: 1, seen: 0 }));
}

/// Update kinds of next year are kept or skipped, never an error.
pub async fn what_is_unknown_is_never_an_error(caller: &dyn Caller) {
    let mailbox = FakeMailbox::default();
    let outcome = serve(caller.webhook(), &mailbox, &caller.unknown(1)).await;
    assert!(matches!(outcome, Outcome::Posted(_)), "{outcome:?}");
    for event in mailbox.events() {
        assert!(matches!(event.event, Event::Customer { content: Content::Other { .. }, .. }), "{event:?}");
    }
}

/// Any script, any emoji, any sign.
pub async fn words_arrive_as_they_were_written(caller: &dyn Caller) {
    let family = "👩‍👩‍👧‍👦 и торт 🎂 на 12 человек";
    let long = "Ж".repeat(4096);
    let texts = ["Привет", family, "é ﷽ 日本語 \u{202e}задом", "a\"b\\c/d\n\te", "<b>&amp;{name}", "0", long.as_str()];
    for (event, text) in (1..).zip(texts) {
        let mailbox = FakeMailbox::default();
        serve(caller.webhook(), &mailbox, &caller.call(event, 1, text)).await;
        assert_eq!(mailbox.events().iter().map(words).collect::<Vec<_>>(), [text]);
    }
}

/// Conversations are by customer, keys by event, and both fit the store's columns.
pub async fn customers_and_events_are_told_apart(caller: &dyn Caller) {
    let mailbox = FakeMailbox::default();
    for (event, customer) in [(1, 1), (2, 2), (3, 1)] {
        serve(caller.webhook(), &mailbox, &caller.call(event, customer, "Здравствуйте")).await;
    }
    let events = mailbox.events();
    assert_eq!(events.len(), 3, "three events, three keys");
    assert_eq!(events[0].conversation(), events[2].conversation());
    assert_ne!(events[0].conversation(), events[1].conversation());
    for event in &events {
        assert!(!event.key.as_str().is_empty() && event.key.as_str().len() <= KEY_BYTES_MAX);
        assert!(!event.peer.as_str().is_empty() && event.peer.as_str().len() <= KEY_BYTES_MAX);
    }
}
