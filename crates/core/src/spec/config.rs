//! A partner's settings: `config.yaml`, lowered.

pub(crate) mod accounts;
pub(crate) mod hours;
mod models;
mod people;
pub(crate) mod read;
mod rights;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::{
    Timestamp,
    civil::{Date, Time, Weekday},
    tz::TimeZone,
};
use serde::{Deserialize, Serialize};
use url::Url;

pub use self::rights::Right;
use crate::{
    color::Color,
    ids::AccountId,
    lang::Lang,
    may_write::moment,
    money::{Currency, Money},
    spec::{expr::Fact, flow::ContactKind, value::Period},
};

/// The settings of a partner.
#[derive(Debug, Clone)]
pub struct Config {
    /// The business's name, as customers read it.
    pub name: String,
    /// Languages, the main one first (`ru`, `en`); never empty.
    pub languages: Vec<Lang>,
    /// The partner's time zone.
    pub zone: TimeZone,
    /// ISO 3166 code for phones without a country code.
    pub country: String,
    /// What prices are in.
    pub currency: Currency,
    /// When people work.
    pub hours: Hours,
    /// When the bot does not write first, by the customer's clock.
    pub quiet: Span,
    /// Named links: `link x` in buttons, `link.x` in texts.
    pub links: BTreeMap<Arc<str>, Url>,
    /// Whom the bot speaks as.
    pub persona: Persona,
    /// What the partner's pages look like, and where they are.
    pub branding: Branding,
    /// Bots and pages, in the file's order; never empty.
    pub accounts: Vec<Account>,
    /// Models, in the order they are tried.
    pub models: Vec<Model>,
    /// Money for models.
    pub budget: Budget,
    /// How answers are made.
    pub answer: Answering,
    /// How contacts are taken.
    pub contact: ContactPolicy,
    /// Stages of the funnel, first to last; never empty.
    pub stages: Vec<Arc<str>>,
    /// How often the bot writes first.
    pub limits: Limits,
    /// How long things are kept.
    pub retention: Retention,
    /// The partner's people.
    pub team: Vec<Member>,
    /// Who is told what.
    pub notify: Vec<Notify>,
    /// The daily summary.
    pub digest: Option<Digest>,
    /// What becomes of conversations that people have.
    pub handoff: Handoff,
    /// Whether the bot answers nobody for now. No file says so: members of the team do ([`super::adjust`]).
    pub pause: Option<Pause>,
    /// How the catalogue is read.
    pub catalogue: CatalogueSource,
}

/// What holds where `config.yaml` does not say otherwise.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// What customers see.
    pub name: Option<String>,
    /// Named links.
    pub links: BTreeMap<Arc<str>, Url>,
}

/// A value that lies in the partner's `.env`: its name there.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SecretRef(pub Arc<str>);

/// A setting that is written down or kept in `.env`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setting {
    /// Written in the file.
    Plain(String),
    /// In `.env`.
    Secret(SecretRef),
}

/// A span of the day; `from` later than `until` runs over midnight, equal means never.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Begins.
    pub from: Time,
    /// Ends; the moment itself is outside. `23:59:59.999999999` stands for 24:00.
    pub until: Time,
}

impl Span {
    /// Whether the span holds this time of day.
    pub fn holds(&self, time: Time) -> bool {
        if self.from <= self.until {
            self.from <= time && time < self.until
        } else {
            time >= self.from || time < self.until
        }
    }
}

/// Working hours: by weekday, with exceptions by date.
#[derive(Debug, Clone, Default)]
pub struct Hours {
    /// Spans by weekday, Monday first; a day without one is closed.
    pub week: [Vec<Span>; 7],
    /// Days that differ; an empty list is a closed day.
    pub dates: BTreeMap<Date, Vec<Span>>,
    /// Whether the partner stated hours at all; else it is always open.
    pub stated: bool,
}

impl Hours {
    /// The spans of a day; `None` = hours are not stated, open all day.
    pub fn on(&self, date: Date) -> Option<&[Span]> {
        if !self.stated {
            return None;
        }
        let weekday = date.weekday().to_monday_zero_offset();
        let usual = usize::try_from(weekday).ok().and_then(|day| self.week.get(day));
        self.dates.get(&date).or(usual).map(Vec::as_slice)
    }

    /// Whether the partner is open at all that day (`except: closed`).
    pub fn open_on(&self, date: Date) -> bool {
        self.on(date).is_none_or(|spans| !spans.is_empty())
    }

    /// Whether the partner is open at that moment of its zone.
    pub fn open_at(&self, date: Date, time: Time) -> bool {
        self.on(date).is_none_or(|spans| spans.iter().any(|span| span.holds(time)))
    }

    /// Spans of a weekday.
    pub fn of(&mut self, weekday: Weekday) -> &mut Vec<Span> {
        let day = usize::try_from(weekday.to_monday_zero_offset()).unwrap_or(0);
        &mut self.week[day.min(6)]
    }
}

/// The grammatical gender the bot speaks of itself in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Gender {
    /// «записала».
    #[default]
    Feminine,
    /// «записал».
    Masculine,
}

/// Whom the bot speaks as.
#[derive(Debug, Clone, Default)]
pub struct Persona {
    /// Its name; `None` = the partner's.
    pub name: Option<String>,
    /// What it is like: goes into the model's instructions.
    pub about: Option<String>,
    /// What it never does.
    pub never: Vec<String>,
    /// How it speaks of itself.
    pub gender: Gender,
}

/// What the partner's own pages look like, and where they are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Branding {
    /// A picture of the partner's folder.
    pub logo: Option<String>,
    /// The main colour of every page that has none of its own.
    pub color: Option<Color>,
    /// The host name of the partner's web chat, as browsers send it.
    pub domain: Option<String>,
    /// The host name of its owner's pages: another one, so that no page of one is of the other's origin.
    pub admin_domain: Option<String>,
}

impl Branding {
    /// All host names that are to be the partner's own.
    pub fn domains(&self) -> impl Iterator<Item = &str> {
        self.domain.iter().chain(&self.admin_domain).map(String::as_str)
    }
}

/// A bot or page of the partner.
#[derive(Debug, Clone)]
pub struct Account {
    /// Its id: the key under `accounts` (`telegram`, `telegram-2`).
    pub id: AccountId,
    /// Which channel, with the settings of its own.
    pub channel: ChannelConfig,
    /// Base URL of the channel's API instead of the usual.
    pub api: Option<Url>,
    /// Outbound proxy.
    pub proxy: Option<Setting>,
    /// How long a customer waits for the first words of an answer; then a plainer one goes out.
    pub first_words: Duration,
    /// The whole time for an answer on this account, where it differs from [`Answering::deadline`].
    pub deadline: Option<Duration>,
    /// Whether ads may leave on it; `None` = not said (an explicit choice is asked for where the law needs one).
    pub ads: Option<bool>,
}

/// Settings of a kind of channel.
#[derive(Debug, Clone)]
pub enum ChannelConfig {
    /// Telegram.
    Telegram(TelegramConfig),
    /// The chat on the partner's own site.
    Web(WebConfig),
    /// A known channel whose settings its own crate reads.
    Other(OtherChannel),
}

impl Account {
    /// Whether advertisements may leave on it: as the file says, and where the law wants that said, not unless it does.
    pub fn carries_ads(&self) -> bool {
        match self.channel.kind() {
            // Networks to which access is restricted in Russia: no advertisement is allowed there at all.
            "instagram" | "whatsapp" => false,
            "telegram" => self.ads == Some(true),
            _ => self.ads != Some(false),
        }
    }

    /// The first words of an answer are awaited this long unless the file says otherwise.
    pub const FIRST_WORDS: Duration = Duration::from_secs(5);
    /// The same where a voice answers in the call itself, whose platform hangs up after three seconds.
    pub const FIRST_WORDS_OF_VOICE: Duration = Duration::from_millis(2_700);
}

impl ChannelConfig {
    /// The kind's name, as in files.
    pub fn kind(&self) -> &str {
        match self {
            Self::Telegram(_) => "telegram",
            Self::Web(_) => "web",
            Self::Other(other) => other.kind,
        }
    }
}

/// A Telegram bot.
#[derive(Debug, Clone)]
pub struct TelegramConfig {
    /// The bot's token; `$TELEGRAM_TOKEN` unless said otherwise.
    pub token: SecretRef,
    /// How updates come.
    pub updates: Updates,
}

/// How updates come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Updates {
    /// Asked for again and again: needs no public address.
    #[default]
    Polling,
    /// Sent to us.
    Webhook,
}

/// The web chat.
#[derive(Debug, Clone, Default)]
pub struct WebConfig {
    /// Sites that may show it (`https://host`), without a path.
    pub origins: Vec<String>,
    /// Its main colour.
    pub color: Option<Color>,
    /// What stands in an empty chat before the visitor writes; without it the first flow begins when the chat is opened.
    pub greeting: Option<String>,
    /// Texts of the page in place of the built-in ones, by [`WEB_TEXTS`].
    pub texts: BTreeMap<String, String>,
}

/// The texts of the web chat that a partner may replace.
pub const WEB_TEXTS: [&str; 45] = [
    "chat",
    "open_chat",
    "close_chat",
    "unread",
    "unread_one",
    "unread_few",
    "unread_many",
    "new_messages",
    "bot",
    "person",
    "answers_bot",
    "answers_person",
    "answers_name",
    "answers_soon",
    "you",
    "log",
    "message",
    "send",
    "typing",
    "connecting",
    "offline",
    "elsewhere",
    "continue_here",
    "waiting",
    "delivered",
    "seen",
    "not_sent",
    "again",
    "slow_down",
    "day_limit",
    "too_long",
    "refused",
    "phone",
    "phone_example",
    "phone_bad",
    "place_bad",
    "choices",
    "products",
    "back",
    "forward",
    "photo",
    "to_newest",
    "today",
    "yesterday",
    "no_script",
];

/// A channel whose crate reads its settings itself.
#[derive(Debug, Clone)]
pub struct OtherChannel {
    /// The kind's name.
    pub kind: &'static str,
    /// Its settings by name; nested ones are joined by a dot (`templates.handoff`).
    pub settings: BTreeMap<String, Setting>,
}

/// A model and how to reach it.
#[derive(Debug, Clone)]
pub struct Model {
    /// Whose protocol it speaks.
    pub provider: Provider,
    /// The model's name there.
    pub model: String,
    /// The key; `None` for a local server that wants none.
    pub key: Option<SecretRef>,
    /// Base URL instead of the provider's.
    pub base_url: Option<Url>,
    /// How long one answer may take.
    pub timeout: Duration,
    /// Calls at a time, over all partners that use the same key at the same address; `None`: as the provider allows.
    pub calls: Option<u32>,
    /// Outbound proxy.
    pub proxy: Option<Setting>,
    /// Further HTTP headers.
    pub headers: Vec<(String, Setting)>,
    /// Where it runs (`ru`): personal data is not sent abroad.
    pub region: Option<String>,
    /// Price per million tokens, in and out, for the budget.
    pub price: Option<(Money, Money)>,
}

/// Whose protocol a model speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Provider {
    /// OpenAI and all that speak its protocol.
    OpenAi {
        /// Which of its protocols.
        wire: Wire,
        /// A model of the same server for embeddings.
        embedding: Option<String>,
    },
    /// YandexGPT.
    Yandex {
        /// The cloud folder.
        folder: Setting,
    },
}

/// OpenAI's protocols.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Wire {
    /// `/chat/completions`: what everyone speaks.
    #[default]
    Chat,
    /// `/responses`.
    Responses,
}

/// Money for models; spent = answers without a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// A day, in the partner's zone.
    pub day: Money,
    /// A calendar month; `None` = no other bound than the days'.
    pub month: Option<Money>,
    /// Tokens a day, read and written, of all models: a bound where prices are not known.
    pub day_tokens: Option<u64>,
    /// Tokens a calendar month.
    pub month_tokens: Option<u64>,
}

/// How answers are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answering {
    /// The whole time for an answer whose first words came in time ([`Account::first_words`]).
    pub deadline: Duration,
    /// How long to wait for more of a burst.
    pub buffer: Duration,
    /// Characters of history a model gets.
    pub history: usize,
    /// Whether an answer to a question that many ask is given again.
    pub cache: bool,
}

/// How contacts are taken.
#[derive(Debug, Clone, Default)]
pub struct ContactPolicy {
    /// The consent text; `None` = flows may not ask for contacts.
    pub consent: Option<Consent>,
    /// What a flow's `contact` needs when it does not say.
    pub need: Vec<ContactKind>,
}

/// A consent text: what the customer agreed to must be provable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// Its file in the partner's folder.
    pub path: String,
    /// The version the partner gave it; else the first 12 characters of the hash.
    pub version: String,
    /// The full text.
    pub text: Arc<str>,
    /// SHA-256 of the text, hex.
    pub sha256: Arc<str>,
}

/// How often the bot writes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// A day.
    pub per_day: u32,
    /// Seven days.
    pub per_week: u32,
}

/// How long things are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Messages.
    pub messages: Period,
    /// Leads that never became warm.
    pub cold_leads: Period,
}

/// A person of the partner's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The name in the file.
    pub name: Arc<str>,
    /// May do what.
    pub role: Role,
    /// The name they sign in with on the owner's pages, where that is another.
    pub sign_in: Option<String>,
    /// Where they are reached: kind of channel and the user's id there.
    pub reach: Vec<(String, String)>,
}

/// The way to a member that is no account of the partner's: by the operator's mail server.
pub const EMAIL: &str = "email";

impl Member {
    /// Whether they are told by e-mail.
    pub fn has_email(&self) -> bool {
        self.reach.iter().any(|(kind, _)| kind == EMAIL)
    }
}

/// What a member may do: [`Role::may`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Everything of the partner's.
    Owner,
    /// Work with customers and their orders.
    Operator,
}

/// Who is told what.
#[derive(Debug, Clone)]
pub struct Notify {
    /// A member's name.
    pub to: Arc<str>,
    /// Which facts.
    pub about: Vec<Fact>,
    /// Whether it keeps to the quiet hours.
    pub quiet: bool,
    /// Say it again after this time when nobody took it up.
    pub remind: Option<Period>,
}

impl Notify {
    /// The names of its facts.
    pub fn names(&self) -> impl Iterator<Item = std::borrow::Cow<'static, str>> {
        self.about.iter().map(Fact::name)
    }
}

/// The daily summary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    /// A member's name.
    pub to: Arc<str>,
    /// When, in the partner's zone.
    pub at: Time,
}

impl Digest {
    /// When it is due on a day, in the partner's zone; on a day that skips that minute, at the next one there is.
    pub fn due(&self, day: Date, zone: &TimeZone) -> Timestamp {
        moment(day.to_datetime(self.at), zone)
    }
}

/// What becomes of conversations that people have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Handoff {
    /// The bot has a conversation again when its person was silent for so long; `None`: until they give it back.
    pub back: Option<Period>,
}

/// The bot answers nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// Since when.
    pub since: Timestamp,
    /// Who wants it so.
    pub by: String,
}

/// How the catalogue is read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CatalogueSource {
    /// Encoding of the CSV.
    pub encoding: Encoding,
}

/// Encodings of a CSV.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Encoding {
    /// UTF-8, with or without a BOM.
    #[default]
    Utf8,
    /// What older Russian programs export.
    Windows1251,
}
