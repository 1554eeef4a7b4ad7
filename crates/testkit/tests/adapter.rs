//! An adapter as small as one can be, through the suites of its kind. The book shows this file:
//! `docs/book/*/src/develop/adapter.md`.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    future::{Ready, ready},
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use voronka_core::{
    capabilities::{Capabilities, Has, TextUnit},
    ids::BubbleId,
    message::{Bubble, Peer},
    ports::{Channel, Receipt, SendError},
};
use voronka_testkit::channel::sending::{Breakdown, Messenger, SLOW_DOWN};

// ANCHOR: vendor
/// The messenger's API: a client library, or HTTP. It knows nothing of ours.
#[async_trait]
trait Pigeons: Send + Sync + 'static {
    /// Sends plain words; gives the status of the answer, and the seconds to wait when there are any.
    async fn fly(&self, to: &str, words: &str) -> Result<(u16, u64), Lost>;
}

/// Why there is no answer.
enum Lost {
    /// The connection was refused: nothing was sent.
    BeforeSending,
    /// The answer did not come: perhaps it was sent, perhaps not.
    OnTheWayBack,
}
// ANCHOR_END: vendor

// ANCHOR: channel
/// Our side of the messenger: it translates and decides nothing.
struct PigeonChannel {
    pigeons: Arc<dyn Pigeons>,
}

const CAPABILITIES: Capabilities = Capabilities {
    text_max: 500,
    caption_max: 0,
    text_unit: TextUnit::Chars,
    buttons: None, // Options become a numbered list.
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

#[async_trait]
impl Channel for PigeonChannel {
    fn capabilities(&self) -> &Capabilities {
        &CAPABILITIES
    }

    async fn send(&self, to: &Peer, bubble: &Bubble, _id: BubbleId) -> Result<Receipt, SendError> {
        // The engine has fitted the bubble to our capabilities: there is nothing here but words.
        match self.pigeons.fly(to.as_str(), &bubble.text.text).await {
            Ok((200, _)) => Ok(Receipt { message: None }),
            Ok((429, seconds)) => Err(SendError::Limited { after: Duration::from_secs(seconds) }),
            Ok((401, _)) => Err(SendError::Unauthorised),
            Ok((403, _)) => Err(SendError::Blocked),
            Ok((status @ 500.., _)) => Err(SendError::Unavailable(status.to_string())),
            Ok((status, _)) => Err(SendError::Refused(status.to_string())),
            Err(Lost::BeforeSending) => Err(SendError::Unavailable("no connection".to_owned())),
            Err(Lost::OnTheWayBack) => Err(SendError::Unanswered("no answer".to_owned())),
        }
    }
}
// ANCHOR_END: channel

// ANCHOR: fake
/// The messenger's server, played for the tests.
#[derive(Default)]
struct Loft {
    broken: Mutex<Option<Breakdown>>,
    shown: Mutex<Vec<(Peer, String)>>,
}

#[async_trait]
impl Pigeons for Loft {
    async fn fly(&self, to: &str, words: &str) -> Result<(u16, u64), Lost> {
        match *self.broken.lock().unwrap() {
            Some(Breakdown::TooFast) => Ok((429, SLOW_DOWN.as_secs())),
            Some(Breakdown::Trouble) => Ok((503, 0)),
            Some(Breakdown::Silence) => Err(Lost::OnTheWayBack),
            Some(Breakdown::NoConnection) => Err(Lost::BeforeSending),
            Some(Breakdown::Blocked) => Ok((403, 0)),
            Some(Breakdown::BadToken) => Ok((401, 0)),
            Some(Breakdown::Refusal) => Ok((400, 0)),
            None => {
                self.shown.lock().unwrap().push((Peer::new(to), words.to_owned()));
                Ok((200, 0))
            }
        }
    }
}
// ANCHOR_END: fake

// ANCHOR: suite
/// The channel with its server, as the suite wants to see them.
struct Fresh {
    channel: PigeonChannel,
    loft: Arc<Loft>,
}

fn fresh() -> Ready<Fresh> {
    let loft = Arc::new(Loft::default());
    ready(Fresh { channel: PigeonChannel { pigeons: loft.clone() }, loft })
}

#[async_trait]
impl Messenger for Fresh {
    fn channel(&self) -> &dyn Channel {
        &self.channel
    }

    fn peer(&self, number: u32) -> Peer {
        Peer::new(&format!("pigeon-{number}"))
    }

    async fn break_down(&self, how: Breakdown) {
        *self.loft.broken.lock().unwrap() = Some(how);
    }

    async fn mend(&self) {
        *self.loft.broken.lock().unwrap() = None;
    }

    async fn shown(&self) -> Vec<(Peer, String)> {
        self.loft.shown.lock().unwrap().clone()
    }

    fn secrets(&self) -> Vec<String> {
        vec!["the key of the loft".to_owned()]
    }
}

mod pigeons {
    voronka_testkit::channel_conformance!(super::fresh());
}
// ANCHOR_END: suite
