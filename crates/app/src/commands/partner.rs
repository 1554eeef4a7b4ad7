//! `voronka partner`: bringing partners, seeing how it stands with them, starting and stopping one beside the others.
//!
//! A running house does what is asked itself, through its door in the data folder. Without one the folders, and what is said of
//! those that are stopped, tell what its next start will do.

mod answers;
mod create;
mod moving;
mod top;

use std::{borrow::Cow, path::Path, process::ExitCode};

use voronka_core::{
    ids::PartnerId,
    ports::ADJUSTED,
    spec::{
        adjust::{Adjustments, Override},
        config::Pause,
        partner::PartnerSpec,
    },
};
use voronka_postgres::Word;

use super::check;
use crate::{
    adjusted::{self, Adjusted},
    arrivals::{self, NeverReached},
    cli::{Check, OneOrAll, Partner, PartnerWish, StartPartner},
    observe::{AccountReport, AccountState, Client},
    out::{self, Problem},
    overrides,
    partners::{Change, PartnerReport, PartnerState},
    secrets::KeySource,
    store::{self, Kept},
    texts::Texts,
};

/// Ends with 0: done, and all that was asked for is served (or no house runs); 1: not.
pub(crate) async fn run(wish: Partner, keys: &KeySource, texts: &Texts) -> Result<ExitCode, Problem> {
    match &wish.wish {
        PartnerWish::Create(one) => create::create(one, &wish, keys, texts).await,
        PartnerWish::List => list(&wish, texts).await,
        PartnerWish::Status(which) => status(&wish, which, texts).await,
        PartnerWish::Top(which) => top::top(&wish, which, texts).await,
        PartnerWish::Check(which) => check::run(&check_of(&wish, which), texts).await,
        PartnerWish::Start(one) => start(&wish, one, texts).await,
        PartnerWish::Stop(one) => change(&wish, &one.partner, Change::Stop, texts).await,
        PartnerWish::Export(one) => moving::export(&wish, one, keys, texts).await,
        PartnerWish::Import(one) => moving::import(&wish, one, keys, texts).await,
        PartnerWish::Remove(one) => moving::remove(&wish, one, keys, texts).await,
        PartnerWish::ImportLegacy(one) => moving::import_legacy(&wish, one, keys, texts).await,
        PartnerWish::Restart(one) => change(&wish, &one.partner, Change::Restart, texts).await,
    }
}

/// A line each.
async fn list(wish: &Partner, texts: &Texts) -> Result<ExitCode, Problem> {
    let reports = reports(wish).await?;
    for report in &reports {
        if wish.json {
            out::line(&serde_json::to_string(report).unwrap_or_default());
        } else {
            let state = texts.get(state_key(report.state), &[]);
            out::line(&format!("{:<24} {state}", report.partner.as_str()));
        }
    }
    if reports.is_empty() && !wish.json {
        let args = [("dir", Cow::from(wish.partners.display().to_string()))];
        out::note(&texts.get("partner-none", &args));
    }
    Ok(ExitCode::SUCCESS)
}

/// What keeps whom from what.
async fn status(wish: &Partner, which: &OneOrAll, texts: &Texts) -> Result<ExitCode, Problem> {
    let mut reports = reports(wish).await?;
    if let Some(wanted) = &which.partner {
        reports.retain(|report| report.partner == *wanted);
        if reports.is_empty() {
            return Err(unknown(wanted, &wish.partners));
        }
    }
    if let Ok(kept) = Kept::of(&wish.data, wish.database.as_ref()).await {
        for report in &mut reports {
            report.never_reached = never_reached(wish, &kept, &report.partner).await;
        }
    }
    for report in &reports {
        if wish.json {
            out::line(&serde_json::to_string(report).unwrap_or_default());
        } else {
            for line in told(report, texts) {
                out::line(&line);
            }
        }
    }
    let well = reports.iter().all(|report| report.state != PartnerState::Broken && report.accounts.iter().all(is_well));
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn is_well(account: &AccountReport) -> bool {
    match account.state {
        AccountState::Starting | AccountState::Listening => true,
        AccountState::Unreachable | AccountState::Unauthorised | AccountState::Taken => false,
    }
}

fn told(report: &PartnerReport, texts: &Texts) -> Vec<String> {
    let since = report.since.map_or_else(String::new, |since| since.strftime("%F %T UTC").to_string());
    let mut lines = vec![format!("{}: {}", report.partner, texts.get(state_key(report.state), &[]))];
    if let Some(by) = &report.by {
        lines.push(texts.get("partner-by", &[("instance", Cow::from(by.as_str()))]));
    }
    if !since.is_empty() {
        lines.push(texts.get("partner-since", &[("since", since.into())]));
    }
    if let Some(pause) = &report.paused {
        lines.push(texts.get("partner-paused", &told_of_pause(&report.partner, pause)));
    }
    lines.extend(overrides::lines(&report.overrides, texts));
    if !report.overrides.is_empty() {
        lines.push(format!("    {}", texts.get("override-back", &[])));
    }
    if let Some(why) = &report.why {
        lines.push(texts.get("partner-why", &[("why", Cow::from(why.as_str()))]));
    }
    for AccountReport { account, state, .. } in &report.accounts {
        let state = texts.get(account_key(*state), &[]);
        lines.push(texts.get("partner-account", &[("account", account.to_string().into()), ("state", state.into())]));
    }
    for NeverReached { member, by, address, at, why } in &report.never_reached {
        let at = at.strftime("%F %T UTC").to_string();
        let args = [("member", member), ("by", by), ("address", address), ("at", &at), ("why", why)];
        lines.push(texts.get("partner-never-reached", &args.map(|(name, text)| (name, Cow::from(text.as_str())))));
    }
    lines
}

/// Places in which its team has never been told, as its files have them now. What cannot be read is told of by `check` and `doctor`.
async fn never_reached(wish: &Partner, kept: &Kept, partner: &PartnerId) -> Vec<NeverReached> {
    let Ok(loaded) = voronka_files::load(&wish.partners.join(partner.as_str())) else { return Vec::new() };
    let Some(spec) = PartnerSpec::parse(partner.clone(), &loaded.files).spec else { return Vec::new() };
    arrivals::never_reached(kept, partner, &spec.config).await.unwrap_or_default()
}

fn state_key(state: PartnerState) -> &'static str {
    match state {
        PartnerState::Serving => "partner-serving",
        PartnerState::Elsewhere => "partner-elsewhere",
        PartnerState::Stopped => "partner-stopped",
        PartnerState::Removed => "partner-removed",
        PartnerState::Broken => "partner-broken",
        PartnerState::Changing => "partner-changing",
        PartnerState::Off => "partner-off",
    }
}

fn account_key(state: AccountState) -> &'static str {
    match state {
        AccountState::Starting => "partner-account-starting",
        AccountState::Listening => "partner-account-listening",
        AccountState::Unreachable => "partner-account-unreachable",
        AccountState::Unauthorised => "partner-account-unauthorised",
        AccountState::Taken => "partner-account-taken",
    }
}

async fn change(wish: &Partner, partner: &PartnerId, change: Change, texts: &Texts) -> Result<ExitCode, Problem> {
    change_in(running(wish).await?.as_ref(), wish, partner, change, texts).await
}

/// In the house that runs, or at its next start.
async fn change_in(
    house: Option<&Client>,
    wish: &Partner,
    partner: &PartnerId,
    change: Change,
    texts: &Texts,
) -> Result<ExitCode, Problem> {
    let args = [("partner", Cow::from(partner.to_string()))];
    let Some(client) = house else {
        note(wish, partner, change).await?;
        let key = if wish.database.is_some() { "partner-noted-for-all" } else { "partner-next-time" };
        out::note(&texts.get(key, &args));
        return Ok(ExitCode::SUCCESS);
    };
    let changed = client.change(partner, change).await;
    if let Some(problem) = changed.map_err(|error| failed(&error.to_string()))? {
        return Err(problem);
    }
    let key = match change {
        Change::Start => "partner-started",
        Change::Stop => "partner-is-stopped",
        Change::Restart | Change::Reload => "partner-restarted",
    };
    out::note(&texts.get(key, &args));
    Ok(ExitCode::SUCCESS)
}

/// Started, it may still be silent: its team has paused the bot, which only who asks for it ends.
async fn start(wish: &Partner, one: &StartPartner, texts: &Texts) -> Result<ExitCode, Problem> {
    let house = running(wish).await?;
    let ended = change_in(house.as_ref(), wish, &one.partner, Change::Start, texts).await?;
    let (key, pause) = if one.end_pause {
        ("partner-pause-over", end_pause(house.as_ref(), wish, &one.partner).await?)
    } else {
        ("partner-still-paused", pause_of(house.as_ref(), wish, &one.partner).await?)
    };
    if let Some(pause) = pause {
        out::note(&texts.get(key, &told_of_pause(&one.partner, &pause)));
    } else if one.end_pause {
        out::note(&texts.get("partner-no-pause", &[("partner", Cow::from(one.partner.to_string()))]));
    }
    Ok(ended)
}

/// Since when its bot answers nobody, as the running house knows it, or the store.
async fn pause_of(house: Option<&Client>, wish: &Partner, partner: &PartnerId) -> Result<Option<Pause>, Problem> {
    if let Some(client) = house {
        let report = client.partner(partner).await.map_err(|error| failed(&error.to_string()))?;
        return Ok(report.and_then(|report| report.paused));
    }
    // Where there is no store that can be read, nobody has set anything.
    let Ok(kept) = Kept::of(&wish.data, wish.database.as_ref()).await else { return Ok(None) };
    set_in_chats(&kept, partner).await.map(|set| set.pause().cloned())
}

fn told_of_pause(partner: &PartnerId, pause: &Pause) -> [(&'static str, Cow<'static, str>); 3] {
    let since = pause.since.strftime("%F %T UTC").to_string();
    [("partner", partner.to_string().into()), ("since", since.into()), ("by", pause.by.clone().into())]
}

/// The pause that is over, if there was one.
async fn end_pause(house: Option<&Client>, wish: &Partner, partner: &PartnerId) -> Result<Option<Pause>, Problem> {
    if let Some(client) = house {
        return client.end_pause(partner).await.map_err(|error| failed(&error.to_string()))?;
    }
    let store = store::open(&wish.data, wish.database.as_ref()).await?;
    Adjusted::new(store).end_pause(partner).await.map_err(|error| failed(&error.to_string()))
}

/// What the next start does with a partner, and processes that serve from the same database.
async fn note(wish: &Partner, partner: &PartnerId, change: Change) -> Result<(), Problem> {
    if !wish.partners.join(partner.as_str()).join("config.yaml").is_file() {
        return Err(unknown(partner, &wish.partners));
    }
    let word = if change == Change::Stop { Word::Stop } else { Word::Start };
    store::stops(&wish.data, wish.database.as_ref()).await?.say(partner, word).await
}

/// Of a running house as it says, else of the folders.
async fn reports(wish: &Partner) -> Result<Vec<PartnerReport>, Problem> {
    let mut known = match running(wish).await? {
        Some(client) => client.partners().await.map_err(|error| failed(&error.to_string()))?.unwrap_or_default(),
        None => Vec::new(),
    };
    let mut unknown = folders(&wish.partners)?;
    unknown.retain(|partner| known.iter().all(|report| report.partner != *partner));
    if !unknown.is_empty() {
        let said = store::stops(&wish.data, wish.database.as_ref()).await?.said().await?;
        // Where there is no store that can be read, nobody has set anything that could be told.
        let kept = Kept::of(&wish.data, wish.database.as_ref()).await.ok();
        for partner in unknown {
            let state = match () {
                () if said.removed.contains(&partner) => PartnerState::Removed,
                () if said.stopped.contains(&partner) => PartnerState::Stopped,
                () => PartnerState::Off,
            };
            let set = match &kept {
                Some(kept) => set_in_chats(kept, &partner).await?,
                None => Adjustments::default(),
            };
            let overrides = overrides_in(&wish.partners.join(partner.as_str()), &set);
            known.push(PartnerReport {
                partner,
                state,
                by: None,
                since: None,
                paused: set.pause().cloned(),
                overrides,
                why: None,
                accounts: Vec::new(),
                never_reached: Vec::new(),
            });
        }
    }
    known.sort_by(|one, other| one.partner.cmp(&other.partner));
    Ok(known)
}

/// What its team has set in chats. A store that cannot be read holds nothing.
async fn set_in_chats(kept: &Kept, partner: &PartnerId) -> Result<Adjustments, Problem> {
    let set = kept.values(partner, ADJUSTED).await.unwrap_or_default();
    adjusted::in_values(&set).map_err(|error| failed(&error.to_string()))
}

/// What was set otherwise than a folder has it; of files with mistakes nobody can tell.
fn overrides_in(folder: &Path, set: &Adjustments) -> Vec<Override> {
    if *set == Adjustments::default() {
        return Vec::new();
    }
    let Ok(loaded) = voronka_files::load(folder) else { return Vec::new() };
    // Keys that are missing change nothing of what is set.
    let spec = loaded.spec.or_else(|| PartnerSpec::parse(loaded.id, &loaded.files).spec);
    spec.map(|spec| set.overrides(&spec.config)).unwrap_or_default()
}

/// The running house; `None`: none runs over this data folder.
async fn running(wish: &Partner) -> Result<Option<Client>, Problem> {
    Client::reach(&wish.data).await.map_err(|error| out::unreadable(&wish.data, &error))
}

fn folders(root: &Path) -> Result<Vec<PartnerId>, Problem> {
    let entries = std::fs::read_dir(root).map_err(|error| out::unreadable(root, &error))?;
    let partner = |entry: std::io::Result<std::fs::DirEntry>| {
        let entry = entry.ok()?;
        let id = PartnerId::parse(entry.file_name().to_str()?).ok()?;
        entry.path().join("config.yaml").is_file().then_some(id)
    };
    Ok(entries.filter_map(partner).collect())
}

fn check_of(wish: &Partner, which: &OneOrAll) -> Check {
    let dir = which.partner.as_ref().map_or_else(|| wish.partners.clone(), |id| wish.partners.join(id.as_str()));
    Check {
        dir,
        json: wish.json,
        without_keys: false,
        fix: false,
        live: false,
        data: wish.data.clone(),
        database: wish.database.clone(),
        public_url: None,
        admin_url: None,
        smtp_host: std::env::var("VORONKA_SMTP_HOST").ok(),
    }
}

pub(super) fn unknown(partner: &PartnerId, root: &Path) -> Problem {
    let args = vec![("partner", partner.to_string()), ("dir", root.display().to_string())];
    Problem::new("problem-no-such-partner", args).hint("problem-no-such-partner-hint")
}

fn failed(cause: &str) -> Problem {
    Problem::new("partner-failed", vec![("cause", cause.to_owned())])
}
