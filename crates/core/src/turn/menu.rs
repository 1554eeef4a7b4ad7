//! Buttons chosen in words: on a channel without buttons a bare «2» chooses what the list showed second (DESIGN §7), and
//! anywhere a button's label, its place («второй»), and a plain yes or no to what was asked with buttons.

use super::{
    token::{Act, Plain, Token},
    work::Work,
};
use crate::{
    lang::{
        choice::{self, OptionWords},
        intent::{Intent, Intents},
        normal::Words,
        numbers,
    },
    message::{Bubble, Button, EventKey, Message, Press},
    rows::Author,
    spec::flow::{Action, Kind},
};

/// Longest words that are taken for a button, in words: labels are short.
const LABEL_WORDS_MAX: usize = 8;

/// A button that was shown last.
struct Shown {
    label: String,
    /// Whether the message above it asks something.
    asked: bool,
    text: String,
    token: Token,
}

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

    /// Words that are the label of a button shown last, its place, or a yes or no to it, press it.
    pub(super) fn chooses_shown(&mut self, text: &str, words: &Words, intents: Intents, key: &str) -> bool {
        if words.said().nth(LABEL_WORDS_MAX).is_some() || !self.showed_buttons() {
            return false;
        }
        let shown = self.shown_last();
        // Options of the open question are read with it, each by its type.
        let (options, acts): (Vec<Shown>, Vec<Shown>) =
            shown.into_iter().partition(|one| matches!(one.token, Token::Option { .. }));
        let labels: Vec<OptionWords> = acts.iter().map(|one| OptionWords::new("", [one.label.as_str()], [])).collect();
        let named = choice::choose_label(words, &labels);
        let asks = intents.has(Intent::Question);
        // A place in the list counts where the list is all there is to choose from, and a typo in a question is none.
        let named = named.filter(|at| !asks || acts[*at].label.contains('?'));
        let decided = || {
            let yes = choice::yes_no(words).filter(|_| options.is_empty() && !asks)?;
            acts.iter().position(|one| one.token.means(one.asked) == Some(yes))
        };
        let Some(chosen) = named.or_else(decided).and_then(|at| acts.into_iter().nth(at)) else { return false };
        // It was pressed, and its words are what is heard now.
        if self.snap.state.last_press.as_ref() == Some(&chosen.text) {
            return false;
        }
        self.press(&chosen.text, Some(text), &EventKey::new(key));
        true
    }

    /// Whether what the bot said last has buttons: most rows tell without being read.
    fn showed_buttons(&self) -> bool {
        self.rows_said_last().any(|row| row.body.contains("\"token\""))
    }

    fn rows_said_last(&self) -> impl Iterator<Item = &crate::rows::MessageRow> {
        let all = self.snap.history.iter().rev();
        all.skip_while(|row| row.author == Author::Customer).take_while(|row| row.author == Author::Bot)
    }

    fn shown_last(&self) -> Vec<Shown> {
        let last = self.rows_said_last().find(|row| row.body.contains("\"token\""));
        let bubble: Option<Bubble> = last.and_then(|row| serde_json::from_str(&row.body).ok());
        let Some(bubble) = bubble else { return Vec::new() };
        let on_cards = bubble.cards.into_iter().filter_map(|card| Some(Button { label: card.title, ..card.button? }));
        let all = on_cards.chain(bubble.rows.into_iter().flatten());
        let asked = bubble.text.text.contains('?');
        let shown = |button: Button| {
            let Press::Token { token: text } = button.press else { return None };
            Some(Shown { label: button.label, asked, token: Token::parse(&text)?, text })
        };
        all.filter_map(shown).collect()
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

impl Token {
    /// Whether a plain «да» presses it, or a plain «нет». «Хорошо» to «передам вопрос коллеге» calls nobody.
    fn means(self, asked: bool) -> Option<bool> {
        match self {
            Self::Start(_) | Self::Plain(Plain::Human) => asked.then_some(true),
            Self::Act { act: Act::Agree | Act::Confirm, .. }
            | Self::Plain(Plain::Agree | Plain::Confirm | Plain::Change | Plain::Checkout) => Some(true),
            Self::Act { act: Act::Decline | Act::Change, .. }
            | Self::Plain(Plain::Decline | Plain::Cancel | Plain::Keep) => Some(false),
            _ => None,
        }
    }
}

fn token(button: &Button) -> Option<String> {
    match &button.press {
        Press::Token { token } => Some(token.clone()),
        Press::Url { .. } | Press::ShareContact => None,
    }
}
