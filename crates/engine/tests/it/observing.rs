//! What the engine tells of itself: ids that lead to the rows, numbers, and nothing about people.

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use metrics_exporter_prometheus::PrometheusBuilder;
use tracing::{
    Subscriber,
    field::{Field, Visit},
    span,
};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt},
    registry::LookupSpan,
};
use voronka_core::{
    message::{Content, Event, Inbound, Profile},
    person::Kinship,
    ports::{ChatModel, Directory, Journal, LOADED_KIN_MAX, ModelError, Page, SendError, StoreError},
    rows::CustomerRow,
};
use voronka_engine::{Engine, Partner, Phase};
use voronka_testkit::{
    FakeClock,
    channel::FakeChannel,
    journal::{Call, MemoryStore, sample},
    model::{Reply, ScriptedModel},
};

use crate::stage::{CONFIG, account, echo, key_of, partner, quiet, soon, spec, until, words};

/// Everything that spans and events carry, a line each: `name: field=value …`.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<String>>>);

impl Heard {
    fn lines(&self) -> Vec<String> {
        self.0.lock().expect("no listener panics").clone()
    }

    fn line(&self, begins: &str, holds: &str) -> Option<String> {
        self.lines().into_iter().find(|line| line.starts_with(begins) && line.contains(holds))
    }

    fn push(&self, name: &str, record: impl FnOnce(&mut Fields)) {
        let mut fields = Fields(format!("{name}:"));
        record(&mut fields);
        self.0.lock().expect("no listener panics").push(fields.0);
    }
}

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        use fmt::Write;
        write!(self.0, " {field}={value:?}").expect("text is written to memory");
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Heard {
    fn on_new_span(&self, attributes: &span::Attributes<'_>, _: &span::Id, _: Context<'_, S>) {
        self.push(attributes.metadata().name(), |fields| attributes.record(fields));
    }

    fn on_record(&self, _: &span::Id, values: &span::Record<'_>, _: Context<'_, S>) {
        self.push("record", |fields| values.record(fields));
    }

    fn on_event(&self, event: &tracing::Event<'_>, context: Context<'_, S>) {
        let within = context.event_span(event).map_or("", |span| span.name());
        self.push(&format!("event in {within}"), |fields| event.record(fields));
    }
}

/// Words that are nobody's business but the customer's.
const MARKS: [&str; 5] = ["Маркерова", "+79995550123", "9995550123", "тайныйторт", "4242424242"];

fn marked(key: &str, text: &str) -> Inbound {
    let profile = Profile {
        name: Some("Марфа Маркерова".into()),
        page: Some("https://t.me/marfa_Маркерова".into()),
        ..Profile::default()
    };
    let event = Event::Customer { content: Content::Text { text: text.into() }, profile };
    // The peer is a chat's number: it is of a person, too.
    Inbound { event, key: words("", key, "").key, ..words("4242424242", key, "") }
}

#[tokio::test]
async fn no_span_and_no_event_names_a_person_or_quotes_one() {
    let heard = Heard::default();
    let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(heard.clone()));
    let store = Arc::new(MemoryStore::new());
    let telegram = Arc::new(FakeChannel::default());
    let model = ScriptedModel::new([
        Reply::text("Марфа Маркерова, тайныйторт готов."),
        Reply::Error(ModelError::Unavailable("503".into())),
        Reply::text("Перезвоним на +79995550123."),
    ]);
    let bakery = Partner::new(spec(CONFIG, &[]))
        .model(Arc::new(model) as Arc<dyn ChatModel>)
        .channel(account("telegram"), telegram.clone());
    let engine = Engine::new(store.clone(), Arc::new(FakeClock::at("2026-12-01T09:00:00Z"))).partner(bakery);
    assert_eq!(engine.phase(), Phase::Starting);
    engine.start().await.unwrap();
    assert_eq!(engine.phase(), Phase::Serving);
    let key = marked("", "").conversation();

    engine.receive(marked("1", "Меня зовут Марфа Маркерова, хочу тайныйторт")).await.unwrap();
    soon(telegram.until_shown(1)).await;
    telegram.fail_next(SendError::Blocked);
    engine.receive(marked("2", "+79995550123, тайныйторт")).await.unwrap();
    quiet().await;
    store.fail_next(Call::Commit, StoreError::Failed("a constraint".into()));
    engine.receive(marked("3", "Ещё тайныйторт для Маркерова")).await.unwrap();
    quiet().await;
    engine.receive(marked("4", "Позовите человека, Маркерова")).await.unwrap();
    until(|| store.mail_waiting() == 0).await;
    quiet().await;
    engine.stop().await;
    assert_eq!(engine.phase(), Phase::Stopping);

    let lines = heard.lines();
    assert!(lines.len() > 20, "it was listened to: {lines:#?}");
    for line in &lines {
        for mark in MARKS {
            assert!(!line.contains(mark), "{line}");
        }
    }
    let letters = store.dead_letters(&partner(), Page::first(9)).await.unwrap();
    assert_eq!(letters.len(), 1);
    // What leads from the log to the rows.
    let id = key.conversation.to_string();
    assert!(heard.line("run:", &format!("partner=bakery conversation={id}")).is_some(), "{lines:#?}");
    assert!(heard.line("event in run:", "a turn begins version=0 mail=[1] keys=[\"/1\"]").is_some(), "{lines:#?}");
    let sent = heard.line("send:", &format!("conversation={id}")).expect("a send has its span");
    let bubble = sent.split("bubble=").nth(1).and_then(|rest| rest.split(' ').next()).expect("a bubble");
    assert!(
        heard.line("commit: version=1", bubble).is_some(),
        "the commit names the bubbles that it sends: {lines:#?}"
    );
    for part in ["load:", "model:"] {
        assert!(heard.line(part, "").is_some(), "{part} {lines:#?}");
    }
}

#[tokio::test]
async fn what_happens_is_counted_by_part_and_fate() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let prometheus = recorder.handle();
    let telegram = Arc::new(FakeChannel::default());
    let store = Arc::new(MemoryStore::new());
    let engine = metrics::with_local_recorder(&recorder, || {
        let bakery =
            Partner::new(spec(CONFIG, &[])).model(Arc::new(echo())).channel(account("telegram"), telegram.clone());
        Engine::new(store.clone(), Arc::new(FakeClock::at("2026-12-01T09:00:00Z"))).partner(bakery)
    });
    engine.start().await.unwrap();
    store.conflict_next();
    engine.receive(words("anna", "1", "вишня")).await.unwrap();
    soon(telegram.until_shown(1)).await;
    engine.receive(words("anna", "1", "вишня")).await.unwrap();
    telegram.fail_next(SendError::Blocked);
    engine.receive(words("boris", "1", "слива")).await.unwrap();
    until(|| telegram.attempts() == 2).await;
    quiet().await;
    store.fail_next(Call::Commit, StoreError::Failed("a constraint".into()));
    engine.receive(words("vera", "1", "груша")).await.unwrap();
    until(|| store.mail_waiting() == 0).await;
    quiet().await;
    assert!(engine.drop_letter(&key_of("vera").partner, 1).await.unwrap());

    let text = prometheus.render();
    let value = |series: &str| -> u64 {
        let line = text.lines().find(|line| line.strip_prefix(series).is_some_and(|rest| rest.starts_with(' ')));
        line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or_else(|| panic!("{series} in\n{text}"))
    };
    assert!(value(r#"voronka_turns_total{outcome="committed"}"#) >= 2);
    assert_eq!(value(r#"voronka_turns_total{outcome="conflict"}"#), 1);
    assert_eq!(value(r#"voronka_turns_total{outcome="set_aside"}"#), 1);
    assert_eq!(value(r#"voronka_events_total{known="new"}"#), 3);
    assert_eq!(value(r#"voronka_events_total{known="seen"}"#), 1);
    // An answer, and the word that another one will come from a person.
    assert_eq!(value(r#"voronka_sends_total{fate="sent"}"#), 2);
    assert_eq!(value(r#"voronka_sends_total{fate="blocked"}"#), 1);
    for part in ["wait", "load", "decide", "model", "commit"] {
        assert!(value(&format!(r#"voronka_turn_part_seconds_count{{part="{part}"}}"#)) >= 2, "{part}");
    }
    assert_eq!(value("voronka_send_seconds_count"), 3);
    for customer in ["anna", "boris", "vera", "вишня"] {
        assert!(!text.contains(customer), "{text}");
    }
}

#[tokio::test]
async fn that_a_person_has_more_conversations_than_a_turn_looks_at_is_told_once() {
    let heard = Heard::default();
    let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(heard.clone()));
    let store = Arc::new(MemoryStore::new());
    let telegram = Arc::new(FakeChannel::default());
    let bakery = Partner::new(spec(CONFIG, &[]))
        .model(Arc::new(echo()) as Arc<dyn ChatModel>)
        .channel(account("telegram"), telegram.clone());
    let engine = Engine::new(store.clone(), Arc::new(FakeClock::at("2026-12-01T09:00:00Z"))).partner(bakery);
    engine.start().await.unwrap();
    let first = words("0", "first 0", "привет").conversation().first_customer();
    for n in 0..=LOADED_KIN_MAX {
        let inbound = words(&n.to_string(), &format!("first {n}"), "привет");
        let key = inbound.conversation();
        let mut turn = sample::turn(&key, &inbound, 0);
        turn.conversation.state = r#"{"v":"1"}"#.into();
        turn.customer =
            Some(CustomerRow { data: r#"{"v":"1"}"#.into(), ..sample::customer(key.first_customer(), "Анна") });
        turn.kinship = (n > 0).then_some(Kinship::Joins(first));
        store.post(vec![inbound]).await.unwrap();
        store.commit(turn.into()).await.unwrap();
    }
    for n in 0..3 {
        engine.receive(words(&n.to_string(), &format!("again {n}"), "вы тут?")).await.unwrap();
    }
    until(|| telegram.sent().len() >= 3).await;
    let told = heard.lines().into_iter().filter(|line| line.contains("a person has many conversations")).count();
    assert_eq!(told, 1, "{:?}", heard.lines());
}
