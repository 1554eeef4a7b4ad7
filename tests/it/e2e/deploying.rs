//! `voronka deploy` against a server that is a folder: its ssh runs here, its systemd is a shell script.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Stdio,
};

use tokio::process::Command;

use super::{
    binary::{command, fails, free_port, path},
    http, shop,
};

/// Forgets the way and the host, and does there what it was given.
const SSH: &str = "#!/bin/sh\nwhile [ \"$1\" != -- ]; do shift; done\nexec sh -c \"$3\"\n";
/// Starts and stops the program as the unit would.
const SYSTEMCTL: &str = r#"#!/bin/sh
pid=$DESTDIR/pid
case $1 in
is-active) kill -0 "$(cat "$pid" 2>/dev/null)" 2>/dev/null ;;
stop) kill "$(cat "$pid" 2>/dev/null)" 2>/dev/null; while kill -0 "$(cat "$pid")" 2>/dev/null; do sleep 0.05; done ;;
restart)
    "$0" stop
    cd "$DESTDIR/srv/voronka"
    "$DESTDIR/usr/local/bin/voronka" run --listen "127.0.0.1:$PORT" --public-url "http://127.0.0.1:$PORT" >>"$DESTDIR/log" 2>&1 </dev/null &
    echo $! >"$pid"
    ;;
esac
"#;

/// A machine of its own below a folder; what runs there ends with it.
struct Machine {
    root: PathBuf,
    port: u16,
}

impl Machine {
    fn new(folder: &Path) -> Self {
        let (root, programs) = (folder.join("server"), folder.join("programs"));
        fs::create_dir_all(&root).expect("a folder can be made");
        fs::create_dir_all(&programs).expect("a folder can be made");
        for (name, text) in [("ssh", SSH), ("systemctl", SYSTEMCTL), ("journalctl", "#!/bin/sh\n")] {
            write_program(&programs.join(name), text);
        }
        Self { root, port: free_port() }
    }

    fn deploy(&self, folder: &Path, more: &[&str]) -> Command {
        self.deploy_within("15", folder, more)
    }

    fn deploy_within(&self, seconds: &str, folder: &Path, more: &[&str]) -> Command {
        let mut command = command();
        let programs = folder.join("programs");
        let path = std::env::var("PATH").unwrap_or_default();
        command
            .args(["deploy", "--host", "root@bot.example", "--wait", seconds, "--partners"])
            .arg(folder.join("partners"));
        command.args(more).env("DESTDIR", &self.root).env("PORT", self.port.to_string());
        command.env("PATH", format!("{}:{path}", programs.display()));
        command
    }

    fn version(&self) -> String {
        let link = fs::read_link(self.root.join("usr/local/bin/voronka")).expect("there is a program");
        link.file_name().expect("it has a name").to_string_lossy().into_owned()
    }

    fn pid(&self) -> String {
        fs::read_to_string(self.root.join("pid")).expect("it was started")
    }

    fn home(&self) -> PathBuf {
        self.root.join("srv/voronka")
    }

    /// How it stands with a partner there, as `voronka partner WORD --json` tells.
    async fn partner(&self, word: &str, partner: &str) -> serde_json::Value {
        let mut command = command();
        command.args(["partner", word, partner, "--json", "--partners"]).arg(self.home().join("partners"));
        let said = command.arg("--data").arg(self.home().join("data")).stdout(Stdio::piped()).output();
        let said = said.await.expect("it starts");
        serde_json::from_slice(&said.stdout).unwrap_or_default()
    }

    async fn answers(&self) -> bool {
        let url = format!("http://127.0.0.1:{}/readyz", self.port);
        http().get(url).send().await.is_ok_and(|answer| answer.status() == 200)
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let pid = fs::read_to_string(self.root.join("pid")).unwrap_or_default();
        let _ended = std::process::Command::new("kill").args(["-9", pid.trim()]).status();
    }
}

/// Another business of that name.
fn another(folder: &Path, name: &str, branding: &str) -> PathBuf {
    let made = shop::korica(&folder.join("others"), None, branding);
    let home = folder.join("partners").join(name);
    fs::rename(made, &home).expect("there is none yet");
    home.join("config.yaml")
}

/// The binary itself would do as well, but it is large and brought anew each time.
fn program(folder: &Path, name: &str, first: &str) -> String {
    let program = folder.join(name);
    write_program(&program, &format!("#!/bin/sh\n{first}\nexec {} \"$@\"\n", path().display()));
    program.display().to_string()
}

fn write_program(path: &Path, text: &str) {
    fs::write(path, text).expect("it can be written");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("it is ours");
}

#[tokio::test]
async fn a_deploy_serves_or_goes_back_to_what_was_before_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let machine = Machine::new(folder.path());
    shop::korica(folder.path(), None, "");
    let program = program(folder.path(), "voronka", "");

    let planned = machine.deploy(folder.path(), &["korica", "--dry-run", "--json"]).output().await.unwrap();
    assert!(planned.status.success() && fs::read_dir(&machine.root).unwrap().next().is_none(), "nothing was done");

    let (code, told) = fails(&mut machine.deploy(folder.path(), &["korica", "--binary", &program])).await;
    assert_eq!(code, Some(0), "{told}");
    assert!(machine.answers().await);
    let (first, home) = (machine.version(), machine.root.join("srv/voronka"));
    assert!(home.join("partners/korica/config.yaml").is_file());
    assert_eq!(fs::metadata(home.join("partners/korica/.env")).unwrap().permissions().mode() & 0o007, 0);
    assert!(!home.join(".deploy").exists());

    // A program that starts and never becomes well: the one before serves again, with its partner's files.
    let broken = folder.path().join("broken");
    write_program(&broken, "#!/bin/sh\ncase $1 in --version|check) exit 0;; *) exit 1;; esac\n");
    let config = folder.path().join("partners/korica/config.yaml");
    let before = fs::read_to_string(&config).unwrap();
    fs::write(&config, before.replacen("name:", "name: Другая ", 1)).unwrap();
    let broken = broken.display().to_string();
    let (code, told) = fails(&mut machine.deploy(folder.path(), &["korica", "--binary", &broken])).await;
    assert_eq!(code, Some(1), "{told}");
    assert_eq!(machine.version(), first, "{told}");
    assert!(machine.answers().await, "{told}");
    assert_eq!(fs::read_to_string(home.join("partners/korica/config.yaml")).unwrap(), before);

    // A partner with mistakes is not even tried.
    fs::write(&config, "nmae: Корица\n").unwrap();
    let (code, told) = fails(&mut machine.deploy(folder.path(), &["korica", "--binary", &program])).await;
    assert!(code == Some(1) && told.contains("nmae"), "{told}");
    assert_eq!(fs::read_to_string(home.join("partners/korica/config.yaml")).unwrap(), before);
    assert!(machine.answers().await && !home.join(".deploy").exists());

    // Its files alone: the process goes on.
    fs::write(&config, before.replacen("name:", "name: Новая ", 1)).unwrap();
    let pid = fs::read_to_string(machine.root.join("pid")).unwrap();
    let (code, told) = fails(&mut machine.deploy(folder.path(), &["korica", "--binary", &program])).await;
    assert_eq!(code, Some(0), "{told}");
    assert!(fs::read_to_string(home.join("partners/korica/config.yaml")).unwrap().contains("Новая"));
    assert_eq!(fs::read_to_string(machine.root.join("pid")).unwrap(), pid);
}

/// The newer program has made something of the data that the one before does not open.
#[tokio::test]
async fn a_return_to_the_backup_brings_nobody_back_who_was_erased_since_and_loses_no_certificates() {
    let folder = tempfile::tempdir().unwrap();
    let machine = Machine::new(folder.path());
    shop::korica(folder.path(), None, "");
    let program = program(folder.path(), "voronka", "");
    let (code, told) = fails(&mut machine.deploy(folder.path(), &["korica", "--binary", &program])).await;
    assert_eq!(code, Some(0), "{told}");
    let data = machine.root.join("srv/voronka/data");
    fs::create_dir_all(data.join("certificates")).unwrap();
    fs::write(data.join("certificates/bot.example.pem"), "a certificate").unwrap();
    fs::create_dir_all(machine.root.join("etc/voronka")).unwrap();
    fs::write(machine.root.join("etc/voronka/backup-passphrase"), "words that nobody guesses\n").unwrap();
    let (spoils, mark) = (folder.path().join("spoils"), "0a".repeat(32));
    let text = format!(
        "#!/bin/sh\ncase $1 in\n--version|check) exit 0 ;;\nrun)\ncd data\nrm -f voronka.db-*\necho x >voronka.db\n\
         echo '2026-12-01T09:00:00Z {mark}' >>erasures.log ;;\nesac\nexit 1\n"
    );
    write_program(&spoils, &text);
    let spoils = spoils.display().to_string();
    let (code, told) = fails(&mut machine.deploy_within("4", folder.path(), &["korica", "--binary", &spoils])).await;
    assert_eq!(code, Some(1), "{told}");
    assert!(machine.answers().await, "{told}");
    assert!(data.with_extension("failed").is_dir(), "it is the backup that is served from: {told}");
    assert!(fs::read_to_string(data.join("erasures.log")).unwrap().contains(&mark), "what was erased since is known");
    assert!(data.join("certificates/bot.example.pem").is_file());
    // What is kept for the way back is sealed as the nightly backups are, and lies apart from them.
    let files = |folder: &Path| {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect::<Vec<_>>()
    };
    let backups = machine.home().join("backups");
    assert_eq!(files(&backups), ["before-deploy"]);
    let kept = files(&backups.join("before-deploy"));
    assert!(kept.iter().any(|name| name.ends_with(".sealed")) && !kept.iter().any(|name| name.ends_with(".tar.gz")));
}

#[tokio::test]
async fn a_deploy_checks_with_the_settings_of_the_unit_and_counts_what_another_process_serves() {
    let folder = tempfile::tempdir().unwrap();
    let machine = Machine::new(folder.path());
    shop::korica(folder.path(), None, "");
    let config = folder.path().join("partners/korica/config.yaml");
    let before = fs::read_to_string(&config).unwrap();
    let program = folder.path().join("voronka");
    // It checks as the real one does, and stands for one of two processes, the other of which serves the partner.
    let real = path().display();
    let told = folder.path().join("told");
    let text = format!(
        "#!/bin/sh\ncase $1 in --version | check) exec {real} \"$@\" ;; partner) cat {} ;; run) exec sleep 60 ;; esac\n",
        told.display()
    );
    write_program(&program, &text);
    fs::write(&told, r#"{"partner":"korica","state":"elsewhere","by":"server-2"}"#).unwrap();
    let program = program.display().to_string();
    fs::create_dir_all(machine.root.join("etc/voronka")).unwrap();
    let settings = "# Names\nVORONKA_ADMIN_URL=\"https://team.korica.example\"\nnot a setting\n";
    fs::write(machine.root.join("etc/voronka/voronka.env"), settings).unwrap();
    fs::write(&config, format!("{before}\nbranding: {{admin_domain: team.korica.example}}\n")).unwrap();
    let (code, told) = fails(&mut machine.deploy(folder.path(), &["korica", "--binary", &program])).await;
    assert!(code == Some(1) && told.contains("C607"), "{told}");
    fs::write(&config, format!("{before}\nbranding: {{admin_domain: pages.korica.example}}\n")).unwrap();
    let (code, told) = fails(&mut machine.deploy(folder.path(), &["korica", "--binary", &program])).await;
    assert_eq!(code, Some(0), "{told}");
    // There is another process, and none holds the partner.
    fs::write(folder.path().join("told"), r#"{"partner":"korica","state":"elsewhere"}"#).unwrap();
    let (code, told) = fails(&mut machine.deploy_within("1", folder.path(), &["korica", "--binary", &program])).await;
    assert!(code == Some(1) && told.contains("not well"), "{told}");
}

#[tokio::test]
async fn a_partner_is_taken_up_by_the_house_that_runs_and_what_it_refuses_goes_back_while_others_are_served() {
    let folder = tempfile::tempdir().unwrap();
    let machine = Machine::new(folder.path());
    shop::korica(folder.path(), None, "");
    let program = program(folder.path(), "voronka", "");
    let (code, told) = fails(&mut machine.deploy(folder.path(), &["korica", "--binary", &program])).await;
    assert_eq!(code, Some(0), "{told}");
    let pid = machine.pid();

    another(folder.path(), "zefir", "branding: {domain: chat.zefir.example}");
    let (code, told) = fails(&mut machine.deploy(folder.path(), &["zefir", "--binary", &program])).await;
    assert_eq!(code, Some(0), "{told}");
    assert_eq!(machine.partner("status", "zefir").await["state"], "serving");

    // Both are sound by themselves: only the house knows whose the name is.
    let config = folder.path().join("partners/korica/config.yaml");
    let before = fs::read_to_string(&config).unwrap();
    fs::write(&config, format!("{before}\nbranding: {{domain: chat.zefir.example}}\n")).unwrap();
    let (code, told) = fails(&mut machine.deploy(folder.path(), &["korica", "--binary", &program])).await;
    assert!(code == Some(1) && told.contains("zefir"), "{told}");
    assert_eq!(fs::read_to_string(machine.home().join("partners/korica/config.yaml")).unwrap(), before);
    let korica = machine.partner("status", "korica").await;
    assert!(korica["state"] == "serving" && korica["why"].is_null(), "{korica}");

    let third = another(folder.path(), "third", "branding: {domain: chat.zefir.example}");
    let (code, told) = fails(&mut machine.deploy(folder.path(), &["third", "--binary", &program])).await;
    assert!(code == Some(1) && told.contains("zefir"), "{told}");
    assert!(!machine.home().join("partners/third").exists());
    let mended = fs::read_to_string(&third).unwrap().replace("chat.zefir.example", "chat.third.example");
    fs::write(&third, mended).unwrap();
    let (code, told) = fails(&mut machine.deploy(folder.path(), &["third", "--binary", &program])).await;
    assert_eq!(code, Some(0), "{told}");
    assert_eq!(machine.partner("status", "third").await["state"], "serving");

    // Whoever was stopped stays so.
    machine.partner("stop", "zefir").await;
    let (code, told) = fails(&mut machine.deploy(folder.path(), &["zefir", "--binary", &program])).await;
    assert_eq!(code, Some(0), "{told}");
    assert_eq!(machine.partner("status", "zefir").await["state"], "stopped");
    assert!(machine.answers().await);
    assert_eq!(machine.pid(), pid, "nobody was started anew");
}

#[tokio::test]
async fn a_program_by_which_a_partner_is_served_no_more_goes_back() {
    let folder = tempfile::tempdir().unwrap();
    let machine = Machine::new(folder.path());
    shop::korica(folder.path(), None, "");
    another(folder.path(), "zefir", "branding: {domain: chat.zefir.example}");
    let good = program(folder.path(), "voronka", "");
    let (code, told) = fails(&mut machine.deploy(folder.path(), &["korica", "zefir", "--binary", &good])).await;
    assert_eq!(code, Some(0), "{told}");
    let version = machine.version();

    // It takes the partner's name for the owner's pages of all: it is ready, and does not serve that partner.
    let first = "case $1 in run) export VORONKA_ADMIN_URL=https://chat.zefir.example ;; esac";
    let stricter = program(folder.path(), "stricter", first);
    let (code, told) = fails(&mut machine.deploy_within("4", folder.path(), &["--binary", &stricter])).await;
    assert!(code == Some(1) && told.contains("not served any more: zefir"), "{told}");
    assert_eq!(machine.version(), version);
    assert_eq!(machine.partner("status", "zefir").await["state"], "serving");
}

#[tokio::test]
async fn a_deploy_that_was_broken_off_is_told_and_undone_when_it_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let machine = Machine::new(folder.path());
    shop::korica(folder.path(), None, "");
    let good = program(folder.path(), "voronka", "");
    let (code, told) = fails(&mut machine.deploy(folder.path(), &["korica", "--binary", &good])).await;
    assert_eq!(code, Some(0), "{told}");
    let (version, home) = (machine.version(), machine.home());
    let (code, told) = fails(&mut machine.deploy(folder.path(), &["--return"])).await;
    assert!(code == Some(1) && told.contains("nothing to undo"), "{told}");

    // The network is lost behind the switch.
    let config = folder.path().join("partners/korica/config.yaml");
    let before = fs::read_to_string(&config).unwrap();
    fs::write(&config, before.replacen("name:", "name: Другая ", 1)).unwrap();
    let ssh = folder.path().join("programs/ssh");
    let lost =
        SSH.replace("exec ", "case $3 in *\"voronka 'check'\"* | *\"voronka 'return'\"*) exit 255 ;; esac\nexec ");
    write_program(&ssh, &lost);
    let newer = program(folder.path(), "newer", "# newer");
    let (code, told) = fails(&mut machine.deploy(folder.path(), &["korica", "--binary", &newer])).await;
    assert!(code == Some(1) && told.contains("voronka deploy --return"), "{told}");
    assert!(machine.version() != version && home.join(".deploy").exists());

    write_program(&ssh, SSH);
    let (code, told) = fails(&mut machine.deploy(folder.path(), &["korica", "--binary", &newer])).await;
    assert!(code == Some(1) && told.contains("voronka deploy --return --host root@bot.example"), "{told}");
    let (code, told) = fails(&mut machine.deploy(folder.path(), &["--return"])).await;
    assert_eq!(code, Some(0), "{told}");
    assert_eq!(machine.version(), version);
    assert_eq!(fs::read_to_string(home.join("partners/korica/config.yaml")).unwrap(), before);
    assert!(machine.answers().await && !home.join(".deploy").exists());
    assert_eq!(machine.partner("status", "korica").await["state"], "serving");
}

#[tokio::test]
async fn of_two_deploys_at_once_the_second_is_refused_and_a_server_out_of_reach_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let machine = Machine::new(folder.path());
    let none = folder.path().join("voronka");
    write_program(&none, "#!/bin/sh\n");
    let none = none.display().to_string();
    fs::create_dir_all(machine.root.join("srv/voronka/.deploy")).unwrap();
    let (code, told) = fails(&mut machine.deploy(folder.path(), &["--binary", &none])).await;
    assert!(code == Some(1) && told.contains("voronka deploy --return --host root@bot.example"), "{told}");
    assert!(machine.root.join("srv/voronka/.deploy").exists(), "it is the other one's");
    write_program(&folder.path().join("programs/ssh"), "#!/bin/sh\nexit 255\n");
    let (code, told) = fails(&mut machine.deploy(folder.path(), &["--binary", &none])).await;
    assert!(code == Some(1) && told.contains("~/.ssh"), "{told}");
}
