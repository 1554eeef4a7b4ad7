//! A wish read from words: which products, what must not be in them, how much they may cost, for how many, in which order.

use std::ops::Range;

use jiff::civil;
use rust_decimal::Decimal;

use super::{
    Assortment, Goods,
    contents::Without,
    put,
    signs::{Sign, Signs},
    vocabulary::{ASKS, MEASURES, OTHER_UNITS, PEOPLE, elsewhere, in_kilos, order, says_nothing, size},
};
use crate::{
    lang::{
        dates::{self, Certainty},
        intent::{Intent, Intents},
        normal::{Kind, Words, stem},
        numbers::{self, Bound, Number},
    },
    ports::Passage,
};

/// Words that say nothing about products, beside a wish that does.
const UNKNOWN_MAX: usize = 2;
/// Words of a list after «без».
const LIST_MAX: usize = 4;
/// Guests beyond any order.
const GUESTS_MAX: i64 = 1000;

/// Which products come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::turn) enum Order {
    /// The least price.
    Cheapest,
    /// The highest price.
    Dearest,
    /// The most servings.
    Largest,
    /// The fewest.
    Smallest,
    /// What others take.
    Popular,
}

/// A price that was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::turn) struct Price {
    pub(super) least: Option<Decimal>,
    pub(super) most: Option<Decimal>,
    /// «Дороже 3000» is not 3000.
    pub(super) strictly: bool,
}

impl Price {
    pub(super) fn holds(&self, price: Decimal) -> bool {
        let over = self.least.is_none_or(|least| price > least || !self.strictly && price == least);
        over && self.most.is_none_or(|most| price < most || !self.strictly && price == most)
    }

    /// How far a price lies off.
    pub(super) fn apart(&self, price: Decimal) -> Decimal {
        let below = self.least.map_or(Decimal::ZERO, |least| least - price);
        let above = self.most.map_or(Decimal::ZERO, |most| price - most);
        below.max(above).max(Decimal::ZERO)
    }
}

/// What a customer wants of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::turn) struct Wish {
    /// Each word that stands for several products, with these.
    pub(super) classes: Vec<Goods>,
    /// Products that were named.
    pub(super) named: Goods,
    pub(super) without: Vec<Without>,
    pub(super) price: Option<Price>,
    /// Servings at least.
    pub(super) servings: Option<Decimal>,
    pub(super) kilos: Option<Decimal>,
    pub(super) order: Option<Order>,
    /// Words that the catalogue does not know.
    pub(super) unknown: usize,
    pub(super) signs: Signs,
}

impl Wish {
    /// Whether the catalogue answers this, rather than the pages.
    pub(in crate::turn) fn is_for_catalogue(&self) -> bool {
        let criteria = self.criteria();
        let products = self.names_products();
        if self.signs.has(Sign::Elsewhere) {
            return false;
        }
        let room = match (criteria > 0, products) {
            (true, true) => UNKNOWN_MAX,
            (true, false) if self.signs.has(Sign::Show) || self.signs.has(Sign::Price) || criteria > 1 => UNKNOWN_MAX,
            (false, true) if self.signs.has(Sign::Price) => UNKNOWN_MAX,
            _ => 0,
        };
        self.unknown <= room && (criteria > 0 || products || self.signs.has(Sign::All))
    }

    /// Whether it says more than which products: then the catalogue answers though pages have something to say.
    pub(in crate::turn) fn comes_first(&self) -> bool {
        self.criteria() > 0 || self.signs.has(Sign::Price) || self.signs.has(Sign::All) || self.asks_whether_there_is()
    }

    /// «Капкейки есть?», `do you have cake`.
    fn asks_whether_there_is(&self) -> bool {
        self.names_products() && self.signs.has(Sign::There) && self.unknown == 0
    }

    /// Whether a page that surely tells of it is read out with what the catalogue has: what must not be in it was asked, or
    /// whether there is a kind of products.
    pub(in crate::turn) fn wants_page(&self, score: f32) -> bool {
        let of_kind = self.asks_whether_there_is() && self.named.is_empty() && self.criteria() == 0;
        self.excludes() || of_kind && score >= Passage::CERTAIN
    }

    /// Whether some products were ruled out.
    pub(in crate::turn) fn narrows(&self) -> bool {
        self.criteria() > 0
    }

    /// Whether it names products, one or a kind of them.
    pub(in crate::turn) fn names_products(&self) -> bool {
        !(self.classes.is_empty() && self.named.is_empty())
    }

    /// «Самый дешёвый», «подешевле»: an order among products that the words do not name.
    pub(in crate::turn) fn compares(&self) -> bool {
        self.order.is_some_and(|order| order != Order::Popular) && !self.names_products()
    }

    /// The same, said before anything else: «сколько стоит?» asks for the price of all there is.
    #[must_use]
    pub(in crate::turn) fn said_first(mut self) -> Self {
        let asks_price_alone = self.signs.has(Sign::Price)
            && !(self.signs.has(Sign::Elsewhere) || self.names_products() || self.narrows())
            && self.unknown == 0;
        self.signs.add(Sign::All, asks_price_alone);
        self
    }

    /// Whether what must not be in it was asked just now: then what the pages say of it is said as well.
    pub(in crate::turn) fn excludes(&self) -> bool {
        self.signs.has(Sign::Without)
    }

    /// The same, knowing the words that were said last.
    #[must_use]
    pub(in crate::turn) fn asked_with(mut self, last: &Self) -> Self {
        self.signs.add(Sign::Without, !last.without.is_empty());
        self
    }

    /// How many are shown at most: one for a superlative, few for advice.
    pub(in crate::turn) fn shown_max(&self, usual: usize) -> usize {
        if self.servings.is_some() || self.order == Some(Order::Popular) { usual.div_ceil(2) } else { usual }
    }

    fn criteria(&self) -> usize {
        usize::from(self.price.is_some())
            + usize::from(self.servings.is_some())
            + usize::from(self.kilos.is_some())
            + usize::from(self.order.is_some_and(|order| order != Order::Popular))
            + usize::from(self.signs.has(Sign::Stock))
            + self.without.len()
    }

    /// This wish after an earlier one: «а без орехов?» keeps what was asked for before, and changes what it names itself.
    #[must_use]
    pub(in crate::turn) fn after(self, earlier: Self) -> Self {
        // «А что есть в наличии?» begins anew.
        let bare = self.classes.is_empty() && self.named.is_empty() && self.order.is_none();
        if self.signs.has(Sign::All) && bare && self.criteria() == usize::from(self.signs.has(Sign::Stock)) {
            return self;
        }
        let meets = |one: &Goods, other: &Goods| one.iter().any(|at| other.binary_search(at).is_ok());
        let mut classes = self.classes.clone();
        let of_own = |class: &Goods| self.classes.iter().all(|new| meets(new, class));
        classes.extend(
            earlier
                .classes
                .into_iter()
                .filter(|class| self.named.is_empty() && of_own(class) && !self.classes.contains(class)),
        );
        let kept = [Sign::Stock, Sign::Price, Sign::Show, Sign::Most];
        // «Самый дешёвый» — «а без орехов?»: what may be the same one is shown with those that come next.
        let all_of_them = self.order.is_some() || !self.without.is_empty();
        let kept = Signs::of(&kept[..kept.len() - usize::from(all_of_them)]);
        let mut without = earlier.without;
        without.extend(self.without.iter().filter(|new| !without.contains(new)).cloned().collect::<Vec<_>>());
        // «А второй?»: whether there is that one, and at what price.
        let mut own = self.signs;
        own.add(Sign::There, !self.names_products() && !self.narrows() && self.unknown == 0);
        Self {
            classes,
            named: if self.named.is_empty() && self.classes.is_empty() { earlier.named } else { self.named },
            without,
            price: self.price.or(earlier.price),
            servings: self.servings.or(earlier.servings),
            kilos: self.kilos.or(earlier.kilos),
            signs: own.and_of(earlier.signs, kept),
            order: self.order.or(earlier.order),
            unknown: self.unknown,
        }
    }
}

impl Assortment {
    /// What words want of the catalogue. `now` tells days from counts.
    pub(in crate::turn) fn wish(&self, words: &Words, now: civil::DateTime) -> Wish {
        if let Some(good) = self.full_names.get(&words.text()) {
            return Wish { named: vec![*good], ..Wish::default() };
        }
        let mut reader =
            Reader { all: self, words, wish: Wish::default(), taken: vec![false; words.len()], hits: Vec::new() };
        reader.wish.signs.add(Sign::Price, Intents::of(words).has(Intent::Price));
        reader.whole_names();
        reader.figures(now);
        reader.exclusions();
        reader.rest();
        reader.names();
        reader.wish
    }
}

struct Reader<'a> {
    all: &'a Assortment,
    words: &'a Words,
    wish: Wish,
    /// Places that were understood.
    taken: Vec<bool>,
    /// Words of products' names that were said: which products hold them.
    hits: Vec<Hit>,
}

/// A word of products' names.
struct Hit {
    goods: Goods,
    /// What it asks for if none of these products is meant: «маленький».
    size: Option<Order>,
}

impl Reader<'_> {
    fn take(&mut self, places: Range<usize>) {
        for at in places {
            if let Some(taken) = self.taken.get_mut(at) {
                *taken = true;
            }
        }
    }

    /// Names that were said in full: «три шоколада» is a cake and no number.
    fn whole_names(&mut self) {
        for at in 0..self.words.len() {
            let Some(starting) = self.all.whole_names.get(self.words.stem(at)) else { continue };
            for (name, good) in starting {
                let said = name.iter().enumerate().all(|(nth, stem)| self.words.stem(at + nth) == stem);
                if said {
                    put(&mut self.wish.named, *good);
                    self.take(at..at + name.len());
                }
            }
        }
    }

    // Numbers.

    fn figures(&mut self, now: civil::DateTime) {
        let numbers = numbers::find(self.words);
        if numbers.is_empty() {
            return;
        }
        let sure = dates::find(self.words, now).into_iter().filter(|when| when.certainty == Certainty::Sure);
        let days: Vec<Range<usize>> = sure.map(|when| when.places).collect();
        for number in numbers {
            if self.taken[number.places.start] {
                continue;
            }
            let in_day = days.iter().find(|day| day.start < number.places.end && number.places.start < day.end);
            if let Some(day) = in_day {
                self.take(day.clone());
            } else {
                self.figure(&number);
            }
        }
    }

    fn figure(&mut self, number: &Number) {
        let value = number.upto.unwrap_or(number.value);
        let whole = number.places.clone();
        // A word that is no unit was only next to it: «до 2600 есть».
        let bare = whole.start..whole.end.saturating_sub(usize::from(number.unit.is_some())).max(whole.start + 1);
        let people = number.counts(&PEOPLE);
        if number.money.is_none() && people && value <= Decimal::from(GUESTS_MAX) {
            self.wish.servings = Some(value);
            return self.take(if number.unit.as_ref().is_some_and(|unit| PEOPLE.contains(unit)) {
                whole
            } else {
                bare
            });
        }
        if number.money.is_none()
            && let Some(kilos) = in_kilos(number)
        {
            self.wish.kilos = Some(kilos);
            return self.take(whole);
        }
        let before = number.places.start.checked_sub(1).map_or("", |at| self.words.form(at));
        let foreign = number.unit.as_ref().is_some_and(|unit| OTHER_UNITS.contains(unit));
        let plausible = number.value >= self.all.cheapest / Decimal::from(4);
        let said = number.bound != Bound::Exactly
            || number.upto.is_some()
            || matches!(before, "за" | "по" | "бюджет" | "цена" | "ценой")
            || before == "на" && value > Decimal::from(GUESTS_MAX);
        if number.money.is_some() || plausible && said && !foreign {
            self.wish.price = Some(self.price(number, before));
            return self.take(if number.unit.is_some() && number.money.is_none() { bare } else { whole });
        }
        let for_many = matches!(before, "на" | "для" | "for") && number.unit.is_none() && value >= Decimal::TWO;
        if for_many && number.bound == Bound::Exactly && value <= Decimal::from(GUESTS_MAX) {
            self.wish.servings = Some(value);
        } else if foreign || value > Decimal::ONE {
            self.wish.unknown += 1;
        }
        self.take(bare);
    }

    fn price(&self, number: &Number, before: &str) -> Price {
        let first = self.words.form(number.places.start);
        let compares = |form: &str| {
            matches!(
                form,
                "дороже"
                    | "дешевле"
                    | "больше"
                    | "меньше"
                    | "более"
                    | "менее"
                    | "свыше"
                    | "выше"
                    | "ниже"
                    | "over"
                    | "under"
                    | "more"
                    | "less"
                    | "above"
                    | "below"
            )
        };
        // «Не дороже 3000» may be 3000.
        let strictly = compares(first) && before != "не";
        let of = |least, most| Price { least, most, strictly };
        match (number.upto, number.bound) {
            (Some(upto), _) => Price { strictly: false, ..of(Some(number.value), Some(upto)) },
            (None, Bound::AtLeast) => of(Some(number.value), None),
            (None, Bound::About) => {
                let apart = number.value * Decimal::new(15, 2);
                of(Some(number.value - apart), Some(number.value + apart))
            }
            (None, Bound::Exactly | Bound::AtMost) => of(None, Some(number.value)),
        }
    }

    // What must not be in it.

    fn exclusions(&mut self) {
        let allergic = self.words.iter().any(|word| {
            [
                "аллергия",
                "аллергии",
                "аллергию",
                "аллергией",
                "аллергик",
                "непереносимост",
                "allergy",
                "allergies",
                "allergic",
                "intoleran",
            ]
            .iter()
            .any(|start| word.form.starts_with(start))
        });
        let mut at = 0;
        while at < self.words.len() {
            let form = self.words.form(at);
            let next = match form {
                "без" | "without" | "кроме" => self.listed(at),
                "нет"
                | "no"
                | "содержит"
                | "содержат"
                | "содержащий"
                | "содержащие"
                | "не"
                | "было"
                | "contain"
                | "contains" => self.denied(at),
                _ if form.starts_with("безлактоз") || form.starts_with("безглютен") || form.starts_with("безорех") => {
                    self.prefixed(at)
                }
                _ if self.words.form(at + 1) == "-" && self.words.form(at + 2) == "free"
                    || self.words.form(at + 1) == "free" =>
                {
                    self.excluded(at, at..at + if self.words.form(at + 1) == "-" { 3 } else { 2 })
                }
                _ if allergic && !self.taken[at] && self.all.contents.is_allergen(form, self.words.stem(at)) => {
                    self.excluded(at, at..at + 1)
                }
                _ => None,
            };
            at = next.unwrap_or(at + 1);
        }
    }

    /// Takes the word at a place as something to be excluded; the places past what was taken.
    fn excluded(&mut self, at: usize, places: Range<usize>) -> Option<usize> {
        if self.words.kind(at) != Some(Kind::Word) {
            return None;
        }
        let without = self.all.contents.without(self.words.form(at), self.words.stem(at))?;
        if !self.wish.without.contains(&without) {
            self.wish.without.push(without);
        }
        let past = places.end;
        self.take(places);
        Some(past)
    }

    /// «Без орехов, молока и яиц».
    fn listed(&mut self, from: usize) -> Option<usize> {
        let mut past = None;
        let mut at = from + 1;
        for _ in 0..LIST_MAX {
            let Some(after) = self.excluded(at, from.max(past.unwrap_or(from))..at + 1) else { break };
            past = Some(after);
            at = after;
            while matches!(self.words.form(at), "," | "и" | "или" | "and" | "or" | "без") {
                at += 1;
            }
        }
        past
    }

    /// «Чтобы не было орехов», «не шоколадный», «где нет молока».
    fn denied(&mut self, from: usize) -> Option<usize> {
        let form = self.words.form(from);
        let before = from.checked_sub(1).map_or("", |at| self.words.form(at));
        let denies = matches!(form, "нет" | "no" | "не") || matches!(before, "не" | "not" | "doesnt" | "dont");
        if !denies {
            return None;
        }
        let next = from + 1 + usize::from(matches!(self.words.form(from + 1), "в" | "там"));
        self.excluded(next, from..next + 1)
    }

    /// «Безглютеновый».
    fn prefixed(&mut self, at: usize) -> Option<usize> {
        let rest = self.words.form(at).strip_prefix("без")?;
        let without = self.all.contents.without(rest, &stem(rest))?;
        self.wish.without.push(without);
        self.take(at..at + 1);
        Some(at + 1)
    }

    // Words.

    fn rest(&mut self) {
        for at in 0..self.words.len() {
            if self.taken[at] || self.words.kind(at) != Some(Kind::Word) {
                continue;
            }
            self.word(at);
        }
    }

    fn word(&mut self, at: usize) {
        let (form, stem) = (self.words.form(at), self.words.stem(at));
        let before = at.checked_sub(1).map_or("", |at| self.words.form(at));
        let most = matches!(
            before,
            "самый" | "самая" | "самое" | "самые" | "самую" | "наиболее" | "most" | "самого" | "самой"
        );
        if let Some((order, asked)) = order(form, most) {
            self.wish.order = self.wish.order.or(Some(order));
            self.wish.signs.add(Sign::Most, most || form.ends_with("est"));
            self.wish.signs.add(Sign::Show, asked);
            self.wish.signs.add(Sign::All, asked);
            return;
        }
        if form.starts_with("наличи") || form == "stock" && before == "in" {
            self.wish.signs.add(Sign::Stock, true);
            return;
        }
        if ASKS.contains(form) {
            self.wish.signs.add(Sign::Measure, form == "сколько");
            self.wish.signs.add(Sign::Show, true);
            self.wish.signs.add(
                Sign::What,
                matches!(form, "что" | "чего" | "какие" | "какой" | "какая" | "каких" | "какую" | "what" | "which"),
            );
            self.wish.signs.add(
                Sign::There,
                matches!(form, "есть" | "бывает" | "бывают" | "имеется" | "предлагаете" | "предложите" | "have"),
            );
            self.wish
                .signs
                .add(Sign::All, matches!(form, "ассортимент" | "меню" | "каталог" | "menu" | "catalogue" | "catalog"));
            return;
        }
        self.wish.signs.add(Sign::There, matches!(form, "вас" | "продаете" | "делаете" | "печете" | "you"));
        // «Лесная ягода сколько», «облако вес»: a card tells it.
        self.wish.signs.add(Sign::Measure, MEASURES.contains(form));
        if says_nothing(self.words, at) {
            return;
        }
        if elsewhere(form) && self.all.meant_exactly(stem).is_none() {
            self.wish.signs.add(Sign::Elsewhere, true);
            return;
        }
        match self.all.meant(stem).or_else(|| self.tiered(form)) {
            Some((goods, false)) => {
                if !self.wish.classes.contains(&goods) {
                    self.wish.classes.push(goods);
                }
            }
            Some((goods, true)) => self.hits.push(Hit { goods, size: size(form) }),
            None => match size(form) {
                Some(order) => self.wish.order = self.wish.order.or(Some(order)),
                None => self.wish.unknown += 1,
            },
        }
    }

    /// «Двухъярусный», «двухэтажный»: what has «два яруса» among its tags.
    fn tiered(&self, form: &str) -> Option<(Goods, bool)> {
        let count = [("двух", "два"), ("трех", "три")].into_iter().find(|(start, _)| form.starts_with(start))?;
        let tiers = form[count.0.len()..].trim_start_matches('ъ');
        if !tiers.starts_with("ярус") && !tiers.starts_with("этаж") {
            return None;
        }
        let (all, _) = self.all.meant("ярус")?;
        let (counted, _) = self.all.meant(count.1)?;
        let goods: Goods = all.into_iter().filter(|at| counted.binary_search(at).is_ok()).collect();
        (!goods.is_empty()).then_some((goods, false))
    }

    /// Products all of whose own words were said. A word of a name that was not said in full is unknown.
    fn names(&mut self) {
        let hits = std::mem::take(&mut self.hits);
        let said = |stem: &String| (0..self.words.len()).any(|at| self.words.stem(at) == stem);
        let full = |at: &usize| {
            let good = &self.all.goods[*at];
            let own = hits.iter().filter(|hit| hit.goods.contains(at)).count() >= good.own.len();
            // «Маленький» alone is a size; «маленький медовик» is a name.
            let sized = hits.iter().filter(|hit| hit.goods.contains(at)).all(|hit| hit.size.is_some());
            own && (!sized || good.name.iter().all(said))
        };
        for hit in &hits {
            let full: Vec<usize> = hit.goods.iter().copied().filter(full).collect();
            match hit.size {
                _ if !full.is_empty() => full.into_iter().for_each(|at| put(&mut self.wish.named, at)),
                Some(order) => self.wish.order = self.wish.order.or(Some(order)),
                None => self.wish.unknown += 1,
            }
        }
        let products = self.wish.names_products();
        let told = products && self.wish.unknown == 0 && self.wish.signs.has(Sign::Measure);
        self.wish.signs.add(Sign::Price, told && !self.wish.signs.has(Sign::Elsewhere));
        let listed = self.wish.signs.has(Sign::What) && self.wish.signs.has(Sign::There);
        self.wish.signs.add(Sign::All, listed);
        // «Торт Малина» is the cake; a class that holds none of what was named is about something else.
        if !self.wish.named.is_empty() {
            let named = self.wish.named.clone();
            self.wish.classes.retain(|class| named.iter().any(|at| class.binary_search(at).is_ok()));
        }
    }
}

impl Assortment {
    fn meant_exactly(&self, stem: &str) -> Option<()> {
        (self.classes.contains_key(stem) || self.names.contains_key(stem)).then_some(())
    }
}
