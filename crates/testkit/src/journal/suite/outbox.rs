use voronka_core::{
    ids::AccountId,
    message::{DeliveryFate, Event, EventKey, Inbound},
    ports::{CommitError, Journal, Settled},
    rows::{Lane, OutboxRow, TurnCommit, Withdraw},
};

use super::{ALL, Fixture, anna, commit, mail_of, post, sample};

/// All that waits on the usual account: answers and notices, and campaigns, which are read apart; in the order of sending.
async fn unsent(fixture: &impl Fixture) -> Vec<OutboxRow> {
    let store = fixture.store();
    let mut rows = store.unsent(0, ALL).await.expect("lists");
    assert!(rows.iter().all(|(_, row)| row.lane != Lane::Campaign), "campaigns are not read at the start");
    let mut apart = store.campaign(&sample::partner("korica"), &sample::account(), 0, ALL).await.expect("reads back");
    assert!(rows.is_sorted_by(|a, b| a.0 < b.0) && apart.is_sorted_by(|a, b| a.0 < b.0));
    rows.append(&mut apart);
    rows.sort_by_key(|(position, _)| *position);
    rows.into_iter().map(|(_, row)| row).collect()
}

fn sent(row: &OutboxRow) -> Settled {
    let partner = row.conversation.partner.clone();
    Settled::Sent { partner, id: row.id }
}

/// Writes a turn with three bubbles in three lanes.
async fn three(fixture: &impl Fixture) -> (Inbound, Vec<OutboxRow>) {
    let (inbound, key) = anna(fixture).await;
    let mut outbox: Vec<OutboxRow> = (1..=3).map(|seq| sample::bubble(&key, &inbound, seq, "Здравствуйте!")).collect();
    outbox[0].lane = Lane::Campaign;
    outbox[0].expires = None;
    outbox[1].lane = Lane::Notice;
    outbox[1].seq = 0;
    outbox[1].attempts = 4;
    let messages = vec![sample::message(1, voronka_core::rows::Author::Bot, "Здравствуйте!")];
    commit(fixture, TurnCommit { messages, outbox: outbox.clone(), ..sample::turn(&key, &inbound, 0) }).await;
    (inbound, outbox)
}

/// The order of a turn is the order of sending.
pub async fn bubbles_wait_in_order_until_they_are_sent(fixture: impl Fixture) {
    let (inbound, outbox) = three(&fixture).await;
    assert_eq!(unsent(&fixture).await, outbox);
    let key = inbound.conversation();
    let full = sample::full_turn(&key, &inbound, 1);
    commit(&fixture, full.clone()).await;
    let page = fixture.store().unsent(0, 1).await.expect("lists");
    assert_eq!(page[0].1, outbox[1]);
    let rest = fixture.store().unsent(page[0].0, 2).await.expect("lists");
    assert_eq!(rest.iter().map(|(_, row)| row).collect::<Vec<_>>(), [&outbox[2], &full.outbox[0]]);

    let settled = vec![sent(&outbox[1]), sent(&outbox[0])];
    fixture.store().settle(settled.clone()).await.expect("settles");
    assert_eq!(unsent(&fixture).await, [outbox[2].clone(), full.outbox[0].clone()]);
    fixture.store().settle(settled).await.expect("changes nothing");
    fixture.store().settle(vec![sent(&full.outbox[0]), sent(&outbox[2])]).await.expect("settles");
    assert!(unsent(&fixture).await.is_empty());
    assert!(mail_of(&fixture, &key).await.len() == 1, "what was sent is no event");
}

/// Of one partner's account, campaigns alone, page by page.
pub async fn a_campaign_is_read_back_by_account_in_order(fixture: impl Fixture) {
    let (inbound, key) = anna(&fixture).await;
    let web = AccountId::parse("web").expect("an account id");
    let mut expected = Vec::new();
    let mut outbox = Vec::new();
    for seq in 1..=9 {
        let row = sample::bubble(&key, &inbound, seq, "Здравствуйте!");
        outbox.push(match seq % 3 {
            0 => row,
            1 => OutboxRow { lane: Lane::Campaign, ..row },
            _ => OutboxRow { lane: Lane::Campaign, account: web.clone(), ..row },
        });
        if seq % 3 == 1 {
            expected.push(outbox[outbox.len() - 1].clone());
        }
    }
    commit(&fixture, TurnCommit { outbox: outbox.clone(), ..sample::turn(&key, &inbound, 0) }).await;
    let nega = sample::text(&sample::partner("nega"), "anna", "1", "Добрый день");
    post(&fixture, vec![nega.clone()]).await;
    let theirs =
        OutboxRow { lane: Lane::Campaign, ..sample::bubble(&nega.conversation(), &nega, 1, "Добрый день!") };
    commit(&fixture, TurnCommit { outbox: vec![theirs], ..sample::turn(&nega.conversation(), &nega, 0) }).await;

    let store = fixture.store();
    let read = async |after, limit| {
        store.campaign(&inbound.partner, &inbound.account, after, limit).await.expect("reads back")
    };
    let (mut after, mut found) = (i64::MIN, Vec::new());
    loop {
        let page = read(after, 2).await;
        let Some((last, _)) = page.last() else { break };
        assert!(page.len() <= 2 && *last > after);
        after = *last;
        found.extend(page.into_iter().map(|(_, row)| row));
    }
    assert_eq!(found, expected);
    store.settle(vec![sent(&expected[0])]).await.expect("settles");
    let left: Vec<OutboxRow> = read(i64::MIN, ALL).await.into_iter().map(|(_, row)| row).collect();
    assert_eq!(left, expected[1..], "what was sent is not read back");
}

/// The same turn, computed again, gives the same ids.
pub async fn a_bubble_is_queued_once(fixture: impl Fixture) {
    let (inbound, outbox) = three(&fixture).await;
    let key = inbound.conversation();
    commit(&fixture, TurnCommit { outbox: outbox.clone(), ..sample::turn(&key, &inbound, 1) }).await;
    assert_eq!(unsent(&fixture).await, outbox);
}

/// A retry knows how often it was tried, also after a restart.
pub async fn a_bubble_tried_in_vain_stays_and_counts(fixture: impl Fixture) {
    let (_, outbox) = three(&fixture).await;
    let tried = || Settled::Tried { partner: outbox[1].conversation.partner.clone(), id: outbox[1].id };
    fixture.store().settle(vec![tried(), tried()]).await.expect("settles");
    fixture.store().settle(vec![tried()]).await.expect("settles");
    let fixture = fixture.reopened().await;
    let mut expected = outbox;
    expected[1].attempts += 3;
    assert_eq!(unsent(&fixture).await, expected);
}

/// A failure that nobody hears of looks like success.
pub async fn a_bubble_given_up_tells_its_conversation_once(fixture: impl Fixture) {
    let (inbound, outbox) = three(&fixture).await;
    let fate = DeliveryFate::Refused { cause: "chat not found".into() };
    let event = Event::Delivery { bubble: outbox[0].id, fate };
    let event = Inbound { key: EventKey::new("delivery:1"), event, ..inbound.clone() };
    let partner = inbound.partner.clone();
    let given_up =
        Settled::GivenUp { partner: partner.clone(), id: outbox[0].id, event: Some(Box::new(event.clone())) };
    let notice = Settled::GivenUp { partner, id: outbox[1].id, event: None };
    fixture.store().settle(vec![given_up.clone(), notice]).await.expect("settles");
    fixture.store().settle(vec![given_up]).await.expect("changes nothing");
    assert_eq!(unsent(&fixture).await, outbox[2..]);
    let mail = mail_of(&fixture, &inbound.conversation()).await;
    assert_eq!(mail.into_iter().map(|mail| mail.inbound).collect::<Vec<_>>(), [inbound, event]);
}

/// A foreign id settles nothing and posts nothing.
pub async fn a_bubble_given_up_by_another_partner_stays(fixture: impl Fixture) {
    let (inbound, outbox) = three(&fixture).await;
    let nega = sample::partner("nega");
    let event = sample::text(&nega, "anna", "d1", "…");
    let id = outbox[0].id;
    let settled = vec![
        Settled::GivenUp { partner: nega.clone(), id, event: Some(Box::new(event.clone())) },
        Settled::Tried { partner: nega.clone(), id },
        Settled::Sent { partner: nega.clone(), id },
    ];
    fixture.store().settle(settled).await.expect("changes nothing");
    assert_eq!(unsent(&fixture).await, outbox);
    assert!(mail_of(&fixture, &event.conversation()).await.is_empty());
    let smuggled = Settled::GivenUp { partner: inbound.partner.clone(), id, event: Some(Box::new(event.clone())) };
    assert!(fixture.store().settle(vec![sent(&outbox[1]), smuggled]).await.is_err());
    assert_eq!(unsent(&fixture).await, outbox, "all or nothing");
    assert!(mail_of(&fixture, &event.conversation()).await.is_empty());
    post(&fixture, vec![event]).await;
}

/// Bubbles that a turn calls back stay, and are late from then on; other bubbles and other conversations' are as they were.
pub async fn bubbles_that_are_called_back_stay_and_are_late(fixture: impl Fixture) {
    let korica = sample::partner("korica");
    let (anna, boris) = (sample::text(&korica, "anna", "1", "да"), sample::text(&korica, "boris", "2", "да"));
    let row = |of: &Inbound, seq: i64| OutboxRow {
        lane: Lane::Campaign,
        ..sample::bubble(&of.conversation(), of, seq, &seq.to_string())
    };
    let [anna_key, boris_key] = [&anna, &boris].map(Inbound::conversation);
    let theirs = [row(&anna, 1), row(&anna, 2), row(&anna, 3), row(&boris, 1)];
    for (key, of, outbox) in [(&anna_key, &anna, &theirs[..3]), (&boris_key, &boris, &theirs[3..])] {
        commit(&fixture, TurnCommit { outbox: outbox.to_vec(), ..sample::turn(key, of, 0) }).await;
    }
    // One of them is another's, and one was sent meanwhile.
    let called = Withdraw::Called(vec![theirs[0].id, theirs[2].id, theirs[3].id]);
    fixture.store().settle(vec![sent(&theirs[2])]).await.expect("settles");
    let stale = TurnCommit { withdraw: called.clone(), ..sample::turn(&anna_key, &anna, 7) };
    assert_eq!(fixture.store().commit(stale.into()).await, Err(CommitError::Conflict));
    let own = row(&anna, 4);
    let outbox = vec![own.clone()];
    commit(&fixture, TurnCommit { outbox, withdraw: called, ..sample::turn(&anna_key, &anna, 1) }).await;
    let fixture = fixture.reopened().await;
    let mut campaign = fixture.store().campaign(&korica, &sample::account(), i64::MIN, ALL).await.expect("lists");
    campaign.sort_by_key(|(_, row)| (row.peer.clone(), row.seq));
    let late = OutboxRow { expires: Some(OutboxRow::LATE), ..theirs[0].clone() };
    let left: Vec<_> = campaign.into_iter().map(|(_, row)| row).collect();
    assert_eq!(left, [late, theirs[1].clone(), own, theirs[3].clone()]);
}

/// A turn takes back what earlier ones wanted to send unasked; its own bubbles, answers and other conversations' stay.
pub async fn follow_ups_that_are_withdrawn_leave_the_outbox(fixture: impl Fixture) {
    let korica = sample::partner("korica");
    let (anna, boris) = (sample::text(&korica, "anna", "1", "да"), sample::text(&korica, "boris", "2", "да"));
    let row = |of: &Inbound, seq: i64, lane| OutboxRow {
        lane,
        ..sample::bubble(&of.conversation(), of, seq, &seq.to_string())
    };
    for of in [&anna, &boris] {
        let outbox = vec![row(of, 1, Lane::Dialogue), row(of, 2, Lane::Campaign), row(of, 3, Lane::Campaign)];
        commit(&fixture, TurnCommit { outbox, ..sample::turn(&of.conversation(), of, 0) }).await;
    }
    let key = anna.conversation();
    let stale = TurnCommit { withdraw: Withdraw::Campaigns, ..sample::turn(&key, &anna, 7) };
    assert_eq!(fixture.store().commit(stale.into()).await, Err(CommitError::Conflict));
    let outbox = vec![row(&anna, 4, Lane::Dialogue), row(&anna, 5, Lane::Campaign)];
    commit(&fixture, TurnCommit { outbox, withdraw: Withdraw::Campaigns, ..sample::turn(&key, &anna, 1) }).await;
    let fixture = fixture.reopened().await;
    let store = fixture.store();
    let unsent = store.unsent(0, ALL).await.expect("lists");
    let campaign = store.campaign(&korica, &sample::account(), i64::MIN, ALL).await.expect("lists");
    let seqs = |rows: &[(i64, OutboxRow)], of: &Inbound| {
        let of = of.conversation();
        rows.iter().filter(|(_, row)| row.conversation == of).map(|(_, row)| row.seq).collect::<Vec<_>>()
    };
    assert_eq!((seqs(&unsent, &anna), seqs(&campaign, &anna)), (vec![1, 4], vec![5]));
    assert_eq!((seqs(&unsent, &boris), seqs(&campaign, &boris)), (vec![1], vec![2, 3]));
}
