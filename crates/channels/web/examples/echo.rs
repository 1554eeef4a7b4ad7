//! A chat to look at without an engine: it repeats what it is told, and shows buttons, cards, a contact form and an answer that
//! grows. `cargo run -p voronka-web --example echo`, then open <http://127.0.0.1:8091> (a shop with the widget; another origin
//! than the chat, as in life) or <http://127.0.0.1:8090/chat/korica> (the page).

use std::{
    io::Write as _,
    net::SocketAddr,
    sync::{Arc, OnceLock, Weak},
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use axum::{
    Router,
    http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE},
    response::Html,
    routing::get,
};
use jiff::{SignedDuration, Timestamp};
use voronka_core::{
    color::Color,
    ids::{AccountId, BubbleId, PartnerId},
    message::{Bubble, Button, Card, Content, Event, Inbound, Press, Purpose},
    ports::{Channel, Clock, Directory, Journal, Mailbox, Moment, PostError, Posted, Preview},
    rows::{Author, ConversationRow, MessageRow, RawLetter, TurnCommit},
    spec::rich::{Rich, Span, Style},
};
use voronka_testkit::{channel::FakeMailbox, journal::MemoryStore};
use voronka_web::{SessionKey, WebChat, WebConfig};

const SHOP: &str = include_str!("shop.html");
const SHOP_STYLE: &str = include_str!("shop.css");

struct MachineClock;

#[async_trait]
impl Clock for MachineClock {
    #[expect(clippy::disallowed_methods, reason = "this example is its own app: it reads the machine's clock")]
    fn now(&self) -> Timestamp {
        Timestamp::try_from(SystemTime::now()).expect("the clock is set to this millennium")
    }

    async fn sleep_until(&self, at: Timestamp) {
        let wait = Duration::try_from(at.duration_since(self.now())).unwrap_or_default();
        tokio::time::sleep(wait).await;
    }

    fn moment(&self) -> Moment {
        Moment::after(self.now().duration_since(Timestamp::UNIX_EPOCH))
    }

    async fn sleep(&self, time: SignedDuration) {
        tokio::time::sleep(Duration::try_from(time).unwrap_or_default()).await;
    }
}

/// A mailbox whose events are answered at once by [`Echo::answer`].
struct Echo {
    kept: FakeMailbox,
    store: Arc<MemoryStore>,
    chat: OnceLock<Weak<WebChat>>,
    this: Weak<Self>,
}

#[async_trait]
impl Mailbox for Echo {
    async fn post(&self, batch: Vec<Inbound>) -> Result<Posted, PostError> {
        let posted = self.kept.post(batch.clone()).await?;
        if let Some(echo) = self.this.upgrade().filter(|_| posted.new > 0) {
            tokio::spawn(async move {
                for inbound in batch {
                    echo.answer(inbound).await;
                }
            });
        }
        Ok(posted)
    }

    async fn keep_raw(&self, letter: RawLetter) -> Result<(), PostError> {
        self.kept.keep_raw(letter).await
    }
}

impl Echo {
    async fn answer(&self, inbound: Inbound) {
        let Some(chat) = self.chat.get().and_then(Weak::upgrade) else { return };
        let Event::Customer { content, .. } = inbound.event.clone() else { return };
        let (words, is_start) = match &content {
            Content::Text { text } => (text.clone(), false),
            Content::Button { token, label } => (label.clone().unwrap_or_else(|| token.clone()), false),
            Content::Contact { phone, .. } => (phone.clone(), false),
            _ => ("/start".to_owned(), true),
        };
        let body = serde_json::to_string(&content).expect("content is JSON");
        self.keep(&inbound, Author::Customer, &words, body).await;
        let bubble = if is_start { greeting() } else { reply(&content, &words) };
        if is_start {
            return self.say(&chat, &inbound, Author::Bot, bubble).await;
        }
        chat.typing(&inbound.peer).await.expect("typing costs nothing");
        tokio::time::sleep(Duration::from_millis(900)).await;
        let ends: Vec<usize> = bubble.text.text.match_indices(' ').map(|(at, _)| at).collect();
        for at in ends {
            let preview = Preview { draft: 1, text: bubble.text.text[..at].to_owned() };
            chat.preview(&inbound.peer, &preview).await.expect("a preview costs nothing");
            tokio::time::sleep(Duration::from_millis(60)).await;
        }
        let author = if words.contains("Позвать") { Author::Person } else { Author::Bot };
        self.say(&chat, &inbound, author, bubble).await;
    }

    async fn say(&self, chat: &WebChat, inbound: &Inbound, author: Author, bubble: Bubble) {
        let body = serde_json::to_string(&bubble).expect("a bubble is JSON");
        self.keep(inbound, author, &bubble.text.text, body).await;
        let id = BubbleId::of(&[inbound.key.as_str()]);
        chat.send(&inbound.peer, &bubble, id).await.expect("a web chat always takes a bubble");
    }

    async fn keep(&self, inbound: &Inbound, author: Author, text: &str, body: String) {
        let key = inbound.conversation();
        let seen = self.store.all_messages(&key).len();
        let at = MachineClock.now();
        let message = MessageRow {
            seq: i64::try_from(seen).expect("a short chat") + 1,
            author,
            text: text.to_owned(),
            body,
            bubble: None,
            key: (author == Author::Customer).then(|| inbound.key.clone()),
            basis: None,
            at,
        };
        let conversation = ConversationRow {
            account: inbound.account.clone(),
            peer: inbound.peer.clone(),
            customer: key.first_customer(),
            state: "{}".to_owned(),
            owner: if author == Author::Person { "person" } else { "bot" },
            preview: text.to_owned(),
            at,
            unread: 0,
        };
        let turn = TurnCommit {
            expected: message.seq - 1,
            key,
            consumed: Vec::new(),
            conversation,
            customer: None,
            lead: None,
            messages: vec![message],
            facts: Vec::new(),
            orders: Vec::new(),
            timers: Vec::new(),
            outbox: Vec::new(),
            notices: Vec::new(),
            rests_on: Vec::new(),
            kinship: None,
            past: voronka_core::rows::Past::Stays,
            withdraw: voronka_core::rows::Withdraw::Nothing,
            posts: Vec::new(),
            tallies: Vec::new(),
        };
        self.store.commit(turn.into()).await.expect("the memory holds");
    }
}

fn button(label: &str) -> Button {
    Button { label: label.to_owned(), press: Press::Token { token: format!("t{}", label.len()) } }
}

fn bubble(text: Rich) -> Bubble {
    Bubble { text, cards: Vec::new(), photo: None, rows: Vec::new(), purpose: Purpose::Service, template: None }
}

fn greeting() -> Bubble {
    let text =
        "Здравствуйте. Это «Корица», домашние торты в Москве. Подскажу начинки и цены, помогу с заказом. Что ищете?";
    let rows = vec![
        vec![button("Показать торты"), button("Доставка")],
        vec![button("Заказать звонок"), button("Позвать мастера")],
    ];
    Bubble { rows, ..bubble(Rich::plain(text)) }
}

fn reply(content: &Content, words: &str) -> Bubble {
    if matches!(content, Content::Contact { .. }) {
        return bubble(Rich::plain(format!("Записали {words}. Позвоним сегодня до 18:00.")));
    }
    if words.contains("торты") {
        let intro = "Вот что печём на этой неделе. Вес от 1,5\u{a0}кг, готовим за два дня.";
        return Bubble {
            cards: cards(),
            rows: vec![vec![button("Доставка"), button("Позвать мастера")]],
            ..bubble(Rich::plain(intro))
        };
    }
    if words.contains("звонок") {
        let share = Button { label: "Жду звонка".to_owned(), press: Press::ShareContact };
        let ask = "Оставьте номер: мастер перезвонит в\u{a0}рабочее время, с\u{a0}9:00 до\u{a0}20:00.";
        return Bubble { rows: vec![vec![share], vec![button("Не сейчас")]], ..bubble(Rich::plain(ask)) };
    }
    if words.contains("Доставка") {
        let pay = Button {
            label: "Карта зон доставки".to_owned(),
            press: Press::Url { url: "https://korica.example/zones".to_owned() },
        };
        let text = "Привезём по Москве за 450\u{a0}₽, в\u{a0}пределах МКАД, с\u{a0}10:00 до\u{a0}20:00. Самовывоз бесплатно: Лесная, 7.";
        let price = text.find("450").expect("the price is there");
        let bold = Span { bytes: price..price + "450\u{a0}₽".len(), style: Style::Bold };
        return Bubble {
            rows: vec![vec![pay], vec![button("Показать торты")]],
            ..bubble(Rich { text: text.to_owned(), spans: vec![bold] })
        };
    }
    bubble(Rich::plain(format!("Вы написали: «{words}». Отвечу на всё, что знаю о наших тортах, доставке и оплате.")))
}

fn cards() -> Vec<Card> {
    let card = |title: &str, text: &str, price: &str, photo: &str| Card {
        title: title.to_owned(),
        text: text.to_owned(),
        price: Some(price.to_owned()),
        photo: Some(format!("/photos/{photo}.svg")),
        button: Some(button("Выбрать")),
    };
    vec![
        card("Медовик", "1,5\u{a0}кг, 8–10 порций", "3\u{a0}200\u{a0}₽", "honey"),
        card("Красный бархат", "2\u{a0}кг, 12 порций", "4\u{a0}100\u{a0}₽", "velvet"),
        card("Фисташка — малина", "1,8\u{a0}кг, 10 порций. Орехи", "4\u{a0}600\u{a0}₽", "pistachio"),
    ]
}

/// A drawn cake in two colours.
fn cake(sponge: &str, cream: &str) -> String {
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 300"><rect width="400" height="300" fill="#efe7dc"/>
<ellipse cx="200" cy="246" rx="150" ry="22" fill="#d8cbb9"/><ellipse cx="200" cy="236" rx="138" ry="20" fill="#fff"/>
<path d="M90 120h220v104a110 18 0 0 1-220 0z" fill="{sponge}"/><path d="M90 152h220v16H90zM90 190h220v16H90z" fill="{cream}"/>
<ellipse cx="200" cy="120" rx="110" ry="24" fill="{cream}"/><path d="M90 120v22c12 14 20-6 32 4s22 8 32-4 24 14 36 4 22-8 34 2 22 8 34-4 26 8 52-2v-22z" fill="{cream}"/>
<g fill="#b3263a"><circle cx="170" cy="108" r="12"/><circle cx="200" cy="100" r="13"/><circle cx="232" cy="109" r="12"/></g></svg>"##
    )
}

fn photo(sponge: &'static str, cream: &'static str) -> axum::routing::MethodRouter {
    get(move || async move { ([(CONTENT_TYPE, "image/svg+xml")], cake(sponge, cream)) })
}

async fn serve(port: u16, app: Router) -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], port))).await?;
    axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let store = Arc::new(MemoryStore::new());
    let echo = Arc::new_cyclic(|this| Echo {
        kept: FakeMailbox::default(),
        store: Arc::clone(&store),
        chat: OnceLock::new(),
        this: this.clone(),
    });
    let config = WebConfig {
        origins: vec!["http://127.0.0.1:8091".to_owned()],
        color: Color::parse("#b5523b"),
        title: "Кондитерская «Корица»".to_owned(),
        bot: Some("Корица".to_owned()),
        ..WebConfig::new(PartnerId::parse("korica")?, AccountId::parse("web")?, "/chat/korica")
    };
    let mailbox: Arc<dyn Mailbox> = Arc::<Echo>::clone(&echo);
    let directory: Arc<dyn Directory> = store;
    let chat = WebChat::new(config, SessionKey::new(&[7; 32]), mailbox, directory, Arc::new(MachineClock))?;
    echo.chat.set(Arc::downgrade(&chat)).map_err(|_| "set once")?;
    let photos = Router::new()
        .route("/photos/honey.svg", photo("#d99a4e", "#f6e3bd"))
        .route("/photos/velvet.svg", photo("#a5283c", "#fdf3ee"))
        .route("/photos/pistachio.svg", photo("#9aa85a", "#f3ecd2"));
    let site = chat.mounted().merge(photos);
    // A strict site: the launcher must work where inline styles and scripts are forbidden.
    let policy =
        "default-src 'none'; script-src http://127.0.0.1:8090; style-src 'self'; frame-src http://127.0.0.1:8090";
    let shop = Router::new()
        .route("/", get(move || async move { ([(CONTENT_SECURITY_POLICY, policy)], Html(SHOP)) }))
        .route("/shop.css", get(|| async { ([(CONTENT_TYPE, "text/css")], SHOP_STYLE) }));
    writeln!(std::io::stderr(), "shop: http://127.0.0.1:8091  page: http://127.0.0.1:8090/chat/korica")?;
    tokio::try_join!(serve(8090, site), serve(8091, shop))?;
    Ok(())
}
