//! The answers of the world to a turn's questions, with signs of life while they are made.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;
use tracing::{debug, warn};
use voronka_core::{
    guard::{Draft, Evidence},
    ids::AccountId,
    message::{ConversationKey, Peer},
    ports::{Channel, Completion, Delta, ModelError, Preview, Prompt},
    turn::{Answer, Question, Snapshot},
};

use crate::{Shared, partner::Partner};

/// How long an answer may take before the customer sees that it is being made.
const TYPING_AFTER: SignedDuration = SignedDuration::from_millis(300);
/// The sign lasts five seconds in the messengers that have one; it is renewed in time.
const TYPING_EVERY: SignedDuration = SignedDuration::from_secs(4);
/// How often an unfinished answer is shown, and how long it may take before it is shown at all.
const PREVIEW_EVERY: SignedDuration = SignedDuration::from_millis(700);

/// The world as one turn sees it.
pub(crate) struct World<'a> {
    shared: &'a Arc<Shared>,
    partner: &'a Arc<Partner>,
    key: ConversationKey,
    account: AccountId,
    peer: Peer,
    draft: i64,
    deadline: Timestamp,
}

impl<'a> World<'a> {
    pub(crate) fn new(
        shared: &'a Arc<Shared>,
        partner: &'a Arc<Partner>,
        account: AccountId,
        peer: Peer,
        snapshot: &Snapshot,
        now: Timestamp,
    ) -> Self {
        let limit = SignedDuration::try_from(partner.playbook().spec.config.answer.deadline);
        let deadline = now + limit.unwrap_or(SignedDuration::from_secs(30));
        // The same for all previews of one answer, another for the next one.
        let draft = i64::from(u32::from_be_bytes(first_four(snapshot))) + snapshot.version + 1;
        Self { shared, partner, key: snapshot.key.clone(), account, peer, draft, deadline }
    }

    /// Answers a question. `None`: more mail came meanwhile (`bell`), so that the answer would miss it.
    pub(crate) async fn answer(&mut self, question: Question, bell: Option<&Notify>) -> Option<Answer> {
        match question {
            Question::Search { query, top } => Some(Answer::Passages(self.search(&query, top).await)),
            Question::Complete { prompt, evidence } => {
                let completion = tokio::select! {
                    biased;
                    () = self.overtaken(bell) => None,
                    completion = self.complete(&prompt, evidence) => Some(completion),
                };
                completion.map(Answer::Completion)
            }
        }
    }

    /// Returns when mail has come that the answer would miss.
    async fn overtaken(&self, bell: Option<&Notify>) {
        let Some(bell) = bell else { return std::future::pending().await };
        // The bell may have rung for mail that was read since.
        while !self.shared.conversations.has_more(&self.key) {
            bell.notified().await;
        }
    }

    async fn search(&self, query: &str, top: usize) -> Vec<voronka_core::ports::Passage> {
        let Some(knowledge) = self.partner.pages() else { return Vec::new() };
        match knowledge.search(self.partner.id(), query, top).await {
            Ok(passages) => passages,
            Err(error) => {
                warn!(%error, "the search failed; answering without passages");
                Vec::new()
            }
        }
    }

    async fn complete(&self, prompt: &Prompt, evidence: Arc<Evidence>) -> Result<Completion, ModelError> {
        let Some(model) = self.partner.chat_model() else {
            return Err(ModelError::Unavailable("no model is configured".into()));
        };
        let shown = Shown::new(evidence);
        let mut on_delta = |delta: Delta<'_>| shown.push(delta);
        let completion = tokio::select! {
            completion = model.complete(prompt, &mut on_delta) => completion,
            () = self.shared.clock.sleep_until(self.deadline) => Err(ModelError::TimedOut),
            () = self.signs_of_life(&shown) => Err(ModelError::TimedOut),
        };
        if shown.was_shown() && completion.is_err() {
            self.withdraw().await;
        }
        if let Err(error) = &completion {
            warn!(%error, model = model.name(), "the model did not answer");
        }
        completion
    }

    /// Typing, and the answer as it grows. Never ends; its failures cost nothing.
    async fn signs_of_life(&self, shown: &Shown) {
        let Some(channel) = self.partner.channel_of(&self.account) else { return std::future::pending().await };
        tokio::join!(self.keep_typing(channel), self.keep_showing(channel, shown));
    }

    async fn keep_typing(&self, channel: &Arc<dyn Channel>) {
        if !channel.capabilities().typing.it() {
            return std::future::pending().await;
        }
        let mut next = self.shared.clock.now() + TYPING_AFTER;
        loop {
            self.shared.clock.sleep_until(next).await;
            if let Err(error) = channel.typing(&self.peer).await {
                debug!(%error, "typing could not be shown");
            }
            next = self.shared.clock.now() + TYPING_EVERY;
        }
    }

    async fn keep_showing(&self, channel: &Arc<dyn Channel>, shown: &Shown) {
        if !channel.capabilities().preview.it() {
            return std::future::pending().await;
        }
        loop {
            self.shared.clock.sleep_until(self.shared.clock.now() + PREVIEW_EVERY).await;
            let Some(text) = shown.take_news() else { continue };
            if let Err(error) = channel.preview(&self.peer, &Preview { draft: self.draft, text }).await {
                debug!(%error, "the preview could not be shown");
            }
        }
    }

    async fn withdraw(&self) {
        let Some(channel) = self.partner.channel_of(&self.account) else { return };
        let preview = Preview { draft: self.draft, text: String::new() };
        if let Err(error) = channel.preview(&self.peer, &preview).await {
            debug!(%error, "the preview could not be withdrawn");
        }
    }
}

fn first_four(snapshot: &Snapshot) -> [u8; 4] {
    let bytes = snapshot.key.conversation.0.into_bytes();
    [bytes[0], bytes[1], bytes[2], bytes[3]]
}

/// What of a streamed answer may be shown: whole sentences that passed the guard.
struct Shown(Mutex<State>);

struct State {
    draft: Draft,
    news: Option<String>,
    shown: bool,
}

impl Shown {
    fn new(evidence: Arc<Evidence>) -> Self {
        Self(Mutex::new(State { draft: Draft::new(evidence), news: None, shown: false }))
    }

    fn push(&self, delta: Delta<'_>) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let State { draft, news, .. } = &mut *state;
        if let Some(text) = draft.push(delta) {
            *news = Some(text.to_owned());
        }
    }

    fn take_news(&self) -> Option<String> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let news = state.news.take();
        state.shown |= news.is_some();
        news
    }

    fn was_shown(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).shown
    }
}
