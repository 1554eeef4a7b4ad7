//! What the domain needs of the world, one trait a need. Adapters implement these and depend on nothing else of ours.
//!
//! Every error tells its [`Fate`]: whether to try again, whether it may have been done, or whether it is final.

mod adjusts;
mod arrivals;
mod channel;
mod clock;
mod directory;
mod erasures;
mod journal;
mod key_values;
mod knowledge;
mod links;
mod mailbox;
mod model;
mod pictures;
mod retention;
mod transfer;

use std::time::Duration;

pub use adjusts::Adjusts;
pub use arrivals::Arrivals;
pub use channel::{
    Channel, Chat, DownloadError, FILE_BYTES_MAX, KnownAs, Malformed, PollError, Poller, Preview, Receipt, SendError,
    Webhook, WebhookRefusal, WebhookReply,
};
pub use clock::{Clock, Moment};
pub use directory::{
    Backlog, BadCursor, ConversationCard, ConversationFilter, ConversationView, Cursor, DeadLetterView, Directory,
    EventSetAside, FOUND_MAX, Fault, Figures, KnownBy, LeadCard, LeadFilter, LetterContent, LetterKind, Needle,
    OpenedLetter, OrderCard, OrderFilter, Page, QuestionCard, Recipient, SEARCHED_MAX, folded, found_by, order_holds,
};
pub use erasures::Erasures;
pub use journal::{
    CommitError, Fired, Journal, LOADED_KIN_MAX, LOADED_ORDERS_MAX, Loaded, PostedMail, Replayed, Settled, StoreError,
    Telling, Writers,
};
pub use key_values::{ADJUSTED, KeyValues, SECRETS};
pub use knowledge::{EmbedError, EmbedFor, Embedder, Indexed, Knowledge, KnowledgeError, Passage};
pub use links::Links;
pub use mailbox::{Mailbox, PostError, Posted};
pub use model::{
    ChatMessage, ChatModel, Completion, Delta, Finish, ModelError, OnDelta, Prompt, Term, ToolCall, ToolSpec, Usage,
};
pub use pictures::{Illustrator, Picture, PictureKind, Pictures, is_own_picture};
pub use retention::{ForgetMark, Forgotten, Retention, Terms};
pub use transfer::{Leaving, LeavingAll, LeavingPage, Place, TRANSFER_NOTES, Transfer};

/// What a failure means for whoever called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Not done; may be tried again, not before `after` if given.
    Retry {
        /// What the other side asked for.
        after: Option<Duration>,
    },
    /// No answer: it may have been done. Try again only with the same idempotency key.
    Unclear,
    /// Not done, and trying again will not help.
    Final,
}
