//! The registry of models: a partner's list becomes a chain, each link limited, timed and retried.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use voronka_core::{
    ids::PartnerId,
    ports::{ChatModel, Clock, Embedder, KeyValues},
    spec::{
        config::{Model, Provider, Wire},
        partner::PartnerSpec,
    },
};
use voronka_files::Secrets;
use voronka_openai::{EmbeddingConfig, OpenAi, OpenAiConfig, OpenAiEmbedder};
use voronka_resilience::{
    FallingBack, Purse, Resilient, Retrying, Slots, TimeLimits,
    http::{Clients, Reach},
};
use voronka_yandex::{YandexConfig, YandexGpt};

use super::MissingKeys;
use crate::out::Problem;

/// Calls at a time to an account of a provider that bounds calls a minute and not at a time: at two seconds a call some 7,000
/// a minute, which is what such accounts allow, and few enough connections for the usual 1,024 open files.
const CALLS: u32 = 256;
/// The same for YandexGPT, which allows ten at a time unless more was agreed.
const CALLS_YANDEX: u32 = 10;
/// Where OpenAI is.
const OPENAI: &str = "https://api.openai.com/v1";

/// Where a model is asked.
pub(super) fn address(model: &Model) -> Option<url::Url> {
    let usual = match &model.provider {
        Provider::OpenAi { .. } => OPENAI,
        Provider::Yandex { .. } => voronka_yandex::BASE_URL,
    };
    model.base_url.clone().or_else(|| usual.parse().ok())
}

/// Makes models; they share their connections, those of one account its slots, and those of one partner its purse.
#[derive(Default)]
pub(super) struct Models {
    clients: Clients,
    accounts: Mutex<HashMap<AccountKey, Weak<Slots>>>,
    /// Where it is kept what was spent; `None`: nothing is bounded, for somebody tries their own models by hand.
    spending: Option<Arc<dyn KeyValues>>,
    purses: Mutex<HashMap<PartnerId, Arc<Purse>>>,
}

/// An account of a provider: a digest of where and with what key it is asked.
type AccountKey = [u8; 32];

impl Models {
    /// Models whose partners have budgets.
    pub(super) fn spending(store: Arc<dyn KeyValues>) -> Self {
        Self { spending: Some(store), ..Self::default() }
    }

    /// The partner's models in order; `None`: there are none.
    pub(super) fn chain(
        &self,
        spec: &PartnerSpec,
        secrets: &Secrets,
        missing: MissingKeys,
        clock: &Arc<dyn Clock>,
    ) -> Result<Option<Arc<dyn ChatModel>>, Problem> {
        if spec.config.models.is_empty() {
            return Ok(None);
        }
        let purse = self.purse(spec, clock);
        let mut links = Vec::new();
        for model in &spec.config.models {
            if let Some(link) = self.link(&spec.id, model, secrets, missing, clock, purse.as_ref())? {
                links.push(link);
            }
        }
        let mut links = links.into_iter();
        let Some(first) = links.next() else { return Ok(None) };
        let rest: Vec<_> = links.collect();
        let chain: Arc<dyn ChatModel> =
            if rest.is_empty() { first } else { Arc::new(FallingBack::new(first, rest, Arc::clone(clock))) };
        Ok(Some(match purse {
            Some(purse) => Arc::new(purse.guard(chain)),
            None => chain,
        }))
    }

    /// The partner's purse, with what its file allows now.
    fn purse(&self, spec: &PartnerSpec, clock: &Arc<dyn Clock>) -> Option<Arc<Purse>> {
        let store = self.spending.as_ref()?;
        let (budget, zone) = (spec.config.budget, spec.config.zone.clone());
        let mut purses = self.purses.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(purse) = purses.get(&spec.id) {
            purse.allow(budget, zone);
            return Some(Arc::clone(purse));
        }
        let purse = Arc::new(Purse::new(spec.id.clone(), budget, zone, Arc::clone(clock), Arc::clone(store)));
        purses.insert(spec.id.clone(), Arc::clone(&purse));
        Some(purse)
    }

    fn link(
        &self,
        partner: &PartnerId,
        model: &Model,
        secrets: &Secrets,
        missing: MissingKeys,
        clock: &Arc<dyn Clock>,
        purse: Option<&Arc<Purse>>,
    ) -> Result<Option<Arc<dyn ChatModel>>, Problem> {
        let key = model.key.as_ref().and_then(|name| secrets.get(name).cloned());
        if model.key.is_some() && key.is_none() && missing == MissingKeys::LeaveOut {
            return Ok(None);
        }
        let limits = TimeLimits { total: model.timeout, ..TimeLimits::default() };
        let refused = |cause: String| {
            Problem::new("problem-account", vec![("account", model.model.clone()), ("cause", cause)])
                .hint("problem-account-hint")
        };
        let member = self.slots(model, key.as_ref()).member(partner.clone(), model.calls);
        let decorated = |bare: Arc<dyn ChatModel>| -> Arc<dyn ChatModel> {
            let clock = || Arc::clone(clock);
            let bare: Arc<dyn ChatModel> = match purse {
                Some(purse) => Arc::new(purse.charge(bare, model.price)),
                None => bare,
            };
            let careful = bare.timed(limits, clock()).retrying(clock()).limited(member, clock());
            Arc::new(careful.metered(clock()).of_partner(partner))
        };
        match &model.provider {
            Provider::OpenAi { wire, .. } => {
                let base = model
                    .base_url
                    .clone()
                    .map_or_else(|| OPENAI.parse(), Ok)
                    .map_err(|_| refused("base_url".into()))?;
                let mut config = OpenAiConfig::new(base, key, model.model.clone());
                config.wire = match wire {
                    // Chat is what everyone speaks; the adapter knows which models want the other.
                    Wire::Chat => voronka_openai::Wire::Auto,
                    Wire::Responses => voronka_openai::Wire::Responses,
                };
                self.reach(&mut config.reach, model, secrets);
                let model = OpenAi::new(config).map_err(|error| refused(error.to_string()))?;
                Ok(Some(decorated(Arc::new(model))))
            }
            Provider::Yandex { folder } => {
                let (Some(key), Some(folder)) = (key, secrets.resolve(folder)) else {
                    return match missing {
                        MissingKeys::LeaveOut => Ok(None),
                        MissingKeys::AreErrors => Err(refused("key and folder are needed".into())),
                    };
                };
                let config = YandexConfig::new(folder.expose_secret(), key, model.model.clone());
                let mut config = config.map_err(|error| refused(error.to_string()))?;
                if let Some(base) = &model.base_url {
                    config.reach.base_url = base.clone();
                }
                self.reach(&mut config.reach, model, secrets);
                let model = YandexGpt::new(config).map_err(|error| refused(error.to_string()))?;
                Ok(Some(decorated(Arc::new(model))))
            }
        }
    }

    /// The embedding model of the partner's first model that names one; `None`: words alone are searched.
    pub(super) fn embedder(
        &self,
        spec: &PartnerSpec,
        secrets: &Secrets,
        clock: &Arc<dyn Clock>,
    ) -> Result<Option<Arc<dyn Embedder>>, Problem> {
        let named = spec.config.models.iter().find_map(|model| match &model.provider {
            Provider::OpenAi { embedding: Some(name), .. } => Some((model, name.clone())),
            _ => None,
        });
        let Some((model, name)) = named else { return Ok(None) };
        let key = model.key.as_ref().and_then(|name| secrets.get(name).cloned());
        if model.key.is_some() && key.is_none() {
            return Ok(None);
        }
        let refused = |cause: String| {
            Problem::new("problem-account", vec![("account", name.clone()), ("cause", cause)])
                .hint("problem-account-hint")
        };
        let base = model.base_url.clone().map_or_else(|| OPENAI.parse(), Ok).map_err(|_| refused("base_url".into()))?;
        let mut config = EmbeddingConfig::new(base, key, name.clone());
        self.reach(&mut config.reach, model, secrets);
        let embedder = OpenAiEmbedder::new(config).map_err(|error| refused(error.to_string()))?;
        Ok(Some(Arc::new(Retrying::new(embedder, Arc::clone(clock)))))
    }

    /// The slots of the account that the model is asked with: the same for all partners, and for a partner that is read anew.
    fn slots(&self, model: &Model, key: Option<&SecretString>) -> Arc<Slots> {
        let url = address(model).map(String::from).unwrap_or_default();
        let mut digest = Sha256::new_with_prefix(url.trim_end_matches('/'));
        digest.update([0]);
        digest.update(key.map_or("", |key| key.expose_secret()));
        let account: AccountKey = digest.finalize().into();
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slots) = accounts.get(&account).and_then(Weak::upgrade) {
            return slots;
        }
        let usual = match model.provider {
            Provider::OpenAi { .. } => CALLS,
            Provider::Yandex { .. } => CALLS_YANDEX,
        };
        let slots = Slots::new(usual);
        accounts.retain(|_, slots| slots.strong_count() > 0);
        accounts.insert(account, Arc::downgrade(&slots));
        slots
    }

    fn reach(&self, reach: &mut Reach, model: &Model, secrets: &Secrets) {
        reach.clients = self.clients.clone();
        reach.timeout = model.timeout.max(Duration::from_secs(1));
        reach.proxy = model.proxy.as_ref().and_then(|proxy| secrets.resolve(proxy));
        let headers = model.headers.iter();
        reach.headers = headers.filter_map(|(name, value)| Some((name.clone(), secrets.resolve(value)?))).collect();
    }
}

#[cfg(test)]
mod tests;
