//! Disks that are full, taken or closed: the customer waits, the messenger is told to come again, the operator reads what is
//! wrong, and nothing is lost.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

use rusqlite::Connection;

use super::{
    binary::{self, Server, fails},
    customer::Customer,
    http, left_out,
    shop::{self, count},
    telegram::{Telegram, TelegramCustomer},
    until,
};

/// Who owns nothing.
const NOBODY: &str = "65534";

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|told| told.stdout == b"0\n")
}

fn done(program: &str, args: &[&str]) -> bool {
    Command::new(program).args(args).status().is_ok_and(|status| status.success())
}

/// A disk of its own, so small that it can be filled.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` where this account may not mount anything.
    fn mount(at: PathBuf) -> Option<Self> {
        fs::create_dir_all(&at).expect("a folder can be made");
        let path = at.to_str().expect("a path of letters").to_owned();
        let mounted = is_root() && done("mount", &["-t", "tmpfs", "-o", "size=24m,mode=0700", "voronka-test", &path]);
        mounted.then_some(Self(at))
    }

    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }

    /// Until nothing more fits.
    fn fill(&self) {
        let mut filler = fs::File::options().create(true).append(true).open(self.filler()).expect("a file");
        while filler.write_all(&[0; 4096]).is_ok() {}
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // The process that used it may still be on its way out.
        let _unmounted = done("umount", &["--lazy", &self.0.to_string_lossy()]);
    }
}

/// Delivers once; status, and the header that says when to come again.
async fn deliver(telegram: &Telegram, update: &serde_json::Value) -> (u16, Option<String>) {
    let (url, secret) = telegram.webhook().await;
    let posted = http().post(url).header("x-telegram-bot-api-secret-token", secret).json(update).send().await;
    let answer = posted.expect("the webhook answers");
    let after = answer.headers().get("retry-after").map(|after| after.to_str().expect("a number").to_owned());
    (answer.status().as_u16(), after)
}

/// Delivers again and again, as Telegram does.
async fn deliver_until_taken(telegram: &Telegram, update: &serde_json::Value) {
    let taken = || async { (deliver(telegram, update).await.0 == 200).then_some(()) };
    until(|| "update taken".into(), taken).await;
}

async fn answered(customer: &TelegramCustomer, at_least: usize) {
    until(
        || format!("{at_least} answers in {:?}", customer.texts()),
        || async { (customer.texts().len() >= at_least).then_some(()) },
    )
    .await;
}

#[tokio::test]
async fn a_full_disk_is_told_to_the_messenger_and_nothing_is_lost() {
    let (folder, telegram) = (tempfile::tempdir().unwrap(), Telegram::start().await);
    shop::korica(folder.path(), Some(&telegram.url), "");
    let Some(disk) = SmallDisk::mount(folder.path().join("data")) else {
        left_out("a full disk: it needs root, who may mount a small one");
        return;
    };
    let data = disk.0.clone();
    let server = Server::run(&folder.path().join("partners"), &data).await;
    let mut anna = telegram.customer(7);
    anna.say("Есть ли доставка?").await;
    anna.hear(&[]).await;

    disk.fill();
    let mut taken = 0;
    let refused = loop {
        let update = anna.words("А самовывоз?");
        match deliver(&telegram, &update).await {
            (200, _) => taken += 1,
            (status, after) => {
                assert_eq!((status, after.as_deref()), (503, Some("1")));
                break update;
            }
        }
        // What was in the file already may be used again: at last it is not enough.
        assert!(taken < 1_000, "the disk is never full");
        disk.fill();
    };
    assert_eq!(deliver(&telegram, &refused).await.0, 503, "as long as there is no room");
    assert_eq!(http().get(server.url("/healthz")).send().await.unwrap().status(), 200);

    fs::remove_file(disk.filler()).unwrap();
    deliver_until_taken(&telegram, &refused).await;
    let waits = || async { (count(&data, "SELECT 1 FROM mailbox") == 0).then_some(()) };
    until(|| "empty mailbox".into(), waits).await;
    let kept = "SELECT 1 FROM messages WHERE author = 'customer'";
    assert_eq!(count(&data, kept), taken + 2, "each message that was taken, once");
    let sent = || async { (count(&data, "SELECT 1 FROM outbox") == 0).then_some(()) };
    until(|| "empty outbox".into(), sent).await;
    assert_eq!(anna.texts().len(), count(&data, "SELECT 1 FROM messages WHERE author = 'bot'"));
    assert!(!server.log().contains("panicked"), "{}", server.log());
    assert!(server.stop().await.success());
    assert_eq!(count(&data, "SELECT 1 FROM letters"), 0, "no turn was set aside");
}

#[tokio::test]
async fn another_program_that_writes_to_the_database_is_waited_for() {
    let (folder, telegram) = (tempfile::tempdir().unwrap(), Telegram::start().await);
    shop::korica(folder.path(), Some(&telegram.url), "");
    let data = folder.path().join("data");
    let server = Server::run(&folder.path().join("partners"), &data).await;
    let mut anna = telegram.customer(8);
    anna.say("Есть ли доставка?").await;
    answered(&anna, 1).await;

    let theirs = Connection::open(data.join("voronka.db")).unwrap();
    theirs.execute_batch("BEGIN IMMEDIATE").unwrap();
    let update = anna.words("А самовывоз?");
    // Longer than the store waits: the messenger is told to come again.
    let (status, after) = deliver(&telegram, &update).await;
    assert_eq!((status, after.as_deref()), (503, Some("1")));
    // Not so long: the messenger waits a little for its answer.
    let waiting = tokio::spawn({
        let (telegram, update) = (telegram.clone(), update.clone());
        async move { deliver(&telegram, &update).await.0 }
    });
    tokio::task::yield_now().await;
    theirs.execute_batch("ROLLBACK").unwrap();
    assert!([200, 503].contains(&waiting.await.unwrap()));
    deliver_until_taken(&telegram, &update).await;
    answered(&anna, 2).await;
    assert!(server.stop().await.success());
    assert_eq!(count(&data, "SELECT 1 FROM messages WHERE author = 'customer'"), 2);
    assert_eq!(count(&data, "SELECT 1 FROM letters"), 0, "no turn was set aside");
}

/// Starts the binary on a data folder as an account that may not write there; its exit code and what it said.
async fn as_nobody(folder: &Path, data: &Path) -> (Option<i32>, String) {
    let ours = binary::command();
    let ours = ours.as_std();
    let mut command = if is_root() {
        let mut command = tokio::process::Command::new("setpriv");
        command.args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", "--"]).arg(ours.get_program());
        for (name, value) in ours.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    } else {
        binary::command()
    };
    command.arg("run").arg("--partners").arg(folder.join("partners")).arg("--data").arg(data).current_dir("/");
    command.args(["--listen", &format!("127.0.0.1:{}", binary::free_port())]);
    fails(&mut command).await
}

fn mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("the mode can be set");
}

#[tokio::test]
async fn a_folder_or_a_file_that_may_not_be_written_is_named_with_a_way_out() {
    let folder = tempfile::tempdir().unwrap();
    shop::korica(folder.path(), None, "");
    let data = folder.path().join("data");
    let server = Server::run(&folder.path().join("partners"), &data).await;
    assert!(server.stop().await.success());
    mode(folder.path(), 0o755);
    if is_root()
        && !done("setpriv", &["--reuid", NOBODY, "--clear-groups", "test", "-x", &binary::path().to_string_lossy()])
    {
        left_out(&format!("folders that may not be written: another account may not run {}", binary::path().display()));
        return;
    }
    let before = fs::read(data.join("voronka.db")).unwrap();
    let (closed, empty) = (folder.path().join("closed"), folder.path().join("empty"));
    for made in [&closed, &empty] {
        fs::create_dir(made).unwrap();
        mode(made, 0o555);
    }
    // A file that may be read only, in a folder that may not be written; a folder that may not be written; one that cannot
    // be made.
    mode(&data.join("voronka.db"), 0o444);
    mode(&data, 0o555);
    for (place, what) in [(&data, "voronka.db"), (&empty, "voronka.db"), (&closed.join("data"), "closed/data")] {
        let (code, told) = as_nobody(folder.path(), place).await;
        assert_eq!(code, Some(1), "{}: {told}", place.display());
        assert!(told.contains(what) && told.contains("ermission denied"), "{}: {told}", place.display());
        assert!(told.contains("--data") && told.contains("write"), "a hint: {told}");
        assert!(!told.contains("panicked"), "{told}");
    }
    assert_eq!(fs::read(data.join("voronka.db")).unwrap(), before);
    // What the folder's own drop needs when it is not root's.
    for made in [&data, &closed, &empty] {
        mode(made, 0o755);
    }
}

#[tokio::test]
async fn a_file_that_was_cut_short_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    shop::korica(folder.path(), None, "");
    let data = folder.path().join("data");
    let server = Server::run(&folder.path().join("partners"), &data).await;
    assert!(server.stop().await.success());
    let path = data.join("voronka.db");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let mut command = binary::command();
    command.arg("run").arg("--partners").arg(folder.path().join("partners")).arg("--data").arg(&data);
    let (code, told) = fails(command.args(["--listen", &format!("127.0.0.1:{}", binary::free_port())])).await;
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("voronka.db") && told.contains("backup"), "{told}");
    assert_eq!(fs::read(&path).unwrap(), whole[..whole.len() / 2]);
}

#[tokio::test]
async fn what_is_older_than_the_partners_file_allows_is_forgotten_while_it_serves() {
    let (folder, telegram) = (tempfile::tempdir().unwrap(), Telegram::start().await);
    let home = shop::korica(folder.path(), Some(&telegram.url), "");
    let config = fs::read_to_string(home.join("config.yaml")).unwrap();
    assert!(config.contains("retention: {messages: 365d"), "{config}");
    let (data, partners) = (folder.path().join("data"), folder.path().join("partners"));
    let server = Server::run(&partners, &data).await;
    let mut anna = telegram.customer(9);
    anna.say("Есть ли доставка?").await;
    answered(&anna, 1).await;
    assert!(server.stop().await.success());
    // As if it had been two years ago.
    let theirs = Connection::open(data.join("voronka.db")).unwrap();
    let years = 2_i64 * 365 * 86_400 * 1_000_000;
    for table in ["messages", "keys", "facts"] {
        theirs.execute(&format!("UPDATE {table} SET at = at - ?1"), [years]).unwrap();
    }
    drop(theirs);
    let server = Server::run(&partners, &data).await;
    anna.say("А самовывоз?").await;
    answered(&anna, 2).await;
    let young = || async { (count(&data, "SELECT 1 FROM messages") == 2).then_some(()) };
    until(|| "old messages gone".into(), young).await;
    assert_eq!(count(&data, "SELECT 1 FROM conversations WHERE version = 2"), 1);
    assert!(server.stop().await.success());
}
