//! The web chat from outside: its routes over a fake mailbox and a store in memory. No network.

#[cfg(test)]
#[path = "web_chat/bench.rs"]
mod bench;
#[cfg(test)]
#[path = "web_chat/pictures.rs"]
mod pictures;
#[cfg(test)]
#[path = "web_chat/security.rs"]
mod security;
#[cfg(test)]
#[path = "web_chat/talk.rs"]
mod talk;
