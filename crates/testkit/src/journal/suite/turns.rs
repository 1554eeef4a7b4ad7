use voronka_core::{
    ids::OrderId,
    message::{ConversationKey, EventKey, Inbound, Timer},
    order::OrderState,
    ports::{CommitError, Directory, Journal, LOADED_ORDERS_MAX, Loaded, StoreError},
    rows::{Author, CustomerRow, LeadRow, TimerRow, TurnCommit},
};

use super::{Fixture, anna, commit, fates, keys, load, mail_of, post, sample};

/// What was written comes back as it was.
pub async fn what_a_turn_wrote_is_loaded(fixture: impl Fixture) {
    let (inbound, key) = anna(&fixture).await;
    let consumed = vec![mail_of(&fixture, &key).await[0].seq];
    let turn = TurnCommit { consumed, ..sample::full_turn(&key, &inbound, 0) };
    commit(&fixture, turn.clone()).await;
    check_loaded(&load(&fixture, &key).await, turn, 1);

    let mut second = sample::full_turn(&key, &inbound, 1);
    second.conversation.owner = "person";
    second.conversation.unread = 7;
    second.customer = None;
    second.lead = Some(sample::lead(key.first_customer(), "hot", 90));
    commit(&fixture, second.clone()).await;
    let loaded = load(&fixture, &key).await;
    assert_eq!((loaded.version, loaded.history.len()), (2, 4));
    assert_eq!(loaded.conversation, Some(second.conversation));
    assert_eq!(loaded.lead, second.lead.map(|row| LeadRow { version: 2, ..row }));
    assert_eq!(loaded.customer.map(|row| row.version), Some(1), "what a turn does not name stays");
}

fn check_loaded(loaded: &Loaded, turn: TurnCommit, version: i64) {
    let expected = Loaded {
        version,
        conversation: Some(turn.conversation),
        customer: turn.customer.map(|row| CustomerRow { version, ..row }),
        lead: turn.lead.map(|row| LeadRow { version, ..row }),
        kin: Vec::new(),
        orders: turn.orders,
        history: turn.messages,
    };
    assert_eq!(*loaded, expected);
}

/// `Ok` means: it survives.
pub async fn what_a_turn_wrote_is_there_after_a_restart(fixture: impl Fixture) {
    let (inbound, key) = anna(&fixture).await;
    let consumed = vec![mail_of(&fixture, &key).await[0].seq];
    let mut turn = TurnCommit { consumed, ..sample::full_turn(&key, &inbound, 0) };
    turn.timers = vec![TimerRow::Set { due: sample::moment(60), timer: Timer::Wait }];
    commit(&fixture, turn.clone()).await;
    let fixture = fixture.reopened().await;
    let unsent = fixture.store().unsent(0, 10).await.expect("lists");
    assert_eq!(unsent.into_iter().map(|(_, row)| row).collect::<Vec<_>>(), turn.outbox);
    check_loaded(&load(&fixture, &key).await, turn, 1);
    let fired = fixture.store().fire(sample::moment(60), 10).await.expect("fires");
    assert_eq!(fired.conversations, [key]);
}

/// A prompt needs the end of a conversation.
pub async fn only_the_last_messages_are_loaded(fixture: impl Fixture) {
    let (inbound, key) = anna(&fixture).await;
    for version in 0..4 {
        commit(&fixture, sample::full_turn(&key, &inbound, version)).await;
    }
    let loaded = fixture.store().load(&key, 3).await.expect("loads");
    assert_eq!(loaded.history.iter().map(|message| message.seq).collect::<Vec<_>>(), [6, 7, 8]);
}

/// A turn may be about any open order, or about the last one.
pub async fn open_orders_and_the_last_closed_one_are_loaded(fixture: impl Fixture) {
    let (inbound, key) = anna(&fixture).await;
    let customer = key.first_customer();
    let id = |n: usize| OrderId::of(&[&n.to_string()]);
    let states = [
        OrderState::Completed,
        OrderState::Draft,
        OrderState::Cancelled,
        OrderState::Paid,
        OrderState::ReturnRequested,
    ];
    let mut turn = sample::turn(&key, &inbound, 0);
    turn.orders = states
        .iter()
        .zip(0..)
        .map(|(state, n)| sample::order(id(n), customer, *state, 100 + i64::try_from(n).expect("small")))
        .collect();
    commit(&fixture, turn).await;
    let found = |loaded: &Loaded| loaded.orders.iter().map(|order| order.id).collect::<Vec<_>>();
    assert_eq!(found(&load(&fixture, &key).await), [id(1), id(2), id(3), id(4)]);

    let mut turn = sample::turn(&key, &inbound, 1);
    turn.orders = vec![sample::order(id(1), customer, OrderState::Cancelled, 200)];
    commit(&fixture, turn).await;
    assert_eq!(found(&load(&fixture, &key).await), [id(3), id(4), id(1)]);

    let mut turn = sample::turn(&key, &inbound, 2);
    let more = LOADED_ORDERS_MAX + 3;
    turn.orders = (10..10 + more).map(|n| sample::order(id(n), customer, OrderState::Draft, 300)).collect();
    commit(&fixture, turn).await;
    assert_eq!(load(&fixture, &key).await.orders.len(), LOADED_ORDERS_MAX + 1);
}

/// All or nothing.
pub async fn a_turn_of_a_stale_version_is_a_conflict_and_changes_nothing(fixture: impl Fixture) {
    let (inbound, key) = anna(&fixture).await;
    commit(&fixture, sample::full_turn(&key, &inbound, 0)).await;
    let before = (load(&fixture, &key).await, mail_of(&fixture, &key).await);
    let unsent = fixture.store().unsent(0, 10).await;
    for expected in [0, 2, 7] {
        let mut turn = sample::full_turn(&key, &inbound, expected);
        turn.consumed = vec![before.1[0].seq];
        turn.timers = vec![TimerRow::Set { due: sample::moment(0), timer: Timer::Wait }];
        assert_eq!(fixture.store().commit(turn.into()).await, Err(CommitError::Conflict), "{expected}");
    }
    assert_eq!((load(&fixture, &key).await, mail_of(&fixture, &key).await), before);
    assert_eq!(fixture.store().unsent(0, 10).await, unsent);
    assert_eq!(fixture.store().fire(sample::moment(9), 10).await, Ok(voronka_core::ports::Fired::default()));
}

/// Two processes cannot both begin a conversation, and none can go on with one that is not there.
pub async fn a_new_conversation_that_exists_is_a_conflict(fixture: impl Fixture) {
    let (inbound, key) = anna(&fixture).await;
    let store = fixture.store();
    assert_eq!(store.commit(sample::turn(&key, &inbound, 1).into()).await, Err(CommitError::Conflict));
    commit(&fixture, sample::turn(&key, &inbound, 0)).await;
    assert_eq!(store.commit(sample::turn(&key, &inbound, 0).into()).await, Err(CommitError::Conflict));
    assert_eq!(load(&fixture, &key).await.version, 1);
}

/// An event causes one turn.
pub async fn mail_consumed_twice_is_a_conflict(fixture: impl Fixture) {
    let (inbound, key) = anna(&fixture).await;
    let consumed = vec![mail_of(&fixture, &key).await[0].seq];
    let twice = vec![consumed[0], consumed[0]];
    let turn = |consumed: &[i64], expected| TurnCommit {
        consumed: consumed.to_vec(),
        ..sample::full_turn(&key, &inbound, expected)
    };
    assert_eq!(fixture.store().commit(turn(&twice, 0).into()).await, Err(CommitError::Conflict));
    commit(&fixture, turn(&consumed, 0)).await;
    let before = load(&fixture, &key).await;
    assert_eq!(fixture.store().commit(turn(&consumed, 1).into()).await, Err(CommitError::Conflict));
    assert_eq!(load(&fixture, &key).await, before);

    // A position is never given again, or a late turn would consume mail that it has not seen.
    post(&fixture, vec![Inbound { key: EventKey::new("2"), ..inbound.clone() }]).await;
    assert!(mail_of(&fixture, &key).await[0].seq > consumed[0]);
}

/// A turn consumes its own conversation's mail alone.
pub async fn mail_of_another_conversation_is_not_consumed(fixture: impl Fixture) {
    let (inbound, key) = anna(&fixture).await;
    let other = sample::text(&key.partner, "boris", "2", "Добрый день");
    post(&fixture, vec![other.clone()]).await;
    let consumed = vec![mail_of(&fixture, &other.conversation()).await[0].seq];
    let turn = TurnCommit { consumed, ..sample::turn(&key, &inbound, 0) };
    assert_eq!(fixture.store().commit(turn.into()).await, Err(CommitError::Conflict));
    assert_eq!(mail_of(&fixture, &other.conversation()).await.len(), 1);
    assert_eq!(load(&fixture, &key).await.version, 0);
}

/// Two processes that hold one conversation by mistake.
pub async fn of_two_turns_at_once_one_wins(fixture: impl Fixture) {
    let (inbound, key) = anna(&fixture).await;
    for expected in 0..20 {
        let turn = sample::full_turn(&key, &inbound, expected);
        let store = fixture.store();
        let (one, two) = futures::join!(store.commit(turn.clone().into()), store.commit(turn.into()));
        let won = [&one, &two].into_iter().filter(|result| result.is_ok()).count();
        let lost = [&one, &two].into_iter().filter(|result| **result == Err(CommitError::Conflict)).count();
        assert_eq!((won, lost), (1, 1));
    }
    let loaded = load(&fixture, &key).await;
    assert_eq!((loaded.version, loaded.history.len()), (20, 40));
}

/// One person who writes on two accounts at once.
async fn two_conversations_of_one(fixture: &impl Fixture) -> [TurnCommit; 2] {
    let (inbound, key) = anna(fixture).await;
    let elsewhere = sample::text(&key.partner, "anna-2", "1", "Сколько стоит торт?");
    post(fixture, vec![elsewhere.clone()]).await;
    commit(fixture, sample::full_turn(&key, &inbound, 0)).await;
    let customer = key.first_customer();
    let mut begun = sample::turn(&elsewhere.conversation(), &elsewhere, 0);
    begun.conversation.customer = customer;
    commit(fixture, begun).await;
    let mut there = sample::full_turn(&elsewhere.conversation(), &elsewhere, 1);
    there.conversation.customer = customer;
    there.customer = Some(CustomerRow { version: 1, ..sample::customer(customer, "Анна Каренина") });
    there.lead = Some(LeadRow { version: 1, ..sample::lead(customer, "hot", 90) });
    [sample::full_turn(&key, &inbound, 1), there]
}

/// Of two conversations of one customer neither writes over what the other has written: one is told, and reads again.
pub async fn of_two_turns_that_write_one_customer_at_once_one_is_a_conflict(fixture: impl Fixture) {
    let turns = two_conversations_of_one(&fixture).await;
    let store = fixture.store();
    let [here, there] = turns.clone();
    let (one, two) = futures::join!(store.commit(here.into()), store.commit(there.into()));
    let lost = match (&one, &two) {
        (Ok(()), Err(CommitError::Conflict)) => 1,
        (Err(CommitError::Conflict), Ok(())) => 0,
        other => panic!("{other:?}"),
    };
    let [won, lost] = [&turns[1 - lost], &turns[lost]];
    let loaded = load(&fixture, &lost.key).await;
    assert_eq!(
        (loaded.version, loaded.customer.as_ref().map(|row| row.version)),
        (1, Some(2)),
        "nothing of it is there"
    );
    assert_eq!(loaded.customer.map(|row| row.name), won.customer.clone().map(|row| row.name));
    commit(&fixture, lost.clone()).await;
    for turn in &turns {
        let loaded = load(&fixture, &turn.key).await;
        assert_eq!(loaded.version, 2);
        assert_eq!(loaded.customer, lost.customer.clone().map(|row| CustomerRow { version: 3, ..row }));
        assert_eq!(loaded.lead, lost.lead.clone().map(|row| LeadRow { version: 3, ..row }));
        let theirs = store.messages(&turn.key, 0, 10).await.expect("messages are read");
        assert!(turn.messages.iter().all(|message| theirs.contains(message)), "of both turns nothing is lost");
    }
}

/// Each of the two rows has a version of its own, and a turn that does not write one does not ask for it.
pub async fn a_stale_customer_or_lead_is_a_conflict_and_changes_nothing(fixture: impl Fixture) {
    let (inbound, key) = anna(&fixture).await;
    commit(&fixture, sample::full_turn(&key, &inbound, 0)).await;
    let before = load(&fixture, &key).await;
    let customer = key.first_customer();
    for version in [0, 2, 7] {
        let stale_customer = TurnCommit {
            customer: Some(CustomerRow { version, ..sample::customer(customer, "Чужое") }),
            ..sample::full_turn(&key, &inbound, 1)
        };
        let stale_lead = TurnCommit {
            lead: Some(LeadRow { version, ..sample::lead(customer, "hot", 99) }),
            ..sample::full_turn(&key, &inbound, 1)
        };
        for stale in [stale_customer, stale_lead] {
            assert_eq!(fixture.store().commit(stale.into()).await, Err(CommitError::Conflict), "{version}");
        }
    }
    assert_eq!(load(&fixture, &key).await, before);
    commit(&fixture, sample::turn(&key, &inbound, 1)).await;
    let after = load(&fixture, &key).await;
    assert_eq!((after.customer, after.lead), (before.customer, before.lead));
}

/// What is refused takes nothing away from what is written with it.
pub async fn a_stale_turn_beside_the_right_one_costs_it_nothing(fixture: impl Fixture) {
    let (inbound, key) = anna(&fixture).await;
    let seq = mail_of(&fixture, &key).await[0].seq;
    let of = |expected| TurnCommit { consumed: vec![seq], ..sample::full_turn(&key, &inbound, expected) };
    let store = fixture.store();
    let (stale, right) = futures::join!(store.commit(of(7).into()), store.commit(of(0).into()));
    assert_eq!((stale, right), (Err(CommitError::Conflict), Ok(())));
    assert_eq!(load(&fixture, &key).await.version, 1);
}

/// Turns that are written together are told each on its own.
pub async fn many_turns_at_once_do_not_hurt_each_other(fixture: impl Fixture) {
    let korica = sample::partner("korica");
    let events: Vec<Inbound> =
        (0..200).map(|n| sample::text(&korica, &format!("peer-{n}"), &n.to_string(), "Здравствуйте")).collect();
    post(&fixture, events.clone()).await;
    let turns = events.iter().enumerate().map(|(n, inbound)| {
        let key = inbound.conversation();
        let mut turn = sample::full_turn(&key, inbound, 0);
        match n % 4 {
            0 => turn.expected = 3,
            1 => turn.messages[1].seq = turn.messages[0].seq,
            _ => {}
        }
        fixture.store().commit(turn.into())
    });
    let results = futures::future::join_all(turns).await;
    for (n, (result, inbound)) in results.into_iter().zip(&events).enumerate() {
        let loaded = load(&fixture, &inbound.conversation()).await;
        match n % 4 {
            0 => assert_eq!(result, Err(CommitError::Conflict)),
            1 => assert!(matches!(result, Err(CommitError::Store(StoreError::Failed(_)))), "{result:?}"),
            _ => assert_eq!(result, Ok(())),
        }
        let written = n % 4 > 1;
        assert_eq!((loaded.version, loaded.history.len()), if written { (1, 2) } else { (0, 0) });
        assert_eq!(mail_of(&fixture, &inbound.conversation()).await.len(), 1);
    }
    assert_eq!(fixture.store().unsent(0, 1_000).await.expect("lists").len(), 100);
}

/// What a turn of one partner writes is that partner's, even where ids are equal.
pub async fn another_partners_turn_touches_nothing(fixture: impl Fixture) {
    let (inbound, key) = anna(&fixture).await;
    commit(&fixture, sample::full_turn(&key, &inbound, 0)).await;
    let before = (load(&fixture, &key).await, mail_of(&fixture, &key).await);
    let foreign = ConversationKey { partner: sample::partner("nega"), conversation: key.conversation };
    let theirs = Inbound { partner: foreign.partner.clone(), ..inbound };
    let mut turn = sample::full_turn(&foreign, &theirs, 0);
    turn.consumed = vec![before.1[0].seq];
    assert_eq!(fixture.store().commit(turn.clone().into()).await, Err(CommitError::Conflict), "the mail is not theirs");
    turn.consumed = Vec::new();
    turn.customer = Some(sample::customer(key.first_customer(), "Чужая"));
    turn.messages[0] = sample::message(1, Author::Person, "чужое");
    turn.timers = vec![TimerRow::Set { due: sample::moment(5), timer: Timer::Handoff }];
    turn.outbox[0].conversation = key.clone();
    let result = fixture.store().commit(turn.clone().into()).await;
    assert!(
        matches!(result, Err(CommitError::Store(StoreError::Failed(_)))),
        "a bubble of another partner: {result:?}"
    );
    turn.outbox[0].conversation = foreign.clone();
    commit(&fixture, turn.clone()).await;
    assert_eq!((load(&fixture, &key).await, mail_of(&fixture, &key).await), before);
    assert_eq!(load(&fixture, &foreign).await.history, turn.messages);
    let cancel = TurnCommit {
        timers: vec![TimerRow::Cancel { name: Timer::Handoff.name() }],
        ..sample::turn(&key, &Inbound { partner: key.partner.clone(), ..theirs }, 1)
    };
    commit(&fixture, cancel).await;
    let fired = fixture.store().fire(sample::moment(5), 10).await.expect("fires");
    assert_eq!(fired.conversations, [foreign], "the other's timer of that name still rings");
}

/// Mail to other conversations comes with the turn or not at all, and once; it is served after whatever waits there.
pub async fn what_a_turn_posts_is_kept_with_it_and_once(fixture: impl Fixture) {
    let (inbound, key) = anna(&fixture).await;
    let boris = sample::text(&key.partner, "boris", "boris-1", "Добрый день");
    post(&fixture, vec![boris.clone()]).await;
    let to_boris = Inbound { key: EventKey::new("from-anna"), ..boris.clone() };
    let turn = |expected| TurnCommit { posts: vec![to_boris.clone()], ..sample::turn(&key, &inbound, expected) };
    let store = fixture.store();
    assert_eq!(store.commit(turn(7).into()).await, Err(CommitError::Conflict));
    assert_eq!(keys(&mail_of(&fixture, &boris.conversation()).await), ["boris-1"], "of a stale turn nothing is posted");
    let foreign = TurnCommit { posts: vec![sample::text(&sample::partner("nega"), "boris", "2", "")], ..turn(0) };
    let refused = store.commit(foreign.into()).await;
    assert!(matches!(refused, Err(CommitError::Store(StoreError::Failed(_)))), "{refused:?}");
    commit(&fixture, turn(0)).await;
    commit(&fixture, turn(1)).await;
    assert_eq!(fates(&post(&fixture, vec![to_boris.clone()]).await), [None], "its key is known");
    let fixture = fixture.reopened().await;
    let waits = mail_of(&fixture, &boris.conversation()).await;
    assert_eq!(keys(&waits), ["boris-1", "from-anna"]);
    assert_eq!(waits[1].inbound, to_boris);
}

/// Of turns that are written together each posts its own.
pub async fn turns_that_are_written_together_post_an_event_once(fixture: impl Fixture) {
    let korica = sample::partner("korica");
    let shared = sample::text(&korica, "boris", "shared", "Добрый день");
    let turns = (0..20).map(|n| {
        let from = sample::text(&korica, &format!("peer-{n}"), "", "");
        let own = Inbound { key: EventKey::new(&format!("own-{n}")), ..shared.clone() };
        // Of every second one nothing is written.
        let expected = if n % 2 == 0 { 0 } else { 3 };
        let turn = sample::turn(&from.conversation(), &from, expected);
        fixture.store().commit(TurnCommit { posts: vec![shared.clone(), own], ..turn }.into())
    });
    let written = futures::future::join_all(turns).await.into_iter().flatten().count();
    assert_eq!((written, mail_of(&fixture, &shared.conversation()).await.len()), (10, 11));
}
