//! Chat Completions.

mod assembler;
mod request;

pub(crate) use assembler::{Assembler, checked};
pub(crate) use request::{Tools, body, valid_arguments};
