use jiff::Timestamp;
use proptest::{collection::vec, prelude::*};
use voronka_core::{
    ids::{OrderId, PartnerId},
    message::{ConversationKey, DeliveryFate, Event, EventKey, Inbound, Timer},
    order::OrderState,
    ports::{
        ConversationFilter, Directory, Fault, Journal, LeadFilter, OrderFilter, Page, PostedMail, QuestionCard,
        Retention, Settled, Terms,
    },
    rows::{DeadLetter, MailSeq, OutboxRow, TimerRow, TurnCommit},
};
use voronka_testkit::journal::{Fixture, MemoryStore, sample};

use super::InFile;

#[derive(Debug, Clone)]
enum Op {
    Post {
        partner: u8,
        peer: u8,
        keys: Vec<u8>,
    },
    /// `ahead`: how far the expected version is from the true one.
    Turn {
        partner: u8,
        peer: u8,
        ahead: i64,
        consumed: usize,
        parts: u8,
        state: usize,
    },
    Fire {
        at: i64,
        limit: usize,
    },
    Settle {
        kind: u8,
        nth: usize,
        foreign: bool,
    },
    SetAside {
        partner: u8,
        peer: u8,
        count: usize,
    },
    Replay {
        partner: u8,
        id: i64,
    },
    /// Moments before which things are old.
    Forget {
        partner: u8,
        words: i64,
        cold: i64,
    },
    Reopen,
}

fn op() -> impl Strategy<Value = Op> {
    let whose = || (0..2_u8, 0..3_u8);
    prop_oneof![
        4 => (whose(), vec(0..12_u8, 1..5)).prop_map(|((partner, peer), keys)| Op::Post { partner, peer, keys }),
        6 => (whose(), prop_oneof![6 => Just(0), 1 => -1..2_i64], 0..3_usize, any::<u8>(), 0..12_usize).prop_map(
            |((partner, peer), ahead, consumed, parts, state)| Op::Turn { partner, peer, ahead, consumed, parts, state }
        ),
        2 => (0..60_i64, 1..3_usize).prop_map(|(at, limit)| Op::Fire { at, limit }),
        2 => (0..3_u8, 0..4_usize, any::<bool>()).prop_map(|(kind, nth, foreign)| Op::Settle { kind, nth, foreign }),
        1 => (whose(), 1..3_usize).prop_map(|((partner, peer), count)| Op::SetAside { partner, peer, count }),
        1 => (0..2_u8, 1..5_i64).prop_map(|(partner, id)| Op::Replay { partner, id }),
        1 => (0..2_u8, 0..60_i64, -2..60_i64).prop_map(|(partner, words, cold)| Op::Forget { partner, words, cold }),
        1 => Just(Op::Reopen),
    ]
}

fn inbound(partner: u8, peer: u8, key: &str) -> Inbound {
    sample::text(
        &sample::partner(["korica", "nega"][usize::from(partner)]),
        ["anna", "boris", "ольга"][usize::from(peer)],
        key,
        "Торт?",
    )
}

async fn turn(memory: &MemoryStore, op: &Op) -> Option<TurnCommit> {
    let Op::Turn { partner, peer, ahead, consumed, parts, state } = op else { return None };
    let inbound = inbound(*partner, *peer, "");
    let key = inbound.conversation();
    let loaded = memory.load(&key, 100).await.unwrap();
    let expected = (loaded.version + ahead).max(0);
    let has = |bit: u8| parts & (1 << bit) != 0;
    let mut turn =
        if has(0) { sample::full_turn(&key, &inbound, expected) } else { sample::turn(&key, &inbound, expected) };
    let mail = memory.mail(&key, 100).await.unwrap();
    turn.consumed = mail.iter().take(*consumed).map(|mail| mail.seq).collect();
    let seq = i64::try_from(loaded.history.len()).unwrap();
    for (message, seq) in turn.messages.iter_mut().zip(seq + 1..) {
        message.seq = seq;
    }
    turn.conversation.owner = if has(1) { "nobody" } else { "bot" };
    let score = i32::try_from(expected).unwrap();
    turn.lead = has(2).then(|| sample::lead(key.first_customer(), ["cold", "warm", "hot"][state % 3], score));
    if has(3) {
        let id = OrderId::of(&[&state.to_string()]);
        turn.orders.push(sample::order(id, key.first_customer(), OrderState::ALL[*state], expected + 3));
    }
    if has(4) {
        let timer = if has(5) { Timer::Wait } else { Timer::Silence { entry: 1 } };
        turn.timers.push(TimerRow::Set { due: sample::moment(expected * 7), timer });
    }
    if has(6) {
        turn.timers.push(TimerRow::Cancel { name: "wait" });
    }
    Some(sample::upon(turn, &loaded))
}

fn settled(row: &OutboxRow, kind: u8, foreign: bool) -> Settled {
    let partner = if foreign { sample::partner("other") } else { row.conversation.partner.clone() };
    let id = row.id;
    match kind {
        0 => Settled::Sent { partner, id },
        1 => Settled::Tried { partner, id },
        _ => {
            let event = Event::Delivery { bubble: id, fate: DeliveryFate::Expired };
            let key = EventKey::new(&format!("delivery:{id}"));
            let (account, peer, at) = (row.account.clone(), row.peer.clone(), sample::moment(2));
            Settled::GivenUp {
                partner: partner.clone(),
                id,
                event: Some(Box::new(Inbound { partner, account, peer, key, at, event })),
            }
        }
    }
}

/// A whole round.
async fn forget(store: &impl Retention, partner: &PartnerId, terms: &Terms) {
    let mut after = None;
    loop {
        after = store.forget(partner, terms, after.as_ref()).await.unwrap().next;
        if after.is_none() {
            return;
        }
    }
}

/// Positions of the same mail in the other store: it gives other numbers, in the same order.
async fn as_in(store: &impl Journal, memory: &MemoryStore, key: &ConversationKey, mail: &[MailSeq]) -> Vec<MailSeq> {
    let (ours, theirs) = (memory.mail(key, 1_000).await.unwrap(), store.mail(key, 1_000).await.unwrap());
    assert!(theirs.is_sorted_by_key(|mail| mail.seq));
    let pairs = || ours.iter().zip(&theirs);
    mail.iter().map(|seq| pairs().find(|(one, _)| one.seq == *seq).map_or(-1, |(_, other)| other.seq)).collect()
}

/// What waits, without its positions.
async fn waiting(journal: &impl Journal, key: &ConversationKey) -> Vec<Inbound> {
    journal.mail(key, 100).await.unwrap().into_iter().map(|mail| mail.inbound).collect()
}

/// Does one thing to both and compares what they say.
async fn step(memory: &MemoryStore, file: InFile, op: Op) -> InFile {
    let store = file.store();
    match &op {
        Op::Post { partner, peer, keys } => {
            let batch: Vec<Inbound> = keys.iter().map(|key| inbound(*partner, *peer, &key.to_string())).collect();
            let kept = |posted: Vec<PostedMail>| posted.iter().map(|one| *one != PostedMail::Seen).collect::<Vec<_>>();
            assert_eq!(memory.post(batch.clone()).await.map(kept), store.post(batch).await.map(kept));
        }
        Op::Turn { .. } => {
            if let Some(turn) = turn(memory, &op).await {
                let consumed = as_in(store, memory, &turn.key, &turn.consumed).await;
                let theirs = TurnCommit { consumed, ..turn.clone() };
                assert_eq!(memory.commit(turn.into()).await.is_ok(), store.commit(theirs.into()).await.is_ok());
            }
        }
        Op::Fire { at, limit } => {
            assert_eq!(memory.fire(sample::moment(*at), *limit).await, store.fire(sample::moment(*at), *limit).await);
        }
        Op::Settle { kind, nth, foreign } => {
            if let Some(row) = memory.outbox().get(*nth) {
                let settled = vec![settled(row, *kind, *foreign)];
                assert_eq!(memory.settle(settled.clone()).await, store.settle(settled).await);
            }
        }
        Op::SetAside { partner, peer, count } => {
            let key = inbound(*partner, *peer, "").conversation();
            let mail = memory.mail(&key, *count).await.unwrap().iter().map(|mail| mail.seq).collect();
            let letter = DeadLetter { mail, key, cause: "poison".into(), at: sample::moment(4), told: None };
            let mail = as_in(store, memory, &letter.key, &letter.mail).await;
            let theirs = DeadLetter { mail, ..letter.clone() };
            assert_eq!(memory.set_aside(letter).await, store.set_aside(theirs).await);
        }
        Op::Replay { partner, id } => {
            let partner = inbound(*partner, 0, "").partner;
            assert_eq!(memory.replay(&partner, *id).await, store.replay(&partner, *id).await);
        }
        Op::Forget { partner, words, cold } => {
            let partner = inbound(*partner, 0, "").partner;
            let words = sample::moment(*words);
            let terms = Terms { keys: words, messages: words, cold_leads: sample::moment(*cold) };
            forget(memory, &partner, &terms).await;
            forget(store, &partner, &terms).await;
        }
        Op::Reopen => return file.reopened().await,
    }
    file
}

/// Whatever can be read is the same in both.
async fn compare(memory: &MemoryStore, file: &InFile) {
    let store = file.store();
    assert_eq!(memory.waiting(None, 100).await, store.waiting(None, 100).await);
    let unsent: Vec<OutboxRow> = store.unsent(0, 1_000).await.unwrap().into_iter().map(|(_, row)| row).collect();
    assert_eq!(memory.outbox(), unsent);
    let page = Page::first(50);
    for partner in 0..2 {
        for peer in 0..3 {
            let key: ConversationKey = inbound(partner, peer, "").conversation();
            assert_eq!(memory.load(&key, 7).await, store.load(&key, 7).await);
            assert_eq!(waiting(memory, &key).await, waiting(store, &key).await);
            assert_eq!(memory.conversation(&key, 5).await, store.conversation(&key, 5).await);
            assert_eq!(memory.messages(&key, 2, 3).await, store.messages(&key, 2, 3).await);
        }
        let partner = inbound(partner, 0, "").partner;
        for owner in [None, Some("bot"), Some("nobody")] {
            for text in [None, Some("АНН")] {
                let filter = ConversationFilter { owner: owner.map(str::to_owned), text: text.map(str::to_owned) };
                let found = store.conversations(&partner, &filter, page).await;
                assert_eq!(memory.conversations(&partner, &filter, page).await, found);
            }
        }
        for temperature in [None, Some("hot")] {
            for text in [None, Some("цену"), Some("АНН")] {
                let owned = |text: &str| text.to_owned();
                let filter =
                    LeadFilter { temperature: temperature.map(owned), text: text.map(owned), ..LeadFilter::default() };
                assert_eq!(memory.leads(&partner, &filter, page).await, store.leads(&partner, &filter, page).await);
            }
        }
        for states in [vec![], vec![OrderState::Placed, OrderState::Paid]] {
            for text in [None, Some("1201".to_owned()), Some("анн".to_owned())] {
                let filter = OrderFilter { states: states.clone(), text };
                assert_eq!(memory.orders(&partner, &filter, page).await, store.orders(&partner, &filter, page).await);
            }
        }
        for fault in [Fault::Unanswered, Fault::Wrong] {
            let asked = async |directory: &dyn Directory| {
                let cards = directory.questions(&partner, fault, Timestamp::MIN, page).await.unwrap();
                // Each store numbers its facts as it likes.
                cards.into_iter().map(|card| QuestionCard { id: 0, ..card }).collect::<Vec<_>>()
            };
            assert_eq!(asked(memory).await, asked(store).await);
        }
        assert_eq!(memory.notices(&partner, page).await, store.notices(&partner, page).await);
        assert_eq!(memory.dead_letters(&partner, page).await, store.dead_letters(&partner, page).await);
        for since in [-5, 3] {
            let since = sample::moment(since);
            let until = sample::moment(40);
            assert_eq!(memory.figures(&partner, since, until).await, store.figures(&partner, since, until).await);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_file_and_the_memory_agree_whatever_is_done(ops in vec(op(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let memory = MemoryStore::new();
            let mut file = InFile::new();
            for op in ops {
                file = step(&memory, file, op).await;
            }
            compare(&memory, &file).await;
        });
    }
}
