//! The chat on a partner's own site: a page, and a widget that a shop adds with one script tag.
//!
//! [`WebChat`] is the way out (a [`voronka_core::ports::Channel`]) and the way in ([`WebChat::mounted`]) of one account. What a
//! browser shows is read from the store ([`voronka_core::ports::Directory::messages`]); [`voronka_core::ports::Channel::send`]
//! only wakes the open streams of that visitor. So a message is never lost when nobody is connected and never doubled when a
//! connection breaks.
//!
//! ```no_run
//! # fn wire(mailbox: std::sync::Arc<dyn voronka_core::ports::Mailbox>,
//! #     directory: std::sync::Arc<dyn voronka_core::ports::Directory>,
//! #     clock: std::sync::Arc<dyn voronka_core::ports::Clock>, secret: [u8; 32]) -> Result<axum::Router, Box<dyn std::error::Error>> {
//! use voronka_core::ids::{AccountId, PartnerId};
//! use voronka_web::{SessionKey, WebChat, WebConfig};
//!
//! let config = WebConfig {
//!     origins: vec!["https://korica.example".to_owned()],
//!     color: voronka_core::color::Color::parse("#b5523b"),
//!     title: "Кондитерская «Корица»".to_owned(),
//!     ..WebConfig::new(PartnerId::parse("korica")?, AccountId::parse("web")?, "/chat/korica")
//! };
//! let chat = WebChat::new(config, SessionKey::new(&secret), mailbox, directory, clock)?;
//! let app = axum::Router::new().merge(chat.mounted());
//! # Ok(app) }
//! ```
//!
//! The shop's page then needs `<script src="https://chat.example/chat/korica/widget.js" async></script>`.

mod assets;
mod chat;
mod config;
mod gallery;
mod http;
mod hub;
mod inbound;
mod limits;
mod session;
mod wire;

pub use chat::{CAPABILITIES, WebChat};
pub use config::{BadWebConfig, Gallery, Texts, WebConfig};
pub use http::{ClientIp, sign};
pub use limits::subscriber;
pub use session::SessionKey;
