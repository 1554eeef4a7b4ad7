//! What the team sends to many, stops, and sends on: each gets it, once.

use std::{sync::Arc, time::Duration};

use jiff::SignedDuration;
use voronka_core::{
    message::{BroadcastAct, Event, Inbound, Peer},
    ports::{Channel, ChatModel, SendError, StoreError},
    rows::OutboxRow,
};
use voronka_engine::{Engine, Partner};
use voronka_testkit::journal::Call;

use crate::stage::{CONFIG, Stage, account, quiet, spec, until, words};

const ALL: [&str; 3] = ["anna", "boris", "vera"];
const NEWS: (&str, &str) =
    ("sequences/news.yaml", "enter: {fact: broadcast}\nsteps:\n  - {id: раз, after: 0m, say: Новинка}\n");
const SLOWLY: SendError = SendError::Limited { after: Duration::from_hours(1) };

/// A stage whose customers have spoken, to one of whom the messenger sends nothing.
async fn crowd() -> Stage {
    let stage = Stage::new();
    stage.engine.serve(partner(&stage));
    stage.engine.start().await.expect("an empty store");
    for who in ALL {
        stage.says(who, who, "Здравствуйте").await;
    }
    until(|| ALL.iter().all(|who| !stage.seen(who).is_empty())).await;
    quiet().await;
    stage.telegram.break_peer(&Peer::new("boris"), SLOWLY);
    stage
}

fn partner(stage: &Stage) -> Partner {
    let model = Arc::clone(&stage.model) as Arc<dyn ChatModel>;
    let channel = Arc::clone(&stage.telegram) as Arc<dyn Channel>;
    Partner::new(spec(CONFIG, &[NEWS])).model(model).channel(account("telegram"), channel)
}

/// A walk comes to everybody.
async fn walk(engine: &Engine, number: u32, act: BroadcastAct) {
    for who in ALL {
        let event = Event::Broadcast { sequence: "news".into(), act };
        let inbound = Inbound { event, ..words(who, &format!("{who} {number}"), "") };
        engine.receive(inbound).await.expect("kept");
    }
    quiet().await;
}

/// How often each has seen it.
fn seen(stage: &Stage) -> [usize; 3] {
    ALL.map(|who| stage.seen(who).iter().filter(|text| *text == "Новинка").count())
}

#[tokio::test]
async fn whom_a_stopped_broadcast_has_not_reached_gets_it_once_when_it_goes_on() {
    let stage = crowd().await;
    walk(&stage.engine, 1, BroadcastAct::Begin).await;
    // Boris's was tried, and others wait behind the messenger's plea to slow down.
    assert!(seen(&stage)[1] == 0 && !stage.store.outbox().is_empty());
    walk(&stage.engine, 2, BroadcastAct::End).await;
    until(|| stage.store.outbox().is_empty()).await;
    let before = seen(&stage);
    stage.telegram.mend(&Peer::new("boris"));
    stage.pass(SignedDuration::from_hours(2)).await;
    assert_eq!(seen(&stage), before, "nobody gets it while it is stopped");
    walk(&stage.engine, 3, BroadcastAct::Begin).await;
    stage.pass(SignedDuration::from_secs(90)).await;
    assert_eq!(seen(&stage), [1; 3]);
}

#[tokio::test]
async fn whom_a_stop_calls_it_back_from_before_a_crash_gets_it_once_when_it_goes_on() {
    let stage = crowd().await;
    walk(&stage.engine, 1, BroadcastAct::Begin).await;
    let waiting = stage.store.outbox().len();
    // The stop is written, and the process dies before anything is that comes of it.
    stage.store.fail_next(Call::Settle, StoreError::Busy("locked".into()));
    walk(&stage.engine, 2, BroadcastAct::End).await;
    stage.engine.abandon().await;
    let late = stage.store.outbox().iter().filter(|row| row.expires == Some(OutboxRow::LATE)).count();
    assert!(waiting > 0 && late == waiting, "{late} of {waiting}");
    stage.telegram.mend(&Peer::new("boris"));
    let engine = Engine::new(stage.store.clone(), stage.clock.clone()).partner(partner(&stage));
    engine.start().await.unwrap();
    stage.pass(SignedDuration::from_secs(10)).await;
    until(|| stage.store.outbox().is_empty()).await;
    assert_eq!(seen(&stage)[1], 0);
    walk(&engine, 3, BroadcastAct::Begin).await;
    stage.pass(SignedDuration::from_secs(90)).await;
    assert_eq!(seen(&stage), [1; 3]);
}
