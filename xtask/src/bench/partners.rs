//! Many partners in one process: how soon all are ready, what each further one holds, and one more beside them.

use std::{
    fs,
    io::Write,
    net::TcpStream,
    path::Path,
    process::{Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

use serde_json::json;

use super::{Stand, figure::Figure};
use crate::{
    botload::{
        Addresses,
        rehearsal::{Hook, Running},
    },
    fake::{self, Fake, Reply},
    shell::Failure,
};

/// How long a start may take before the run is given up.
const PATIENCE: Duration = Duration::from_mins(2);
/// What is begun at the start has ended by then, and memory is at rest.
const REST: Duration = Duration::from_secs(5);
const FLOW: &str = "title: Заказ
about: клиент хочет заказать торт
start: {commands: [/zakaz], words: [хочу заказать торт, нужен торт]}
resume: 3d
steps:
  - say: 'Здравствуйте, {customer.name | рада знакомству}!'
  - ask: Что празднуем?
    as: повод
    choice: {др: День рождения, свадьба: Свадьба, просто: Просто так}
  - ask: Сколько гостей?
    as: порции
    number: {min: 2, max: 150, unit: [человек, гостей]}
    buttons: [6, 10, 16]
  - say: 'Готово: {порции}.'
  - handoff: Передаю мастеру.
";

/// A partner with two accounts, a flow and a page of 20 passages.
fn partner(partners: &Path, n: usize, telegram: &str) -> std::io::Result<()> {
    let home = partners.join(format!("p{n:04}"));
    fs::create_dir_all(home.join("knowledge"))?;
    fs::create_dir_all(home.join("flows"))?;
    let config = format!(
        "name: Кондитерская {n}
accounts:
  telegram: {{token: $TELEGRAM_TOKEN, api: \"http://{telegram}\", updates: webhook}}
  web: {{}}
"
    );
    fs::write(home.join(".env"), format!("TELEGRAM_TOKEN={}:TEST\n", 1000 + n))?;
    fs::write(home.join("flows/zakaz.yaml"), FLOW)?;
    let passages = (1..=20).map(|passage| {
        format!(
            "## Доставка в район {passage}\nВ район {passage} везём за {} дня на машине с холодильником, до двери. Курьер звонит за \
             полчаса. Упаковка крепкая, торт в ней не сдвинется.\n",
            passage % 5 + 1
        )
    });
    fs::write(home.join("knowledge/dostavka.md"), format!("# Доставка\n{}", passages.collect::<String>()))?;
    // Whoever sees the folder sees all of it.
    fs::write(home.join("config.yaml"), config)
}

pub(super) fn measure(stand: &mut Stand) -> Result<Vec<Figure>, Failure> {
    let told = |error: std::io::Error| format!("partners to measure: {error}");
    let count = if stand.extent.quick { 100 } else { 1_000 };
    let rounds = stand.extent.rounds.min(3);
    let (mut cold, mut warm, mut first, mut further, mut more, mut checks) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let home = tempfile::tempdir().map_err(told)?;
        let addresses = Addresses::free()?;
        let partners = home.path().join("partners");
        let few = count / 10;
        (0..few).try_for_each(|n| partner(&partners, n, &addresses.telegram)).map_err(told)?;
        // Both are measured warm: indexing leaves memory behind.
        drop(House::start(stand, home.path(), "few", &addresses, few)?);
        let of_few = House::start(stand, home.path(), "few", &addresses, few)?.memory_kib()?;
        (few..count).try_for_each(|n| partner(&partners, n, &addresses.telegram)).map_err(told)?;
        let house = House::start(stand, home.path(), "all", &addresses, count)?;
        cold.push(house.ready.as_secs_f64());
        drop(house);
        let house = House::start(stand, home.path(), "all", &addresses, count)?;
        warm.push(house.ready.as_secs_f64());
        first.push(house.first_answer()?.as_secs_f64());
        #[expect(clippy::cast_precision_loss, reason = "some thousands")]
        further.push((house.memory_kib()? - of_few) / (count - few) as f64);
        more.push(house.one_more(stand, home.path(), count)?.as_secs_f64() * 1e3);
        let begun = Instant::now();
        let check = Command::new(&stand.binary).arg("check").arg(&partners).output().map_err(told)?;
        checks.push(begun.elapsed().as_secs_f64());
        if !check.status.success() {
            return Err(format!("check fails: {}", String::from_utf8_lossy(&check.stdout)));
        }
    }
    Ok(vec![
        Figure::new("partners_cold", format!("{count} partners ready, nothing indexed"), "s", cold).at_most(3.0),
        Figure::new("partners_warm", "the same, warm", "s", warm),
        Figure::new("partners_first", "the same, from the start to the first answer", "s", first).at_most(1.0),
        Figure::new("partners_memory", "memory of each further idle partner, warm", "KiB", further).at_most(30.0),
        Figure::new("partners_more", "one more started beside them, from the command on", "ms", more).at_most(100.0),
        Figure::new("partners_check", "check of all", "s", checks).at_most(2.0),
    ])
}

/// A house that is ready, between a Bot API that tells of its calls and nobody else.
struct House<'a> {
    running: Running,
    begun: Instant,
    ready: Duration,
    addresses: &'a Addresses,
    hooks: Receiver<Hook>,
    answers: Receiver<Instant>,
    _telegram: Fake,
}

impl<'a> House<'a> {
    fn start(stand: &Stand, home: &Path, data: &str, addresses: &'a Addresses, count: usize) -> Result<Self, Failure> {
        let (hook, hooks) = channel();
        let (answer, answers) = channel();
        let telegram = Fake::start(&addresses.telegram, move |call| {
            if let Some(told) = Hook::told(call) {
                // Nobody listens any more at the end.
                let _heard = hook.send(told);
            }
            if call.method == "sendmessage" {
                let _heard = answer.send(Instant::now());
            }
            Reply::bot_api(call)
        })?;
        let mut bot = Command::new(&stand.binary);
        bot.arg("run").arg("--partners").arg(home.join("partners")).arg("--data").arg(home.join(data));
        bot.args(["--listen", &addresses.bot, "--public-url", &format!("http://{}", addresses.bot)]);
        bot.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let begun = Instant::now();
        let mut running = Running(bot.spawn().map_err(|error| format!("the bot: {error}"))?);
        let last = format!("/chat/p{:04}", count - 1);
        until(&mut running, || asked(&addresses.bot, "/readyz") && asked(&addresses.bot, &last))?;
        let ready = begun.elapsed();
        Ok(Self { running, begun, ready, addresses, hooks, answers, _telegram: telegram })
    }

    /// A customer writes to the first bot that is to be called: from the start on.
    fn first_answer(&self) -> Result<Duration, Failure> {
        let hook = self.hooks.recv_timeout(PATIENCE).map_err(|_| "no bot has told its webhook")?;
        let path = hook.url.strip_prefix(&format!("http://{}", self.addresses.bot)).ok_or("a webhook elsewhere")?;
        let ann = json!({"id": 77, "type": "private", "first_name": "Ann"});
        let message = json!({"message_id": 1, "date": 1_790_000_000, "chat": ann, "text": "Есть доставка?",
            "from": {"id": 77, "is_bot": false, "first_name": "Ann"}});
        let update = json!({"update_id": 1, "message": message});
        match fake::call(&self.addresses.bot, path, &hook.secret, &update) {
            Some(200) => {}
            other => return Err(format!("the webhook answered {other:?}")),
        }
        let answered = self.answers.recv_timeout(PATIENCE).map_err(|_| "nothing was answered")?;
        Ok(answered.duration_since(self.begun))
    }

    /// Memory of its own at rest.
    fn memory_kib(&self) -> Result<f64, Failure> {
        thread::sleep(REST);
        let status = fs::read_to_string(format!("/proc/{}/status", self.running.0.id()));
        let status = status.map_err(|error| format!("the bot has ended: {error}"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).ok_or_else(|| "no memory is told".into())
    }

    /// From the command on to the moment when its chat is there.
    fn one_more(mut self, stand: &Stand, home: &Path, n: usize) -> Result<Duration, Failure> {
        let told = |error: std::io::Error| format!("one more partner: {error}");
        let (partners, name) = (home.join("partners"), format!("p{n:04}"));
        partner(&partners, n, &self.addresses.telegram).map_err(told)?;
        let begun = Instant::now();
        let mut start = Command::new(&stand.binary);
        start.args(["partner", "start", &name, "--partners"]).arg(partners).arg("--data").arg(home.join("all"));
        let started = start.stdin(Stdio::null()).stderr(Stdio::null()).status().map_err(told)?;
        if !started.success() {
            return Err(format!("one more partner: {started}"));
        }
        until(&mut self.running, || asked(&self.addresses.bot, &format!("/chat/{name}")))?;
        Ok(begun.elapsed())
    }
}

fn until(running: &mut Running, is_so: impl Fn() -> bool) -> Result<(), Failure> {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        if let Ok(Some(status)) = running.0.try_wait() {
            return Err(format!("the bot ended: {status}"));
        }
        if Instant::now() > deadline {
            return Err("the bot is not ready".into());
        }
        thread::sleep(Duration::from_millis(2));
    }
    Ok(())
}

/// Whether a page answers 200.
fn asked(address: &str, path: &str) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect(address).ok()?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").ok()?;
        let mut first = [0; 12];
        std::io::Read::read_exact(&mut stream, &mut first).ok()?;
        Some(first.ends_with(b"200"))
    };
    ask().unwrap_or_default()
}
