use voronka_core::{
    ids::{OrderId, PartnerId},
    message::{ConversationKey, Inbound, Timer},
    order::OrderState,
    ports::{CommitError, Directory, Journal, LeadFilter, Page, PostedMail, Retention, Settled, Terms},
    rows::{Author, DeadLetter, LeadRow, TimerRow, TurnCommit, UNHEARD},
};

use super::{ALL, Fixture, anna, commit, fates, keys, load, mail_of, post, sample};

const DAY: i64 = 86_400;

/// Terms that forget what is older than so many days after the samples' beginning.
fn older_than(messages: i64, cold_leads: i64) -> Terms {
    let day = |days: i64| sample::moment(days * DAY);
    Terms { keys: day(messages), messages: day(messages), cold_leads: day(cold_leads) }
}

/// A whole round; how many rows are gone.
async fn forget(fixture: &impl Fixture, partner: &PartnerId, terms: Terms) -> usize {
    let (mut gone, mut after) = (0, None);
    for _ in 0..10_000 {
        let step = fixture.store().forget(partner, &terms, after.as_ref()).await.expect("a step is done");
        gone += step.rows;
        after = step.next;
        if after.is_none() {
            return gone;
        }
    }
    panic!("a round has an end");
}

/// One question and one answer a day; the answers are sent.
async fn talk(fixture: &impl Fixture, inbound: &Inbound, days: std::ops::Range<i64>) {
    let key = inbound.conversation();
    for day in days {
        let version = load(fixture, &key).await.version;
        let mut turn = TurnCommit { orders: Vec::new(), notices: Vec::new(), ..turn(&key, inbound, version) };
        let at = sample::moment(day * DAY);
        turn.conversation.at = at;
        turn.messages.iter_mut().for_each(|message| message.at = at);
        turn.facts.iter_mut().for_each(|fact| fact.at = at);
        let (partner, id) = (key.partner.clone(), turn.outbox[0].id);
        commit(fixture, turn).await;
        let sent = Settled::Sent { partner, id };
        fixture.store().settle(vec![sent]).await.expect("results are kept");
    }
}

/// Two messages, a bubble and a fact of a cold lead.
fn turn(key: &ConversationKey, inbound: &Inbound, version: i64) -> TurnCommit {
    let lead = Some(LeadRow { version, ..sample::lead(key.first_customer(), "cold", 5) });
    TurnCommit { lead, ..sample::full_turn(key, inbound, version) }
}

/// Positions of the messages that are there.
async fn seqs(fixture: &impl Fixture, key: &ConversationKey) -> Vec<i64> {
    let messages = fixture.store().messages(key, 0, ALL).await.expect("messages are read");
    messages.iter().map(|message| message.seq).collect()
}

/// The history of a conversation loses its beginning, and the conversation goes on where it was.
pub async fn old_messages_are_forgotten_and_young_ones_stay(fixture: impl Fixture) {
    let (inbound, key) = anna(&fixture).await;
    talk(&fixture, &inbound, 0..10).await;
    assert_eq!(seqs(&fixture, &key).await, (1..=20).collect::<Vec<_>>());
    assert_eq!(forget(&fixture, &key.partner, older_than(0, 0)).await, 0, "nothing is old yet");
    assert!(forget(&fixture, &key.partner, older_than(7, 0)).await >= 14);
    assert_eq!(seqs(&fixture, &key).await, (15..=20).collect::<Vec<_>>());
    assert_eq!(forget(&fixture, &key.partner, older_than(7, 0)).await, 0, "once is enough");
    talk(&fixture, &inbound, 10..11).await;
    let fixture = fixture.reopened().await;
    assert_eq!(seqs(&fixture, &key).await, (15..=22).collect::<Vec<_>>());
    let loaded = load(&fixture, &key).await;
    assert_eq!((loaded.version, loaded.history.len()), (11, 8));
    assert_eq!(keys(&mail_of(&fixture, &key).await), ["1"], "mail that waits is not touched");

    forget(&fixture, &key.partner, older_than(100, 0)).await;
    let view = fixture.store().conversation(&key, ALL).await.expect("it is read").expect("it is there");
    assert_eq!((view.messages.len(), view.card.preview.as_str()), (0, ""), "no words are left in lists either");
    talk(&fixture, &inbound, 101..102).await;
    let seqs = seqs(&fixture, &key).await;
    assert!(seqs.len() == 2 && seqs[0] > 22, "positions are not used again: {seqs:?}");
}

/// What a model is told of the beginning of a long conversation is the customer's words as well.
pub async fn words_that_a_state_sums_up_are_forgotten_with_the_messages(fixture: impl Fixture) {
    let (inbound, key) = anna(&fixture).await;
    talk(&fixture, &inbound, 0..2).await;
    let mut last = TurnCommit { outbox: Vec::new(), ..turn(&key, &inbound, 2) };
    last.conversation.state = String::from(
        r#"{"v":"1","seq":6,"asked":{"words":"Торт к юбилею?","at":"2026-12-01T09:00:00Z"},"summary":"Хочу торт к юбилею\n","summed_up":4}"#,
    );
    commit(&fixture, last).await;
    let state = async || load(&fixture, &key).await.conversation.expect("it is there").state;
    forget(&fixture, &key.partner, older_than(0, 0)).await;
    assert!(state().await.contains("юбилею"), "nothing is old yet");
    forget(&fixture, &key.partner, older_than(100, 0)).await;
    let left: serde_json::Value = serde_json::from_str(&state().await).expect("a state");
    assert_eq!(left, serde_json::json!({ "v": "1", "seq": 6, "summed_up": 4 }));
}

/// A turn that was computed from what is forgotten meanwhile does not bring it back.
pub async fn a_turn_that_remembers_what_was_forgotten_is_computed_again(fixture: impl Fixture) {
    let (inbound, key) = anna(&fixture).await;
    talk(&fixture, &inbound, 0..2).await;
    let remembers = load(&fixture, &key).await;
    forget(&fixture, &key.partner, older_than(100, 0)).await;
    let stale = turn(&key, &inbound, remembers.version);
    assert!(matches!(fixture.store().commit(stale.into()).await, Err(CommitError::Conflict)));
    let anew = load(&fixture, &key).await;
    assert_eq!(anew.conversation.map(|row| row.preview).as_deref(), Some(""));
    forget(&fixture, &key.partner, older_than(100, 0)).await;
    assert_eq!(load(&fixture, &key).await.version, anew.version, "once is enough");
    commit(&fixture, turn(&key, &inbound, anew.version)).await;
}

/// A messenger that repeats itself after a month is not taken for mad.
pub async fn the_key_of_an_old_event_is_forgotten(fixture: impl Fixture) {
    let (inbound, key) = anna(&fixture).await;
    let young =
        Inbound { at: sample::moment(5 * DAY), ..sample::text(&key.partner, "anna", "2", "Ещё вопрос") };
    post(&fixture, vec![young.clone()]).await;
    forget(&fixture, &key.partner, older_than(3, 0)).await;
    let posted = post(&fixture, vec![inbound, young]).await;
    assert_eq!(fates(&posted), [Some(&key), None]);
    assert_eq!(keys(&mail_of(&fixture, &key).await), ["1", "2", "1"]);
}

/// However old it is.
pub async fn what_waits_to_be_sent_keeps_its_words(fixture: impl Fixture) {
    let (inbound, key) = anna(&fixture).await;
    talk(&fixture, &inbound, 0..2).await;
    let waiting = turn(&key, &inbound, 2);
    let bubble = waiting.outbox[0].clone();
    commit(&fixture, waiting).await;
    forget(&fixture, &key.partner, older_than(1_000, 0)).await;
    assert_eq!(seqs(&fixture, &key).await, [6], "the one that is not sent yet");
    let fixture = fixture.reopened().await;
    let unsent = fixture.store().unsent(i64::MIN, ALL).await.expect("bubbles are read");
    assert_eq!(unsent.iter().map(|(_, row)| row).collect::<Vec<_>>(), [&bubble]);
    let sent = Settled::Sent { partner: key.partner.clone(), id: bubble.id };
    fixture.store().settle(vec![sent]).await.expect("results are kept");
    forget(&fixture, &key.partner, older_than(1_000, 0)).await;
    assert_eq!(seqs(&fixture, &key).await.len(), 0);
}

/// Reports of years ago still count what became of a customer.
pub async fn facts_of_messages_fade_and_milestones_stay(fixture: impl Fixture) {
    let (inbound, key) = anna(&fixture).await;
    let customer = key.first_customer();
    let names = ["message", "lead.warm", "model.used", "order.placed", "price.asked", "contact.left", "button"];
    let mut first = turn(&key, &inbound, 0);
    first.facts = names.iter().map(|name| sample::fact(customer, name, 0)).collect();
    commit(&fixture, first).await;
    forget(&fixture, &key.partner, older_than(100, 100)).await;
    let view = fixture.store().conversation(&key, ALL).await.expect("it is read").expect("an order keeps it");
    let mut left: Vec<&str> = view.facts.iter().map(|fact| fact.name.as_str()).collect();
    left.sort_unstable();
    assert_eq!(left, ["contact.left", "lead.warm", "order.placed"]);
    assert_eq!(view.orders.len(), 1);
    let figures = fixture
        .store()
        .figures(&key.partner, sample::moment(-1), sample::moment(1_000_000))
        .await
        .expect("figures are counted");
    assert_eq!((figures.orders, figures.revenue_minor), (1, 240_000));
    assert_eq!(fixture.store().notices(&key.partner, Page::first(ALL)).await.expect("notices are read"), []);
}

/// Nothing of a person who only looked in is kept for ever.
pub async fn a_customer_who_never_was_more_than_a_cold_lead_is_forgotten(fixture: impl Fixture) {
    let inbound = sample::text(&sample::partner("korica"), "anna", "1", "Просто смотрю");
    let key = inbound.conversation();
    talk(&fixture, &inbound, 0..3).await;
    forget(&fixture, &key.partner, older_than(0, 2)).await;
    assert_eq!(seqs(&fixture, &key).await.len(), 6, "the last words are of the second day");
    forget(&fixture, &key.partner, older_than(0, 3)).await;
    assert_eq!(fixture.store().conversation(&key, ALL).await.expect("it is read"), None);
    let fixture = fixture.reopened().await;
    let loaded = load(&fixture, &key).await;
    assert_eq!((loaded.version, loaded.customer, loaded.lead, loaded.history.len()), (0, None, None, 0));
    let leads =
        fixture.store().leads(&key.partner, &LeadFilter::default(), Page::first(ALL)).await.expect("leads are read");
    assert!(leads.is_empty());
    talk(&fixture, &inbound, 9..10).await;
    assert_eq!(seqs(&fixture, &key).await, [1, 2], "whoever comes back is new");
}

/// Whoever was greeted and has said nothing is in no list, but may still be reading.
pub async fn a_visitor_who_has_said_nothing_is_kept_as_long_as_others(fixture: impl Fixture) {
    let (inbound, key) = anna(&fixture).await;
    let mut greeted = sample::turn(&key, &inbound, 0);
    greeted.consumed = mail_of(&fixture, &key).await.iter().map(|mail| mail.seq).collect();
    greeted.conversation.at = UNHEARD;
    greeted.messages = sample::full_turn(&key, &inbound, 0).messages;
    greeted.messages.iter_mut().for_each(|message| (message.at, message.bubble) = (sample::moment(2 * DAY), None));
    commit(&fixture, greeted).await;
    forget(&fixture, &key.partner, older_than(1, 1)).await;
    assert_eq!((load(&fixture, &key).await.version, seqs(&fixture, &key).await.len()), (1, 2));
    forget(&fixture, &key.partner, older_than(1, 3)).await;
    assert_eq!(load(&fixture, &key).await.version, 0);
}

/// Mail, a timer, an order, a person of the team, a warmer past, a wish not to be written to: each keeps the customer.
pub async fn a_customer_with_whom_something_is_under_way_is_not_forgotten(fixture: impl Fixture) {
    let partner = sample::partner("korica");
    let mut kept = Vec::new();
    for reason in ["mail", "timer", "order", "person", "was warm", "is hot", "opt_out", "bubble"] {
        let inbound = sample::text(&partner, reason, reason, "Здравствуйте");
        let key = inbound.conversation();
        let customer = key.first_customer();
        let mut turn = TurnCommit { notices: Vec::new(), ..turn(&key, &inbound, 0) };
        let order = sample::order(OrderId::of(&[reason]), customer, OrderState::Draft, 0);
        turn.orders = if reason == "order" { vec![order] } else { Vec::new() };
        if reason != "bubble" {
            turn.outbox.clear();
        }
        match reason {
            "mail" => {
                post(&fixture, vec![inbound.clone()]).await;
            }
            "timer" => {
                turn.timers = vec![TimerRow::Set { due: sample::moment(900 * DAY), timer: Timer::Wait }];
            }
            "person" => turn.conversation.owner = "person",
            "was warm" => turn.facts.push(sample::fact(customer, "lead.warm", 0)),
            "is hot" => turn.lead = Some(sample::lead(customer, "hot", 90)),
            "opt_out" => turn.facts.push(sample::fact(customer, "opt_out", 0)),
            _ => {}
        }
        commit(&fixture, turn).await;
        kept.push((reason, key));
    }
    forget(&fixture, &partner, older_than(100, 100)).await;
    for (reason, key) in kept {
        let found = fixture.store().conversation(&key, ALL).await.expect("it is read");
        assert!(found.is_some(), "{reason}");
    }
}

/// Each partner has terms of its own.
pub async fn another_partners_past_stays(fixture: impl Fixture) {
    let (inbound, key) = anna(&fixture).await;
    let other = Inbound { partner: sample::partner("nega"), ..inbound.clone() };
    for inbound in [&inbound, &other] {
        let version = load(&fixture, &inbound.conversation()).await.version;
        let asked = sample::message(version * 2 + 1, Author::Customer, "Вопрос");
        let inbound_key = inbound.conversation();
        let turn = TurnCommit { messages: vec![asked], ..sample::turn(&inbound_key, inbound, version) };
        commit(&fixture, turn).await;
    }
    post(&fixture, vec![other.clone()]).await;
    let mail = mail_of(&fixture, &other.conversation()).await.iter().map(|mail| mail.seq).collect();
    let letter =
        DeadLetter { mail, key: other.conversation(), cause: "poison".into(), at: sample::moment(0), told: None };
    fixture.store().set_aside(letter).await.expect("mail is set aside");
    forget(&fixture, &key.partner, older_than(100, 0)).await;
    assert_eq!(seqs(&fixture, &key).await.len(), 0);
    assert_eq!(seqs(&fixture, &other.conversation()).await, [1]);
    assert_eq!(post(&fixture, vec![other.clone()]).await, [PostedMail::Seen]);
    let letters = async |partner: &PartnerId| {
        fixture.store().dead_letters(partner, Page::first(ALL)).await.expect("letters are read").len()
    };
    assert_eq!(letters(&other.partner).await, 1);
    forget(&fixture, &other.partner, older_than(100, 0)).await;
    assert_eq!((letters(&other.partner).await, seqs(&fixture, &other.conversation()).await.len()), (0, 0));
}
