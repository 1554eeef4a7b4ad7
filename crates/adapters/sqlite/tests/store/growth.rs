//! What a turn costs on the disk, and that a file under steady traffic stops growing.

use futures::future::join_all;
use voronka_core::{
    ids::CustomerId,
    message::{Bubble, ConversationKey, Purpose},
    ports::{Journal, Retention, Settled, Terms},
    rows::{Author, FactRow, LeadRow, MessageRow, OutboxRow, TurnCommit},
    spec::rich::Rich,
};
use voronka_sqlite::SqliteStore;
use voronka_testkit::journal::sample;

/// What a turn may add to the file.
const TURN_BYTES_MAX: u64 = 1_536;
const DAY: i64 = 86_400;

/// Questions and answers of the usual length.
const TALK: [(&str, &str); 4] = [
    (
        "Здравствуйте! Сколько стоит торт «Медовик» на двенадцать человек и можно ли его к субботе?",
        "Здравствуйте! «Медовик» на двенадцать гостей — это торт весом 2 кг, он стоит 4 200 ₽. К субботе успеем, если \
         подтвердите заказ до вечера четверга. Подсказать по оформлению и начинке?",
    ),
    (
        "а доставка в Заволжский район есть? и до скольки возите",
        "Да, доставляем по всему городу, в Заволжский район — 450 ₽, а при заказе от 5 000 ₽ — бесплатно. Курьер ездит \
         ежедневно с 10:00 до 20:00, интервал — два часа.",
    ),
    (
        "У ребёнка аллергия на орехи, что можно взять?",
        "Без орехов готовим «Малину», «Три шоколада» и бисквит с ягодами. Но на кухне орехи используются, следы \
         возможны: если аллергия сильная, лучше посоветоваться с врачом. Хотите, подберу варианты на ваш праздник?",
    ),
    ("Хорошо, спасибо, подумаю до завтра", "Конечно! Если появятся вопросы — пишите, я на связи."),
];

/// A turn as the engine commits it: question, answer, what it rests on, three facts, the lead, the state.
fn turn(key: &ConversationKey, inbound: &voronka_core::message::Inbound, version: i64, at: i64) -> TurnCommit {
    let customer = key.first_customer();
    let (question, answer) = TALK[usize::try_from(version).unwrap() % TALK.len()];
    let (at, seq) = (sample::moment(at), version * 2 + 1);
    let asked = serde_json::json!({"c": "text", "text": question}).to_string();
    let bubble = Bubble {
        text: Rich { text: answer.to_owned(), spans: Vec::new() },
        cards: Vec::new(),
        photo: None,
        rows: Vec::new(),
        purpose: Purpose::Service,
        template: None,
    };
    let row = OutboxRow { bubble: bubble.clone(), ..sample::bubble(key, inbound, seq + 1, "") };
    let basis = r#"{"pages":["dostavka.md","nachinki.md"],"prompt":"2026-11-21","tools":[],"worded":"model"}"#;
    let message = |seq, author, text: &str, body: String| MessageRow { body, at, ..sample::message(seq, author, text) };
    let mut base = sample::turn(key, inbound, version);
    base.conversation.at = at;
    base.conversation.state = format!(
        r#"{{"v":"1","owner":"bot","runs":0,"lang":"ru","seq":{},"unread":{version},"summary":"{}","last_heard":"{at}"}}"#,
        seq + 1,
        "Сколько стоит торт на двенадцать человек и есть ли доставка? ".repeat(8)
    );
    TurnCommit {
        lead: Some(LeadRow { data: "x".repeat(600), at, ..sample::lead(customer, "cold", 20) }),
        messages: vec![
            message(seq, Author::Customer, question, asked),
            MessageRow {
                bubble: Some(row.id),
                basis: Some(basis.to_owned()),
                ..message(seq + 1, Author::Bot, answer, sample::stored(&bubble))
            },
        ],
        facts: facts(customer, at),
        outbox: vec![row],
        ..base
    }
}

fn facts(customer: CustomerId, at: jiff::Timestamp) -> Vec<FactRow> {
    let used = r#"{"f":"model_used","model":"compatible/gpt-4o-mini","input":1834,"output":142,"prompt":"2026-11-21"}"#;
    [("message", r#"{"f":"message"}"#), ("price.asked", r#"{"f":"price_asked"}"#), ("model.used", used)]
        .map(|(name, data)| FactRow { customer, name: name.to_owned(), data: data.to_owned(), at })
        .to_vec()
}

struct Shop {
    store: SqliteStore,
    folder: tempfile::TempDir,
}

impl Shop {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("shop.db")).unwrap();
        Self { store, folder }
    }

    /// A message of each of these customers, all at once, with all that comes of it.
    async fn serve(&self, peers: impl Iterator<Item = i64>, at: i64) {
        join_all(peers.map(|peer| self.turn(peer, at))).await;
    }

    async fn turn(&self, peer: i64, at: i64) {
        // As long as those of Telegram.
        let (peer, key) = ((100_000_000 + peer).to_string(), (952_365_410_000 + at * 10_000 + peer).to_string());
        let mut inbound = sample::text(&sample::partner("korica"), &peer, &key, TALK[0].0);
        inbound.at = sample::moment(at);
        let key = inbound.conversation();
        self.store.post(vec![inbound.clone()]).await.unwrap();
        let mail = self.store.mail(&key, 50).await.unwrap();
        let loaded = self.store.load(&key, 1).await.unwrap();
        let consumed = mail.iter().map(|mail| mail.seq).collect();
        let turn = TurnCommit { consumed, ..sample::upon(turn(&key, &inbound, loaded.version, at), &loaded) };
        let (partner, id) = (key.partner.clone(), turn.outbox[0].id);
        self.store.commit(turn.into()).await.unwrap();
        let sent = Settled::Sent { partner, id };
        self.store.settle(vec![sent]).await.unwrap();
    }

    async fn forget(&self, terms: &Terms) {
        let mut after = None;
        loop {
            let step = self.store.forget(&sample::partner("korica"), terms, after.as_ref()).await.unwrap();
            after = step.next;
            if after.is_none() {
                return;
            }
        }
    }

    /// The file with its log folded in.
    fn bytes(&self) -> u64 {
        self.store.fold_log().unwrap();
        std::fs::metadata(self.folder.path().join("shop.db")).unwrap().len()
    }
}

#[tokio::test]
async fn a_turn_adds_at_most_a_kibibyte_and_a_half() {
    let (shop, rounds) = (Shop::new(), 40);
    shop.serve(0..40, 0).await;
    let before = shop.bytes();
    for round in 0..rounds {
        shop.serve(0..40, round + 1).await;
    }
    let each = (shop.bytes() - before) / u64::try_from(rounds * 40).unwrap();
    assert!(each <= TURN_BYTES_MAX, "{each} bytes a turn");
}

#[tokio::test]
async fn a_file_under_steady_traffic_stops_growing() {
    let (shop, mut sizes) = (Shop::new(), Vec::new());
    for day in 0..60 {
        // Some come every day, others once.
        shop.serve((0..30).chain(1_000 + day * 10..1_010 + day * 10), day * DAY).await;
        let since = |days: i64| sample::moment((day - days) * DAY);
        shop.forget(&Terms { keys: since(5), messages: since(10), cold_leads: since(20) }).await;
        sizes.push(shop.bytes());
    }
    shop.store.verify().await.unwrap();
    let (early, late) = (sizes[30], sizes[59]);
    assert!(late <= early + early / 50, "{sizes:?}");
    assert!(sizes[9] * 3 > late, "what is young is kept: {sizes:?}");
}
