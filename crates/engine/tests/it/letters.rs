//! A body that could not be read is kept, and read once more when somebody asks for it.

use voronka_core::{
    ids::AccountId,
    ports::{Directory, Mailbox, Malformed, Page, StoreError},
    rows::RawLetter,
};
use voronka_engine::PutBack;
use voronka_testkit::journal::Call;

use crate::stage::{Stage, account, key_of, partner, quiet, soon, until, words};

const BODY: &[u8] = b"a call of next year";

/// Keeps a body that an account was handed; the id of its letter.
async fn kept(stage: &Stage, account: AccountId) -> i64 {
    let at = "2026-11-30T09:00:00Z".parse().expect("a timestamp");
    let letter = RawLetter { partner: partner(), account, body: BODY.to_vec(), cause: "no JSON".into(), at };
    stage.engine.keep_raw(letter).await.expect("it is kept");
    letters(stage).await[0]
}

async fn letters(stage: &Stage) -> Vec<i64> {
    let listed = stage.store.dead_letters(&partner(), Page::first(10)).await.expect("listed");
    listed.into_iter().map(|letter| letter.id).collect()
}

#[tokio::test]
async fn a_body_that_can_be_read_after_all_is_answered_once() {
    let stage = Stage::started().await;
    let letter = kept(&stage, account("telegram")).await;
    stage.telegram.reads(BODY, vec![words("anna", "1", "вишня")]);
    assert_eq!(stage.engine.replay(&partner(), letter).await, Ok(PutBack::Waits(vec![key_of("anna")])));
    soon(stage.telegram.until_shown(1)).await;
    assert_eq!(stage.engine.replay(&partner(), letter).await, Ok(PutBack::Missing));
    assert!(letters(&stage).await.is_empty());
    // The messenger hands it in again, now that it can be read.
    let again = stage.engine.receive(words("anna", "1", "вишня")).await.expect("it is heard");
    assert_eq!((again.new, again.seen), (0, 1));
    quiet().await;
    assert_eq!(stage.seen("anna").len(), 1, "{:?}", stage.seen("anna"));
}

#[tokio::test]
async fn a_body_that_still_cannot_be_read_stays_and_it_is_told_why() {
    let stage = Stage::started().await;
    let letter = kept(&stage, account("telegram")).await;
    let why = Malformed("no such body is known".into());
    assert_eq!(stage.engine.replay(&partner(), letter).await, Ok(PutBack::Unreadable(why)));
    assert_eq!(letters(&stage).await, [letter]);
}

#[tokio::test]
async fn a_body_of_an_account_that_is_not_served_stays() {
    let stage = Stage::started().await;
    let letter = kept(&stage, account("vk")).await;
    assert_eq!(stage.engine.replay(&partner(), letter).await, Ok(PutBack::Unserved));
    assert_eq!(letters(&stage).await, [letter]);
}

#[tokio::test]
async fn a_body_that_the_store_does_not_swap_stays_and_can_be_tried_again() {
    let stage = Stage::started().await;
    let letter = kept(&stage, account("telegram")).await;
    stage.telegram.reads(BODY, vec![words("anna", "1", "вишня")]);
    stage.store.fail_next(Call::ReplayRaw, StoreError::Full);
    assert_eq!(stage.engine.replay(&partner(), letter).await, Err(StoreError::Full));
    assert_eq!((letters(&stage).await, stage.store.mail_waiting()), (vec![letter], 0));
    assert_eq!(stage.engine.replay(&partner(), letter).await, Ok(PutBack::Waits(vec![key_of("anna")])));
    until(|| stage.seen("anna").len() == 1).await;
}
