//! What may be said, and the questions that a claim puts to it.

use std::sync::Arc;

use jiff::civil::{self, Weekday};
use rustc_hash::FxHashSet;
use smallvec::SmallVec;

use super::{
    figures::{Figure, Reading, Sum, Term, read},
    links,
    names::{Item, Names},
    orders,
    phrases::{self, Polarity},
    sentences,
    source::{Source, Speaker},
    topics,
};
use crate::{
    lang::{
        dates,
        normal::{Kind, Words},
    },
    money::Money,
    order::{Cart, Line, Order, OrderState},
    spec::catalogue::Product,
};

/// The day that «завтра» is counted from where no day was given; the same for evidence and claims.
pub(super) const SOME_DAY: civil::Date = civil::Date::constant(2000, 1, 1);
/// Longest span of days that a text's «с 15 по 17 декабря» opens.
const SPAN_DAYS_MAX: i64 = 62;

/// What the domain gave: what a model may say. Cheap to layer ([`Evidence::over`]) and to build: texts are read when a claim
/// asks for them ([`Source`]), ours before the customer's.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    base: Option<Arc<Self>>,
    /// Texts of ours.
    texts: Vec<Arc<Source>>,
    /// What the customer wrote, the newest last.
    sayings: Vec<Source>,
    today: Option<civil::Date>,
    names: Names,
    prices: FxHashSet<Sum>,
    bare_prices: FxHashSet<i64>,
    product_counts: FxHashSet<i64>,
    sums: FxHashSet<i64>,
    said: Vec<Said>,
    counts: FxHashSet<i64>,
    terms: FxHashSet<Term>,
    times: FxHashSet<i16>,
    /// Days as they were said, to be counted from today.
    days: Vec<Words>,
    /// Days of texts that move with today («на завтра принимаем до 16:00»): no promise rests on them.
    moving: Vec<Words>,
    due: Vec<civil::Date>,
    weekdays: u8,
    codes: FxHashSet<String>,
    orders: Vec<(String, OrderState)>,
    links: FxHashSet<String>,
    phones: FxHashSet<String>,
    heard_sums: FxHashSet<i64>,
    /// What must never be said, in small letters and digits.
    secret: String,
}

/// A sentence of a text: its sums, shares and promises, and what they are about.
#[derive(Debug, Clone, Default)]
pub(super) struct Said {
    subject: SmallVec<[u64; 16]>,
    sums: SmallVec<[Sum; 2]>,
    percents: SmallVec<[i64; 2]>,
    boons: u8,
    states: SmallVec<[OrderState; 1]>,
    stock: bool,
    /// What the whole text is about.
    page: Arc<FxHashSet<u64>>,
}

/// Small Latin letters and digits alone, lookalikes among them.
fn bare(text: &str) -> String {
    let plain = text.chars().map(|c| match c {
        'а' | 'А' => 'a',
        'в' | 'В' => 'b',
        'с' | 'С' => 'c',
        'е' | 'Е' => 'e',
        'О' | 'о' => '0',
        'З' | 'з' => '3',
        '\u{ff10}'..='\u{ff5a}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        c => c.to_ascii_lowercase(),
    });
    plain.map(|c| c.to_ascii_lowercase()).filter(char::is_ascii_alphanumeric).collect()
}

/// Whether a day is said with its month.
fn months(said: &str) -> bool {
    ["январ", "феврал", "март", "апрел", "мая", "июн", "июл", "август", "сентябр", "октябр", "ноябр", "декабр"]
        .iter()
        .any(|month| said.to_lowercase().contains(month))
}

/// Whether two sums are one: a currency that was not named is any.
fn same(a: &Sum, b: &Sum) -> bool {
    a.0 == b.0 && (a.1.is_none() || b.1.is_none() || a.1 == b.1)
}

impl Evidence {
    /// A layer over facts that do not change between turns: the whole catalogue, the partner's links.
    pub fn over(base: Arc<Self>) -> Self {
        Self { base: Some(base), ..Self::default() }
    }

    /// A product of the catalogue: its price is said with its name, its stock and its figures as they are.
    pub fn product(&mut self, product: &Product) {
        self.names.add(product);
        if let Some(item) = self.names.items.last() {
            self.prices.extend(item.prices.iter().copied());
            self.bare_prices.extend(item.prices.iter().map(|(minor, _)| *minor));
            self.product_counts.extend(item.counts.iter().copied());
        }
        if let Some(about) = &product.about {
            self.read_text(about);
        }
        for link in [&product.url, &product.photo].into_iter().flatten() {
            self.link(link);
        }
    }

    /// An order of the customer: its number, state, sums, quantities and day.
    pub fn order(&mut self, order: &Order) {
        self.orders.push((order.number.clone(), order.state));
        self.codes.insert(order.number.clone());
        self.lines(&order.lines, Some(order.total));
        self.due.extend(order.due);
        self.heard(&order.note);
    }

    /// The customer's cart: its sums and quantities.
    pub fn cart(&mut self, cart: &Cart) {
        self.lines(&cart.lines, cart.total());
        if !cart.lines.is_empty() {
            self.counts.insert(i64::from(cart.count()) * 1000);
        }
    }

    fn lines(&mut self, lines: &[Line], total: Option<Money>) {
        self.sums.extend(total.map(|total| total.minor));
        for line in lines {
            self.sums.insert(line.price.minor);
            self.sums.extend(line.sum().map(|sum| sum.minor));
            self.counts.insert(i64::from(line.quantity) * 1000);
        }
        if !lines.is_empty() {
            self.counts.insert(i64::try_from(lines.len()).unwrap_or(i64::MAX).saturating_mul(1000));
        }
    }

    /// A passage, or what the domain answered: all that it states may be said.
    pub fn text(&mut self, text: &str) {
        self.source(Arc::new(Source::new(Speaker::Us, text)));
    }

    /// A text of ours that others hold as well.
    pub fn source(&mut self, source: Arc<Source>) {
        self.texts.push(source);
    }

    /// The customer's own words: plain numbers, dates and order numbers may be echoed. They make no price, discount, stock
    /// or order state true, and a link in them is not ours.
    pub fn heard(&mut self, text: &str) {
        if !text.is_empty() {
            self.sayings.push(Source::new(Speaker::Customer, text));
        }
    }

    /// What one text makes true.
    pub(super) fn read(speaker: Speaker, text: &str) -> Self {
        let mut evidence = Self::default();
        match speaker {
            Speaker::Us => evidence.read_text(text),
            Speaker::Customer => evidence.read_saying(text),
        }
        evidence
    }

    fn read_text(&mut self, text: &str) {
        let mut heading: SmallVec<[u64; 16]> = SmallVec::new();
        let (first, mut page) = (self.said.len(), FxHashSet::default());
        for sentence in sentences::split(text) {
            let source = &text[sentence];
            let reading = read(source, SOME_DAY);
            let mut said = Said { subject: topics::subject(&reading.words), ..Said::default() };
            page.extend(said.subject.iter().copied());
            if source.trim_start().starts_with('#') {
                heading.clone_from(&said.subject);
            } else {
                said.subject.extend(heading.iter().copied());
            }
            for (figure, _) in &reading.figures {
                match figure {
                    Figure::Money(sum) => said.sums.push(*sum),
                    Figure::Percent(share) => said.percents.push(*share),
                    _ => {}
                }
            }
            for (boon, _, polarity) in phrases::boons(&reading.words) {
                said.boons |= if polarity == Polarity::Affirmed { boon.bit() } else { 0 };
            }
            let states = orders::order_states(&reading.words);
            said.states =
                states.into_iter().filter(|(_, _, p)| *p == Polarity::Affirmed).map(|(state, ..)| state).collect();
            said.stock = !phrases::stock(&reading.words).is_empty();
            self.links.extend(reading.leads.links.iter().cloned());
            self.links.extend(reading.leads.links.iter().map(|link| links::host(link).to_owned()));
            self.phones.extend(reading.leads.phones.iter().cloned());
            self.take(&reading, Speaker::Us);
            if !said.sums.is_empty()
                || !said.percents.is_empty()
                || said.boons != 0
                || !said.states.is_empty()
                || said.stock
            {
                self.said.push(said);
            }
        }
        let page = Arc::new(page);
        for said in &mut self.said[first..] {
            said.page = Arc::clone(&page);
        }
    }

    fn read_saying(&mut self, text: &str) {
        for sentence in sentences::split(text) {
            let reading = read(&text[sentence], SOME_DAY);
            for (figure, _) in &reading.figures {
                if let Figure::Money((minor, _)) = figure {
                    self.heard_sums.insert(*minor);
                }
            }
            self.take(&reading, Speaker::Customer);
        }
    }

    /// Letters and digits that must not be said in any spelling: an answer with them recites the instructions.
    pub fn secret(&mut self, secret: &str) {
        self.secret = bare(secret);
    }

    /// Whether a text says the secret.
    pub(super) fn is_betrayed_by(&self, text: &str) -> bool {
        let said = |layer: &Self| !layer.secret.is_empty() && text.len() >= layer.secret.len();
        self.given().any(said) && {
            let bare = bare(text);
            self.given().any(|layer| said(layer) && bare.contains(&layer.secret))
        }
    }

    /// A link of the partner.
    pub fn link(&mut self, link: &str) {
        let normal = links::normal(link);
        self.links.insert(links::host(&normal).to_owned());
        self.links.insert(normal);
    }

    /// Today.
    pub fn day(&mut self, today: civil::Date) {
        self.today = Some(today);
    }

    /// Takes the figures that may be said whatever they are about.
    fn take(&mut self, reading: &Reading, speaker: Speaker) {
        for (figure, _) in &reading.figures {
            match figure {
                Figure::Term(term) => {
                    self.terms.insert(*term);
                    // «16–19 часов» are hours of the day as well.
                    if let Term::Minutes(milli) = term
                        && (7 * 60_000..24 * 60_000).contains(milli)
                        && milli % 60_000 == 0
                    {
                        self.times.extend(i16::try_from(milli / 1000));
                    }
                }
                Figure::Time(minutes) => {
                    self.times.insert(*minutes);
                }
                Figure::Count { value, .. } => {
                    self.counts.insert(*value);
                    self.hour(reading, *value);
                }
                Figure::Code(code) => {
                    self.codes.insert(code.clone());
                }
                Figure::Money(_) | Figure::Percent(_) => {}
            }
        }
        for day in &reading.days {
            let said = Words::of(&day.said);
            let fixed = day.said.bytes().any(|b| b.is_ascii_digit()) || weekdays(&said) != 0 || months(&day.said);
            if speaker == Speaker::Us && !fixed {
                self.moving.push(said);
                continue;
            }
            self.days.push(said);
            self.earlier_days(reading, day.places.start, &day.said);
        }
        self.weekdays |= weekdays(&reading.words);
    }

    /// «10–13 и 16–19 часов»: hours of the day.
    fn hour(&mut self, reading: &Reading, value: i64) {
        let hours = || {
            reading
                .words
                .iter()
                .any(|word| matches!(word.form, "часов" | "часа" | "час" | "ч" | "интервал" | "интервала"))
        };
        if (0..=24_000).contains(&value) && value % 1000 == 0 && hours() {
            self.times.extend(i16::try_from(value / 1000 * 60));
        }
    }

    /// «29, 30 и 31 декабря»: the month belongs to all three.
    fn earlier_days(&mut self, reading: &Reading, before: usize, said: &str) {
        let Some(month) =
            said.split_whitespace().find(|word| word.chars().all(char::is_alphabetic) && word.chars().count() > 2)
        else {
            return;
        };
        let words = &reading.words;
        let mut at = before;
        while let Some(mark) =
            at.checked_sub(1).filter(|mark| matches!(words.form(*mark), "," | "и" | "and" | "-" | "или"))
        {
            let Some(day) = mark.checked_sub(1).filter(|day| words.kind(*day) == Some(Kind::Digits)) else { return };
            self.days.push(Words::of(&format!("{} {month}", words.form(day))));
            at = day;
        }
    }

    /// What the domain gave as data: this layer and those below.
    fn given(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |layer| layer.base.as_deref())
    }

    /// That, and our texts, each read when it is its turn.
    fn told(&self) -> impl Iterator<Item = &Self> {
        self.given().chain(self.given().flat_map(|layer| &layer.texts).map(|text| text.evidence()))
    }

    /// What the customer wrote, the newest first.
    fn sayings(&self) -> impl Iterator<Item = &Source> {
        self.given().flat_map(|layer| layer.sayings.iter().rev())
    }

    /// All of it.
    fn layers(&self) -> impl Iterator<Item = &Self> {
        self.told().chain(self.sayings().map(Source::evidence))
    }

    pub(super) fn today(&self) -> civil::Date {
        self.given().find_map(|layer| layer.today).unwrap_or(SOME_DAY)
    }

    pub(super) fn named<'a>(&'a self, words: &Words, source: &str) -> SmallVec<[(&'a Item, usize); 2]> {
        self.given().flat_map(|layer| layer.names.named(words, source)).collect()
    }

    /// The products that the customer named last.
    pub(super) fn heard_named(&self) -> SmallVec<[&Item; 2]> {
        let Some(heard) = self.sayings().next().map(Source::text) else { return SmallVec::new() };
        self.named(&Words::of(heard), heard).into_iter().map(|(item, _)| item).collect()
    }

    pub(super) fn speaks_of_a_kind(&self, words: &Words) -> bool {
        self.given().any(|layer| layer.names.speaks_of_a_kind(words))
    }

    /// Whether a product costs this.
    pub(super) fn is_price(&self, sum: &Sum) -> bool {
        self.given()
            .any(|layer| if sum.1.is_some() { layer.prices.contains(sum) } else { layer.bare_prices.contains(&sum.0) })
    }

    /// Whether the domain computed this sum.
    pub(super) fn is_sum(&self, sum: &Sum) -> bool {
        self.given().any(|layer| layer.sums.contains(&sum.0))
    }

    pub(super) fn is_heard_sum(&self, sum: &Sum) -> bool {
        self.sayings().any(|saying| saying.evidence().heard_sums.contains(&sum.0))
    }

    /// Whether a text states this sum at all.
    pub(super) fn is_said(&self, sum: &Sum) -> bool {
        self.some_said(|said| said.sums.iter().any(|other| same(sum, other)))
    }

    /// Whether a text states this sum of one of these subjects.
    pub(super) fn is_said_of(&self, sum: &Sum, subject: &[u64]) -> bool {
        self.some_said(|said| said.about(subject) && said.sums.iter().any(|other| same(sum, other)))
    }

    /// Whether a text that speaks of one of these subjects states this sum.
    pub(super) fn is_said_near(&self, sum: &Sum, subject: &[u64]) -> bool {
        self.some_said(|said| said.near(subject) && said.sums.iter().any(|other| same(sum, other)))
    }

    pub(super) fn is_percent_of(&self, share: i64, subject: &[u64]) -> bool {
        self.some_said(|said| said.about(subject) && said.percents.contains(&share))
    }

    /// Whether a text promises this of one of these subjects, or on a condition that is told with it («от 7 000 ₽»).
    pub(super) fn promises(&self, boon: phrases::Boon, subject: &[u64], sums: &[Sum]) -> bool {
        let condition = |said: &Said| said.sums.iter().any(|sum| sums.iter().any(|other| same(sum, other)));
        self.some_said(|said| {
            said.boons & boon.bit() != 0 && (said.about(subject) || condition(said) && said.near(subject))
        })
    }

    pub(super) fn tells_of_stock(&self, subject: &[u64]) -> bool {
        self.some_said(|said| said.stock && said.about(subject))
    }

    pub(super) fn tells_state(&self, state: OrderState) -> bool {
        self.some_said(|said| said.states.iter().any(|said| orders::holds(state, *said)))
    }

    fn some_said(&self, holds: impl Fn(&Said) -> bool) -> bool {
        self.told().any(|layer| layer.said.iter().any(&holds))
    }

    pub(super) fn has_count(&self, value: i64) -> bool {
        self.layers().any(|layer| layer.counts.contains(&value))
    }

    pub(super) fn has_product_count(&self, value: i64) -> bool {
        self.given().any(|layer| layer.product_counts.contains(&value))
    }

    pub(super) fn has_term(&self, term: Term) -> bool {
        self.layers().any(|layer| layer.terms.contains(&term))
    }

    pub(super) fn has_time(&self, minutes: i16) -> bool {
        self.layers().any(|layer| layer.times.contains(&minutes))
    }

    pub(super) fn has_code(&self, code: &str) -> bool {
        let number = code.parse::<i64>().ok().filter(|_| !code.starts_with('0') && code.len() < 7);
        let counted =
            number.is_some_and(|number| self.has_count(number * 1000) || self.has_product_count(number * 1000));
        counted || self.layers().any(|layer| layer.codes.contains(code))
    }

    pub(super) fn has_link(&self, link: &str) -> bool {
        self.told().any(|layer| layer.links.contains(link))
    }

    pub(super) fn has_phone(&self, phone: &str) -> bool {
        self.told().any(|layer| layer.phones.contains(phone))
    }

    pub(super) fn orders(&self) -> impl Iterator<Item = &(String, OrderState)> {
        self.given().flat_map(|layer| &layer.orders)
    }

    pub(super) fn has_weekdays(&self, bits: u8) -> bool {
        let mut all = 0;
        self.layers().any(|layer| {
            all |= layer.weekdays;
            all & bits == bits
        })
    }

    /// Whether a day, counted from today, is one that may be promised.
    pub(super) fn has_day(&self, day: civil::Date) -> bool {
        self.layers().any(|layer| layer.due.contains(&day) || layer.days.iter().any(|said| self.means(said, day)))
    }

    /// Whether a text speaks of a day as it moves: «на завтра принимаем до 16:00».
    pub(super) fn has_moving_day(&self, day: civil::Date) -> bool {
        self.told().any(|layer| layer.moving.iter().any(|said| self.means(said, day)))
    }

    /// Whether words, said today, mean this day or a span of days that holds it.
    fn means(&self, said: &Words, day: civil::Date) -> bool {
        dates::find(said, self.today().at(12, 0, 0, 0)).iter().any(|when| {
            when.date.is_some_and(|first| {
                let last = when.last.unwrap_or(first);
                let far = first.checked_add(jiff::ToSpan::days(SPAN_DAYS_MAX)).is_ok_and(|far| day >= far);
                first <= day && day <= last && !far
            })
        })
    }
}

impl Said {
    fn near(&self, subject: &[u64]) -> bool {
        subject.iter().any(|stem| self.page.contains(stem))
    }

    fn about(&self, subject: &[u64]) -> bool {
        self.subject.iter().any(|stem| subject.contains(stem))
    }
}

/// The weekdays that a sentence names, a bit each; «понедельник–пятница», «в будни», «каждый день» are all of theirs.
pub(super) fn weekdays(words: &Words) -> u8 {
    let mut bits = 0;
    let mut from: Option<(usize, u8)> = None;
    for (at, word) in words.said() {
        let named = match word.form {
            "будни" | "будням" | "будние" | "weekdays" => 0b1_1111,
            "выходные" | "выходным" | "выходных" | "weekend" | "weekends" => 0b110_0000,
            "ежедневно" | "круглосуточно" | "daily" => 0b111_1111,
            "день" | "day" if at > 0 && matches!(words.form(at - 1), "каждый" | "every") => 0b111_1111,
            form => match weekday(form) {
                Some(day) => {
                    let bit = 1 << day.to_monday_zero_offset();
                    // The days between two ends.
                    if let Some((place, first)) = from.filter(|_| at > 0)
                        && at - place == 2
                        && matches!(words.form(at - 1), "-" | "по" | "до" | "to")
                    {
                        bits |= (first..=bit).filter(|bit| bit.is_power_of_two()).fold(0, |all, bit| all | bit);
                    }
                    from = Some((at, bit));
                    bit
                }
                None => 0,
            },
        };
        bits |= named;
    }
    bits
}

fn weekday(form: &str) -> Option<Weekday> {
    const STARTS: &[(&str, Weekday)] = &[
        ("понедельник", Weekday::Monday),
        ("вторник", Weekday::Tuesday),
        ("четверг", Weekday::Thursday),
        ("пятниц", Weekday::Friday),
        ("суббот", Weekday::Saturday),
        ("воскресен", Weekday::Sunday),
        ("monday", Weekday::Monday),
        ("tuesday", Weekday::Tuesday),
        ("wednesday", Weekday::Wednesday),
        ("thursday", Weekday::Thursday),
        ("friday", Weekday::Friday),
        ("saturday", Weekday::Saturday),
        ("sunday", Weekday::Sunday),
    ];
    let listed = STARTS.iter().find(|(start, _)| form.starts_with(start)).map(|(_, day)| *day);
    listed.or_else(|| {
        matches!(form, "среда" | "среду" | "среды" | "среде" | "средам" | "средой").then_some(Weekday::Wednesday)
    })
}

#[cfg(test)]
mod tests;
