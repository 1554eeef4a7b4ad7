//! Yes and no.

use std::sync::LazyLock;

use crate::lang::{
    normal::{Words, squeezed},
    phrases::{Phrases, filler, stops},
};

const YES: &str = "да, ага, агась, угу, ок, окей, окэй, окай, ok, okay, okey, yes, yep, yeah, yup, yea, sure, конечно, хорошо, ладно,
    давай, давайте, согласен, согласна, согласны, сагласен, сагласна, соглашаюсь, даю согласие, я даю согласие, верно, правильно, точно, именно, подтверждаю, подтвердить, годится, пойдет, подходит,
    подойдет, устраивает, нормально, отлично, супер, идет, договорились, разумеется, естественно, хочу, можно, было бы неплохо,
    все верно, все правильно, все так, так и есть, само собой, еще бы, не против, нет проблем, без проблем, почему нет, почему бы и нет,
    of course, sounds|looks|all good|great|fine|right|correct|perfect, thats it, perfect, confirm, confirmed, i confirm, thats right, correct, right, agreed, no problem, why not, i do, fine, great, +, 👍, 👌, ✅, ✔";

const NO: &str = "нет, неа, не, нее, нету, no, nope, nah, не надо, не нужно, не нужен, не нужна, не хочу, не хотим, не буду, не согласен,
    не согласна, не согласны, не соглашаюсь, не даю согласия, не даю согласие, не подтверждаю, не подходит, не подойдет, не пойдет, не верно, неверно, не правильно, неправильно, не так, не то, ни в коем случае, никак нет, не сейчас,
    да нет, да не, да нет наверное, да ну, против, я против, нельзя, не стоит, не устраивает, отказываюсь, i dont, not really, wrong, incorrect,
    no thanks, no thank you, not now, dont, -, 👎, ❌, ✖";

static ANSWERS: LazyLock<Phrases<bool>> = LazyLock::new(|| Phrases::new(&[(true, YES), (false, NO)]));

/// Yes or no; `None` when the text is neither, says both, or says more than that.
pub fn yes_no(words: &Words) -> Option<bool> {
    let mut answer = None;
    let mut at = 0;
    while at < words.len() {
        if let Some((said, past)) = ANSWERS.at(words, at).or_else(|| drawn(words, at)) {
            if answer.is_some_and(|answer| answer != said) {
                // «нет, не надо, хорошо»: a no first, then politeness, stays a no; anything else is unclear.
                if answer != Some(false) || !softening(words.form(at)) {
                    return None;
                }
            } else {
                answer = Some(said);
            }
            at = past;
        } else if filler(words.form(at))
            || stops(words.form(at)) && words.form(at) != "?"
            || matches!(words.form(at), "," | ")" | "(" | ":")
        {
            at += 1;
        } else {
            return None;
        }
    }
    answer
}

/// Longest words that say a consent, in words.
const CONSENT_WORDS_MAX: usize = 8;

/// Words that name the consent: «соглашаюсь», «не согласна на обработку». A question is none.
pub fn consent(words: &Words) -> Option<bool> {
    let names = |form: &str| ["соглас", "соглаш", "agree", "consent"].iter().any(|core| form.starts_with(core));
    let long = words.said().nth(CONSENT_WORDS_MAX).is_some();
    if long || words.iter().any(|word| word.form == "?") || !words.iter().any(|word| names(word.form)) {
        return None;
    }
    let denied = words.iter().any(|word| matches!(word.form, "не" | "нет" | "no" | "not" | "dont"));
    Some(!denied)
}

/// «даа», «нетт».
fn drawn(words: &Words, at: usize) -> Option<(bool, usize)> {
    match squeezed(words.form(at)).as_str() {
        "да" | "ага" => Some((true, at + 1)),
        "нет" | "не" => Some((false, at + 1)),
        _ => None,
    }
}

fn softening(form: &str) -> bool {
    matches!(form, "хорошо" | "ладно" | "конечно" | "нормально" | "отлично" | "ок" | "ok" | "okay" | "fine")
}
