//! The answers of the world to a turn's questions, with signs of life while they are made.

use std::{
    future::Future,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError},
};

use futures::FutureExt;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, debug, debug_span, warn};
use voronka_core::{
    guard::{Draft, Evidence},
    ids::AccountId,
    message::{ConversationKey, Event, Peer},
    ports::{Channel, ChatModel, Completion, Delta, ModelError, Passage, Preview, Prompt, SendError},
    rows::MailSeq,
    turn::{Answer, Question, Snapshot},
};

use crate::{Shared, observe::Part, partner::Partner};

/// How long an answer may take before the customer sees that it is being made.
const TYPING_AFTER: SignedDuration = SignedDuration::from_millis(300);
/// The sign lasts five seconds in the messengers that have one; it is renewed in time.
const TYPING_EVERY: SignedDuration = SignedDuration::from_secs(4);
/// How often an unfinished answer is shown, and how long it may take before it is shown at all.
const PREVIEW_EVERY: SignedDuration = SignedDuration::from_millis(700);
/// How long the answer waits for a preview that is on its way: one that arrives after the answer would stand under it.
const PREVIEW_WAIT: SignedDuration = SignedDuration::from_secs(1);
/// Mail that is looked at, besides what the turn has taken, to see whether it overtakes the answer.
const NEWS_MAX: usize = 20;

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

/// What a turn looks out for while the model thinks.
#[derive(Clone, Copy)]
pub(crate) struct Watch<'a> {
    /// Rings when mail comes.
    pub(crate) bell: &'a Notify,
    /// What the turn has taken already.
    pub(crate) mail: &'a [MailSeq],
    /// Whose mail makes the answer worthless.
    pub(crate) by: Overtaking,
}

/// Whose mail makes an unsent answer worthless.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Overtaking {
    /// The customer's, who should get one answer to all they wrote; and the team's.
    Anybody,
    /// The team's: a bot must not talk across a person.
    Team,
    /// None.
    Nobody,
}

impl Overtaking {
    /// What became of bubbles and what timers say can wait for its turn.
    fn by(self, event: &Event) -> bool {
        match (self, event) {
            (Self::Anybody, Event::Customer { .. } | Event::Team { .. }) | (Self::Team, Event::Team { .. }) => true,
            (Self::Anybody | Self::Team, Event::Timer { .. } | Event::Delivery { .. })
            | (Self::Team, Event::Customer { .. })
            | (Self::Nobody, _) => false,
        }
    }
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

    /// Answers a question. `None`: mail has come that the answer would miss.
    pub(crate) async fn answer(&self, question: Question, watch: Watch<'_>) -> Option<Answer> {
        match question {
            Question::Search { query, top } => {
                let begun = self.shared.clock.now();
                let passages = self.search(&query, top).instrument(debug_span!("search", top)).await;
                self.shared.meters.part(Part::Search, begun, self.shared.clock.now());
                Some(Answer::Passages(passages))
            }
            Question::Complete { prompt, evidence } => {
                let begun = self.shared.clock.now();
                let model = self.partner.chat_model().map(ChatModel::name);
                let span = debug_span!("model", model);
                let completion = self.complete(&prompt, evidence, watch).instrument(span).await;
                self.shared.meters.part(Part::Model, begun, self.shared.clock.now());
                completion.map(Answer::Completion)
            }
        }
    }

    async fn search(&self, query: &str, top: usize) -> Vec<Passage> {
        let Some(knowledge) = self.partner.pages() else { return Vec::new() };
        let search = AssertUnwindSafe(knowledge.search(self.partner.id(), query, top)).catch_unwind();
        let found = tokio::select! {
            biased;
            found = search => found,
            () = self.shared.clock.sleep_until(self.deadline) => {
                warn!("the search took too long; answering without passages");
                return Vec::new();
            }
        };
        match found {
            Ok(Ok(passages)) => passages,
            Ok(Err(error)) => {
                warn!(%error, "the search failed; answering without passages");
                Vec::new()
            }
            Err(_panic) => {
                warn!("the search panicked; answering without passages");
                Vec::new()
            }
        }
    }

    async fn complete(
        &self,
        prompt: &Prompt,
        evidence: Arc<Evidence>,
        watch: Watch<'_>,
    ) -> Option<Result<Completion, ModelError>> {
        let Some(model) = self.partner.chat_model() else {
            return Some(Err(ModelError::Unavailable("no model is configured".into())));
        };
        let shown = Shown::new(evidence);
        let answered = CancellationToken::new();
        let asking = async {
            let _answered = answered.clone().drop_guard();
            tokio::select! {
                biased;
                () = self.overtaken(watch) => None,
                completion = ask(model.as_ref(), prompt, &shown) => Some(completion),
                () = self.shared.clock.sleep_until(self.deadline) => Some(Err(ModelError::TimedOut)),
            }
        };
        let (mut completion, ()) = tokio::join!(asking, self.signs_of_life(&shown, &answered));
        if completion.is_some() && self.is_overtaken(watch).await {
            completion = None;
        }
        if let Some(Err(error)) = &completion {
            warn!(%error, model = model.name(), "the model did not answer");
        }
        if shown.was_shown() && !matches!(completion, Some(Ok(_))) {
            self.withdraw().await;
        }
        completion
    }

    /// Returns when mail has come that the answer would miss.
    async fn overtaken(&self, watch: Watch<'_>) {
        while !self.is_overtaken(watch).await {
            watch.bell.notified().await;
        }
    }

    /// Looks at the mail itself: the bell rings late for mail that was read while it was being written, and not all mail
    /// is worth a new answer.
    async fn is_overtaken(&self, watch: Watch<'_>) -> bool {
        if watch.by == Overtaking::Nobody || !self.shared.conversations.has_more(&self.key) {
            return false;
        }
        match self.shared.journal.mail(&self.key, watch.mail.len() + NEWS_MAX).await {
            Ok(mail) => {
                let mut news = mail.iter().filter(|mail| !watch.mail.contains(&mail.seq));
                news.any(|mail| watch.by.by(&mail.inbound.event))
            }
            Err(error) => {
                debug!(%error, "the mailbox could not be looked into");
                false
            }
        }
    }

    /// Typing, and the answer as it grows, until it is there. What fails here costs nothing.
    async fn signs_of_life(&self, shown: &Shown, answered: &CancellationToken) {
        let Some(channel) = self.partner.channel_of(&self.account) else { return };
        let typing = async {
            tokio::select! {
                biased;
                () = answered.cancelled() => {}
                () = keep_typing(self.shared, channel, &self.peer) => {}
            }
        };
        tokio::join!(typing, self.keep_showing(channel, shown, answered));
    }

    async fn keep_showing(&self, channel: &Arc<dyn Channel>, shown: &Shown, answered: &CancellationToken) {
        if !channel.capabilities().preview.it() {
            return;
        }
        loop {
            tokio::select! {
                biased;
                () = answered.cancelled() => return,
                () = self.shared.clock.sleep_until(self.shared.clock.now() + PREVIEW_EVERY) => {}
            }
            let Some(text) = shown.take_news() else { continue };
            let preview = Preview { draft: self.draft, text };
            tokio::select! {
                biased;
                () = harmless("a preview", channel.preview(&self.peer, &preview)) => {}
                () = self.a_while_after(answered) => debug!("a preview hangs; the answer goes on"),
            }
        }
    }

    async fn a_while_after(&self, answered: &CancellationToken) {
        answered.cancelled().await;
        self.shared.clock.sleep_until(self.shared.clock.now() + PREVIEW_WAIT).await;
    }

    async fn withdraw(&self) {
        let Some(channel) = self.partner.channel_of(&self.account) else { return };
        let nothing = Preview { draft: self.draft, text: String::new() };
        tokio::select! {
            biased;
            () = harmless("a withdrawal", channel.preview(&self.peer, &nothing)) => {}
            () = self.shared.clock.sleep_until(self.shared.clock.now() + PREVIEW_WAIT) => {}
        }
    }
}

/// Shows that an answer is being made, if the channel can; never returns.
pub(crate) async fn keep_typing(shared: &Arc<Shared>, channel: &Arc<dyn Channel>, peer: &Peer) {
    if !channel.capabilities().typing.it() {
        return std::future::pending().await;
    }
    let mut next = shared.clock.now() + TYPING_AFTER;
    loop {
        shared.clock.sleep_until(next).await;
        harmless("typing", channel.typing(peer)).await;
        next = shared.clock.now() + TYPING_EVERY;
    }
}

/// Asks the model. An adapter that panics is out of order, which is no fault of the conversation.
async fn ask(model: &dyn ChatModel, prompt: &Prompt, shown: &Shown) -> Result<Completion, ModelError> {
    let mut on_delta = |delta: Delta<'_>| shown.push(delta);
    let completion = AssertUnwindSafe(model.complete(prompt, &mut on_delta)).catch_unwind().await;
    completion.unwrap_or_else(|_panic| Err(ModelError::Unavailable("its adapter panicked".into())))
}

/// Something that may fail, even panic, and costs nothing then.
async fn harmless(what: &'static str, call: impl Future<Output = Result<(), SendError>>) {
    match AssertUnwindSafe(call).catch_unwind().await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => debug!(%error, what, "a side call failed"),
        Err(_panic) => warn!(what, "a side call panicked"),
    }
}

fn first_four(snapshot: &Snapshot) -> [u8; 4] {
    let bytes = snapshot.key.conversation.0.into_bytes();
    [bytes[0], bytes[1], bytes[2], bytes[3]]
}

/// What of a streamed answer may be shown: whole sentences that passed the guard. The guard looks only when something is about
/// to be shown: most answers are there before that.
struct Shown(Mutex<State>);

struct State {
    draft: Draft,
    /// What came since the guard looked.
    unseen: String,
    /// Whether it replaces what came before.
    anew: Anew,
    shown: bool,
}

/// Whether a text replaces what came before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Anew {
    Yes,
    No,
}

impl Shown {
    fn new(evidence: Arc<Evidence>) -> Self {
        let draft = Draft::new(evidence);
        Self(Mutex::new(State { draft, unseen: String::new(), anew: Anew::No, shown: false }))
    }

    fn push(&self, delta: Delta<'_>) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match delta {
            Delta::Append(text) => state.unseen.push_str(text),
            Delta::Replace(text) => {
                text.clone_into(&mut state.unseen);
                state.anew = Anew::Yes;
            }
        }
    }

    fn take_news(&self) -> Option<String> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let unseen = std::mem::take(&mut state.unseen);
        let delta = match std::mem::replace(&mut state.anew, Anew::No) {
            Anew::Yes => Delta::Replace(&unseen),
            Anew::No if unseen.is_empty() => return None,
            Anew::No => Delta::Append(&unseen),
        };
        let news = state.draft.push(delta).map(str::to_owned);
        state.shown |= news.is_some();
        news
    }

    fn was_shown(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).shown
    }
}
