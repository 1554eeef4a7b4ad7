//! A small shop with a busy day: what tests and the pictures of the pages are made of. Written through the journal, as turns
//! would write it.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde_json::json;
use voronka_core::{
    fact::{ConsentKind, Fact},
    ids::{AccountId, CustomerId, NoticeId, OrderId, PartnerId},
    lead::Temperature,
    message::{Content, ConversationKey, Event, EventKey, Inbound, Peer, Profile},
    money::{Currency, Money},
    order::{Line, Order, OrderMove, OrderState},
    ports::Journal,
    rows::{
        Author, ConversationRow, CustomerRow, DeadLetter, FactRow, LeadRow, MessageRow, NoticeRow, OrderRow, TurnCommit,
    },
    tally::{Counted, Tally},
};
use voronka_testkit::journal::MemoryStore;

pub(crate) const NOW: &str = "2026-11-20T15:42:00Z";

/// Settings of the shop.
pub(crate) const CONFIG: &str = "name: Корица
zone: Europe/Moscow
accounts:
  telegram: {token: $TELEGRAM_TOKEN}
team:
  Ольга: {telegram: 1, role: owner}
";

/// A product's name, its price in roubles, how many.
type Bought = (&'static str, i64, u32);
/// Number, state, lines, days until it is wanted, note.
type Wanted = (&'static str, OrderState, &'static [Bought], i64, &'static str);

/// One customer of the sample.
struct Person {
    peer: &'static str,
    account: &'static str,
    name: Option<&'static str>,
    phone: Option<&'static str>,
    owner: &'static str,
    unread: u32,
    lead: (&'static str, i32, &'static [&'static str]),
    minutes_ago: i64,
    /// Author, minutes before the last message, words; what an answer rests on, or what a customer's message is.
    said: Vec<(Author, i64, &'static str, Option<serde_json::Value>)>,
    facts: Vec<(i64, Fact)>,
    orders: Vec<Wanted>,
}

/// Fills a partner of a store.
pub(crate) async fn fill(store: &MemoryStore, partner: &PartnerId) {
    let now: Timestamp = NOW.parse().expect("a time");
    for person in people() {
        write(store, partner, now, person).await;
    }
}

/// What a customer whose name and words are markup is called, and says.
pub(crate) const HOSTILE: &str = "<script>window.broken=1</script>\"><img src=x onerror=alert(1)>";

/// Adds that customer.
pub(crate) async fn fill_hostile(store: &MemoryStore, partner: &PartnerId) {
    let person = Person {
        peer: "666",
        account: "telegram",
        name: Some(HOSTILE),
        phone: None,
        owner: "nobody",
        unread: 1,
        lead: ("hot", 90, &[HOSTILE]),
        minutes_ago: 1,
        said: vec![(Author::Customer, 0, HOSTILE, None)],
        facts: Vec::new(),
        orders: vec![("1120-6666", OrderState::Placed, &[(HOSTILE, 100, 1)], 1, HOSTILE)],
    };
    write(store, partner, NOW.parse().expect("a time"), person).await;
}

/// Adds a customer who has sent these files, with a word of each.
pub(crate) async fn fill_files(store: &MemoryStore, partner: &PartnerId, files: &[(&'static str, Content)]) {
    let said =
        files.iter().map(|(word, file)| (Author::Customer, 0, *word, Some(serde_json::to_value(file).expect("JSON"))));
    let person = Person {
        peer: "777",
        account: "telegram",
        name: Some("Анна"),
        phone: None,
        owner: "bot",
        unread: 0,
        lead: ("warm", 30, &[]),
        minutes_ago: 1,
        said: said.collect(),
        facts: Vec::new(),
        orders: Vec::new(),
    };
    write(store, partner, NOW.parse().expect("a time"), person).await;
}

/// The conversation with one of them.
pub(crate) fn conversation(partner: &PartnerId, account: &str, peer: &str) -> ConversationKey {
    ConversationKey::of(partner, &AccountId::parse(account).expect("an account"), &Peer::new(peer))
}

/// An order by its number.
pub(crate) fn order_id(partner: &PartnerId, number: &str) -> OrderId {
    OrderId::of(&[partner.as_str(), number])
}

async fn write(store: &MemoryStore, partner: &PartnerId, now: Timestamp, person: Person) {
    let account = AccountId::parse(person.account).expect("an account");
    let peer = Peer::new(person.peer);
    let key = ConversationKey::of(partner, &account, &peer);
    let customer = key.first_customer();
    let at = now - SignedDuration::from_mins(person.minutes_ago);
    let ago = |minutes: i64| at - SignedDuration::from_mins(minutes);
    let (temperature, points, why) = person.lead;
    let messages: Vec<MessageRow> =
        (1..).zip(&person.said).map(|(seq, said)| message(seq, said, ago(said.1))).collect();
    let preview = messages.last().map(|row| row.text.replace('\n', " ")).unwrap_or_default();
    let facts = person.facts.iter().map(|(minutes, fact)| FactRow {
        customer,
        name: fact.name(),
        data: serde_json::to_string(fact).expect("JSON"),
        at: ago(*minutes),
    });
    let commit = TurnCommit {
        key: key.clone(),
        expected: 0,
        consumed: Vec::new(),
        conversation: ConversationRow {
            account,
            peer: peer.clone(),
            customer,
            state: json!({ "v": "1", "owner": person.owner, "holder": (person.owner == "person").then_some("Мария"), "seq": messages.len(), "unread": person.unread })
                .to_string(),
            owner: person.owner,
            preview,
            at,
            unread: person.unread,
        },
        customer: Some(CustomerRow {
            id: customer,
            version: 0,
            name: person.name.map(str::to_owned),
            phone: person.phone.map(str::to_owned),
            email: None,
            data: json!({ "v": "1" }).to_string(),
        }),
        lead: Some(LeadRow {
            customer,
            version: 0,
            score: points,
            temperature,
            stage: String::new(),
            why: why.join(", "),
            source: (person.account == "telegram").then(|| "vk-reklama".to_owned()),
            data: json!({ "v": "1", "score": points, "temperature": temperature, "why": why }).to_string(),
            at,
        }),
        messages,
        facts: facts.collect(),
        orders: person.orders.iter().map(|order| order_row(partner, customer, order, now, at)).collect(),
        timers: Vec::new(),
        outbox: Vec::new(),
        notices: notices(&person, partner, at),
        rests_on: Vec::new(),
        kinship: None,
            past: voronka_core::rows::Past::Stays,
        withdraw: voronka_core::rows::Withdraw::Nothing,
        posts: Vec::new(),
        tallies: tallies(&person, at),
    };
    store.commit(commit.into()).await.expect("the sample is written");
    if person.peer == "105" {
        set_aside(store, partner, &key, at).await;
    }
}

/// What was counted of somebody, and of somebody like them six weeks ago.
fn tallies(person: &Person, at: Timestamp) -> Vec<Tally> {
    let day = |at: Timestamp| at.to_zoned(TimeZone::UTC).date();
    let (now, then) = (day(at), day(at - SignedDuration::from_hours(24 * 37)));
    let tally = |day, what, key: &str| Tally { day, what, key: key.to_owned(), n: 1 };
    // Answered within three seconds by the bot, within six minutes by people.
    let mut counted = vec![
        tally(now, Counted::Came, ""),
        tally(now, Counted::Answered, "bot.45"),
        tally(now, Counted::Answered, "person.73"),
        tally(then, Counted::Cohort, "came"),
    ];
    counted.extend(person.phone.map(|_| tally(then, Counted::Cohort, "contact.1")));
    counted
}

fn message(seq: i64, said: &(Author, i64, &str, Option<serde_json::Value>), at: Timestamp) -> MessageRow {
    let (author, _, text, basis) = said;
    MessageRow {
        seq,
        author: *author,
        text: (*text).to_owned(),
        body: match (author, basis) {
            (Author::Customer, Some(body)) => body.to_string(),
            _ => json!({ "c": "text", "text": text }).to_string(),
        },
        bubble: None,
        key: (*author == Author::Customer).then(|| EventKey::new(&format!("m{seq}"))),
        basis: basis.as_ref().filter(|_| *author != Author::Customer).map(ToString::to_string),
        at,
    }
}

fn order_row(
    partner: &PartnerId,
    customer: CustomerId,
    (number, state, lines, days, note): &Wanted,
    now: Timestamp,
    at: Timestamp,
) -> OrderRow {
    let lines: Vec<Line> = lines
        .iter()
        .map(|(name, price, quantity)| Line {
            product: (*name).to_lowercase(),
            name: (*name).to_owned(),
            price: Money::whole(*price, Currency::RUB),
            quantity: *quantity,
        })
        .collect();
    let total = lines.iter().filter_map(Line::sum).sum::<Option<Money>>().expect("a sum");
    let day = (now + SignedDuration::from_hours(24 * days)).to_zoned(jiff::tz::TimeZone::UTC).date();
    let order = Order {
        id: order_id(partner, number),
        number: (*number).to_owned(),
        state: *state,
        lines,
        total,
        due: Some(day),
        note: (*note).to_owned(),
        created: at,
    };
    let mut data = serde_json::to_value(&order).expect("JSON");
    data["v"] = "1".into();
    OrderRow {
        id: order.id,
        number: order.number,
        customer,
        state: *state,
        total_minor: total.minor,
        currency: "RUB".to_owned(),
        due: Some(day.to_string()),
        data: data.to_string(),
        at,
    }
}

fn notices(person: &Person, partner: &PartnerId, at: Timestamp) -> Vec<NoticeRow> {
    let (temperature, points, why) = person.lead;
    let about = match (person.owner, temperature) {
        ("nobody", _) => ("handoff", "Нужен человек · Просит человека"),
        (_, "hot") => ("lead.hot", "Горячий лид · Оставил телефон"),
        _ => return Vec::new(),
    };
    let who = [person.name, person.phone, Some(person.account)].into_iter().flatten().collect::<Vec<_>>().join(", ");
    let last = person.said.last().map(|said| said.2).unwrap_or_default();
    let text = format!("{}\n{who}\n{points}: {}\n— {last}", about.1, why.join(", "));
    let id = NoticeId::of(&[partner.as_str(), person.peer]);
    let of =
        ConversationKey::of(partner, &AccountId::parse(person.account).expect("an account"), &Peer::new(person.peer));
    vec![NoticeRow { id, conversation: Some(of.conversation), about: about.0.to_owned(), text, at }]
}

async fn set_aside(store: &MemoryStore, partner: &PartnerId, key: &ConversationKey, at: Timestamp) {
    let inbound = Inbound {
        partner: partner.clone(),
        account: AccountId::parse("web").expect("an account"),
        peer: Peer::new("105"),
        key: EventKey::new("poison"),
        at,
        event: Event::Customer { content: Content::Opened, profile: Profile::default() },
    };
    store.post(vec![inbound]).await.expect("posted");
    let mail = store.mail(key, 10).await.expect("read").iter().map(|mail| mail.seq).collect();
    let cause = "flow `tort`: step `dostavka` has no way out".to_owned();
    store.set_aside(DeadLetter { mail, key: key.clone(), cause, at, told: None }).await.expect("set aside");
}

fn people() -> Vec<Person> {
    vec![anna(), dmitry(), ekaterina(), olga(), nobody_yet(), sergey(), marina()]
}

fn placed(number: &str, sum: i64) -> Fact {
    let (order, total) = (OrderId::of(&[number]), Money::whole(sum, Currency::RUB));
    Fact::Order { order, by: OrderMove::Place, to: OrderState::Placed, total }
}

fn anna() -> Person {
    Person {
        peer: "101",
        account: "telegram",
        name: Some("Анна Климова"),
        phone: Some("+79123456789"),
        owner: "nobody",
        unread: 2,
        lead: ("hot", 78, &["оставила телефон", "спросила цену", "торт нужен через 5 дней"]),
        minutes_ago: 3,
        said: vec![
            (Author::Customer, 31, "Здравствуйте! Сколько стоит «Медовик» на 12 человек?", None),
            (
                Author::Bot,
                30,
                "Здравствуйте! На 12 человек подойдёт «Медовик» 2 кг — 4 800 ₽. Это виртуальный помощник «Корицы». На какой день нужен торт?",
                Some(
                    json!({ "pages": ["Торты и цены", "Сколько брать на человека"], "tools": ["show_products"], "worded": "model", "prompt": "1" }),
                ),
            ),
            (Author::Customer, 26, "На 25 ноября, день рождения дочки", None),
            (Author::Bot, 26, "Записали: 25 ноября, среда. Куда позвонить, чтобы подтвердить?", None),
            (Author::Customer, 22, "[контакт]", None),
            (
                Author::Bot,
                22,
                "Спасибо! Позвоним в течение часа. Нужна надпись на торте?",
                Some(json!({ "pages": [], "tools": ["fill"], "worded": "model", "prompt": "1" })),
            ),
            (Author::Customer, 4, "А можно без орехов? У дочки аллергия", None),
            (
                Author::Bot,
                4,
                "Про аллергены лучше ответит кондитер — передаю ему ваш вопрос.",
                Some(json!({ "pages": ["Аллергены"], "tools": ["hand_off"], "worded": "model", "prompt": "1" })),
            ),
            (Author::Customer, 0, "Хорошо, жду. И сможете привезти к 14:00?", None),
        ],
        facts: vec![
            (31, Fact::FlowStarted { flow: "tort".into() }),
            (31, Fact::PriceAsked),
            (
                22,
                Fact::ConsentGiven {
                    kind: ConsentKind::Pd,
                    text_hash: "0".into(),
                    version: "1".into(),
                    by: "Согласна".into(),
                    key: "m5".into(),
                },
            ),
            (22, Fact::ContactLeft { kind: "phone".into() }),
            (22, Fact::Temperature { to: Temperature::Hot, score: 78 }),
            (4, Fact::Handoff { cause: "model".into() }),
        ],
        orders: vec![],
    }
}

fn dmitry() -> Person {
    Person {
        peer: "102",
        account: "web",
        name: Some("Дмитрий"),
        phone: Some("+79031112233"),
        owner: "person",
        unread: 1,
        lead: ("hot", 71, &["оформил заказ", "вернулся второй раз"]),
        minutes_ago: 12,
        said: vec![
            (Author::Customer, 90, "Нужны капкейки в офис, 24 штуки", None),
            (
                Author::Bot,
                90,
                "Набор капкейков, 12 шт. — 2 400 ₽. Оформить два набора на пятницу?",
                Some(json!({ "pages": ["Капкейки"], "worded": "passages" })),
            ),
            (Author::Customer, 80, "Да", None),
            (
                Author::Person,
                15,
                "Дмитрий, добрый день! Привезём в пятницу к 10:00, пропуск нужен?",
                Some(json!({ "who": "Мария" })),
            ),
            (Author::Customer, 0, "Да, закажу на вас пропуск", None),
        ],
        facts: vec![
            (90, Fact::PriceAsked),
            (80, placed("1120-3307", 4800)),
            (80, Fact::Temperature { to: Temperature::Hot, score: 71 }),
            (15, Fact::Handoff { cause: "taken:Мария".into() }),
            (
                14,
                Fact::Note {
                    who: "Ольга".into(), text: "Постоянный клиент: пропуск закажет сам".into()
                },
            ),
        ],
        orders: vec![(
            "1120-3307",
            OrderState::Placed,
            &[("Набор капкейков, 12 шт.", 2400, 2)],
            1,
            "Офис, 4 этаж. Позвонить за полчаса",
        )],
    }
}

fn ekaterina() -> Person {
    Person {
        peer: "103",
        account: "telegram",
        name: Some("Екатерина В."),
        phone: None,
        owner: "bot",
        unread: 0,
        lead: ("warm", 42, &["спросила цену", "смотрела свадебные торты"]),
        minutes_ago: 47,
        said: vec![
            (Author::Customer, 2, "Делаете свадебные торты на 60 гостей?", None),
            (
                Author::Bot,
                0,
                "Да, свадебные торты делаем от 3 кг. На 60 гостей берут 8–9 кг, это от 22 400 ₽. Когда свадьба?",
                Some(json!({ "pages": ["Свадебные торты"], "tools": [], "worded": "model" })),
            ),
        ],
        facts: vec![
            (2, Fact::PriceAsked),
            (2, Fact::Temperature { to: Temperature::Warm, score: 42 }),
            (
                0,
                Fact::AnswerWrong {
                    conversation: None,
                    seq: 2,
                    question: "Есть доставка в Тутаев?".into(),
                    who: "Ольга".into(),
                },
            ),
        ],
        orders: vec![],
    }
}

fn olga() -> Person {
    Person {
        peer: "104",
        account: "telegram",
        name: Some("Ольга Петровна"),
        phone: Some("+79261234501"),
        owner: "bot",
        unread: 0,
        lead: ("warm", 38, &["заказывала раньше"]),
        minutes_ago: 130,
        said: vec![
            (Author::Customer, 3, "Когда можно забрать заказ?", None),
            (Author::Bot, 0, "Заказ 1119-1184 готов, ждём вас сегодня до 21:00.", None),
        ],
        facts: vec![(1500, placed("1119-1184", 3600))],
        orders: vec![
            ("1119-1184", OrderState::Ready, &[("Торт «Наполеон» 1,5 кг", 3600, 1)], 0, ""),
            ("1102-0075", OrderState::Completed, &[("Эклеры, 6 шт.", 960, 2)], -18, ""),
        ],
    }
}

fn nobody_yet() -> Person {
    Person {
        peer: "105",
        account: "web",
        name: None,
        phone: None,
        owner: "bot",
        unread: 0,
        lead: ("cold", 5, &[]),
        minutes_ago: 210,
        said: vec![
            (Author::Customer, 1, "вы где находитесь", None),
            (
                Author::Bot,
                0,
                "Мы на Садовой, 12, вход со двора. Работаем каждый день с 9 до 21.",
                Some(json!({ "pages": ["Контакты"], "worded": "passages" })),
            ),
        ],
        facts: vec![(0, Fact::Unanswered { question: "вы где находитесь".into() })],
        orders: vec![("1120-5518", OrderState::Draft, &[("Чизкейк", 1900, 1)], 3, "")],
    }
}

fn sergey() -> Person {
    Person {
        peer: "106",
        account: "telegram",
        name: Some("Сергей"),
        phone: Some("+79857776655"),
        owner: "bot",
        unread: 0,
        lead: ("warm", 33, &["оплатил заказ"]),
        minutes_ago: 60 * 26,
        said: vec![
            (Author::Customer, 1, "Оплатил", None),
            (Author::Bot, 0, "Оплата пришла, спасибо. Начинаем готовить.", None),
        ],
        facts: vec![],
        orders: vec![
            (
                "1119-7340",
                OrderState::Paid,
                &[("Торт «Прага» 2 кг", 5200, 1), ("Свечи", 150, 2)],
                2,
                "Надпись: «С юбилеем, Пётр!»",
            ),
            ("1118-2216", OrderState::InProgress, &[("Пирог с вишней", 1450, 2)], -1, ""),
        ],
    }
}

fn marina() -> Person {
    Person {
        peer: "107",
        account: "web",
        name: Some("Марина"),
        phone: None,
        owner: "bot",
        unread: 0,
        lead: ("cold", 12, &["спросила о доставке"]),
        minutes_ago: 60 * 75,
        said: vec![
            (Author::Customer, 1, "Доставляете в Мытищи?", None),
            (Author::Bot, 0, "Да, в Мытищи доставляем за 600 ₽.", None),
        ],
        facts: vec![],
        orders: vec![("1117-9021", OrderState::AwaitingPayment, &[("Торт «Медовик» 1 кг", 2400, 1)], 4, "")],
    }
}
