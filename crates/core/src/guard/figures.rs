//! What a sentence states in figures: sums, shares, terms, times, counts. One reading serves evidence and claims alike.

use std::{
    hash::{Hash, Hasher},
    ops::Range,
};

use jiff::civil;
use rust_decimal::{Decimal, prelude::ToPrimitive};
use rustc_hash::FxHasher;
use smallvec::SmallVec;

use super::{
    fold::fold,
    links::{self, Leads},
};
use crate::{
    lang::{
        dates::{self, Certainty},
        normal::{Kind, Words},
        numbers::{self, MoneySign, Number},
    },
    money::Currency,
};

/// The smallest number after «за», «стоит» that is a sum although no currency is named.
const SUM_LEAST: i64 = 50_000;

/// A sum: hundredths, and the currency if one was named.
pub(super) type Sum = (i64, Option<Currency>);

/// A length of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Term {
    /// Up to weeks: thousandths of a minute, so that 72 hours are 3 days.
    Minutes(i64),
    /// Thousandths of a month.
    Months(i64),
    /// Thousandths of a year, and years themselves: «в 2018 году».
    Years(i64),
}

/// One figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Figure {
    /// A sum of money.
    Money(Sum),
    /// A share, in thousandths of a percent.
    Percent(i64),
    /// A term.
    Term(Term),
    /// A time of day, in minutes.
    Time(i16),
    /// Any other number, in thousandths; `bare` when nothing is counted with it, so that it may be a price.
    Count { value: i64, bare: bool },
    /// Digits that are no number: «1201-4821», «№ 15».
    Code(String),
}

/// A day that is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Day {
    /// Its tokens.
    pub(super) places: Range<usize>,
    /// The first and the last day meant, counted from the `now` that was given.
    pub(super) days: (civil::Date, civil::Date),
    /// The words, to be counted from another day.
    pub(super) said: String,
}

/// A sentence, read.
#[derive(Debug)]
pub(super) struct Reading {
    /// As readers see it, links left out.
    pub(super) text: String,
    pub(super) words: Words,
    pub(super) leads: Leads,
    /// Figures and the places of their tokens.
    pub(super) figures: SmallVec<[(Figure, Range<usize>); 8]>,
    pub(super) days: SmallVec<[Day; 2]>,
}

/// The hash by which stems are compared.
pub(super) fn hash(word: &str) -> u64 {
    let mut hasher = FxHasher::default();
    word.hash(&mut hasher);
    hasher.finish()
}

/// Reads a sentence; `today` is the day that «завтра» is counted from.
pub(super) fn read(sentence: &str, today: civil::Date) -> Reading {
    let mut text = fold(sentence);
    let leads = links::take(&mut text);
    let words = Words::of(&text);
    let mut reading = Reading { words, text, leads, figures: SmallVec::new(), days: SmallVec::new() };
    let mut taken: SmallVec<[bool; 64]> = SmallVec::from_elem(false, reading.words.len());
    reading.ordinal_of_list(&mut taken);
    let digits = reading.words.iter().any(|word| word.kind == Kind::Digits);
    reading.codes(&mut taken);
    reading.times(&mut taken, today);
    reading.numbers(&mut taken);
    reading.bare_terms();
    if digits {
        reading.leftovers(&taken);
    }
    reading
}

impl Reading {
    /// «1.», «2)» at the beginning: the number of a list's item.
    fn ordinal_of_list(&self, taken: &mut [bool]) {
        let first = usize::from(matches!(self.words.form(0), "-" | "•"));
        if self.words.kind(first) == Some(Kind::Digits)
            && self.words.form(first).len() <= 2
            && matches!(self.words.form(first + 1), "." | ")")
            && self.words.glued(first + 1)
            && !self.words.glued(first + 2)
            && self.words.len() > first + 2
        {
            taken[first] = true;
        }
    }

    /// Order numbers: «1201-4821», «№ 15», «заказ 4821», order #15.
    fn codes(&mut self, taken: &mut [bool]) {
        for at in 0..self.words.len() {
            if taken[at] || self.words.kind(at) != Some(Kind::Digits) {
                continue;
            }
            let words = &self.words;
            let pair = words.form(at).len() == 4
                && words.form(at + 1) == "-"
                && words.glued(at + 1)
                && words.glued(at + 2)
                && words.kind(at + 2) == Some(Kind::Digits)
                && words.form(at + 2).len() == 4;
            let before = at.checked_sub(1).map_or("", |at| words.form(at));
            if pair {
                let code = format!("{}-{}", words.form(at), words.form(at + 2));
                taken[at] = true;
                taken[at + 2] = true;
                self.figures.push((Figure::Code(code), at..at + 3));
            } else if matches!(before, "№" | "#") {
                taken[at] = true;
                self.figures.push((Figure::Code(words.form(at).to_owned()), at..at + 1));
            }
        }
    }

    fn times(&mut self, taken: &mut [bool], today: civil::Date) {
        for when in dates::find(&self.words, today.at(12, 0, 0, 0)) {
            let digits = when.places.clone().any(|at| taken[at]);
            if when.certainty != Certainty::Sure || digits {
                continue;
            }
            for time in [when.time, when.until].into_iter().flatten() {
                let minutes = i16::from(time.hour()) * 60 + i16::from(time.minute());
                self.figures.push((Figure::Time(minutes), when.places.clone()));
            }
            if let Some(date) = when.date {
                let said = self.text[self.words.source(when.places.clone())].to_owned();
                let days = (date, when.last.unwrap_or(date));
                self.days.push(Day { places: when.places.clone(), days, said });
            }
            if when.date.is_some() || when.time.is_some() {
                taken[when.places.clone()].fill(true);
            }
        }
    }

    fn numbers(&mut self, taken: &mut [bool]) {
        for number in numbers::find(&self.words) {
            // The word counted stands last and is no part of the number.
            if number.places.clone().any(|at| taken[at]) {
                continue;
            }
            taken[number.places.clone()].fill(true);
            for value in [Some(number.value), number.upto].into_iter().flatten() {
                if let Some(figure) = self.figure(&number, value) {
                    self.figures.push((figure, number.places.clone()));
                }
            }
        }
    }

    fn figure(&self, number: &Number, value: Decimal) -> Option<Figure> {
        let too_large = || Figure::Code(value.to_string());
        let Some(milli) = value.checked_mul(Decimal::ONE_THOUSAND).and_then(|v| v.trunc().to_i64()) else {
            return Some(too_large());
        };
        let minor = value.checked_mul(Decimal::ONE_HUNDRED).and_then(|v| v.trunc().to_i64()).unwrap_or(i64::MAX);
        if let Some(MoneySign::Named(currency)) = number.money {
            return Some(Figure::Money((minor, Some(currency))));
        }
        let words = &self.words;
        let unit = if number.unit.is_some() { number.places.end - 1 } else { number.places.end };
        let (form, next) = (words.form(unit), words.form(unit + 1));
        if form == "%"
            || form == "‰"
            || is_percent(form)
            || form == "-" && is_percent(next)
            || (form, next) == ("per", "cent")
        {
            return Some(Figure::Percent(milli));
        }
        let passed =
            matches!(words.stem(unit), "рабоч" | "календарн" | "полн" | "цел" | "work" | "busi" | "full" | "calendar");
        let joined = usize::from(form == "-");
        let term = term(if passed || joined > 0 { next } else { form }, milli);
        if let Some(term) = term.or_else(|| halved(words.form(number.places.start), milli)) {
            return Some(Figure::Term(term));
        }
        if number.money.is_some() && !measured(form, next) {
            return Some(Figure::Money((minor, None)));
        }
        let lone = number.unit.is_none() || !measured(form, next);
        if milli >= SUM_LEAST && lone && self.priced(number.places.start) {
            return Some(Figure::Money((minor, None)));
        }
        let spelled = words.kind(number.places.start) == Some(Kind::Word);
        let idle = spelled
            && (milli <= 1000 || matches!(words.form(number.places.start), "пара" | "пару" | "парочку" | "couple"));
        let list = milli <= 10_000 && self.text.trim_end().ends_with(':');
        let choice = milli <= 10_000 && IDLE.iter().any(|start| form.starts_with(start));
        if idle || list || choice {
            return None;
        }
        Some(Figure::Count { value: milli, bare: number.unit.is_none() })
    }

    /// Whether the word before says that a price follows.
    fn priced(&self, at: usize) -> bool {
        let mut before = at;
        for _ in 0..2 {
            let Some(place) = before.checked_sub(1) else { return false };
            let form = self.words.form(place);
            if PRICED.contains(&form)
                || ["стоимост", "обойд", "выйд", "цен"].iter().any(|start| form.starts_with(start))
            {
                return true;
            }
            if !matches!(
                form,
                "-" | ":" | "в" | "всего" | "на" | "is" | "of" | "ровно" | "около" | "от" | "до" | "лишь"
            ) {
                return false;
            }
            before = place;
        }
        false
    }

    /// «за час», «через неделю», in a day: one of a unit without a number.
    fn bare_terms(&mut self) {
        for at in 0..self.words.len() {
            let opens = match self.words.form(at) {
                "за" | "через" | "спустя" | "within" | "in" | "на" | "каждые" | "каждый" | "каждую" => {
                    true
                }
                "течение" | "пределах" => at > 0 && self.words.form(at - 1) == "в",
                _ => false,
            };
            if !opens {
                continue;
            }
            let unit =
                at + 1 + usize::from(matches!(self.words.form(at + 1), "a" | "an" | "один" | "одну" | "одни" | "the"));
            let word = self.words.form(unit);
            if let Some(term) = term(word, 1000).filter(|_| ONE.contains(&word)) {
                // «в течение недели»; «на день рождения» is no term.
                let birthday = self.words.form(unit + 1).starts_with("рожд");
                let known = self.figures.iter().any(|(_, places)| places.contains(&unit));
                if !birthday && !known {
                    self.figures.push((Figure::Term(term), at..unit + 1));
                }
            }
        }
    }

    /// Digits that nothing above took are codes: none leaves unseen.
    fn leftovers(&mut self, taken: &[bool]) {
        for (at, taken) in taken.iter().enumerate() {
            if self.words.kind(at) == Some(Kind::Digits) && !taken {
                self.figures.push((Figure::Code(self.words.form(at).to_owned()), at..at + 1));
            }
        }
    }
}

const PRICED: &[&str] = &[
    "за",
    "по",
    "стоит",
    "стоят",
    "стоил",
    "стоить",
    "стоила",
    "ценник",
    "итого",
    "всего",
    "отдам",
    "отдадим",
    "rub",
    "руб",
    "usd",
    "eur",
    "price",
    "prices",
    "cost",
    "costs",
    "for",
    "only",
    "just",
    "total",
    "рублях",
    "плюс",
    "минус",
];
/// What a small number of may be counted out in talk: «есть два варианта».
const IDLE: &[&str] = &[
    "вариант",
    "способ",
    "вопрос",
    "слов",
    "шаг",
    "пункт",
    "момент",
    "причин",
    "option",
    "way",
    "question",
    "word",
    "step",
];
const ONE: &[&str] = &[
    "час",
    "часа",
    "сутки",
    "суток",
    "день",
    "дня",
    "неделю",
    "недели",
    "месяц",
    "месяца",
    "минуту",
    "минуты",
    "год",
    "года",
    "hour",
    "day",
    "week",
    "month",
    "minute",
    "year",
];

fn is_percent(form: &str) -> bool {
    form.starts_with("процент") || form.starts_with("percent") || form == "pct"
}

fn halved(form: &str, milli: i64) -> Option<Term> {
    term(form.strip_prefix("пол")?, milli)
}

/// A number of units of time.
fn term(unit: &str, milli: i64) -> Option<Term> {
    let minutes = match unit {
        "мин" | "min" | "mins" => 1,
        "ч" | "h" | "hr" | "hrs" => 60,
        "дн" | "сут" => 1440,
        "нед" => 10_080,
        "мес" => return Some(Term::Months(milli)),
        // «350 г» are grams.
        "г" if !(1_900_000..2_200_000).contains(&milli) => return None,
        "г" | "гг" | "лет" => return Some(Term::Years(milli)),
        _ if unit.starts_with("минут") || unit.starts_with("minute") => 1,
        "час" | "часа" | "часов" | "часам" | "часами" | "часу" | "часах" | "часик" | "hour" | "hours" => {
            60
        }
        "день" | "дня" | "дней" | "дню" | "дням" | "днями" | "днях" | "дни" | "суток" | "сутки" | "суткам" | "day"
        | "days" => 1440,
        _ if unit.starts_with("недел") || matches!(unit, "week" | "weeks") => 10_080,
        _ if unit.starts_with("месяц") || matches!(unit, "month" | "months") => return Some(Term::Months(milli)),
        "год" | "года" | "году" | "годом" | "годах" | "годов" | "year" | "years" => {
            return Some(Term::Years(milli));
        }
        _ => return None,
    };
    Some(Term::Minutes(milli.checked_mul(minutes)?))
}

/// Whether the word counted shows that the number is no sum: «за 300 грамм», for 12 guests.
fn measured(form: &str, next: &str) -> bool {
    const WHOLE: &[&str] = &[
        "кг", "г", "гр", "см", "мм", "м", "км", "л", "мл", "шт", "kg", "g", "cm", "km", "ml", "l", "pcs", "знак",
        "раз", "раза", "чел", "кал", "ккал", "°",
    ];
    const STARTS: &[&str] = &[
        "грамм",
        "килограмм",
        "метр",
        "сантиметр",
        "километр",
        "литр",
        "штук",
        "гост",
        "челов",
        "персон",
        "порц",
        "кус",
        "знак",
        "символ",
        "букв",
        "строк",
        "ярус",
        "градус",
        "заказ",
        "клиент",
        "бонус",
        "балл",
        "дет",
        "взросл",
        "guest",
        "people",
        "person",
        "piece",
        "portion",
        "gram",
        "kilo",
        "tier",
        "letter",
        "order",
        "character",
        "serving",
    ];
    [form, next].iter().any(|form| WHOLE.contains(form) || STARTS.iter().any(|start| form.starts_with(start)))
}
