//! What a partner wrote, read and checked: the tree with positions, expressions, templates, flows, scoring, config, catalogue.

pub mod diagnostic;
pub mod expr;
pub mod rich;
pub mod template;
pub mod value;
