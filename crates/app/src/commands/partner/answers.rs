//! What a new partner says of itself: on the terminal, or in the answers of an onboarding form (JSON, or CSV with a row each).

use std::{collections::BTreeMap, path::Path};

use secrecy::SecretString;
use serde_json::Value;
use voronka_core::{ids::PartnerId, lang::Lang};

use crate::out::Problem;

/// Largest file of answers, in bytes.
const BYTES_MAX: u64 = 1 << 20;
/// Longest answer, in characters.
const ANSWER_MAX: usize = 4_000;

/// One new partner.
#[derive(Debug, Clone, Default)]
pub(super) struct Answers {
    pub(super) id: Option<PartnerId>,
    pub(super) name: Option<String>,
    pub(super) lang: Lang,
    pub(super) zone: Option<String>,
    pub(super) telegram_token: Option<SecretString>,
    /// Named links.
    pub(super) links: BTreeMap<&'static str, String>,
    /// What the bot may tell, by heading.
    pub(super) pages: BTreeMap<Topic, String>,
    /// Columns that nothing is made of.
    pub(super) unread: Vec<String>,
}

/// A part of the page that is made of the answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Topic {
    About,
    Address,
    Hours,
    Ordering,
    Delivery,
    Payment,
}

impl Topic {
    /// Its heading.
    pub(super) fn heading(self, lang: Lang) -> &'static str {
        match (self, lang) {
            (Self::About, Lang::Ru) => "О нас",
            (Self::Address, Lang::Ru) => "Адрес",
            (Self::Hours, Lang::Ru) => "Когда работаем",
            (Self::Ordering, Lang::Ru) => "Как заказать",
            (Self::Delivery, Lang::Ru) => "Доставка",
            (Self::Payment, Lang::Ru) => "Оплата",
            (Self::About, Lang::En) => "About us",
            (Self::Address, Lang::En) => "Address",
            (Self::Hours, Lang::En) => "Opening hours",
            (Self::Ordering, Lang::En) => "How to order",
            (Self::Delivery, Lang::En) => "Delivery",
            (Self::Payment, Lang::En) => "Payment",
        }
    }
}

/// What a column of a form is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Id,
    Name,
    Language,
    Zone,
    Token,
    Link(&'static str),
    Page(Topic),
}

impl Column {
    /// By its name as programs write it, or by words of the question as forms ask it.
    fn named(name: &str) -> Option<Self> {
        const NAMES: &[(&[&str], Column)] = &[
            (&["id", "partner_id", "короткое имя"], Column::Id),
            (&["shop_link", "nl_shop_link", "ссылка на магазин", "link to the shop"], Column::Link("shop")),
            (
                &["registration_link", "nl_registration_link", "ссылка на регистрацию", "link to the registration"],
                Column::Link("registration"),
            ),
            (&["telegram_token", "bot_token", "токен", "ключ бота", "token of the bot"], Column::Token),
            (&["language", "язык"], Column::Language),
            (&["zone", "timezone", "часовой пояс", "time zone"], Column::Zone),
            (&["name", "bot_display_name", "название", "name of the business"], Column::Name),
            (&["about", "о себе", "о нас", "чем занимаетесь", "what do you do"], Column::Page(Topic::About)),
            (&["address", "адрес магазина", "где вы находитесь", "where are you"], Column::Page(Topic::Address)),
            (&["hours", "часы работы", "режим работы", "opening hours"], Column::Page(Topic::Hours)),
            (&["ordering", "как заказать", "how to order"], Column::Page(Topic::Ordering)),
            (&["delivery", "доставка"], Column::Page(Topic::Delivery)),
            (&["payment", "оплата"], Column::Page(Topic::Payment)),
        ];
        let name = name.trim().trim_end_matches(['?', ':', '*', ' ']).to_lowercase();
        NAMES.iter().find(|(names, _)| names.contains(&&*name)).map(|(_, column)| *column)
    }
}

impl Answers {
    /// Takes one answer; an empty one says nothing.
    fn take(&mut self, name: &str, answer: &str) -> Result<(), Problem> {
        let answer = answer.trim();
        let Some(column) = Column::named(name) else {
            self.unread.push(name.to_owned());
            return Ok(());
        };
        if answer.is_empty() {
            return Ok(());
        }
        if answer.chars().count() > ANSWER_MAX {
            return Err(bad(name, &format!("> {ANSWER_MAX}")));
        }
        match column {
            Column::Id => self.id = Some(PartnerId::parse(answer).map_err(|error| bad(name, &error.to_string()))?),
            Column::Name => self.name = Some(answer.to_owned()),
            Column::Language => self.lang = language(answer).ok_or_else(|| bad(name, "ru, en"))?,
            Column::Zone => self.zone = Some(answer.to_owned()),
            Column::Token => self.telegram_token = Some(answer.to_owned().into()),
            Column::Link(link) => {
                self.links.insert(link, answer.to_owned());
            }
            Column::Page(topic) => {
                self.pages.insert(topic, answer.to_owned());
            }
        }
        Ok(())
    }
}

fn language(answer: &str) -> Option<Lang> {
    match answer.to_lowercase().as_str() {
        "ru" | "русский" | "russian" => Some(Lang::Ru),
        "en" | "английский" | "english" => Some(Lang::En),
        _ => None,
    }
}

/// The answers of a file, one or many partners'.
pub(super) fn of_file(path: &Path, usual: Lang) -> Result<Vec<Answers>, Problem> {
    let unreadable = |cause: &str| {
        Problem::new("partner-answers", vec![("path", path.display().to_string()), ("cause", cause.to_owned())])
    };
    let size = std::fs::metadata(path).map_err(|error| unreadable(&error.to_string()))?.len();
    if size > BYTES_MAX {
        return Err(unreadable("> 1 MiB"));
    }
    let bytes = std::fs::read(path).map_err(|error| unreadable(&error.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|error| unreadable(&error.to_string()))?;
    let text = text.trim_start_matches('\u{feff}');
    let rows = if path.extension().is_some_and(|kind| kind.eq_ignore_ascii_case("json")) {
        of_json(text).map_err(|cause| unreadable(&cause))?
    } else {
        of_csv(text).map_err(|cause| unreadable(&cause))?
    };
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        let mut answers = Answers { lang: usual, ..Answers::default() };
        for (name, answer) in row {
            answers.take(&name, &answer)?;
        }
        all.push(answers);
    }
    Ok(all)
}

type Row = Vec<(String, String)>;

/// An object, or a list of them.
fn of_json(text: &str) -> Result<Vec<Row>, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let objects = match value {
        Value::Array(objects) => objects,
        one => vec![one],
    };
    let row = |object: Value| match object {
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| match value {
                Value::String(text) => Ok((name, text)),
                Value::Null => Ok((name, String::new())),
                Value::Number(number) => Ok((name, number.to_string())),
                Value::Bool(_) | Value::Array(_) | Value::Object(_) => Err(format!("{name}: \"…\"")),
            })
            .collect(),
        _ => Err("{…}".to_owned()),
    };
    objects.into_iter().map(row).collect()
}

/// A head with the questions, then a row a partner; parted by commas or semicolons, as the head shows.
fn of_csv(text: &str) -> Result<Vec<Row>, String> {
    let head = text.lines().next().unwrap_or_default();
    let delimiter = if head.matches(';').count() > head.matches(',').count() { b';' } else { b',' };
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(text.as_bytes());
    let names: Vec<String> = reader.headers().map_err(|error| error.to_string())?.iter().map(str::to_owned).collect();
    let row = |record: Result<csv::StringRecord, csv::Error>| {
        let record = record.map_err(|error| error.to_string())?;
        Ok(names.iter().cloned().zip(record.iter().map(str::to_owned)).collect())
    };
    reader.records().map(row).collect()
}

fn bad(name: &str, expected: &str) -> Problem {
    Problem::new("partner-answer", vec![("name", name.to_owned()), ("expected", expected.to_owned())])
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn file(name: &str, text: &str) -> Result<Vec<Answers>, Problem> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        of_file(&path, Lang::Ru)
    }

    #[test]
    fn a_form_s_export_gives_a_partner_a_row() {
        let csv = "Отметка времени,ID,Название,Токен,Часы работы?,Как заказать\n\
                   2026-11-20,anna,«Пироги Анны»,1:a,\"с 9 до 18, без выходных\",Напишите здесь\n\
                   2026-11-21,boris,Борис,,,\n";
        let all = file("answers.csv", csv).unwrap();
        assert_eq!(all.len(), 2);
        let anna = &all[0];
        assert_eq!((anna.id.as_ref().unwrap().as_str(), anna.name.as_deref()), ("anna", Some("«Пироги Анны»")));
        assert_eq!(anna.telegram_token.as_ref().unwrap().expose_secret(), "1:a");
        assert_eq!(anna.pages[&Topic::Hours], "с 9 до 18, без выходных");
        assert_eq!(anna.unread, ["Отметка времени"]);
        assert!(all[1].telegram_token.is_none() && all[1].pages.is_empty());
    }

    #[test]
    fn json_is_one_partner_or_a_list_and_old_names_are_known() {
        let one = file("a.json", r#"{"id": "anna", "BOT_DISPLAY_NAME": "Анна", "NL_SHOP_LINK": "https://a.example"}"#);
        let one = one.unwrap();
        assert_eq!((one[0].name.as_deref(), one[0].links["shop"].as_str()), (Some("Анна"), "https://a.example"));
        assert_eq!(
            file("a.json", r#"[{"id": "anna"}, {"id": "boris", "language": "english"}]"#).unwrap()[1].lang,
            Lang::En
        );
    }

    #[test]
    fn bad_answers_are_refused_by_name() {
        for (name, text) in [
            ("a.json", r#"{"id": "../etc"}"#),
            ("a.json", r#"{"id": ["a"]}"#),
            ("a.json", "7"),
            ("a.json", "{"),
            ("a.csv", "id,name\na,b,c\n"),
            ("a.csv", "id,language\na,klingon\n"),
        ] {
            assert!(file(name, text).is_err(), "{text}");
        }
        assert!(file("a.json", &format!(r#"{{"name": "{}"}}"#, "а".repeat(4_001))).is_err());
    }
}
