use std::ops::Range;

use async_trait::async_trait;

use super::Fate;
use crate::{ids::PartnerId, spec::knowledge::Page};

/// What a partner's pages say, searchable. Every call names the partner; no call sees another's pages.
#[async_trait]
pub trait Knowledge: Send + Sync + 'static {
    /// Makes the index hold exactly these pages of this partner. Unchanged pages are not indexed again.
    async fn index(&self, partner: &PartnerId, pages: &[Page]) -> Result<Indexed, KnowledgeError>;

    /// The best passages for a question, best first, at most `top`. Nothing that fits: an empty list. What the question
    /// follows up stands in lines above it.
    async fn search(&self, partner: &PartnerId, question: &str, top: usize) -> Result<Vec<Passage>, KnowledgeError>;
}

/// A piece of knowledge that an answer may rest on.
#[derive(Debug, Clone, PartialEq)]
pub struct Passage {
    /// File of the page (`delivery.md`).
    pub page: String,
    /// The page's title.
    pub title: String,
    /// Headings above the passage, joined with ` › `; empty at the top of a page.
    pub heading: String,
    /// The words, in Markdown.
    pub text: String,
    /// Bytes of them that answer the question: what is said of a long passage where no model words the answer. `None`: all.
    pub part: Option<Range<usize>>,
    /// How sure it is that the passage bears on the question, 0 to 1. Comparable between questions: the core
    /// answers from passages of at least [`Passage::SURE`] alone.
    pub score: f32,
}

impl Passage {
    /// Least score of a passage that an answer may rest on.
    pub const SURE: f32 = 0.5;
    /// Least score of a passage that answers a few words which ask nothing while the bot waits for an answer of its own.
    pub const CERTAIN: f32 = 0.95;

    /// The words that answer the question.
    pub fn answer(&self) -> &str {
        self.part.clone().and_then(|part| self.text.get(part)).unwrap_or(&self.text)
    }
}

/// What an indexing did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Indexed {
    /// Pages that were read anew.
    pub changed: usize,
    /// Pages that were as before.
    pub unchanged: usize,
    /// Pages that are gone.
    pub removed: usize,
    /// Passages of the partner now.
    pub passages: usize,
}

/// Why the index failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KnowledgeError {
    /// The index cannot be read or written.
    #[error("the index failed: {0}")]
    Index(String),
    /// The embedding model failed; words alone can still be searched.
    #[error("embedding failed: {0}")]
    Embedding(String),
}

impl KnowledgeError {
    /// Whether to try again.
    pub fn fate(&self) -> Fate {
        match self {
            Self::Index(_) => Fate::Final,
            Self::Embedding(_) => Fate::Retry { after: None },
        }
    }
}

/// Turns texts into vectors of unit length.
#[async_trait]
pub trait Embedder: Send + Sync + 'static {
    /// Names the model and its version: vectors of different names are never compared.
    fn name(&self) -> &str;

    /// One vector a text, all of one length.
    async fn embed(&self, texts: &[String], what: EmbedFor) -> Result<Vec<Vec<f32>>, EmbedError>;
}

/// What a text is embedded for: some models have one for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmbedFor {
    /// To be found.
    Passage,
    /// To find.
    Question,
}

/// Why texts were not embedded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EmbedError {
    /// May be tried again.
    #[error("the embedding model is unavailable: {0}")]
    Unavailable(String),
    /// Will not work.
    #[error("refused by the embedding model: {0}")]
    Refused(String),
}

impl EmbedError {
    /// Whether to try again.
    pub fn fate(&self) -> Fate {
        match self {
            Self::Unavailable(_) => Fate::Retry { after: None },
            Self::Refused(_) => Fate::Final,
        }
    }
}
