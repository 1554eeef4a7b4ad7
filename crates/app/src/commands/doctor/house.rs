//! The data folder, the database, the running house, and what waits in it.

use std::{fs, os::unix::fs::MetadataExt, path::Path, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use voronka_core::ports::{Backlog, Directory, StoreError};
use voronka_postgres::PostgresStore;
use voronka_sqlite::{Holder, Inspection};

use super::{
    Visit,
    finding::{Finding, size, span},
};
use crate::{
    admin::Access,
    commands::{admin, backup::LastBackup},
    observe::{AccountState, Client, Reason, free_bytes},
    open_files, store,
    wiring::InstanceKey,
};

/// What waits longer than this does not move.
const STUCK_AFTER: SignedDuration = SignedDuration::from_mins(5);
/// A log beside the database that is larger than this is not folded in any more.
const LOG_BYTES_MAX: u64 = 256 << 20;
/// A daily backup that is older than this was missed.
const BACKUP_OLD_AFTER: SignedDuration = SignedDuration::from_hours(48);

pub(super) async fn look(visit: &Visit) -> Vec<Finding> {
    let is_there = visit.data.is_dir();
    let mut findings = if is_there { folder(visit).await } else { vec![missing(visit)] };
    findings.extend(match &visit.database {
        Some(url) => server(visit, url).await,
        None if is_there => file(visit),
        None => Vec::new(),
    });
    findings
}

fn missing(visit: &Visit) -> Finding {
    Finding::warning("data-missing").with("path", visit.data.display())
}

/// The data folder and who is at work in it, but for the database.
async fn folder(visit: &Visit) -> Vec<Finding> {
    let mut findings = vec![disk(visit)];
    findings.extend(secrets(&visit.data));
    findings.extend(few_files(files(visit)));
    match &visit.running {
        Some(client) => findings.extend(running(client).await),
        None => findings.push(Finding::well("stopped")),
    }
    findings.extend(audit(visit));
    findings.extend(LastBackup::of(&visit.data).map(|last| backup(&last, visit.clock.now())));
    findings
}

/// What became of the last backup, where there ever was one.
fn backup(last: &LastBackup, now: Timestamp) -> Finding {
    let made = last.made.map_or_else(|| "—".to_owned(), |at| format!("{at:.0}"));
    let is_old = last.made.is_none_or(|at| now.duration_since(at) > BACKUP_OLD_AFTER);
    match &last.cause {
        Some(cause) => Finding::error("backup-failed").with("cause", cause).with("made", made),
        None if is_old => Finding::warning("backup-old").with("made", made),
        None => Finding::well("backup").with("made", made),
    }
}

/// Whether what was done on the owner's pages is recorded as it was, where people sign in.
fn audit(visit: &Visit) -> Option<Finding> {
    let key = InstanceKey::existing(&visit.data).filter(|_| Access::is_in(&visit.data))?;
    let anchor = admin::anchor(&visit.data);
    let checked = Access::open(&visit.data, key.access_keys(), Arc::clone(&visit.clock))
        .and_then(|access| access.check_audit(anchor.as_ref()));
    Some(match checked {
        Ok(Ok(count)) => Finding::well("audit").with("count", count),
        Ok(Err(tampered)) => Finding::error("audit-tampered").with("seq", tampered.seq),
        Err(error) => Finding::error("audit-unreadable").with("cause", error),
    })
}

fn disk(visit: &Visit) -> Finding {
    let Some(free) = free_bytes(&visit.data) else {
        return Finding::warning("disk-unknown").with("path", visit.data.display());
    };
    let finding = if free < visit.disk_min.0 {
        Finding::error("disk-full")
    } else if free < visit.disk_min.low() {
        Finding::warning("disk-low")
    } else {
        Finding::well("disk")
    };
    finding.with("free", size(free)).with("min", size(visit.disk_min.0))
}

/// The key of the installation gives whoever reads it webhooks and sessions.
fn secrets(data: &Path) -> Option<Finding> {
    let path = data.join("instance.key");
    let mode = fs::metadata(&path).ok()?.mode();
    (mode & 0o077 != 0).then(|| Finding::warning("key-open").with("path", path.display()))
}

/// How many files the running house may hold open; of a stopped one, how many it could.
fn files(visit: &Visit) -> u64 {
    let holder = visit.running.as_ref().and_then(|_| Inspection::holder(visit.data.join("voronka.db")).ok());
    let running = match holder {
        Some(Holder::Process { id }) => id.and_then(open_files::of_process),
        Some(_) | None => None,
    };
    running.unwrap_or_else(open_files::raise)
}

fn few_files(files: u64) -> Option<Finding> {
    let few = files < open_files::ENOUGH;
    few.then(|| Finding::warning("files-few").with("files", files).with("enough", open_files::ENOUGH))
}

async fn running(client: &Client) -> Vec<Finding> {
    let Ok(readiness) = client.readiness().await else { return vec![Finding::error("silent")] };
    let mut findings: Vec<Finding> = readiness.reasons.iter().filter_map(|reason| unready(*reason)).collect();
    if findings.is_empty() {
        findings.push(Finding::well("running"));
    }
    for account in readiness.accounts {
        let found = not_listening(account.state);
        findings.extend(found.map(|found| found.with("partner", account.partner).with("account", account.account)));
    }
    findings
}

fn not_listening(state: AccountState) -> Option<Finding> {
    Some(match state {
        AccountState::Listening => return None,
        AccountState::Starting => Finding::warning("account-starting"),
        AccountState::Unreachable => Finding::warning("account-unreachable"),
        AccountState::Unauthorised => Finding::error("account-unauthorised"),
        AccountState::Taken => Finding::error("account-taken"),
    })
}

fn unready(reason: Reason) -> Option<Finding> {
    Some(match reason {
        Reason::Starting => Finding::warning("starting"),
        Reason::Stopping => Finding::warning("stopping"),
        Reason::StoreBusy => Finding::error("store-busy"),
        Reason::StoreFull => Finding::error("store-full"),
        Reason::StoreDamaged => Finding::error("store-damaged"),
        Reason::StoreFailed => Finding::error("store-failed"),
        // Told by who looks at the disk, at the partners' files and at the accounts themselves.
        Reason::DiskLow | Reason::NoPartner | Reason::NoAccount | Reason::SomeAccounts => return None,
    })
}

/// A database of PostgreSQL's: whether it can be used as we would use it, and what waits in it.
async fn server(visit: &Visit, url: &SecretString) -> Vec<Finding> {
    let Ok(address) = store::address(url) else { return vec![Finding::error("server-address")] };
    let about = |finding: Finding| finding.with("address", &address);
    let now = visit.clock.now();
    let opened = match PostgresStore::open(&address).await {
        Ok(store) => store.backlog(now).await,
        Err(error) => Err(error),
    };
    match opened {
        Ok(backlog) => {
            let mut findings = vec![about(Finding::well("server"))];
            findings.extend(waiting(&backlog, now, visit.running.is_some()));
            findings
        }
        Err(error) => vec![about(Finding::error("server-refused")).with("cause", error)],
    }
}

fn file(visit: &Visit) -> Vec<Finding> {
    let path = visit.data.join("voronka.db");
    let about = |finding: Finding| finding.with("path", path.display());
    if !path.is_file() {
        return vec![about(Finding::well("db-none"))];
    }
    let mut findings = Vec::new();
    if let (None, Ok(Holder::Process { id })) = (&visit.running, Inspection::holder(&path)) {
        let process = id.map_or_else(|| "?".to_owned(), |id| format!("{id} ({})", name_of(id)));
        findings.push(about(Finding::error("db-held")).with("process", process));
    }
    let sound = Inspection::open(&path).and_then(|inspection| inspection.verify().map(|()| inspection));
    let inspection = match sound {
        Ok(inspection) => inspection,
        Err(StoreError::Damaged(cause)) => {
            findings.push(about(Finding::error("db-damaged")).with("cause", cause));
            return findings;
        }
        Err(error) => {
            findings.push(about(Finding::error("db-unreadable")).with("cause", error));
            return findings;
        }
    };
    if let Ok(found) = inspection.size() {
        if found.log > LOG_BYTES_MAX {
            findings.push(about(Finding::warning("db-log")).with("log", size(found.log)));
        }
        let finding = about(Finding::well("db")).with("size", size(found.file)).with("log", size(found.log));
        findings.push(finding.with("free", size(found.free)));
    }
    let now = visit.clock.now();
    match inspection.backlog(now) {
        Ok(backlog) => findings.extend(waiting(&backlog, now, visit.running.is_some())),
        Err(error) => findings.push(about(Finding::warning("db-unreadable")).with("cause", error)),
    }
    findings
}

/// What a process is called, where the system tells.
fn name_of(process: u32) -> String {
    let name = fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default();
    name.trim().to_owned()
}

fn waiting(backlog: &Backlog, now: Timestamp, runs: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some((key, at)) = &backlog.oldest_mail {
        let age = now.duration_since(*at);
        // While nothing runs, mail waits: it is served at the next start.
        let finding = match runs {
            true if age > STUCK_AFTER => Some(Finding::error("mail-stuck")),
            true => None,
            false => Some(Finding::warning("mail-waits")),
        };
        findings.extend(finding.map(|finding| {
            let finding = finding.with("count", backlog.mail).with("age", span(age));
            finding.with("partner", &key.partner).with("conversation", key.conversation)
        }));
    }
    if let Some((partner, account, at)) = &backlog.oldest_bubble {
        let age = now.duration_since(*at);
        let finding = match runs {
            true if age > STUCK_AFTER => Some(Finding::error("outbox-stuck")),
            true => None,
            false => Some(Finding::warning("outbox-waits")),
        };
        findings.extend(finding.map(|finding| {
            let finding = finding.with("count", backlog.bubbles).with("age", span(age));
            finding.with("partner", partner).with("account", account)
        }));
    }
    let late = backlog.next_timer.map(|due| now.duration_since(due)).filter(|late| *late > STUCK_AFTER);
    if let (Some(late), true) = (late, runs) {
        findings.push(Finding::warning("timers-late").with("count", backlog.timers_due).with("age", span(late)));
    }
    for (partner, count) in &backlog.letters {
        findings.push(Finding::warning("letters").with("partner", partner).with("count", count));
    }
    findings
}

#[cfg(test)]
mod tests {
    use voronka_core::{
        ids::{ConversationId, PartnerId},
        message::ConversationKey,
    };

    use super::super::finding::Level;
    use super::*;

    #[test]
    fn an_account_that_needs_somebody_is_an_error_and_one_that_may_come_back_a_warning() {
        let level = |state| not_listening(state).map(|found| found.level);
        assert_eq!(level(AccountState::Listening), None);
        for state in [AccountState::Starting, AccountState::Unreachable] {
            assert_eq!(level(state), Some(Level::Warning), "{state:?}");
        }
        for state in [AccountState::Unauthorised, AccountState::Taken] {
            assert_eq!(level(state), Some(Level::Error), "{state:?}");
        }
    }

    #[test]
    fn a_store_that_cannot_be_written_is_an_error_and_a_house_on_its_way_a_warning() {
        let level = |reason| unready(reason).map(|found| found.level);
        for reason in [Reason::StoreBusy, Reason::StoreFull, Reason::StoreDamaged, Reason::StoreFailed] {
            assert_eq!(level(reason), Some(Level::Error), "{reason:?}");
        }
        assert_eq!(level(Reason::Starting), Some(Level::Warning));
        assert_eq!(level(Reason::Stopping), Some(Level::Warning));
        for told_elsewhere in [Reason::DiskLow, Reason::NoPartner, Reason::NoAccount, Reason::SomeAccounts] {
            assert_eq!(level(told_elsewhere), None);
        }
    }

    #[test]
    fn fewer_open_files_than_a_busy_day_needs_are_a_warning() {
        assert_eq!(few_files(1_024).map(|found| (found.code, found.level)), Some(("files-few", Level::Warning)));
        assert_eq!(few_files(open_files::ENOUGH), None);
    }

    #[test]
    fn what_waits_is_an_error_only_where_somebody_should_serve_it() {
        let now: Timestamp = "2026-12-01T09:00:00Z".parse().unwrap();
        let partner = PartnerId::parse("korica").unwrap();
        let key = ConversationKey { partner: partner.clone(), conversation: ConversationId::of(&["anna"]) };
        let ago = |minutes| now - SignedDuration::from_mins(minutes);
        let backlog = |minutes| Backlog {
            mail: 3,
            oldest_mail: Some((key.clone(), ago(minutes))),
            next_timer: Some(ago(minutes)),
            timers_due: 1,
            letters: vec![(partner.clone(), 2)],
            ..Backlog::default()
        };
        let codes = |minutes, runs| -> Vec<&str> {
            waiting(&backlog(minutes), now, runs).iter().map(|finding| finding.code).collect()
        };
        assert_eq!(codes(1, true), ["letters"]);
        assert_eq!(codes(6, true), ["mail-stuck", "timers-late", "letters"]);
        assert_eq!(codes(6, false), ["mail-waits", "letters"]);
    }
}
