//! What members of the team have set from their chats. It is kept apart from the partner's files and holds before them, so that an
//! edit of either loses nothing of the other.

use std::{collections::BTreeMap, sync::Arc};

use jiff::{Timestamp, civil::Time};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{
    config::{Config, Digest, Notify, Pause, hours},
    expr::Fact,
};
use crate::lang::{Lang, print};

/// All that was set of a partner.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Adjustments {
    /// Since when the bot is silent, and who wants it so.
    #[serde(skip_serializing_if = "Option::is_none")]
    paused: Option<Pause>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    links: BTreeMap<String, Url>,
    /// As it was written; it was read well when it was set.
    #[serde(skip_serializing_if = "Option::is_none")]
    hours: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<Hour>,
    /// By member and fact: whether they want to be told of it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    told: BTreeMap<String, BTreeMap<String, bool>>,
    /// Who has set what, by [`Subject::key`]; what an earlier version has kept is without.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    signed: BTreeMap<String, Signature>,
}

/// Who has set something, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// The member of the team, by the name in the file.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// What is set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Subject {
    /// The business's name.
    Name,
    /// Where a link of the file leads.
    Link {
        /// Its name.
        name: String,
    },
    /// When people work.
    Hours,
    /// When the daily summary comes.
    Digest,
    /// Whether a member is told of something.
    Told {
        /// The member.
        member: String,
        /// The fact's name.
        about: String,
    },
}

impl Subject {
    fn key(&self) -> String {
        match self {
            Self::Name => "name".to_owned(),
            Self::Link { name } => format!("link:{name}"),
            Self::Hours => "hours".to_owned(),
            Self::Digest => "digest".to_owned(),
            Self::Told { member, about } => format!("told:{about}:{member}"),
        }
    }
}

/// Something that holds otherwise than the files have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    /// What.
    pub subject: Subject,
    /// As the file has it, in the file's notation; `yes` or `no` of what a member is told; `None`: it says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filed: Option<String>,
    /// As it was set.
    pub set: String,
    /// By whom and when, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
}

/// When the daily summary comes; `to`: to whom, where the file says nothing of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Hour {
    at: Time,
    to: String,
}

/// One thing that somebody sets. The same once more changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Adjustment {
    /// The bot is silent from now on.
    Pause(Pause),
    /// It answers again.
    GoOn,
    /// The business's name.
    Name(String),
    /// Where a link of the file leads.
    Link {
        /// Its name in the file.
        name: String,
        /// The address.
        to: Url,
    },
    /// When people work: [`Adjustment::hours`].
    Hours(String),
    /// When the daily summary comes.
    DigestAt {
        /// By the partner's clock.
        at: Time,
        /// To whom, where the file does not say.
        to: String,
    },
    /// Whether a member is told of something.
    Told {
        /// The member.
        member: String,
        /// Of what.
        about: Fact,
        /// Whether they want it.
        wanted: bool,
    },
    /// All is as the files have it, but the pause and what each member has chosen to be told of.
    AsInFiles,
}

impl Adjustment {
    /// Working hours as people write them: `пн-пт 9:00-20:00, сб 10:00-16:00`; days that are not named are closed. `None`: they
    /// cannot be read.
    pub fn hours(text: &str) -> Option<Self> {
        hours::of_week(text).map(|_| Self::Hours(text.trim().to_owned()))
    }

    /// What it sets of what files say; `None`: nothing.
    fn subject(&self) -> Option<Subject> {
        match self {
            Self::Pause(_) | Self::GoOn | Self::AsInFiles => None,
            Self::Name(_) => Some(Subject::Name),
            Self::Link { name, .. } => Some(Subject::Link { name: name.clone() }),
            Self::Hours(_) => Some(Subject::Hours),
            Self::DigestAt { .. } => Some(Subject::Digest),
            Self::Told { member, about, .. } => {
                Some(Subject::Told { member: member.clone(), about: about.name().into_owned() })
            }
        }
    }
}

impl Adjustments {
    /// Notes one more, and who wanted it. Who sets what is set so already changes nothing.
    pub fn set_by(&mut self, one: Adjustment, signature: Signature) {
        let (before, subject) = (self.clone(), one.subject());
        self.set(one);
        if let Some(subject) = subject.filter(|_| *self != before) {
            self.signed.insert(subject.key(), signature);
        }
    }

    /// Notes one more.
    pub fn set(&mut self, one: Adjustment) {
        match one {
            Adjustment::Pause(pause) => {
                self.paused.get_or_insert(pause);
            }
            Adjustment::GoOn => self.paused = None,
            Adjustment::Name(name) => self.name = Some(name),
            Adjustment::Link { name, to } => {
                self.links.insert(name, to);
            }
            Adjustment::Hours(text) => self.hours = Some(text),
            Adjustment::DigestAt { at, to } => self.digest = Some(Hour { at, to }),
            Adjustment::Told { member, about, wanted } => {
                self.told.entry(member).or_default().insert(about.name().into_owned(), wanted);
            }
            Adjustment::AsInFiles => {
                let mut signed = std::mem::take(&mut self.signed);
                signed.retain(|key, _| key.starts_with("told:"));
                let (paused, told) = (self.paused.take(), std::mem::take(&mut self.told));
                *self = Self { paused, told, signed, ..Self::default() };
            }
        }
    }

    /// Since when the bot is silent, if it is.
    pub fn pause(&self) -> Option<&Pause> {
        self.paused.as_ref()
    }

    /// What these name otherwise than the files do: there an edit of the files changes nothing.
    pub fn overrides(&self, filed: &Config) -> Vec<Override> {
        let mut all = Vec::new();
        let mut differs = |subject: Subject, filed: Option<String>, set: String| {
            if filed.as_ref() != Some(&set) {
                let signature = self.signed.get(&subject.key()).cloned();
                all.push(Override { subject, filed, set, signature });
            }
        };
        if let Some(name) = &self.name {
            differs(Subject::Name, Some(filed.name.clone()), name.clone());
        }
        if let Some(week) = self.hours.as_deref().and_then(hours::of_week) {
            let line = |week| hours::in_a_line(week, Lang::En);
            differs(Subject::Hours, filed.hours.stated.then(|| line(&filed.hours.week)), line(&week));
        }
        if let Some(Hour { at, .. }) = &self.digest {
            differs(Subject::Digest, filed.digest.as_ref().map(|digest| print::time(digest.at)), print::time(*at));
        }
        for (name, url) in &self.links {
            if let Some(known) = filed.links.get(name.as_str()) {
                differs(Subject::Link { name: name.clone() }, Some(known.to_string()), url.to_string());
            }
        }
        let wants = |wanted: bool| if wanted { "yes" } else { "no" }.to_owned();
        for (member, facts) in self.told.iter().filter(|(member, _)| filed.team.iter().any(|one| *one.name == **member))
        {
            for (about, wanted) in facts {
                let Ok(fact) = Fact::parse(about) else { continue };
                let is_filed = filed.notify.iter().any(|rule| *rule.to == **member && rule.about.contains(&fact));
                let subject = Subject::Told { member: member.clone(), about: about.clone() };
                differs(subject, Some(wants(is_filed)), wants(*wanted));
            }
        }
        all
    }

    /// What holds by the files' settings and these. What these name and the files have no more is passed over.
    pub fn apply(&self, config: &mut Config) {
        let Self { paused, name, links, hours, digest, told, signed: _ } = self;
        config.pause.clone_from(paused);
        if let Some(name) = name {
            config.name.clone_from(name);
        }
        for (name, url) in links {
            if let Some(known) = config.links.get_mut(name.as_str()) {
                known.clone_from(url);
            }
        }
        if let Some(week) = hours.as_deref().and_then(hours::of_week) {
            (config.hours.week, config.hours.stated) = (week, true);
        }
        if let Some(Hour { at, to }) = digest {
            let to = config.digest.take().map_or_else(|| Arc::from(to.as_str()), |digest| digest.to);
            config.digest = Some(Digest { to, at: *at });
        }
        for (member, facts) in told {
            for (name, wanted) in facts {
                if let Ok(about) = Fact::parse(name) {
                    tell(&mut config.notify, member, about, *wanted);
                }
            }
        }
    }
}

fn tell(rules: &mut Vec<Notify>, member: &str, about: Fact, wanted: bool) {
    let is_theirs = |rule: &Notify| *rule.to == *member;
    if !wanted {
        rules.iter_mut().filter(|rule| is_theirs(rule)).for_each(|rule| rule.about.retain(|fact| *fact != about));
    } else if !rules.iter().any(|rule| is_theirs(rule) && rule.about.contains(&about)) {
        rules.push(Notify { to: member.into(), about: vec![about], quiet: true, remind: None });
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::{
        ids::PartnerId,
        spec::partner::{PartnerFiles, PartnerSpec},
    };

    fn config() -> Config {
        let text = "name: Лавка\nzone: Europe/Moscow\nhours: {mon-sun: 9:00-20:00, 2026-12-31: closed}\n\
                    accounts: {telegram: {}}\nlinks: {shop: https://shop.example/}\n\
                    team: {хозяйка: {telegram: 1, role: owner}, мастер: {telegram: 2}}\n\
                    notify:\n  - {to: хозяйка, about: [order.placed, lead.hot]}\n  - {to: мастер, about: [handoff]}\n\
                    digest: {to: мастер, at: 9:00}\n";
        let files = PartnerFiles::from([("config.yaml".into(), text.into())]);
        let loaded = PartnerSpec::parse(PartnerId::parse("lavka").unwrap(), &files);
        loaded.spec.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics)).config
    }

    fn all() -> Vec<Adjustment> {
        vec![
            Adjustment::Pause(Pause { since: Timestamp::UNIX_EPOCH, by: "хозяйка".into() }),
            Adjustment::Name("Лавка у дома".into()),
            Adjustment::Link { name: "shop".into(), to: "https://new.example/".parse().unwrap() },
            Adjustment::Link { name: "gone".into(), to: "https://gone.example/".parse().unwrap() },
            Adjustment::hours("пн-пт 10:00-19:00, сб 10-14").unwrap(),
            Adjustment::DigestAt { at: Time::constant(8, 30, 0, 0), to: "хозяйка".into() },
            Adjustment::Told { member: "хозяйка".into(), about: Fact::LeadHot, wanted: false },
            Adjustment::Told { member: "мастер".into(), about: Fact::ActivityHigh, wanted: true },
        ]
    }

    #[test]
    fn what_was_set_holds_before_the_file_and_outlives_being_stored() {
        let mut set = Adjustments::default();
        // Once more changes nothing.
        for one in all().into_iter().chain(all()) {
            set.set(one);
        }
        let stored = serde_json::to_string(&set).unwrap();
        let read: Adjustments = serde_json::from_str(&stored).unwrap();
        assert_eq!(read, set);
        let mut config = config();
        read.apply(&mut config);
        assert_eq!((config.name.as_str(), config.links["shop"].as_str()), ("Лавка у дома", "https://new.example/"));
        assert!(config.pause.is_some() && !config.links.contains_key("gone"));
        let open = |hours: &crate::spec::config::Hours, at: &str| {
            let at: jiff::civil::DateTime = at.parse().unwrap();
            hours.open_at(at.date(), at.time())
        };
        // A Saturday, a Sunday, and a day that the file closes.
        assert!(open(&config.hours, "2026-12-05T13:00") && !open(&config.hours, "2026-12-05T15:00"));
        assert!(!open(&config.hours, "2026-12-06T12:00") && !open(&config.hours, "2026-12-31T12:00"));
        let digest = config.digest.unwrap();
        assert_eq!((&*digest.to, digest.at), ("мастер", Time::constant(8, 30, 0, 0)));
        let of = |member: &str| -> Vec<Fact> {
            let rules = config.notify.iter().filter(|rule| *rule.to == *member);
            rules.flat_map(|rule| rule.about.clone()).collect()
        };
        assert_eq!(of("хозяйка"), [Fact::OrderPlaced]);
        assert_eq!(of("мастер"), [Fact::Handoff, Fact::ActivityHigh]);
    }

    #[test]
    fn what_is_set_otherwise_than_the_files_have_it_is_named_with_who_set_it_last_and_when() {
        let at = |hour: i64| Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_hours(hour);
        let by = |who: &str, hour: i64| Signature { by: who.to_owned(), at: at(hour) };
        let mut set = Adjustments::default();
        for (n, one) in (0..).zip(all()) {
            set.set_by(one, by("хозяйка", n));
        }
        // The same once more, by another, is no news; another value is.
        set.set_by(Adjustment::Name("Лавка у дома".into()), by("мастер", 90));
        set.set_by(Adjustment::DigestAt { at: Time::constant(8, 45, 0, 0), to: "хозяйка".into() }, by("мастер", 91));
        // As the file has it: nobody need be told.
        set.set_by(Adjustment::Told { member: "мастер".into(), about: Fact::Handoff, wanted: true }, by("мастер", 92));
        set.set_by(Adjustment::Told { member: "кто-то".into(), about: Fact::Handoff, wanted: true }, by("кто-то", 93));
        let set: Adjustments = serde_json::from_str(&serde_json::to_string(&set).unwrap()).unwrap();
        let named = |all: Vec<Override>| -> Vec<String> {
            let one = |one: Override| {
                let Signature { by, at } = one.signature.unwrap();
                let hour = at.as_second() / 3_600;
                format!("{}: {} → {} ({by}, {hour})", one.subject.key(), one.filed.unwrap_or_default(), one.set)
            };
            all.into_iter().map(one).collect()
        };
        let notices =
            ["told:activity.high:мастер: no → yes (хозяйка, 7)", "told:lead.hot:хозяйка: yes → no (хозяйка, 6)"];
        assert_eq!(
            named(set.overrides(&config())),
            [
                "name: Лавка → Лавка у дома (хозяйка, 1)",
                "hours: Mon–Sun 09:00–20:00 → Mon–Fri 10:00–19:00; Sat 10:00–14:00; Sun closed (хозяйка, 4)",
                "digest: 09:00 → 08:45 (мастер, 91)",
                "link:shop: https://shop.example/ → https://new.example/ (хозяйка, 2)",
                notices[0],
                notices[1],
            ]
        );
        let mut back = set;
        back.set(Adjustment::AsInFiles);
        assert_eq!(named(back.overrides(&config())), notices);
    }

    #[test]
    fn as_in_the_files_leaves_the_pause_and_members_own_notices_alone() {
        let mut set = Adjustments::default();
        for one in all() {
            set.set(one);
        }
        set.set(Adjustment::AsInFiles);
        let mut changed = config();
        set.apply(&mut changed);
        let mut left = Adjustments::default();
        let is_left = |one: &Adjustment| matches!(one, Adjustment::Pause(_) | Adjustment::Told { .. });
        all().into_iter().filter(is_left).for_each(|one| left.set(one));
        let mut wanted = config();
        left.apply(&mut wanted);
        assert!(changed.pause.is_some());
        assert_eq!(format!("{changed:?}"), format!("{wanted:?}"));
        assert_eq!(set, left);
    }

    #[test]
    fn hours_that_cannot_be_read_are_not_set() {
        for text in ["", "как обычно", "пн-пт", "9:00-20:00-22:00", "пн-пт 9:00-9:00", "птн 9-18", "пн 9-18, пн 19-20"]
        {
            assert_eq!(Adjustment::hours(text), None, "{text}");
        }
        assert!(Adjustment::hours("9:00-20:00").is_some(), "every day");
        assert!(Adjustment::hours("mon-fri 9-18, sat closed").is_some());
    }
}
