use voronka_core::{
    ids::{AccountId, BubbleId},
    message::{Content, ConversationKey, Event, EventKey, Inbound, Profile, Timer},
    ports::{
        Backlog, ConversationFilter, Directory, Figures, Journal, LeadFilter, LetterContent, LetterKind, Loaded,
        OrderFilter, Page, PostedMail, Replayed, Settled, StoreError, Telling,
    },
    rows::{DeadLetter, Lane, OutboxRow, RawLetter, TimerRow, Told, TurnCommit},
};

use super::{ALL, Fixture, anna, commit, fates, keys, load, mail_of, post, sample};

/// A batch may hold an event twice.
pub async fn an_event_of_one_batch_is_kept_once(fixture: impl Fixture) {
    let inbound = sample::text(&sample::partner("korica"), "anna", "1", "Здравствуйте");
    let key = inbound.conversation();
    let posted = post(&fixture, vec![inbound.clone(), inbound.clone()]).await;
    assert_eq!(fates(&posted), [Some(&key), None]);
    let mail = mail_of(&fixture, &key).await;
    assert_eq!(mail.len(), 1);
    assert_eq!(mail[0].inbound, inbound);
}

/// Who has posted an event may serve it without asking for it: under the position that is told.
pub async fn positions_are_told_and_grow_as_events_are_kept(fixture: impl Fixture) {
    let (first, key) = anna(&fixture).await;
    let mut last = mail_of(&fixture, &key).await[0].seq;
    let boris = sample::text(&key.partner, "boris", "b", "Добрый день");
    for round in 0..3 {
        let event = |n: i64| Inbound { key: EventKey::new(&format!("{round}-{n}")), ..first.clone() };
        let batch = vec![event(0), Inbound { key: EventKey::new(&format!("b{round}")), ..boris.clone() }, event(1)];
        for posted in post(&fixture, batch).await {
            let PostedMail::New(of, seq) = posted else { panic!("it is new") };
            assert!(seq > last, "{seq} after {last}");
            let mail = fixture.store().mail(&of, ALL).await.expect("reads");
            assert_eq!(mail.iter().filter(|mail| mail.seq == seq).count(), 1);
            last = seq;
        }
    }
    // Nor is a position given again when its mail is gone.
    let consumed = mail_of(&fixture, &key).await.iter().map(|mail| mail.seq).collect();
    commit(&fixture, TurnCommit { consumed, ..sample::turn(&key, &first, 0) }).await;
    let fixture = fixture.reopened().await;
    let posted = post(&fixture, vec![Inbound { key: EventKey::new("later"), ..first }]).await;
    assert!(matches!(posted[0], PostedMail::New(_, seq) if seq > last), "{posted:?} after {last}");
}

/// A webhook may be delivered again.
pub async fn an_event_of_two_batches_is_kept_once(fixture: impl Fixture) {
    let (inbound, key) = anna(&fixture).await;
    let second = Inbound { at: sample::moment(5), ..inbound.clone() };
    assert_eq!(post(&fixture, vec![second]).await, [PostedMail::Seen]);
    let mail = mail_of(&fixture, &key).await;
    assert_eq!(mail.iter().map(|mail| &mail.inbound).collect::<Vec<_>>(), [&inbound]);
}

/// The key outlives its event.
pub async fn an_event_that_was_consumed_is_not_kept_again(fixture: impl Fixture) {
    let (inbound, key) = anna(&fixture).await;
    let consumed = vec![mail_of(&fixture, &key).await[0].seq];
    commit(&fixture, TurnCommit { consumed, ..sample::turn(&key, &inbound, 0) }).await;
    assert_eq!(post(&fixture, vec![inbound]).await, [PostedMail::Seen]);
    assert!(mail_of(&fixture, &key).await.is_empty());
}

/// A restart forgets no key.
pub async fn an_event_that_was_kept_before_a_restart_is_not_kept_again(fixture: impl Fixture) {
    let (inbound, key) = anna(&fixture).await;
    let fixture = fixture.reopened().await;
    assert_eq!(post(&fixture, vec![inbound.clone()]).await, [PostedMail::Seen]);
    assert_eq!(mail_of(&fixture, &key).await[0].inbound, inbound);
}

/// Keys are the channel's: unique within an account only.
pub async fn the_same_key_on_another_account_is_another_event(fixture: impl Fixture) {
    let (inbound, _) = anna(&fixture).await;
    let web = AccountId::parse("web").expect("an account id");
    let other = Inbound { account: web, ..inbound.clone() };
    let foreign = Inbound { partner: sample::partner("nega"), ..inbound };
    let expected = [other.conversation(), foreign.conversation()];
    let posted = post(&fixture, vec![other, foreign]).await;
    assert_eq!(fates(&posted), [Some(&expected[0]), Some(&expected[1])]);
}

/// Mail comes back in the order it was posted, whatever its time.
pub async fn order_is_kept_per_conversation(fixture: impl Fixture) {
    let korica = sample::partner("korica");
    let mut expected = Vec::new();
    for batch in 0..5 {
        let events = (0..4).map(|n| {
            let peer = if n % 2 == 0 { "anna" } else { "boris" };
            let inbound = sample::text(&korica, peer, &format!("{batch}-{n}"), "…");
            Inbound { at: sample::moment(100 - batch), ..inbound }
        });
        let events: Vec<Inbound> = events.collect();
        expected.extend(events.iter().filter(|event| event.peer.as_str() == "anna").map(|event| event.key.to_string()));
        post(&fixture, events).await;
    }
    let key = sample::text(&korica, "anna", "", "").conversation();
    let mail = mail_of(&fixture, &key).await;
    assert_eq!(keys(&mail), expected);
    assert!(mail.is_sorted_by(|a, b| a.seq < b.seq));
    assert_eq!(fixture.store().mail(&key, 3).await.expect("reads"), mail[..3]);
}

/// A busy day.
pub async fn ten_thousand_events_are_kept_and_found(fixture: impl Fixture) {
    let korica = sample::partner("korica");
    let event = |n: usize| sample::text(&korica, &format!("peer-{}", n % 1_000), &n.to_string(), "Здравствуйте!");
    for hundred in 0..100 {
        let batch = (hundred * 100..hundred * 100 + 100).map(event).collect();
        assert!(post(&fixture, batch).await.iter().all(|posted| matches!(posted, PostedMail::New(..))));
    }
    let again = (0..100).map(|n| event(n * 97)).collect();
    assert!(post(&fixture, again).await.iter().all(|posted| *posted == PostedMail::Seen));
    assert_eq!(fixture.store().waiting(None, 2_000).await.expect("lists").len(), 1_000);
    let mail = mail_of(&fixture, &event(7).conversation()).await;
    assert_eq!(keys(&mail), (0..10).map(|n| (n * 1_000 + 7).to_string()).collect::<Vec<_>>());
}

/// Start-up reads them piece by piece.
pub async fn waiting_conversations_are_listed_in_pages(fixture: impl Fixture) {
    let mut expected = Vec::new();
    for partner in ["nega", "korica"] {
        for peer in 0..7 {
            for n in 0..2 {
                let inbound =
                    sample::text(&sample::partner(partner), &format!("peer-{peer}"), &format!("{peer}-{n}"), "…");
                expected.push(inbound.conversation());
                post(&fixture, vec![inbound]).await;
            }
        }
    }
    expected.sort();
    expected.dedup();
    let mut found = Vec::new();
    loop {
        let page = fixture.store().waiting(found.last(), 4).await.expect("lists");
        assert!(page.len() <= 4);
        if page.is_empty() {
            break;
        }
        found.extend(page);
    }
    assert_eq!(found, expected);
}

/// Emoji, right to left, NUL, quotes, long ones.
pub async fn texts_of_any_letters_survive(fixture: impl Fixture) {
    let korica = sample::partner("korica");
    let long = "ы".repeat(8_000);
    let texts =
        ["", "\u{0}", "a\u{0}b", "Ё👩‍👩‍👧 \u{202e}שלום", "'; DROP TABLE mailbox; --", "\\u0000\n\r\t\u{feff}", &long];
    let mut expected = Vec::new();
    for (n, words) in texts.iter().enumerate() {
        let inbound = sample::text(&korica, "an\u{0}na", &format!("k\u{0}{n}'"), words);
        post(&fixture, vec![inbound.clone()]).await;
        assert_eq!(post(&fixture, vec![inbound.clone()]).await, [PostedMail::Seen], "{words:?}");
        expected.push(inbound);
    }
    let key = expected[0].conversation();
    let found: Vec<Inbound> = mail_of(&fixture, &key).await.into_iter().map(|mail| mail.inbound).collect();
    assert_eq!(found, expected);
    let mut turn = sample::full_turn(&key, &expected[0], 0);
    turn.messages[0].text = String::from("a\u{0}b ё👩‍👩‍👧");
    turn.conversation.state = String::from("\u{0}{}");
    commit(&fixture, turn.clone()).await;
    let loaded = load(&fixture, &key).await;
    assert_eq!(loaded.history, turn.messages);
    assert_eq!(loaded.conversation, Some(turn.conversation));
}

/// A poisoned event does not hold up its conversation, and is not lost.
pub async fn mail_set_aside_is_kept_with_its_cause_and_can_be_replayed(fixture: impl Fixture) {
    let (first, key) = anna(&fixture).await;
    let blob = Content::Location { latitude: 55.75, longitude: 37.62 };
    let event =
        Event::Customer { content: blob, profile: Profile { name: Some("Анна".into()), ..Profile::default() } };
    let second = Inbound { key: EventKey::new("2"), event, ..first.clone() };
    let third = Inbound { key: EventKey::new("3"), ..first.clone() };
    post(&fixture, vec![second.clone(), third.clone()]).await;
    let mail: Vec<_> = mail_of(&fixture, &key).await.iter().take(2).map(|mail| mail.seq).collect();
    let letter = DeadLetter {
        mail,
        key: key.clone(),
        cause: "the turn did not end".into(),
        at: sample::moment(9),
        told: Some(Told { notice: sample::notice("aside", 9), outbox: Vec::new() }),
    };
    assert_eq!(fixture.store().set_aside(letter).await, Ok(Telling::Now));
    assert_eq!(keys(&mail_of(&fixture, &key).await), ["3"]);

    let store = fixture.store();
    let listed = store.dead_letters(&key.partner, Page::first(10)).await.expect("lists");
    assert_eq!(listed.len(), 1);
    let told = store.notices(&key.partner, Page::first(10)).await.expect("lists");
    assert_eq!(told, [sample::notice("aside", 9)], "the team is told with it");
    assert_eq!((listed[0].cause.as_str(), listed[0].at), ("the turn did not end", sample::moment(9)));
    assert_eq!((&listed[0].account, listed[0].holds), (&first.account, LetterKind::Events));
    assert_eq!(store.replay(&sample::partner("nega"), listed[0].id).await, Ok(Replayed::Missing));
    assert_eq!(store.replay(&key.partner, listed[0].id + 1).await, Ok(Replayed::Missing));
    assert_eq!(store.replay_raw(&key.partner, listed[0].id, vec![]).await, Ok(false), "it holds events");
    assert_eq!(store.replay(&key.partner, listed[0].id).await, Ok(Replayed::Waits(key.clone())));
    let found: Vec<Inbound> = mail_of(&fixture, &key).await.into_iter().map(|mail| mail.inbound).collect();
    assert_eq!(found, [third, first, second]);
    assert!(store.dead_letters(&key.partner, Page::first(10)).await.expect("lists").is_empty());
    assert_eq!(store.replay(&key.partner, listed[0].id).await, Ok(Replayed::Missing), "a letter is replayed once");
}

/// An engine that had no answer asks again.
pub async fn mail_set_aside_twice_is_kept_once(fixture: impl Fixture) {
    let (_, key) = anna(&fixture).await;
    let mail = vec![mail_of(&fixture, &key).await[0].seq];
    let letter = DeadLetter { mail, key: key.clone(), cause: "poison".into(), at: sample::moment(1), told: None };
    fixture.store().set_aside(letter.clone()).await.expect("is set aside");
    fixture.store().set_aside(letter).await.expect("changes nothing");
    assert_eq!(fixture.store().dead_letters(&key.partner, Page::first(10)).await.expect("lists").len(), 1);
}

/// A customer in trouble hears once that a person will answer, however many of their messages are set aside.
pub async fn of_one_trouble_people_are_told_once(fixture: impl Fixture) {
    let (first, key) = anna(&fixture).await;
    post(&fixture, vec![Inbound { key: EventKey::new("2"), ..first.clone() }]).await;
    let mail: Vec<_> = mail_of(&fixture, &key).await.iter().map(|mail| mail.seq).collect();
    let letter = |mail, trouble: &str| DeadLetter {
        mail,
        key: key.clone(),
        cause: "poison".into(),
        at: sample::moment(1),
        told: Some(Told {
            notice: sample::notice(trouble, 9),
            outbox: vec![OutboxRow {
                seq: 0, ..sample::bubble(&key, &first, 1, "Вам ответит человек")
            }],
        }),
    };
    let store = fixture.store();
    assert_eq!(store.set_aside(letter(vec![mail[0]], "one")).await, Ok(Telling::Now));
    let waiting = store.unsent(0, 10).await.expect("lists");
    assert_eq!(waiting.len(), 1);
    assert_eq!((waiting[0].1.bubble.text.text.as_str(), waiting[0].1.seq), ("Вам ответит человек", 0));
    store.settle(vec![Settled::Sent { partner: key.partner.clone(), id: waiting[0].1.id }]).await.expect("is settled");
    assert_eq!(store.set_aside(letter(vec![mail[1]], "one")).await, Ok(Telling::Nothing), "they know");
    assert_eq!(store.set_aside(letter(vec![mail[1]], "another")).await, Ok(Telling::Nothing), "no mail, no letter");
    assert_eq!(store.unsent(0, 10).await, Ok(vec![]));
    assert_eq!(store.dead_letters(&key.partner, Page::first(10)).await.expect("lists").len(), 2);
    assert_eq!(store.notices(&key.partner, Page::first(10)).await.expect("lists").len(), 1);
}

/// A body that could not be read; the letter and its id.
async fn raw(fixture: &impl Fixture) -> (RawLetter, i64) {
    let partner = sample::partner("korica");
    let (account, body) = (sample::account(), vec![0, 255, b'{']);
    let letter = RawLetter { partner: partner.clone(), account, body, cause: "no JSON".into(), at: sample::moment(3) };
    fixture.store().keep_raw(letter.clone()).await.expect("is kept");
    let listed = fixture.store().dead_letters(&partner, Page::first(1)).await.expect("lists");
    (letter, listed[0].id)
}

/// What could not be read is for the operator's eyes, until somebody can.
pub async fn a_raw_letter_is_listed_and_gives_what_it_holds(fixture: impl Fixture) {
    let (letter, id) = raw(&fixture).await;
    let partner = letter.partner.clone();
    let listed = fixture.store().dead_letters(&partner, Page::first(10)).await.expect("lists");
    assert_eq!((listed.len(), listed[0].cause.as_str(), listed[0].at), (1, "no JSON", sample::moment(3)));
    assert_eq!(listed[0].holds, LetterKind::Body);
    assert_eq!(fixture.store().replay(&sample::partner("nega"), id).await, Ok(Replayed::Missing));
    assert_eq!(fixture.store().replay(&partner, id).await, Ok(Replayed::Raw(letter)));
    assert_eq!(fixture.store().dead_letters(&partner, Page::first(10)).await.expect("lists").len(), 1);
}

/// What it holds comes in as if it had just been handed in: an event that is known already is not kept again.
pub async fn a_raw_letter_is_swapped_for_what_was_read_from_it(fixture: impl Fixture) {
    let (known, key) = anna(&fixture).await;
    let (_, id) = raw(&fixture).await;
    let new = Inbound { key: EventKey::new("2"), ..known.clone() };
    let (store, nega) = (fixture.store(), sample::partner("nega"));
    let read = vec![known.clone(), new.clone()];
    assert_eq!(store.replay_raw(&nega, id, vec![]).await, Ok(false));
    assert_eq!(store.replay_raw(&key.partner, id + 1, read.clone()).await, Ok(false));
    let foreign = vec![new.clone(), Inbound { partner: nega, ..known }];
    assert!(matches!(store.replay_raw(&key.partner, id, foreign).await, Err(StoreError::Failed(_))));
    assert_eq!(keys(&mail_of(&fixture, &key).await), ["1"], "nothing was changed");
    assert_eq!(store.dead_letters(&key.partner, Page::first(10)).await.expect("lists").len(), 1);
    assert_eq!(store.replay_raw(&key.partner, id, read.clone()).await, Ok(true));
    assert_eq!(store.replay_raw(&key.partner, id, read).await, Ok(false), "it is gone");

    let fixture = fixture.reopened().await;
    assert_eq!(keys(&mail_of(&fixture, &key).await), ["1", "2"]);
    assert!(fixture.store().dead_letters(&key.partner, Page::first(10)).await.expect("lists").is_empty());
    assert_eq!(post(&fixture, vec![new]).await, [PostedMail::Seen], "its key is known from now on");
}

/// Poisons Anna's first event; the id of its letter.
async fn poisoned(fixture: &impl Fixture) -> (Inbound, ConversationKey, i64) {
    let (inbound, key) = anna(fixture).await;
    let mail = vec![mail_of(fixture, &key).await[0].seq];
    let letter = DeadLetter { mail, key: key.clone(), cause: "poison".into(), at: sample::moment(1), told: None };
    fixture.store().set_aside(letter).await.expect("is set aside");
    let listed = fixture.store().dead_letters(&key.partner, Page::first(10)).await.expect("lists");
    (inbound, key, listed[0].id)
}

/// The operator looks into one, and so can nobody of another partner.
pub async fn a_dead_letter_is_opened_by_its_partner_alone(fixture: impl Fixture) {
    let (inbound, key, id) = poisoned(&fixture).await;
    let store = fixture.store();
    let opened = store.dead_letter(&key.partner, id).await.expect("opens").expect("is there");
    assert_eq!((opened.letter.id, opened.letter.cause.as_str()), (id, "poison"));
    let LetterContent::Events { conversation, events } = opened.content else { panic!("events were set aside") };
    assert_eq!((conversation, events.len()), (key.conversation, 1));
    assert_eq!((&events[0].key, events[0].at), (&inbound.key, inbound.at));
    let event: Event = serde_json::from_str(&events[0].event).expect("it is kept as it was");
    assert_eq!(event, inbound.event);
    assert_eq!(store.dead_letter(&sample::partner("nega"), id).await, Ok(None));
    assert_eq!(store.dead_letter(&key.partner, id + 1).await, Ok(None));

    let body = [0, 255, b'{'].repeat(300_000);
    let (partner, account) = (key.partner.clone(), sample::account());
    let raw = RawLetter { partner, account, body: body.clone(), cause: "no JSON".into(), at: sample::moment(3) };
    store.keep_raw(raw).await.expect("is kept");
    let raw = store.dead_letters(&key.partner, Page::first(1)).await.expect("lists")[0].id;
    let opened = store.dead_letter(&key.partner, raw).await.expect("opens").expect("is there");
    assert_eq!(opened.content, LetterContent::Body(body));
}

/// What is dropped does not come back, and the event's key stays known.
pub async fn a_dropped_letter_is_gone_and_no_other(fixture: impl Fixture) {
    let (inbound, key, id) = poisoned(&fixture).await;
    let store = fixture.store();
    assert_eq!(store.drop_letter(&sample::partner("nega"), id).await, Ok(false));
    assert_eq!(store.drop_letter(&key.partner, id + 1).await, Ok(false));
    assert_eq!(store.dead_letters(&key.partner, Page::first(10)).await.expect("lists").len(), 1);
    assert_eq!(store.drop_letter(&key.partner, id).await, Ok(true));
    assert_eq!(store.drop_letter(&key.partner, id).await, Ok(false), "a letter is dropped once");
    assert_eq!(store.replay(&key.partner, id).await, Ok(Replayed::Missing));
    assert_eq!(post(&fixture, vec![inbound]).await, [PostedMail::Seen]);
    let fixture = fixture.reopened().await;
    assert!(fixture.store().dead_letters(&key.partner, Page::first(10)).await.expect("lists").is_empty());
}

/// What the operator looks at first when something stands still.
pub async fn what_waits_is_counted_and_the_oldest_named(fixture: impl Fixture) {
    let empty = fixture.store().backlog(sample::moment(0)).await.expect("counts");
    assert_eq!(empty, Backlog::default());
    let (inbound, key, _) = poisoned(&fixture).await;
    let event = |n: i64| Inbound { key: EventKey::new(&format!("w{n}")), at: sample::moment(n), ..inbound.clone() };
    post(&fixture, vec![event(20), event(10)]).await;
    let mut turn = sample::full_turn(&key, &inbound, 0);
    let notice = OutboxRow {
        id: BubbleId::of(&["notice"]),
        seq: 0,
        lane: Lane::Notice,
        ..sample::bubble(&key, &inbound, 0, "Анна оставила телефон")
    };
    turn.outbox.insert(0, notice);
    let set = |seconds, timer| TimerRow::Set { due: sample::moment(seconds), timer };
    turn.timers = vec![set(50, Timer::Silence { entry: 0 }), set(500, Timer::Wait)];
    commit(&fixture, turn).await;
    let store = fixture.store();
    let found = store.backlog(sample::moment(100)).await.expect("counts");
    assert_eq!((found.mail, found.bubbles), (2, 2));
    assert_eq!(found.oldest_mail, Some((key.clone(), sample::moment(20))), "in the order in which they came");
    assert_eq!(found.oldest_bubble, Some((key.partner.clone(), inbound.account.clone(), sample::moment(2))));
    assert_eq!(found.letters, [(key.partner.clone(), 1)]);
    assert_eq!((found.timers, found.timers_due, found.next_timer), (2, 1, Some(sample::moment(50))));
}

/// The same words under another partner are another thing, and ids of one find nothing of the other.
pub async fn another_partner_finds_nothing(fixture: impl Fixture) {
    let (inbound, key) = anna(&fixture).await;
    commit(&fixture, sample::full_turn(&key, &inbound, 0)).await;
    let letter = mail_of(&fixture, &key).await[0].seq;
    let aside =
        DeadLetter { mail: vec![letter], key: key.clone(), cause: "poison".into(), at: sample::moment(1), told: None };
    let nega = sample::partner("nega");
    let foreign = ConversationKey { partner: nega.clone(), conversation: key.conversation };
    let store = fixture.store();
    store.set_aside(DeadLetter { key: foreign.clone(), ..aside.clone() }).await.expect("changes nothing");
    assert_eq!(mail_of(&fixture, &key).await.len(), 1, "the other's mail stays");
    store.set_aside(aside).await.expect("is set aside");

    assert_eq!(load(&fixture, &foreign).await, Loaded::default());
    let page = Page::first(10);
    assert_eq!(store.conversations(&nega, &ConversationFilter::default(), page).await, Ok(vec![]));
    assert_eq!(store.conversation(&foreign, 10).await, Ok(None));
    assert_eq!(store.messages(&foreign, 0, 10).await, Ok(vec![]));
    let warm = LeadFilter { temperature: Some("warm".to_owned()), text: None, ..LeadFilter::default() };
    assert_eq!(store.leads(&nega, &warm, page).await, Ok(vec![]));
    assert_eq!(store.leads(&nega, &LeadFilter::default(), page).await, Ok(vec![]));
    assert_eq!(store.orders(&nega, &OrderFilter::default(), page).await, Ok(vec![]));
    let order = store.orders(&key.partner, &OrderFilter::default(), page).await.expect("lists")[0].order.id;
    assert!(store.order(&key.partner, order).await.expect("finds").is_some());
    assert_eq!(store.order(&nega, order).await, Ok(None));
    assert_eq!(store.notices(&nega, page).await, Ok(vec![]));
    assert_eq!(store.figures(&nega, sample::moment(-10), sample::moment(1_000)).await, Ok(Figures::default()));
    assert_eq!(store.dead_letters(&nega, page).await, Ok(vec![]));
    let dead = store.dead_letters(&key.partner, page).await.expect("lists")[0].id;
    assert_eq!(store.replay(&nega, dead).await, Ok(Replayed::Missing));
}
