//! The answers of the world to a turn's questions, in time, and shown while they grow.

use std::{
    future::Future,
    panic::AssertUnwindSafe,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
};

use futures::FutureExt;
use jiff::SignedDuration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, debug, debug_span, warn};
use voronka_core::{
    guard::{Draft, Evidence},
    ids::AccountId,
    message::{ConversationKey, Event, Peer},
    ports::{
        ChatModel, Completion, Delta, Fate, Fault, ModelError, Moment, Page, Passage, Preview, Prompt, SendError,
        StoreError,
    },
    rows::MailSeq,
    turn::{Answer, FrequentKey, Look, Question, Seen, Snapshot},
};

use crate::{Shared, conversations::Fresh, observe::Part, partner::Partner, signs};

/// How often an unfinished answer is shown, and how long it may take before it is shown at all.
const PREVIEW_EVERY: SignedDuration = SignedDuration::from_millis(700);
/// How long one preview may take; after one that took longer no more are shown.
const PREVIEW_MAX: SignedDuration = SignedDuration::from_secs(1);
/// How long the answer waits for a preview that is on its way: one that arrives after the answer would stand under it.
const PREVIEW_WAIT: SignedDuration = SignedDuration::from_millis(300);
/// Conversations of one contact, and of one person, that are looked at.
const NAMESAKES_MAX: usize = 20;
/// Pauses after which what cannot be asked for again is read once more.
const LOOK_PAUSES: [SignedDuration; 3] =
    [SignedDuration::from_millis(100), SignedDuration::from_millis(400), SignedDuration::from_secs(2)];
/// Mail that is looked at, besides what the turn has taken, to see whether it overtakes the answer; the more when a person of
/// the team may have stepped in.
const NEWS_MAX: usize = 20;
const NEWS_OF_TEAM_MAX: usize = 10_000;

/// What stands for the model of an answer that was given before.
const TOLD_BEFORE: &str = "cache";

/// By when an answer must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Times {
    /// What a search has not found is not waited for.
    search: Moment,
    /// The first words, guarded; else a plainer answer goes out.
    first_words: Moment,
    /// All of it.
    whole: Moment,
}

impl Times {
    /// For a customer's message that came at `heard`. Whoever wrote before we were there (`None`), or has waited longer than
    /// the promise already (the store was out of reach), gets a good answer rather than a quick one.
    pub(crate) fn of(partner: &Partner, account: &AccountId, heard: Option<Moment>, now: Moment) -> Self {
        let (first_words, whole) = partner.patience(account);
        let (first_words, whole) = match heard.filter(|heard| now < *heard + first_words) {
            Some(heard) => (heard + first_words.min(whole), heard + whole),
            None => (now + whole, now + whole),
        };
        // Half of what is left: the model needs time as well.
        Self { search: now + first_words.since(now) / 2, first_words, whole }
    }
}

/// The world as one turn sees it.
pub(crate) struct World<'a> {
    shared: &'a Arc<Shared>,
    partner: &'a Arc<Partner>,
    key: ConversationKey,
    account: AccountId,
    peer: Peer,
    draft: i64,
    times: Times,
    /// Words of this turn's answer were there: only the whole is waited for.
    spoke: AtomicBool,
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
    /// The preview that the customer sees now; 0: none.
    pub(crate) shown: &'a AtomicI64,
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
    /// Whether it is worth a look at the mail itself.
    fn may_be_by(self, fresh: Fresh) -> bool {
        match self {
            Self::Anybody => fresh.customer || fresh.team,
            Self::Team => fresh.team,
            Self::Nobody => false,
        }
    }

    /// What became of bubbles and what timers say can wait for its turn.
    fn by(self, event: &Event) -> bool {
        match (self, event) {
            (Self::Anybody, Event::Customer { .. })
            | (Self::Anybody | Self::Team, Event::Team { .. } | Event::Deed { .. }) => true,
            (
                Self::Anybody | Self::Team,
                Event::Timer { .. }
                | Event::Delivery { .. }
                | Event::Click { .. }
                | Event::Broadcast { .. }
                | Event::CardLost { .. }
                | Event::Digest
                | Event::Trouble { .. }
                | Event::Kin { .. }
                | Event::Forget { .. }
                | Event::Done { .. },
            )
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
        times: Times,
    ) -> Self {
        // The same for all previews of one answer, another for the next one.
        let draft = i64::from(u32::from_be_bytes(first_four(snapshot))) + snapshot.version + 1;
        let key = snapshot.key.clone();
        Self { shared, partner, key, account, peer, draft, times, spoke: AtomicBool::new(false) }
    }

    /// Answers a question. `None`: mail has come that the answer would miss.
    pub(crate) async fn answer(&self, question: Question, watch: Watch<'_>) -> Option<Answer> {
        match question {
            Question::Search { query, top } => {
                let begun = self.shared.clock.moment();
                let passages = self.search(&query, top).instrument(debug_span!("search", top)).await;
                self.shared.meters.part(Part::Search, begun, self.shared.clock.moment());
                Some(Answer::Passages(passages))
            }
            Question::Look(look) => Some(Answer::Seen(self.look(*look).await)),
            Question::Complete { prompt, evidence, frequent } => {
                if let Some(text) = frequent.and_then(|key| self.told_before(&key)) {
                    let model = TOLD_BEFORE.to_owned();
                    return Some(Answer::Completion(Ok(Completion { text, model, ..Completion::default() })));
                }
                let begun = self.shared.clock.moment();
                let model = self.partner.chat_model().map(ChatModel::name);
                let span = debug_span!("model", model);
                let completion = self.complete(&prompt, evidence, watch).instrument(span).await;
                self.shared.meters.part(Part::Model, begun, self.shared.clock.moment());
                completion.map(Answer::Completion)
            }
        }
    }

    /// What another customer was told who asked the same.
    fn told_before(&self, key: &FrequentKey) -> Option<String> {
        let text = self.partner.frequent().find(key, self.shared.clock.moment())?;
        Some(text.as_ref().to_owned())
    }

    /// What a member of the team wants to see; `None`: the store does not tell.
    async fn look(&self, look: Look) -> Option<Seen> {
        let partner = self.partner.id();
        let directory = self.shared.directory.get();
        let seen = match (look, directory) {
            (Look::Conversation(conversation), _) => {
                let key = ConversationKey { partner: partner.clone(), conversation };
                let loaded = self.patiently(|| self.shared.journal.load(&key, Snapshot::HISTORY_MAX)).await;
                loaded.map(|loaded| Seen::Conversation(loaded.conversation.is_some().then(|| Box::new(loaded))))
            }
            (Look::Links { source }, _) => {
                let mut links: Vec<String> =
                    self.partner.channels().filter_map(|(_, channel)| channel.address(&source)).collect();
                links.sort();
                Ok(Seen::Links(links))
            }
            (Look::Leads(filter, page), Some(directory)) => {
                directory.leads(partner, &filter, page).await.map(Seen::Leads)
            }
            (Look::Report { of, since, until }, Some(directory)) => {
                directory.report(partner, of, since, until).await.map(Seen::Report)
            }
            (Look::People(known), Some(directory)) => {
                let found = self.patiently(|| directory.people(partner, &known, NAMESAKES_MAX)).await;
                if found.as_ref().is_ok_and(|found| found.len() >= NAMESAKES_MAX) {
                    self.shared.crowds.namesakes.call_once(|| {
                        warn!(conversation = %self.key.conversation, most = NAMESAKES_MAX,
                            "many have left one contact: so many of them are compared and no more");
                    });
                }
                found.map(Seen::People)
            }
            (Look::Unanswered { since, limit }, Some(directory)) => {
                let latest = Page::first(limit);
                directory.questions(partner, Fault::Unanswered, since, latest).await.map(Seen::Unanswered)
            }
            (Look::Adjust(adjustment, signature), _) => {
                let Some(adjusts) = self.shared.adjusts.get() else {
                    warn!("the engine was given nobody who keeps settings: the team sets nothing");
                    return None;
                };
                adjusts.adjust(partner, adjustment, signature).await.map(|()| Seen::Adjusted)
            }
            (Look::People(_), None) => return None,
            (Look::Leads(..) | Look::Report { .. } | Look::Unanswered { .. }, None) => {
                warn!("the engine was given no directory: the team sees no lists");
                return None;
            }
        };
        seen.inspect_err(|error| warn!(%error, "a member of the team cannot be shown what they want to see")).ok()
    }

    /// Reads what nobody asks for again: what a member wants done, or who somebody is, would be lost with it.
    async fn patiently<T, F: Future<Output = Result<T, StoreError>>>(&self, read: impl Fn() -> F) -> F::Output {
        let mut pauses = LOOK_PAUSES.into_iter();
        loop {
            let seen = read().await;
            let may_pass = seen.as_ref().is_err_and(|error| matches!(error.fate(), Fate::Retry { .. }));
            match pauses.next().filter(|_| may_pass) {
                Some(pause) => self.shared.clock.sleep(pause).await,
                None => return seen,
            }
        }
    }

    async fn search(&self, query: &str, top: usize) -> Vec<Passage> {
        let Some(knowledge) = self.partner.pages() else { return Vec::new() };
        let search = AssertUnwindSafe(knowledge.search(self.partner.id(), query, top)).catch_unwind();
        let found = tokio::select! {
            biased;
            found = search => found,
            () = self.until(self.times.search) => {
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
                // The call is dropped with its future: what the model says later, nobody hears.
                () = self.too_late(&shown) => Some(Err(ModelError::TimedOut)),
            }
        };
        let (mut completion, ()) = tokio::join!(asking, self.keep_showing(&shown, &answered, watch.shown));
        if completion.is_some() && self.is_overtaken(watch).await {
            completion = None;
        }
        if let Some(Err(error)) = &completion {
            warn!(%error, model = model.name(), "the model did not answer");
        }
        if !matches!(completion, Some(Ok(_))) {
            withdraw(self.shared, self.partner, &self.account, &self.peer, watch.shown).await;
        }
        completion
    }

    /// Returns when the answer has taken too long: no first words, or not all of them.
    async fn too_late(&self, shown: &Shown) {
        if !self.spoke.load(Ordering::Relaxed) {
            self.until(self.times.first_words).await;
            if !shown.has_words() {
                return;
            }
            self.spoke.store(true, Ordering::Relaxed);
        }
        self.until(self.times.whole).await;
    }

    /// The clock may be set meanwhile: nobody waits longer for that, and no answer comes sooner.
    async fn until(&self, moment: Moment) {
        let clock = &self.shared.clock;
        clock.sleep(moment.since(clock.moment())).await;
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
        let fresh = self.shared.conversations.take_fresh(&self.key);
        if !watch.by.may_be_by(fresh) {
            return false;
        }
        let more = if fresh.team { NEWS_OF_TEAM_MAX } else { NEWS_MAX };
        let most = watch.mail.len() + more;
        let known = self.shared.mailboxes.mail(&self.key, most).map(Ok);
        let mail = match known {
            Some(mail) => mail,
            None => self.shared.journal.mail(&self.key, most).await,
        };
        match mail {
            Ok(mail) => {
                let mut news = mail.iter().filter(|mail| !watch.mail.contains(&mail.seq));
                news.any(|mail| watch.by.by(&mail.inbound.event))
            }
            Err(error) => {
                debug!(%error, "the mailbox could not be looked into");
                self.shared.conversations.put_back(&self.key, fresh);
                false
            }
        }
    }

    /// Shows the answer as it grows, until it is there. What fails here costs nothing, and what hangs next to nothing.
    async fn keep_showing(&self, shown: &Shown, answered: &CancellationToken, on_screen: &AtomicI64) {
        let channel = self.partner.channel_of(&self.account).filter(|channel| channel.capabilities().preview.it());
        let Some(channel) = channel else { return };
        let (shared, clock) = (self.shared, &self.shared.clock);
        let line = (self.partner.id().clone(), self.account.clone());
        loop {
            tokio::select! {
                biased;
                () = answered.cancelled() => return,
                () = clock.sleep(PREVIEW_EVERY) => {}
            }
            let Some(text) = shown.take_news() else { continue };
            if shared.signs.is_quiet(&line, clock.moment()) || !shared.journal.holds(&line.0) {
                continue;
            }
            on_screen.store(self.draft, Ordering::Relaxed);
            let preview = Preview { draft: self.draft, text };
            tokio::select! {
                biased;
                asked = harmless("a preview", channel.preview(&self.peer, &preview)) => {
                    if let Some(pause) = asked {
                        shared.signs.be_quiet(&line, clock.moment() + pause);
                    }
                }
                () = self.a_while_after(answered) => debug!("a preview is late; the answer goes on"),
                () = clock.sleep(PREVIEW_MAX) => {
                    debug!("a preview hangs; no more are shown");
                    return;
                }
            }
        }
    }

    async fn a_while_after(&self, answered: &CancellationToken) {
        answered.cancelled().await;
        self.shared.clock.sleep(PREVIEW_WAIT).await;
    }
}

/// Takes a preview away that no answer will replace.
pub(crate) async fn withdraw(
    shared: &Arc<Shared>,
    partner: &Partner,
    account: &AccountId,
    peer: &Peer,
    shown: &AtomicI64,
) {
    let draft = shown.swap(0, Ordering::Relaxed);
    let Some(channel) = partner.channel_of(account).filter(|_| draft != 0) else { return };
    let nothing = Preview { draft, text: String::new() };
    tokio::select! {
        biased;
        _asked = harmless("a withdrawal", channel.preview(peer, &nothing)) => {}
        () = shared.clock.sleep(PREVIEW_WAIT) => {}
    }
}

/// Asks the model. An adapter that panics is out of order, which is no fault of the conversation.
async fn ask(model: &dyn ChatModel, prompt: &Prompt, shown: &Shown) -> Result<Completion, ModelError> {
    let mut on_delta = |delta: Delta<'_>| shown.push(delta);
    let completion = AssertUnwindSafe(model.complete(prompt, &mut on_delta)).catch_unwind().await;
    completion.unwrap_or_else(|_panic| Err(ModelError::Unavailable("its adapter panicked".into())))
}

/// Something that may fail, even panic, and costs nothing then; for how long the channel asks to slow down.
async fn harmless(what: &'static str, call: impl Future<Output = Result<(), SendError>>) -> Option<SignedDuration> {
    match AssertUnwindSafe(call).catch_unwind().await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => {
            debug!(%error, what, "a side call failed");
            signs::asked_pause(&error)
        }
        Err(_panic) => {
            warn!(what, "a side call panicked");
            None
        }
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
    /// What passed and was not shown yet.
    news: Option<String>,
    /// Whether there are words that passed.
    words: bool,
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
        Self(Mutex::new(State { draft, unseen: String::new(), anew: Anew::No, news: None, words: false }))
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

    /// All that may be shown, if that has changed.
    fn take_news(&self) -> Option<String> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.look();
        state.news.take()
    }

    /// Whether there are words that may be shown.
    fn has_words(&self) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.look();
        state.words
    }
}

impl State {
    /// Lets the guard look at what has come.
    fn look(&mut self) {
        let unseen = std::mem::take(&mut self.unseen);
        let delta = match std::mem::replace(&mut self.anew, Anew::No) {
            Anew::Yes => Delta::Replace(&unseen),
            Anew::No if unseen.is_empty() => return,
            Anew::No => Delta::Append(&unseen),
        };
        if let Some(news) = self.draft.push(delta).map(str::to_owned) {
            self.words = !news.trim().is_empty();
            self.news = Some(news);
        }
    }
}
