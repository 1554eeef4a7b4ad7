//! Wishes that are recognised without a model, strictly: a false hit here loses a customer.

mod change;
mod table;

use smallvec::SmallVec;

pub use self::change::{Correction, correction};
use self::table::{CLOSED, OPEN};
use super::{
    Lang,
    normal::{Kind, Words},
    phrases::{filler, stops},
};

/// A wish, or the tone of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Intent {
    /// «стоп», «не пишите мне больше», unsubscribe: no ads to this customer from now on.
    OptOut,
    /// «позовите человека».
    Human,
    /// «отмена», «передумал».
    Cancel,
    /// «нет, …», «точнее, …»: what follows corrects an earlier answer; see [`correction`].
    Correction,
    /// «вы бот?».
    AskedIfBot,
    /// «не то», «вы не поняли».
    Dissatisfied,
    /// «здравствуйте».
    Greeting,
    /// «спасибо».
    Thanks,
    /// «не знаю», «не важно», «пропустить».
    Skip,
    /// «верните деньги», «безобразие».
    Complaint,
    /// «сколько стоит», «цена?».
    Price,
    /// Looks like a question, with or without the mark.
    Question,
    /// «где мой заказ?», «какой статус у заказа».
    OrderStatus,
    /// «хочу изменить дату»: something that was settled is to be changed.
    Change,
    /// «другой торт», «не этот».
    Another,
    /// «без телефона», «не дам номер»: an answer to who asks for a contact.
    NoContact,
    /// «вернуться к боту», «не надо человека».
    BackToBot,
    /// «до свидания».
    Farewell,
}

/// The wishes found in one text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Intents {
    bits: u32,
    small_talk: Option<SmallTalk>,
}

/// A text that is nothing but politeness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct SmallTalk;

impl Intents {
    /// Finds all wishes of a text.
    pub fn of(words: &Words) -> Self {
        let mut found = Self::default();
        if words.is_empty() {
            return found;
        }
        found.anywhere(words);
        let first = First::of(words);
        found.closed(words, &first);
        if opts_out(words, &first) {
            found.add(Intent::OptOut);
        }
        if greets(words) {
            found.add(Intent::Greeting);
        }
        if correction(words).is_some() {
            found.add(Intent::Correction);
        }
        if names_a_price(words) {
            found.add(Intent::Price);
        }
        if asks(words) {
            found.add(Intent::Question);
        }
        found.settle(words, &first);
        found
    }

    /// Whether this wish is there.
    pub fn has(self, intent: Intent) -> bool {
        self.bits & (1 << intent as u16) != 0
    }

    /// Whether the text is nothing but greeting, thanks and politeness.
    pub fn is_small_talk(self) -> bool {
        self.small_talk.is_some()
    }

    fn add(&mut self, intent: Intent) {
        self.bits |= 1 << intent as u16;
    }

    fn remove(&mut self, intent: Intent) {
        self.bits &= !(1 << intent as u16);
    }

    /// Phrases that mean their wish wherever they stand.
    fn anywhere(&mut self, words: &Words) {
        for at in 0..words.len() {
            for (intent, _) in OPEN.all_at(words, at) {
                self.add(intent);
            }
            // «Сколько медовик стоит».
            let costs = |at: usize| matches!(words.form(at), "стоит" | "стоят" | "стоить" | "обойдется" | "обойдутся");
            if words.form(at) == "сколько" && (at + 2..words.len().min(at + 6)).any(costs) {
                self.add(Intent::Price);
            }
        }
    }

    /// Phrases that mean their wish only when the text says nothing else: «отмена», but not «отмена возможна?».
    fn closed(&mut self, words: &Words, first: &First) {
        for intent in table::ALONE {
            if covered(words, first, intent) {
                self.add(intent);
            }
        }
    }

    /// What one wish takes from another.
    fn settle(&mut self, words: &Words, first: &First) {
        // «Вы живой человек?» asks, «можно живого человека?» wants.
        if self.has(Intent::AskedIfBot) && self.has(Intent::Human) && !table::calls(words) {
            self.remove(Intent::Human);
        }
        // «Не нужен человек» calls nobody.
        if self.has(Intent::BackToBot) {
            self.remove(Intent::Human);
            self.remove(Intent::AskedIfBot);
        }
        if self.has(Intent::OptOut) || self.has(Intent::Cancel) {
            self.remove(Intent::Correction);
            self.remove(Intent::Skip);
        }
        // «Цена не важна» skips the question; it asks for no price.
        if self.has(Intent::Skip) {
            self.remove(Intent::Price);
        }
        let polite = |intent: Intent| matches!(intent, Intent::Greeting | Intent::Thanks | Intent::Farewell);
        let nothing_else = covered_by(words, first, polite);
        if nothing_else && (0..words.len()).any(|at| CLOSED.all_at(words, at).any(|(said, _)| said == Intent::Farewell))
        {
            self.add(Intent::Farewell);
        }
        let says = [Intent::Greeting, Intent::Thanks, Intent::Farewell].into_iter().any(|one| self.has(one));
        self.small_talk = (nothing_else && says).then_some(SmallTalk);
    }
}

/// How a text begins: every wish that it may be nothing but is asked of that.
struct First {
    /// Phrases that start there, the longest first, with the places past them.
    phrases: SmallVec<[(Intent, usize); 4]>,
    /// Whether a mark or a filler stands there.
    idle: bool,
}

impl First {
    fn of(words: &Words) -> Self {
        Self { phrases: CLOSED.all_at(words, 0).collect(), idle: idle(words, 0) }
    }
}

fn idle(words: &Words, at: usize) -> bool {
    words.kind(at) == Some(Kind::Mark) || filler(words.form(at))
}

/// Whether a text holds at least one phrase of the wish and else nothing but its companions and fillers.
fn covered(words: &Words, first: &First, intent: Intent) -> bool {
    covered_by(words, first, |said| said == intent)
}

fn covered_by(words: &Words, first: &First, wanted: impl Fn(Intent) -> bool) -> bool {
    let is_wanted = |(intent, _): &(Intent, usize)| wanted(*intent);
    let (mut at, mut hit) = (0, false);
    while at < words.len() {
        let phrase = if at == 0 {
            first.phrases.iter().copied().find(is_wanted)
        } else {
            CLOSED.all_at(words, at).find(is_wanted)
        };
        if let Some((_, past)) = phrase {
            hit = true;
            at = past;
        } else if (if at == 0 { first.idle } else { idle(words, at) }) || table::companion(words.form(at), &wanted) {
            at += 1;
        } else {
            return false;
        }
    }
    hit
}

/// «стоп» alone, or a clause that is nothing but a wish for silence. «Не пишите на торте ничего» holds other words and is
/// none; «не пишите мне, лучше позвоните» asks for another way and is none.
fn opts_out(words: &Words, first: &First) -> bool {
    if covered(words, first, Intent::OptOut) {
        let stops = words.iter().filter(|word| matches!(word.form, "стоп" | "stop")).count();
        return stops < 2;
    }
    let denied = |at: usize| at > 0 && words.form(at - 1) == "не";
    if (0..words.len()).any(|at| table::other_way(words.form(at)) && !denied(at)) {
        return false;
    }
    let mut from = 0;
    for at in 0..=words.len() {
        if at == words.len() || stops(words.form(at)) || words.form(at) == "," {
            if table::silence(words, from..at) {
                return true;
            }
            from = at + 1;
        }
    }
    false
}

/// A greeting among the first words; «утро» later on is none.
fn greets(words: &Words) -> bool {
    words.said().take(3).any(|(at, _)| CLOSED.all_at(words, at).any(|(intent, _)| intent == Intent::Greeting))
}

/// Ends with a question mark, or starts as questions do.
fn asks(words: &Words) -> bool {
    if words.iter().any(|word| word.form == "?") {
        return true;
    }
    let at = past_prelude(words);
    let last = words.said().next_back().map_or("", |(_, word)| word.form);
    begins_question(words, at)
        || words.len() > at && table::question_verb(words, at)
        || words.form(0) == "а" && matches!(last, "бывает" | "бывают" | "есть" | "можно")
        || ends_asking(words)
        // `My name is Bob, do you deliver`: a later clause asks. In Russian such a clause may as well be told.
        || (1..words.len()).any(|at| words.kind(at - 1) == Some(Kind::Mark) && table::is_inverted(words, at))
}

/// «На 22 человека что есть»: what asks stands last.
fn ends_asking(words: &Words) -> bool {
    let mut last = words.said().map(|(_, word)| word.form).rev();
    let (last, before) = (last.next().unwrap_or_default(), last.next().unwrap_or_default());
    // «А доставка сколько», but not «не знаю сколько».
    let told = matches!(before, "знаю" | "помню" | "скажу" | "решили" | "важно" | "равно" | "");
    if matches!(last, "сколько" | "почем" | "где") && !told {
        return true;
    }
    matches!(before, "что" | "чего" | "какие" | "какой" | "какая" | "какое")
        && matches!(last, "есть" | "бывает" | "бывают" | "имеется" | "посоветуете" | "предложите" | "порекомендуете")
}

/// «Торт малина цена», «цена медовика»: the price of what stands beside the word.
fn names_a_price(words: &Words) -> bool {
    const WORDS_MAX: usize = 6;
    let price = |form: &str| matches!(form, "цена" | "ценник" | "стоимость" | "прайс" | "price" | "cost");
    let aside = |form: &str| matches!(form, "не" | "и" | "за" | "по" | "на" | "качество" | "вопроса" | "любая" | "the");
    let mut said = words.said().map(|(_, word)| word.form);
    let (first, next) = (said.next().unwrap_or_default(), said.next().unwrap_or_default());
    let mut back = words.said().map(|(_, word)| word.form).rev();
    let (last, before) = (back.next().unwrap_or_default(), back.next().unwrap_or_default());
    let few = words.said().nth(WORDS_MAX).is_none() && !next.is_empty();
    few && (price(first) && !aside(next) || price(last) && !aside(before))
}

/// The language that a text asks us to speak: «do you speak english?», «по-русски можно?».
pub fn asks_for_language(words: &Words) -> Option<Lang> {
    let named = |form: &str| match form {
        "english" | "английски" | "английском" => Some(Lang::En),
        "russian" | "русски" | "русском" => Some(Lang::Ru),
        _ => None,
    };
    let speaks = |form: &str| {
        matches!(
            form,
            "do" | "you"
                | "can"
                | "we"
                | "speak"
                | "talk"
                | "write"
                | "understand"
                | "anyone"
                | "in"
                | "does"
                | "вы"
                | "можно"
                | "по"
                | "на"
                | "говорите"
                | "понимаете"
                | "отвечаете"
                | "ответьте"
                | "пишите"
                | "or"
                | "или"
        )
    };
    let mut language = None;
    for (_, word) in words.said() {
        match named(word.form) {
            Some(lang) => language = language.or(Some(lang)),
            None if speaks(word.form)
                || filler(word.form)
                || matches!(word.form, "hi" | "hello" | "здравствуйте" | "привет") => {}
            None => return None,
        }
    }
    language
}

/// Whether a word takes what was named or shown: «беру второй», «два таких», «ещё капкейки».
pub fn picks(form: &str) -> bool {
    table::picks(form)
}

/// Whether a text takes something besides what was settled: «добавьте капкейки».
pub fn adds(words: &Words) -> bool {
    words.iter().any(|word| table::adds(word.form))
}

/// What a text asks leave for, or the way to: «можно отменить заказ?», `can I cancel`.
pub fn asked_leave(words: &Words) -> Option<Words> {
    let at = past_prelude(words);
    let is = |at: usize, forms: &[&str]| forms.contains(&words.form(at));
    let past = if is(at, &["можно", "могу", "можем", "как"]) {
        (at + 1..words.len()).find(|at| !is(*at, &["ли", "я", "мы", "мне", "нам"]))?
    } else {
        let at = at + usize::from(is(at, &["how"]));
        at + if is(at, &["can", "could", "may", "do"]) && is(at + 1, &["i", "we"]) { 2 } else { return None }
    };
    (past < words.len()).then(|| words.part(words.source(past..words.len())))
}

/// Whether a clause asks with a question word or for a price: «сколько стоит медовик», but not «медовик?», which may as well
/// be an answer.
pub fn asks_outright(words: &Words) -> bool {
    begins_question(words, past_prelude(words)) || Intents::of(words).has(Intent::Price)
}

/// Whether a wish to stop names what is stopped: «отмените», but not «не надо».
pub fn calls_off(words: &Words) -> bool {
    words
        .iter()
        .any(|word| ["отмен", "отказ", "аннулир", "передума", "cancel"].iter().any(|core| word.form.starts_with(core)))
}

/// Whether words that refuse may mean no more than what is asked for: «не надо», «ничего не нужно». «Уже не надо» and «стоп» mean
/// the whole.
pub fn declines(words: &Words) -> bool {
    let refused = |at: usize| {
        let wanted = matches!(words.form(at), "надо" | "нужно" | "хочу" | "need" | "want");
        wanted && at.checked_sub(1).is_some_and(|before| matches!(words.form(before), "не" | "dont"))
    };
    let of_the_whole = |form: &str| matches!(form, "уже" | "стоп") || form.starts_with("заказ");
    (0..words.len()).any(refused) && !words.iter().any(|word| of_the_whole(word.form))
}

/// The place past greetings, thanks and «скажите, пожалуйста».
fn past_prelude(words: &Words) -> usize {
    let mut at = 0;
    while let Some(kind) = words.kind(at) {
        let greeting = CLOSED.all_at(words, at).find(|(intent, _)| matches!(intent, Intent::Greeting | Intent::Thanks));
        if let Some((_, past)) = greeting {
            at = past;
        } else if kind == Kind::Mark || table::before_question(words.form(at)) {
            at += 1;
        } else {
            break;
        }
    }
    at
}

fn begins_question(words: &Words, at: usize) -> bool {
    let particle = |at: usize| matches!(words.form(at), "ли" | "скольки" | "скольких");
    words.len() > at && table::question_word(words, at) || (at..words.len().min(at + 4)).any(particle)
}

/// Whether a question begins at this place after others: «… и до скольки вы работаете».
pub fn question_follows(words: &Words, at: usize) -> bool {
    let preposition = matches!(words.form(at), "до" | "во" | "с" | "со" | "в" | "на" | "из" | "по" | "за" | "от");
    let at = at + usize::from(preposition);
    words.len() > at + 1
        && (table::question_word(words, at) || matches!(words.form(at), "скольки" | "скольких" | "есть" | "можно"))
        || words.len() > at + 2 && words.form(at + 1) == "ли"
}

#[cfg(test)]
mod tests;
