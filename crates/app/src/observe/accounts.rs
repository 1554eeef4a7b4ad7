use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use metrics::gauge;
use serde::{Deserialize, Serialize};
use voronka_core::{
    ids::{AccountId, PartnerId},
    trouble::{Part, Trouble},
};

use crate::partners::Going;

/// How it stands with the messengers' accounts, as the tasks that listen to them tell.
#[derive(Debug, Default)]
pub(crate) struct Accounts(Mutex<BTreeMap<(PartnerId, AccountId), AccountState>>);

/// How it stands with an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AccountState {
    /// The messenger was not reached yet.
    Starting,
    /// Its events come: the token is good, the webhook is ours or polling works.
    Listening,
    /// The messenger does not answer; tried again.
    Unreachable,
    /// The token is not accepted.
    Unauthorised,
    /// Somebody else receives its events.
    Taken,
}

impl AccountState {
    /// Whether events of the account come.
    pub(crate) fn is_up(self) -> bool {
        self == Self::Listening
    }
}

/// An account and how it stands with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AccountReport {
    pub(crate) partner: PartnerId,
    pub(crate) account: AccountId,
    pub(crate) state: AccountState,
}

impl AccountReport {
    /// What its owners are to know of it.
    pub(crate) fn going(self) -> (Part, Going) {
        let account = self.account.clone();
        let going = match self.state {
            AccountState::Starting => Going::Unknown,
            AccountState::Listening => Going::Well,
            AccountState::Unreachable => Going::Badly(Trouble::Unreachable { account }),
            AccountState::Unauthorised => Going::Badly(Trouble::Unauthorised { account }),
            AccountState::Taken => Going::Badly(Trouble::Taken { account }),
        };
        (Part::Account(self.account), going)
    }
}

impl Accounts {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<(PartnerId, AccountId), AccountState>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It stands so from now on.
    pub(crate) fn set(&self, partner: &PartnerId, account: &AccountId, state: AccountState) {
        let up = if state.is_up() { 1.0 } else { 0.0 };
        gauge!("voronka_account_up", "partner" => partner.to_string(), "account" => account.to_string()).set(up);
        self.lock().insert((partner.clone(), account.clone()), state);
    }

    /// A partner's accounts are not listened to any more, and nobody misses them.
    pub(crate) fn forget(&self, partner: &PartnerId) {
        self.lock().retain(|(of, account), _| {
            if of == partner {
                gauge!("voronka_account_up", "partner" => of.to_string(), "account" => account.to_string()).set(0.0);
            }
            of != partner
        });
    }

    /// Whether nothing can be sent by an account just now.
    pub(crate) fn is_mute(&self, partner: &PartnerId, account: &AccountId) -> bool {
        let state = self.lock().get(&(partner.clone(), account.clone())).copied();
        matches!(state, Some(AccountState::Unreachable | AccountState::Unauthorised))
    }

    /// All of them, by partner.
    pub(crate) fn report(&self) -> Vec<AccountReport> {
        let report = |((partner, account), state): (&(PartnerId, AccountId), &AccountState)| AccountReport {
            partner: partner.clone(),
            account: account.clone(),
            state: *state,
        };
        self.lock().iter().map(report).collect()
    }
}
