//! Telegram for Voronka: a bot that is written to in private chats, groups and forum topics.
//!
//! [`Telegram`] is the way out (a [`voronka_core::ports::Channel`]) and knows its account; [`Telegram::webhook`] and
//! [`Telegram::poller`] are the two ways in. Updates are read by own structs over the raw JSON, so that what this version does
//! not know survives; calls go through a thin client of a dozen methods, whose errors never show the token.
//!
//! ```no_run
//! # async fn run(token: secrecy::SecretString, clock: std::sync::Arc<dyn voronka_core::ports::Clock>,
//! #     mailbox: &dyn voronka_core::ports::Mailbox) -> Result<(), Box<dyn std::error::Error>> {
//! use voronka_core::{ids::{AccountId, PartnerId}, ports::Poller};
//! use voronka_telegram::{Telegram, TelegramConfig};
//!
//! let telegram = Telegram::new(TelegramConfig::new(PartnerId::parse("korica")?, AccountId::parse("telegram")?, token))?;
//! telegram.get_me().await?; // Checks the token, and learns the name that groups call the bot by.
//! telegram.begin_polling(None).await?; // Refuses to steal a live webhook.
//! let poller = telegram.poller(clock);
//! poller.poll(mailbox).await?;
//! telegram.stop().await;
//! # Ok(()) }
//! ```

mod address;
mod album;
mod capabilities;
mod client;
mod config;
mod download;
mod form;
mod html;
mod manage;
mod markup;
mod parse;
mod picture;
mod poller;
mod send;
mod signs;
mod telegram;
mod webhook;

pub use capabilities::CAPABILITIES;
pub use client::CallError;
pub use config::{BadConfig, TelegramConfig, Timeouts};
pub use manage::{Bot, WebhookInfo};
pub use poller::TelegramPoller;
pub use telegram::Telegram;
pub use voronka_http::Clients;
pub use webhook::TelegramWebhook;
