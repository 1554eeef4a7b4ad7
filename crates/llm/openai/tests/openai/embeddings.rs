use serde_json::{Value, json};
use url::Url;
use voronka_core::ports::{EmbedError, EmbedFor, Embedder as _};
use voronka_openai::{EmbeddingConfig, OpenAiEmbedder, Profile};
use voronka_testkit::model::{FakeLlmServer, Played, suite};

fn embedder(server: &FakeLlmServer, profile: Profile, batch: usize) -> OpenAiEmbedder {
    let base = Url::parse(&format!("{}/v1/", server.base())).unwrap();
    let config = EmbeddingConfig {
        profile: Some(profile),
        batch: Some(batch),
        dimensions: Some(2),
        ..EmbeddingConfig::new(base, Some(suite::KEY.into()), "text-embedding-3-small")
    };
    OpenAiEmbedder::new(config).unwrap()
}

fn list(rows: &[Value]) -> Played {
    Played::json(200, &json!({"object": "list", "data": rows, "usage": {"prompt_tokens": 1}}))
}

fn texts(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("текст {n}")).collect()
}

#[tokio::test]
async fn batches_are_sorted_and_brought_to_unit_length() {
    let first = [json!({"index": 1, "embedding": [0, 2]}), json!({"index": 0, "embedding": [3.0, 4.0]})];
    // 1.0 and 0.0 as little-endian f32.
    let server = FakeLlmServer::playing([list(&first), list(&[json!({"embedding": "AACAPwAAAAA="})])]).await;
    let embedder = embedder(&server, Profile::OpenAi, 2);
    let vectors = embedder.embed(&texts(3), EmbedFor::Passage).await.unwrap();
    assert_eq!(vectors, [[0.6, 0.8], [0.0, 1.0], [1.0, 0.0]]);
    let received = server.received();
    assert_eq!(received[0].path, "/v1/embeddings");
    let expected = json!({"model": "text-embedding-3-small", "input": ["текст 0", "текст 1"], "encoding_format": "base64", "dimensions": 2});
    assert_eq!(received[0].json(), expected);
    assert_eq!(embedder.name(), "openai/text-embedding-3-small@2");
}

#[tokio::test]
async fn answers_that_do_not_fit_the_question_are_errors() {
    let wrong = [
        list(&[]),
        list(&[json!({"index": 5, "embedding": [1.0]})]),
        list(&[json!({"index": 0, "embedding": []})]),
        list(&[json!({"index": 0, "embedding": [0.0, 0.0]})]),
        list(&[json!({"index": 0, "embedding": "AAA"})]),
        Played::new(200, "text/html", "<html>"),
        Played::json(503, &json!({"error": {"message": "Loading model"}})),
    ];
    let count = wrong.len();
    let server = FakeLlmServer::playing(wrong).await;
    let embedder = embedder(&server, Profile::Generic, 8);
    for _ in 0..count {
        let result = embedder.embed(&texts(1), EmbedFor::Question).await;
        assert!(matches!(result, Err(EmbedError::Unavailable(_))), "{result:?}");
    }
    server.push(Played::json(401, &json!({"error": {"message": suite::KEY}})));
    let error = embedder.embed(&texts(1), EmbedFor::Question).await.unwrap_err();
    assert_eq!(error, EmbedError::Refused("the model's key is not accepted".into()));
    assert!(matches!(embedder.embed(&[" ".into()], EmbedFor::Passage).await, Err(EmbedError::Refused(_))));
}

#[tokio::test]
async fn yandex_takes_one_text_a_request() {
    let one = || list(&[json!({"index": 0, "embedding": [1.0, 0.0]})]);
    let server = FakeLlmServer::playing([one(), one()]).await;
    let base = Url::parse(server.base()).unwrap();
    let config =
        EmbeddingConfig { profile: Some(Profile::Yandex), ..EmbeddingConfig::new(base, None, "emb://f/x/latest") };
    let embedder = OpenAiEmbedder::new(config).unwrap();
    assert_eq!(embedder.embed(&texts(2), EmbedFor::Passage).await.unwrap().len(), 2);
    assert_eq!(server.received()[1].json()["encoding_format"], "float");
}
