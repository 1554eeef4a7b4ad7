//! The verdict on one sentence.

use jiff::civil;
use smallvec::SmallVec;

use super::{
    Claim,
    evidence::{Evidence, weekdays},
    figures::{Day, Figure, Reading, Sum, hash, read},
    names::Item,
    orders,
    phrases::{self, Boon, Polarity, Stock},
    topics,
};
use crate::{
    lang::normal::{Kind, Words},
    order::OrderState,
};

/// What earlier sentences leave to the next ones: «Есть „Малина“. Она стоит …».
#[derive(Debug, Clone, Default)]
pub(super) struct Context<'a> {
    named: SmallVec<[&'a Item; 2]>,
    subject: SmallVec<[u64; 16]>,
}

/// One sentence on trial.
struct Trial<'a> {
    evidence: &'a Evidence,
    reading: Reading,
    /// Products that it names itself.
    named: SmallVec<[(&'a Item, usize); 2]>,
    /// Products that it speaks of, named earlier.
    carried: SmallVec<[&'a Item; 2]>,
    subject: SmallVec<[u64; 16]>,
    before: SmallVec<[u64; 16]>,
}

/// The first claim of a sentence that nothing supports.
pub(super) fn judge<'a>(sentence: &str, evidence: &'a Evidence, context: &mut Context<'a>) -> Option<Claim> {
    let reading = read(sentence, evidence.today());
    let subject = topics::subject(&reading.words);
    let named = evidence.named(&reading.words, &reading.text);
    let mut carried = SmallVec::new();
    if named.is_empty() && refers_back(&reading.words, &subject) {
        carried.clone_from(&context.named);
        if carried.is_empty() && subject.is_empty() && context.subject.is_empty() {
            // «300 рублей» alone answers what was asked.
            carried = evidence.heard_named();
        }
    }
    let before = std::mem::replace(&mut context.subject, subject.clone());
    if !named.is_empty() {
        context.named = named.iter().map(|(item, _)| *item).collect();
    }
    let trial = Trial { evidence, reading, named, carried, subject, before };
    trial
        .links()
        .or_else(|| trial.figures())
        .or_else(|| trial.days())
        .or_else(|| trial.boons())
        .or_else(|| trial.stock())
        .or_else(|| trial.orders())
}

/// Whether a sentence that names no product speaks of the one before: a pronoun, or nothing but a price.
fn refers_back(words: &Words, subject: &[u64]) -> bool {
    let pronoun = words.iter().any(|word| {
        matches!(
            word.form,
            "он" | "она"
                | "оно"
                | "они"
                | "его"
                | "ее"
                | "их"
                | "этот"
                | "эта"
                | "это"
                | "эти"
                | "такой"
                | "такая"
                | "it"
                | "its"
                | "this"
                | "they"
                | "that"
        )
    });
    pronoun || subject.is_empty()
}

impl<'a> Trial<'a> {
    fn products(&self) -> impl Iterator<Item = &'a Item> + '_ {
        self.named.iter().map(|(item, _)| *item).chain(self.carried.iter().copied())
    }

    fn links(&self) -> Option<Claim> {
        let unknown = |link: &String| !self.evidence.has_link(link);
        let leads = &self.reading.leads;
        let words = &self.reading.words;
        // «korica точка ру»: nobody writes so but to hide an address.
        let spelled = (0..words.len()).any(|at| {
            matches!(words.form(at), "точка" | "dot")
                && matches!(
                    words.form(at + 1),
                    "ру" | "ru" | "com" | "ком" | "рф" | "org" | "net" | "орг" | "нет" | "io" | "shop" | "example"
                )
        });
        let strange =
            leads.links.iter().any(unknown) || leads.phones.iter().any(|phone| !self.evidence.has_phone(phone));
        (strange || spelled).then_some(Claim::Link)
    }

    fn figures(&self) -> Option<Claim> {
        self.reading.figures.iter().find_map(|(figure, places)| {
            let (supported, claim) = match figure {
                Figure::Money(sum) => (self.may_cost(sum, places.start), Claim::Price),
                Figure::Percent(share) => (self.may_share(*share), Claim::Discount),
                Figure::Term(term) => (self.evidence.has_term(*term), Claim::Date),
                Figure::Time(minutes) => (self.evidence.has_time(*minutes), Claim::Date),
                Figure::Count { value, bare } => return self.count(*value, *bare, places.start),
                Figure::Code(code) => {
                    let order = code.contains('-')
                        || self.reading.words.iter().any(|word| word.form.starts_with("заказ") || word.form == "order");
                    (
                        self.evidence.has_code(code) || self.is_name_code(code),
                        if order { Claim::Order } else { Claim::Number },
                    )
                }
            };
            (!supported).then_some(claim)
        })
    }

    fn is_name_code(&self, code: &str) -> bool {
        let value = code.parse::<i64>().ok().and_then(|code| code.checked_mul(1000));
        value.is_some_and(|value| self.products().any(|item| item.counts.contains(&value)))
    }

    /// Whether the sentence may name this sum.
    fn may_cost(&self, sum: &Sum, at: usize) -> bool {
        let known =
            |prices: &[Sum]| prices.iter().any(|price| price.0 == sum.0 && (sum.1.is_none() || price.1 == sum.1));
        if self.products().next().is_none() {
            return self.costs_something(sum) || self.evidence.is_sum(sum) || self.is_budget(sum, at);
        }
        let earlier = self.speaks(&[
            "раньше",
            "был",
            "вместо",
            "стара",
            "прежн",
            "зачеркн",
            "was",
            "instead",
            "before",
            "old",
            "снижен",
            "скидк",
        ]);
        let own = self.products().any(|item| {
            let reduced = item.old_price.filter(|_| earlier).is_some_and(|old| {
                // What it cost, or the difference that the shop itself shows.
                let saved = item.prices.first().map(|price| (old.0 - price.0, old.1));
                known(&[old]) || saved.is_some_and(|saved| known(&[saved]))
            });
            known(&item.prices) || reduced
        });
        let total = self.evidence.is_sum(sum)
            && self.speaks(&["итог", "сумм", "всего", "заказ", "корзин", "total", "order", "cart", "оплат", "вместе"]);
        own || total || self.evidence.is_said_of(sum, &self.other_subject()) || self.is_budget(sum, at)
    }

    /// Whether a product that is not named, or a service of the texts, costs this.
    fn costs_something(&self, sum: &Sum) -> bool {
        let service = [hash("доставка"), hash("предоплата")].iter().any(|stem| self.subject.contains(stem));
        if self.evidence.is_price(sum) && !service {
            return true;
        }
        let about: SmallVec<[u64; 32]> = self.subject.iter().chain(&self.before).copied().collect();
        let service = !self.evidence.speaks_of_a_kind(&self.reading.words);
        let loosely = || {
            if about.is_empty() { self.evidence.is_said(sum) } else { self.evidence.is_said_near(sum, &self.subject) }
        };
        self.evidence.is_said_of(sum, &about) || service && loosely()
    }

    /// What the sentence is about besides the product.
    fn other_subject(&self) -> SmallVec<[u64; 16]> {
        let words = &self.reading.words;
        let names: SmallVec<[u64; 2]> = self.named.iter().map(|(_, at)| hash(words.stem(*at))).collect();
        self.subject.iter().copied().filter(|stem| !names.contains(stem)).collect()
    }

    /// The customer's own budget, said as a budget; a product named with it costs no more.
    fn is_budget(&self, sum: &Sum, at: usize) -> bool {
        let words = &self.reading.words;
        let sold = matches!(words.form(at), "за" | "по" | "for")
            || matches!(words.form(at.wrapping_sub(1)), "за" | "по" | "for" | "стоит" | "отдадим");
        let budget = self.speaks(&["бюджет", "предел", "уклад", "уложи", "budget", "within"])
            || words.form(at) == "до"
            || words.form(at) == "under";
        let dearer = self.products().any(|item| item.prices.first().is_some_and(|price| price.0 > sum.0));
        budget && !sold && !dearer && self.evidence.is_heard_sum(sum)
    }

    fn speaks(&self, starts: &[&str]) -> bool {
        self.reading.words.iter().any(|word| starts.iter().any(|start| word.form.starts_with(start.trim_end())))
    }

    /// A share is said of the same thing as in a text.
    fn may_share(&self, share: i64) -> bool {
        // Half of all shares are of some order.
        let order = hash("заказ");
        let subject: SmallVec<[u64; 32]> =
            self.subject.iter().chain(&self.before).copied().filter(|stem| *stem != order).collect();
        self.evidence.is_percent_of(share, &subject) || self.named.iter().any(|(item, _)| item.counts.contains(&share))
    }

    fn count(&self, value: i64, bare: bool, at: usize) -> Option<Claim> {
        let own = self.products().any(|item| item.counts.contains(&value));
        let foreign = self.named.is_empty() && self.evidence.has_product_count(value);
        let place = |at: usize| {
            matches!(
                self.reading.words.form(at),
                "с" | "до" | "к" | "в" | "по" | "from" | "to" | "till" | "until" | "at"
            )
        };
        let hour = value % 1000 == 0 && (place(at) || at.checked_sub(1).is_some_and(place));
        let hour = hour && i16::try_from(value / 1000 * 60).is_ok_and(|minutes| self.evidence.has_time(minutes));
        if own || foreign || hour || self.evidence.has_count(value) {
            return None;
        }
        let sum = (value / 10, None);
        if bare && value % 10 == 0 && value >= 10_000 && self.may_cost(&sum, at) {
            return None;
        }
        let left = phrases::stock(&self.reading.words);
        if left.iter().any(|(stock, _)| *stock != Stock::None) {
            // How many there are is judged with the stock.
            return None;
        }
        let price = bare && value >= 100_000;
        Some(if price { Claim::Price } else { Claim::Number })
    }

    fn days(&self) -> Option<Claim> {
        let told = |day: &Day| {
            let words = &self.reading.words;
            let today = day.days.0 == self.evidence.today();
            let (first, last) = day.days;
            let both = |has: &dyn Fn(civil::Date) -> bool| has(first) && (last == first || has(last));
            if both(&|day| self.evidence.has_day(day)) {
                return true;
            }
            let free = !promises(words) || phrases::polarity(words, day.places.start) == Polarity::Denied;
            if free && (today || both(&|day| self.evidence.has_moving_day(day))) {
                return true;
            }
            let digits = day.places.clone().any(|at| words.kind(at) == Some(Kind::Digits));
            let bits = if digits { 0 } else { weekdays(&Words::of(&day.said)) };
            let terms = || {
                let term = read(
                    &day.said.to_lowercase().replace("через", "за").replace("спустя", "за"),
                    self.evidence.today(),
                );
                let mut all = term
                    .figures
                    .iter()
                    .filter_map(|(figure, _)| if let Figure::Term(term) = figure { Some(*term) } else { None });
                let first = all.next();
                first.is_some_and(|first| self.evidence.has_term(first)) && all.all(|term| self.evidence.has_term(term))
            };
            bits != 0 && self.evidence.has_weekdays(bits) || terms()
        };
        self.reading.days.iter().any(|day| !told(day)).then_some(Claim::Date)
    }

    fn boons(&self) -> Option<Claim> {
        let words = &self.reading.words;
        let unsupported = phrases::boons(words).into_iter().find(|(boon, at, polarity)| {
            if *polarity == Polarity::Denied {
                return false;
            }
            let reduced = *boon == Boon::Discount && self.products().any(|item| item.old_price.is_some());
            let word = hash(words.stem(*at));
            let sums: SmallVec<[Sum; 2]> = (self.reading.figures.iter())
                .filter_map(|(figure, _)| if let Figure::Money(sum) = figure { Some(*sum) } else { None })
                .collect();
            let about: SmallVec<[u64; 16]> = self.subject.iter().copied().filter(|stem| *stem != word).collect();
            !(reduced || self.evidence.promises(*boon, &about, &sums))
        });
        unsupported.map(|(boon, ..)| if boon == Boon::Always { Claim::Date } else { Claim::Discount })
    }

    fn stock(&self) -> Option<Claim> {
        let said = phrases::stock(&self.reading.words);
        let (stock, at) = *said.first()?;
        let mut products: SmallVec<[&Item; 2]> = self.products().collect();
        if products.is_empty() && !self.evidence.tells_of_stock(&self.subject) {
            products = self.evidence.heard_named();
        }
        let words = &self.reading.words;
        let english = words.form(at) == "available";
        if products.is_empty() {
            let harmless = stock == Stock::None || english || self.evidence.tells_of_stock(&self.subject);
            return (!harmless).then_some(Claim::Stock);
        }
        let counts: SmallVec<[i64; 2]> = self
            .reading
            .figures
            .iter()
            .filter_map(|(figure, places)| match figure {
                Figure::Count { value, .. } if places.start.abs_diff(at) <= 3 || places.end.abs_diff(at) <= 3 => {
                    Some(*value)
                }
                _ => None,
            })
            .collect();
        let right = |item: &&Item| match stock {
            Stock::None => !item.available,
            Stock::Has | Stock::Left if counts.is_empty() && stock == Stock::Has => item.available,
            Stock::Has | Stock::Left => item.available && item.stock.is_some_and(|left| counts.contains(&left)),
        };
        (!products.iter().all(right)).then_some(Claim::Stock)
    }

    fn orders(&self) -> Option<Claim> {
        let codes: SmallVec<[&str; 1]> = self
            .reading
            .figures
            .iter()
            .filter_map(|(figure, _)| match figure {
                Figure::Code(code) => Some(code.as_str()),
                _ => None,
            })
            .collect();
        let wrong = orders::order_states(&self.reading.words).into_iter().any(|(state, _, polarity)| {
            let mut about =
                self.evidence.orders().filter(|(number, _)| codes.is_empty() || codes.contains(&number.as_str()));
            let is = |known: &OrderState| orders::holds(state, *known);
            match polarity {
                Polarity::Affirmed => {
                    !(about.any(|(_, known)| is(known)) || codes.is_empty() && self.evidence.tells_state(state))
                }
                Polarity::Denied => {
                    about.next().is_some_and(|(_, first)| is(first) && about.all(|(_, known)| is(known)))
                }
            }
        });
        wrong.then_some(Claim::Order)
    }
}

/// Whether a sentence promises to do something: «привезём сегодня».
fn promises(words: &Words) -> bool {
    words.iter().any(|word| {
        [
            "привез",
            "достав",
            "отправ",
            "приед",
            "успе",
            "испеч",
            "сдела",
            "будет",
            "будут",
            "готов",
            "deliver",
            "ready",
            "ship",
            "arriv",
            "bring",
            "bake",
        ]
        .iter()
        .any(|start| word.form.starts_with(start))
    })
}
