//! What the partner's file says of the business, and the links that bring people to it.

use super::{super::work::Work, Errand, wording::Say};
use crate::{
    drawing::{Drawing, Photo},
    lang::{Lang, print},
    spec::rich::Rich,
};

/// Longest mark of a link, as messengers take it.
const SOURCE_CHARS_MAX: usize = 64;
/// Bots whose QR codes are shown at once.
const QR_MAX: usize = 5;

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

    /// `/my_settings`: what holds now. It is changed in the partner's file.
    pub(super) fn show_settings(&mut self) {
        let config = &self.book.spec.config;
        let lang = self.lang;
        let word = |ru: &'static str, en: &'static str| match lang {
            Lang::Ru => ru,
            Lang::En => en,
        };
        let mut lines = vec![config.name.clone()];
        let member = self.setting.writer.as_ref().map(|writer| writer.member.to_string()).unwrap_or_default();
        lines.push(format!("{}: {member}", word("Вы", "You")));
        lines.push(format!("{}: {}", word("Часовой пояс", "Time zone"), config.zone.iana_name().unwrap_or("UTC")));
        let (from, until) = (print::time(config.quiet.from), print::time(config.quiet.until));
        lines.push(format!("{}: {from}–{until}", word("Тихие часы", "Quiet hours")));
        for rule in config.notify.iter().filter(|rule| *rule.to == *member) {
            let about: Vec<String> = rule.about.iter().map(ToString::to_string).collect();
            lines.push(format!("{}: {}", word("Вам пишем о", "You are told of"), about.join(", ")));
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
        lines.extend(config.links.iter().map(|(name, url)| format!("{name}: {url}")));
        lines.push(String::new());
        lines.push(
            word("Изменить: config.yaml, правки действуют сразу.", "To change it: config.yaml; edits count at once.")
                .to_owned(),
        );
        self.reply.close();
        self.reply.say(&Rich::plain(lines.join("\n")));
        self.reply.close();
    }
}
