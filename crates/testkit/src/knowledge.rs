//! Knowledge for tests: [`FakeKnowledge`] that finds by whole words, and the suite that every adapter of
//! [`Knowledge`] passes: [`knowledge_conformance!`](crate::knowledge_conformance).

mod fake;
pub mod suite;

pub use fake::FakeKnowledge;
