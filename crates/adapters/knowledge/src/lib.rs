//! What a partner's pages say, searchable: [`KnowledgeIndex`] is the port [`Knowledge`](voronka_core::ports::Knowledge)
//! over one embedded index that all partners share.
//!
//! The road of a page: [`split`] cuts its Markdown into passages with their headings → [`words`] gives every word three
//! keys (stem, root, root without prefixes) → [`store`] keeps them in tantivy, each key behind the partner's id, so that
//! no query can reach another partner's words.
//!
//! The road of a question: [`question`] leaves out what carries no meaning, mends typing errors against the partner's own
//! vocabulary, adds words that mean the same ([`kin`]) and weighs each word by how rare it is among the partner's passages;
//! [`lexicon`] remembers what each word came down to → BM25 proposes candidates, whose words [`shapes`] keeps at hand →
//! [`rank`] scores how much of the question a passage and its page cover, 0 to 1. Words that none of the pages know lower
//! every score: that is how "I don't know" comes about → [`part`] chooses the paragraphs of a sure passage that answer.
//!
//! With an embedding model ([`KnowledgeIndex::with_embedder`]), vectors ([`vectors`]) join the score; when the model fails,
//! words alone go on.

mod index;
mod kin;
mod lexicon;
mod part;
mod question;
mod rank;
mod shapes;
mod split;
mod store;
mod vectors;
mod words;
mod writer;

pub use index::KnowledgeIndex;
