//! What every store must do, a function a sentence. [`crate::journal_conformance`] stamps them as tests.
#![expect(clippy::missing_panics_doc, reason = "a case fails by panicking where the store does not keep its word")]

mod erasure;
mod isolation;
mod key_values;
mod lists;
mod mail;
mod outbox;
mod persons;
mod retention;
mod timers;
mod turns;

pub use erasure::*;
pub use isolation::*;
pub use key_values::*;
pub use lists::*;
pub use mail::*;
pub use outbox::*;
pub use persons::*;
pub use retention::*;
pub use timers::*;
pub use turns::*;
use voronka_core::{
    message::{ConversationKey, Inbound},
    ports::{Journal, Loaded, PostedMail},
    rows::{Mail, TurnCommit},
};

use super::{Fixture, sample};

/// Rows asked for where all are wanted.
const ALL: usize = 1_000;

async fn post(fixture: &impl Fixture, batch: Vec<Inbound>) -> Vec<PostedMail> {
    fixture.store().post(batch).await.expect("events are kept")
}

async fn load(fixture: &impl Fixture, key: &ConversationKey) -> Loaded {
    fixture.store().load(key, ALL).await.expect("a conversation is loaded")
}

async fn mail_of(fixture: &impl Fixture, key: &ConversationKey) -> Vec<Mail> {
    fixture.store().mail(key, ALL).await.expect("mail is read")
}

/// Whoever has this turn written has read the customer and the lead just before.
async fn commit(fixture: &impl Fixture, turn: TurnCommit) {
    let turn = sample::upon(turn.clone(), &load(fixture, &turn.key).await);
    fixture.store().commit(turn.into()).await.expect("a turn is committed");
}

/// Posts a first event of Anna's and gives it with its conversation.
async fn anna(fixture: &impl Fixture) -> (Inbound, ConversationKey) {
    let inbound = sample::text(&sample::partner("korica"), "anna", "1", "Сколько стоит торт?");
    post(fixture, vec![inbound.clone()]).await;
    let key = inbound.conversation();
    (inbound, key)
}

/// The conversations of what is new, in order; `None`: it was seen.
fn fates(posted: &[PostedMail]) -> Vec<Option<&ConversationKey>> {
    let fate = |at: usize| match &posted[at] {
        PostedMail::New(key, _) => Some(key),
        PostedMail::Seen => None,
    };
    (0..posted.len()).map(fate).collect()
}

/// The words and keys of waiting mail, oldest first.
fn keys(mail: &[Mail]) -> Vec<&str> {
    mail.iter().map(|mail| mail.inbound.key.as_str()).collect()
}
