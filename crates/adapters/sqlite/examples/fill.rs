//! Makes a database as large as a busy shop's after a quarter of a year: for measuring the owner's pages.
//!
//! `cargo run --release -p voronka-sqlite --example fill -- FILE CONVERSATIONS MESSAGES PARTNER`

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use voronka_core::{
    fact::Fact,
    ids::{AccountId, CustomerId, NoticeId, OrderId, PartnerId},
    lead::Temperature,
    message::{ConversationKey, EventKey, Peer},
    money::{Currency, Money},
    order::{Line, Order, OrderState},
    ports::Journal,
    rows::{Author, ConversationRow, CustomerRow, FactRow, LeadRow, MessageRow, NoticeRow, OrderRow, TurnCommit},
};
use voronka_sqlite::SqliteStore;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Conversations written at once.
const AT_ONCE: usize = 256;
/// Days over which they are spread.
const DAYS: i64 = 90;
const NAMES: [&str; 8] = ["Анна", "Дмитрий", "Екатерина", "Сергей", "Марина", "Ольга", "Павел", "Ирина"];
const FAMILIES: [&str; 5] = ["Климова", "Петров", "Соколова", "Лебедев", "Ёлкина"];
const ASKED: [&str; 4] = [
    "Здравствуйте! Сколько стоит «Медовик» на 12 человек?",
    "А привезти в субботу к двум сможете?",
    "Можно без орехов? У дочки аллергия",
    "Спасибо, тогда оформляйте",
];
const ANSWERED: &str =
    "На 12 человек подойдёт «Медовик» 2 кг — 4 800 ₽. Привезём по городу за два дня. На какой день нужен торт?";

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [file, conversations, messages, partner] = args.as_slice() else {
        return Err("usage: fill FILE CONVERSATIONS MESSAGES PARTNER".into());
    };
    let (conversations, messages) = (conversations.parse::<i64>()?, messages.parse::<i64>()?);
    let (partner, store) = (PartnerId::parse(partner)?, SqliteStore::open(file)?);
    let shop = Arc::new(Shop { partner, now: now(), conversations, each: messages / conversations.max(1) });
    stream::iter(0..conversations)
        .map(|n| {
            let (store, shop) = (store.clone(), Arc::clone(&shop));
            tokio::spawn(async move { store.commit(shop.conversation(n).into()).await })
        })
        .map(|done| async move { done.await?.map(|_written| ()).map_err(Failure::from) })
        .buffer_unordered(AT_ONCE)
        .try_collect::<()>()
        .await?;
    store.fold_log()?;
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a program of its own has no clock port")]
fn now() -> Timestamp {
    Timestamp::now()
}

/// What the rows are made of.
struct Shop {
    partner: PartnerId,
    now: Timestamp,
    conversations: i64,
    /// Messages of each conversation.
    each: i64,
}

impl Shop {
    fn conversation(&self, n: i64) -> TurnCommit {
        let (account, peer) =
            (AccountId::parse("telegram").expect("a constant id"), Peer::new(&(1_000_000 + n).to_string()));
        let key = ConversationKey::of(&self.partner, &account, &peer);
        let customer = key.first_customer();
        // The last one was a moment ago.
        let at = self.now - SignedDuration::from_secs((self.conversations - n) * DAYS * 86_400 / self.conversations);
        let heat = [Temperature::Cold, Temperature::Cold, Temperature::Warm, Temperature::Hot][pick(n, 4)];
        let owner = if n % 500 == 0 { "nobody" } else { "bot" };
        let messages: Vec<MessageRow> = (1..=self.each).map(|seq| message(n, seq, self.each, at)).collect();
        let preview = messages.last().map(|row| row.text.clone()).unwrap_or_default();
        TurnCommit {
            expected: 0,
            consumed: Vec::new(),
            conversation: ConversationRow {
                account,
                peer,
                customer,
                state: serde_json::json!({ "v": "1", "owner": owner, "seq": self.each }).to_string(),
                owner,
                preview,
                at,
                unread: u32::from(owner == "nobody"),
            },
            customer: Some(CustomerRow {
                id: customer,
                version: 0,
                name: Some(format!("{} {}", NAMES[pick(n, 8)], FAMILIES[pick(n / 8, 5)])),
                phone: (n % 3 == 0).then(|| format!("+79{:09}", n * 7_919 % 1_000_000_000)),
                email: None,
                data: r#"{"v":"1"}"#.to_owned(),
            }),
            lead: Some(lead(customer, heat, n, at)),
            facts: self.facts(customer, n, at),
            orders: if n % 10 == 0 { vec![order(customer, n, at)] } else { Vec::new() },
            timers: Vec::new(),
            outbox: Vec::new(),
            notices: if n % 20 == 0 { vec![notice(&key, n, at)] } else { Vec::new() },
            rests_on: Vec::new(),
            kinship: None,
            past: voronka_core::rows::Past::Stays,
            withdraw: voronka_core::rows::Withdraw::Nothing,
            posts: Vec::new(),
            tallies: Vec::new(),
            messages,
            key,
        }
    }

    fn facts(&self, customer: CustomerId, n: i64, at: Timestamp) -> Vec<FactRow> {
        let row = |fact: &Fact| {
            let data = serde_json::to_string(fact).unwrap_or_default();
            FactRow { customer, name: fact.name(), data, at }
        };
        let mut facts: Vec<FactRow> = (0..self.each / 2).map(|_| row(&Fact::Message)).collect();
        facts.push(row(&Fact::PriceAsked));
        if n % 25 == 0 {
            facts.push(row(&Fact::Unanswered { question: ASKED[2].to_owned() }));
        }
        facts
    }
}

/// One of so many, by number.
fn pick(n: i64, of: i64) -> usize {
    usize::try_from(n.rem_euclid(of)).unwrap_or_default()
}

fn message(n: i64, seq: i64, each: i64, at: Timestamp) -> MessageRow {
    let own = seq % 2 == 1;
    let text = if own { ASKED[pick(n + seq / 2, 4)] } else { ANSWERED };
    let basis = serde_json::json!({ "pages": ["Торты и цены"], "tools": ["show_products"], "worded": "model" });
    MessageRow {
        seq,
        author: if own { Author::Customer } else { Author::Bot },
        text: text.to_owned(),
        body: serde_json::json!({ "c": "text", "text": text }).to_string(),
        bubble: None,
        key: own.then(|| EventKey::new(&format!("{n}-{seq}"))),
        basis: (!own).then(|| basis.to_string()),
        at: at - SignedDuration::from_mins(each - seq),
    }
}

fn lead(customer: CustomerId, heat: Temperature, n: i64, at: Timestamp) -> LeadRow {
    let why = ["оставила телефон", "спросила цену", "торт нужен через 5 дней"];
    let score = i32::try_from(n * 31 % 100).unwrap_or_default();
    LeadRow {
        customer,
        version: 0,
        score,
        temperature: heat.name(),
        stage: "подбор".to_owned(),
        why: why.join(", "),
        source: None,
        data: serde_json::json!({ "v": "1", "score": score, "why": why }).to_string(),
        at,
    }
}

fn order(customer: CustomerId, n: i64, at: Timestamp) -> OrderRow {
    // Most are over: one in ten is open.
    let state = if n % 100 == 0 { OrderState::ALL[1 + pick(n / 100, 6)] } else { OrderState::Completed };
    let price = Money::whole(4_800, Currency::RUB);
    let lines =
        vec![Line { product: "medovik".into(), name: "Торт «Медовик» 2 кг".into(), price, quantity: 1 }];
    let id = OrderId::of(&["fill", &n.to_string()]);
    let number = format!("{:04}-{:04}", 101 + n % 1_131, n % 10_000);
    let order =
        Order { id, number: number.clone(), state, lines, total: price, due: None, note: String::new(), created: at };
    let mut data = serde_json::to_value(&order).unwrap_or_default();
    data["v"] = "1".into();
    let (total_minor, currency) = (price.minor, "RUB".to_owned());
    OrderRow { id, number, customer, state, total_minor, currency, due: None, data: data.to_string(), at }
}

fn notice(key: &ConversationKey, n: i64, at: Timestamp) -> NoticeRow {
    NoticeRow {
        id: NoticeId::of(&["fill", &n.to_string()]),
        conversation: Some(key.conversation),
        about: "lead.hot".to_owned(),
        text: "Лид стал горячим\nАнна, +7 912 345-67-89, telegram\n● горячий, 78: спросила цену".to_owned(),
        at,
    }
}
