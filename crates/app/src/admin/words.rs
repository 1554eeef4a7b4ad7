//! The pages' texts, out of `texts/admin.*.ftl`.

use std::sync::LazyLock;

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use unic_langid::LanguageIdentifier;
use voronka_core::lang::Lang;

type Bundle = FluentBundle<FluentResource>;

pub(super) const RU_FILE: &str =
    concat!(include_str!("../../texts/admin.ru.ftl"), include_str!("../../texts/login.ru.ftl"));
pub(super) const EN_FILE: &str =
    concat!(include_str!("../../texts/admin.en.ftl"), include_str!("../../texts/login.en.ftl"));

static RU: LazyLock<Bundle> = LazyLock::new(|| bundle("ru", RU_FILE));
static EN: LazyLock<Bundle> = LazyLock::new(|| bundle("en", EN_FILE));

/// Texts in one language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Words(Lang);

impl Words {
    pub(super) fn of(lang: Lang) -> Self {
        Self(lang)
    }

    pub(super) fn lang(self) -> Lang {
        self.0
    }

    /// The language's code, for the page.
    pub(super) fn code(self) -> &'static str {
        self.0.code()
    }

    /// The text of a key.
    pub(super) fn t(self, key: &str) -> String {
        self.say(key, None)
    }

    /// The text of a key with `$n`.
    pub(super) fn n(self, key: &str, n: impl Into<i64>) -> String {
        let mut args = FluentArgs::new();
        args.set("n", FluentValue::from(n.into()));
        self.say(key, Some(&args))
    }

    /// The text of a key with one named word.
    pub(super) fn with(self, key: &str, name: &str, value: &str) -> String {
        let mut args = FluentArgs::new();
        args.set(name, FluentValue::from(value));
        self.say(key, Some(&args))
    }

    /// A word that a value names (`state-paid`); the value itself where the language has none for it.
    pub(super) fn word(self, kind: &str, value: &str) -> String {
        let key = format!("{kind}-{}", value.replace(['.', '_'], "-"));
        if self.bundle().has_message(&key) { self.t(&key) } else { value.to_owned() }
    }

    fn bundle(self) -> &'static Bundle {
        match self.0 {
            Lang::Ru => &RU,
            Lang::En => &EN,
        }
    }

    /// A key that is missing shows itself: a test keeps that from happening.
    fn say(self, key: &str, args: Option<&FluentArgs<'_>>) -> String {
        let bundle = self.bundle();
        let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) else { return key.to_owned() };
        bundle.format_pattern(pattern, args, &mut Vec::new()).into_owned()
    }
}

fn bundle(code: &str, source: &str) -> Bundle {
    // What can be read of a file is used; a test refuses a file with mistakes.
    let resource = FluentResource::try_new(source.to_owned()).unwrap_or_else(|(resource, _)| resource);
    let lang: LanguageIdentifier = code.parse().unwrap_or_default();
    let mut bundle = Bundle::new_concurrent(vec![lang]);
    bundle.set_use_isolating(false);
    bundle.add_resource_overriding(resource);
    bundle
}
