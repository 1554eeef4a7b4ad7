//! A conversation in the terminal, through the same engine as everywhere.

use std::io::Write;

use async_trait::async_trait;
use voronka_core::{
    capabilities::{Capabilities, Has, TextUnit},
    ids::BubbleId,
    message::{Bubble, Peer},
    ports::{Channel, Receipt, SendError},
};

/// What a terminal can show: words. Buttons become a numbered list.
pub(crate) const CAPABILITIES: Capabilities = Capabilities {
    text_max: 10_000,
    caption_max: 10_000,
    text_unit: TextUnit::Chars,
    buttons: None,
    cards_max: 0,
    album_max: 0,
    photos: Has::No,
    kept_files: Has::No,
    url_buttons: Has::No,
    contact_button: Has::No,
    place_button: Has::No,
    preview: Has::No,
    typing: Has::No,
    idempotent: Has::No,
    pushes: Has::Yes,
    hears: Has::Yes,
    window: None,
    pace: None,
};

/// The terminal as a channel.
#[derive(Debug, Default)]
pub(crate) struct Terminal;

#[async_trait]
impl Channel for Terminal {
    fn capabilities(&self) -> &Capabilities {
        &CAPABILITIES
    }

    async fn send(&self, _to: &Peer, bubble: &Bubble, _id: BubbleId) -> Result<Receipt, SendError> {
        let mut out = std::io::stdout().lock();
        let text = bubble.text.text.replace('\n', "\n  ");
        let written = writeln!(out, "\n  {text}\n").and_then(|()| out.flush());
        written.map(|()| Receipt { message: None }).map_err(|error| SendError::Refused(error.to_string()))
    }
}
