//! The messengers, the models and the pages of a run.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use voronka_core::{
    capabilities::Capabilities,
    ids::{AccountId, BubbleId, PartnerId},
    message::{Bubble, Inbound, Peer},
    ports::{
        Channel, ChatMessage, ChatModel, Completion, Delta, Finish, Indexed, Knowledge, KnowledgeError, Malformed,
        ModelError, OnDelta, Passage, Preview, Prompt, Receipt, SendError, ToolCall, Usage,
    },
    spec::knowledge::Page,
};

use super::{
    scene,
    truth::{EventId, unread_event},
    world::{Fault, World, panics},
};

/// How long a call hangs before its adapter gives it up.
const HANGS: SignedDuration = SignedDuration::from_secs(30);

/// One account of one partner on a messenger.
pub(super) struct SimChannel {
    pub(super) world: Arc<World>,
    pub(super) partner: PartnerId,
    pub(super) account: AccountId,
    pub(super) capabilities: Capabilities,
}

impl SimChannel {
    pub(super) fn new(world: &Arc<World>, partner: &PartnerId, account: &AccountId) -> Self {
        let capabilities = scene::capabilities(account.as_str());
        Self { world: Arc::clone(world), partner: partner.clone(), account: account.clone(), capabilities }
    }

    fn name(&self) -> String {
        format!("{}/{}", self.partner, self.account)
    }

    async fn side_call(&self, what: &str, to: &Peer, effect: impl FnOnce() + Send) -> Result<(), SendError> {
        self.world.takes_time("a side call").await;
        let fault = self.world.state().channel_fault();
        let Some(fault) = fault else {
            effect();
            return Ok(());
        };
        self.world.tell(|| format!("{what} to {}/{to}: {fault:?}", self.name()));
        if fault.done() {
            effect();
        }
        match fault {
            Fault::Fails { error, .. } => Err(error),
            Fault::Hangs { .. } => std::future::pending().await,
            Fault::Panics { .. } => panics(),
        }
    }
}

#[async_trait]
impl Channel for SimChannel {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn send(&self, to: &Peer, bubble: &Bubble, id: BubbleId) -> Result<Receipt, SendError> {
        let world = &self.world;
        let asked = world.state().sending();
        world.takes_time("a send").await;
        let fault = world.state().channel_fault();
        let show = || world.state().shown(self, to, bubble, id, asked);
        let Some(fault) = fault else {
            show();
            let mut answering = Answering { world, id, told: false };
            world.takes_time("a send").await;
            answering.told = true;
            return Ok(Receipt { message: Some(id.to_string()) });
        };
        world.tell(|| format!("send to {}/{to}: {fault:?}", self.name()));
        world.state().not_sent(id, &fault);
        if fault.done() {
            show();
        }
        match fault {
            Fault::Fails { error, .. } => Err(error),
            Fault::Hangs { .. } => {
                world.rest(HANGS).await;
                Err(SendError::Unanswered("timed out".into()))
            }
            Fault::Panics { .. } => panics(),
        }
    }

    fn parse(&self, body: &[u8], _at: Timestamp) -> Result<Vec<Inbound>, Malformed> {
        let mut state = self.world.state();
        // In the end whatever was wrong is mended.
        if state.troubled && state.whims.one_in(2) {
            return Err(Malformed("no JSON".into()));
        }
        match unread_event(&String::from_utf8_lossy(body)) {
            EventId::Act(act) => Ok(vec![state.truth.acts[act].inbound.clone()]),
            EventId::Timer(..) | EventId::Delivery(_) | EventId::Strange(_) => Err(Malformed("no event".into())),
        }
    }

    async fn typing(&self, to: &Peer) -> Result<(), SendError> {
        self.side_call("typing", to, || {}).await
    }

    async fn preview(&self, to: &Peer, preview: &Preview) -> Result<(), SendError> {
        if preview.text.is_empty() {
            // Tried is enough: that it may fail costs nothing.
            self.world.state().withdrawn(self, to);
        }
        self.side_call("a preview", to, || self.world.state().previewed(self, to, preview)).await
    }
}

/// A messenger that has shown a bubble, and answers. Nobody may be left to hear it.
struct Answering<'a> {
    world: &'a Arc<World>,
    id: BubbleId,
    told: bool,
}

impl Drop for Answering<'_> {
    fn drop(&mut self) {
        if !self.told {
            self.world.state().not_heard_of(self.id);
        }
    }
}

/// A model that repeats what the customer said, with a word of its own for each answer.
pub(super) struct SimModel {
    pub(super) world: Arc<World>,
    pub(super) partner: PartnerId,
}

impl SimModel {
    fn answer(&self, prompt: &Prompt) -> String {
        let said = prompt.messages.iter().rev().find_map(|message| match message {
            ChatMessage::User { text } => Some(text.as_str()),
            ChatMessage::Assistant { .. } | ChatMessage::Tool { .. } => None,
        });
        let heard = said.unwrap_or_default();
        let mut state = self.world.state();
        let all = prompt.messages.iter().map(|message| match message {
            ChatMessage::User { text } | ChatMessage::Assistant { text, .. } => text.as_str(),
            ChatMessage::Tool { content, .. } => content.as_str(),
        });
        let text: String = all.chain([prompt.system.as_str()]).collect::<Vec<_>>().join("\n");
        state.asked(&self.partner, &text);
        let call = state.truth.calls.len();
        let began = state.elapsed;
        state.truth.calls.push((began, None));
        let words: Vec<String> = scene::words_in(heard).into_iter().map(|(chat, n)| scene::word(chat, n)).collect();
        let mine = scene::answer_word(call);
        if words.is_empty() {
            format!("Поняла вас. И {mine}. Пишите ещё.")
        } else {
            format!("Про это: {}. И {mine}. Пишите ещё.", words.join(", "))
        }
    }

    /// In some runs it calls a tool now and then, and may say something before: one that there is, or none; with arguments that
    /// fit, or none that do.
    fn wish(&self, prompt: &Prompt) -> Option<ToolCall> {
        let mut state = self.world.state();
        let often = state.tool_calls;
        if often == 0 || prompt.tools.is_empty() || !state.whims.one_in(often) {
            return None;
        }
        let wishes = [
            ("hand_off", r#"{"reason": "не знаю"}"#),
            ("start_flow", r#"{"flow": "zakaz"}"#),
            ("start_flow", r#"{"flow": "nothing"}"#),
            ("cancel_flow", "{}"),
            ("show_products", "{"),
            ("no_such_tool", "{}"),
        ];
        let (name, arguments) = *state.whims.pick(&wishes);
        Some(ToolCall { id: "call-1".into(), name: name.into(), arguments: arguments.into() })
    }

    /// Says its answer bit by bit, cut anywhere, with pauses in which it is shown.
    async fn stream(&self, text: &str, millis: i64, on_delta: OnDelta<'_>) {
        let (mut cuts, anew) = {
            let chance = &mut self.world.state().chance;
            let pieces = chance.below(4) + 1;
            let cuts: Vec<usize> = (0..pieces).map(|_| text.floor_char_boundary(chance.index(text.len()))).collect();
            (cuts, chance.below(8))
        };
        cuts.sort_unstable();
        let pause = SignedDuration::from_millis(millis) / i32::try_from(cuts.len() + 1).unwrap_or(i32::MAX);
        let mut from = 0;
        for (n, cut) in cuts.into_iter().enumerate() {
            self.world.rest(pause).await;
            match anew {
                // A fallback model begins anew.
                1 if n == 0 => on_delta(Delta::Append("Сейчас расскажу. Одну мину")),
                0 | 1 => on_delta(Delta::Replace(&text[..cut])),
                _ => on_delta(Delta::Append(&text[from..cut])),
            }
            from = cut;
        }
        self.world.rest(pause).await;
        match anew {
            0 | 1 => on_delta(Delta::Replace(text)),
            _ => on_delta(Delta::Append(&text[from..])),
        }
    }
}

#[async_trait]
impl ChatModel for SimModel {
    fn name(&self) -> &'static str {
        "simulated"
    }

    async fn complete(&self, prompt: &Prompt, on_delta: OnDelta<'_>) -> Result<Completion, ModelError> {
        let world = &self.world;
        let text = self.answer(prompt);
        let call = scene::answers_in(&text).first().copied().unwrap_or(0);
        world.tell(|| format!("model {}: asked, would say «{text}»", self.partner));
        world.takes_time("a model").await;
        let (fault, long) = {
            let mut state = world.state();
            let fault = state.model_fault();
            let long = (state.troubled && state.chance.one_in(3)).then(|| state.chance.within(500, 12_000));
            (fault, long)
        };
        if let Some(fault) = fault {
            world.tell(|| format!("model: {fault:?}"));
            if fault.done() {
                // A letter of the next sentence: without it nobody knows that the first one is at its end.
                on_delta(Delta::Append("Сейчас расскажу. О"));
                world.rest(SignedDuration::from_secs(2)).await;
            }
            match fault {
                Fault::Fails { error, .. } => return Err(error),
                Fault::Hangs { .. } => return std::future::pending().await,
                Fault::Panics { .. } => panics(),
            }
        }
        let wish = self.wish(prompt);
        let silent = wish.is_some() && world.state().whims.one_in(2);
        let text = if silent { String::new() } else { text };
        if let Some(millis) = long {
            self.stream(&text, millis, on_delta).await;
        }
        {
            let mut state = world.state();
            let done = state.elapsed;
            state.truth.calls[call].1 = Some(done);
        }
        let usage = Usage { input: 1, cached: 0, output: 1 };
        if let Some(wish) = &wish {
            world.tell(|| format!("model {}: calls {wish:?}", self.partner));
        }
        let calls = wish.into_iter().collect();
        Ok(Completion { text, calls, finish: Finish::Stop, usage, model: "simulated".into(), nearing: None })
    }
}

/// Pages that know one thing.
pub(super) struct SimKnowledge {
    pub(super) world: Arc<World>,
    pub(super) partner: PartnerId,
}

#[async_trait]
impl Knowledge for SimKnowledge {
    async fn index(&self, _partner: &PartnerId, _pages: &[Page]) -> Result<Indexed, KnowledgeError> {
        Ok(Indexed::default())
    }

    async fn search(&self, partner: &PartnerId, question: &str, _top: usize) -> Result<Vec<Passage>, KnowledgeError> {
        let world = &self.world;
        if *partner != self.partner {
            world.state().broken("isolation", "pages are searched for another partner");
        }
        world.state().asked(&self.partner, question);
        world.takes_time("a search").await;
        let fault = world.state().knowledge_fault();
        match fault {
            None => {}
            Some(Fault::Fails { error, .. }) => return Err(error),
            Some(Fault::Hangs { .. }) => return std::future::pending().await,
            Some(Fault::Panics { .. }) => panics(),
        }
        if world.state().chance.one_in(2) {
            return Ok(Vec::new());
        }
        let (page, title) = ("delivery.md".to_owned(), "Доставка".to_owned());
        let text = "Доставляем по городу каждый день.".to_owned();
        Ok(vec![Passage { page, title, heading: String::new(), text, score: 0.9, part: None }])
    }
}

/// Whether a failure leaves open what happened.
pub(super) fn is_unclear(fault: &Fault<SendError>) -> bool {
    match fault {
        Fault::Fails { error: SendError::Unanswered(_), .. } | Fault::Hangs { .. } | Fault::Panics { .. } => true,
        Fault::Fails { .. } => false,
    }
}

/// Whether a failure is final: the bubble may be given up.
pub(super) fn is_final(fault: &Fault<SendError>) -> bool {
    match fault {
        Fault::Fails { error, .. } => match error {
            SendError::Blocked | SendError::Gone | SendError::Refused(_) => true,
            SendError::Limited { .. }
            | SendError::ChatLimited { .. }
            | SendError::Unavailable(_)
            | SendError::Unanswered(_)
            | SendError::Unauthorised => false,
        },
        Fault::Hangs { .. } | Fault::Panics { .. } => false,
    }
}

/// Longest time for which a channel may try one bubble.
pub(super) const TRIED_FOR: Duration = Duration::from_hours(24);
