//! `voronka doctor`: what is wrong with a house, running or not, in plain words; why it matters and what to do. Nothing is
//! changed: files are read, messengers are asked what they know.

mod certificate;
mod finding;
mod house;
mod partners;
mod reach;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use secrecy::SecretString;
use serde_json::json;
use voronka_core::ports::Clock;

use self::finding::Level;
use voronka_email::MailServer;
use voronka_engine::SystemClock;

use super::mail_server;
use crate::{
    cli::Doctor,
    observe::{Client, DiskMin, Status},
    out::{self, Problem},
    secrets::KeySource,
    texts::Texts,
};

/// Ends with 0: all is well, 1: warnings, 2: errors.
pub(crate) async fn run(wish: &Doctor, keys: &KeySource, texts: &Texts) -> Result<ExitCode, Problem> {
    if wish.probe {
        return Ok(probe(&wish.data).await);
    }
    let visit = Visit {
        partners: wish.partners.clone(),
        data: wish.data.clone(),
        database: wish.database.clone(),
        public_url: wish.public_url.clone(),
        disk_min: DiskMin::mebibytes(wish.disk_min),
        mail: wish.mail.server()?.map(mail_server).transpose()?,
        ask_models: wish.ask_models,
        keys: keys.clone(),
        clock: Arc::new(SystemClock),
        running: Client::of(&wish.data).await,
    };
    let mut findings = house::look(&visit).await;
    findings.extend(partners::look(&visit).await);
    findings.extend(reach::look(&visit).await);
    // The worst is read first.
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    for finding in &findings {
        if wish.json {
            out::line(&finding.json(texts));
        } else {
            out::line(&finding.told(texts));
        }
    }
    let worst = findings.iter().map(|finding| finding.level).max().unwrap_or(Level::Well);
    if !wish.json {
        out::line(&finding::summary(&findings, texts));
    }
    Ok(ExitCode::from(match worst {
        Level::Well => 0,
        Level::Warning => 1,
        Level::Error => 2,
    }))
}

/// Asks the running house whether it can do its work, and nobody else: for the health check of a container. Ends with 0: it
/// can, 1: it cannot, or does not run.
async fn probe(data: &Path) -> ExitCode {
    let readiness = match Client::of(data).await {
        Some(client) => client.readiness().await.ok(),
        None => None,
    };
    let Some(readiness) = readiness else {
        out::line(&json!({ "status": "silent" }).to_string());
        return ExitCode::FAILURE;
    };
    out::line(&json!({ "status": readiness.status, "reasons": readiness.reasons }).to_string());
    match readiness.status {
        Status::Ready | Status::Degraded => ExitCode::SUCCESS,
        Status::NotReady => ExitCode::FAILURE,
    }
}

/// What is looked at, and with what.
struct Visit {
    partners: PathBuf,
    data: PathBuf,
    /// The database, where it is no file of the data folder.
    database: Option<SecretString>,
    public_url: Option<url::Url>,
    disk_min: DiskMin,
    /// What sends mail to teams.
    mail: Option<Arc<MailServer>>,
    ask_models: bool,
    /// What opens the secrets that are kept in the store.
    keys: KeySource,
    clock: Arc<dyn Clock>,
    /// The running house, if one answers.
    running: Option<Client>,
}
