//! What a partner wrote, read and checked: the tree with positions, expressions, templates, flows, scoring, config, catalogue.

pub mod diagnostic;
pub mod value;
