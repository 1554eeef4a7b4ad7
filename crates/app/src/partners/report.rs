//! How it stands with the partners, for those who ask.

use std::{collections::BTreeMap, sync::PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use voronka_core::{
    ids::PartnerId,
    spec::{adjust::Override, config::Pause},
};

use super::{Life, Partners, Resident};
use crate::{arrivals::NeverReached, observe::AccountReport, standings::Whose};

/// How it stands with one of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PartnerReport {
    pub(crate) partner: PartnerId,
    pub(crate) state: PartnerState,
    /// Which process serves it, where several share the partners.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) by: Option<String>,
    /// Since when it is served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<Timestamp>,
    /// Since when the bot answers nobody, and who of its team wants it so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) paused: Option<Pause>,
    /// What its team has set otherwise than the files have it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) overrides: Vec<Override>,
    /// What keeps it from being served, or its last edit from being served by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) why: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) accounts: Vec<AccountReport>,
    /// Places in which its team has never been told, though it was tried; whoever reports reads them of the store.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) never_reached: Vec<NeverReached>,
}

/// In a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PartnerState {
    Serving,
    /// Another process serves it, or none yet.
    Elsewhere,
    Stopped,
    /// It is gone for good; the folder here is left over.
    Removed,
    Broken,
    /// It is being started or stopped just now.
    Changing,
    /// No house runs that would serve it.
    Off,
}

impl Partners {
    /// How it stands with all of them.
    pub(crate) fn report(&self) -> Vec<PartnerReport> {
        let mut accounts: BTreeMap<PartnerId, Vec<AccountReport>> = BTreeMap::new();
        for account in self.house.accounts.report() {
            accounts.entry(account.partner.clone()).or_default().push(account);
        }
        let residents = self.residents().into_iter();
        residents.map(|(id, resident)| self.told_of(&resident, accounts.remove(&id).unwrap_or_default())).collect()
    }

    /// Whose pages are shown here, each with its clock.
    pub(crate) fn whose(&self) -> Vec<Whose> {
        Whose::all(&self.cards)
    }

    /// How it stands with one of them, if it is known here.
    pub(crate) fn report_of(&self, id: &PartnerId) -> Option<PartnerReport> {
        let resident = self.all.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()?;
        let mut accounts = self.house.accounts.report();
        accounts.retain(|account| account.partner == *id);
        Some(self.told_of(&resident, accounts))
    }

    fn told_of(&self, resident: &Resident, accounts: Vec<AccountReport>) -> PartnerReport {
        let (mut since, mut paused, mut why, mut overrides) = (None, None, None, Vec::new());
        let state = match resident.life.try_lock().as_deref() {
            Err(_) => PartnerState::Changing,
            Ok(Life::New | Life::Stopped) => PartnerState::Stopped,
            Ok(Life::Broken(broken)) => {
                why = Some(broken.why.clone());
                PartnerState::Broken
            }
            Ok(Life::Removed) => PartnerState::Removed,
            Ok(Life::Ready(_)) => PartnerState::Elsewhere,
            Ok(Life::Serving(serving)) => {
                (since, why) = (Some(serving.since), serving.refused_edit.clone());
                paused = serving.watched.filed().pause().cloned();
                overrides = serving.watched.filed().overrides();
                PartnerState::Serving
            }
        };
        let partner = resident.id.clone();
        let by = self.sharing.share().borrow().holders.get(&partner).map(|holder| holder.name.clone());
        PartnerReport { partner, state, by, since, paused, overrides, why, accounts, never_reached: Vec::new() }
    }
}
