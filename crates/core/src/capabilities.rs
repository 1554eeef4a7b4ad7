//! What a channel can show: plain data that [`crate::fit`] and `voronka check` read. Nobody asks a channel for its name.

use std::time::Duration;

/// How a channel counts a text's length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextUnit {
    /// Unicode scalar values.
    Chars,
    /// UTF-16 code units.
    Utf16,
    /// UTF-8 bytes.
    Bytes,
}

/// Where a channel puts buttons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ButtonLimits {
    /// Most buttons under one message.
    pub count_max: usize,
    /// Most buttons in a row.
    pub per_row: usize,
    /// Longest label, in characters.
    pub label_max: usize,
    /// Letters that fit a button of a full row; longer labels get a row of their own.
    pub label_comfortable: usize,
}

/// How fast a channel wants to be written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Least pause between two messages to one peer, after the burst.
    pub peer_pause: Duration,
    /// Messages to one peer that may go without a pause.
    pub peer_burst: u32,
    /// Messages a second over the whole account.
    pub account_per_s: u32,
}

/// Whether a channel has something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Has {
    /// It has.
    Yes,
    /// It has not.
    No,
}

impl Has {
    /// Whether it has.
    pub fn it(self) -> bool {
        self == Self::Yes
    }
}

/// What a channel can show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// Longest text of a message, in `text_unit`s.
    pub text_max: usize,
    /// Longest text with a photo, in `text_unit`s.
    pub caption_max: usize,
    /// How length is counted.
    pub text_unit: TextUnit,
    /// Buttons; `None`: options become a numbered list.
    pub buttons: Option<ButtonLimits>,
    /// Most product cards in a message; 0: cards become text.
    pub cards_max: usize,
    /// Where cards become text: most of their pictures that go together, above the words; less than 2: none do.
    pub album_max: usize,
    /// Photos, by address or of the partner's own folder.
    pub photos: Has,
    /// Files that were sent through the same account, again by their handle ([`crate::message::KeptFile`]).
    pub kept_files: Has,
    /// Buttons that open a page.
    pub url_buttons: Has,
    /// A button that shares the customer's own phone.
    pub contact_button: Has,
    /// A button that shares the place where the customer is.
    pub place_button: Has,
    /// A preview that grows while the answer is made.
    pub preview: Has,
    /// A sign that an answer is being made.
    pub typing: Has,
    /// Whether a message with the same [`crate::ids::BubbleId`] is shown once even if it is sent twice.
    pub idempotent: Has,
    /// Whether it can be written to at any time. [`Has::No`]: only in the response to a call of its own (a voice skill); what
    /// is ready later is dropped.
    pub pushes: Has,
    /// Whether who is written to can answer: write back, press a button. [`Has::No`]: it only sends (e-mail), to the team alone;
    /// of buttons there stay the addresses.
    pub hears: Has,
    /// How long after the customer's last word it may be written to freely; `None`: for ever.
    pub window: Option<Duration>,
    /// Pacing.
    pub pace: Option<Pace>,
}
