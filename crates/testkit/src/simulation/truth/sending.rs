//! What people see, and what the engine is told of it.

use jiff::SignedDuration;
use voronka_core::{
    ids::BubbleId,
    message::{Bubble, Peer},
    ports::{self, Preview, SendError, Settled, StoreError},
    rows::Lane,
};

use super::{
    super::{
        ports::{SimChannel, TRIED_FOR, is_final, is_unclear},
        scene,
        world::Fault,
    },
    Fate, Standing, State,
};

/// How often a bubble is sent again without a key while nobody knows whether it arrived (docs/architecture.md).
const UNCLEAR_REPEATS: u32 = 3;

impl Fate {
    /// Whether so many answers of the messenger were lost that it may be given up: it was sent, and three times again. With an
    /// idempotency key it is sent until that is clear.
    pub(super) fn may_be_lost(&self) -> bool {
        self.unclear > UNCLEAR_REPEATS && !scene::capabilities(self.row.account.as_str()).idempotent.it()
    }
}

impl State {
    /// Somebody sees a bubble.
    pub(in crate::simulation) fn shown(
        &mut self,
        on: &SimChannel,
        to: &Peer,
        bubble: &Bubble,
        id: BubbleId,
        asked: u64,
    ) {
        let idempotent = on.capabilities.idempotent.it();
        let overlapped = self.truth.overlapped;
        self.tell(|| format!("{}/{} {to} sees «{}»", on.partner, on.account, bubble.text.text));
        let Some(fate) = self.truth.bubbles.get_mut(&id) else {
            return self
                .broken("commit before send", &format!("«{}» is shown and was never committed", bubble.text.text));
        };
        let mut wrong = Vec::new();
        let home = &fate.row;
        if home.conversation.partner != on.partner || home.account != on.account || home.peer != *to {
            wrong.push((
                "right chat",
                format!("{}/{}/{to} sees what is meant for {}/{}", on.partner, on.account, home.account, home.peer),
            ));
        }
        if home.bubble != *bubble {
            wrong.push((
                "right chat",
                format!("«{}» is shown instead of «{}»", bubble.text.text, home.bubble.text.text),
            ));
        }
        if fate.settled && !idempotent && !overlapped {
            wrong
                .push(("nothing twice", format!("«{}» is shown again after its result was written", bubble.text.text)));
        }
        let is_first = fate.shows == 0;
        fate.shows += u32::from(is_first || !idempotent);
        // A second engine may have read the bubble before the first one showed it.
        let allowed = if idempotent { 1 } else { 1 + fate.excused + u32::from(overlapped) };
        if fate.shows > allowed {
            wrong.push((
                "nothing twice",
                format!("«{}» is shown {} times, {allowed} are excused", bubble.text.text, fate.shows),
            ));
        }
        let (lane, seq, key, version) = (home.lane, home.seq, home.conversation.clone(), fate.version);
        let row = home.clone();
        self.check_unasked(&row, asked);
        if let Some(desk) = scene::desk_of(&key).filter(|_| !bubble.rows.is_empty()) {
            self.screens.insert(desk, bubble.clone());
        }
        // A repeat that the messenger does not know as one is seen in its place too.
        let has_place = is_first || !(idempotent || self.truth.unwritable.contains(&id));
        if let Some(chat) = scene::chat_of(&key).filter(|_| has_place && lane == Lane::Dialogue) {
            // A word that stands for a turn is no message of the record, and has no place in it.
            let last = self.truth.last_shown.get(&chat).copied().unwrap_or(0);
            self.truth.last_shown.insert(chat, seq.max(last));
            if seq > 0 && last > seq && !overlapped {
                wrong.push(("order", format!("chat {chat} sees message {seq} after {last}")));
            }
            if !bubble.rows.is_empty() {
                self.screens.insert(chat, bubble.clone());
            }
            self.replace_preview(chat, version);
        }
        for (rule, what) in wrong {
            self.broken(rule, &what);
        }
    }

    pub(in crate::simulation) fn not_sent(&mut self, id: BubbleId, fault: &Fault<SendError>) {
        if let Some(fate) = self.truth.bubbles.get_mut(&id) {
            fate.failed += 1;
            fate.unclear += u32::from(is_unclear(fault));
            fate.excused += u32::from(is_unclear(fault) && fault.done());
            fate.refused |= is_final(fault);
        }
    }

    /// A messenger has shown a bubble, and whoever asked it is gone. Deaths are counted when they come.
    pub(in crate::simulation) fn not_heard_of(&mut self, id: BubbleId) {
        if let Some(fate) = self.truth.bubbles.get_mut(&id).filter(|_| !self.dead) {
            fate.excused += 1;
        }
    }

    /// Results were to be written, and may not be; `why`: the store said so.
    pub(in crate::simulation) fn unwritten(&mut self, settled: &[Settled], why: Option<&StoreError>) {
        let for_good = why.is_some_and(|error| error.fate() == ports::Fate::Final);
        for one in settled {
            let (Settled::Sent { id, .. } | Settled::GivenUp { id, .. } | Settled::Tried { id, .. }) = one;
            if let Some(fate) = self.truth.bubbles.get_mut(id) {
                fate.unwritten = true;
            }
            if for_good {
                self.truth.unwritable.insert(*id);
            }
        }
    }

    /// The process has ended: what it showed without a result on the disk may be shown once more, if it died or could not
    /// write the result.
    pub(in crate::simulation) fn ended(&mut self, died: bool) {
        for fate in self.truth.bubbles.values_mut() {
            let unwritten = std::mem::take(&mut fate.unwritten);
            fate.excused += u32::from(fate.shows > 0 && !fate.settled && (died || unwritten));
        }
    }

    fn chat_on(on: &SimChannel, to: &Peer) -> Option<usize> {
        scene::chats()
            .iter()
            .position(|chat| chat.partner == on.partner && chat.account == on.account && chat.peer == *to)
    }

    /// Somebody sees an unfinished answer.
    pub(in crate::simulation) fn previewed(&mut self, on: &SimChannel, to: &Peer, preview: &Preview) {
        let Some(chat) = Self::chat_on(on, to) else {
            return self.broken("right chat", "a preview goes to a stranger");
        };
        self.tell(|| format!("chat {chat} sees a preview: «{}»", preview.text));
        if scene::words_in(&preview.text).iter().any(|(of, _)| *of != chat) {
            self.broken("right chat", &format!("chat {chat} sees a preview of another's"));
        }
        let version = self.truth.versions.get(&chat).copied().unwrap_or(0);
        self.truth.previewed += 1;
        let said = scene::words_in(&preview.text).into_iter().any(|word| self.truth.answered.contains_key(&word));
        let since = *self.truth.drafts.entry((chat, preview.draft)).or_insert(version);
        if preview.text.is_empty() {
            self.truth.previews.remove(&chat);
            return;
        }
        if (since != version || said) && !self.truth.overlapped {
            self.broken("previews", &format!("chat {chat} sees a preview of a turn that is over"));
        }
        let standing = Standing { starts: self.truth.starts, version, text: preview.text.clone() };
        self.truth.previews.insert(chat, standing);
    }

    pub(in crate::simulation) fn withdrawn(&mut self, on: &SimChannel, to: &Peer) {
        if let Some(chat) = Self::chat_on(on, to) {
            self.truth.previews.remove(&chat);
        }
    }

    pub(in crate::simulation) fn settled(&mut self, settled: &Settled) {
        self.tell(|| format!("settled {settled:?}"));
        let (id, given_up) = match settled {
            Settled::Sent { id, .. } => (id, false),
            Settled::GivenUp { id, .. } => (id, true),
            Settled::Tried { .. } => return,
        };
        let now = self.now();
        let Some(fate) = self.truth.bubbles.get_mut(id) else {
            return self.broken("commit before send", "the result of a bubble that was never committed");
        };
        fate.settled = true;
        let chat = scene::chat_of(&fate.row.conversation);
        let text = fate.row.bubble.text.text.clone();
        let tried_for = SignedDuration::try_from(TRIED_FOR).unwrap_or(SignedDuration::MAX);
        let old = now.duration_since(fate.at) > tried_for && fate.failed > 0;
        let expired = fate.row.expires.is_some_and(|expires| expires <= now);
        let excused = fate.refused || fate.may_be_lost() || old || expired;
        let (shows, version) = (fate.shows, fate.version);
        if let Some(chat) = chat.filter(|_| given_up) {
            // What would have replaced the preview does not come.
            self.replace_preview(chat, version);
        }
        if !given_up && shows == 0 {
            self.broken("nothing lost", &format!("«{text}» is noted as sent, and nobody has seen it"));
        }
        if given_up && !excused {
            self.broken("nothing lost", &format!("«{text}» is given up without a reason"));
        }
    }
}
