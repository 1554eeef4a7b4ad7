//! Each partner: its files, its accounts, its models.

use std::{path::Path, time::Duration};

use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;
use voronka_core::{
    ports::{ChatMessage, ModelError, Prompt},
    spec::{
        config::{Account, ChannelConfig, TelegramConfig, Updates},
        diagnostic::{Code, Diagnostic, Level},
        partner::PartnerSpec,
    },
};
use voronka_files::{FolderError, LoadedPartner, Secrets};
use voronka_telegram::{CallError, WebhookInfo};

use super::{Visit, finding::Finding, reach};
use crate::{
    arrivals::{self, NeverReached},
    commands::{demo, kept_of},
    out,
    partners::among,
    store::Kept,
    texts::Texts,
    wiring::{self, InstanceKey},
};

/// An error of a webhook that is older than this is over.
const RECENT: SignedDuration = SignedDuration::from_hours(1);
/// Updates that may wait at the messenger's.
const PENDING_MAX: u64 = 100;
/// How long a messenger or a model may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) async fn look(visit: &Visit) -> Vec<Finding> {
    if demo::made(&visit.data) {
        // Its one partner comes with the binary, which is tested with it.
        return vec![Finding::well("demo").with("path", visit.data.display())];
    }
    let folders = among(&visit.partners).unwrap_or_default();
    if folders.is_empty() {
        return vec![Finding::warning("partners-none").with("path", visit.partners.display())];
    }
    let mut findings = Vec::new();
    for folder in folders {
        findings.extend(partner(visit, &folder).await);
    }
    findings
}

async fn partner(visit: &Visit, folder: &Path) -> Vec<Finding> {
    let mut findings = Vec::new();
    let kept = kept_of(folder, &visit.data, visit.database.as_ref(), &visit.keys).await.unwrap_or_else(|problem| {
        let cause = out::told(&problem, &Texts::of_locale());
        findings.push(Finding::error("secrets-sealed").with("path", folder.display()).with("cause", cause));
        Secrets::default()
    });
    let loaded = match voronka_files::load_with(folder, &kept) {
        Ok(loaded) => loaded,
        Err(error) => {
            let finding = Finding::error("partner-unreadable").with("path", folder.display()).with("cause", error);
            return vec![finding];
        }
    };
    if !loaded.doubled.is_empty() {
        let doubled = Finding::warning("secrets-doubled").with("partner", &loaded.id);
        findings.push(doubled.with("names", loaded.doubled.join(", ")));
    }
    let count = |level| loaded.diagnostics.iter().filter(|found| found.code.level() == level).count();
    let keys = loaded.diagnostics.iter().filter(|found| found.code == Code::C601).count();
    let about = |finding: Finding| {
        let finding = finding.with("partner", &loaded.id).with("path", folder.display());
        let errors = count(Level::Error) - keys.min(count(Level::Error));
        finding.with("errors", errors).with("warnings", count(Level::Warning))
    };
    if !loaded.refused.is_empty() {
        findings.extend(kept_out(&loaded, folder));
        return findings;
    }
    // A key that is missing is no mistake in the files: all else is looked at.
    let missing: Vec<&Diagnostic> = loaded.diagnostics.iter().filter(|found| found.code == Code::C601).collect();
    let read = (!missing.is_empty()).then(|| PartnerSpec::parse(loaded.id.clone(), &loaded.files).spec).flatten();
    let Some(spec) = loaded.spec.as_ref().or(read.as_ref()) else {
        findings.push(about(Finding::error("config-broken")));
        return findings;
    };
    if count(Level::Error) > missing.len() {
        findings.push(about(Finding::error("config-broken")));
        return findings;
    }
    findings.extend(secrets_missing(spec, &missing));
    findings.push(about(if count(Level::Warning) > 0 {
        Finding::warning("config-warnings")
    } else {
        Finding::well("config")
    }));
    if visit.mail.is_none() && wiring::wants_mail(&spec.config) {
        findings.push(Finding::warning("mail-missing").with("partner", &spec.id));
    }
    findings.extend(never_reached(visit, spec).await);
    for one in &spec.config.accounts {
        match &one.channel {
            ChannelConfig::Telegram(config) => {
                findings.extend(telegram(visit, spec, one, config, &loaded.secrets).await);
            }
            ChannelConfig::Web(_) => {}
            ChannelConfig::Other(other) => {
                let finding = Finding::warning("channel-unknown").with("partner", &spec.id).with("account", &one.id);
                findings.push(finding.with("kind", other.kind));
            }
        }
    }
    findings.extend(models(visit, spec, &loaded.secrets).await);
    findings
}

/// Places in which nobody of the team has ever been told, though it was tried. A store that cannot be read is told of elsewhere.
async fn never_reached(visit: &Visit, spec: &PartnerSpec) -> Vec<Finding> {
    let Ok(kept) = Kept::of(&visit.data, visit.database.as_ref()).await else { return Vec::new() };
    let found = arrivals::never_reached(&kept, &spec.id, &spec.config).await;
    let told = |NeverReached { member, by, address, at, why }: NeverReached| {
        let finding = Finding::warning("notices-never-arrive").with("partner", &spec.id).with("member", member);
        finding.with("by", by).with("address", address).with("at", format!("{at:.0}")).with("cause", why)
    };
    found.unwrap_or_default().into_iter().map(told).collect()
}

/// What keeps a folder from being read whole.
fn kept_out(loaded: &LoadedPartner, folder: &Path) -> Vec<Finding> {
    let told = |error: &FolderError| match error {
        FolderError::Env(cause) => Finding::error("env-broken").with("partner", &loaded.id).with("cause", cause),
        other => Finding::error("partner-unreadable").with("path", folder.display()).with("cause", other),
    };
    loaded.refused.iter().map(told).collect()
}

/// Keys that `.env` does not have, but for those of accounts, which are told with their account.
fn secrets_missing(spec: &PartnerSpec, missing: &[&Diagnostic]) -> Vec<Finding> {
    let token = |name: &str| {
        spec.config.accounts.iter().any(|account| match &account.channel {
            ChannelConfig::Telegram(config) => *config.token.0 == *name,
            ChannelConfig::Web(_) | ChannelConfig::Other(_) => false,
        })
    };
    let mut names: Vec<&str> = missing
        .iter()
        .flat_map(|found| &found.args)
        .map(|(_, name)| name.as_str())
        .filter(|name| !token(name))
        .collect();
    names.sort_unstable();
    names.dedup();
    let told = |name: &str| Finding::error("secret-missing").with("partner", &spec.id).with("name", name);
    names.into_iter().map(told).collect()
}

async fn telegram(
    visit: &Visit,
    spec: &PartnerSpec,
    account: &Account,
    config: &TelegramConfig,
    secrets: &Secrets,
) -> Vec<Finding> {
    let about = |finding: Finding| finding.with("partner", &spec.id).with("account", &account.id);
    let Ok(Some(bot)) = wiring::bot(spec, account, config, secrets, |_| {}) else {
        return vec![about(Finding::error("token-missing")).with("name", &config.token.0)];
    };
    let mut findings = Vec::new();
    let proxy = account.proxy.as_ref().and_then(|proxy| secrets.resolve(proxy));
    findings.extend(reach::clock(visit, account.api.as_ref(), proxy.as_ref()).await);
    let asked = async {
        let me = bot.get_me().await?;
        Ok::<_, CallError>((me, bot.webhook_info().await?))
    };
    let (me, info) = match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok(answered)) => answered,
        Ok(Err(CallError::Answered { code: 401 | 404, .. })) => {
            findings.push(about(Finding::error("token-wrong")).with("name", &config.token.0));
            return findings;
        }
        Ok(Err(error)) => {
            findings.push(about(Finding::error("api-unreachable")).with("cause", error));
            return findings;
        }
        Err(_) => {
            findings.push(about(Finding::error("api-unreachable")).with("cause", "10 s"));
            return findings;
        }
    };
    let ours = InstanceKey::existing(&visit.data).map(|key| key.hook(&spec.id, &account.id));
    let end = ours.as_ref().map(|end| format!("/hook/{}", end.expose_secret()));
    let found = webhook(&info, config.updates, end.as_deref(), visit.running.is_some(), visit.clock.now());
    findings.extend(found.into_iter().map(about));
    if findings.is_empty() {
        findings.push(about(Finding::well("account")).with("bot", me.username.unwrap_or_default()));
    }
    findings
}

/// What the messenger knows of a webhook. `end`: how the path of ours ends, if this installation has ever run.
fn webhook(info: &WebhookInfo, updates: Updates, end: Option<&str>, runs: bool, now: Timestamp) -> Vec<Finding> {
    // The path is a secret: the host says who it is.
    let host = || {
        let url = info.url.parse::<url::Url>().ok();
        url.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_else(|| "?".to_owned())
    };
    let is_ours = end.is_some_and(|end| info.url.ends_with(end));
    let mut findings = Vec::new();
    match updates {
        Updates::Polling if !info.url.is_empty() => {
            findings.push(Finding::error("webhook-in-the-way").with("host", host()));
        }
        Updates::Webhook if info.url.is_empty() && runs => findings.push(Finding::error("webhook-missing")),
        Updates::Webhook if !info.url.is_empty() && !is_ours => {
            findings.push(Finding::error("webhook-stolen").with("host", host()));
        }
        Updates::Polling | Updates::Webhook => {}
    }
    let failed = info.last_error_date.and_then(|at| Timestamp::from_second(at).ok());
    if let Some(at) = failed.filter(|at| is_ours && now.duration_since(*at) < RECENT) {
        let cause = info.last_error_message.as_deref().unwrap_or("?");
        findings.push(Finding::warning("webhook-fails").with("at", format!("{at:.0}")).with("cause", cause));
    }
    if info.pending_update_count > PENDING_MAX {
        findings.push(Finding::warning("webhook-pending").with("count", info.pending_update_count));
    }
    findings
}

async fn models(visit: &Visit, spec: &PartnerSpec, secrets: &Secrets) -> Vec<Finding> {
    let mut findings = Vec::new();
    for model in &spec.config.models {
        let about = |finding: Finding| finding.with("partner", &spec.id).with("model", &model.model);
        let Some(address) = wiring::model_address(model) else { continue };
        let proxy = model.proxy.as_ref().and_then(|proxy| secrets.resolve(proxy));
        if let Err(cause) = reach::answers(&address, proxy.as_ref()).await {
            let host = address.host_str().unwrap_or("?");
            findings.push(about(Finding::error("model-unreachable")).with("host", host).with("cause", cause));
        } else if !visit.ask_models {
            findings.push(about(Finding::well("model-reached")));
        }
    }
    if visit.ask_models
        && let Ok(Some(chain)) = wiring::model_alone(spec, secrets, &visit.clock)
    {
        let about = |finding: Finding| finding.with("partner", &spec.id).with("model", chain.name());
        let prompt = Prompt {
            system: "Answer with the word: yes".into(),
            messages: vec![ChatMessage::User { text: "?".into() }],
            tools: [].into(),
            max_tokens: 16,
            temperature: 0.0,
            cache_key: "doctor".into(),
        };
        findings.push(match chain.complete(&prompt, &mut |_| {}).await {
            Ok(_) => about(Finding::well("model-answers")),
            Err(ModelError::Unauthorised) => about(Finding::error("model-key")),
            Err(error) => about(Finding::error("model-fails")).with("cause", error),
        });
    }
    findings
}

#[cfg(test)]
mod tests {
    use voronka_engine::SystemClock;

    use super::*;
    use crate::observe::DiskMin;

    /// What is found of a partner with these files.
    async fn codes(files: &[(&str, &str)]) -> Vec<(&'static str, String)> {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("k");
        for (path, text) in files {
            let path = folder.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let visit = Visit {
            partners: root.path().to_path_buf(),
            data: root.path().join("data"),
            database: None,
            public_url: None,
            disk_min: DiskMin::mebibytes(1),
            mail: None,
            ask_models: false,
            keys: crate::secrets::KeySource::None,
            clock: std::sync::Arc::new(SystemClock),
            running: None,
        };
        let texts = crate::texts::Texts::english();
        let found = partner(&visit, &folder).await;
        found.iter().map(|finding| (finding.code, finding.told(&texts))).collect()
    }

    #[tokio::test]
    async fn a_key_that_is_missing_is_told_apart_from_files_with_mistakes() {
        let config = ("config.yaml", "name: К\naccounts: {telegram: {}, web: {}}\n");
        let found = codes(&[config]).await;
        assert_eq!(found.iter().map(|(code, _)| *code).collect::<Vec<_>>(), ["config", "token-missing"]);
        assert!(found[1].1.contains("k/telegram") && found[1].1.contains("TELEGRAM_TOKEN"), "{found:?}");
        let proxied = ("config.yaml", "name: К\naccounts: {web: {proxy: $PROXY}}\n");
        let found = codes(&[proxied]).await;
        assert_eq!(found.iter().map(|(code, _)| *code).collect::<Vec<_>>(), ["secret-missing", "config"]);
        assert!(found[0].1.contains("PROXY"), "{found:?}");
        let broken = codes(&[config, ("flows/a.yaml", "steps:\n  - goto: нигде\n")]).await;
        assert_eq!(broken.iter().map(|(code, _)| *code).collect::<Vec<_>>(), ["config-broken"]);
        let env = codes(&[config, (".env", "нет знака")]).await;
        assert_eq!(env.iter().map(|(code, _)| *code).collect::<Vec<_>>(), ["env-broken"]);
    }

    #[test]
    fn a_webhook_is_judged_by_whose_it_is() {
        let now: Timestamp = "2026-12-01T09:00:00Z".parse().unwrap();
        let info = |url: &str| WebhookInfo {
            url: url.to_owned(),
            pending_update_count: 0,
            last_error_date: None,
            last_error_message: None,
            allowed_updates: vec![],
        };
        let codes = |info: &WebhookInfo, updates, runs| -> Vec<&str> {
            webhook(info, updates, Some("/hook/abc"), runs, now).iter().map(|finding| finding.code).collect()
        };
        let nothing: [&str; 0] = [];
        let ours = info("https://shop.example/hook/abc");
        assert_eq!(codes(&ours, Updates::Webhook, true), nothing);
        assert_eq!(codes(&info("https://evil.example/hook/x"), Updates::Webhook, true), ["webhook-stolen"]);
        assert_eq!(codes(&info(""), Updates::Webhook, true), ["webhook-missing"]);
        assert_eq!(codes(&info(""), Updates::Webhook, false), nothing);
        assert_eq!(codes(&info(""), Updates::Polling, true), nothing);
        assert_eq!(codes(&ours, Updates::Polling, true), ["webhook-in-the-way"]);
        let mut failing = ours;
        failing.pending_update_count = 500;
        failing.last_error_date = Some(now.as_second() - 60);
        failing.last_error_message = Some("Wrong response from the webhook: 503".into());
        assert_eq!(codes(&failing, Updates::Webhook, true), ["webhook-fails", "webhook-pending"]);
        failing.last_error_date = Some(now.as_second() - 7_200);
        assert_eq!(codes(&failing, Updates::Webhook, true), ["webhook-pending"]);
    }
}
