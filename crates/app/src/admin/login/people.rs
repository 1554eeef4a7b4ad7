use std::{collections::BTreeMap, str::FromStr, sync::Arc};

use voronka_core::{
    ids::PartnerId,
    spec::config::{self, Right},
};
use voronka_sqlite::User;

use super::{super::home::Site, rules::Need};

/// Shortest and longest name to sign in with.
const NAME_MIN: usize = 2;
const NAME_MAX: usize = 64;

/// What somebody is to a partner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// The partner: everything of their own.
    Owner,
    /// Who answers customers and sees to orders.
    Staff,
}

impl Role {
    pub(crate) const ALL: [Self; 2] = [Self::Owner, Self::Staff];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Staff => "staff",
        }
    }

    /// What it is called in the partner's file.
    fn of_team(self) -> config::Role {
        match self {
            Self::Owner => config::Role::Owner,
            Self::Staff => config::Role::Operator,
        }
    }

    /// Whether it suffices.
    pub(super) fn allows(self, need: Need) -> bool {
        let right = match need {
            Need::Open | Need::SignedIn | Need::OwnKeys => return true,
            Need::House => return false,
            Need::Read | Need::Answer => Right::Customers,
            Need::Sell => Right::Orders,
            Need::Figures => Right::Figures,
            Need::Broadcast => Right::Broadcasts,
            Need::Mend | Need::Settings => Right::Settings,
            Need::Export => Right::Export,
        };
        self.of_team().may(right)
    }
}

impl FromStr for Role {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|role| role.name() == text).ok_or("owner, staff")
    }
}

/// Who has signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Signed {
    pub(super) id: i64,
    pub(super) name: Arc<str>,
    pub(super) session: [u8; 32],
    pub(super) rights: Rights,
}

/// What is theirs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Rights {
    /// Everything.
    Operator,
    /// These partners; a role that this version does not know gives nothing.
    Of(BTreeMap<PartnerId, Role>),
}

impl Rights {
    pub(super) fn of(user: &User) -> Self {
        if user.operator {
            return Self::Operator;
        }
        let grants = user.grants.iter().filter_map(|grant| Some((grant.partner.clone(), grant.role.parse().ok()?)));
        Self::Of(grants.collect())
    }

    /// What of them holds at an address: at a partner's own, the right to that partner. An operator comes by the common one.
    pub(super) fn at(self, site: &Site) -> Option<Self> {
        match (site.partner(), self) {
            (None, rights) => Some(rights),
            (Some(_), Self::Operator) => None,
            (Some(own), Self::Of(mut grants)) => {
                grants.retain(|partner, _| partner == own);
                (!grants.is_empty()).then_some(Self::Of(grants))
            }
        }
    }

    /// The role with a partner; `None`: its pages are not there for them.
    pub(super) fn with(&self, partner: &PartnerId) -> Option<Role> {
        match self {
            Self::Operator => Some(Role::Owner),
            Self::Of(grants) => grants.get(partner).copied(),
        }
    }
}

/// Who reads a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum Who {
    /// Whoever sits at this computer: the demo.
    Anybody,
    /// Nobody has signed in.
    Nobody,
    /// Somebody has.
    Signed(Arc<Signed>),
}

impl Who {
    /// Whether a partner's pages are there for them.
    pub(in super::super) fn sees(&self, partner: &PartnerId) -> bool {
        match self {
            Self::Anybody => true,
            Self::Nobody => false,
            Self::Signed(signed) => signed.rights.with(partner).is_some(),
        }
    }

    /// Whether a route that needs this of a partner is there for them.
    pub(in super::super) fn may(&self, partner: &PartnerId, need: Need) -> bool {
        match self {
            Self::Anybody => true,
            Self::Nobody => false,
            Self::Signed(signed) => signed.rights.with(partner).is_some_and(|role| role.allows(need)),
        }
    }

    /// Whether they run the house.
    pub(in super::super) fn runs_house(&self) -> bool {
        match self {
            Self::Anybody => true,
            Self::Nobody => false,
            Self::Signed(signed) => signed.rights == Rights::Operator,
        }
    }

    pub(super) fn signed(&self) -> Option<&Arc<Signed>> {
        match self {
            Self::Signed(signed) => Some(signed),
            Self::Anybody | Self::Nobody => None,
        }
    }

    /// Where one's own page is, if one has any.
    pub(in super::super) fn account(&self) -> Option<&'static str> {
        self.signed().map(|_| "/admin/.account")
    }
}

/// A name that cannot be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("2–64: a-z 0-9 . _ - @")]
pub(crate) struct BadName;

/// A name to sign in with, as it is kept: whoever types it with capitals means the same.
pub(crate) fn user_name(text: &str) -> Result<String, BadName> {
    let name = text.trim().to_lowercase();
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-@".contains(&b);
    if (NAME_MIN..=NAME_MAX).contains(&name.len()) && name.bytes().all(plain) { Ok(name) } else { Err(BadName) }
}
