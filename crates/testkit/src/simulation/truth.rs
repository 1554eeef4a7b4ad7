//! What is true of a run, told by the disk and by what people see; written from DESIGN §3, without a look at how the engine
//! does it. Rules that can be checked at once are checked as things happen, the rest at the end.

mod end;
mod persons;
mod sending;
mod settings;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use voronka_core::{
    ids::{BubbleId, NoticeId, PartnerId},
    message::{Content, Event, Inbound, KinWord, TeamAction},
    ports::{PostedMail, Telling},
    rows::{Author, DeadLetter, Lane, Mail, MailSeq, OutboxRow, Past, TimerRow, TurnCommit},
};

use super::{scene, world::State};

/// More timers than any run rings: one that is set to a past moment again and again would ring for ever.
const RUNG_MAX: u32 = 20_000;

/// What is known of a run.
#[derive(Default)]
pub(super) struct Truth {
    pub(super) broken: Vec<String>,
    pub(super) acts: Vec<Act>,
    /// Conversations' versions, by chat.
    versions: BTreeMap<usize, i64>,
    owners: BTreeMap<usize, &'static str>,
    mail: BTreeMap<MailSeq, Inbound>,
    /// Keys of what turns have posted to other conversations.
    posted: BTreeSet<String>,
    /// Who is one person, and what they want.
    persons: persons::Persons,
    /// Events that a turn has taken: how often.
    taken: BTreeMap<EventId, u32>,
    /// Acts in the order in which turns took them, by chat.
    order: BTreeMap<usize, Vec<usize>>,
    /// Keys of the customers' messages that are kept, by chat.
    heard: BTreeMap<usize, BTreeSet<String>>,
    set_aside: BTreeSet<EventId>,
    /// Troubles that the people of a chat have been told of.
    told: BTreeSet<(usize, NoticeId)>,
    /// Chats that could not be delivered to: nothing is said there until the customer is back.
    silenced: BTreeSet<usize>,
    /// Events that were set aside and dropped on purpose, or erased with all that their customer has said.
    dropped: BTreeSet<EventId>,
    /// Events that were set aside and put back: they have their turn, out of order.
    replayed: BTreeSet<EventId>,
    /// Chats whose lead has become hot since anybody was told again or looked after it.
    unheeded: BTreeSet<usize>,
    /// How often a timer was set for one moment.
    set: BTreeMap<EventId, u32>,
    /// Timers that are set: chat and name to moment.
    timers: BTreeMap<(usize, &'static str), Timestamp>,
    fired: BTreeMap<EventId, u32>,
    bubbles: BTreeMap<BubbleId, Fate>,
    /// Those that a later turn took back: nobody need see them.
    withdrawn: BTreeSet<BubbleId>,
    /// Those whose result the store refused for good: the next start repeats them, behind what was sent since.
    unwritable: BTreeSet<BubbleId>,
    /// Bubbles that are known to wait, by chat; to see order.
    last_shown: BTreeMap<usize, i64>,
    /// Words that an answer repeated, and in which bubble.
    answered: BTreeMap<(usize, usize), BubbleId>,
    previews: BTreeMap<usize, Standing>,
    /// Previews that were seen.
    pub(super) previewed: u64,
    /// Which version of its conversation each unfinished answer was begun at.
    drafts: BTreeMap<(usize, i64), i64>,
    /// Calls of models: how long after the run's beginning they began and were done, whatever the clock said.
    pub(super) calls: Vec<(SignedDuration, Option<SignedDuration>)>,
    /// Events that were set aside and put back.
    pub(super) letters: u32,
    /// Timers that have rung.
    rung: u32,
    /// Starts of an engine: whatever was under way then may be done once more.
    pub(super) starts: u32,
    /// Two engines have served the same store.
    pub(super) overlapped: bool,
    /// The store has failed for good: some work rests until the next start.
    pub(super) rests: bool,
    /// Events of turns that the store refused for good, though it is well: they may be set aside.
    refused: BTreeSet<EventId>,
    /// Acts of one chat that were acknowledged together, in the order in which they were handed in.
    pub(super) batches: Vec<Vec<usize>>,
    /// What the team has set, and what waits for the end of a pause.
    pub(super) settings: settings::Set,
}

/// Something that a person does.
#[derive(Debug, Clone)]
pub(super) struct Act {
    pub(super) chat: usize,
    pub(super) inbound: Inbound,
    pub(super) body: Body,
    /// When it was first handed in, in steps.
    pub(super) tried: Option<u64>,
    /// When it was first acknowledged.
    pub(super) acked: Option<u64>,
}

/// What a messenger hands an act in as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    Readable,
    /// Nobody can read it yet.
    Unreadable,
}

/// The body of an act that nobody can read yet.
pub(super) fn unread_body(act: usize) -> String {
    format!("act-{act}")
}

/// The event in such a body.
pub(super) fn unread_event(body: &str) -> EventId {
    let act = body.rsplit('-').next().and_then(|act| act.parse().ok());
    act.map_or_else(|| EventId::Strange(body.to_owned()), EventId::Act)
}

/// What makes an event itself, whatever key it goes under.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum EventId {
    Act(usize),
    Timer(usize, &'static str, Timestamp),
    Delivery(BubbleId),
    Strange(String),
}

/// What became of a bubble.
struct Fate {
    row: OutboxRow,
    /// The version that its turn gave the conversation.
    version: i64,
    at: Timestamp,
    shows: u32,
    /// Times that it was shown and the engine could not know.
    excused: u32,
    /// A result of it was to be written in this life, and was not.
    unwritten: bool,
    unclear: u32,
    failed: u32,
    refused: bool,
    settled: bool,
}

/// The preview that a chat shows.
struct Standing {
    starts: u32,
    /// The conversation's version when it was shown.
    version: i64,
    text: String,
}

pub(super) fn act_number(inbound: &Inbound) -> Option<usize> {
    let mark = match &inbound.event {
        Event::Customer { profile, .. } => profile.page.as_deref()?,
        Event::Team { who, .. } => who,
        Event::Kin { word: KinWord::Merge { by, .. } } => by,
        Event::Broadcast { .. } => inbound.key.as_str(),
        Event::Timer { .. }
        | Event::Delivery { .. }
        | Event::Click { .. }
        | Event::Deed { .. }
        | Event::CardLost { .. }
        | Event::Digest
        | Event::Trouble { .. }
        | Event::Kin { .. }
        | Event::Forget { .. }
        | Event::Done { .. } => return None,
    };
    mark.rsplit('-').next()?.parse().ok()
}

pub(super) fn event_id(inbound: &Inbound) -> EventId {
    let strange = || EventId::Strange(inbound.key.to_string());
    match &inbound.event {
        Event::Customer { .. } | Event::Team { .. } | Event::Kin { .. } | Event::Broadcast { .. } => {
            act_number(inbound).map_or_else(strange, EventId::Act)
        }
        Event::Timer { timer } => match scene::chat_of(&inbound.conversation()) {
            Some(chat) => EventId::Timer(chat, timer.name(), inbound.at),
            None => strange(),
        },
        Event::Delivery { bubble, .. } | Event::CardLost { bubble, .. } => EventId::Delivery(*bubble),
        Event::Click { .. }
        | Event::Deed { .. }
        | Event::Forget { .. }
        | Event::Digest
        | Event::Trouble { .. }
        | Event::Done { .. } => strange(),
    }
}

impl State {
    pub(super) fn kept(&mut self, inbound: &Inbound, posted: &PostedMail) {
        let id = event_id(inbound);
        self.tell(|| format!("kept {id:?}: {}", if *posted == PostedMail::Seen { "seen" } else { "new" }));
    }

    pub(super) fn seen(&mut self, mail: &[Mail]) {
        for one in mail {
            self.truth.mail.insert(one.seq, one.inbound.clone());
            self.truth.settings.sees(one.seq);
        }
    }

    /// A messenger is told that these are kept, for the first time.
    pub(super) fn acknowledged_together(&mut self, acts: &[usize]) {
        for chat in 0..scene::chats().len() {
            let theirs: Vec<usize> = acts.iter().copied().filter(|act| self.truth.acts[*act].chat == chat).collect();
            if theirs.len() > 1 {
                self.truth.batches.push(theirs);
            }
        }
    }

    /// A model or an index hears this: of one conversation alone, and of this partner.
    pub(super) fn asked(&mut self, partner: &PartnerId, text: &str) {
        let chats: BTreeSet<usize> = scene::words_in(text).into_iter().map(|(chat, _)| chat).collect();
        if chats.len() > 1 || chats.iter().any(|chat| scene::chats()[*chat].partner != *partner) {
            self.broken("isolation", &format!("{partner} is asked about {chats:?}: {text}"));
        }
    }

    /// A turn is written that was computed from version `read`.
    pub(super) fn committed(&mut self, turn: &TurnCommit, read: i64) {
        self.truth.posted.extend(turn.posts.iter().map(|inbound| inbound.key.to_string()));
        if let Some(desk) = scene::desk_of(&turn.key) {
            self.check_desk(desk, turn);
            for row in &turn.outbox {
                if row.peer.as_str() != scene::TEAM || row.conversation != turn.key {
                    self.broken("right chat", &format!("a bubble of the team goes to {}/{}", row.account, row.peer));
                }
                self.keep_bubble(row, turn.expected + 1);
            }
            return;
        }
        let Some(chat) = scene::chat_of(&turn.key) else {
            return self.broken("right chat", &format!("a turn of an unknown conversation {:?}", turn.key));
        };
        let events: Vec<Inbound> = turn.consumed.iter().filter_map(|seq| self.truth.mail.get(seq).cloned()).collect();
        let ids: Vec<EventId> = events.iter().map(event_id).collect();
        self.tell(|| {
            let bubbles: Vec<&str> = turn.outbox.iter().map(|row| row.bubble.text.text.as_str()).collect();
            let timers: Vec<String> = turn.timers.iter().map(|timer| format!("{timer:?}")).collect();
            format!(
                "commit {chat} v{} of {ids:?}, {}: {bubbles:?} {timers:?}",
                turn.expected + 1,
                turn.conversation.owner
            )
        });
        let version = self.truth.versions.insert(chat, turn.expected + 1).unwrap_or(0);
        if version != read {
            self.broken(
                "one turn at a time",
                &format!("chat {chat}: a turn of version {read} is written over {version}"),
            );
        }
        if events.len() != turn.consumed.len() {
            self.broken("nothing twice", "a turn takes mail that nobody has read");
        }
        let stale = self.take(chat, &ids);
        self.check_wishes(chat, turn, &events);
        self.check_one_person(chat, turn, &events);
        let pause = self.pause_of(&turn.key.partner, &turn.consumed);
        let owner_before = self.truth.owners.insert(chat, turn.conversation.owner).unwrap_or("bot");
        self.check_answered(chat, turn, &events, owner_before);
        self.check_pause(chat, turn, &events, pause);
        if events.iter().any(is_undeliverable) {
            self.truth.silenced.insert(chat);
        }
        let dialogue = turn.outbox.iter().filter(|row| row.lane != Lane::Notice).count();
        if stale == ids.len() && !ids.is_empty() && dialogue > 0 {
            self.broken("timers", &format!("chat {chat}: a timer that was cancelled acts: {ids:?}"));
        }
        self.check_told_again(chat, turn, &events);
        self.check_messages(chat, turn);
        for timer in &turn.timers {
            match timer {
                TimerRow::Set { due, timer } => {
                    *self.truth.set.entry(EventId::Timer(chat, timer.name(), *due)).or_default() += 1;
                    self.truth.timers.insert((chat, timer.name()), *due);
                }
                TimerRow::Cancel { name } => {
                    self.truth.timers.remove(&(chat, *name));
                }
            }
        }
        self.take_back(chat, turn);
        for row in &turn.outbox {
            self.check_bubble(chat, row, turn.expected + 1);
        }
        if !turn.outbox.iter().any(|row| row.lane == Lane::Dialogue) {
            self.check_no_preview(chat, turn.expected, "has a turn without an answer");
        }
    }

    /// Bubbles that a turn withdraws nobody need see; and what was set aside of a customer leaves with what they have said.
    fn take_back(&mut self, chat: usize, turn: &TurnCommit) {
        if let Some(withdrawal) = turn.withdrawal() {
            for (id, fate) in &mut self.truth.bubbles {
                if !withdrawal.leaves(&mut fate.row) {
                    self.truth.withdrawn.insert(*id);
                }
            }
        }
        if turn.past != Past::Erased {
            return;
        }
        let truth = &self.truth;
        let is_theirs = |id: &&EventId| match id {
            EventId::Act(n) => truth.acts[*n].chat == chat,
            EventId::Timer(of, ..) => *of == chat,
            EventId::Delivery(bubble) => {
                truth.bubbles.get(bubble).and_then(|fate| scene::chat_of(&fate.row.conversation)) == Some(chat)
            }
            EventId::Strange(_) => false,
        };
        let theirs: Vec<EventId> = truth.set_aside.iter().filter(is_theirs).cloned().collect();
        if !theirs.is_empty() {
            self.dropped(&theirs);
        }
    }

    /// Nothing replaces a preview of the turn that began at `version`. One of an earlier turn waits for its answer to leave.
    fn check_no_preview(&mut self, chat: usize, version: i64, why: &str) {
        let (starts, overlapped) = (self.truth.starts, self.truth.overlapped);
        let standing = self.truth.previews.get(&chat);
        if let Some(standing) =
            standing.filter(|standing| standing.starts == starts && standing.version == version && !overlapped)
        {
            let what = format!("chat {chat} {why} and still sees «{}»", standing.text);
            self.broken("previews", &what);
        }
    }

    /// What replaces the previews of earlier versions is there, or will never be.
    fn replace_preview(&mut self, chat: usize, version: i64) {
        if self.truth.previews.get(&chat).is_some_and(|standing| standing.version < version) {
            self.truth.previews.remove(&chat);
        }
    }

    /// The store refuses a turn for good.
    pub(super) fn refused(&mut self, turn: &TurnCommit) {
        let mail = &self.truth.mail;
        let ids: Vec<EventId> = turn.consumed.iter().filter_map(|seq| mail.get(seq)).map(event_id).collect();
        self.truth.refused.extend(ids);
    }

    /// The store is well, and cannot read the conversation that this mail is for.
    pub(super) fn unreadable(&mut self, mail: &[Mail]) {
        self.truth.refused.extend(mail.iter().map(|mail| event_id(&mail.inbound)));
    }

    /// Marks events as taken; how many of them are timers that are not set any more.
    fn take(&mut self, chat: usize, ids: &[EventId]) -> usize {
        let mut stale = 0;
        for id in ids {
            let times = self.truth.taken.entry(id.clone()).or_default();
            *times += 1;
            let excused = self.truth.set.get(id).copied().unwrap_or(1);
            if *times > excused {
                self.broken("nothing twice", &format!("{id:?} has {times} turns", times = self.truth.taken[id]));
            }
            match id {
                EventId::Act(_) if self.truth.replayed.contains(id) => {}
                EventId::Act(act) => self.truth.order.entry(chat).or_default().push(*act),
                EventId::Timer(_, name, due) => {
                    if self.truth.timers.get(&(chat, *name)) == Some(due) {
                        self.truth.timers.remove(&(chat, *name));
                    } else {
                        stale += 1;
                    }
                }
                EventId::Delivery(_) => {}
                EventId::Strange(key) if self.truth.posted.contains(key) => {}
                EventId::Strange(key) => self.broken("nothing twice", &format!("an event that nobody sent: {key}")),
            }
        }
        stale
    }

    /// A message of a customer whom the bot serves gets an answer or a person (DESIGN §3.6).
    fn check_answered(&mut self, chat: usize, turn: &TurnCommit, events: &[Inbound], owner: &str) {
        let texts = |inbound: &Inbound| matches!(&inbound.event, Event::Customer { content: Content::Text { .. }, .. });
        let team = events.iter().any(|inbound| matches!(inbound.event, Event::Team { .. }));
        let over_after = events.iter().rposition(texts) < events.iter().rposition(is_over);
        let answered = turn.outbox.iter().any(|row| row.lane == Lane::Dialogue) || turn.conversation.owner != "bot";
        if owner == "bot" && events.iter().any(texts) && !team && !over_after && !answered {
            self.broken("an answer or a person", &format!("chat {chat} gets neither"));
        }
    }

    /// A card about a hot lead is told again once at most, and not once somebody of the team has written or taken over.
    fn check_told_again(&mut self, chat: usize, turn: &TurnCommit, events: &[Inbound]) {
        let acts = |inbound: &Inbound| {
            matches!(inbound.event, Event::Team { action: TeamAction::TakeOver | TeamAction::Reply { .. }, .. })
        };
        if events.iter().any(acts) {
            self.truth.unheeded.remove(&chat);
        }
        let again = turn.notices.iter().any(|notice| notice.text.contains("Лидом никто не занялся"));
        if again && !self.truth.unheeded.remove(&chat) {
            self.broken("told again", &format!("chat {chat}: a card that was told again or looked after"));
        }
        if turn.facts.iter().any(|fact| fact.name == "lead.hot") {
            self.truth.unheeded.insert(chat);
        }
    }

    fn check_messages(&mut self, chat: usize, turn: &TurnCommit) {
        for message in &turn.messages {
            if scene::words_in(&message.text).iter().any(|(of, _)| *of != chat) {
                self.broken("right chat", &format!("chat {chat} keeps «{}»", message.text));
            }
            let Some(key) = message.key.as_ref().filter(|_| message.author == Author::Customer) else { continue };
            if !self.truth.heard.entry(chat).or_default().insert(key.to_string()) {
                self.broken("nothing twice", &format!("message {key} is kept twice"));
            }
        }
        let mut words: Vec<(usize, usize)> = turn
            .messages
            .iter()
            .filter(|message| message.author == Author::Customer)
            .flat_map(|message| scene::words_in(&message.text))
            .collect();
        let before = words.len();
        words.sort_unstable();
        words.dedup();
        if words.len() < before {
            self.broken("nothing twice", "a turn hears one message twice");
        }
    }

    fn check_bubble(&mut self, chat: usize, row: &OutboxRow, version: i64) {
        let home = &scene::chats()[chat];
        let right = match row.lane {
            Lane::Dialogue | Lane::Campaign => row.peer == home.peer && row.account == home.account,
            Lane::Notice => row.peer.as_str() == scene::TEAM,
        };
        if !right || row.conversation != home.key {
            self.broken("right chat", &format!("a bubble of chat {chat} goes to {}/{}", row.account, row.peer));
        }
        self.check_words(chat, row);
        self.keep_bubble(row, version);
    }

    fn keep_bubble(&mut self, row: &OutboxRow, version: i64) {
        let fate = Fate {
            row: row.clone(),
            version,
            at: self.now(),
            shows: 0,
            excused: 0,
            unwritten: false,
            unclear: 0,
            failed: 0,
            refused: false,
            settled: false,
        };
        if self.truth.bubbles.insert(row.id, fate).is_some() {
            self.broken("nothing twice", &format!("bubble {} is committed twice", row.id));
        }
    }

    fn check_words(&mut self, chat: usize, row: &OutboxRow) {
        if row.lane != Lane::Dialogue {
            return;
        }
        for word in scene::words_in(&row.bubble.text.text) {
            if word.0 != chat {
                self.broken("right chat", &format!("chat {chat} is told of a message of chat {}", word.0));
            }
            if self.truth.answered.insert(word, row.id).is_some_and(|other| other != row.id) {
                self.broken("nothing twice", &format!("message {word:?} is answered twice"));
            }
        }
        for call in scene::answers_in(&row.bubble.text.text) {
            let known = self.truth.calls.get(call).copied();
            let late = known.is_none_or(|(began, done)| {
                let limit = began + SignedDuration::from_secs(scene::DEADLINE_S);
                done.is_none_or(|done| done > limit)
            });
            if late {
                self.broken("deadline", &format!("answer {call} of a model came late, and is said in chat {chat}"));
            }
        }
    }

    /// A turn has decided that timers are not to ring any more, whatever became of that.
    pub(super) fn not_wanted(&mut self, turn: &TurnCommit) {
        let Some(chat) = scene::chat_of(&turn.key) else { return };
        for timer in &turn.timers {
            if let TimerRow::Cancel { name } = timer {
                self.truth.timers.remove(&(chat, *name));
            }
        }
    }

    /// A timer has fired; `asked`: when the engine wanted to know which are due.
    pub(super) fn fired(&mut self, (chat, name, due): (usize, &'static str, Timestamp), asked: Timestamp) {
        self.tell(|| format!("timer {name} of chat {chat} fires"));
        self.truth.rung += 1;
        assert!(self.truth.rung < RUNG_MAX, "a timer that rings for ever: {name} of chat {chat}, due {due}, {asked}");
        if due > self.now().max(asked) {
            self.broken("timers", &format!("{name} of chat {chat} fires before {due}"));
        }
        let id = EventId::Timer(chat, name, due);
        if self.truth.timers.get(&(chat, name)) != Some(&due) {
            self.broken("timers", &format!("{name} of chat {chat} fires, though it is not set for {due}"));
        }
        *self.truth.fired.entry(id).or_default() += 1;
    }

    /// Somebody puts back all that was set aside: none of it may be lost any more.
    pub(super) fn puts_back(&mut self) {
        self.tell(|| "what was set aside is put back".to_owned());
        let aside = std::mem::take(&mut self.truth.set_aside);
        self.truth.letters += u32::try_from(aside.len()).unwrap_or(u32::MAX);
        self.truth.replayed.extend(aside);
    }

    /// Somebody drops a letter for good.
    pub(super) fn dropped(&mut self, events: &[EventId]) {
        self.tell(|| format!("dropped: {events:?}"));
        for id in events {
            self.truth.set_aside.remove(id);
            self.truth.dropped.insert(id.clone());
            self.truth.settings.is_dropped(id);
        }
    }

    /// What could not be read has been read, and waits for its turn behind what came meanwhile.
    pub(super) fn read_after_all(&mut self, events: &[Inbound]) {
        for id in events.iter().map(event_id) {
            self.tell(|| format!("{id:?} is read after all"));
            self.truth.replayed.insert(id);
        }
    }

    /// These wait for their turn again.
    pub(super) fn put_back(&mut self, events: &[Inbound]) {
        for id in events.iter().map(event_id) {
            self.tell(|| format!("{id:?} is put back"));
            if self.truth.set_aside.remove(&id) {
                self.truth.letters += 1;
                self.truth.replayed.insert(id);
            }
        }
    }

    pub(super) fn set_aside(&mut self, letter: &DeadLetter, telling: Telling) {
        let ids: Vec<EventId> = letter.mail.iter().filter_map(|seq| self.truth.mail.get(seq)).map(event_id).collect();
        if ids.is_empty() {
            return self.tell(|| "what was to be set aside has been served meanwhile".to_owned());
        }
        self.tell(|| format!("set aside {ids:?}: {}", letter.cause));
        if !ids.iter().all(|id| self.truth.refused.contains(id)) {
            self.broken("nothing lost", &format!("{ids:?} is set aside though nothing was wrong: {}", letter.cause));
        }
        self.truth.set_aside.extend(ids);
        if let Some(told) = letter.told.as_ref().filter(|_| scene::is_teams(&letter.key) && telling == Telling::Now) {
            told.outbox.iter().for_each(|row| self.keep_bubble(row, 0));
        }
        if let Some(chat) = scene::chat_of(&letter.key) {
            let version = self.truth.versions.get(&chat).copied().unwrap_or(0);
            self.check_no_preview(chat, version, "loses its turn");
            self.check_told(chat, version, letter, telling);
        }
    }
}

impl State {
    /// Who gets no answer hears so once, until the conversation has a turn again, and no more.
    fn check_told(&mut self, chat: usize, version: i64, letter: &DeadLetter, telling: Telling) {
        let Some(told) = &letter.told else {
            return self.broken("an answer or a person", &format!("chat {chat}: nobody hears of a dead letter"));
        };
        let before = self.truth.told.insert((chat, told.notice.id));
        match telling {
            Telling::Now if !before => {
                self.broken("nothing twice", &format!("chat {chat} is told of one trouble twice"));
            }
            Telling::Nothing if before => {
                self.broken("an answer or a person", &format!("chat {chat}: nobody hears of a dead letter"));
            }
            Telling::Nothing => {}
            Telling::Now => {
                let customer = letter.mail.iter().filter_map(|seq| self.truth.mail.get(seq));
                let waits = customer.clone().any(|inbound| matches!(inbound.event, Event::Customer { .. }));
                let word = told.outbox.iter().any(|row| row.lane == Lane::Dialogue);
                let owner = self.truth.owners.get(&chat).copied().unwrap_or("bot");
                // In a pause the team alone is told.
                let speaks = self.pause_of(&letter.key.partner, &letter.mail) == settings::Pause::No;
                if waits && owner == "bot" && speaks && !word && !self.truth.silenced.contains(&chat) {
                    self.broken("an answer or a person", &format!("chat {chat} is not told of its dead letter"));
                }
                for row in &told.outbox {
                    self.check_bubble(chat, row, version);
                }
            }
        }
    }
}

/// Whom nothing reaches any more, and who is forgotten with all that they have said.
fn is_over(inbound: &Inbound) -> bool {
    is_undeliverable(inbound) || matches!(inbound.event, Event::Forget { .. })
}

fn is_undeliverable(inbound: &Inbound) -> bool {
    matches!(inbound.event, Event::Delivery { .. } | Event::CardLost { .. })
}
