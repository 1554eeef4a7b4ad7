//! Questions that need the one before: «а без сахара?», «а на 5 кг?», «а в воскресенье?».

use jiff::SignedDuration;

use crate::{
    lang::normal::Words,
    turn::{
        answer::{Ground, plain::shown_count},
        assortment::{names_nothing, points_at},
        state::Asked,
        work::{Pending, PendingKind, Work},
    },
};

/// Longest follow-up, in words.
const WORDS_MAX: usize = 7;
/// Longest restriction that hangs on the question before without saying so, in words.
const RESTRICTION_WORDS_MAX: usize = 4;
/// How long a question is remembered.
const KEPT: SignedDuration = SignedDuration::from_mins(30);
/// Longest chain of questions that is kept, in characters.
const CHARS_MAX: usize = 240;

impl Work {
    /// Puts before each question that needs it what was asked last, a line each, and remembers the last of them.
    pub(super) fn follow_up(&mut self, pending: &mut Pending) {
        let now = self.now;
        let remembered = self.snap.state.asked.take().filter(|asked| now.duration_since(asked.at) <= KEPT);
        let (mut before, shown) = remembered.map(|asked| (asked.words, asked.shown)).unzip();
        let shown = shown.unwrap_or_default();
        for question in &mut pending.questions {
            let words = Words::of(question);
            let pointed = self.product_pointed_at(&words, &shown);
            let hangs = pointed.is_some() || follows_up(&words, pending.kind);
            if let Some(before) = pointed.or(before).filter(|_| hangs) {
                *question = format!("{}\n{question}", self.masked(&before));
            }
            before = Some(beginning_lines(question));
        }
        self.snap.state.asked = before.map(|last| Asked { words: self.masked(&last).into_owned(), at: now, shown });
    }

    /// «А второй сколько стоит?»: the name of the product that stands there in the list shown last.
    fn product_pointed_at(&self, words: &Words, shown: &[String]) -> Option<String> {
        let place = points_at(words, shown.len())?;
        self.book.spec.catalogue.get(&shown[place]).map(|product| product.name.clone())
    }

    /// Remembers the list that an answer shows, for words that point into it. One product of that list is no new list.
    pub(super) fn remember_shown(&mut self, grounds: &[Ground]) {
        let listed = |ground: &Ground| {
            let (wish, found) = ground.found.as_ref()?;
            let shown = found.goods.iter().take(shown_count(wish, found));
            Some(shown.map(|at| self.book.spec.catalogue.products[*at].id.to_string()).collect::<Vec<String>>())
        };
        let Some(new) = grounds.iter().rev().find_map(listed).filter(|new| !new.is_empty()) else { return };
        let Some(asked) = &mut self.snap.state.asked else { return };
        if new.len() > 1 || !asked.shown.contains(&new[0]) {
            asked.shown = new;
        }
    }
}

/// The last lines of a chain that are worth keeping.
fn beginning_lines(chain: &str) -> String {
    let lines: Vec<&str> = chain.lines().collect();
    let fits = |from: &usize| lines[*from..].iter().map(|line| line.chars().count() + 1).sum::<usize>() <= CHARS_MAX;
    let from = (0..lines.len()).find(fits).unwrap_or(lines.len().saturating_sub(1));
    lines[from..].join("\n").chars().take(CHARS_MAX).collect()
}

/// Whether a question hangs on the one before. A bare «да» asks nothing.
pub(super) fn follows_up(words: &Words, kind: PendingKind) -> bool {
    let short = words.said().nth(WORDS_MAX).is_none();
    let joined = matches!(words.form(0), "а" | "и" | "или" | "еще" | "тогда" | "but" | "and" | "or" | "then")
        || words.form(0) == "what" && words.form(1) == "about"
        || words.form(0) == "how" && words.form(1) == "about";
    // «Без орехов»: of what was shown.
    let restricts = matches!(words.form(0), "без" | "without") && words.said().nth(RESTRICTION_WORDS_MAX).is_none();
    let bare = kind == PendingKind::Question && names_nothing(words) && words.said().next().is_some();
    short && (joined || restricts || bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_question_that_begins_with_and_or_names_nothing_hangs_on_the_one_before() {
        for (text, expected) in [
            ("а без сахара?", true),
            ("а на 5 кг?", true),
            ("а в воскресенье?", true),
            ("и сколько стоит?", true),
            ("без орехов", true),
            ("без орехов и без молока на двенадцать", false),
            ("сколько стоит?", true),
            ("what about Sunday?", true),
            ("до скольки вы работаете?", false),
            ("доставка есть?", false),
            ("а вы можете привезти торт к нам в офис за город сегодня вечером?", false),
            ("", false),
        ] {
            assert_eq!(follows_up(&Words::of(text), PendingKind::Question), expected, "{text}");
        }
        assert!(!follows_up(&Words::of("да"), PendingKind::Words));
    }

    #[test]
    fn a_long_chain_keeps_its_end() {
        let chain = format!("{}\nа без орехов?\nа на 12?", "о".repeat(300));
        assert_eq!(beginning_lines(&chain), "а без орехов?\nа на 12?");
    }
}
