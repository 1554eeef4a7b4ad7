//! `catalogue.csv`: as a spreadsheet exports it.

use std::{borrow::Cow, collections::BTreeMap, ops::Range, sync::Arc};

use rust_decimal::Decimal;

use super::{Catalogue, Market, Product};
use crate::{
    money::Money,
    spec::{
        config::Encoding,
        diagnostic::{Code, Diagnostic},
        partner::PartnerFiles,
        pictures::{self, PHOTO_MAX, Unfit},
        read::{parse_date, parse_decimal, parse_money},
        tree::{SourceFile, finding},
        value::{Type, Value},
    },
};

/// Longest catalogue, in bytes.
pub(crate) const CSV_BYTES_MAX: usize = 64 << 20;

/// Built-in columns and what people call them.
const COLUMNS: [(&str, &[&str]); 11] = [
    ("id", &["артикул", "код", "sku"]),
    ("name", &["название", "наименование", "товар"]),
    ("price", &["цена"]),
    ("old_price", &["старая цена", "oldprice"]),
    ("category", &["категория"]),
    ("stock", &["остаток", "количество"]),
    ("available", &["в наличии"]),
    ("tags", &["теги", "метки"]),
    ("photo", &["фото", "картинка", "picture"]),
    ("url", &["ссылка"]),
    ("about", &["описание", "description"]),
];

/// Reads a CSV. A row with a mistake is a product all the same if it has an id of its own: who names that makes no mistake, and
/// a partner with mistakes is not loaded anyway.
pub(crate) fn read(
    path: &Arc<str>,
    bytes: &[u8],
    encoding: Encoding,
    market: Market<'_>,
    files: &PartnerFiles,
    found: &mut Vec<Diagnostic>,
) -> Catalogue {
    let file = match decode(path, bytes, encoding) {
        Ok(file) => file,
        Err(refusal) => {
            found.push(refusal);
            return Catalogue::default();
        }
    };
    let text = file.text.strip_prefix('\u{feff}').unwrap_or(&file.text);
    let skipped = file.text.len() - text.len();
    let mut table = Table { file: &file, files, skipped, market, found, header: Vec::new(), rows: Vec::new() };
    table.read(text);
    table.lower()
}

fn decode(path: &Arc<str>, bytes: &[u8], encoding: Encoding) -> Result<SourceFile, Diagnostic> {
    if bytes.len() > CSV_BYTES_MAX {
        let place = crate::spec::diagnostic::Place::new(path, 0..0);
        return Err(finding(Code::L504, place, vec![("path", path.to_string()), ("max", "64 MiB".to_owned())]));
    }
    match encoding {
        Encoding::Utf8 => SourceFile::read(path, bytes),
        Encoding::Windows1251 => Ok(SourceFile { path: Arc::clone(path), text: windows_1251(bytes).into() }),
    }
}

/// The upper half of windows-1251 below the Cyrillic letters.
const UPPER: &str = "ЂЃ‚ѓ„…†‡€‰Љ‹ЊЌЋЏђ‘’“”•–—\u{98}™љ›њќћџ\u{a0}ЎўЈ¤Ґ¦§Ё©Є«¬\u{ad}®Ї°±Ііґµ¶·ё№є»јЅѕї";

fn windows_1251(bytes: &[u8]) -> String {
    let upper: Vec<char> = UPPER.chars().collect();
    let letter = |byte: u8| match byte {
        0..=0x7f => char::from(byte),
        0x80..=0xbf => upper.get(usize::from(byte - 0x80)).copied().unwrap_or('\u{fffd}'),
        0xc0.. => char::from_u32(0x410 + u32::from(byte - 0xc0)).unwrap_or('\u{fffd}'),
    };
    bytes.iter().map(|byte| letter(*byte)).collect()
}

struct Table<'a> {
    file: &'a SourceFile,
    /// Where pictures are.
    files: &'a PartnerFiles,
    skipped: usize,
    market: Market<'a>,
    found: &'a mut Vec<Diagnostic>,
    /// Column names, the built-in ones in English.
    header: Vec<String>,
    rows: Vec<Row>,
}

struct Row {
    /// As a spreadsheet counts: the header is row 1.
    number: usize,
    /// Its first line in the file.
    bytes: Range<usize>,
    cells: Vec<String>,
}

impl Table<'_> {
    fn report(&mut self, code: Code, bytes: Range<usize>, args: Vec<(&'static str, String)>) {
        self.found.push(finding(code, self.file.place(bytes), args));
    }

    fn read(&mut self, text: &str) {
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(separator(text))
            .has_headers(false)
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        let mut number = 0;
        for record in reader.records() {
            // The text is UTF-8 and rows may differ in length, so nothing is left to fail.
            let Ok(record) = record else { continue };
            let line = record.position().map_or(0, |position| usize::try_from(position.byte()).unwrap_or(usize::MAX));
            let start = text[..line.min(text.len())].len();
            // The reader stops in front of the line end it has passed.
            let start = start + (text[start..].len() - text[start..].trim_start_matches(['\r', '\n']).len());
            let end = start + text[start..].lines().next().unwrap_or_default().len();
            number += 1;
            let cells: Vec<String> = record.iter().map(str::to_owned).collect();
            if number == 1 {
                self.header = cells.iter().map(|name| column(name)).collect();
            } else if cells.iter().any(|cell| !cell.is_empty()) {
                self.rows.push(Row { number, bytes: start + self.skipped..end + self.skipped, cells });
            }
        }
        let missing: Vec<_> =
            ["id", "name", "price"].into_iter().filter(|name| !self.header.iter().any(|known| known == name)).collect();
        for name in missing {
            self.report(Code::K701, 0..0, vec![("n", "1".to_owned()), ("column", name.to_owned())]);
            self.rows.clear();
        }
    }

    fn lower(mut self) -> Catalogue {
        let rows = std::mem::take(&mut self.rows);
        let columns = self.types(&rows);
        let mut catalogue = Catalogue { columns, ..Catalogue::default() };
        let mut numbers: BTreeMap<Arc<str>, usize> = BTreeMap::new();
        for row in &rows {
            let Some(product) = self.product(row, &catalogue.columns) else { continue };
            if let Some(first) = numbers.get(&product.id) {
                let args = vec![("id", product.id.to_string()), ("n", first.to_string())];
                self.report(Code::K702, row.bytes.clone(), args);
                continue;
            }
            numbers.insert(Arc::clone(&product.id), row.number);
            if self.market.lacks_registration(&product) {
                self.report(Code::K707, row.bytes.clone(), vec![("id", product.id.to_string())]);
            }
            catalogue.push(product);
        }
        catalogue
    }

    /// A column is of numbers, days or truths when all its cells are; else of words.
    fn types(&self, rows: &[Row]) -> BTreeMap<Arc<str>, Type> {
        let own = self.header.iter().enumerate().filter(|(_, name)| !name.is_empty() && !is_built_in(name));
        own.map(|(at, name)| {
            let mut cells = rows.iter().filter_map(|row| row.cells.get(at)).filter(|cell| !cell.is_empty()).peekable();
            let empty = cells.peek().is_none();
            let cells: Vec<&String> = cells.collect();
            let ty = match () {
                () if empty => Type::Text,
                () if cells.iter().all(|cell| parse_decimal(cell).is_some()) => Type::Number,
                () if cells.iter().all(|cell| parse_date(cell).is_some()) => Type::Date,
                () if cells.iter().all(|cell| truth(cell).is_some()) => Type::Bool,
                () => Type::Text,
            };
            (Arc::from(name.as_str()), ty)
        })
        .collect()
    }

    fn product(&mut self, row: &Row, columns: &BTreeMap<Arc<str>, Type>) -> Option<Product> {
        let header = self.header.clone();
        let cell = |name: &str| {
            let at = header.iter().position(|known| known == name)?;
            row.cells.get(at).map(String::as_str).filter(|cell| !cell.is_empty())
        };
        let mut need = |name: &'static str| {
            let value = cell(name).map(str::to_owned);
            if value.is_none() {
                let args = vec![("n", row.number.to_string()), ("column", name.to_owned())];
                self.report(Code::K701, row.bytes.clone(), args);
            }
            value
        };
        let (id, name, price) = (need("id"), need("name"), need("price"));
        let price = price.and_then(|price| self.price(row, &price)).unwrap_or(Money::minor(0, self.market.currency));
        let old_price = cell("old_price").and_then(|text| self.price(row, text));
        let stock = cell("stock").and_then(parse_decimal);
        let flag = cell("available").and_then(truth).unwrap_or(true);
        let extra = columns.iter().filter_map(|(name, ty)| Some((Arc::clone(name), value(cell(name)?, ty))));
        Some(Product {
            id: id?.into(),
            name: name.unwrap_or_default(),
            price,
            old_price,
            category: cell("category").map(str::to_owned),
            stock,
            available: flag && stock.is_none_or(|stock| stock > Decimal::ZERO),
            tags: cell("tags").map(words).unwrap_or_default(),
            photo: cell("photo").and_then(|text| self.photo(row, text)),
            url: cell("url").map(str::to_owned),
            about: cell("about").map(str::to_owned),
            extra: extra.collect(),
        })
    }

    fn price(&mut self, row: &Row, text: &str) -> Option<Money> {
        let price = parse_money(text, self.market.currency);
        if price.is_none() {
            self.report(Code::K703, self.cell_bytes(row, text), vec![("value", text.to_owned())]);
        }
        price
    }

    /// A picture that is missing or no picture is an error, and the product goes without it.
    fn photo(&mut self, row: &Row, text: &str) -> Option<String> {
        match pictures::of_product(text, self.files) {
            Ok(photo) => return Some(photo),
            Err(Unfit::Missing) => {
                let args = vec![("path", text.to_owned()), ("max", PHOTO_MAX.to_owned())];
                self.report(Code::L504, self.cell_bytes(row, text), args);
            }
            Err(Unfit::Kind) => {
                let args = [("what", "picture"), ("value", text), ("example", "photos/tort.jpg")];
                let args = args.map(|(name, value)| (name, value.to_owned())).to_vec();
                self.report(Code::Y112, self.cell_bytes(row, text), args);
            }
        }
        None
    }

    /// Where a cell's text stands in its row; the row, if it is written otherwise there.
    fn cell_bytes(&self, row: &Row, text: &str) -> Range<usize> {
        let at = self.file.slice(&row.bytes).find(text);
        at.map_or(row.bytes.clone(), |at| row.bytes.start + at..row.bytes.start + at + text.len())
    }
}

/// The sign that splits the header into most columns.
fn separator(text: &str) -> u8 {
    let header = text.lines().next().unwrap_or_default();
    let count = |sign: u8| header.bytes().filter(|b| *b == sign).count();
    // On a tie the first wins: `;` is what Russian spreadsheets write.
    [b';', b'\t', b','].into_iter().rev().max_by_key(|sign| count(*sign)).unwrap_or(b';')
}

/// The built-in name of a column, else its own in lower case with `_` for blanks.
fn column(name: &str) -> String {
    let lower = name.trim().to_lowercase();
    let known = COLUMNS.iter().find(|(id, names)| *id == lower || names.contains(&lower.as_str()));
    known.map_or_else(|| lower.split_whitespace().collect::<Vec<_>>().join("_"), |(id, _)| (*id).to_owned())
}

fn is_built_in(name: &str) -> bool {
    COLUMNS.iter().any(|(id, _)| *id == name)
}

fn truth(text: &str) -> Option<bool> {
    let text: Cow<'_, str> = text.to_lowercase().into();
    match &*text {
        "true" | "yes" | "да" | "есть" => Some(true),
        "false" | "no" | "нет" => Some(false),
        _ => None,
    }
}

fn words(text: &str) -> Vec<String> {
    let separator = if text.contains(',') { ',' } else { '|' };
    text.split(separator).map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect()
}

fn value(text: &str, ty: &Type) -> Value {
    let typed = match ty {
        Type::Number => parse_decimal(text).map(Value::Number),
        Type::Date => parse_date(text).map(Value::Date),
        Type::Bool => truth(text).map(Value::Bool),
        _ => None,
    };
    typed.unwrap_or_else(|| Value::Text(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;

    const RUSSIA: Market<'_> = Market { currency: Currency::RUB, country: "RU" };

    fn load(bytes: &[u8], encoding: Encoding) -> (Catalogue, Vec<Diagnostic>) {
        let mut found = Vec::new();
        let catalogue = load_with(bytes, encoding, &PartnerFiles::new(), &mut found);
        (catalogue, found)
    }

    fn load_with(bytes: &[u8], encoding: Encoding, files: &PartnerFiles, found: &mut Vec<Diagnostic>) -> Catalogue {
        read(&"catalogue.csv".into(), bytes, encoding, RUSSIA, files, found)
    }

    #[test]
    fn pictures_are_looked_for_in_the_folder_and_are_what_their_names_say() {
        let mut files = PartnerFiles::new();
        files.insert("photos/a.jpg".into(), b"\xff\xd8\xff\xe0".to_vec());
        files.insert("photos/b.jpg".into(), b"<html>".to_vec());
        let text = "id;name;price;photo\n1;А;5;a.jpg\n2;Б;5;photos/a.jpg\n3;В;5;b.jpg\n4;Г;5;photos/нет.jpg\n\
                    5;Д;5;https://korica.example/d.jpg\n6;Е;5;../../etc/passwd\n7;Ж;5;\n";
        let mut found = Vec::new();
        let catalogue = load_with(text.as_bytes(), Encoding::Utf8, &files, &mut found);
        let said: Vec<_> = found.iter().map(|f| (f.code, text[..f.place.bytes.start].lines().count())).collect();
        assert_eq!(said, [(Code::Y112, 4), (Code::L504, 5), (Code::Y112, 7)]);
        let photos: Vec<_> = catalogue.products.iter().map(|product| product.photo.as_deref()).collect();
        let (own, far) = (Some("photos/a.jpg"), Some("https://korica.example/d.jpg"));
        assert_eq!(photos, [own, own, None, None, far, None, None]);
    }

    #[test]
    fn a_supplement_needs_the_number_of_its_registration_where_the_law_says_so() {
        let text = "id;name;price;kind;СГР\n1;Магний;5;бад;RU.77.99.11.003.R.000001.01.26\n2;Омега;5;bad;\n3;Чай;5;food;\n\
                    4;D3;5;bad;в процессе\n";
        let (_, found) = load(text.as_bytes(), Encoding::Utf8);
        let said: Vec<_> = found.iter().map(|f| (f.code, &text[f.place.bytes.clone()])).collect();
        assert_eq!(said, [(Code::K707, "2;Омега;5;bad;"), (Code::K707, "4;D3;5;bad;в процессе")]);
        let mut found = Vec::new();
        let germany = Market { currency: Currency::EUR, country: "DE" };
        let files = PartnerFiles::new();
        read(&"catalogue.csv".into(), text.as_bytes(), Encoding::Utf8, germany, &files, &mut found);
        assert_eq!(found, []);
    }

    #[test]
    fn russian_headers_commas_and_marks_are_understood() {
        let text = "\u{feff}Артикул,Название,Цена,Остаток,Вес кг\na1,Торт,\"1 490,50 ₽\",0,\"1,8\"\na2,Эклер,90,,\n";
        let (catalogue, found) = load(text.as_bytes(), Encoding::Utf8);
        assert_eq!(found, []);
        let cake = catalogue.get("a1").unwrap();
        assert_eq!((cake.price.minor, cake.available, cake.stock), (149_050, false, Some(Decimal::ZERO)));
        assert_eq!(cake.value("вес_кг"), Some(Value::Number(Decimal::new(18, 1))));
        let eclair = catalogue.get("a2").unwrap();
        assert_eq!((eclair.stock, eclair.available, eclair.value("вес_кг")), (None, true, None));
        assert_eq!(catalogue.columns.get("вес_кг"), Some(&Type::Number));
    }

    #[test]
    fn what_old_programs_export_is_read_by_its_encoding() {
        let (text, mut bytes) = ("id;название;цена\n1;Торт «Ёж» №2;5\n", Vec::new());
        for letter in text.chars() {
            bytes.push(match letter {
                'А'..='я' => u8::try_from(u32::from(letter) - 0x410 + 0xc0).unwrap(),
                'Ё' => 0xa8,
                '«' => 0xab,
                '»' => 0xbb,
                '№' => 0xb9,
                ascii => u8::try_from(ascii).unwrap(),
            });
        }
        assert_eq!(load(&bytes, Encoding::Windows1251).0.get("1").unwrap().name, "Торт «Ёж» №2");
        assert_eq!(load(&bytes, Encoding::Utf8).1[0].code, Code::Y108);
    }

    #[test]
    fn a_bad_row_is_reported_and_its_id_is_known() {
        let text = "id;name;price\n1;;5\n2;Торт;даром\n3;Эклер;90\n3;Ещё;1\n";
        let (catalogue, found) = load(text.as_bytes(), Encoding::Utf8);
        let codes: Vec<_> = found.iter().map(|f| (f.code, text[..f.place.bytes.start].lines().count())).collect();
        assert_eq!(codes, [(Code::K701, 1), (Code::K703, 3), (Code::K702, 4)]);
        let ids: Vec<_> = catalogue.products.iter().map(|product| &*product.id).collect();
        assert_eq!(ids, ["1", "2", "3"]);
        assert_eq!(load(b"id;name\n1;2\n", Encoding::Utf8).1[0].code, Code::K701);
    }
}
