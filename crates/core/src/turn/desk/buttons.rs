//! Buttons of the team: what can be done with a customer from a chat.

use super::{
    super::{
        TeamAddress,
        state::{Owner, State},
        token::hash,
        work::Work,
    },
    Suggested, suggested,
    token::{DeskToken, Own, Verb, seal},
    wording::Say,
};
use crate::{
    ids::{AccountId, ConversationId},
    lang::Lang,
    message::{Button, Peer, Press},
};

/// What a card offers, in its order.
const OF_A_CARD: [(Say<'static>, Verb); 6] = [
    (Say::Write, Verb::Write),
    (Say::MarkHandled, Verb::Handled),
    (Say::InAnHour, Verb::SnoozeHour),
    (Say::InTheMorning, Verb::SnoozeMorning),
    (Say::Assign, Verb::Assign),
    (Say::StopBot, Verb::Silence),
];

/// What a card about a conversation offers in a chat of the team.
pub(in crate::turn) fn of_card(lead: ConversationId, state: &State, to: &TeamAddress, lang: Lang) -> Vec<Button> {
    let at = (&to.account, &to.peer);
    let of_lead = on_card(state.owner.name(), |say, verb| button(lang, say, verb, lead, at, 0));
    of_lead
        .into_iter()
        .chain(on_same(suggested(state), |say, verb, of| button(lang, say, verb, lead, at, of)))
        .collect()
}

/// Whoever may be the same person is, or is not.
fn on_same(
    suggested: impl Iterator<Item = Suggested>,
    button: impl Fn(Say<'static>, Verb, u32) -> Button,
) -> impl Iterator<Item = Button> {
    suggested.flat_map(move |Suggested { of, number }| {
        [(Say::OnePerson, Verb::Same), (Say::OtherPerson, Verb::NotSame)].map(|(say, verb)| {
            let mut button = button(say, verb, of);
            if let Some(number) = number {
                button.label = format!("№\u{a0}{number} · {}", button.label);
            }
            button
        })
    })
}

/// What can be done in the middle of a talk with a customer.
pub(in crate::turn) fn of_talk(lead: ConversationId, to: &TeamAddress, lang: Lang) -> Vec<Button> {
    let of = [(Say::Write, Verb::Write), (Say::GiveBack, Verb::GiveBack), (Say::History, Verb::History)];
    of.into_iter().map(|(say, verb)| button(lang, say, verb, lead, (&to.account, &to.peer), 0)).collect()
}

/// Where the bot is silent it can be called back instead of stopped.
fn on_card(owner: &str, button: impl Fn(Say<'static>, Verb) -> Button) -> Vec<Button> {
    let of = |(say, verb)| match verb {
        Verb::Silence if owner != Owner::Bot.name() => button(Say::GiveBack, Verb::GiveBack),
        _ => button(say, verb),
    };
    OF_A_CARD.into_iter().map(of).collect()
}

fn button(
    lang: Lang,
    say: Say<'_>,
    verb: Verb,
    lead: ConversationId,
    (account, at): (&AccountId, &Peer),
    of: u32,
) -> Button {
    let token = DeskToken::With { verb, lead, seal: seal(account, at, lead), of };
    Button { label: say.says(lang), press: Press::Token { token: token.to_string() } }
}

impl Work {
    /// The widest address of this chat: in a group anybody of the team may press.
    fn seat_address(&self) -> Peer {
        let known = self.setting.writer.as_ref().and_then(|writer| writer.addresses.last().cloned());
        known.unwrap_or_else(|| self.snap.peer.clone())
    }

    /// A button of this chat, about a customer.
    pub(super) fn lead_button(&self, say: Say<'_>, verb: Verb, lead: ConversationId) -> Button {
        button(self.lang, say, verb, lead, (&self.snap.account, &self.seat_address()), 0)
    }

    /// All that this chat can do with a customer.
    pub(super) fn lead_buttons(&self, lead: ConversationId, owner: &str) -> Vec<Button> {
        on_card(owner, |say, verb| self.lead_button(say, verb, lead))
    }

    /// What this chat can say of those who may be the same person.
    pub(super) fn same_buttons(&self, lead: ConversationId, suggested: impl Iterator<Item = Suggested>) -> Vec<Button> {
        let at = self.seat_address();
        let of_chat = |say, verb, of| button(self.lang, say, verb, lead, (&self.snap.account, &at), of);
        on_same(suggested, of_chat).collect()
    }

    /// Whom a customer can be given to.
    pub(super) fn assignees(&self, lead: ConversationId) -> Vec<Button> {
        let at = self.seat_address();
        let to = |member: &crate::spec::config::Member| {
            let of = hash(&member.name);
            let button = button(self.lang, Say::Assign, Verb::AssignTo, lead, (&self.snap.account, &at), of);
            Button { label: member.name.to_string(), ..button }
        };
        // Who is reached on no account that is served would never hear of it.
        let reached = |name: &str| self.setting.team.iter().any(|to| *to.member == *name);
        self.book.spec.config.team.iter().filter(|member| reached(&member.name)).map(to).collect()
    }

    /// A button of this chat's own.
    pub(super) fn own_button(&self, say: Say<'_>, own: Own) -> Button {
        self.own_button_of(say, own, 0)
    }

    /// The same with which one is meant.
    pub(super) fn own_button_of(&self, say: Say<'_>, own: Own, of: u32) -> Button {
        Button { label: say.says(self.lang), press: Press::Token { token: DeskToken::Own(own, of).to_string() } }
    }
}
