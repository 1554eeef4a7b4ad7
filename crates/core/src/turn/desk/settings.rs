//! What holds of the business, the links that bring people to it, and what members of the team set of it from their chats.

use jiff::civil::Time;
use url::Url;

use super::{
    super::{Named, notices::head, token::hash, work::Work},
    Errand,
    token::Own,
    wording::Say,
};
use crate::{
    drawing::{Drawing, Photo},
    lang::{Lang, print},
    message::Button,
    spec::{
        adjust::{Adjustment, Signature},
        config::{
            Hours, Notify, Pause, Right, Role,
            hours::{in_a_line, of_week},
        },
        expr::Fact,
        read::parse_time,
        rich::Rich,
    },
};

/// Longest mark of a link, as messengers take it.
const SOURCE_CHARS_MAX: usize = 64;
/// Bots whose QR codes are shown at once.
const QR_MAX: usize = 5;
/// Longest name of a business that is set from a chat, in characters.
const NAME_CHARS_MAX: usize = 100;
/// Longest link, its name included.
const LINK_BYTES_MAX: usize = 2_000;

/// What a member can choose to be told of at a press.
const TOLD: [Fact; 10] = [
    Fact::ContactLeft,
    Fact::LinkClicked,
    Fact::ActivityHigh,
    Fact::PriceAsked,
    Fact::LeadHot,
    Fact::Handoff,
    Fact::OrderPlaced,
    Fact::OrderPaid,
    Fact::Complaint,
    Fact::Rating,
];

/// Whether a member is to be told of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// From now on.
    Yes,
    /// No more.
    No,
}

impl Work {
    /// `/my_link`, `/my_link vesna`.
    pub(super) fn ask_for_links(&mut self, words: &str) -> Option<Errand> {
        let source = words.trim();
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if source.len() > SOURCE_CHARS_MAX || !source.chars().all(fits) {
            self.tell(Say::BadSource);
            return None;
        }
        Some(Errand::Links(source.to_owned()))
    }

    pub(super) fn show_links(&mut self, source: &str, links: &[String]) {
        if links.is_empty() {
            return self.tell(Say::NoLinks);
        }
        let say = if source.is_empty() { Say::Links } else { Say::LinksOf { source } };
        let head = say.says(self.lang);
        self.reply.close();
        if let [link] = links {
            return self.show_link(link, format!("{head}\n\n{link}"));
        }
        self.reply.say(&Rich::plain(format!("{head}\n\n{}", links.join("\n"))));
        self.reply.close();
        for link in links.iter().take(QR_MAX) {
            self.show_link(link, link.clone());
        }
    }

    /// A link with its QR code, to be printed: each stands above its own words, or nobody knows which is which.
    fn show_link(&mut self, link: &str, words: String) {
        self.reply.photo(Photo::Drawn(Drawing::Qr { address: link.to_owned() }));
        self.reply.say(&Rich::plain(words));
        self.reply.close();
    }

    /// `/my_settings`: what holds now. `/my_settings название Лавка`: what is to hold from now on, before the partner's files.
    pub(super) fn settings(&mut self, words: &str) -> Option<Errand> {
        let words = words.trim();
        let (what, value) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
        let value = value.trim();
        let wish = match what.to_lowercase().as_str() {
            "" => {
                self.show_settings();
                return None;
            }
            "пауза" | "pause" => return self.pause(),
            "продолжить" | "resume" => return self.end_pause(),
            "название" | "name" => {
                let fits = !value.is_empty() && value.chars().count() <= NAME_CHARS_MAX;
                fits.then(|| Adjustment::Name(value.to_owned()))
            }
            "ссылка" | "link" => self.link_to_set(value),
            "часы" | "hours" => {
                self.offer_hours(value);
                return None;
            }
            "сводка" | "digest" => parse_time(value)
                .filter(|at| *at != Time::MAX)
                .map(|at| Adjustment::DigestAt { at, to: self.own_name() }),
            _ => None,
        };
        if wish.is_none() {
            self.tell(Say::HowToSet);
        }
        wish.and_then(|adjustment| self.by_owner(adjustment))
    }

    /// Hours as they were understood, to be kept at a press: days that are left out would be closed unseen.
    fn offer_hours(&mut self, typed: &str) {
        if !self.may_set() {
            return;
        }
        let Some(week) = of_week(typed) else { return self.tell(Say::HowToSet) };
        let hours = in_a_line(&week, self.lang);
        self.reply.close();
        self.reply.say(&Rich::plain(format!("{}\n{hours}", Say::HoursUnderstood.says(self.lang))));
        let button = self.own_button_of(Say::KeepHours, Own::KeepHours, hash(&hours));
        self.reply.buttons([button]);
        self.reply.close();
        self.desk().hours = Some(hours);
    }

    /// A press under hours that were understood: those that were shown last.
    pub(super) fn keep_hours(&mut self, of: u32) -> Option<Errand> {
        let shown = self.desk().hours.clone().filter(|hours| hash(hours) == of);
        let Some(hours) = shown.as_deref().and_then(Adjustment::hours) else {
            self.tell(Say::OldButton);
            return None;
        };
        self.by_owner(hours)
    }

    /// `shop https://…`: where a link that the file names leads.
    fn link_to_set(&self, value: &str) -> Option<Adjustment> {
        let (name, url) = value.split_once(char::is_whitespace)?;
        let known = self.book.spec.config.links.contains_key(name);
        let to = Url::parse(url.trim()).ok().filter(|_| known && value.len() <= LINK_BYTES_MAX)?;
        // Redirects lead to https alone: with http, addresses that were sent before would lead nowhere.
        let leads = to.scheme() == "https" && to.host_str().is_some();
        leads.then(|| Adjustment::Link { name: name.to_owned(), to })
    }

    /// Something that owners alone may set.
    pub(super) fn by_owner(&mut self, adjustment: Adjustment) -> Option<Errand> {
        self.may_set().then_some(Errand::Adjust(adjustment))
    }

    /// Whether whoever writes may set what holds for all. It is said if not.
    fn may_set(&mut self) -> bool {
        if !self.is_named() {
            return false;
        }
        let may = self.has_right(Right::Settings);
        if !may {
            self.tell(Say::OwnersAlone);
        }
        may
    }

    /// What is looked at, if whoever writes may see it. It is said if not.
    pub(super) fn by_right(&mut self, right: Right, errand: Errand) -> Option<Errand> {
        // Where the file names no owner, all whom it names are.
        let is_ownerless = || self.book.spec.config.team.iter().all(|one| one.role != Role::Owner);
        if self.has_right(right) || is_ownerless() {
            return Some(errand);
        }
        self.tell(Say::FiguresForOwners);
        None
    }

    fn has_right(&self, right: Right) -> bool {
        let member = self.own_name();
        self.book.spec.config.team.iter().any(|one| *one.name == *member && one.role.may(right))
    }

    /// Whether the file names the person who writes. In a group that it names, anybody could be meant. It is said if not.
    fn is_named(&mut self) -> bool {
        let is_named = self.writes_as_person();
        if !is_named {
            self.tell(Say::PersonsAlone);
        }
        is_named
    }

    fn writes_as_person(&self) -> bool {
        self.setting.writer.as_ref().is_some_and(|writer| writer.named == Named::Person)
    }

    fn own_name(&self) -> String {
        self.setting.writer.as_ref().map(|writer| writer.member.to_string()).unwrap_or_default()
    }

    /// Who sets something now.
    pub(super) fn signature(&self) -> Signature {
        Signature { by: self.own_name(), at: self.now }
    }

    pub(super) fn pause(&mut self) -> Option<Errand> {
        self.by_owner(Adjustment::Pause(Pause { since: self.now, by: self.own_name() }))
    }

    pub(super) fn end_pause(&mut self) -> Option<Errand> {
        self.by_owner(Adjustment::GoOn)
    }

    /// A press on something that a member is told of, or is not. The button says which: a press that comes twice changes nothing.
    pub(super) fn set_told(&mut self, of: u32, wanted: Wanted) -> Option<Errand> {
        if !self.is_named() {
            return None;
        }
        let about = TOLD.into_iter().find(|fact| hash(&fact.name()) == of)?;
        if about == Fact::Handoff && wanted == Wanted::No && self.takes_over_alone() {
            self.tell(Say::TakesOverAlone);
            self.reply.close();
            self.show_told();
            return None;
        }
        let wanted = wanted == Wanted::Yes;
        Some(Errand::Adjust(Adjustment::Told { member: self.own_name(), about, wanted }))
    }

    /// Whether nobody else who is reached is told when a customer needs a person.
    fn takes_over_alone(&self) -> bool {
        let own = self.own_name();
        !self.setting.team.iter().any(|to| *to.member != *own && self.is_told(&to.member, &Fact::Handoff))
    }

    fn is_told(&self, member: &str, about: &Fact) -> bool {
        self.book.spec.config.notify.iter().any(|rule| *rule.to == *member && rule.about.contains(about))
    }

    /// Something was set: turns that begin soon go by it.
    pub(super) fn tell_of_setting(&mut self, adjustment: Adjustment) {
        match adjustment {
            Adjustment::Pause(_) => {
                self.tell(Say::Paused);
                let button = self.own_button(Say::GoOn, Own::GoOn);
                self.reply.buttons([button]);
            }
            Adjustment::GoOn => self.tell(Say::PauseOver),
            Adjustment::Told { about, wanted, .. } => {
                let is_told = |this: &Self, member: &str, fact: &Fact| {
                    if *fact == about { wanted } else { this.is_told(member, fact) }
                };
                self.offer_told(is_told);
            }
            Adjustment::Hours(_) => {
                self.desk().hours = None;
                self.tell(Say::Set);
            }
            Adjustment::Name(_) | Adjustment::Link { .. } | Adjustment::DigestAt { .. } => self.tell(Say::Set),
            Adjustment::AsInFiles => self.tell(Say::FilesHold),
        }
        self.reply.close();
    }

    pub(super) fn show_told(&mut self) {
        self.offer_told(Self::is_told);
        self.reply.close();
    }

    fn offer_told(&mut self, is_told: impl Fn(&Self, &str, &Fact) -> bool) {
        let member = self.own_name();
        let button = |fact: &Fact| {
            let (mark, press) = if is_told(self, &member, fact) { ("✓ ", Own::TellNoMore) } else { ("", Own::Tell) };
            let label = format!("{mark}{}", head(&fact.name(), self.lang));
            Button { label, ..self.own_button_of(Say::ToldOf, press, hash(&fact.name())) }
        };
        let buttons: Vec<Button> = TOLD.iter().map(button).collect();
        self.tell(Say::ToldOf);
        self.reply.buttons(buttons);
    }

    /// Since when the bot is silent, and who wants it so.
    pub(super) fn pause_line(&self) -> Option<String> {
        let Pause { since, by } = self.book.spec.config.pause.as_ref()?;
        let at = since.to_zoned(self.book.spec.config.zone.clone()).datetime();
        let at = print::date_time(at, self.lang, self.today());
        Some(match self.lang {
            Lang::Ru => format!("Бот на паузе: {at}, {by}"),
            Lang::En => format!("The bot is paused: {at}, {by}"),
        })
    }

    fn show_settings(&mut self) {
        let config = &self.book.spec.config;
        let lang = self.lang;
        let word = |ru: &'static str, en: &'static str| match lang {
            Lang::Ru => ru,
            Lang::En => en,
        };
        let mut lines = vec![config.name.clone()];
        lines.extend(self.pause_line());
        let member = self.own_name();
        lines.push(format!("{}: {member}", word("Вы", "You")));
        lines.push(format!("{}: {}", word("Часовой пояс", "Time zone"), config.zone.iana_name().unwrap_or("UTC")));
        lines.push(format!("{}: {}", word("Часы работы", "Working hours"), week(&config.hours, lang)));
        let (from, until) = (print::time(config.quiet.from), print::time(config.quiet.until));
        lines.push(format!("{}: {from}–{until}", word("Тихие часы", "Quiet hours")));
        let rules = config.notify.iter().filter(|rule| *rule.to == *member);
        let about: Vec<String> = rules.flat_map(Notify::names).map(|name| self.head(&name, lang)).collect();
        if !about.is_empty() {
            lines.push(format!("{}: {}", word("Уведомления", "You are told of"), about.join(", ")));
        }
        if let Some(digest) = &config.digest {
            lines.push(format!("{}: {}, {}", word("Сводка", "Daily summary"), digest.to, print::time(digest.at)));
        }
        if let Some(back) = config.handoff.back {
            lines.push(format!(
                "{}: {}",
                word("Бот возвращается через", "The bot comes back after"),
                print::period(back, lang)
            ));
        }
        lines.extend(config.links.iter().map(|(name, url)| format!("{}: {name} {url}", word("Ссылка", "Link"))));
        let is_person = self.writes_as_person();
        let may_set = is_person && self.has_right(Right::Settings);
        if may_set {
            lines.push(String::new());
            lines.push(Say::HowToSet.says(lang));
        }
        let mut buttons = Vec::new();
        if may_set {
            buttons.push(match config.pause {
                None => self.own_button(Say::Pause, Own::Pause),
                Some(_) => self.own_button(Say::GoOn, Own::GoOn),
            });
        }
        if is_person {
            buttons.push(self.own_button(Say::Notices, Own::ToldOf));
        }
        if may_set {
            buttons.push(self.own_button(Say::AsInFiles, Own::AsInFiles));
        }
        self.reply.close();
        self.reply.say(&Rich::plain(lines.join("\n")));
        self.reply.buttons(buttons);
        self.reply.close();
    }
}

/// Working hours in a line.
fn week(hours: &Hours, lang: Lang) -> String {
    match lang {
        _ if hours.stated => in_a_line(&hours.week, lang),
        Lang::Ru => "не указаны".to_owned(),
        Lang::En => "not stated".to_owned(),
    }
}
