use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use voronka_core::{
    capabilities::{Capabilities, Has, Pace, TextUnit},
    ids::BubbleId,
    message::{Bubble, Peer},
    ports::{Channel, Receipt, SendError},
};

use crate::{
    letter::{Letter, address},
    server::MailServer,
};

/// What a letter can show: words, of any length that a card has.
pub const CAPABILITIES: Capabilities = Capabilities {
    text_max: 50_000,
    caption_max: 50_000,
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
    // A letter that is sent twice has one Message-ID, by which many servers and no standard show it once.
    idempotent: Has::No,
    pushes: Has::Yes,
    hears: Has::No,
    window: None,
    pace: Some(Pace { peer_pause: Duration::from_secs(1), peer_burst: 5, account_per_s: 2 }),
};

/// Letters of one partner. Peers are addresses.
#[derive(Debug)]
pub struct Email {
    server: Arc<MailServer>,
    sender: String,
}

impl Email {
    /// Letters through a server; `sender`: the name that they are from, whose address is the server's.
    pub fn new(server: Arc<MailServer>, sender: &str) -> Self {
        Self { server, sender: sender.to_owned() }
    }
}

#[async_trait]
impl Channel for Email {
    fn capabilities(&self) -> &Capabilities {
        &CAPABILITIES
    }

    async fn send(&self, to: &Peer, bubble: &Bubble, id: BubbleId) -> Result<Receipt, SendError> {
        let to = address(to.as_str()).ok_or_else(|| SendError::Refused("no address of e-mail".into()))?;
        let letter = Letter::of(bubble, id, &self.sender, &self.server.from, to);
        let letter = letter.map_err(|error| SendError::Refused(error.to_string()))?;
        self.server.deliver(&letter).await?;
        Ok(Receipt { message: Some(id.to_string()) })
    }
}
