//! Responses: what OpenAI wants of reasoning models that are given tools.

mod assembler;
mod memory;
mod request;

pub(crate) use assembler::Assembler;
pub(crate) use memory::Memory;
pub(crate) use request::body;
