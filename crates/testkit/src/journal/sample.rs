//! Rows and events to test with: small, valid, and told apart by the words they are given.

use jiff::{SignedDuration, Timestamp};
use voronka_core::{
    ids::{AccountId, BubbleId, CustomerId, NoticeId, OrderId, PartnerId},
    message::{Bubble, Content, ConversationKey, Event, EventKey, Inbound, Peer, Profile, Purpose},
    order::OrderState,
    ports::Loaded,
    rows::{
        Author, ConversationRow, CustomerRow, FactRow, Lane, LeadRow, MessageRow, NoticeRow, OrderRow, OutboxRow,
        TurnCommit,
    },
    spec::{adjust::Signature, rich::Rich},
    tally::{Counted, Tally},
};

/// A partner.
///
/// # Panics
/// When the text is no partner id.
pub fn partner(id: &str) -> PartnerId {
    PartnerId::parse(id).expect("a partner id")
}

/// The account that all samples are of.
///
/// # Panics
/// Never: the id is well formed.
pub fn account() -> AccountId {
    AccountId::parse("telegram").expect("an account id")
}

/// A moment, so many seconds after the samples' beginning.
///
/// # Panics
/// When that is out of the calendar.
pub fn moment(seconds: i64) -> Timestamp {
    let start = Timestamp::from_second(1_796_000_000).expect("a time in 2026");
    start + SignedDuration::from_secs(seconds)
}

/// A text that a customer wrote.
pub fn text(partner: &PartnerId, peer: &str, key: &str, text: &str) -> Inbound {
    let event = Event::Customer { content: Content::Text { text: text.to_owned() }, profile: Profile::default() };
    let (account, peer, key) = (account(), Peer::new(peer), EventKey::new(key));
    Inbound { partner: partner.clone(), account, peer, key, at: moment(0), event }
}

/// A turn over one event that changes the conversation alone.
pub fn turn(key: &ConversationKey, inbound: &Inbound, expected: i64) -> TurnCommit {
    TurnCommit {
        key: key.clone(),
        expected,
        consumed: Vec::new(),
        conversation: ConversationRow {
            account: inbound.account.clone(),
            peer: inbound.peer.clone(),
            customer: key.first_customer(),
            state: format!(r#"{{"v":1,"turn":{}}}"#, expected + 1),
            owner: "bot",
            preview: "Здравствуйте!".to_owned(),
            at: moment(expected),
            unread: 1,
        },
        customer: None,
        lead: None,
        rests_on: Vec::new(),
        kinship: None,
        messages: Vec::new(),
        facts: Vec::new(),
        orders: Vec::new(),
        timers: Vec::new(),
        outbox: Vec::new(),
        notices: Vec::new(),
        past: voronka_core::rows::Past::Stays,
        withdraw: voronka_core::rows::Withdraw::Nothing,
        posts: Vec::new(),
        tallies: Vec::new(),
    }
}

/// A turn that writes one of everything: two messages, customer, lead, fact, order, bubble and notice. Each turn before it was
/// one of these.
pub fn full_turn(key: &ConversationKey, inbound: &Inbound, expected: i64) -> TurnCommit {
    let customer = key.first_customer();
    let said = expected * 2 + 1;
    let bubble = bubble(key, inbound, said + 1, "Торт «Медовик» стоит 2 400 ₽.");
    let answer =
        MessageRow {
            bubble: Some(bubble.id), body: stored(&bubble.bubble), ..message(said + 1, Author::Bot, "Торт")
        };
    let order_id = OrderId::of(&[&key.conversation.to_string(), "1"]);
    TurnCommit {
        customer: Some(CustomerRow { version: expected, ..self::customer(customer, "Анна") }),
        lead: Some(LeadRow { version: expected, ..lead(customer, "warm", 40) }),
        messages: vec![message(said, Author::Customer, "Сколько стоит торт?"), answer],
        facts: vec![fact(customer, "message", expected)],
        orders: vec![order(order_id, customer, OrderState::Placed, expected)],
        outbox: vec![bubble],
        notices: vec![notice(&format!("{key:?} {expected}"), expected)],
        tallies: vec![tally(Counted::Stage, "interest", 1)],
        ..turn(key, inbound, expected)
    }
}

/// The turn of somebody who has read the customer and the lead as they are.
#[must_use]
pub fn upon(mut turn: TurnCommit, loaded: &Loaded) -> TurnCommit {
    if let Some(row) = &mut turn.customer {
        row.version = loaded.customer.as_ref().map_or(0, |row| row.version);
    }
    if let Some(row) = &mut turn.lead {
        row.version = loaded.lead.as_ref().map_or(0, |row| row.version);
    }
    turn
}

/// Who sets something from a chat.
pub fn signature() -> Signature {
    Signature { by: "Ольга".to_owned(), at: moment(0) }
}

/// A message.
pub fn message(seq: i64, author: Author, text: &str) -> MessageRow {
    let key = (author == Author::Customer).then(|| EventKey::new(&format!("m{seq}")));
    let body = serde_json::json!({ "c": "text", "text": text }).to_string();
    MessageRow { seq, author, text: text.to_owned(), body, bubble: None, key, basis: None, at: moment(seq) }
}

/// A customer with a phone, who is new.
pub fn customer(id: CustomerId, name: &str) -> CustomerRow {
    let phone = Some("+79991234567".to_owned());
    CustomerRow { id, version: 0, name: Some(name.to_owned()), phone, email: None, data: r#"{"v":1}"#.to_owned() }
}

/// A lead that is new.
pub fn lead(customer: CustomerId, temperature: &'static str, score: i32) -> LeadRow {
    let (stage, why, data) = ("interest".to_owned(), "спросил цену".to_owned(), r#"{"v":1}"#.to_owned());
    LeadRow { customer, version: 0, score, temperature, stage, why, source: None, data, at: moment(i64::from(score)) }
}

/// A fact.
pub fn fact(customer: CustomerId, name: &str, seconds: i64) -> FactRow {
    let data = serde_json::json!({ "f": name }).to_string();
    FactRow { customer, name: name.to_owned(), data, at: moment(seconds) }
}

/// So many more of something, on the samples' first day.
pub fn tally(what: Counted, key: &str, n: i64) -> Tally {
    Tally { day: jiff::civil::date(2026, 11, 30), what, key: key.to_owned(), n }
}

/// An order of 2 400 roubles.
pub fn order(id: OrderId, customer: CustomerId, state: OrderState, seconds: i64) -> OrderRow {
    OrderRow {
        id,
        number: "1201-4821".to_owned(),
        customer,
        state,
        total_minor: 240_000,
        currency: "RUB".to_owned(),
        due: Some("2026-12-05".to_owned()),
        data: r#"{"v":1}"#.to_owned(),
        at: moment(seconds),
    }
}

/// A bubble for the conversation's own customer.
pub fn bubble(key: &ConversationKey, inbound: &Inbound, seq: i64, text: &str) -> OutboxRow {
    OutboxRow {
        id: BubbleId::of(&[&key.conversation.to_string(), &seq.to_string()]),
        conversation: key.clone(),
        account: inbound.account.clone(),
        peer: inbound.peer.clone(),
        seq,
        bubble: Bubble {
            text: Rich { text: text.to_owned(), spans: Vec::new() },
            cards: Vec::new(),
            photo: None,
            rows: Vec::new(),
            purpose: Purpose::Service,
            template: None,
        },
        lane: Lane::Dialogue,
        expires: Some(moment(86_400)),
        attempts: 0,
    }
}

/// A bubble as a message keeps it.
///
/// # Panics
/// Never: a bubble has no map with keys that are not text.
pub fn stored(bubble: &Bubble) -> String {
    serde_json::to_string(bubble).expect("a bubble becomes JSON")
}

/// A notice; its id is made of the name.
pub fn notice(name: &str, seconds: i64) -> NoticeRow {
    let (about, text) = ("contact.left".to_owned(), format!("Анна оставила телефон ({name})"));
    NoticeRow { id: NoticeId::of(&[name]), conversation: None, about, text, at: moment(seconds) }
}
