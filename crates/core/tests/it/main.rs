//! Conversations with real partner files, decided by the pure turn.

mod answers;
mod contacts;
mod conversations;
mod deliveries;
mod doors;
mod fit;
mod flows;
mod guard;
mod models;
mod partners;
mod replay;
mod russian;
mod scores;
mod shop;
mod timers;
