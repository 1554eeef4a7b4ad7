use voronka_core::{
    message::{ConversationKey, Event, Inbound, Timer},
    ports::{Fired, Journal},
    rows::{TimerRow, TurnCommit},
};

use super::{Fixture, anna, commit, mail_of, post, sample};

fn set(seconds: i64, timer: Timer) -> TimerRow {
    TimerRow::Set { due: sample::moment(seconds), timer }
}

async fn with_timers(
    fixture: &impl Fixture,
    inbound: &Inbound,
    expected: i64,
    timers: Vec<TimerRow>,
) -> ConversationKey {
    let key = inbound.conversation();
    commit(fixture, TurnCommit { timers, ..sample::turn(&key, inbound, expected) }).await;
    key
}

async fn fire(fixture: &impl Fixture, seconds: i64) -> Fired {
    fixture.store().fire(sample::moment(seconds), 100).await.expect("fires")
}

/// The timers that rang, as mail.
async fn rung(fixture: &impl Fixture, key: &ConversationKey) -> Vec<(Timer, i64)> {
    let mail = mail_of(fixture, key).await.into_iter();
    mail.filter_map(|mail| match mail.inbound.event {
        Event::Timer { timer } => Some((timer, mail.inbound.at.as_second() - sample::moment(0).as_second())),
        Event::Customer { .. }
        | Event::Delivery { .. }
        | Event::Click { .. }
        | Event::Broadcast { .. }
        | Event::Team { .. }
        | Event::Deed { .. }
        | Event::CardLost { .. }
        | Event::Digest
        | Event::Trouble { .. }
        | Event::Kin { .. }
        | Event::Forget { .. }
        | Event::Done { .. } => None,
    })
    .collect()
}

/// Once, not before its time, as an event of its conversation.
pub async fn a_timer_rings_once_and_posts_its_event(fixture: impl Fixture) {
    let (inbound, _) = anna(&fixture).await;
    let key = with_timers(&fixture, &inbound, 0, vec![set(60, Timer::Silence { entry: 2 })]).await;
    let early = fire(&fixture, 59).await;
    assert_eq!(early, Fired { conversations: vec![], next: Some(sample::moment(60)) });
    assert_eq!(fire(&fixture, 61).await, Fired { conversations: vec![key.clone()], next: None });
    assert_eq!(fire(&fixture, 61).await, Fired::default());
    assert_eq!(rung(&fixture, &key).await, [(Timer::Silence { entry: 2 }, 60)]);
    let mail = mail_of(&fixture, &key).await.remove(1).inbound;
    assert_eq!((mail.account, mail.peer), (inbound.account, inbound.peer));
    assert_eq!(mail.key, Timer::Silence { entry: 2 }.event_key(&key, sample::moment(60)));
}

/// By name: one of a kind.
pub async fn a_timer_set_again_replaces_the_first(fixture: impl Fixture) {
    let (inbound, _) = anna(&fixture).await;
    let key =
        with_timers(&fixture, &inbound, 0, vec![set(10, Timer::Silence { entry: 0 }), set(20, Timer::Wait)]).await;
    with_timers(&fixture, &inbound, 1, vec![set(30, Timer::Silence { entry: 1 })]).await;
    assert_eq!(fire(&fixture, 25).await.next, Some(sample::moment(30)));
    assert_eq!(rung(&fixture, &key).await, [(Timer::Wait, 20)]);
    fire(&fixture, 30).await;
    assert_eq!(rung(&fixture, &key).await, [(Timer::Wait, 20), (Timer::Silence { entry: 1 }, 30)]);
}

/// A cancelled timer is gone, and cancelling what is not set is no error.
pub async fn a_cancelled_timer_does_not_ring(fixture: impl Fixture) {
    let (inbound, _) = anna(&fixture).await;
    let key = with_timers(&fixture, &inbound, 0, vec![set(10, Timer::Wait), set(10, Timer::Score)]).await;
    let cancel = |timer: Timer| TimerRow::Cancel { name: timer.name() };
    with_timers(&fixture, &inbound, 1, vec![cancel(Timer::Wait), cancel(Timer::Handoff)]).await;
    fire(&fixture, 10).await;
    assert_eq!(rung(&fixture, &key).await, [(Timer::Score, 10)]);
}

/// A timer that rang may be set for the moment at which it rang: it rings again.
pub async fn a_timer_may_be_set_again_for_the_same_moment(fixture: impl Fixture) {
    let (inbound, _) = anna(&fixture).await;
    let key = with_timers(&fixture, &inbound, 0, vec![set(10, Timer::Wait)]).await;
    fire(&fixture, 10).await;
    with_timers(&fixture, &inbound, 1, vec![set(10, Timer::Wait)]).await;
    fire(&fixture, 10).await;
    assert_eq!(rung(&fixture, &key).await.len(), 2);
}

/// Of one name, for one moment, on one account.
pub async fn timers_of_two_conversations_due_at_once_both_ring(fixture: impl Fixture) {
    let (anna, _) = anna(&fixture).await;
    let boris = sample::text(&anna.partner, "boris", "b1", "Добрый день");
    post(&fixture, vec![boris.clone()]).await;
    for inbound in [&anna, &boris] {
        with_timers(&fixture, inbound, 0, vec![set(10, Timer::Wait)]).await;
    }
    assert_eq!(fire(&fixture, 10).await.conversations.len(), 2);
    for inbound in [&anna, &boris] {
        assert_eq!(rung(&fixture, &inbound.conversation()).await.len(), 1);
    }
}

/// After a long sleep many are due.
pub async fn timers_ring_in_order_and_at_most_as_many_as_asked(fixture: impl Fixture) {
    let korica = sample::partner("korica");
    let mut expected = Vec::new();
    for n in 0..5 {
        let inbound = sample::text(&korica, &format!("peer-{n}"), &n.to_string(), "…");
        expected.push(with_timers(&fixture, &inbound, 0, vec![set(50 - n, Timer::Wait)]).await);
    }
    expected.reverse();
    let first = fixture.store().fire(sample::moment(100), 3).await.expect("fires");
    assert_eq!(first.conversations, expected[..3]);
    assert_eq!(first.next, Some(sample::moment(49)));
    let second = fixture.store().fire(sample::moment(100), 3).await.expect("fires");
    assert_eq!(second, Fired { conversations: expected[3..].to_vec(), next: None });
}
