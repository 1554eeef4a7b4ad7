//! Texts that people read, from Fluent files: Russian and English.

use std::{borrow::Cow, env};

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use unic_langid::LanguageIdentifier;
use voronka_core::lang::Lang;

/// All files, by language.
const RUSSIAN: &[&str] = &[
    include_str!("../texts/backup.ru.ftl"),
    include_str!("../texts/cli.ru.ftl"),
    include_str!("../texts/diagnostics.ru.ftl"),
    include_str!("../texts/eval.ru.ftl"),
    include_str!("../texts/flow.ru.ftl"),
    include_str!("../texts/moving.ru.ftl"),
    include_str!("../texts/operate.ru.ftl"),
    include_str!("../texts/partner.ru.ftl"),
    include_str!("../texts/broadcast.ru.ftl"),
    include_str!("../texts/customer.ru.ftl"),
    include_str!("../texts/score.ru.ftl"),
    include_str!("../texts/secret.ru.ftl"),
    include_str!("../texts/simulate.ru.ftl"),
];
const ENGLISH: &[&str] = &[
    include_str!("../texts/backup.en.ftl"),
    include_str!("../texts/cli.en.ftl"),
    include_str!("../texts/diagnostics.en.ftl"),
    include_str!("../texts/eval.en.ftl"),
    include_str!("../texts/flow.en.ftl"),
    include_str!("../texts/moving.en.ftl"),
    include_str!("../texts/operate.en.ftl"),
    include_str!("../texts/partner.en.ftl"),
    include_str!("../texts/broadcast.en.ftl"),
    include_str!("../texts/customer.en.ftl"),
    include_str!("../texts/score.en.ftl"),
    include_str!("../texts/secret.en.ftl"),
    include_str!("../texts/simulate.en.ftl"),
];

/// Texts in one language.
pub(crate) struct Texts {
    lang: Lang,
    bundle: FluentBundle<FluentResource>,
}

impl Texts {
    /// In the language of the reader's terminal: Russian where the locale says so, else English.
    pub(crate) fn of_locale() -> Self {
        let set = |name: &&str| env::var(name).ok().filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(set).unwrap_or_default();
        if locale.to_lowercase().starts_with("ru") { Self::russian() } else { Self::english() }
    }

    /// In Russian.
    pub(crate) fn russian() -> Self {
        Self::new(RUSSIAN, Lang::Ru)
    }

    /// In English.
    pub(crate) fn english() -> Self {
        Self::new(ENGLISH, Lang::En)
    }

    fn new(files: &[&str], lang: Lang) -> Self {
        // The codes are our own: they parse. The default language has the simplest plural rule.
        let id: LanguageIdentifier = lang.code().parse().unwrap_or_default();
        let mut bundle = FluentBundle::new_concurrent(vec![id]);
        // Isolation marks are for mixed scripts in one line of a page; in a terminal they show as boxes.
        bundle.set_use_isolating(false);
        for file in files {
            let resource = FluentResource::try_new((*file).to_owned()).unwrap_or_else(|(good, _)| good);
            bundle.add_resource_overriding(resource);
        }
        Self { lang, bundle }
    }

    /// Their language.
    pub(crate) fn lang(&self) -> Lang {
        self.lang
    }

    /// A text without arguments, if there is one.
    pub(crate) fn find(&self, key: &str) -> Option<String> {
        self.bundle.has_message(key).then(|| self.get(key, &[]))
    }

    /// A text with arguments; its key where it is missing, which a test rules out.
    pub(crate) fn get(&self, key: &str, args: &[(&str, Cow<'_, str>)]) -> String {
        let Some(pattern) = self.bundle.get_message(key).and_then(|message| message.value()) else {
            return key.to_owned();
        };
        self.bundle.format_pattern(pattern, Some(&values(args)), &mut Vec::new()).into_owned()
    }

    /// A text's attribute (`.hint`), if it has it.
    pub(crate) fn attribute(&self, key: &str, attribute: &str, args: &[(&str, Cow<'_, str>)]) -> Option<String> {
        let message = self.bundle.get_message(key)?;
        let pattern = message.get_attribute(attribute)?.value();
        Some(self.bundle.format_pattern(pattern, Some(&values(args)), &mut Vec::new()).into_owned())
    }
}

fn values<'a>(args: &'a [(&str, Cow<'_, str>)]) -> FluentArgs<'a> {
    let mut values = FluentArgs::new();
    for (name, value) in args {
        match value.parse::<i64>() {
            // Numbers choose plural forms; `012` and `+7` must stay as they were written.
            Ok(number) if number.to_string() == **value => values.set(*name, number),
            _ => values.set(*name, FluentValue::from(value.as_ref())),
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(files: &[&str]) -> Vec<String> {
        let mut keys: Vec<String> = files
            .iter()
            .flat_map(|file| file.lines())
            .filter_map(|line| {
                line.split_once(" = ").filter(|(key, _)| !key.starts_with(' ')).map(|(key, _)| key.to_owned())
            })
            .collect();
        keys.sort();
        keys
    }

    #[test]
    fn both_languages_have_the_same_texts_and_all_can_be_read() {
        assert_eq!(keys(RUSSIAN), keys(ENGLISH));
        for file in RUSSIAN.iter().chain(ENGLISH) {
            assert!(FluentResource::try_new((*file).to_owned()).is_ok());
        }
    }

    #[test]
    fn counts_take_their_forms() {
        let args = |count: &'static str| [("count", Cow::from(count)), ("address", Cow::from("x"))];
        assert_eq!(Texts::russian().get("run-ready", &args("1")), "Обслуживаем 1 партнёра на x");
        assert_eq!(Texts::russian().get("run-ready", &args("5")), "Обслуживаем 5 партнёров на x");
    }
}
