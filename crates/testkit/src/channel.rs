//! Messengers for tests: [`FakeChannel`] that shows nothing to anybody, [`FakeMailbox`] that keeps what a channel hands in,
//! and the suites that every channel crate passes ([`sending`] for the way out, [`receiving`] for webhooks).

mod fake;
mod mailbox;
pub mod receiving;
pub mod sending;

pub use fake::{FakeChannel, Sent};
pub use mailbox::FakeMailbox;

use std::time::Duration;

use voronka_core::capabilities::{ButtonLimits, Capabilities, Has, Pace, TextUnit};

/// What a roomy messenger can show: the numbers of Telegram, without its pace.
pub fn roomy() -> Capabilities {
    Capabilities {
        text_max: 4096,
        caption_max: 1024,
        text_unit: TextUnit::Utf16,
        buttons: Some(ButtonLimits { count_max: 100, per_row: 8, label_max: 64, label_comfortable: 20 }),
        cards_max: 0,
        album_max: 0,
        photos: Has::Yes,
        kept_files: Has::Yes,
        url_buttons: Has::Yes,
        contact_button: Has::Yes,
        place_button: Has::Yes,
        preview: Has::Yes,
        typing: Has::Yes,
        idempotent: Has::No,
        pushes: Has::Yes,
        hears: Has::Yes,
        window: None,
        pace: None,
    }
}

/// What a narrow messenger can show: short texts counted in bytes, a few short buttons, a pace, nothing else.
pub fn narrow() -> Capabilities {
    Capabilities {
        text_max: 1000,
        caption_max: 0,
        text_unit: TextUnit::Bytes,
        buttons: Some(ButtonLimits { count_max: 3, per_row: 1, label_max: 20, label_comfortable: 20 }),
        cards_max: 0,
        album_max: 0,
        photos: Has::No,
        kept_files: Has::No,
        url_buttons: Has::No,
        contact_button: Has::No,
        place_button: Has::No,
        preview: Has::No,
        typing: Has::No,
        idempotent: Has::Yes,
        pushes: Has::Yes,
        hears: Has::Yes,
        window: None,
        pace: Some(Pace { peer_pause: Duration::from_secs(1), peer_burst: 1, account_per_s: 5 }),
    }
}
