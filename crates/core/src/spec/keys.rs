//! Keys of partner files: whoever reads a mapping knows these and no others, and so do the JSON Schemas ([`super::schema`]).

/// `start` of a flow.
pub(crate) const START: &[&str] = &["first_message", "commands", "words", "links", "when"];
/// An entry of `silence`.
pub(crate) const SILENCE: &[&str] = &["after", "say", "end", "goto"];
/// A button by language.
pub(crate) const BUTTON: &[&str] = &["label", "to"];
/// A line of an order.
pub(crate) const ITEM: &[&str] = &["product", "quantity"];
/// An arm of `branch`.
pub(crate) const ARM: &[&str] = &["when", "goto", "steps"];
/// An option of a choice.
pub(crate) const OPTION: &[&str] = &["label", "also", "zone"];
/// An option of `choices`: nobody lives by several clocks.
pub(crate) const OPTION_OF_SEVERAL: &[&str] = &["label", "also"];
/// Bounds of a text.
pub(crate) const TEXT: &[&str] = &["min", "max", "pattern"];
/// Bounds of a number.
pub(crate) const NUMBER: &[&str] = &["min", "max", "whole", "unit"];
/// Bounds of money.
pub(crate) const MONEY: &[&str] = &["min", "max"];
/// Bounds of a date or time.
pub(crate) const MOMENTS: &[&str] = &["from", "to", "except"];

/// `config.yaml`.
pub(crate) const CONFIG: &[&str] = &[
    "name",
    "languages",
    "zone",
    "country",
    "currency",
    "hours",
    "quiet_hours",
    "links",
    "persona",
    "branding",
    "accounts",
    "models",
    "budget",
    "answer",
    "contact",
    "stages",
    "limits",
    "retention",
    "team",
    "notify",
    "digest",
    "handoff",
    "texts",
    "catalogue",
];
/// `catalogue` of the settings.
pub(crate) const CATALOGUE: &[&str] = &["encoding"];
/// `persona`.
pub(crate) const PERSONA: &[&str] = &["name", "about", "never", "gender"];
/// `branding`.
pub(crate) const BRANDING: &[&str] = &["logo", "color", "domain", "admin_domain"];
/// `answer`.
pub(crate) const ANSWER: &[&str] = &["deadline", "buffer", "history", "cache"];
/// `contact` of the settings.
pub(crate) const CONTACT: &[&str] = &["consent", "version", "need"];
/// `budget`.
pub(crate) const BUDGET: &[&str] = &["day", "month", "day_tokens", "month_tokens"];
/// `limits`.
pub(crate) const LIMITS: &[&str] = &["per_day", "per_week"];
/// `retention`.
pub(crate) const RETENTION: &[&str] = &["messages", "cold_leads"];
/// Every account.
pub(crate) const ACCOUNT: &[&str] = &["api", "proxy", "first_words", "deadline", "ads"];
/// A Telegram account, beside what every account has.
pub(crate) const TELEGRAM: &[&str] = &["token", "updates"];
/// A chat on a site, beside what every account has.
pub(crate) const WEB: &[&str] = &["origins", "color", "greeting", "texts"];
/// Every model.
pub(crate) const MODEL: &[&str] = &["key", "base_url", "timeout", "calls", "proxy", "headers", "region", "price"];
/// A model by OpenAI's protocol, beside what every model has.
pub(crate) const OPENAI: &[&str] = &["openai", "wire", "embedding"];
/// A model of Yandex's, beside what every model has.
pub(crate) const YANDEX: &[&str] = &["yandex", "folder"];
/// Prices of a model.
pub(crate) const PRICE: &[&str] = &["in", "out"];
/// A member of the team, beside the channels that reach them.
pub(crate) const MEMBER: &[&str] = &["role", "sign_in", "phone", "email"];
/// An entry of `notify`.
pub(crate) const NOTIFY: &[&str] = &["to", "about", "quiet", "remind"];
/// `handoff`.
pub(crate) const HANDOFF: &[&str] = &["back"];
/// `digest`.
pub(crate) const DIGEST: &[&str] = &["to", "at"];

/// `scoring.yaml`.
pub(crate) const SCORING: &[&str] = &["range", "warm", "hot", "rules", "caps"];
/// A threshold of it.
pub(crate) const THRESHOLD: &[&str] = &["from", "until"];
/// A rule.
pub(crate) const RULE: &[&str] = &["id", "fact", "when", "points", "times", "fades", "why"];
/// A cap.
pub(crate) const CAP: &[&str] = &["rules", "max"];

/// Front matter of a page.
pub(crate) const PAGE: &[&str] = &["title", "also", "valid_until", "for", "products", "lang"];
