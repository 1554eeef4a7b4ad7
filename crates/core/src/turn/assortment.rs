//! The catalogue as customers ask for it: «самый дешёвый торт», «без орехов», «на 22 человека», «что до 2600». What fits is
//! found by looking at the products' columns, not by searching prose.

mod contents;
mod signs;
mod vocabulary;
mod wish;

use std::{cmp::Reverse, collections::BTreeMap};

use rust_decimal::Decimal;

use self::{contents::Contents, signs::Sign, wish::Order};
pub(super) use self::{
    vocabulary::{names_nothing, points_at},
    wish::Wish,
};
use crate::{
    lang::{
        choice::{kin, typos_max},
        normal::{Kind, Words},
        numbers,
    },
    spec::{catalogue::Product, value::Value},
};

/// Shorter words name nothing («на», «3»).
const STEM_CHARS_MIN: usize = 3;
/// Letters that words of one root share, so that only their neighbours are compared.
const ROOT_CHARS: usize = 4;
/// More servings than half as many again, and these, are too many.
const SPARE_SERVINGS: u32 = 4;

/// Indices of products, ascending.
type Goods = Vec<usize>;

/// What the catalogue holds, by the words that customers use.
#[derive(Debug, Default)]
pub(super) struct Assortment {
    goods: Vec<Good>,
    /// Stems of categories, kinds and tags, and of words that several names share: «торт», «шоколад», «медовик».
    classes: BTreeMap<String, Goods>,
    /// Stems that tell one product's name from all others: «малин».
    names: BTreeMap<String, Goods>,
    /// Names of several words, by the stem of the first.
    whole_names: BTreeMap<String, Vec<(Vec<String>, usize)>>,
    /// Names with all their words, as cards and lists print them.
    full_names: BTreeMap<String, usize>,
    /// What products hold and lack.
    contents: Contents,
    /// The least price, in whole units of money.
    cheapest: Decimal,
}

/// What wishes ask of one product.
#[derive(Debug)]
struct Good {
    /// The stems of its name.
    name: Vec<String>,
    /// Those of them that no other product and no class has.
    own: Vec<String>,
    /// Its category's place among all of them.
    kind: usize,
    price: Decimal,
    servings: Option<Decimal>,
    kilos: Option<Decimal>,
    popularity: Option<Decimal>,
    available: bool,
}

/// What the catalogue says to a wish.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Found {
    /// Products, best first.
    pub(super) goods: Goods,
    /// Whether they are what was asked for; else the nearest.
    pub(super) fits: bool,
    /// Products that were named and cannot be had now.
    pub(super) sold_out: Goods,
}

impl Found {
    /// Whether the catalogue has nothing to show, and nothing to say of it.
    pub(super) fn is_empty(&self) -> bool {
        self.goods.is_empty() && self.sold_out.is_empty()
    }
}

impl Assortment {
    pub(super) fn new(products: &[Product]) -> Self {
        let called: Vec<NameWords> = products.iter().map(NameWords::of).collect();
        let mut classes: BTreeMap<String, Goods> = BTreeMap::new();
        let mut shared: BTreeMap<&str, Goods> = BTreeMap::new();
        for (at, (product, name)) in products.iter().zip(&called).enumerate() {
            let of_kind = name.kind.iter().cloned();
            let tags = product.tags.iter().filter(|tag| !contents::says_without(tag)).flat_map(|tag| stems(tag));
            let category = product.category.iter().flat_map(|category| stems(category));
            for stem in of_kind.chain(tags).chain(category) {
                put(classes.entry(stem).or_default(), at);
            }
            for stem in &name.own {
                put(shared.entry(stem).or_default(), at);
            }
        }
        for (stem, goods) in shared {
            if goods.len() > 1 {
                let all = classes.entry(stem.to_owned()).or_default();
                for at in goods {
                    put(all, at);
                }
            }
        }
        // «Вишнёвый» pie is one of those with cherries.
        for (at, name) in called.iter().enumerate() {
            for stem in &name.own {
                let keys: Vec<String> = alike_entries(&classes, stem).map(|(key, _)| key.clone()).collect();
                for key in keys {
                    put(classes.entry(key).or_default(), at);
                }
            }
        }
        let is_class = |stem: &str| alike(&classes, stem).next().is_some();
        let mut names: BTreeMap<String, Goods> = BTreeMap::new();
        let mut whole_names: BTreeMap<String, Vec<(Vec<String>, usize)>> = BTreeMap::new();
        let mut goods = Vec::with_capacity(products.len());
        let mut kinds: BTreeMap<Option<&str>, usize> = BTreeMap::new();
        for (at, (product, name)) in products.iter().zip(called).enumerate() {
            let own: Vec<String> = name.own.iter().filter(|stem| !is_class(stem)).cloned().collect();
            for stem in &own {
                put(names.entry(stem.clone()).or_default(), at);
            }
            if name.whole.len() > 1 {
                whole_names.entry(name.whole[0].clone()).or_default().push((name.whole, at));
            }
            let next = kinds.len();
            let kind = *kinds.entry(product.category.as_deref()).or_insert(next);
            goods.push(Good { kind, ..Good::of(product, name.own, own) });
        }
        let cheapest = goods.iter().map(|good| good.price).min().unwrap_or_default();
        let full_names =
            products.iter().enumerate().map(|(at, product)| (Words::of(&product.name).text(), at)).collect();
        Self { goods, classes, names, whole_names, full_names, contents: Contents::new(products), cheapest }
    }

    /// Whether nothing is on sale.
    pub(super) fn is_empty(&self) -> bool {
        self.goods.is_empty()
    }

    /// The products that a word stands for, and whether it is a name of theirs; `None`: the catalogue does not know it.
    fn meant(&self, stem: &str) -> Option<(Goods, bool)> {
        if stem.chars().count() < STEM_CHARS_MIN {
            return None;
        }
        let whole = |all: &BTreeMap<String, Goods>| {
            let mut goods = Goods::new();
            for at in alike(all, stem).flatten() {
                put(&mut goods, *at);
            }
            (!goods.is_empty()).then_some(goods)
        };
        let class = whole(&self.classes).map(|goods| (goods, false));
        class.or_else(|| whole(&self.names).map(|goods| (goods, true))).or_else(|| self.mistyped(stem))
    }

    /// A word with a typo; its first letter is right, as it mostly is.
    fn mistyped(&self, stem: &str) -> Option<(Goods, bool)> {
        let most = typos_max(stem);
        let first = stem.chars().next().filter(|_| most > 0)?.to_string();
        let near = |all: &BTreeMap<String, Goods>| -> Option<Goods> {
            let close = |key: &String| strsim::osa_distance(key, stem) <= most && typos_max(key) > 0;
            let found = all.range(first.clone()..).take_while(|(key, _)| key.starts_with(&first));
            found.filter(|(key, _)| close(key)).map(|(_, goods)| goods.clone()).next()
        };
        near(&self.classes).map(|goods| (goods, false)).or_else(|| near(&self.names).map(|goods| (goods, true)))
    }

    /// What fits a wish; if nothing does, what comes near. What must not be in it is never forgiven.
    pub(super) fn find(&self, wish: &Wish) -> Found {
        let sold_out: Goods = wish.named.iter().copied().filter(|at| !self.goods[*at].available).collect();
        let goods = self.fitting(wish);
        if !goods.is_empty() || self.goods.is_empty() {
            return Found { goods: self.sorted(wish, goods), fits: true, sold_out };
        }
        let free = Wish { price: None, ..wish.clone() };
        let alone = Wish { servings: None, kilos: None, ..wish.clone() };
        let kinds = |wish: &Wish| Wish {
            named: Goods::new(),
            classes: wish.classes[..1.min(wish.classes.len())].to_vec(),
            ..wish.clone()
        };
        let bare = Wish { price: None, servings: None, kilos: None, ..wish.clone() };
        for wider in [free.clone(), alone.clone(), bare.clone(), kinds(wish), kinds(&free), kinds(&alone), kinds(&bare)]
        {
            let goods = self.fitting(&wider);
            if !goods.is_empty() {
                return Found { goods: self.nearest(wish, goods), fits: false, sold_out };
            }
        }
        Found { goods: Goods::new(), fits: false, sold_out }
    }

    fn fitting(&self, wish: &Wish) -> Goods {
        let listed = |goods: &Goods, at: &usize| goods.binary_search(at).is_ok();
        let price = |good: &Good| wish.price.as_ref().is_none_or(|price| price.holds(good.price));
        let enough = |has: Option<Decimal>, needs: Option<Decimal>| {
            needs.is_none_or(|needs| has.is_some_and(|has| has >= needs))
        };
        let mut goods: Goods = (0..self.goods.len())
            .filter(|at| {
                let good = &self.goods[*at];
                good.available
                    && (wish.named.is_empty() || listed(&wish.named, at))
                    && wish.classes.iter().all(|class| listed(class, at))
                    && price(good)
                    && enough(good.servings, wish.servings)
                    && wish.kilos.is_none_or(|kilos| good.kilos.is_some_and(|has| has >= kilos * Decimal::new(9, 1)))
                    && wish.without.iter().all(|without| self.contents.lacks(*at, without))
            })
            .collect();
        // «Самое дешёвое»: candles and gift cards are not what is compared, where other goods have a size.
        let sized = |at: &usize| self.goods[*at].size().is_some();
        if wish.compares() && goods.iter().any(sized) {
            goods.retain(sized);
        }
        // Not too much of it either, where there is a choice.
        if let Some(servings) = wish.servings {
            let most = servings * Decimal::new(15, 1) + Decimal::from(SPARE_SERVINGS);
            let right = |at: &usize| self.goods[*at].servings.is_some_and(|has| has <= most);
            if goods.iter().any(right) {
                goods.retain(right);
            }
        }
        goods
    }

    fn sorted(&self, wish: &Wish, mut goods: Goods) -> Goods {
        let good = |at: &usize| &self.goods[*at];
        // Popular first, then as in the file.
        goods.sort_by_key(|at| Reverse(good(at).popularity));
        match wish.order {
            Some(Order::Cheapest) => goods.sort_by_key(|at| good(at).price),
            Some(Order::Dearest) => goods.sort_by_key(|at| Reverse(good(at).price)),
            Some(Order::Largest) => goods.sort_by_key(|at| Reverse(good(at).size())),
            Some(Order::Smallest) => goods.sort_by_key(|at| (good(at).size().is_none(), good(at).size())),
            Some(Order::Popular) | None => {}
        }
        if wish.signs.has(Sign::Most) && wish.order.is_some_and(|order| order != Order::Popular) {
            // «Самый дешёвый»: that one, and those that are level with it; of each kind, where none was named.
            let kind = |at: &usize| if wish.names_products() { 0 } else { good(at).kind };
            let key = |at: &usize| match wish.order {
                Some(Order::Largest | Order::Smallest) => good(at).size(),
                _ => Some(good(at).price),
            };
            let mut best: BTreeMap<usize, Option<Decimal>> = BTreeMap::new();
            goods.retain(|at| *best.entry(kind(at)).or_insert_with(|| key(at)) == key(at));
        }
        goods
    }

    /// What was asked for is not there: the closest in price and size first.
    fn nearest(&self, wish: &Wish, goods: Goods) -> Goods {
        let mut goods = self.sorted(&Wish { signs: wish.signs.without(Sign::Most), ..wish.clone() }, goods);
        let apart = |at: &usize| {
            let good = &self.goods[*at];
            let price = wish.price.as_ref().map(|price| price.apart(good.price));
            let size =
                |has: Option<Decimal>, wants: Option<Decimal>| wants.zip(has).map(|(wants, has)| (has - wants).abs());
            (size(good.servings, wish.servings).or_else(|| size(good.kilos, wish.kilos)), price)
        };
        goods.sort_by_key(apart);
        goods
    }
}

impl Good {
    fn of(product: &Product, name: Vec<String>, own: Vec<String>) -> Self {
        Self {
            name,
            own,
            kind: 0,
            price: Decimal::new(product.price.minor, 2).normalize(),
            servings: column(product, &["servings", "serves", "порци", "персон", "гостей", "человек"]),
            kilos: kilos(product),
            popularity: column(product, &["popular", "популярн", "rank", "рейтинг"]),
            available: product.available,
        }
    }

    fn size(&self) -> Option<Decimal> {
        self.servings.or(self.kilos)
    }
}

/// The words of a product's name: what kind it is, and what it is called.
struct NameWords {
    kind: Vec<String>,
    own: Vec<String>,
    /// All words of what it is called, the short ones too.
    whole: Vec<String>,
}

impl NameWords {
    /// «Торт «Малина»» is a «торт» called «Малина»; a name without quotes is all of it.
    fn of(product: &Product) -> Self {
        let (kind, own) = product.name.split_once(['«', '"', '“']).unwrap_or(("", &product.name));
        let words = Words::of(own);
        let whole = words.said().map(|(at, _)| words.stem(at).to_owned()).collect();
        Self { kind: stems(kind), own: stems(own), whole }
    }
}

/// The entries of words with this root: «ягодн» and «ягод».
fn alike<'a>(all: &'a BTreeMap<String, Goods>, stem: &'a str) -> impl Iterator<Item = &'a Goods> {
    alike_entries(all, stem).map(|(_, goods)| goods)
}

fn alike_entries<'a>(all: &'a BTreeMap<String, Goods>, stem: &'a str) -> impl Iterator<Item = (&'a String, &'a Goods)> {
    let root: String = stem.chars().take(ROOT_CHARS).collect();
    // A «медовик» is no «медовый», as long as the word itself is known.
    let known = all.contains_key(stem);
    let other =
        move |key: &str| known && (key.strip_prefix(stem) == Some("ик") || stem.strip_prefix(key) == Some("ик"));
    let same = move |(key, _): &(&String, &Goods)| *key == stem || kin(key, stem) && !other(key);
    let end = root.clone();
    all.range(root..).take_while(move |(key, _)| key.starts_with(&end)).filter(same)
}

fn put(goods: &mut Goods, at: usize) {
    if let Err(place) = goods.binary_search(&at) {
        goods.insert(place, at);
    }
}

fn stems(text: &str) -> Vec<String> {
    let words = Words::of(text);
    let said = words.said().filter(|(_, word)| word.kind == Kind::Word);
    said.map(|(at, _)| words.stem(at).to_owned()).filter(|stem| stem.chars().count() >= STEM_CHARS_MIN).collect()
}

/// The number in the first column with such a name.
fn column(product: &Product, names: &[&str]) -> Option<Decimal> {
    let found = product.extra.iter().find(|(name, _)| names.iter().any(|start| name.starts_with(start)));
    match found?.1 {
        Value::Number(number) => Some(*number),
        // «6–8 порций»: the fewest.
        Value::Text(text) => numbers::find(&Words::of(text)).first().map(|number| number.value),
        _ => None,
    }
}

fn kilos(product: &Product) -> Option<Decimal> {
    let found =
        product.extra.iter().find(|(name, _)| ["weight", "вес", "масса"].iter().any(|start| name.starts_with(start)));
    match found? {
        (name, Value::Number(number)) => {
            let grams = name.ends_with("_г") || name.ends_with("_g");
            Some(if grams { *number / Decimal::ONE_THOUSAND } else { *number })
        }
        (_, Value::Text(text)) => numbers::find(&Words::of(text)).first().and_then(vocabulary::in_kilos),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
