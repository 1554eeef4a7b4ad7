//! The adapter against a loopback server that plays the vendors' bytes.

#![expect(clippy::unwrap_used, reason = "functions that only tests call: a panic is a failed test")]

mod chat;
mod conformance;
mod embeddings;
mod responses;

use url::Url;
use voronka_core::ports::{Completion, ModelError};
use voronka_openai::{OpenAi, OpenAiConfig, Profile, Wire};
use voronka_testkit::model::{FakeLlmServer, Played, suite};

/// A configuration for a fake server, with a prefix in the path that must survive.
fn config(base: &str, profile: Profile, wire: Wire) -> OpenAiConfig {
    let base = Url::parse(&format!("{base}/proxy/v1")).unwrap();
    OpenAiConfig { profile: Some(profile), wire, ..OpenAiConfig::new(base, Some(suite::KEY.into()), "gpt-6-luna") }
}

/// What becomes of an answer, and what was shown.
async fn answered(answer: Played, wire: Wire) -> (Result<Completion, ModelError>, String) {
    let server = FakeLlmServer::playing([answer]).await;
    let model = OpenAi::new(config(server.base(), Profile::Generic, wire)).unwrap();
    suite::ask(&model, &suite::prompt("Есть 42?")).await
}
