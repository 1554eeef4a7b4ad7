//! Conversations with real partner files, decided by the pure turn.

mod conversations;
mod fit;
mod guard;
mod partners;
