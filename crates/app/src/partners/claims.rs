//! What one partner alone may have: tokens of messengers, host names.

use std::sync::PoisonError;

use voronka_core::ids::PartnerId;
use voronka_files::LoadedPartner;

use super::Partners;
use crate::{
    out::Problem,
    wiring::{Claim, Wired},
};

impl Partners {
    /// Notes what this partner alone may have, beside what it has already.
    ///
    /// # Errors
    /// When something of it is another's, or named twice.
    pub(super) async fn claim(&self, id: &PartnerId, wired: &Wired) -> Result<(), Problem> {
        for domain in wired.domains() {
            if let Some(owner) = self.owner_beside(id, domain).await {
                return Err(refused(id, &Claim::Domain(domain.to_owned()), &owner));
            }
        }
        let wanted = &wired.claims;
        let mut claims = self.claims.lock().unwrap_or_else(PoisonError::into_inner);
        let others =
            wanted.iter().filter_map(|claim| Some((claim, claims.get(claim)?))).find(|(_, other)| *other != id);
        let twice = wanted.iter().enumerate().find(|(at, claim)| wanted[..*at].contains(claim));
        if let Some((claim, other)) = others.or(twice.map(|(_, claim)| (claim, id))) {
            return Err(refused(id, claim, other));
        }
        claims.extend(wanted.iter().map(|claim| (claim.clone(), id.clone())));
        Ok(())
    }

    /// Of what this partner has noted only this is needed any more.
    pub(super) fn keep_claims(&self, id: &PartnerId, kept: &[Claim]) {
        let mut claims = self.claims.lock().unwrap_or_else(PoisonError::into_inner);
        claims.retain(|claim, of| of != id || kept.contains(claim));
    }

    /// Of the host names that the files of a stopped partner have, those that are not another's are its own.
    pub(super) async fn keep_domains(&self, id: &PartnerId, named: impl Iterator<Item = &str>) {
        let mut own = Vec::new();
        for domain in named {
            if self.owner_beside(id, domain).await.is_none() {
                own.push(domain);
            }
        }
        self.domains.note(id, own);
    }

    /// Whose a host name is, if it is another partner's: who had it first keeps it, stopped or broken, as long as its folder is
    /// there and does not give it up.
    async fn owner_beside(&self, id: &PartnerId, domain: &str) -> Option<PartnerId> {
        let owner = self.domains.owner(domain).filter(|owner| owner != id)?;
        let folder = self.folder_of(&owner).filter(|folder| folder.path().is_dir())?;
        let kept = self.house.vault.secrets(&owner).await.unwrap_or_default();
        let _place = self.reading.acquire().await;
        let loaded = tokio::task::spawn_blocking(move || folder.load_with(&kept)).await;
        let Ok(Ok(LoadedPartner { spec: Some(spec), .. })) = loaded else { return Some(owner) };
        spec.config.branding.domains().any(|own| own == domain).then_some(owner)
    }
}

fn refused(id: &PartnerId, claim: &Claim, other: &PartnerId) -> Problem {
    let args = vec![("partner", id.to_string()), ("other", other.to_string())];
    match claim {
        Claim::Token(_) => Problem::new("problem-token-twice", args).hint("problem-token-twice-hint"),
        Claim::Domain(_) => Problem::new("problem-domain-twice", args).hint("problem-domain-twice-hint"),
    }
}
