use std::sync::Arc;

use jiff::SignedDuration;
use serde_json::json;
use url::Url;
use voronka_core::ports::{Clock as _, EmbedError, EmbedFor, Embedder as _};
use voronka_testkit::{
    FakeClock,
    model::{FakeLlmServer, Played},
};
use voronka_yandex::{YandexEmbedder, YandexEmbeddingConfig};

fn vector(x: f64, y: f64) -> Played {
    Played::json(200, &json!({"embedding": [x, y], "numTokens": "3", "modelVersion": "1"}))
}

fn embedder(server: &FakeLlmServer, clock: &Arc<FakeClock>) -> YandexEmbedder {
    let mut config = YandexEmbeddingConfig::new("b1g", "key-secret".into()).unwrap();
    config.reach.base_url = Url::parse(server.base()).unwrap();
    YandexEmbedder::new(config, Arc::clone(clock) as Arc<_>).unwrap()
}

/// Embeds, moving the clock to whatever is slept for.
async fn embed(
    embedder: YandexEmbedder,
    clock: &FakeClock,
    texts: &[&str],
    what: EmbedFor,
) -> Result<Vec<Vec<f32>>, EmbedError> {
    let texts: Vec<String> = texts.iter().map(|&text| text.to_owned()).collect();
    let work = tokio::spawn(async move { embedder.embed(&texts, what).await });
    while !work.is_finished() {
        if let Some(left) = clock.take_earliest_sleeper() {
            clock.advance(left);
        }
        tokio::task::yield_now().await;
    }
    work.await.unwrap()
}

#[tokio::test]
async fn one_text_a_request_ten_a_second_by_the_model_for_the_purpose() {
    let server = FakeLlmServer::playing([vector(3.0, 4.0), vector(0.0, 2.0), vector(1.0, 0.0)]).await;
    let clock = Arc::new(FakeClock::at("2026-12-01T09:00:00Z"));
    let begun = clock.now();
    let passages = embed(embedder(&server, &clock), &clock, &["доставка", "возврат"], EmbedFor::Passage).await.unwrap();
    assert_eq!(passages, [[0.6, 0.8], [0.0, 1.0]]);
    assert_eq!(clock.now().duration_since(begun), SignedDuration::from_millis(100));
    embed(embedder(&server, &clock), &clock, &["когда привезут?"], EmbedFor::Question).await.unwrap();
    let received = server.received();
    assert_eq!(received[1].json(), json!({"modelUri": "emb://b1g/text-search-doc/latest", "text": "возврат"}));
    assert_eq!(received[2].json()["modelUri"], "emb://b1g/text-search-query/latest");
    assert_eq!(received[0].header("authorization"), Some("Api-Key key-secret"));
}

#[tokio::test]
async fn a_clock_that_is_set_back_holds_no_request_up() {
    let server = FakeLlmServer::playing([vector(1.0, 0.0), vector(0.0, 1.0)]).await;
    let clock = Arc::new(FakeClock::at("2026-12-01T09:00:00Z"));
    let embedder = embedder(&server, &clock);
    embedder.embed(&["а".to_owned()], EmbedFor::Passage).await.unwrap();
    clock.set(clock.now() - SignedDuration::from_hours(6));
    let begun = clock.moment();
    embed(embedder, &clock, &["б"], EmbedFor::Passage).await.unwrap();
    assert_eq!(clock.moment().since(begun), SignedDuration::from_millis(100));
}

#[tokio::test]
async fn a_text_that_fails_is_tried_again_without_the_others() {
    let busy = || Played::json(429, &json!({"error": {"grpcCode": 8, "httpCode": 429, "message": "quota"}}));
    let server = FakeLlmServer::playing([vector(1.0, 0.0), busy(), vector(0.0, 1.0)]).await;
    let clock = Arc::new(FakeClock::at("2026-12-01T09:00:00Z"));
    let vectors = embed(embedder(&server, &clock), &clock, &["а", "б"], EmbedFor::Passage).await.unwrap();
    assert_eq!((vectors.len(), server.received().len()), (2, 3));
    let refused = Played::json(400, &json!({"error": {"grpcCode": 3, "message": "bad model uri key-secret"}}));
    let server = FakeLlmServer::playing([refused]).await;
    let error = embed(embedder(&server, &clock), &clock, &["а"], EmbedFor::Passage).await.unwrap_err();
    assert_eq!(error, EmbedError::Refused("refused by the model: status 400, bad model uri …".into()));
}
