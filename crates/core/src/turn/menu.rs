//! Numbered lists: on a channel without buttons a bare «2» chooses what the list showed second (DESIGN §7).

use super::work::Work;
use crate::{
    lang::{normal::Words, numbers},
    message::{Bubble, Button, EventKey, Message, Press},
    spec::flow::{Action, Kind},
};

impl Work {
    /// Remembers what the numbers of a list mean. A message without a list forgets the one before.
    pub(super) fn remember_menu(&mut self, message: &Message, bubbles: &[Bubble]) {
        let on_cards = message.cards.iter().filter_map(|card| card.button.as_ref());
        let cards_shown = bubbles.iter().any(|bubble| !bubble.cards.is_empty());
        let wanted = on_cards.filter(|_| !cards_shown).chain(&message.buttons);
        let tokens: Vec<String> = wanted.filter_map(token).collect();
        let pressed = bubbles.iter().flat_map(|bubble| bubble.rows.iter().flatten()).filter_map(token).count();
        self.snap.state.menu = if pressed < tokens.len() { tokens } else { Vec::new() };
    }

    /// A bare number chooses from the list shown last, unless the open question itself takes numbers.
    pub(super) fn chooses_from_menu(&mut self, words: &Words, key: &str) -> bool {
        if self.snap.state.menu.is_empty() || self.open_question_counts() {
            return false;
        }
        let [number] = &numbers::find(words)[..] else { return false };
        let bare = number.unit.is_none() && number.money.is_none() && words.said().count() == 1;
        let nth = number.value.to_string().parse::<usize>().ok().filter(|_| bare);
        let Some(token) = nth.and_then(|nth| self.snap.state.menu.get(nth.checked_sub(1)?).cloned()) else {
            return false;
        };
        self.press(&token, None, &EventKey::new(key));
        true
    }

    fn open_question_counts(&self) -> bool {
        let Some((flow, at)) = self.open_step() else { return false };
        match &flow.step(at).action {
            Action::Ask(ask) => matches!(
                ask.kind,
                Kind::Number { .. } | Kind::Money { .. } | Kind::Date(_) | Kind::Time(_) | Kind::DateTime(_)
            ),
            _ => false,
        }
    }
}

fn token(button: &Button) -> Option<String> {
    match &button.press {
        Press::Token { token } => Some(token.clone()),
        Press::Url { .. } | Press::ShareContact => None,
    }
}
