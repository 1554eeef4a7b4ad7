//! Which products a sentence names: «Малину», «торт медовик», «маленький медовик», «набор капкейков».

use rust_decimal::{Decimal, prelude::ToPrimitive};
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use super::figures::{Figure, Sum, hash, read};
use crate::{
    lang::normal::{Kind, Words},
    money::Money,
    spec::{catalogue::Product, value::Value},
};

/// What the domain knows of a product.
#[derive(Debug, Clone)]
pub(super) struct Item {
    /// Stems by which it is called.
    alias: SmallVec<[u64; 3]>,
    /// The stem before the quotes: «торт».
    head: Option<u64>,
    /// How it must be called to be meant.
    called: Called,
    /// Its price, and sums that its name holds.
    pub(super) prices: SmallVec<[Sum; 1]>,
    /// What it cost before.
    pub(super) old_price: Option<Sum>,
    /// Numbers of its name and columns, in thousandths.
    pub(super) counts: SmallVec<[i64; 4]>,
    /// How many there are, if that is counted.
    pub(super) stock: Option<i64>,
    /// Whether it can be ordered now.
    pub(super) available: bool,
}

/// How a product must be called to be meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Called {
    /// «Шоколадный» alone is any chocolate: quotes or «бенто» beside it.
    Beside,
    /// «медовик» wherever it is no ingredient («с малиной»).
    Noun,
    /// All words of the name, or one that no other product has.
    Words,
}

/// Products by the stems of their names.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    pub(super) items: Vec<Item>,
    by_stem: FxHashMap<u64, SmallVec<[u32; 2]>>,
    /// What the products are: «торт», «набор».
    kinds: FxHashSet<u64>,
}

fn sum(money: Money) -> Sum {
    (money.minor, Some(money.currency))
}

/// Words of names that stand in too many names to mean one.
fn idle(form: &str) -> bool {
    matches!(
        form,
        "из" | "на"
            | "с"
            | "со"
            | "и"
            | "для"
            | "по"
            | "в"
            | "без"
            | "шт"
            | "the"
            | "of"
            | "a"
            | "with"
            | "and"
            | "for"
    )
}

impl Names {
    pub(super) fn add(&mut self, product: &Product) {
        let words = Words::of(&product.name);
        let quoted = quoted(&words);
        let range = quoted.clone().unwrap_or(0..words.len());
        let said = |range: std::ops::Range<usize>| {
            range.filter(|at| words.kind(*at) == Some(Kind::Word) && !idle(words.form(*at)))
        };
        let mut alias: SmallVec<[u64; 3]> = said(range.clone()).map(|at| hash(words.stem(at))).collect();
        alias.sort_unstable();
        alias.dedup();
        let called = match (&quoted, said(range.clone()).count()) {
            (Some(_), 1) if adjective(said(range).next().map_or("", |at| words.form(at))) => Called::Beside,
            (_, 1) => Called::Noun,
            _ => Called::Words,
        };
        let head = quoted.and_then(|range| said(0..range.start).next_back()).map(|at| hash(words.stem(at)));
        self.kinds.extend(head.or_else(|| said(0..words.len()).next().map(|at| hash(words.stem(at)))));
        let mut item = Item {
            alias,
            head,
            called,
            prices: SmallVec::from_elem(sum(product.price), 1),
            old_price: product.old_price.map(sum),
            counts: SmallVec::new(),
            stock: product.stock.and_then(milli),
            available: product.available,
        };
        item.learn(&product.name);
        // Shops rank their goods by such columns; customers never hear them.
        let told = |name: &str| {
            !["popular", "популярн", "rank", "sort", "порядок"].iter().any(|start| name.starts_with(start))
        };
        for value in product.extra.iter().filter(|(name, _)| told(name)).map(|(_, value)| value) {
            match value {
                Value::Number(number) => item.counts.extend(milli(*number)),
                Value::Text(text) => item.learn(text),
                Value::List(list) => list.iter().for_each(|text| item.learn(text)),
                _ => {}
            }
        }
        product.tags.iter().for_each(|tag| item.learn(tag));
        let at = u32::try_from(self.items.len()).unwrap_or(u32::MAX);
        for stem in &item.alias {
            self.by_stem.entry(*stem).or_default().push(at);
        }
        self.items.push(item);
    }

    /// Whether a text speaks of some product of a kind.
    pub(super) fn speaks_of_a_kind(&self, words: &Words) -> bool {
        words.said().any(|(_, word)| self.kinds.contains(&hash(word.stem)) || word.form.starts_with("cake"))
    }

    /// The products that a text names, with the place of each.
    pub(super) fn named(&self, words: &Words, source: &str) -> SmallVec<[(&Item, usize); 2]> {
        let mut hits: SmallVec<[(u32, SmallVec<[usize; 3]>); 8]> = SmallVec::new();
        if self.items.is_empty() {
            return SmallVec::new();
        }
        for (at, word) in words.said() {
            let Some(items) = self.by_stem.get(&hash(word.stem)) else { continue };
            // A word of very many names names none alone, and all of them need it beside a rarer one.
            for item in items {
                if let Some((_, places)) = hits.iter_mut().find(|(hit, _)| hit == item) {
                    places.push(at);
                } else if hits.len() < HITS_MAX {
                    hits.push((*item, SmallVec::from_elem(at, 1)));
                }
            }
        }
        let meant = |(at, places): &(u32, SmallVec<[usize; 3]>)| {
            let item = &self.items[*at as usize];
            let place = places.iter().copied().find(|place| self.means(item, words, source, *place, places))?;
            Some((item, place, places.len()))
        };
        let found: SmallVec<[(&Item, usize, usize); 4]> = hits.iter().filter_map(meant).collect();
        // «маленький медовик» is not «Медовик», unless that is said once more.
        let kept = found.iter().filter(|(item, _, times)| {
            let longer = |other: &Item| {
                other.alias.len() > item.alias.len() && item.alias.iter().all(|s| other.alias.contains(s))
            };
            found.iter().filter(|(other, ..)| longer(other)).count() < *times
        });
        kept.map(|(item, place, _)| (*item, *place)).collect()
    }

    fn means(&self, item: &Item, words: &Words, source: &str, at: usize, places: &[usize]) -> bool {
        let stem = |at: usize| hash(words.stem(at));
        let beside = || {
            let neighbours = [at.checked_sub(1), at.checked_sub(2), Some(at + 1), Some(at + 2)];
            item.head
                .is_some_and(|head| neighbours.into_iter().flatten().any(|at| at < words.len() && stem(at) == head))
        };
        let quoted = || {
            let open = at.checked_sub(1).is_some_and(|at| matches!(words.form(at), "«" | "\"" | "“" | "„"));
            open && matches!(words.form(at + 1), "»" | "\"" | "”" | "“")
        };
        match item.called {
            Called::Beside => quoted() || beside(),
            Called::Noun => {
                let before = at.checked_sub(1).map_or("", |at| words.form(at));
                let ingredient = matches!(before, "с" | "со" | "из" | "без" | "под" | "от" | "with" | "of" | "и" | "в");
                let capital = source[words.source(at..at + 1)].starts_with(char::is_uppercase);
                quoted() || beside() || capital || !ingredient
            }
            Called::Words => {
                let mut found: SmallVec<[u64; 4]> = places.iter().map(|at| stem(*at)).collect();
                found.sort_unstable();
                found.dedup();
                let only = |stem: &u64| self.by_stem.get(stem).is_some_and(|items| items.len() == 1);
                found.len() == item.alias.len() || item.head.is_none() && found.iter().any(only)
            }
        }
    }
}

/// Most products looked at for one sentence.
const HITS_MAX: usize = 64;

impl Item {
    /// Takes the figures of a name or a column.
    fn learn(&mut self, text: &str) {
        if !text.bytes().any(|b| b.is_ascii_digit()) {
            return;
        }
        for (figure, _) in read(text, jiff::civil::Date::constant(2000, 1, 1)).figures {
            match figure {
                Figure::Money(sum) => self.prices.push(sum),
                Figure::Count { value, .. } | Figure::Percent(value) => self.counts.push(value),
                Figure::Code(code) => {
                    self.counts.extend(code.parse::<i64>().ok().and_then(|code| code.checked_mul(1000)));
                }
                Figure::Term(_) | Figure::Time(_) => {}
            }
        }
    }
}

fn milli(value: Decimal) -> Option<i64> {
    value.checked_mul(Decimal::ONE_THOUSAND).and_then(|value| value.trunc().to_i64())
}

fn quoted(words: &Words) -> Option<std::ops::Range<usize>> {
    let open = (0..words.len()).find(|at| matches!(words.form(*at), "«" | "\"" | "“" | "„"))?;
    let close = (open + 1..words.len()).find(|at| matches!(words.form(*at), "»" | "\"" | "”" | "“"))?;
    (close > open + 1).then_some(open + 1..close)
}

fn adjective(form: &str) -> bool {
    ["ый", "ий", "ой", "ая", "яя", "ое", "ее", "ые", "ие"].iter().any(|ending| form.ends_with(ending))
}
