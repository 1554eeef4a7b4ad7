//! The adapters against a loopback server that plays the vendor's bytes.

#![expect(clippy::unwrap_used, reason = "functions that only tests call: a panic is a failed test")]

mod embeddings;
mod gpt;
