//! Conversations with real partner files, decided by the pure turn.

mod answers;
mod bad_input;
mod broken;
mod contacts;
mod conversations;
mod counted;
mod deliveries;
mod doors;
mod fit;
mod flows;
mod guard;
mod hostile;
mod links;
mod misreadings;
mod models;
mod partners;
mod picks;
mod replay;
mod russian;
mod scores;
mod scripts;
mod sequences;
mod shop;
mod talks;
mod team;
mod timers;
