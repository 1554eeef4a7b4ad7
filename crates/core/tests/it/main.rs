//! Conversations with real partner files, decided by the pure turn.

mod conversations;
mod partners;
