//! What may stop a part of a partner's service, and how its owners are told of it.

use std::fmt;

use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::{
    ids::AccountId,
    lang::{Lang, print},
};

/// What may be wrong with a part of a partner's service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "k", rename_all = "snake_case")]
pub enum Trouble {
    /// The messenger of an account does not answer.
    Unreachable {
        /// The account.
        account: AccountId,
    },
    /// The messenger does not accept the account's token: it was revoked, or the bot is banned.
    Unauthorised {
        /// The account.
        account: AccountId,
    },
    /// Somebody else receives what comes for the account.
    Taken {
        /// The account.
        account: AccountId,
    },
    /// The last edit of the partner's files is not served by; the former ones are.
    EditRefused,
    /// The partner is not served.
    Unserved,
}

/// A part of a partner's service: of each one thing is wrong at a time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Listening to an account.
    Account(AccountId),
    /// Taking up edits of its files.
    Files,
    /// All of it.
    Service,
}

/// As stores and keys of events name it.
impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(account) => write!(f, "account:{account}"),
            Self::Files => f.write_str("files"),
            Self::Service => f.write_str("service"),
        }
    }
}

impl Trouble {
    /// Of what.
    pub fn part(&self) -> Part {
        match self {
            Self::Unreachable { account } | Self::Unauthorised { account } | Self::Taken { account } => {
                Part::Account(account.clone())
            }
            Self::EditRefused => Part::Files,
            Self::Unserved => Part::Service,
        }
    }
}

/// A trouble with its times.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TroubleNews {
    /// What is wrong.
    pub trouble: Trouble,
    /// Since when.
    pub since: Timestamp,
    /// Until when it was; `None`: it lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl TroubleNews {
    /// As an owner reads it by the partner's clock.
    pub fn words(&self, lang: Lang, zone: &TimeZone, now: Timestamp) -> String {
        let at = |moment: Timestamp| clock(moment, zone, now, lang);
        let since = at(self.since);
        match (self.until.map(at), lang) {
            (None, Lang::Ru) => self.lasts_in_russian(&since),
            (None, Lang::En) => self.lasts_in_english(&since),
            (Some(until), Lang::Ru) => self.over_in_russian(&since, &until),
            (Some(until), Lang::En) => self.over_in_english(&since, &until),
        }
    }

    fn lasts_in_russian(&self, since: &str) -> String {
        match &self.trouble {
            Trouble::Unreachable { account } => {
                format!("Аккаунт {account} не работает (с {since}): мессенджер не отвечает. Подключаемся снова сами.")
            }
            Trouble::Unauthorised { account } => format!(
                "Аккаунт {account} не работает (с {since}): мессенджер не принимает его ключ. Ключ отозван, или бот заблокирован."
            ),
            Trouble::Taken { account } => format!(
                "Аккаунт {account} не слышит клиентов (с {since}): их сообщения получает другая программа с тем же ключом."
            ),
            Trouble::EditRefused => {
                format!(
                    "Правка файлов не принята (с {since}), бот работает по прежним. Причину видит тот, кто ведёт сервер."
                )
            }
            Trouble::Unserved => {
                format!("Бот не работает (с {since}). Причину видит тот, кто ведёт сервер.")
            }
        }
    }

    fn over_in_russian(&self, since: &str, until: &str) -> String {
        match &self.trouble {
            Trouble::Unreachable { account } | Trouble::Unauthorised { account } | Trouble::Taken { account } => {
                format!("Аккаунт {account} снова работает. Не работал с {since} до {until}.")
            }
            Trouble::EditRefused => format!("Правка файлов принята ({until}), бот работает по ней."),
            Trouble::Unserved => format!("Бот снова работает. Не работал с {since} до {until}."),
        }
    }

    fn lasts_in_english(&self, since: &str) -> String {
        match &self.trouble {
            Trouble::Unreachable { account } => {
                format!(
                    "The account {account} does not work (since {since}): the messenger does not answer. It is tried again."
                )
            }
            Trouble::Unauthorised { account } => format!(
                "The account {account} does not work (since {since}): the messenger does not accept its token. It was revoked, or the bot is banned."
            ),
            Trouble::Taken { account } => format!(
                "The account {account} does not hear customers (since {since}): another program with the same token gets what they write."
            ),
            Trouble::EditRefused => format!(
                "An edit of the files was refused (since {since}), the bot goes by the former ones. Whoever runs the server sees why."
            ),
            Trouble::Unserved => {
                format!("The bot does not work (since {since}). Whoever runs the server sees why.")
            }
        }
    }

    fn over_in_english(&self, since: &str, until: &str) -> String {
        match &self.trouble {
            Trouble::Unreachable { account } | Trouble::Unauthorised { account } | Trouble::Taken { account } => {
                format!("The account {account} works again. It did not from {since} to {until}.")
            }
            Trouble::EditRefused => format!("The edit of the files is in force ({until})."),
            Trouble::Unserved => format!("The bot works again. It did not from {since} to {until}."),
        }
    }
}

/// `12:30`; of another day with the day.
fn clock(moment: Timestamp, zone: &TimeZone, now: Timestamp, lang: Lang) -> String {
    let (at, today) = (moment.to_zoned(zone.clone()), now.to_zoned(zone.clone()).date());
    let time = print::time(at.time());
    if at.date() == today { time } else { format!("{}, {time}", print::date(at.date(), lang, today)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn news(trouble: Trouble, until: Option<&str>) -> TroubleNews {
        let moment = |text: &str| text.parse().unwrap();
        TroubleNews { trouble, since: moment("2026-12-01T09:30:00Z"), until: until.map(moment) }
    }

    #[test]
    fn an_owner_reads_what_is_wrong_since_when_and_when_it_was_over_by_their_clock() {
        let zone = TimeZone::get("Europe/Moscow").unwrap();
        let account = AccountId::parse("telegram").unwrap();
        let now = "2026-12-01T10:00:00Z".parse().unwrap();
        let lasts = news(Trouble::Unauthorised { account: account.clone() }, None).words(Lang::Ru, &zone, now);
        assert!(lasts.contains("telegram") && lasts.contains("с 12:30") && lasts.contains("ключ"), "{lasts}");
        let over = news(Trouble::Unreachable { account }, Some("2026-12-01T09:50:00Z")).words(Lang::En, &zone, now);
        assert!(over.contains("works again") && over.contains("from 12:30 to 12:50"), "{over}");
        let tomorrow = "2026-12-02T10:00:00Z".parse().unwrap();
        let yesterday = news(Trouble::Unserved, None).words(Lang::Ru, &zone, tomorrow);
        assert!(yesterday.replace('\u{a0}', " ").contains("с 1 декабря, 12:30"), "{yesterday}");
    }
}
