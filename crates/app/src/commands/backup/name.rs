//! What backups are called: `voronka-20261121T180000Z.tar.gz`, `voronka-own-server-2-20261121T180000Z.tar.gz` of what a process has
//! for itself, and `.sealed` behind it where a passphrase opens it.

use std::fmt;

use jiff::{
    Timestamp,
    fmt::strtime,
    tz::{Offset, TimeZone},
};

const BEFORE: &str = "voronka-";
const OWN: &str = "own-";
const BEHIND: &str = ".tar.gz";
const SEALED: &str = ".sealed";
const MOMENT: &str = "%Y%m%dT%H%M%S";

/// The name of a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BackupName {
    /// When it was made, by the second.
    pub(super) at: Timestamp,
    pub(super) sealed: bool,
    /// The process whose own alone it is.
    pub(super) own: Option<String>,
}

impl BackupName {
    /// What a process is called in names: letters, digits and dashes.
    pub(super) fn fit(process: &str) -> String {
        process.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect()
    }

    /// `None` for whatever [`BackupName`] does not write itself.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let (rest, sealed) = match name.strip_suffix(SEALED) {
            Some(rest) => (rest, true),
            None => (name, false),
        };
        let rest = rest.strip_prefix(BEFORE)?.strip_suffix(BEHIND)?.strip_suffix('Z')?;
        let (own, moment) = match rest.strip_prefix(OWN) {
            Some(own) => own.rsplit_once('-').map(|(own, moment)| (Some(own.to_owned()), moment))?,
            None => (None, rest),
        };
        let time = strtime::parse(MOMENT, moment).ok()?.to_datetime().ok()?;
        let at = Offset::UTC.to_timestamp(time).ok()?;
        let parsed = Self { at, sealed, own };
        (parsed.to_string() == name).then_some(parsed)
    }
}

impl fmt::Display for BackupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(BEFORE)?;
        if let Some(own) = &self.own {
            write!(f, "{OWN}{}-", Self::fit(own))?;
        }
        let time = self.at.to_zoned(TimeZone::UTC);
        write!(f, "{}Z{BEHIND}{}", time.strftime(MOMENT), if self.sealed { SEALED } else { "" })
    }
}
