//! What a partner wrote, read and checked: the tree with positions, expressions, templates, flows, scoring, config, catalogue.

pub mod adjust;
pub mod catalogue;
pub mod config;
pub mod diagnostic;
pub mod expr;
pub mod flow;
pub(crate) mod keys;
pub mod knowledge;
pub mod limits;
pub mod live;
pub mod partner;
pub mod pictures;
pub mod position;
pub(crate) mod read;
pub mod rich;
pub mod schema;
pub mod scoring;
pub mod script;
pub mod sequence;
pub mod template;
pub mod texts;
pub mod tree;
pub mod value;
