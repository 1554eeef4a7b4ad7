//! The engine inside a program of one's own. The book shows this file: `docs/book/*/src/develop/embed.md`.
//! `cargo run -p voronka-engine --example embed` plays it.

use std::{path::Path, sync::Arc};

use voronka_core::{
    ids::{AccountId, PartnerId},
    message::{Content, Event, EventKey, Inbound, Peer, Profile},
    ports::Clock,
    spec::partner::{PartnerFiles, PartnerSpec},
};
use voronka_engine::{Engine, Partner};
use voronka_sqlite::SqliteStore;
use voronka_testkit::{FakeClock, channel::FakeChannel};

type Failure = Box<dyn std::error::Error>;

// ANCHOR: spec
const CONFIG: &str = "
name: Peony Flowers
languages: [en]
accounts: {web: {}}
";
const FLOW: &str = "
start: {words: [need a bouquet]}
steps:
  - ask: How many flowers would you like?
    as: stems
    number: {min: 3}
";

/// A partner's files, from wherever yours lie: here from the code.
fn shop() -> Result<PartnerSpec, Failure> {
    let files = PartnerFiles::from([("config.yaml".into(), CONFIG.into()), ("flows/bouquet.yaml".into(), FLOW.into())]);
    let loaded = PartnerSpec::parse(PartnerId::parse("peony")?, &files);
    for found in &loaded.diagnostics {
        tracing::warn!(code = found.code.as_str(), file = %found.place.file, "found in the files");
    }
    loaded.spec.ok_or_else(|| "the files have mistakes".into())
}
// ANCHOR_END: spec

// ANCHOR: engine
/// Your channel is in place of the fake one, and your clock reads the machine's.
async fn serve(data: &Path, channel: Arc<FakeChannel>, clock: Arc<dyn Clock>) -> Result<Engine, Failure> {
    let store = SqliteStore::open(data.join("voronka.db"))?;
    let peony = Partner::new(Arc::new(shop()?)).channel(AccountId::parse("web")?, channel);
    let engine = Engine::new(Arc::new(store), clock).partner(peony);
    engine.start().await?;
    Ok(engine)
}
// ANCHOR_END: engine

// ANCHOR: receive
/// Called by your web server. When this returns `Ok`, the message is safe and may be acknowledged.
async fn received(engine: &Engine, id: &str, from: &Peer, text: &str, clock: &dyn Clock) -> Result<(), Failure> {
    let message = Inbound {
        partner: PartnerId::parse("peony")?,
        account: AccountId::parse("web")?,
        peer: from.clone(),
        // The messenger's own id of the message: a second delivery changes nothing.
        key: EventKey::new(id),
        at: clock.now(),
        event: Event::Customer { content: Content::Text { text: text.to_owned() }, profile: Profile::default() },
    };
    engine.receive(message).await?;
    Ok(())
}
// ANCHOR_END: receive

// ANCHOR: main
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let data = tempfile::tempdir()?;
    let channel = Arc::new(FakeChannel::default());
    let clock: Arc<dyn Clock> = Arc::new(FakeClock::at("2026-12-01T09:00:00Z"));
    let engine = serve(data.path(), Arc::clone(&channel), Arc::clone(&clock)).await?;

    let anna = Peer::new("anna");
    received(&engine, "message-1", &anna, "I need a bouquet", clock.as_ref()).await?;
    // The messenger did not hear our answer and delivers again.
    received(&engine, "message-1", &anna, "I need a bouquet", clock.as_ref()).await?;

    channel.until_shown(1).await;
    engine.stop().await;
    let told = channel.texts_to(&anna);
    assert!(told.len() == 1 && told[0].contains("How many flowers"), "{told:?}");
    Ok(())
}
// ANCHOR_END: main
