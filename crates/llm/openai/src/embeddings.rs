use std::fmt;

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::SecretString;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error as _, SeqAccess, Visitor},
};
use url::Url;
use voronka_core::ports::{EmbedError, EmbedFor, Embedder};
use voronka_resilience::http::{Api, Endpoint, Reach, Scheme, SetupError};

use crate::config::Profile;

/// An embedding model and how to reach it.
#[derive(Debug, Clone)]
pub struct EmbeddingConfig {
    /// Where.
    pub reach: Reach,
    /// The key; local servers want none.
    pub key: Option<SecretString>,
    /// The model's name there.
    pub model: String,
    /// Length of the vectors, for models that can shorten them.
    pub dimensions: Option<u32>,
    /// What kind of server; `None` = judged by the base URL.
    pub profile: Option<Profile>,
    /// Texts a request; `None` = as many as the kind of server takes.
    pub batch: Option<usize>,
}

impl EmbeddingConfig {
    /// A model with all else as usual.
    pub fn new(base_url: Url, key: Option<SecretString>, model: impl Into<String>) -> Self {
        let (reach, model) = (Reach::new(base_url), model.into());
        Self { reach, key, model, dimensions: None, profile: None, batch: None }
    }
}

/// Most inputs of a request, by the specification.
const INPUTS_MAX: usize = 2_048;
/// Most characters of a request: fewer than the 300,000 tokens allowed, however they are counted.
const CHARACTERS_MAX: usize = 250_000;

/// An embedding model behind OpenAI's protocol. Questions and passages are embedded alike.
#[derive(Debug)]
pub struct OpenAiEmbedder {
    endpoint: Endpoint,
    name: String,
    model: String,
    dimensions: Option<u32>,
    encoding: &'static str,
    batch: usize,
}

impl OpenAiEmbedder {
    /// Sets a model up; nothing is sent yet.
    pub fn new(config: EmbeddingConfig) -> Result<Self, SetupError> {
        let profile = config.profile.unwrap_or_else(|| Profile::of(&config.reach.base_url));
        let batch = config.batch.unwrap_or(match profile {
            Profile::Yandex => 1,
            Profile::OpenAi => 256,
            // Local servers take what fits into one pass of theirs.
            _ => 32,
        });
        let size = config.dimensions.map(|dimensions| format!("@{dimensions}")).unwrap_or_default();
        Ok(Self {
            endpoint: Api::new(config.reach, config.key.map(|key| (Scheme::Bearer, key)))?.endpoint("embeddings")?,
            name: format!("{}/{}{size}", profile.label(), config.model),
            model: config.model,
            dimensions: config.dimensions,
            // A quarter of the bytes; others may not know it.
            encoding: if profile.is_openai() { "base64" } else { "float" },
            batch: batch.clamp(1, INPUTS_MAX),
        })
    }

    async fn batch(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let request =
            Request { model: &self.model, input: texts, encoding_format: self.encoding, dimensions: self.dimensions };
        let body = serde_json::to_vec(&request).map_err(|_| EmbedError::Refused("a text cannot be written".into()))?;
        let private = || texts.iter().map(String::as_str).collect::<Vec<_>>();
        let answer = self.endpoint.post(&body).await.map_err(|failure| failure.into_embed_error(&private()))?;
        let whole = answer.whole().await.map_err(|error| EmbedError::Unavailable(error.to_string()))?;
        let list: List = serde_json::from_slice(&whole).map_err(|_| EmbedError::Unavailable(SENSELESS.into()))?;
        let mut rows: Vec<(usize, Vec<f32>)> =
            list.data.into_iter().enumerate().map(|(n, row)| (row.index.unwrap_or(n), row.embedding.0)).collect();
        rows.sort_by_key(|(index, _)| *index);
        if rows.len() != texts.len() || rows.iter().enumerate().any(|(n, (index, _))| n != *index) {
            return Err(EmbedError::Unavailable("not one vector a text".into()));
        }
        rows.into_iter().map(|(_, vector)| unit(vector)).collect()
    }
}

const SENSELESS: &str = "the answer makes no sense";

#[async_trait]
impl Embedder for OpenAiEmbedder {
    fn name(&self) -> &str {
        &self.name
    }

    async fn embed(&self, texts: &[String], _: EmbedFor) -> Result<Vec<Vec<f32>>, EmbedError> {
        if texts.iter().any(|text| text.trim().is_empty()) {
            return Err(EmbedError::Refused("an empty text".into()));
        }
        let mut vectors: Vec<Vec<f32>> = Vec::with_capacity(texts.len());
        let mut rest = texts;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(batch_length(rest, self.batch));
            vectors.extend(self.batch(now).await?);
            rest = later;
        }
        if vectors.windows(2).any(|pair| pair[0].len() != pair[1].len()) {
            return Err(EmbedError::Refused("vectors of different lengths".into()));
        }
        Ok(vectors)
    }
}

/// How many of the texts go into the next request; at least one.
fn batch_length(texts: &[String], most: usize) -> usize {
    let mut characters = 0;
    let fit = texts.iter().take(most).take_while(|text| {
        characters += text.chars().count();
        characters <= CHARACTERS_MAX
    });
    fit.count().max(1)
}

/// The vector at length 1.
fn unit(mut vector: Vec<f32>) -> Result<Vec<f32>, EmbedError> {
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    if !length.is_finite() || length <= f32::EPSILON {
        return Err(EmbedError::Unavailable("a vector of no direction".into()));
    }
    for x in &mut vector {
        *x /= length;
    }
    Ok(vector)
}

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    input: &'a [String],
    encoding_format: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<u32>,
}

#[derive(Deserialize)]
struct List {
    data: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    #[serde(default)]
    index: Option<usize>,
    embedding: Vector,
}

/// Numbers, or their bytes (little-endian f32) in base64.
struct Vector(Vec<f32>);

impl<'de> Deserialize<'de> for Vector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(VectorVisitor)
    }
}

struct VectorVisitor;

impl<'de> Visitor<'de> for VectorVisitor {
    type Value = Vector;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("numbers or base64")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Vector, E> {
        let bytes = STANDARD.decode(text).map_err(E::custom)?;
        let (numbers, rest) = bytes.as_chunks::<4>();
        if !rest.is_empty() {
            return Err(E::custom("half a number"));
        }
        Ok(Vector(numbers.iter().map(|&number| f32::from_le_bytes(number)).collect()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut numbers: A) -> Result<Vector, A::Error> {
        let mut vector = Vec::with_capacity(numbers.size_hint().unwrap_or(256));
        while let Some(number) = numbers.next_element()? {
            vector.push(number);
        }
        if vector.is_empty() { Err(A::Error::custom("an empty vector")) } else { Ok(Vector(vector)) }
    }
}
