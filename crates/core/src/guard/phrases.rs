//! Words that promise something without a figure: discounts and gifts, stock, states of orders, hours without an end.

use std::sync::LazyLock;

use smallvec::SmallVec;

use crate::lang::{
    beginnings::Beginnings,
    normal::{Kind, Words},
    numbers::is_number_word,
};

/// What a clause promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Boon {
    /// A discount, a sale, a reduced price.
    Discount,
    /// A gift.
    Gift,
    /// Nothing to pay.
    Free,
    /// «вдвое дешевле», half price.
    Cheaper,
    /// A promo code, a coupon.
    Code,
    /// Bonus points, cash back.
    Bonus,
    /// Open for ever: «круглосуточно», 24/7, «без выходных».
    Always,
}

impl Boon {
    /// Its bit in a set.
    pub(super) const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// Whether a clause affirms or denies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Polarity {
    /// «есть скидка».
    Affirmed,
    /// «скидок нет».
    Denied,
}

/// The clause that a place stands in: commas, dashes and the like part clauses.
fn clause(words: &Words, at: usize) -> std::ops::Range<usize> {
    let parts = |at: &usize| match words.form(*at) {
        "," | ";" | ":" | "(" | ")" | "." | "!" | "?" | "…" | "но" | "зато" | "but" => true,
        "-" => !words.glued(*at),
        _ => false,
    };
    let start = (0..at).rev().find(parts).map_or(0, |at| at + 1);
    let end = (at + 1..words.len()).find(parts).unwrap_or(words.len());
    start..end
}

/// Whether the clause around a place affirms.
pub(super) fn polarity(words: &Words, at: usize) -> Polarity {
    let mut denials = 0;
    for place in clause(words, at) {
        let denies = match words.form(place) {
            "нет" | "никаких" | "никакой" | "нельзя" | "no" | "not" | "dont" | "doesnt" | "cannot" | "cant"
            | "isnt" | "arent" | "wont" | "havent" | "without" | "never" => true,
            "без" => place < at,
            "не" => {
                let before = place.checked_sub(1).map_or("", |at| words.form(at));
                let next = words.form(place + 1);
                before != "бы" && !matches!(next, "только" | "просто" | "менее" | "меньше" | "более" | "позже")
            }
            _ => false,
        };
        // «нет проблем», no problem, no doubt.
        let idle = ["проблем", "сомнен", "problem", "doubt", "worri"]
            .iter()
            .any(|start| words.form(place + 1).starts_with(start));
        denials += usize::from(denies && !idle);
    }
    if denials == 1 || words.form(at) == "нет" { Polarity::Denied } else { Polarity::Affirmed }
}

/// What a sentence promises, clause by clause, with the places of the words that say so.
pub(super) fn boons(words: &Words) -> SmallVec<[(Boon, usize, Polarity); 2]> {
    let mut found = SmallVec::new();
    for at in 0..words.len() {
        if words.kind(at) == Some(Kind::Digits) {
            if words.form(at) == "24" && words.form(at + 1) == "/" && words.form(at + 2) == "7" {
                found.push((Boon::Always, at, polarity(words, at)));
            }
            continue;
        }
        if let Some(boon) = boon(words, at) {
            // «no charge», «без выходных»: the denial is what promises.
            let denied =
                matches!(boon, Boon::Always) || matches!(words.form(at), "charge" | "платить" | "платите" | "доплат");
            found.push((boon, at, if denied { Polarity::Affirmed } else { polarity(words, at) }));
        }
    }
    found
}

/// Beginnings of words that promise by themselves.
const BOONS: &[(&str, Boon)] = &[
    ("скидк", Boon::Discount),
    ("скидо", Boon::Discount),
    ("дисконт", Boon::Discount),
    ("распродаж", Boon::Discount),
    ("уцен", Boon::Discount),
    ("акци", Boon::Discount),
    ("скинем", Boon::Discount),
    ("скину", Boon::Discount),
    ("сбав", Boon::Discount),
    ("уступ", Boon::Discount),
    ("спеццен", Boon::Discount),
    ("льгот", Boon::Discount),
    ("discount", Boon::Discount),
    ("rebate", Boon::Discount),
    ("промо", Boon::Code),
    ("promo", Boon::Code),
    ("купон", Boon::Code),
    ("coupon", Boon::Code),
    ("voucher", Boon::Code),
    ("кешб", Boon::Bonus),
    ("кэшб", Boon::Bonus),
    ("cashback", Boon::Bonus),
    ("бонус", Boon::Bonus),
    ("bonus", Boon::Bonus),
    ("бесплатн", Boon::Free),
    ("безвозмездн", Boon::Free),
    ("задаром", Boon::Free),
    ("халяв", Boon::Free),
    ("gratis", Boon::Free),
    ("complimentar", Boon::Free),
    ("подари", Boon::Gift),
    ("дарим", Boon::Gift),
    ("дарю", Boon::Gift),
    ("полцены", Boon::Cheaper),
    ("вполцены", Boon::Cheaper),
    ("круглосуточн", Boon::Always),
    ("ежедневн", Boon::Always),
];

static LISTED: LazyLock<Beginnings<Boon>> = LazyLock::new(|| Beginnings::new(BOONS.iter().copied()));

fn boon(words: &Words, at: usize) -> Option<Boon> {
    let form = words.form(at);
    LISTED.of(form).or_else(|| in_context(words, at)).or_else(|| cheaper(words, at))
}

/// Words that promise in some company only.
fn in_context(words: &Words, at: usize) -> Option<Boon> {
    let near = |start: &str| near(words, at, start);
    match words.form(at) {
        "даром" => Some(Boon::Free),
        "sale" if words.form(at.wrapping_sub(1)) == "on" => Some(Boon::Discount),
        "off" if matches!(words.form(at.wrapping_sub(1)), "%" | "percent" | "half") => Some(Boon::Discount),
        "подарок" | "подарком" | "gift" | "present" if given(words, at) => Some(Boon::Gift),
        "free" if is_free(words, at) => Some(Boon::Free),
        "house" if words.form(at.wrapping_sub(1)) == "the" && words.form(at.wrapping_sub(2)) == "on" => {
            Some(Boon::Free)
        }
        "счет" if matches!(words.form(at.wrapping_sub(1)), "наш") => Some(Boon::Free),
        "счет" if ["заведени", "магазин", "кондитерск"].iter().any(|start| words.form(at + 1).starts_with(start)) => {
            Some(Boon::Free)
        }
        "charge" if matches!(words.form(at.wrapping_sub(1)), "no" | "without" | "extra") => Some(Boon::Free),
        "платить" | "платите" if near("не") || near("ничего") => {
            Some(Boon::Free).filter(|_| !near("только"))
        }
        "снизим" | "снизить" | "снижу" | "снижаем" if near("цен") || near("стоим") => {
            Some(Boon::Discount)
        }
        "выходных" if words.form(at.wrapping_sub(1)) == "без" => Some(Boon::Always),
        "день" if matches!(words.form(at.wrapping_sub(1)), "каждый") => Some(Boon::Always),
        "day" if matches!(words.form(at.wrapping_sub(1)), "every") => Some(Boon::Always),
        _ => None,
    }
}

/// «вдвое дешевле», «для вас дешевле», half the price.
fn cheaper(words: &Words, at: usize) -> Option<Boon> {
    const FACTORS: &[&str] = &["вдвое", "втрое", "раз", "twice", "times", "половин"];
    const FOR_YOU: &[&str] = &["вам", "вас", "отда", "сдела", "уступ", "обойд", "you", "make"];
    let any = |starts: &[&str]| starts.iter().any(|start| near(words, at, start));
    let is = match words.form(at) {
        "дешевле" | "cheaper" => any(FACTORS) || any(FOR_YOU),
        "ниже" | "меньше" | "less" | "lower" => any(FACTORS),
        "half" | "половин" | "половина" | "половину" => any(&["price", "cost", "цен", "стоим"]),
        _ => false,
    };
    is.then_some(Boon::Cheaper)
}

/// Whether a word that begins so stands within three of a place.
fn near(words: &Words, at: usize, start: &str) -> bool {
    (at.saturating_sub(3)..at + 4).any(|at| words.form(at).starts_with(start))
}

/// «в подарок» as something that we give: not the customer's gift for somebody.
fn given(words: &Words, at: usize) -> bool {
    const GIVE: &[&str] = &[
        "получ",
        "добав",
        "полож",
        "клад",
        "вруч",
        "дад",
        "дает",
        "при",
        "плюс",
        "кажд",
        "нас",
        "вам",
        "вас",
        "идет",
        "второ",
        "трет",
        "with",
        "you",
        "free",
        "get",
        "add",
        "give",
    ];
    let ours =
        matches!(words.form(at.wrapping_sub(1)), "в" | "a" | "as" | "free" | "-") || words.form(at) == "подарком";
    ours && clause(words, at).any(|place| {
        let form = words.form(place);
        GIVE.iter().any(|start| if start.len() <= 6 { form == *start } else { form.starts_with(start) })
    })
}

/// "free delivery", and not "gluten-free", "feel free".
fn is_free(words: &Words, at: usize) -> bool {
    let before = words.form(at.wrapping_sub(1));
    let without = before == "-"
        || ["gluten", "sugar", "dairy", "nut", "lactose", "egg", "alcohol", "flour", "milk", "soy", "peanut"]
            .iter()
            .any(|f| before.starts_with(f));
    !(without
        || matches!(before, "feel" | "am")
        || matches!(words.form(at + 1), "to" | "time" | "slot" | "slots" | "from"))
}

/// What a sentence says of stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stock {
    /// «есть в наличии», "in stock".
    Has,
    /// «осталось 3», "only 3 left": the count is a figure of the sentence.
    Left,
    /// «закончился», "sold out".
    None,
}

/// What a sentence says of stock, with the place.
pub(super) fn stock(words: &Words) -> SmallVec<[(Stock, usize); 1]> {
    let mut found: SmallVec<[(Stock, usize); 1]> = SmallVec::new();
    for (at, word) in words.said() {
        let before = words.form(at.wrapping_sub(1));
        let next = words.form(at + 1);
        let says = match word.form {
            "наличии" | "наличие" | "available" => Some(Stock::Has),
            "складе" | "stock" if matches!(before, "на" | "in") => Some(Stock::Has),
            "stock" if before == "of" => Some(Stock::None),
            "sold" if next == "out" => Some(Stock::None),
            "распродан"
            | "распродана"
            | "распроданы"
            | "раскупили"
            | "закончился"
            | "закончилась"
            | "закончились"
            | "кончился"
            | "кончилась"
            | "кончились" => Some(Stock::None),
            "осталось" | "остался" | "осталась" | "остались" | "остается" if leftover(words, at) => {
                Some(Stock::Left)
            }
            "left" | "remaining"
                if (at.saturating_sub(3)..at)
                    .any(|at| words.kind(at) == Some(Kind::Digits) || small(words.form(at))) =>
            {
                Some(Stock::Left)
            }
            "последний" | "последняя" | "последние"
                if words.kind(at + 1) == Some(Kind::Digits)
                    || is_number_word(next)
                    || ["шт", "экзем", "торт"].iter().any(|start| next.starts_with(start)) =>
            {
                Some(Stock::Left)
            }
            _ => None,
        };
        if let Some(says) = says {
            let denied = polarity(words, at) == Polarity::Denied;
            found.push((if denied && says == Stock::Has { Stock::None } else { says }, at));
        }
    }
    found
}

fn small(form: &str) -> bool {
    matches!(
        form,
        "few"
            | "couple"
            | "one"
            | "two"
            | "three"
            | "four"
            | "five"
            | "six"
            | "seven"
            | "eight"
            | "nine"
            | "ten"
            | "last"
    )
}

/// «осталось 3 штуки», «осталось мало», and not «осталось выбрать».
fn leftover(words: &Words, at: usize) -> bool {
    let few = |at: usize| {
        let form = words.form(at);
        words.kind(at) == Some(Kind::Digits)
            || [
                "мало",
                "немного",
                "несколько",
                "последн",
                "пара",
                "пару",
                "две",
                "два",
                "три",
                "четыр",
                "пять",
                "одн",
                "один",
                "шест",
                "семь",
                "восем",
                "девят",
                "десят",
                "штук",
            ]
            .iter()
            .any(|start| form.starts_with(start))
    };
    let near = |at: usize| {
        few(at)
            || matches!(words.form(at), "всего" | "только" | "ещe" | "лишь" | "еще" | "примерно" | "около")
                && few(at + 1)
    };
    near(at + 1) || at.checked_sub(1).is_some_and(few)
}
