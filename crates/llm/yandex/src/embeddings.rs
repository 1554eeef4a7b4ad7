use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use jiff::SignedDuration;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use voronka_core::ports::{Clock, EmbedError, EmbedFor, Embedder, Moment};
use voronka_resilience::{
    Patience,
    http::{Endpoint, Reach, SetupError},
};

/// Requests a second that Yandex allows.
const REQUESTS_PER_SECOND: u32 = 10;
/// Longest text, in characters: 2,000 tokens at two characters each at worst.
const CHARACTERS_MAX: usize = 4_000;

/// Embedding models and how to reach them.
#[derive(Debug, Clone)]
pub struct YandexEmbeddingConfig {
    /// Where.
    pub reach: Reach,
    /// An API key of a service account, or an IAM token.
    pub key: SecretString,
    /// The cloud folder.
    pub folder: String,
    /// For passages: `text-search-doc/latest`, or a whole `emb://…` URI.
    pub passages: String,
    /// For questions: `text-search-query/latest`.
    pub questions: String,
    /// Requests a second; the quota is ten unless support has raised it.
    pub requests_per_second: u32,
}

impl YandexEmbeddingConfig {
    /// The usual pair of models.
    pub fn new(folder: impl Into<String>, key: SecretString) -> Result<Self, SetupError> {
        Ok(Self {
            reach: crate::reach()?,
            key,
            folder: folder.into(),
            passages: "text-search-doc/latest".into(),
            questions: "text-search-query/latest".into(),
            requests_per_second: REQUESTS_PER_SECOND,
        })
    }
}

/// The embeddings of Yandex: one text a request, slowly enough for the quota. Index in the background.
pub struct YandexEmbedder {
    endpoint: Endpoint,
    name: String,
    passages: String,
    questions: String,
    clock: Arc<dyn Clock>,
    pause: SignedDuration,
    /// When the next request may leave.
    next: Mutex<Option<Moment>>,
}

impl YandexEmbedder {
    /// Sets the models up; nothing is sent yet.
    pub fn new(config: YandexEmbeddingConfig, clock: Arc<dyn Clock>) -> Result<Self, SetupError> {
        Ok(Self {
            name: format!("yandex/{}+{}", config.passages, config.questions),
            passages: crate::uri("emb", &config.folder, &config.passages),
            questions: crate::uri("emb", &config.folder, &config.questions),
            endpoint: crate::api(config.reach, config.key)?.endpoint("foundationModels/v1/textEmbedding")?,
            clock,
            pause: SignedDuration::from_nanos(1_000_000_000 / i64::from(config.requests_per_second.max(1))),
            next: Mutex::new(None),
        })
    }

    /// Waits for this request's place in the row.
    async fn turn(&self) {
        let mine = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let now = self.clock.moment();
            let mine = next.map_or(now, |next| next.max(now));
            *next = Some(mine + self.pause);
            mine.since(now)
        };
        self.clock.sleep(mine).await;
    }

    /// Tries again by itself: a thousand passages are a thousand requests, and one that fails must not cost the others.
    async fn patiently(&self, text: &str, model: &str) -> Result<Vec<f32>, EmbedError> {
        let mut failures = 0;
        loop {
            self.turn().await;
            let error = match self.one(text, model).await {
                Ok(vector) => return Ok(vector),
                Err(error) => error,
            };
            failures += 1;
            match Patience::default().pause(failures, error.fate(), fastrand::f64()) {
                Some(pause) => self.clock.sleep(pause.try_into().unwrap_or(SignedDuration::MAX)).await,
                None => return Err(error),
            }
        }
    }

    async fn one(&self, text: &str, model: &str) -> Result<Vec<f32>, EmbedError> {
        let cut = text.char_indices().nth(CHARACTERS_MAX).map_or(text, |(at, _)| &text[..at]);
        let body = serde_json::to_vec(&Request { model_uri: model, text: cut })
            .map_err(|_| EmbedError::Refused("a text cannot be written".into()))?;
        let answer = self.endpoint.post(&body).await;
        let answer = answer.map_err(|failure| failure.into_embed_error(&[text]))?;
        let whole = answer.whole().await.map_err(|error| EmbedError::Unavailable(error.to_string()))?;
        let answer: Answer =
            serde_json::from_slice(&whole).map_err(|_| EmbedError::Unavailable("the answer makes no sense".into()))?;
        let vector = answer.embedding;
        let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
        if !length.is_finite() || length <= f32::EPSILON {
            return Err(EmbedError::Unavailable("a vector of no direction".into()));
        }
        Ok(vector.into_iter().map(|x| x / length).collect())
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    model_uri: &'a str,
    text: &'a str,
}

#[derive(Deserialize)]
struct Answer {
    embedding: Vec<f32>,
}

#[async_trait]
impl Embedder for YandexEmbedder {
    fn name(&self) -> &str {
        &self.name
    }

    async fn embed(&self, texts: &[String], what: EmbedFor) -> Result<Vec<Vec<f32>>, EmbedError> {
        if texts.iter().any(|text| text.trim().is_empty()) {
            return Err(EmbedError::Refused("an empty text".into()));
        }
        let model = match what {
            EmbedFor::Passage => &self.passages,
            EmbedFor::Question => &self.questions,
        };
        let mut vectors = Vec::with_capacity(texts.len());
        for text in texts {
            vectors.push(self.patiently(text, model).await?);
        }
        Ok(vectors)
    }
}
