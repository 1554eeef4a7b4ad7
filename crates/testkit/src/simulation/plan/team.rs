//! What persons of the team set from their chats while conversations go on, and what they send to many.

use jiff::SignedDuration;
use voronka_core::{
    message::{BroadcastAct, Content, Event},
    rehearsal::chance::Chance,
};

use super::{
    super::{
        scene,
        truth::{Act, Body},
        world::State,
    },
    Happening, inbound, said,
};

/// Things that are set in one run, at most.
const WISHES_MAX: u64 = 6;
/// Broadcasts to one customer each, at most.
const BROADCASTS_MAX: u64 = 3;

/// What a person of the team does in their chat.
#[derive(Debug, Clone, Copy)]
enum Does {
    /// `/my_settings`, with words.
    Says(&'static str),
    /// What bears this label on the screen.
    Presses(&'static str),
}

use Does::{Presses, Says};

/// To let the bot go on.
const GO_ON: &str = "продолжить";
/// What a person may want, in a few acts.
const WISHES: [&[Does]; 10] = [
    &[Says("пауза")],
    &[Says("пауза")],
    &[Says(""), Presses("Поставить бота на паузу")],
    &[Says(GO_ON)],
    &[Says("название У моста")],
    &[Says("сводка 12:00")],
    &[Says("часы пн-пт 10-19"), Presses("Да, такие часы")],
    &[Says(""), Presses("Уведомления"), Presses("Лид стал горячим")],
    &[Says(""), Presses("Вернуть как в файлах")],
    &[Says("")],
];

/// Nothing in the runs in which the team leaves everything as it is.
pub(super) fn plan(state: &mut State, span: i64) -> Vec<(SignedDuration, Happening)> {
    let mut agenda = Vec::new();
    let Some(mut team) = state.team.take() else { return agenda };
    for n in 0..=team.below(WISHES_MAX) {
        let desk = scene::desk(team.index(scene::PARTNERS.len()));
        let mut at = somewhere(&mut team, span);
        let wish = if n == 0 && team.one_in(2) { &WISHES[0] } else { team.pick(&WISHES) };
        for does in *wish {
            let content = match does {
                Says(words) => settings(words),
                Presses(label) => Content::Button { token: String::new(), label: Some((*label).into()) },
            };
            agenda.push((at, does_at(state, desk, at, content)));
            at += SignedDuration::from_millis(team.within(200, 5_000));
        }
    }
    for _ in 0..team.below(BROADCASTS_MAX + 1) {
        let (at, chat) = (somewhere(&mut team, span), team.index(scene::chats().len()));
        let event = Event::Broadcast { sequence: scene::BROADCAST.into(), act: BroadcastAct::Begin };
        agenda.push((at, happens(state, chat, at, event)));
    }
    state.team = Some(team);
    agenda
}

/// In the end somebody lets the bot go on where it is paused, and looks at what is set.
pub(in crate::simulation) fn closing(state: &mut State, is_paused: bool, partner: usize) -> Vec<Happening> {
    let words: &[&str] = if is_paused { &[GO_ON, ""] } else { &[""] };
    let now = SignedDuration::ZERO;
    words.iter().map(|words| does_at(state, scene::desk(partner), now, settings(words))).collect()
}

/// `/my_settings` with words.
pub(super) fn settings(words: &str) -> Content {
    Content::Command { name: "my_settings".into(), args: words.into() }
}

fn does_at(state: &mut State, desk: usize, at: SignedDuration, content: Content) -> Happening {
    let n = state.truth.acts.len();
    happens(state, desk, at, said(n, content))
}

fn happens(state: &mut State, chat: usize, at: SignedDuration, event: Event) -> Happening {
    let n = state.truth.acts.len();
    let inbound = inbound(n, chat, state.now() + at, event);
    state.truth.acts.push(Act { chat, inbound, body: Body::Readable, tried: None, acked: None });
    Happening::Delivery(vec![n])
}

fn somewhere(team: &mut Chance, span: i64) -> SignedDuration {
    SignedDuration::from_millis(team.within(0, span))
}
