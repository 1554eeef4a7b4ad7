//! What products hold and lack: allergens, ingredients, and tags such as «без глютена».

use crate::{
    lang::normal::Words,
    spec::{catalogue::Product, value::Value},
};

/// A kind of substance that people shun: the beginnings of its own words, and of what belongs to it.
struct Substance {
    kind: &'static [&'static str],
    members: &'static [&'static str],
}

const SUBSTANCES: [Substance; 5] = [
    Substance {
        kind: &["орех", "nut"],
        members: &[
            "миндал",
            "фундук",
            "кешью",
            "фисташ",
            "пекан",
            "арахис",
            "грецк",
            "кедров",
            "almond",
            "hazelnut",
            "walnut",
            "peanut",
            "pecan",
            "pistach",
            "cashew",
        ],
    },
    Substance { kind: &["глютен", "gluten", "клейковин", "пшени", "wheat"], members: &[] },
    Substance {
        kind: &["молок", "молоч", "milk", "dairy", "лактоз", "lactos"],
        members: &["сливк", "сливоч", "творо", "сыр", "cream", "butter", "cheese"],
    },
    Substance { kind: &["яйц", "яиц", "яичн", "egg"], members: &[] },
    Substance { kind: &["соя", "сои", "сое", "соев", "soy"], members: &[] },
];

/// Something that must not be in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::turn) struct Without {
    /// Beginnings of the words for it.
    beginnings: Vec<String>,
    /// Whether products say that they hold it; else some only say that they lack it.
    held: bool,
}

#[derive(Debug, Default)]
pub(super) struct Contents {
    goods: Vec<Held>,
    /// Whether the catalogue has a column of allergens: a product with an empty cell is of unknown contents.
    listed: bool,
    /// Words of that column.
    allergens: Vec<String>,
}

#[derive(Debug)]
struct Held {
    /// Words of its allergens, tags and name.
    holds: Vec<String>,
    /// Words of its tags «без …».
    lacks: Vec<String>,
    /// Whether its allergens are listed.
    known: bool,
}

/// Whether a tag says what is not in it: «без глютена», `gluten-free`, `no milk`.
pub(super) fn says_without(tag: &str) -> bool {
    let words = Words::of(tag);
    matches!(words.form(0), "без" | "no" | "not" | "without") || words.iter().any(|word| word.form == "free")
}

impl Contents {
    pub(super) fn new(products: &[Product]) -> Self {
        let goods: Vec<Held> = products.iter().map(Held::of).collect();
        let mut allergens: Vec<String> = products.iter().flat_map(|product| forms(&listed(product))).collect();
        allergens.sort_unstable();
        allergens.dedup();
        Self { listed: goods.iter().any(|good| good.known), goods, allergens }
    }

    /// Whether a word names something that people are allergic to.
    pub(super) fn is_allergen(&self, form: &str, stem: &str) -> bool {
        let begins = |start: &&str| form.starts_with(*start);
        let common = SUBSTANCES.iter().any(|one| one.kind.iter().chain(one.members).any(begins));
        let long = stem.chars().count() >= super::STEM_CHARS_MIN;
        common || long && self.allergens.iter().any(|word| word.starts_with(stem))
    }

    /// What a word after «без» excludes, if the catalogue can tell.
    pub(super) fn without(&self, form: &str, stem: &str) -> Option<Without> {
        if stem.chars().count() < super::STEM_CHARS_MIN {
            return None;
        }
        let begins = |starts: &[&str]| starts.iter().any(|start| form.starts_with(start));
        let owned = |starts: &[&str]| starts.iter().map(|start| (*start).to_owned()).collect::<Vec<_>>();
        let kind = SUBSTANCES.iter().find(|one| begins(one.kind));
        let whole = SUBSTANCES.iter().find(|one| begins(one.members));
        // The kind excludes all that belongs to it; one of the kind excludes itself, and what says no more than the kind.
        let own = kind.map_or_else(|| vec![stem.to_owned()], |kind| owned(&[kind.kind, kind.members].concat()));
        let held = self.goods.iter().any(|good| any_begins(&good.holds, &own));
        let told = held || self.goods.iter().any(|good| any_begins(&good.lacks, &own));
        let kind = whole.map_or_else(Vec::new, |whole| owned(whole.kind));
        told.then(|| Without { beginnings: [own, kind].concat(), held })
    }

    /// Whether a product surely lacks it.
    pub(super) fn lacks(&self, at: usize, without: &Without) -> bool {
        let good = &self.goods[at];
        if any_begins(&good.lacks, &without.beginnings) {
            return true;
        }
        without.held && (good.known || !self.listed) && !any_begins(&good.holds, &without.beginnings)
    }
}

fn any_begins(words: &[String], beginnings: &[String]) -> bool {
    words.iter().any(|word| beginnings.iter().any(|start| word.starts_with(start.as_str())))
}

impl Held {
    fn of(product: &Product) -> Self {
        let listed = listed(product);
        let (free, plain): (Vec<&String>, Vec<&String>) = product.tags.iter().partition(|tag| says_without(tag));
        let mut holds = forms(&listed);
        holds.extend(plain.into_iter().flat_map(|tag| forms(tag)));
        holds.extend(forms(&product.name));
        Self { holds, lacks: free.into_iter().flat_map(|tag| forms(tag)).collect(), known: !listed.trim().is_empty() }
    }
}

fn forms(text: &str) -> Vec<String> {
    let words = Words::of(text);
    words.said().map(|(_, word)| word.form.to_owned()).collect()
}

/// The cell of a product's allergens.
fn listed(product: &Product) -> String {
    let is_listed =
        |name: &str| ["allergen", "аллерген", "состав", "ingredient"].iter().any(|start| name.starts_with(start));
    match product.extra.iter().find(|(name, _)| is_listed(name)) {
        Some((_, Value::Text(text))) => text.clone(),
        Some((_, Value::List(all))) => all.join(","),
        _ => String::new(),
    }
}
