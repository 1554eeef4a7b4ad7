//! The web chat from outside: its routes over a fake mailbox and a store in memory. No network.

#[path = "web_chat/bench.rs"]
mod bench;
#[path = "web_chat/security.rs"]
mod security;
#[path = "web_chat/talk.rs"]
mod talk;
