//! What people, messengers and administrators are going to do in a run.

pub(super) mod team;

use jiff::{SignedDuration, Timestamp};
use voronka_core::{
    message::{Bubble, Content, Event, EventKey, Inbound, KinWord, Press, Profile, TeamAction},
    ports::Writers,
    rehearsal::chance::Chance,
};

use super::{
    scene,
    truth::{Act, Body},
    world::{State, World},
};

/// Acts of one run, at most.
const ACTS_MAX: u64 = 12;
/// Acts that a polled messenger hands in at once, at most.
const BATCH_MAX: usize = 5;
/// The kind of an act: a customer says something.
const SAYS: u64 = 0;
/// Another: a person takes a conversation over.
const TAKES_OVER: u64 = 91;

/// Something that is going to happen.
#[derive(Debug, Clone)]
pub(super) enum Happening {
    /// A messenger hands in what people did.
    Delivery(Vec<usize>),
    /// The clock is set.
    Jump(SignedDuration),
    /// The process is stopped in order.
    Restart,
    /// Somebody tries to put back what was set aside.
    PutBack,
    /// A messenger hands in an act that nobody can read yet.
    Unreadable(usize),
    /// Somebody drops one of the letters.
    Drop,
    /// A second process is started on the same store.
    Second,
}

/// All of it.
pub(super) struct Plan {
    pub(super) agenda: Vec<(SignedDuration, Happening)>,
    /// Each messenger waits for the answer before it hands in the next event of a chat.
    pub(super) in_order: bool,
    pub(super) storm_until: SignedDuration,
    /// Times that the process dies.
    pub(super) deaths: u32,
}

impl Plan {
    pub(super) fn new(world: &World) -> Self {
        let mut state = world.state();
        let State { chance, whims, .. } = &mut *state;
        let in_order = !chance.one_in(3);
        let polled = chance.one_in(3);
        let acts = 2 + chance.below(ACTS_MAX - 1);
        let span = *chance.pick(&[2_000, 20_000, 90_000, 400_000]);
        let chats_max = *chance.pick(&[1, 2, 4, 8]);
        let first_chat = chance.index(8);
        let mut numbers = [0_usize; 8];
        let mut planned = Vec::new();
        for n in 0..acts {
            let at = SignedDuration::from_millis(if chance.one_in(2) {
                chance.within(0, span)
            } else {
                chance.within(0, 3) * span / 4
            });
            let chat = (first_chat + chance.index(chats_max)) % 8;
            planned.push((at, chat, chance.below(100), n));
            // A person takes over while the answer is being said.
            if whims.one_in(12) {
                let soon = SignedDuration::from_millis(whims.within(0, 4_000));
                planned.push((at + soon, chat, TAKES_OVER, n));
            }
        }
        planned.sort_unstable();
        let mut deliveries: Vec<(SignedDuration, Vec<usize>)> = Vec::new();
        for (at, chat, kind, _) in planned {
            let n = state.truth.acts.len();
            numbers[chat] += 1;
            let inbound = act(n, chat, numbers[chat], kind, state.now() + at);
            state.truth.acts.push(Act { chat, inbound, body: Body::Readable, tried: None, acked: None });
            let same_account = |other: &usize| scene::same_account(state.truth.acts[*other].chat, chat);
            // What comes between two polls comes together.
            let batch = deliveries.last_mut().filter(|(_, batch)| polled && batch.len() < BATCH_MAX);
            match batch.filter(|(_, batch)| batch.iter().all(same_account)) {
                Some((when, batch)) if state.chance.one_in(2) => {
                    *when = at;
                    batch.push(n);
                }
                _ => deliveries.push((at, vec![n])),
            }
        }
        let mut agenda: Vec<_> = deliveries.into_iter().map(|(at, acts)| (at, Happening::Delivery(acts))).collect();
        let chance = &mut state.chance;
        let storm_until = SignedDuration::from_millis(span + chance.within(0, 20_000));
        let somewhere = |chance: &mut Chance| SignedDuration::from_millis(chance.within(0, span));
        if chance.one_in(6) {
            let at = somewhere(chance);
            agenda.push((at, Happening::Jump(SignedDuration::from_secs(chance.within(-7_200, 7_200)))));
        }
        if chance.one_in(4) {
            agenda.push((somewhere(chance), Happening::Restart));
        }
        for _ in 0..chance.below(4) {
            agenda.push((somewhere(chance), Happening::PutBack));
        }
        if chance.one_in(8) {
            agenda.push((somewhere(chance), Happening::Second));
            state.writers = Writers::Many;
        }
        agenda.extend(letters(&mut state, &mut numbers, span));
        agenda.extend(one_person(&mut state, span));
        agenda.extend(team::plan(&mut state, span));
        let chance = &mut state.chance;
        let deaths = u32::try_from(chance.below(4)).unwrap_or(0);
        Self { agenda, in_order, storm_until, deaths }
    }
}

/// What messengers hand in that nobody can read yet, and what is dropped of all that was set aside.
fn letters(state: &mut State, numbers: &mut [usize; 8], span: i64) -> Vec<(SignedDuration, Happening)> {
    let mut agenda = Vec::new();
    let somewhere = |chance: &mut Chance| SignedDuration::from_millis(chance.within(0, span));
    for _ in 0..state.whims.below(3) {
        let (at, chat) = (somewhere(&mut state.whims), state.whims.index(8));
        let n = state.truth.acts.len();
        numbers[chat] += 1;
        let inbound = act(n, chat, numbers[chat], SAYS, state.now() + at);
        state.truth.acts.push(Act { chat, inbound, body: Body::Unreadable, tried: None, acked: None });
        agenda.push((at, Happening::Unreadable(n)));
    }
    if state.whims.one_in(4) {
        agenda.push((somewhere(&mut state.whims), Happening::Drop));
    }
    agenda
}

/// In some runs a customer is the same person on two accounts: they leave one dialogue half-way, and want nothing more on the other.
/// Where something is said unasked they may want no more than to be written to as one person, or to talk.
fn one_person(state: &mut State, span: i64) -> Vec<(SignedDuration, Happening)> {
    let mut agenda = Vec::new();
    if !state.whims.one_in(3) {
        return agenda;
    }
    let chat = state.whims.index(8);
    let other = scene::elsewhere(chat);
    let mut at = SignedDuration::ZERO;
    let wants: &[&str] = if state.team.is_some() {
        &["stop", "zakaz", "zakaz", "zakaz", "human"]
    } else {
        &["stop", "stop", "forget_me"]
    };
    let wants = *state.whims.pick(wants);
    for (who, does) in [(other, "zakaz"), (chat, "merge"), (chat, wants)] {
        at += SignedDuration::from_millis(state.whims.within(0, span / 2));
        let n = state.truth.acts.len();
        let event = if does == "merge" {
            let with = scene::chats()[other].key.first_customer();
            Event::Kin { word: KinWord::Merge { with, by: format!("operator-{n}") } }
        } else {
            said(n, Content::Command { name: does.into(), args: String::new() })
        };
        let inbound = inbound(n, who, state.now() + at, event);
        state.truth.acts.push(Act { chat: who, inbound, body: Body::Readable, tried: None, acked: None });
        agenda.push((at, Happening::Delivery(vec![n])));
    }
    agenda
}

fn said(n: usize, content: Content) -> Event {
    Event::Customer { content, profile: Profile { page: Some(format!("act-{n}")), ..Profile::default() } }
}

/// What a person does: `kind` of a hundred.
fn act(n: usize, chat: usize, number: usize, kind: u64, at: Timestamp) -> Inbound {
    let word = scene::word(chat, number);
    let said = |content: Content| said(n, content);
    let team = |action: TeamAction| Event::Team { who: format!("хозяйка-{n}"), action };
    let event = match kind {
        SAYS..=54 => said(Content::Text { text: word }),
        55..=59 => said(Content::Text { text: format!("Расскажите про {word}") }),
        60..=75 => said(Content::Command { name: "zakaz".into(), args: String::new() }),
        76..=87 => said(Content::Button { token: String::new(), label: None }),
        88..=90 => said(Content::Text { text: format!("позовите человека, {word}") }),
        TAKES_OVER..=92 => team(TeamAction::TakeOver),
        93..=95 => team(TeamAction::Reply { text: format!("Это Ольга: {n}") }),
        _ => team(TeamAction::GiveBack),
    };
    inbound(n, chat, at, event)
}

fn inbound(n: usize, chat: usize, at: Timestamp, event: Event) -> Inbound {
    let home = scene::home(chat);
    Inbound {
        partner: home.partner.clone(),
        account: home.account.clone(),
        peer: home.peer.clone(),
        key: EventKey::new(&format!("act-{n}")),
        at,
        event,
    }
}

/// A press of a button is a press of what stands on the screen when it is first handed in, of what bears this label if one is
/// meant; without any, a command.
pub(super) fn pressed(inbound: &Inbound, first: bool, screen: Option<&Bubble>) -> Option<Inbound> {
    let Event::Customer { content: Content::Button { token, label }, profile } = &inbound.event else { return None };
    if !first || !token.is_empty() {
        return None;
    }
    let buttons = screen.into_iter().flat_map(|bubble| bubble.rows.iter().flatten());
    let is_meant = |shown: &str| label.as_deref().is_none_or(|meant| shown.contains(meant));
    let mut tokens = buttons.filter(|button| is_meant(&button.label)).filter_map(|button| match &button.press {
        Press::Token { token } => Some(token.clone()),
        Press::Url { .. } | Press::ShareContact | Press::SharePlace => None,
    });
    let content = match (tokens.next_back(), label) {
        (Some(token), _) => Content::Button { token, label: None },
        (None, None) => Content::Command { name: "zakaz".into(), args: String::new() },
        (None, Some(_)) => team::settings(""),
    };
    Some(Inbound { event: Event::Customer { content, profile: profile.clone() }, ..inbound.clone() })
}
