//! What a partner may sell: `catalogue.csv` or a YML feed, lowered.

pub(crate) mod csv;
pub(crate) mod feed;

use std::{collections::BTreeMap, sync::Arc};

use rust_decimal::Decimal;

use crate::{
    money::{Currency, Money},
    spec::value::{Type, Value},
};

/// Where products are sold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Market<'a> {
    /// Of prices that name none.
    pub(crate) currency: Currency,
    /// ISO 3166 code.
    pub(crate) country: &'a str,
}

/// Countries where a food supplement may not be sold without a state registration (technical regulation of the Customs Union
/// 021/2011, article 24).
const REGISTERING: [&str; 5] = ["RU", "BY", "KZ", "AM", "KG"];

impl Market<'_> {
    /// Whether the law lets nobody sell this before it is registered, and no number of that is named.
    pub(crate) fn lacks_registration(&self, product: &Product) -> bool {
        REGISTERING.contains(&self.country) && product.is_supplement() && product.registration().is_none()
    }
}

/// All products of a partner, in the file's order.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    /// The products.
    pub products: Vec<Product>,
    /// Columns that expressions may read beside the built-in ones, with their types: names after `product.`.
    pub columns: BTreeMap<Arc<str>, Type>,
    /// Product ids to their indices.
    pub by_id: BTreeMap<Arc<str>, usize>,
}

impl Catalogue {
    /// A product by its id.
    pub fn get(&self, id: &str) -> Option<&Product> {
        self.by_id.get(id).and_then(|at| self.products.get(*at))
    }

    pub(crate) fn push(&mut self, product: Product) {
        self.by_id.insert(Arc::clone(&product.id), self.products.len());
        self.products.push(product);
    }
}

/// A product.
#[derive(Debug, Clone, PartialEq)]
pub struct Product {
    /// Its id (артикул).
    pub id: Arc<str>,
    /// Its name.
    pub name: String,
    /// What it costs.
    pub price: Money,
    /// What it cost before.
    pub old_price: Option<Money>,
    /// Its category.
    pub category: Option<String>,
    /// How many there are; `None` = not counted.
    pub stock: Option<Decimal>,
    /// Whether it can be ordered now: the feed's flag, and stock above 0 where it is counted.
    pub available: bool,
    /// Words about it, for `contains`.
    pub tags: Vec<String>,
    /// A picture: an https URL or a file of the partner's folder.
    pub photo: Option<String>,
    /// Its page.
    pub url: Option<String>,
    /// A text about it.
    pub about: Option<String>,
    /// All other columns.
    pub extra: BTreeMap<Arc<str>, Value>,
}

/// Parts of a registration's number: the country, places and kinds, the letter of the form, the number itself, month and year.
const REGISTRATION_PARTS: std::ops::RangeInclusive<usize> = 6..=10;

fn is_registration(word: &str) -> bool {
    let mut parts = word.split('.');
    let country = parts.next().is_some_and(|country| REGISTERING.contains(&country));
    let rest: Vec<&str> = parts.collect();
    let fits = |part: &&str| !part.is_empty() && part.chars().all(char::is_alphanumeric);
    let digits = rest.iter().filter(|part| part.bytes().all(|byte| byte.is_ascii_digit())).count();
    country && REGISTRATION_PARTS.contains(&(rest.len() + 1)) && rest.iter().all(fits) && digits + 1 >= rest.len()
}

/// What the column `kind` of a food supplement says.
const SUPPLEMENT: [&str; 3] = ["supplement", "бад", "bad"];

impl Product {
    /// Whether it is a food supplement: then the law wants said that it is no medicine.
    pub fn is_supplement(&self) -> bool {
        match self.extra.get("kind") {
            Some(Value::Text(kind)) => SUPPLEMENT.contains(&kind.trim().to_lowercase().as_str()),
            _ => false,
        }
    }

    /// Number of the state registration (СГР), as RU.77.99.88.003.R.000001.01.26; whatever is not like that is none.
    pub fn registration(&self) -> Option<&str> {
        let value = ["sgr", "сгр"].into_iter().find_map(|name| self.extra.get(name));
        let Some(Value::Text(text)) = value else { return None };
        text.split_whitespace().find(|word| is_registration(word))
    }

    /// What `product.<name>` gives; `None` = this product has no such column, which reads as empty.
    pub fn value(&self, name: &str) -> Option<Value> {
        let text = |text: &Option<String>| text.clone().map(Value::Text);
        match name {
            "id" => Some(Value::Text(self.id.to_string())),
            "name" => Some(Value::Text(self.name.clone())),
            "price" => Some(Value::Money(self.price)),
            "old_price" => self.old_price.map(Value::Money),
            "category" => text(&self.category),
            "stock" => self.stock.map(Value::Number),
            "available" => Some(Value::Bool(self.available)),
            "tags" => Some(Value::List(self.tags.clone())),
            "photo" => text(&self.photo),
            "url" => text(&self.url),
            "about" => text(&self.about),
            other => self.extra.get(other).cloned(),
        }
    }
}
