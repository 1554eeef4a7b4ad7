//! What is known of a customer over all their conversations, and of the same person elsewhere.

use std::collections::BTreeMap;

use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

use super::{Unreadable, is_default, read};
use crate::{
    contact::{Email, Phone},
    fact::ConsentKind,
    ids::CustomerId,
    lead::FactLog,
    message::Identity,
    rows::IdentityRow,
    spec::value::Value,
};

/// What a customer is known by, over all their conversations.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Customer {
    /// Their id.
    pub id: Option<CustomerId>,
    /// The version of their row; 0: there is none yet.
    pub version: i64,
    /// Their name: given, else the messenger's.
    pub name: Option<String>,
    /// Phone, only with consent.
    pub phone: Option<Phone>,
    /// E-mail, only with consent.
    pub email: Option<Email>,
    /// The rest.
    pub more: CustomerData,
}

/// What is kept of a customer besides contacts.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CustomerData {
    /// Tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Values kept by `keep`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub kept: BTreeMap<String, Value>,
    /// The last value of every slot of every flow.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub answers: BTreeMap<String, Value>,
    /// What was agreed to: kind to the hash of the text.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub consents: BTreeMap<ConsentKind, String>,
    /// Whether they have ever asked not to be written to first. Whether that still holds, [`CustomerData::wish`] tells.
    pub opted_out: bool,
    /// When they did last; `None`: before this was noted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opted_out_at: Option<Timestamp>,
    /// When they last agreed to be written to, in answer to a question that asks it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opted_in_at: Option<Timestamp>,
    /// Whether a messenger has told that the phone is theirs: they have shared their own contact.
    #[serde(skip_serializing_if = "is_default")]
    pub vouched: bool,
    /// Who is somebody else, whatever contacts say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_same: Vec<CustomerId>,
    /// Name of the time zone of their device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// Name of the time zone that they told a flow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub told_zone: Option<String>,
    /// Variants drawn.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub variants: BTreeMap<String, String>,
    /// What the person's other conversations go by, while there are any.
    #[serde(skip_serializing_if = "is_default")]
    pub for_kin: ForKin,
}

/// What of a conversation the same person's others go by when they write first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ForKin {
    /// Whether a person of the team has the conversation, or one is waited for.
    #[serde(skip_serializing_if = "is_default")]
    pub with_person: bool,
    /// When we last wrote first; a week is remembered.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unasked: Vec<Timestamp>,
    /// What has happened that lasts.
    #[serde(skip_serializing_if = "is_default")]
    pub facts: FactLog,
    /// The sequences of which something was said, and when they last entered them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub sequences: BTreeMap<String, Timestamp>,
}

/// The same person in another conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kin {
    /// Who and where.
    pub of: Identity,
    /// What they have said there of being written to first.
    pub wish: Wish,
    /// [`CustomerData::clock`].
    pub clock: Option<TimeZone>,
    /// [`CustomerData::not_same`].
    pub not_same: Vec<CustomerId>,
    /// What was done there that concerns the person.
    pub did: ForKin,
    /// The version of the row in which all of that was read.
    pub version: i64,
}

impl Kin {
    /// From a row. Of one that this version cannot read it is taken that they want nothing: here everything else goes on.
    pub(super) fn read(row: &IdentityRow) -> Self {
        let data = CustomerData::of(row);
        let wish = data.as_ref().map_or(Wish::NOTHING, CustomerData::wish);
        let clock = data.as_ref().ok().and_then(CustomerData::clock);
        let CustomerData { not_same, for_kin: did, .. } = data.unwrap_or_default();
        Self { of: Identity::of(row), wish, clock, not_same, did, version: row.version }
    }
}

/// What a person has said of our writing to them first, on one account or on several.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wish {
    /// When they last asked for nothing.
    no: Option<Timestamp>,
    /// When they last agreed.
    yes: Option<Timestamp>,
}

impl Wish {
    /// They want nothing, whatever else is known.
    const NOTHING: Self = Self { no: Some(Timestamp::MAX), yes: None };

    /// With what they have said elsewhere.
    pub(in crate::turn) fn and(self, elsewhere: Self) -> Self {
        Self { no: self.no.max(elsewhere.no), yes: self.yes.max(elsewhere.yes) }
    }

    /// Whether what was agreed to here has not been taken back since by the person, wherever.
    pub(in crate::turn) fn outlives(self, of_person: Self) -> bool {
        !Self { yes: self.yes, ..of_person }.is_nothing()
    }

    /// Whether they want nothing of which we are the first to speak: the latest word counts.
    pub fn is_nothing(self) -> bool {
        self.no.is_some_and(|no| self.yes.is_none_or(|yes| yes < no))
    }
}

impl CustomerData {
    /// What they have said here of being written to first. A "no" of which nobody noted when is older than any "yes".
    pub fn wish(&self) -> Wish {
        let no = self.opted_out.then(|| self.opted_out_at.unwrap_or(Timestamp::MIN));
        Wish { no, yes: self.opted_in_at }
    }

    /// They ask for nothing of which we are the first to speak: what they agreed to of that is taken back.
    pub(in crate::turn) fn opt_out(&mut self, now: Timestamp) {
        self.opted_out = true;
        (self.opted_out_at, self.opted_in_at) = (Some(now), None);
        self.consents.remove(&ConsentKind::Ads);
    }

    /// The clock that they live by, where it is known: what they say themselves goes before what their device is set to.
    pub fn clock(&self) -> Option<TimeZone> {
        [&self.told_zone, &self.zone].into_iter().flatten().find_map(|name| TimeZone::get(name).ok())
    }

    /// Of a customer as others see them.
    ///
    /// # Errors
    /// When this version cannot read it.
    pub fn of(row: &IdentityRow) -> Result<Self, Unreadable> {
        read("customer", &row.data)
    }
}
