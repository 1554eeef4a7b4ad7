use std::time::Duration;

use voronka_core::capabilities::{ButtonLimits, Capabilities, Has, Pace, TextUnit};

/// What Telegram can show. Lengths are counted after markup is parsed, so styles cost nothing.
pub const CAPABILITIES: Capabilities = Capabilities {
    text_max: 4096,
    caption_max: 1024,
    text_unit: TextUnit::Utf16,
    buttons: Some(ButtonLimits { count_max: 100, per_row: 8, label_max: 64, label_comfortable: 20 }),
    cards_max: 0,
    album_max: 10,
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
    pace: Some(Pace { peer_pause: Duration::from_secs(1), peer_burst: 3, account_per_s: 30 }),
};
