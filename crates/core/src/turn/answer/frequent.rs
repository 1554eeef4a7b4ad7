//! Questions that many ask in the same words, and whose answer is nobody's own: the world may answer the next one with the words
//! that the last one was answered with.
//!
//! Such a question is put to the model alone, without the dialogue and without a fact about the customer, so that nothing
//! personal can be in the answer. What needs a fact of the moment (stock, an order, the hour) is not frequent.

use sha2::{Digest as _, Sha256};

use super::{Ground, follow_up::follows_up};
use crate::{
    lang::normal::{Kind, Words},
    turn::{
        FrequentKey,
        prompt::PROMPT_VERSION,
        work::{Pending, PendingKind, Progress, Work},
    },
};

/// Longest frequent question, in words.
const WORDS_MAX: usize = 14;
/// Shortest one; a single word may mean anything.
const WORDS_MIN: usize = 2;

/// Words that point at somebody, at what was said before, or at the moment.
const POINTING: &str = "я мне меня мной мой моя мое мои моего моей моему моим моих мою нам нас наш наша наше наши он она оно они его \
    ее их ему ей им это этот эта эти этого этой этом тот та те того той там такой такая такое такие сегодня \
    завтра послезавтра вчера сейчас скоро вечером утром днем i me my mine we us our it its this that these those \
    they them today tomorrow yesterday now tonight открыт открыта открыто открыты закрыт закрыта закрыто \
    закрыты open opened closed";

/// Of these, what an answer that holds for others may not say either.
const OF_THE_MOMENT: &str = "сегодня завтра послезавтра вчера сейчас вечером утром today tomorrow yesterday now tonight currently \
    открыто открыты закрыто закрыты open closed";

impl Work {
    /// The name of the one question of a turn, if it is one that many ask.
    pub(super) fn frequent(&self, pending: &Pending, grounds: &[Ground]) -> Option<FrequentKey> {
        let ([question], [ground]) = (pending.questions.as_slice(), grounds) else { return None };
        let plain = pending.kind == PendingKind::Question
            && pending.progress == Progress::None
            // A second line is the question that it follows up.
            && !question.contains('\n')
            && ground.found.is_none()
            && ground.is_known();
        if !plain || !self.book.spec.config.answer.cache || self.has_own_matters() || self.masked(question) != *question
        {
            return None;
        }
        let words = Words::of(question);
        let count = words.said().count();
        let general = (WORDS_MIN..=WORDS_MAX).contains(&count)
            && !follows_up(&words, pending.kind)
            && words.said().all(|(_, word)| word.kind == Kind::Word && !is_one_of(POINTING, word.form))
            && self.book.products_in(&words).is_empty()
            && !self.names_the_customer(&words);
        general.then(|| self.name(&words, ground))
    }

    /// Whether the customer has something that an answer may be about.
    fn has_own_matters(&self) -> bool {
        let state = &self.snap.state;
        !self.snap.orders.is_empty() || !state.cart.lines.is_empty()
    }

    fn names_the_customer(&self, words: &Words) -> bool {
        let name = Words::of(self.snap.customer.name.as_deref().unwrap_or_default());
        name.said().any(|(_, part)| words.said().any(|(_, word)| word.stem == part.stem))
    }

    /// Whoever edits the files begins with an empty memory; what else an answer depends on is in the name.
    fn name(&self, words: &Words, ground: &Ground) -> FrequentKey {
        let mut digest = Sha256::new();
        let mut put = |part: &str| {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        };
        put(PROMPT_VERSION);
        put(self.lang.code());
        put(&self.today().to_string());
        for (_, word) in words.said() {
            put(word.form);
        }
        put("");
        for passage in &ground.passages {
            [&*passage.page, &*passage.heading, &*passage.text].into_iter().for_each(&mut put);
        }
        FrequentKey(digest.finalize().into())
    }

    /// Whether an answer holds for whoever asks the same: it says nothing of the moment and nobody's name.
    pub(super) fn holds_for_others(&self, answer: &str) -> bool {
        let words = Words::of(answer);
        let of_the_moment = words.said().any(|(_, word)| is_one_of(OF_THE_MOMENT, word.form));
        !of_the_moment && !self.names_the_customer(&words) && self.masked(answer) == answer
    }
}

fn is_one_of(words: &str, word: &str) -> bool {
    words.split(' ').any(|one| one == word)
}
