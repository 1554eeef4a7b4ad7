//! Two partners with the same customers: what one of them does with the other's ids.

use std::fmt::Debug;

use jiff::Timestamp;
use voronka_core::{
    fact::Fact,
    ids::{BubbleId, OrderId, PartnerId},
    message::{ConversationKey, Event, EventKey, Inbound, Timer},
    order::OrderState,
    ports::{
        ConversationFilter, Directory, Fault, ForgetMark, Journal, KeyValues, KnownBy, LeadFilter, OrderFilter, Page,
        QuestionCard, Retention, Settled, Terms,
    },
    rows::{Author, CustomerRow, DeadLetter, FactRow, Lane, MailSeq, OutboxRow, RawLetter, TimerRow, Told, TurnCommit},
    tally::Counted,
};

use super::{Fixture, sample};

/// A word that stands in everything of a partner's that is a secret from others.
const SECRET: &str = "секрет";
/// The customer's.
const EMAIL: &str = "anna@example.com";

/// What a partner has, by its ids.
#[derive(Debug, Clone)]
pub struct Belongings {
    /// A conversation with mail, messages, an order, timers, bubbles.
    pub key: ConversationKey,
    inbound: Inbound,
    mail: Vec<MailSeq>,
    order: OrderId,
    bubbles: Vec<BubbleId>,
    letters: Vec<i64>,
}

impl Belongings {
    /// All that the customer is known by.
    fn known_by(&self) -> [KnownBy; 5] {
        let customer = self.key.first_customer();
        [
            KnownBy::Id(customer),
            KnownBy::Phone("+79991234567".to_owned()),
            KnownBy::Email(EMAIL.to_owned()),
            KnownBy::Conversation(self.key.conversation),
            KnownBy::Person(customer),
        ]
    }
}

/// Gives a partner one of everything. Partners that are given it have the same customers, accounts, keys and words, but for
/// the secret.
pub async fn furnish<S: Journal + Directory + KeyValues>(store: &S, partner: &PartnerId) -> Belongings {
    let secret = |what: &str| format!("{what} {SECRET} {partner}");
    let event = |n: u8| sample::text(partner, "anna", &n.to_string(), &secret("Слово"));
    let inbound = event(1);
    let key = inbound.conversation();
    store.post((1..=4).map(event).collect()).await.expect("events are kept");
    let mail: Vec<MailSeq> = store.mail(&key, 10).await.expect("mail is read").iter().map(|mail| mail.seq).collect();
    let aside = DeadLetter {
        mail: vec![mail[3]],
        key: key.clone(),
        cause: secret("Причина"),
        at: sample::moment(1),
        told: Some(Told { notice: sample::notice(&secret("Отложено"), 1), outbox: Vec::new() }),
    };
    store.set_aside(aside).await.expect("is set aside");
    let raw = RawLetter {
        partner: partner.clone(),
        account: sample::account(),
        body: secret("Тело").into_bytes(),
        cause: secret("Причина"),
        at: sample::moment(2),
    };
    store.keep_raw(raw).await.expect("is kept");
    let turn = full_turn(&key, &inbound, mail[0], &secret);
    store.commit(turn.clone().into()).await.expect("a turn is committed");
    store.keep_value(partner, "file", "a", &secret("Значение")).await.expect("a value is kept");
    let letters = store.dead_letters(partner, Page::first(10)).await.expect("lists").iter().map(|one| one.id).collect();
    let bubbles = turn.outbox.iter().map(|row| row.id).collect();
    Belongings { key, inbound, mail: mail[1..3].to_vec(), order: turn.orders[0].id, bubbles, letters }
}

fn full_turn(key: &ConversationKey, inbound: &Inbound, mail: MailSeq, secret: &dyn Fn(&str) -> String) -> TurnCommit {
    let mut turn = sample::full_turn(key, inbound, 0);
    turn.consumed = vec![mail];
    turn.conversation.preview = secret("Начало");
    turn.conversation.state = format!(r#"{{"holder":"{}"}}"#, secret("Мария"));
    turn.conversation.owner = "person";
    let customer = key.first_customer();
    let email = Some(EMAIL.to_owned());
    turn.customer = Some(CustomerRow { email, ..sample::customer(customer, &secret("Анна")) });
    turn.lead =
        Some(voronka_core::rows::LeadRow { why: secret("спросила"), ..sample::lead(customer, "hot", 80) });
    turn.messages[0] = sample::message(1, Author::Customer, &secret("Вопрос"));
    turn.orders[0].number = secret("1201");
    turn.notices = vec![sample::notice(&secret("Телефон"), 1)];
    turn.tallies = vec![sample::tally(Counted::Stage, &secret("интерес"), 3)];
    let question = Fact::Unanswered { question: secret("Вопрос") };
    let wrong = Fact::AnswerWrong {
        conversation: Some(key.conversation),
        seq: 1,
        question: secret("Вопрос"),
        who: secret("Мария"),
    };
    for fact in [question, wrong] {
        let data = serde_json::to_string(&fact).expect("a fact is JSON");
        turn.facts.push(FactRow { customer, name: fact.name(), data, at: sample::moment(1) });
    }
    let campaign = OutboxRow {
        id: BubbleId::of(&[&secret("campaign")]),
        lane: Lane::Campaign,
        ..sample::bubble(key, inbound, 0, &secret("Новости"))
    };
    turn.outbox[0] = sample::bubble(key, inbound, 2, &secret("Ответ"));
    turn.outbox.push(campaign);
    turn.timers = vec![
        TimerRow::Set { due: sample::moment(50), timer: Timer::Wait },
        TimerRow::Set { due: sample::moment(60), timer: Timer::Score },
    ];
    turn
}

/// What every read of every port tells when it is asked as a partner with these ids, in words.
pub async fn everything<S: Journal + Directory + KeyValues>(store: &S, partner: &PartnerId, of: &Belongings) -> String {
    let mut told = Vec::new();
    let mut tell = |what: &dyn Debug| told.push(format!("{what:?}"));
    let key = ConversationKey { partner: partner.clone(), conversation: of.key.conversation };
    let page = Page::first(50);
    tell(&store.load(&key, 50).await);
    tell(&store.mail(&key, 50).await);
    tell(&store.campaign(partner, &of.inbound.account, 0, 50).await);
    let unsent = store.unsent(0, 50).await.unwrap_or_default();
    tell(&unsent.iter().filter(|(_, row)| row.conversation.partner == *partner).collect::<Vec<_>>());
    tell(&store.unsent_of(partner, 0, 50).await);
    for text in [None, Some("анна"), Some(SECRET), Some("+79991234567")].map(|text| text.map(str::to_owned)) {
        for owner in [None, Some("person"), Some("bot")].map(|owner| owner.map(str::to_owned)) {
            let filter = ConversationFilter { owner, text: text.clone() };
            tell(&store.conversations(partner, &filter, page).await);
        }
        for temperature in [None, Some("hot".to_owned())] {
            tell(
                &store
                    .leads(partner, &LeadFilter { temperature, text: text.clone(), ..LeadFilter::default() }, page)
                    .await,
            );
        }
        for states in [vec![], vec![OrderState::Placed]] {
            tell(&store.orders(partner, &OrderFilter { states, text: text.clone() }, page).await);
        }
    }
    tell(&store.conversation(&key, 50).await);
    tell(&store.messages(&key, 0, 50).await);
    tell(&store.everyone(partner, None, 50).await);
    let known = of.known_by();
    for by in &known {
        tell(&store.identities(partner, by, 50).await);
    }
    tell(&store.people(partner, &known, 50).await);
    tell(&store.order(partner, of.order).await);
    tell(&store.notices(partner, page).await);
    for fault in [Fault::Unanswered, Fault::Wrong] {
        let asked = store.questions(partner, fault, Timestamp::MIN, page).await.unwrap_or_default();
        // A store may number its facts anew when others go.
        tell(&asked.into_iter().map(|card| QuestionCard { id: 0, ..card }).collect::<Vec<_>>());
    }
    tell(&store.figures(partner, sample::moment(-10), sample::moment(1_000)).await);
    let days = (sample::tally(Counted::Stage, "", 0).day, jiff::civil::Date::MAX);
    tell(&store.report(partner, Counted::ALL, days.0, days.1).await);
    tell(&store.dead_letters(partner, page).await);
    for letter in &of.letters {
        tell(&store.dead_letter(partner, *letter).await);
    }
    tell(&store.value(partner, "file", "a").await);
    tell(&store.values(partner, "file").await);
    told.join("\n")
}

/// Does every write of every port as a partner with another's ids. Whatever it is told, a store does not mix the two up.
pub async fn meddle<S: Journal + Directory + Retention + KeyValues>(store: &S, partner: &PartnerId, of: &Belongings) {
    let key = ConversationKey { partner: partner.clone(), conversation: of.key.conversation };
    let inbound = Inbound { partner: partner.clone(), ..of.inbound.clone() };
    let again = Inbound { key: EventKey::new("new"), ..inbound.clone() };
    let _told = store.post(vec![inbound.clone(), again.clone()]).await;
    let _told = store.set_aside(aside(&key, &of.mail)).await;
    let of_theirs = |id: &BubbleId| {
        let event = Event::Timer { timer: Timer::Wait };
        let (partner, id) = (partner.clone(), *id);
        [
            Settled::Tried { partner: partner.clone(), id },
            Settled::GivenUp {
                partner: partner.clone(),
                id,
                event: Some(Box::new(Inbound { event, ..again.clone() })),
            },
            Settled::Sent { partner, id },
        ]
    };
    for settled in of.bubbles.iter().flat_map(of_theirs) {
        let _told = store.settle(vec![settled]).await;
    }
    for letter in &of.letters {
        let _told = store.replay_raw(partner, *letter, vec![again.clone()]).await;
        let _told = store.replay(partner, *letter).await;
        let _told = store.drop_letter(partner, *letter).await;
    }
    for expected in [1, 0] {
        for consumed in [of.mail.clone(), Vec::new()] {
            let _told = store.commit(foreign_turn(&key, &inbound, of, expected, consumed).into()).await;
        }
    }
    let _told = store.keep_value(partner, "file", "a", "чужое").await;
    for before in [None, Some("чужое")] {
        let _told = store.replace_value(partner, "file", "a", before, "и снова чужое").await;
    }
    let _told = store.drop_value(partner, "file", "a").await;
    let old = sample::moment(1_000_000);
    let terms = Terms { keys: old, messages: old, cold_leads: old };
    let mut after: Option<ForgetMark> = None;
    while let Ok(forgotten) = store.forget(partner, &terms, after.as_ref()).await {
        after = forgotten.next;
        if after.is_none() {
            break;
        }
    }
}

fn aside(key: &ConversationKey, mail: &[MailSeq]) -> DeadLetter {
    DeadLetter { mail: mail.to_vec(), key: key.clone(), cause: "чужое".into(), at: sample::moment(9), told: None }
}

/// Writes over whatever the other has.
fn foreign_turn(
    key: &ConversationKey,
    inbound: &Inbound,
    of: &Belongings,
    expected: i64,
    consumed: Vec<MailSeq>,
) -> TurnCommit {
    let mut turn = sample::full_turn(key, inbound, expected);
    turn.consumed = consumed;
    turn.orders[0].id = of.order;
    turn.messages[0].seq = 1;
    turn.messages[1].seq = 2;
    turn.outbox.extend(of.bubbles.iter().map(|id| OutboxRow { id: *id, ..sample::bubble(key, inbound, 2, "чужое") }));
    turn.timers = vec![
        TimerRow::Cancel { name: Timer::Wait.name() },
        TimerRow::Set { due: sample::moment(1), timer: Timer::Score },
    ];
    turn
}

/// MP-3: a partner's data is seen and changed by that partner alone, whatever ids the others name.
pub async fn every_read_and_write_with_anothers_ids_finds_and_changes_nothing(fixture: impl Fixture) {
    let store = fixture.store();
    let [korica, nega, stranger] = ["korica", "nega", "stranger"].map(sample::partner);
    let (ours, theirs) = (furnish(store, &korica).await, furnish(store, &nega).await);
    let before = everything(store, &nega, &theirs).await;
    assert!(before.contains(&format!("{SECRET} nega")), "{before}");
    for partner in [&korica, &stranger] {
        let found = everything(store, partner, &theirs).await;
        assert!(!found.contains("nega"), "{partner}: {found}");
        meddle(store, partner, &theirs).await;
        meddle(store, partner, &ours).await;
        let found = everything(store, partner, &theirs).await;
        assert!(!found.contains("nega"), "{partner}: {found}");
        assert_eq!(everything(store, &nega, &theirs).await, before, "{partner} changed what is nega's");
    }
    let fired = store.fire(sample::moment(100), 100).await.expect("fires").conversations;
    assert!(fired.contains(&theirs.key), "the other's timers still ring: {fired:?}");
}
