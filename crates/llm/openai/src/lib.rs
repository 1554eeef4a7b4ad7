//! OpenAI and all who speak its protocol: llama.cpp, vLLM, Ollama, LM Studio, OpenRouter, DeepSeek, Qwen, Yandex, gateways.
//!
//! [`OpenAi`] is a [`ChatModel`](voronka_core::ports::ChatModel) over Chat Completions or Responses, [`OpenAiEmbedder`] an
//! [`Embedder`](voronka_core::ports::Embedder). Always stateless: nothing is stored with the vendor.

mod chat;
mod config;
mod embeddings;
mod model;
mod responses;
mod stream;
mod text;

pub use config::{Effort, OpenAiConfig, Profile, Wire};
pub use embeddings::{EmbeddingConfig, OpenAiEmbedder};
pub use model::OpenAi;
