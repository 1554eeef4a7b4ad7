//! YandexGPT and the embeddings of Yandex AI Studio over their native REST API (the compatible one: `voronka-openai` with its
//! Yandex profile). Requests ask not to be kept.

mod embeddings;
mod gpt;

use secrecy::{ExposeSecret, SecretString};
use url::Url;
use voronka_resilience::http::{Api, Reach, Scheme, SetupError};

pub use embeddings::{YandexEmbedder, YandexEmbeddingConfig};
pub use gpt::{YandexConfig, YandexGpt};

/// Where the API is, unless said otherwise.
pub const BASE_URL: &str = "https://llm.api.cloud.yandex.net";

/// Yandex keeps requests for its own use unless told not to.
const NO_LOGGING: &str = "x-data-logging-enabled";

/// The usual reach.
fn reach() -> Result<Reach, SetupError> {
    Url::parse(BASE_URL).map(Reach::new).map_err(|_| SetupError::BaseUrl)
}

/// The API with a key: one of a service account, or an IAM token (`t1.…`).
fn api(mut reach: Reach, key: SecretString) -> Result<Api, SetupError> {
    if !reach.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(NO_LOGGING)) {
        reach.headers.push((NO_LOGGING.to_owned(), "false".into()));
    }
    let scheme = if key.expose_secret().trim_start().starts_with("t1.") { Scheme::Bearer } else { Scheme::ApiKey };
    Api::new(reach, Some((scheme, key)))
}

/// A model's URI; whole URIs (of another folder, of a tuned model) are taken as they are.
fn uri(scheme: &str, folder: &str, model: &str) -> String {
    if model.contains("://") { model.to_owned() } else { format!("{scheme}://{folder}/{model}") }
}
