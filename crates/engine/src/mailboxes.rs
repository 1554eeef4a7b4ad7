//! What waits in the mailboxes of conversations that are served now, as far as it is known without looking into the store.
//!
//! A mailbox is known when the store has been read while nobody was writing to it. From then on it is that, and what was
//! posted, at the positions that the store has given, without what turns have consumed. It is not known any more as soon as
//! there may be something that nobody has told of: a post that failed, a timer that rang, a turn whose fate is unclear. While a post of the conversation is under way what is known is not all there is: two posts that end together are
//! ordered by the store, not by who is heard first. Whoever does not know reads the store; that is always right. Where other
//! processes write to the store as well, nothing is ever known.
//!
//! Whoever puts mail into a mailbox tells so when the store has answered, and is not dropped before: such calls run in tasks
//! of the engine ([`intake`]).

pub(crate) mod intake;

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use lru::LruCache;
use rustc_hash::FxHashMap;
use voronka_core::{
    message::{Content, ConversationKey, Deed, Event, Inbound, TeamAction},
    ports::{PostedMail, Writers},
    rows::{Mail, MailSeq},
};

/// Memory that known mailboxes may take, in bytes, about.
const BYTES_MAX: usize = 1 << 20;
/// What a mailbox takes beside its mail, and an event beside its words; about.
const MAILBOX_BYTES: usize = 256;
const EVENT_BYTES: usize = 400;

/// The known mailboxes; the one that was not used for longest leaves first.
pub(crate) struct Mailboxes {
    /// With several, nothing is ever known.
    writers: Writers,
    state: Mutex<State>,
    /// Calls under way that may put mail into any mailbox.
    strangers: AtomicUsize,
}

struct State {
    known: LruCache<ConversationKey, Known>,
    bytes: usize,
    bytes_max: usize,
    /// Posts under way, by conversation.
    posting: FxHashMap<ConversationKey, usize>,
    /// Conversations whose mailbox is being read, and whether something has come to it since.
    reading: FxHashMap<ConversationKey, Quiet>,
}

/// All mail of a conversation, oldest first.
#[derive(Default)]
struct Known {
    mail: Vec<Mail>,
    bytes: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quiet {
    Yes,
    No,
}

/// Events that are being posted. Until it is told how that ended their mailboxes are not known.
#[must_use]
struct Posting<'a> {
    boxes: &'a Mailboxes,
    /// One an event, in order.
    keys: Vec<ConversationKey>,
    /// The same events; none where nothing is ever known.
    events: Vec<Inbound>,
}

/// A mailbox that is being read.
pub(crate) struct Reading<'a> {
    boxes: &'a Mailboxes,
    key: &'a ConversationKey,
}

/// A call under way that may put mail into any mailbox.
pub(crate) struct Stranger<'a>(&'a Mailboxes);

impl Mailboxes {
    pub(crate) fn new(writers: Writers) -> Self {
        Self::bounded(writers, BYTES_MAX)
    }

    fn bounded(writers: Writers, bytes_max: usize) -> Self {
        let state = State {
            known: LruCache::unbounded(),
            bytes: 0,
            bytes_max,
            posting: FxHashMap::default(),
            reading: FxHashMap::default(),
        };
        Self { writers, state: Mutex::new(state), strangers: AtomicUsize::new(0) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// These are about to be posted.
    fn post(&self, batch: &[Inbound]) -> Posting<'_> {
        let keys: Vec<_> = batch.iter().map(Inbound::conversation).collect();
        if self.writers == Writers::Many {
            return Posting { boxes: self, keys, events: Vec::new() };
        }
        let mut state = self.lock();
        for key in &keys {
            *state.posting.entry(key.clone()).or_default() += 1;
        }
        drop(state);
        Posting { boxes: self, keys, events: batch.to_vec() }
    }

    /// A call is about to be made that may put mail into mailboxes and does not tell what. Who has some then is to be
    /// [forgotten](Self::forget) before this ends.
    pub(crate) fn stranger(&self) -> Stranger<'_> {
        self.strangers.fetch_add(1, Ordering::SeqCst);
        Stranger(self)
    }

    /// The waiting mail, oldest first, at most `max`; `None`: the store is to be asked.
    pub(crate) fn mail(&self, key: &ConversationKey, max: usize) -> Option<Vec<Mail>> {
        if self.writers == Writers::Many {
            return None;
        }
        let mut state = self.lock();
        // Read under the lock: a call that began before has either been counted here or has not written yet.
        if self.strangers.load(Ordering::SeqCst) > 0 || state.posting.contains_key(key) {
            return None;
        }
        let known = state.known.get(key)?;
        Some(known.mail.iter().take(max).cloned().collect())
    }

    /// The store is about to be asked for the mail. What was known is not trusted any more.
    pub(crate) fn read<'a>(&'a self, key: &'a ConversationKey) -> Reading<'a> {
        let mut state = self.lock();
        state.drop_known(key);
        let quiet = if self.is_quiet(&state, key) { Quiet::Yes } else { Quiet::No };
        state.reading.insert(key.clone(), quiet);
        drop(state);
        Reading { boxes: self, key }
    }

    fn is_quiet(&self, state: &State, key: &ConversationKey) -> bool {
        self.writers == Writers::One && self.strangers.load(Ordering::SeqCst) == 0 && !state.posting.contains_key(key)
    }

    /// A turn has consumed these.
    pub(crate) fn consumed(&self, key: &ConversationKey, seqs: &[MailSeq]) {
        let mut state = self.lock();
        let Some(known) = state.known.peek_mut(key) else { return };
        let before = known.bytes;
        known.mail.retain(|mail| !seqs.contains(&mail.seq));
        known.bytes = known.mail.iter().map(|mail| weight(&mail.inbound)).sum();
        let gone = before - known.bytes;
        state.bytes -= gone;
    }

    /// There may be mail of the conversation that nobody has told of, or none where some was.
    pub(crate) fn forget(&self, key: &ConversationKey) {
        self.lock().disturb(key);
    }

    /// The same for all.
    pub(crate) fn forget_all(&self) {
        let mut state = self.lock();
        state.known.clear();
        state.bytes = 0;
        state.reading.values_mut().for_each(|quiet| *quiet = Quiet::No);
    }
}

impl State {
    fn drop_known(&mut self, key: &ConversationKey) {
        if let Some(known) = self.known.pop(key) {
            self.bytes -= known.bytes + MAILBOX_BYTES;
        }
    }

    fn disturb(&mut self, key: &ConversationKey) {
        self.drop_known(key);
        self.heard(key);
    }

    fn heard(&mut self, key: &ConversationKey) {
        if let Some(quiet) = self.reading.get_mut(key) {
            *quiet = Quiet::No;
        }
    }

    fn ended(&mut self, key: &ConversationKey) {
        if let Some(count) = self.posting.get_mut(key) {
            *count -= 1;
            if *count == 0 {
                self.posting.remove(key);
            }
        }
    }

    /// Kept at this position.
    fn add(&mut self, key: &ConversationKey, seq: MailSeq, inbound: Inbound) {
        self.heard(key);
        let Some(known) = self.known.peek_mut(key) else { return };
        let bytes = weight(&inbound);
        // Who is heard later may stand before: the store's order counts.
        let at = known.mail.partition_point(|mail| mail.seq < seq);
        known.mail.insert(at, Mail { seq, inbound });
        known.bytes += bytes;
        self.bytes += bytes;
        self.shrink();
    }

    fn learn(&mut self, key: &ConversationKey, mail: &[Mail]) {
        let bytes = mail.iter().map(|mail| weight(&mail.inbound)).sum();
        self.drop_known(key);
        self.known.push(key.clone(), Known { mail: mail.to_vec(), bytes });
        self.bytes += bytes + MAILBOX_BYTES;
        self.shrink();
    }

    fn shrink(&mut self) {
        while self.bytes > self.bytes_max
            && let Some((_, coldest)) = self.known.pop_lru()
        {
            self.bytes -= coldest.bytes + MAILBOX_BYTES;
        }
    }
}

impl Posting<'_> {
    /// What became of each, in order. Gives back whose they are.
    fn kept(self, posted: &[PostedMail]) -> Vec<ConversationKey> {
        let mut state = self.boxes.lock();
        let mut posted = posted.iter();
        for (key, inbound) in self.keys.iter().zip(self.events) {
            match posted.next() {
                Some(PostedMail::New(_, seq)) => state.add(key, *seq, inbound),
                Some(PostedMail::Seen) => {}
                None => state.disturb(key),
            }
            state.ended(key);
        }
        drop(state);
        self.keys
    }

    /// It failed: some of it may have been written.
    fn failed(self) {
        let mut state = self.boxes.lock();
        for (key, _) in self.keys.iter().zip(self.events) {
            state.disturb(key);
            state.ended(key);
        }
    }
}

impl Reading<'_> {
    /// This is all there is.
    pub(crate) fn found_all(self, mail: &[Mail]) {
        let mut state = self.boxes.lock();
        if state.reading.get(self.key) == Some(&Quiet::Yes) && self.boxes.is_quiet(&state, self.key) {
            state.learn(self.key, mail);
        }
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.boxes.lock().reading.remove(self.key);
    }
}

impl Drop for Stranger<'_> {
    fn drop(&mut self) {
        self.0.strangers.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Bytes that mail holds in memory, about.
fn weight(inbound: &Inbound) -> usize {
    let words = match &inbound.event {
        Event::Customer {
            content: Content::Text { text } | Content::Reply { text, .. } | Content::Edited { text, .. },
            ..
        }
        | Event::Deed { deed: Deed::Write { text, .. }, .. }
        | Event::Team { action: TeamAction::Reply { text } | TeamAction::Note { text }, .. } => text.len(),
        Event::Customer { content: Content::Command { args, .. }, .. } => args.len(),
        Event::Customer { content: Content::Media { caption, .. }, .. } => {
            EVENT_BYTES + caption.as_ref().map_or(0, String::len)
        }
        // Of these the words are few.
        Event::Customer { .. }
        | Event::Team { .. }
        | Event::Deed { .. }
        | Event::CardLost { .. }
        | Event::Digest
        | Event::Trouble { .. }
        | Event::Kin { .. }
        | Event::Forget { .. }
        | Event::Done { .. }
        | Event::Timer { .. }
        | Event::Delivery { .. }
        | Event::Click { .. }
        | Event::Broadcast { .. } => EVENT_BYTES,
    };
    EVENT_BYTES + words
}

#[cfg(test)]
mod tests;
