//! Pictures that are drawn for a message: the suite of channels, and whose they are.

use std::sync::Arc;

use async_trait::async_trait;
use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use jiff::SignedDuration;
use voronka_core::{
    capabilities::Capabilities,
    ids::BubbleId,
    message::{Bubble, Peer},
    ports::{Channel, Picture, Pictures, Receipt, SendError},
};
use voronka_testkit::{
    FakeIllustrator,
    channel::sending::{Breakdown, Messenger},
    illustrator::drawable,
};
use voronka_web::{CAPABILITIES, Gallery, WebConfig};

use crate::bench::{Bench, Reply, bubble, config};

/// A partner without pictures of its own.
struct Nothing;

#[async_trait]
impl Pictures for Nothing {
    async fn version(&self, _path: &str) -> Option<Arc<str>> {
        None
    }

    async fn read(&self, _path: &str) -> Option<Picture> {
        None
    }
}

fn bench() -> Bench {
    let gallery =
        Gallery { base: "/media/korica".into(), pictures: Arc::new(Nothing), illustrator: Arc::new(FakeIllustrator) };
    Bench::with(WebConfig { gallery: Some(gallery), ..config("korica") })
}

async fn ask(bench: &Bench, token: &str, seq: i64) -> Reply {
    let request =
        Request::get(bench.path(&format!("/drawn/{seq}"))).header(header::AUTHORIZATION, format!("Bearer {token}"));
    bench.ask(request.body(Body::empty()).unwrap()).await
}

/// The chat as the suite sees it: what is sent was committed before, and what is shown is what the visitor's page is given.
struct Browser {
    bench: Bench,
    token: String,
    visitor: Peer,
}

async fn browser() -> Browser {
    let bench = bench();
    let token = bench.session().await;
    let visitor = bench.peer(&token).await;
    Browser { bench, token, visitor }
}

#[async_trait]
impl Channel for Browser {
    fn capabilities(&self) -> &Capabilities {
        &CAPABILITIES
    }

    async fn send(&self, to: &Peer, bubble: &Bubble, id: BubbleId) -> Result<Receipt, SendError> {
        self.bench.commit(to, bubble).await;
        self.bench.chat.send(to, bubble, id).await
    }
}

#[async_trait]
impl Messenger for Browser {
    fn channel(&self) -> &dyn Channel {
        self
    }

    fn peer(&self, _number: u32) -> Peer {
        self.visitor.clone()
    }

    async fn break_down(&self, _how: Breakdown) {}

    async fn mend(&self) {}

    async fn shown(&self) -> Vec<(Peer, String)> {
        let messages = self.bench.messages(&self.token).await;
        let words = messages.iter().map(|message| message["text"].as_str().unwrap().to_owned());
        words.map(|words| (self.visitor.clone(), words)).collect()
    }

    async fn drawn(&self) -> Vec<(Peer, Vec<u8>, String)> {
        let mut drawn = Vec::new();
        for message in self.bench.messages(&self.token).await {
            let Some(seq) = message["drawn"].as_i64() else { continue };
            let reply = ask(&self.bench, &self.token, seq).await;
            if reply.status == StatusCode::OK {
                assert_eq!(reply.header("content-type"), "image/png");
                drawn.push((
                    self.visitor.clone(),
                    reply.body.into_bytes(),
                    message["text"].as_str().unwrap().to_owned(),
                ));
            }
        }
        drawn
    }

    fn secrets(&self) -> Vec<String> {
        Vec::new()
    }
}

voronka_testkit::channel_conformance! { browser();
    bubbles_are_shown_once_and_in_order
    signs_of_markup_mean_themselves
    the_longest_text_goes_through
    buttons_do_not_hide_the_words
    a_drawn_picture_stands_above_its_words
    what_cannot_be_drawn_costs_no_words
}

#[tokio::test]
async fn s09_a_drawn_picture_is_its_visitors_alone_as_long_as_the_conversation_is() {
    let bench = bench();
    let (anna, boris) = (bench.session().await, bench.session().await);
    let peer = bench.peer(&anna).await;
    bench.commit(&peer, &bubble("Слова")).await;
    bench.commit(&peer, &Bubble { photo: Some(drawable()), ..bubble("Ссылка") }).await;
    let shown = ask(&bench, &anna, 2).await;
    assert_eq!((shown.status, shown.header("cache-control")), (StatusCode::OK, "no-store"));
    assert_eq!(shown.header("x-content-type-options"), "nosniff");
    for seq in [1, 3, 0, -1, i64::MIN, i64::MAX] {
        assert_eq!(ask(&bench, &anna, seq).await.status, StatusCode::NOT_FOUND, "{seq}");
    }
    let others = bench.peer(&boris).await;
    assert_eq!(ask(&bench, &boris, 2).await.status, StatusCode::NOT_FOUND);
    bench.commit(&others, &bubble("Слова")).await;
    assert_eq!(ask(&bench, &boris, 2).await.status, StatusCode::NOT_FOUND);
    bench.clock.advance(SignedDuration::from_hours(31 * 24));
    assert_eq!(ask(&bench, &anna, 2).await.status, StatusCode::UNAUTHORIZED);
}
