//! What a partner wrote, read and checked: the tree with positions, expressions, templates, flows, scoring, config, catalogue.

pub mod catalogue;
pub mod config;
pub mod diagnostic;
pub mod expr;
pub mod flow;
pub mod knowledge;
pub mod limits;
pub mod partner;
pub mod position;
pub(crate) mod read;
pub mod rich;
pub mod scoring;
pub mod template;
pub mod texts;
pub mod tree;
pub mod value;
