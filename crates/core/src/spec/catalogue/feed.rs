//! A YML feed (Yandex Market): `catalogue.yml` or `catalogue.xml`.

use std::{collections::BTreeMap, sync::Arc};

use quick_xml::{
    Reader,
    escape::resolve_predefined_entity,
    events::{BytesStart, Event},
};
use rust_decimal::Decimal;

use super::{Catalogue, Market, Product};
use crate::{
    money::Money,
    spec::{
        diagnostic::{Code, Diagnostic},
        read::{parse_decimal, parse_money},
        tree::{SourceFile, finding},
        value::{Type, Value},
    },
};

/// Reads a feed; an offer with a mistake is a product all the same if it has an id of its own.
pub(crate) fn read(file: &SourceFile, market: Market<'_>, found: &mut Vec<Diagnostic>) -> Catalogue {
    let mut feed = Feed { file, market, found, categories: BTreeMap::new(), offers: Vec::new() };
    feed.scan();
    feed.lower()
}

#[derive(Default)]
struct Offer {
    start: usize,
    id: Option<String>,
    available: bool,
    fields: BTreeMap<String, String>,
    params: Vec<(String, String)>,
}

struct Feed<'a> {
    file: &'a SourceFile,
    market: Market<'a>,
    found: &'a mut Vec<Diagnostic>,
    categories: BTreeMap<String, String>,
    offers: Vec<Offer>,
}

/// What the text being read belongs to.
enum Inside {
    Nothing,
    Category(String),
    Field(String),
    Param(String),
}

impl Feed<'_> {
    fn scan(&mut self) {
        let text = self.file.text.clone();
        let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
        let (mut inside, mut words, mut offer) = (Inside::Nothing, String::new(), None::<Offer>);
        loop {
            let at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX).min(self.file.text.len());
            match reader.read_event() {
                Ok(Event::Start(tag)) => {
                    words.clear();
                    inside = open(&tag, at, &mut offer);
                }
                Ok(Event::Empty(tag)) if tag.name().as_ref() == "offer" => {
                    open(&tag, at, &mut offer);
                    self.offers.extend(offer.take());
                }
                Ok(Event::Text(text)) => words.push_str(&text.xml_content(quick_xml::XmlVersion::Implicit1_0)),
                Ok(Event::CData(text)) => words.push_str(&text.xml_content(quick_xml::XmlVersion::Implicit1_0)),
                Ok(Event::GeneralRef(name)) => words.push_str(&entity(&name)),
                Ok(Event::End(tag)) => {
                    if tag.name().as_ref() == "offer" {
                        self.offers.extend(offer.take());
                    }
                    self.close(std::mem::replace(&mut inside, Inside::Nothing), words.trim(), offer.as_mut());
                }
                Ok(Event::Eof) => break,
                Ok(_) => {}
                Err(error) => {
                    let place = self.file.place(at..at);
                    self.found.push(finding(Code::Y199, place, vec![("reason", error.to_string())]));
                    break;
                }
            }
        }
    }

    fn close(&mut self, inside: Inside, words: &str, offer: Option<&mut Offer>) {
        match (inside, offer) {
            (Inside::Category(id), _) => {
                self.categories.insert(id, words.to_owned());
            }
            (Inside::Field(name), Some(offer)) => {
                offer.fields.entry(name).or_insert_with(|| words.to_owned());
            }
            (Inside::Param(name), Some(offer)) => offer.params.push((name, words.to_owned())),
            _ => {}
        }
    }

    fn lower(mut self) -> Catalogue {
        let offers = std::mem::take(&mut self.offers);
        let mut catalogue = Catalogue { columns: types(&offers), ..Catalogue::default() };
        for (at, offer) in offers.iter().enumerate() {
            let Some(product) = self.product(at + 1, offer, &catalogue.columns) else { continue };
            if catalogue.by_id.contains_key(&product.id) {
                let first = catalogue.by_id[&product.id] + 1;
                self.report(Code::K702, offer, vec![("id", product.id.to_string()), ("n", first.to_string())]);
                continue;
            }
            if self.market.lacks_registration(&product) {
                self.report(Code::K707, offer, vec![("id", product.id.to_string())]);
            }
            catalogue.push(product);
        }
        catalogue
    }

    fn report(&mut self, code: Code, offer: &Offer, args: Vec<(&'static str, String)>) {
        let end = self.file.text[offer.start..].find('>').map_or(offer.start, |end| offer.start + end + 1);
        self.found.push(finding(code, self.file.place(offer.start..end), args));
    }

    fn product(&mut self, number: usize, offer: &Offer, columns: &BTreeMap<Arc<str>, Type>) -> Option<Product> {
        let field = |name: &str| offer.fields.get(name).filter(|text| !text.is_empty());
        // A `vendor.model` offer has no name of its own.
        let name = field("name").cloned().or_else(|| Some(format!("{} {}", field("vendor")?, field("model")?)));
        let needed = [("id", offer.id.as_ref()), ("name", name.as_ref()), ("price", field("price"))];
        for (column, value) in needed {
            if value.is_none() {
                self.report(Code::K701, offer, vec![("n", number.to_string()), ("column", column.to_owned())]);
            }
        }
        let price =
            field("price").and_then(|text| self.price(offer, text)).unwrap_or(Money::minor(0, self.market.currency));
        let old_price = field("oldprice").and_then(|text| self.price(offer, text));
        let stock = field("count").or_else(|| field("stock_quantity")).and_then(|text| parse_decimal(text));
        let extra = offer.params.iter().filter_map(|(name, text)| {
            let name = column(name);
            let value = match columns.get(&*name)? {
                Type::Number => Value::Number(parse_decimal(text)?),
                _ => Value::Text(text.clone()),
            };
            Some((Arc::from(name), value))
        });
        Some(Product {
            id: offer.id.clone()?.into(),
            name: name.unwrap_or_default(),
            price,
            old_price,
            category: field("categoryId").map(|id| self.categories.get(id).unwrap_or(id).clone()),
            stock,
            available: offer.available && stock.is_none_or(|stock| stock > Decimal::ZERO),
            tags: Vec::new(),
            photo: field("picture").cloned(),
            url: field("url").cloned(),
            about: field("description").cloned(),
            extra: extra.collect(),
        })
    }

    fn price(&mut self, offer: &Offer, text: &str) -> Option<Money> {
        let price = parse_money(text, self.market.currency);
        if price.is_none() {
            self.report(Code::K703, offer, vec![("value", text.to_owned())]);
        }
        price
    }
}

fn open(tag: &BytesStart<'_>, at: usize, offer: &mut Option<Offer>) -> Inside {
    let attribute = |name: &str| {
        let found = tag.attributes().flatten().find(|attribute| attribute.key.as_ref() == name)?;
        let value = found.normalized_value(quick_xml::XmlVersion::Implicit1_0).ok()?;
        Some(value.trim().to_owned()).filter(|value| !value.is_empty())
    };
    match tag.name().as_ref() {
        "category" if offer.is_none() => attribute("id").map_or(Inside::Nothing, Inside::Category),
        "offer" => {
            let available = attribute("available").is_none_or(|flag| flag != "false");
            *offer = Some(Offer { start: at, id: attribute("id"), available, ..Offer::default() });
            Inside::Nothing
        }
        "param" if offer.is_some() => attribute("name").map_or(Inside::Nothing, Inside::Param),
        name if offer.is_some() => Inside::Field(name.to_owned()),
        _ => Inside::Nothing,
    }
}

/// A character or predefined reference; unknown ones are dropped, none is expanded further.
fn entity(name: &quick_xml::events::BytesRef<'_>) -> String {
    if let Ok(Some(letter)) = name.resolve_char_ref() {
        return letter.to_string();
    }
    resolve_predefined_entity(name).unwrap_or_default().to_owned()
}

fn column(name: &str) -> String {
    name.to_lowercase().split_whitespace().collect::<Vec<_>>().join("_")
}

fn types(offers: &[Offer]) -> BTreeMap<Arc<str>, Type> {
    let mut types: BTreeMap<Arc<str>, Type> = BTreeMap::new();
    for (name, text) in offers.iter().flat_map(|offer| &offer.params) {
        let number = parse_decimal(text).is_some();
        let known = types.entry(column(name).into()).or_insert(Type::Number);
        if !number {
            *known = Type::Text;
        }
    }
    types
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;

    const RUSSIA: Market<'_> = Market { currency: Currency::RUB, country: "RU" };

    const FEED: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<yml_catalog date="2026-11-20"><shop>
<categories><category id="1">Торты</category></categories>
<offers>
<offer id="a1" available="true"><name>Торт &quot;Ёж&quot; &amp; Ко</name><price>4200</price><oldprice>5000.50</oldprice>
<categoryId>1</categoryId><picture>https://k.example/1.jpg</picture><param name="Вес кг">1.8</param>
<description><![CDATA[Очень <b>вкусный</b>]]></description></offer>
<offer id="a2" available="false"><vendor>Корица</vendor><model>Эклер</model><price>90</price></offer>
<offer id="a1"><name>Снова</name><price>1</price></offer>
<offer id="a3"><name>Без цены</name></offer>
<offer id="a4"><name>Чудо</name><price>даром</price></offer>
<offer id="a5"><name>Магний</name><price>900</price><param name="kind">БАД</param></offer>
<offer id="a6"><name>Омега</name><price>900</price><param name="kind">БАД</param><param name="СГР">RU.77.99.11.003.R.000001.01.26</param></offer>
</offers></shop></yml_catalog>"#;

    #[test]
    fn a_feed_is_read_and_bad_offers_are_skipped() {
        let file = SourceFile { path: "catalogue.yml".into(), text: FEED.into() };
        let mut found = Vec::new();
        let catalogue = read(&file, RUSSIA, &mut found);
        let cake = catalogue.get("a1").unwrap();
        assert_eq!(cake.name, "Торт \"Ёж\" & Ко");
        assert_eq!((cake.price.minor, cake.old_price.unwrap().minor), (420_000, 500_050));
        assert_eq!(cake.category.as_deref(), Some("Торты"));
        assert_eq!(cake.about.as_deref(), Some("Очень <b>вкусный</b>"));
        assert_eq!(cake.value("вес_кг"), Some(Value::Number(Decimal::new(18, 1))));
        let eclair = catalogue.get("a2").unwrap();
        assert_eq!((eclair.name.as_str(), eclair.available), ("Корица Эклер", false));
        let codes: Vec<_> = found.iter().map(|f| f.code).collect();
        assert_eq!(codes, [Code::K702, Code::K701, Code::K703, Code::K707]);
        assert!(FEED[found[0].place.bytes.start..].starts_with("<offer id=\"a1\"><name>Снова"));
    }

    #[test]
    fn broken_xml_is_said() {
        let file = SourceFile { path: "catalogue.yml".into(), text: "<yml_catalog><offer id='1'></yml>".into() };
        let mut found = Vec::new();
        read(&file, RUSSIA, &mut found);
        assert_eq!(found[0].code, Code::Y199);
    }
}
