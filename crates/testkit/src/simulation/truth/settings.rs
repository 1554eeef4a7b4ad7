//! What the team sets from its chats holds from the next turns on, whatever dies: what was set is shown, nothing unasked leaves in
//! a pause, and what waited in one is answered or handed over when it is over.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Time;
use voronka_core::{
    fact::Fact,
    ids::PartnerId,
    message::{Content, Event, Inbound, TeamAction},
    rows::{Lane, MailSeq, OutboxRow, Past, TurnCommit},
    spec::adjust::Adjustment,
};

use super::{super::scene, EventId, State, event_id, is_over};

/// What stands on the page of a partner's settings, and nowhere else.
const PAGE: &str = "Часовой пояс: ";
/// A card that a member may want or not.
const HOT: &str = "Лид стал горячим";

/// What is known of settings.
#[derive(Default)]
pub(in crate::simulation) struct Set {
    /// Counts what happens: of two moments the earlier one has the smaller number.
    moments: u64,
    /// What the store has of each partner.
    kept: BTreeMap<PartnerId, Holds>,
    /// What turns go by, and since which moment.
    followed: BTreeMap<PartnerId, Vec<(u64, Holds)>>,
    /// When an engine first saw an event.
    seen: BTreeMap<MailSeq, u64>,
    /// Chats whose customers wait for the end of a pause.
    waits: BTreeSet<usize>,
    /// Chats that were handed over to a person, whoever it may be: the end of a pause is nothing to them.
    handed_over: BTreeSet<usize>,
    /// Times that the bot answered what had waited in a pause.
    pub(in crate::simulation) answered: u32,
    /// Pages of settings that were shown.
    pub(in crate::simulation) pages: u32,
}

/// What holds of a partner.
#[derive(Debug, Clone, PartialEq)]
struct Holds {
    paused: bool,
    name: String,
    hours: Option<String>,
    digest: Option<Time>,
    told_of_hot: bool,
}

/// Whether a turn was computed in a pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pause {
    No,
    /// It began or ended meanwhile.
    Perhaps,
    Yes,
}

impl Holds {
    /// As the files have it.
    fn filed(partner: &PartnerId) -> Self {
        let config =
            &scene::specs(scene::Team::LeavesAll).iter().find(|spec| spec.id == *partner).map(|one| &one.config);
        let name = config.map(|config| config.name.clone()).unwrap_or_default();
        let told_of_hot = partner.as_str() == scene::PARTNERS[0];
        Self { paused: false, name, hours: None, digest: None, told_of_hot }
    }

    fn set(&mut self, partner: &PartnerId, adjustment: Adjustment) {
        match adjustment {
            Adjustment::Pause(_) => self.paused = true,
            Adjustment::GoOn => self.paused = false,
            Adjustment::Name(name) => self.name = name,
            Adjustment::Hours(text) => self.hours = Some(text),
            Adjustment::DigestAt { at, .. } => self.digest = Some(at),
            Adjustment::Told { wanted, .. } => self.told_of_hot = wanted,
            Adjustment::AsInFiles => {
                let Self { paused, told_of_hot, .. } = *self;
                *self = Self { paused, told_of_hot, ..Self::filed(partner) };
            }
            Adjustment::Link { .. } => {}
        }
    }

    /// Whether a page of settings tells this.
    fn is_on(&self, page: &str) -> bool {
        let hours = self.hours.as_deref().unwrap_or("не указаны");
        let digest = self.digest.map(|at| at.strftime("%H:%M").to_string());
        page.starts_with(&self.name)
            && page.contains("Бот на паузе") == self.paused
            && page.contains(&format!("Часы работы: {hours}"))
            && page.contains(HOT) == self.told_of_hot
            && page.contains("Сводка: ") == digest.is_some()
            && digest.is_none_or(|at| page.contains(&format!("Сводка: хозяйка, {at}")))
    }
}

impl Set {
    fn now(&mut self) -> u64 {
        self.moments += 1;
        self.moments
    }

    /// An engine sees an event; a turn that takes it begins later.
    pub(super) fn sees(&mut self, seq: MailSeq) {
        let now = self.now();
        self.seen.entry(seq).or_insert(now);
    }

    /// An event will have no turn.
    pub(super) fn is_dropped(&mut self, id: &EventId) {
        if let EventId::Timer(chat, ..) = id {
            self.waits.remove(chat);
        }
    }

    fn holds(&self, partner: &PartnerId) -> Holds {
        self.kept.get(partner).cloned().unwrap_or_else(|| Holds::filed(partner))
    }

    /// What may have held for something that began at this moment and ends now.
    fn since(&self, partner: &PartnerId, began: u64) -> &[(u64, Holds)] {
        let all = self.followed.get(partner).map_or(&[][..], Vec::as_slice);
        let later = all.partition_point(|(since, _)| *since <= began);
        &all[later.saturating_sub(1)..]
    }

    /// What may have held for whoever took this mail.
    fn of_mail(&self, partner: &PartnerId, mail: &[MailSeq]) -> &[(u64, Holds)] {
        let last = mail.iter().filter_map(|seq| self.seen.get(seq)).max();
        self.since(partner, last.copied().unwrap_or(0))
    }
}

fn pause_in(held: &[(u64, Holds)]) -> Pause {
    let paused = held.iter().filter(|(_, holds)| holds.paused).count();
    match paused {
        0 => Pause::No,
        all if all == held.len() => Pause::Yes,
        _ => Pause::Perhaps,
    }
}

impl State {
    /// Whether persons of the team set things in this run.
    pub(in crate::simulation) fn scene(&self) -> scene::Team {
        if self.team.is_some() { scene::Team::Sets } else { scene::Team::LeavesAll }
    }

    /// Whether the store has it that a partner's bot is paused.
    pub(in crate::simulation) fn is_paused(&self, partner: &PartnerId) -> bool {
        self.truth.settings.holds(partner).paused
    }

    /// The store keeps what a person of the team has set.
    pub(in crate::simulation) fn set_by_team(&mut self, partner: &PartnerId, adjustment: Adjustment) {
        self.tell(|| format!("{partner} has set: {adjustment:?}"));
        let mut holds = self.truth.settings.holds(partner);
        holds.set(partner, adjustment);
        self.truth.settings.kept.insert(partner.clone(), holds);
        self.unfollowed.insert(partner.clone());
    }

    /// Turns that begin from now on go by what is kept.
    pub(in crate::simulation) fn follows(&mut self, partner: &PartnerId) {
        let settings = &mut self.truth.settings;
        let (now, holds) = (settings.now(), settings.holds(partner));
        let followed = settings.followed.entry(partner.clone()).or_default();
        if followed.last().is_none_or(|(_, last)| *last != holds) {
            followed.push((now, holds));
        }
    }

    /// A turn of the team's own chat is written: what it shows of the settings was so.
    pub(super) fn check_desk(&mut self, desk: usize, turn: &TurnCommit) {
        let mail = &self.truth.mail;
        let ids: Vec<EventId> = turn.consumed.iter().filter_map(|seq| mail.get(seq)).map(event_id).collect();
        self.take(desk, &ids);
        let held = self.truth.settings.of_mail(&turn.key.partner, &turn.consumed);
        let texts = turn.outbox.iter().map(|row| row.bubble.text.text.as_str());
        let pages: Vec<&str> = texts.filter(|text| text.contains(PAGE)).collect();
        let wrong = pages.iter().filter(|page| !held.iter().any(|(_, holds)| holds.is_on(page)));
        let wrong: Vec<String> = wrong.map(|page| format!("{held:?} is not what is shown: {page}")).collect();
        self.truth.settings.pages += u32::try_from(pages.len()).unwrap_or(u32::MAX);
        for what in wrong {
            self.broken("settings", &what);
        }
    }

    /// Whether what became of this mail until now was decided in a pause.
    pub(super) fn pause_of(&self, partner: &PartnerId, mail: &[MailSeq]) -> Pause {
        pause_in(self.truth.settings.of_mail(partner, mail))
    }

    /// In a pause the bot neither answers nor writes first; who writes then waits until it is over.
    pub(super) fn check_pause(&mut self, chat: usize, turn: &TurnCommit, events: &[Inbound], pause: Pause) {
        let is_unasked = |inbound: &Inbound| matches!(inbound.event, Event::Timer { .. } | Event::Broadcast { .. });
        let said = || turn.outbox.iter().filter(|row| row.lane != Lane::Notice);
        let is_answer = |row: &OutboxRow| !scene::answers_in(&row.bubble.text.text).is_empty();
        let unasked = !events.is_empty() && events.iter().all(is_unasked);
        if pause == Pause::Yes && said().any(|row| unasked || is_answer(row)) {
            let said: Vec<&str> = said().map(|row| row.bubble.text.text.as_str()).collect();
            return self.broken("pause", &format!("chat {chat} is told in a pause: {said:?}"));
        }
        let is_looked_after = |inbound: &Inbound| match &inbound.event {
            Event::Team { action, .. } => !matches!(action, TeamAction::GiveBack),
            _ => is_over(inbound),
        };
        let opted_out = turn.facts.iter().any(|fact| fact.name == Fact::OptOut.name());
        let wants_nothing = opted_out || turn.past == Past::Erased;
        let texts = |inbound: &Inbound| matches!(&inbound.event, Event::Customer { content: Content::Text { .. }, .. });
        let settings = &mut self.truth.settings;
        for fact in &turn.facts {
            match fact.name.as_str() {
                "handoff" => _ = settings.handed_over.insert(chat),
                "handoff.ended" => _ = settings.handed_over.remove(&chat),
                _ => {}
            }
        }
        let has_person = settings.handed_over.contains(&chat) || events.iter().any(is_looked_after);
        if has_person || wants_nothing || (pause == Pause::No && said().next().is_some()) {
            settings.answered += u32::from(settings.waits.remove(&chat) && !has_person && !wants_nothing);
        } else if pause == Pause::Yes && events.iter().any(texts) {
            settings.waits.insert(chat);
        }
    }

    /// Something is about to be sent.
    pub(in crate::simulation) fn sending(&mut self) -> u64 {
        self.truth.settings.now()
    }

    /// A bubble is shown that was asked for at a moment: what nobody has asked for leaves in no pause.
    pub(super) fn check_unasked(&mut self, row: &OutboxRow, asked: u64) {
        let pause = pause_in(self.truth.settings.since(&row.conversation.partner, asked));
        if row.lane == Lane::Campaign && pause == Pause::Yes {
            self.broken("pause", &format!("«{}» leaves in a pause", row.bubble.text.text));
        }
    }

    /// Who waits at the end will wait for ever.
    pub(super) fn who_waits(&self) -> impl Iterator<Item = String> {
        self.truth.settings.waits.iter().map(|chat| format!("chat {chat} wrote in a pause and is never answered"))
    }
}
