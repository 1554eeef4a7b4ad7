//! What is named to refuse it: «не шоколад», «хлеб не нужен», `all but bread`.

use std::sync::LazyLock;

use crate::lang::{
    normal::{Kind, Words},
    phrases::Phrases,
};

/// How far a refusal reaches when more is named beside what it stands at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lang) enum Reach {
    /// «не хлеб»: of what «и» adds nothing is said.
    Bare,
    /// «хлеб не нужен»: one thing, as the word agrees.
    One,
    /// «хлеб и чай не нужны»: several things.
    Many,
    /// `don't need bread and tea`: all that «и» adds.
    List,
    /// «хлеб и чай нет»: the same, where nothing follows.
    Last,
    /// «кроме хлеба и чая»: all that «и» adds in the same case; the rest is wanted.
    Except,
    /// `all but bread and tea`: all that «и» adds; the rest is wanted.
    AllBut,
}

impl Reach {
    /// Whether it says that all the rest is wanted.
    pub(in crate::lang) fn leaves_the_rest(self) -> bool {
        matches!(self, Self::Except | Self::AllBut)
    }
}

/// Longest phrase before what it refuses with the words between, in tokens.
const BEFORE_TOKENS_MAX: usize = 7;
/// Most words between what is named and «не нужен» after it.
const BETWEEN_MAX: usize = 3;

static BEFORE: LazyLock<Phrases<Reach>> = LazyLock::new(|| {
    Phrases::new(&[
        (Reach::Bare, "не, ни, not, no, nor"),
        (Reach::Except, "без, кроме, за исключением, исключая, минус"),
        (
            Reach::AllBut,
            "except, except for, excluding, without, minus, apart from, all|everything|anything|anytime but, \
             any day|time|hour but, all of them but",
        ),
        (Reach::One, "не нужен|нужна"),
        (Reach::Many, "не нужны|требуются"),
        (
            Reach::List,
            "не надо|нужно|хочу|хотим|буду|будем|беру|берем|возьму|возьмем|люблю|любим|ем|едим|требуется, \
             уберите|убери|убрать|исключите|исключить|вычеркните, не могу|можем|смогу|сможем|получится, \
             dont|not need|want|like|take|bring|eat, no need for, cant, cannot, cant do|make|come, skip|remove|exclude|drop",
        ),
    ])
});

static AFTER: LazyLock<Phrases<Reach>> = LazyLock::new(|| {
    Phrases::new(&[
        (
            Reach::One,
            "не нужен|нужна|требуется|интересует, isnt needed|wanted|required|necessary, is not needed|wanted",
        ),
        (Reach::Many, "не нужны|требуются|интересуют, arent needed|wanted|required|necessary, are not needed|wanted"),
        (
            Reach::List,
            "не надо|нужно|хочу|хотим|буду|будем|беру|берем|возьму|возьмем|люблю|любим|ем|едим|подходит|подойдет, \
             не могу|можем|смогу|сможем|получится|получается|успею|успеем|устроит|устраивает|удобно|вариант, \
             занят|занята|заняты, ни к чему, i|we cant|cannot, cant, wont work|do, doesnt work|suit|fit, am busy, \
             im busy, not possible|good|available, not needed|wanted|required|necessary",
        ),
        (Reach::Last, "нет, no, уберите|убери|убрать|убираем|исключите|исключить|исключаем"),
    ])
});

/// The refusal that stands before the word at a place.
pub(in crate::lang) fn before(words: &Words, at: usize) -> Option<Reach> {
    (at.saturating_sub(BEFORE_TOKENS_MAX)..at).rev().find_map(|from| {
        let (reach, past) = BEFORE.at(words, from).filter(|(_, past)| *past <= at)?;
        let touches =
            (past..at).all(|between| light(words, between) || reach == Reach::Except && agrees(words, between));
        (touches && !(reach.leaves_the_rest() && nothing_else(words, from))).then_some(reach)
    })
}

/// The refusal that stands after the words that end before a place.
pub(in crate::lang) fn after(words: &Words, past: usize) -> Option<Reach> {
    let mut at = past;
    let mut between = 0;
    while between <= BETWEEN_MAX && at < words.len() {
        if let Some((reach, past)) = AFTER.at(words, at) {
            // `Cake no nuts` has nothing against the cake.
            let ends = words.kind(past).is_none_or(|kind| kind == Kind::Mark);
            return Some(reach).filter(|reach| *reach != Reach::Last || ends);
        }
        if !light(words, at) && !beside_refusal(words.form(at)) {
            return None;
        }
        (at, between) = (at + 1, between + 1);
    }
    None
}

/// Words of refusals: no option is meant by them.
pub(in crate::lang) fn refuses(form: &str) -> bool {
    matches!(
        form,
        "не" | "ни"
            | "без"
            | "кроме"
            | "исключая"
            | "минус"
            | "нет"
            | "нужен"
            | "нужна"
            | "нужны"
            | "нужно"
            | "надо"
            | "not"
            | "no"
            | "dont"
            | "need"
            | "needed"
            | "except"
            | "without"
            | "but"
    )
}

/// «Ничего, кроме торта»: the torte and nothing else.
fn nothing_else(words: &Words, from: usize) -> bool {
    let said = (0..from).rev().find(|at| words.kind(*at) != Some(Kind::Mark));
    said.is_some_and(|at| {
        matches!(words.form(at), "ничего" | "никакого" | "никаких" | "никакой" | "никто" | "nothing" | "none")
    })
}

/// A word between a refusal and what it refuses that changes nothing.
fn light(words: &Words, at: usize) -> bool {
    matches!(
        words.form(at),
        "\"" | "«"
            | "»"
            | "“"
            | "”"
            | "'"
            | "мне"
            | "нам"
            | "вообще"
            | "совсем"
            | "точно"
            | "больше"
            | "уже"
            | "пока"
            | "тоже"
            | "никакой"
            | "никакого"
            | "никаких"
            | "этот"
            | "этого"
            | "эта"
            | "эти"
            | "the"
            | "a"
            | "an"
            | "any"
            | "me"
            | "us"
            | "some"
    )
}

/// A word between what is named and its refusal: «хлеб сегодня, пожалуй, не нужен», «хлеб я не буду».
fn beside_refusal(form: &str) -> bool {
    matches!(
        form,
        "-" | "–"
            | "—"
            | "я"
            | "мы"
            | "только"
            | "сегодня"
            | "пожалуй"
            | "наверное"
            | "думаю"
            | "лично"
            | "как"
            | "раз"
            | "все"
            | "равно"
            | "никак"
            | "i"
            | "we"
            | "is"
            | "are"
            | "really"
    )
}

/// «Кроме ржаного хлеба».
fn agrees(words: &Words, at: usize) -> bool {
    let endings = ["ого", "его", "ой", "ей", "ых", "их"];
    words.kind(at) == Some(Kind::Word) && endings.iter().any(|ending| words.form(at).ends_with(ending))
}
