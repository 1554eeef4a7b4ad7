//! Answers to a question that takes several options: what is named, what is refused, and what is left.

use std::ops::Range;

use super::{
    Attention, Hit, OptionWords, Said, Way, asking, best, by_form, by_part, by_root, by_stem, by_typo, filler,
    list_number, listed, overlap,
    refusal::{self, Reach},
    whole,
};
use crate::lang::{
    normal::Words,
    numerals::{Numeral, numeral},
};

/// Options by their number, with the bytes of the source that named them.
pub type Named = Vec<(usize, Range<usize>)>;

/// What a text says of options of which several may be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Several {
    /// Every one: «всё», «давайте все три».
    All,
    /// These, in the order of the options. What was refused besides is left out.
    These(Named),
    /// All but these: «всё, кроме хлеба».
    AllBut(Named),
    /// What else there is, but not these: «без хлеба».
    Except(Named),
    /// Not these, and of the others nothing is said: «хлеб не нужен».
    Without(Named),
    /// Some are named, but not whether they are wanted: «не хлеб и торт».
    Unclear(Range<usize>),
    /// None is named.
    None,
}

/// Finds what a text says of the options of a question that takes several.
pub fn choose_several(words: &Words, options: &[OptionWords], attention: Attention) -> Several {
    if takes_all(words, options.len()) {
        return Several::All;
    }
    let said = Said::with_refusals(words);
    let mut found = named(&said, options, attention);
    let (Some(from), Some(to)) =
        (found.iter().map(|one| one.hit.places.start).min(), found.iter().map(|one| one.hit.places.end).max())
    else {
        return Several::None;
    };
    let all = All::of(words);
    weigh(words, &mut found, all);
    let of = |stance: Stance| {
        let mut options: Named = found
            .iter()
            .filter(|one| one.stance == stance)
            .map(|one| (one.hit.option, words.source(one.hit.places.clone())))
            .collect();
        options.sort_by_key(|(option, _)| *option);
        options.dedup_by_key(|(option, _)| *option);
        options
    };
    let (wanted, refused) = (of(Stance::Wanted), of(Stance::Refused));
    let unclear = Several::Unclear(words.source(from..to));
    let contradicts = wanted.iter().any(|(option, _)| refused.iter().any(|(other, _)| other == option));
    if contradicts || found.iter().any(|one| one.stance == Stance::Unclear) {
        return unclear;
    }
    let leaves_the_rest = found.iter().any(|one| one.stance == Stance::Refused && one.leaves_the_rest);
    if leaves_the_rest && !wanted.is_empty() && all == All::Unsaid && adds(words) {
        // «Кроме хлеба ещё торт» may as well take both.
        return unclear;
    }
    match (refused.is_empty(), wanted.is_empty()) {
        (false, _) if refused.len() == options.len() => unclear,
        (false, true) if all != All::Unsaid => Several::AllBut(refused),
        (false, true) if leaves_the_rest => Several::Except(refused),
        (false, true) => Several::Without(refused),
        (false, false) if all == All::Rest => Several::AllBut(refused),
        (true, _) | (false, false) => Several::These(wanted),
    }
}

/// Whether nothing is said but that all of so many options are taken. «Всё, спасибо» and «вот и всё» end a talk.
fn takes_all(words: &Words, options: usize) -> bool {
    let is_all = |form: &str| matches!(form, "все" | "оба" | "обе" | "all" | "both" | "everything");
    let adds_nothing = |form: &str| {
        matches!(
            form,
            "пожалуйста"
                | "да"
                | "я"
                | "мы"
                | "мне"
                | "нам"
                | "меня"
                | "тогда"
                | "сразу"
                | "вместе"
                | "подряд"
                | "нужно"
                | "нужны"
                | "надо"
                | "подходит"
                | "подходят"
                | "подойдет"
                | "подойдут"
                | "устраивает"
                | "интересно"
                | "интересует"
                | "интересуют"
                | "берем"
                | "варианты"
                | "варианта"
                | "вариантов"
                | "из"
                | "этого"
                | "перечисленное"
                | "please"
                | "yes"
                | "i"
                | "we"
                | "id"
                | "ill"
                | "well"
                | "need"
                | "of"
                | "them"
                | "the"
                | "these"
                | "above"
                | "options"
        )
    };
    let counts = |form: &str| match (form.parse::<usize>(), numeral(form)) {
        (Ok(count), _) => count == options,
        (_, Some(Numeral::Plain(count))) => usize::try_from(count) == Ok(options),
        _ => false,
    };
    let forms = || words.said().map(|(_, word)| word.form);
    let asks = words.iter().any(|word| word.form == "?");
    !asks
        && forms().any(is_all)
        && forms().all(|form| is_all(form) || adds_nothing(form) || asking(form) || counts(form))
}

/// An option found, and what is said of it.
struct Found {
    hit: Hit,
    /// Whether it stands word for word as the file has it, and so in the nominative.
    exact: bool,
    stance: Stance,
    leaves_the_rest: bool,
}

impl Found {
    fn new(hit: Hit, exact: bool) -> Self {
        Self { hit, exact, stance: Stance::Wanted, leaves_the_rest: false }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stance {
    Wanted,
    Refused,
    Unclear,
}

/// All options that are named, wanted or not, in the order of the text.
fn named(said: &Said<'_>, options: &[OptionWords], attention: Attention) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    for (way, exact) in [(by_form as Way, true), (by_stem, false), (by_root, false)] {
        let hits = apart(way(said, options, attention));
        let free = |hit: &Hit| !found.iter().any(|one| overlap(&one.hit.places, &hit.places));
        let more: Vec<Hit> = hits.into_iter().filter(free).collect();
        found.extend(more.into_iter().map(|hit| Found::new(hit, exact)));
    }
    if found.is_empty() && attention == Attention::Open {
        let hits = numbers_of_list(said, options);
        let ways: [Way; 4] = [whole, listed, by_part, by_typo];
        let one = |way: &Way| Some(best(way(said, options, attention))).filter(|hits| !hits.is_empty());
        // Of several that a part or a typo may mean, none is named.
        let only = || ways.iter().find_map(one).filter(|hits| hits.len() == 1).unwrap_or_default();
        let hits = if hits.is_empty() { only() } else { hits };
        found.extend(hits.into_iter().map(|hit| Found::new(hit, false)));
    }
    found.sort_by_key(|one| one.hit.places.start);
    found
}

/// «1 и 3», «первое, второе», «все, кроме 2»: nothing but numbers of the list.
fn numbers_of_list(said: &Said<'_>, options: &[OptionWords]) -> Vec<Hit> {
    let idle = |form: &str| asking(form) || filler(form) || refusal::refuses(form) || ALL.contains(&form);
    let hits = (0..said.len()).filter(|nth| !idle(said.form(*nth))).map(|nth| {
        let option = list_number(said.form(nth), options.len())?;
        Some(Hit { option, places: said.span(nth, 1), weight: 0 })
    });
    hits.collect::<Option<Vec<Hit>>>().map(best).unwrap_or_default()
}

/// Every mention of every option; one inside a longer one of another falls.
fn apart(mut hits: Vec<Hit>) -> Vec<Hit> {
    hits.sort_by_key(|hit| std::cmp::Reverse(hit.weight));
    let mut kept: Vec<Hit> = Vec::new();
    for hit in hits {
        let beaten = |k: &Hit| overlap(&k.places, &hit.places) && (k.option == hit.option || k.weight > hit.weight);
        if !kept.iter().any(beaten) {
            kept.push(hit);
        }
    }
    kept
}

const ALL: [&str; 4] = ["все", "all", "everything", "anything"];

/// What a text says of all options at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum All {
    /// «остальное», «всё, кроме»: all that is not refused.
    Rest,
    /// «всё»: all, unless some are named as wanted.
    Said,
    Unsaid,
}

impl All {
    /// Most words between «всё» and «кроме».
    const BETWEEN_MAX: usize = 3;

    fn of(words: &Words) -> Self {
        // «Всё равно» and «всё же» are no «всё».
        let is_all =
            |at: usize| ALL.contains(&words.form(at)) && !matches!(words.form(at + 1), "равно" | "же" | "таки" | "еще");
        let of_rest = |form: &str| matches!(form, "остальное" | "остальные" | "остальным" | "rest");
        let excepts = |at: usize| {
            matches!(
                words.form(at),
                "кроме" | "без" | "исключая" | "минус" | "but" | "except" | "without" | "minus" | "excluding" | "apart"
            )
        };
        let rest =
            |at: usize| of_rest(words.form(at)) || is_all(at) && (at + 1..=at + 1 + Self::BETWEEN_MAX).any(excepts);
        if (0..words.len()).any(rest) {
            Self::Rest
        } else if (0..words.len()).any(is_all) {
            Self::Said
        } else {
            Self::Unsaid
        }
    }
}

fn adds(words: &Words) -> bool {
    words.iter().any(|word| matches!(word.form, "еще" | "также" | "тоже" | "also" | "too"))
}

/// What joins two mentions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Join {
    And,
    Or,
    Comma,
    Apart,
}

impl Join {
    fn between(words: &Words, places: Range<usize>) -> Self {
        let parts = |form: &str| {
            let verb = asking(form) || refusal::refuses(form);
            verb || matches!(form, "." | "!" | "?" | ";" | "а" | "но" | "только" | "only" | "нужен" | "нужна" | "нужны")
        };
        let holds = |forms: &[&str]| places.clone().any(|at| forms.contains(&words.form(at)));
        if places.clone().any(|at| parts(words.form(at))) {
            Self::Apart
        } else if holds(&["и", "да", "and", "&", "+"]) {
            Self::And
        } else if holds(&["или", "либо", "or"]) {
            Self::Or
        } else if holds(&[","]) || places.is_empty() {
            Self::Comma
        } else {
            Self::Apart
        }
    }
}

/// Finds which mentions are refused: those beside a refusal, and what is joined to them as far as it reaches.
fn weigh(words: &Words, found: &mut [Found], all: All) {
    let before: Vec<Option<Reach>> = found.iter().map(|one| refusal::before(words, one.hit.places.start)).collect();
    let after: Vec<Option<Reach>> = found.iter().map(|one| refusal::after(words, one.hit.places.end)).collect();
    for (at, one) in found.iter_mut().enumerate() {
        if before[at].or(after[at]).is_some() {
            one.stance = Stance::Refused;
            one.leaves_the_rest = before[at].is_some_and(Reach::leaves_the_rest);
        }
    }
    let mut led = before;
    for at in 1..found.len() {
        let Some(reach) = led[at - 1].filter(|_| found[at].stance == Stance::Wanted) else { continue };
        let stance = match (join(words, found, at - 1), reach) {
            // In another case than «кроме» asks for.
            (Join::And, Reach::Except) if found[at].exact => Stance::Unclear,
            (Join::And, Reach::Bare | Reach::One) => Stance::Unclear,
            (Join::And | Join::Or, _) => Stance::Refused,
            (Join::Comma, Reach::Except) if all == All::Rest || declined_list(words, found, at) => Stance::Refused,
            (Join::Comma, Reach::AllBut) if all == All::Rest => Stance::Refused,
            // «Не хочу хлеб, торты и чай»: one list, or two.
            (Join::Comma, Reach::List | Reach::Many) if at + 1 < found.len() && join(words, found, at) == Join::And => {
                Stance::Unclear
            }
            _ => continue,
        };
        found[at].stance = stance;
        led[at] = Some(reach);
    }
    let mut back = None;
    for at in (0..found.len().saturating_sub(1)).rev() {
        let (own, carried) = (after[at + 1], std::mem::take(&mut back));
        let Some(reach) = own.or(carried).filter(|_| found[at].stance == Stance::Wanted) else { continue };
        found[at].stance = match (join(words, found, at), reach) {
            (Join::And | Join::Or, Reach::One) => Stance::Unclear,
            (Join::And | Join::Or, _) => {
                back = Some(reach);
                Stance::Refused
            }
            // «Торт, хлеб и чай не нужны»: the torte as well, or not.
            (Join::Comma, _) if own.is_none() => Stance::Unclear,
            (Join::Comma, Reach::Many) if !is_plural(words, &found[at + 1].hit) => Stance::Unclear,
            _ => continue,
        };
    }
}

/// What joins a mention to the next.
fn join(words: &Words, found: &[Found], at: usize) -> Join {
    Join::between(words, found[at].hit.places.end..found[at + 1].hit.places.start)
}

/// «…, тортов и чая»: the rest of a list in another case than the nominative.
fn declined_list(words: &Words, found: &[Found], from: usize) -> bool {
    let ends = (from..found.len().saturating_sub(1)).find(|at| join(words, found, *at) != Join::Comma);
    ends.is_some_and(|at| join(words, found, at) == Join::And && found[from..=at + 1].iter().all(|one| !one.exact))
}

/// «Конфеты не нужны» speaks of the sweets alone; «чай не нужны» must mean what stands before as well.
fn is_plural(words: &Words, hit: &Hit) -> bool {
    hit.places.clone().any(|at| words.form(at).ends_with(['ы', 'и', 's']))
}
