//! What members of the team have set from their chats. It is kept apart from the partner's files and holds before them, so that an
//! edit of either loses nothing of the other.

use std::{collections::BTreeMap, sync::Arc};

use jiff::civil::Time;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{
    config::{Config, Digest, Notify, Pause, hours},
    expr::Fact,
};

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
}

impl Adjustments {
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
                let (paused, told) = (self.paused.take(), std::mem::take(&mut self.told));
                *self = Self { paused, told, ..Self::default() };
            }
        }
    }

    /// Since when the bot is silent, if it is.
    pub fn pause(&self) -> Option<&Pause> {
        self.paused.as_ref()
    }

    /// What holds by the files' settings and these. What these name and the files have no more is passed over.
    pub fn apply(&self, config: &mut Config) {
        let Self { paused, name, links, hours, digest, told } = self;
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
