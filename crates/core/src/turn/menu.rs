//! Buttons chosen in words: on a channel without buttons a bare «2» chooses what the list showed second (DESIGN §7), and
//! anywhere a button's label, its place («второй»), and a plain yes or no to what was asked with buttons.

use super::{
    state::Listed,
    token::{self, Act, Plain, Token},
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
        let on_cards = message.cards.iter().filter_map(|card| listed(card.button.as_ref()?, &card.title));
        let cards_shown = bubbles.iter().any(|bubble| !bubble.cards.is_empty());
        let below = message.buttons.iter().filter_map(|button| listed(button, &button.label));
        let wanted: Vec<Listed> = on_cards.filter(|_| !cards_shown).chain(below).collect();
        let shown = bubbles.iter().flat_map(|bubble| bubble.rows.iter().flatten());
        let pressed = shown.filter(|button| matches!(button.press, Press::Token { .. })).count();
        let is_listed = pressed < wanted.len() && self.setting.capabilities.hears.it();
        self.snap.state.list = if is_listed { wanted } else { Vec::new() };
    }

    /// A bare number chooses from the list shown last, unless the open question itself takes numbers.
    pub(super) fn chooses_from_menu(&mut self, words: &Words, key: &str) -> bool {
        if self.open_question_counts() && self.lists_answers() {
            return false;
        }
        let Some(token) = self.listed_by_number(words) else { return false };
        self.press(&token, None, &EventKey::new(key));
        true
    }

    /// The token at a bare number of the list shown last.
    pub(super) fn listed_by_number(&self, words: &Words) -> Option<String> {
        let list = &self.snap.state.list;
        if list.is_empty() {
            return None;
        }
        let [number] = &numbers::find(words)[..] else { return None };
        let bare = number.unit.is_none() && number.money.is_none() && words.said().count() == 1;
        let nth = number.value.to_string().parse::<usize>().ok().filter(|_| bare)?;
        list.get(nth.checked_sub(1)?).map(|listed| listed.token.clone())
    }

    /// Whether the list shown last belongs to the open question.
    fn lists_answers(&self) -> bool {
        let Some(open) = &self.snap.state.run else { return false };
        let of_open = |listed: &Listed| match Token::parse(&listed.token) {
            Some(Token::Option { run, step, .. } | Token::Act { run, step, .. }) => {
                run == open.number && step == token::hash(&open.step.0)
            }
            _ => false,
        };
        self.snap.state.list.is_empty() || self.snap.state.list.iter().any(of_open)
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
        !self.snap.state.list.is_empty() || self.rows_said_last().any(|row| row.body.contains("\"token\""))
    }

    fn rows_said_last(&self) -> impl Iterator<Item = &crate::rows::MessageRow> {
        let all = self.snap.history.iter().rev();
        all.skip_while(|row| row.author == Author::Customer).take_while(|row| row.author == Author::Bot)
    }

    fn shown_last(&self) -> Vec<Shown> {
        if !self.snap.state.list.is_empty() {
            let asked = self.rows_said_last().next().is_some_and(|row| row.text.contains('?'));
            let shown = |listed: &Listed| {
                let (label, text) = (listed.label.clone(), listed.token.clone());
                Some(Shown { label, asked, token: Token::parse(&text)?, text })
            };
            return self.snap.state.list.iter().filter_map(shown).collect();
        }
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
        self.open_step().is_some_and(|(flow, at)| takes_number(&flow.step(at).action))
    }
}

/// Whether a question is answered by a number: no other number may mean anything there.
pub(super) fn takes_number(action: &Action) -> bool {
    match action {
        Action::Ask(ask) => matches!(
            ask.kind,
            Kind::Number { .. } | Kind::Money { .. } | Kind::Date(_) | Kind::Time(_) | Kind::DateTime(_)
        ),
        _ => false,
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

fn listed(button: &Button, label: &str) -> Option<Listed> {
    match &button.press {
        Press::Token { token } => Some(Listed { label: label.to_owned(), token: token.clone() }),
        Press::Url { .. } | Press::ShareContact | Press::SharePlace => None,
    }
}
