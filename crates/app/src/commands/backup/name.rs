//! What backups are called: `voronka-20261121T180000Z.tar.gz`, and `.sealed` behind it where a passphrase opens it.

use std::fmt;

use jiff::{
    Timestamp,
    fmt::strtime,
    tz::{Offset, TimeZone},
};

const BEFORE: &str = "voronka-";
const BEHIND: &str = ".tar.gz";
const SEALED: &str = ".sealed";
const MOMENT: &str = "%Y%m%dT%H%M%S";

/// The name of a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BackupName {
    /// When it was made, by the second.
    pub(super) at: Timestamp,
    pub(super) sealed: bool,
}

impl BackupName {
    /// `None` for whatever [`BackupName`] does not write itself.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let (rest, sealed) = match name.strip_suffix(SEALED) {
            Some(rest) => (rest, true),
            None => (name, false),
        };
        let moment = rest.strip_prefix(BEFORE)?.strip_suffix(BEHIND)?.strip_suffix('Z')?;
        let time = strtime::parse(MOMENT, moment).ok()?.to_datetime().ok()?;
        let at = Offset::UTC.to_timestamp(time).ok()?;
        let parsed = Self { at, sealed };
        (parsed.to_string() == name).then_some(parsed)
    }
}

impl fmt::Display for BackupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.at.to_zoned(TimeZone::UTC);
        write!(f, "{BEFORE}{}Z{BEHIND}{}", time.strftime(MOMENT), if self.sealed { SEALED } else { "" })
    }
}
