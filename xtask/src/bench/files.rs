//! Partner files: the time that `voronka check` takes of a thousand flows, `simulate` of a thousand customers, and that a running bot
//! takes to serve by an edited one.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use super::{Stand, figure::Figure};
use crate::{
    botload::rehearsal::Running,
    shell::{self, Failure},
};

/// How long the bot may take to notice an edit before the run is given up: it looks twice a second.
const PATIENCE: Duration = Duration::from_secs(20);

/// A flow as partners write them: twenty steps of most kinds.
fn flow(n: usize) -> String {
    format!(
        "title: Заказ {n}
about: клиент хочет торт номер {n}
start: {{commands: [/zakaz{n}], words: [нужен торт номер {n}], links: [z{n}]}}
resume: 3d
silence:
  - after: 45m
    say: Я рядом. Продолжим?
  - after: 20h
    end: бросил
steps:
  - say: 'Здравствуйте, {{customer.name | рада знакомству}}!'
  - ask: Что празднуем?
    as: повод
    choice: {{др: День рождения, свадьба: Свадьба, просто: Просто так}}
  - ask: На какое число?
    as: дата
    date: {{from: today + 1d, to: today + 90d}}
    error: 'Печём с {{today + 1d}} по {{today + 90d}}.'
  - say: Это скоро!
    when: дата <= today + 2d
  - ask: Сколько гостей?
    as: порции
    number: {{min: 2, max: 150, unit: [человек, гостей]}}
    buttons: [6, 10, 16]
    otherwise: человек
  - goto: большой
    when: порции > 40 or (повод = свадьба and порции > 25)
  - ask: На какой бюджет?
    as: бюджет
    money: {{min: 1500 ₽}}
    skip: Не важно
  - offer: 'Для {{порции: гостя|гостей|гостей}}:'
    as: торт
    where: product.servings >= порции and (not has(бюджет) or product.price <= бюджет)
    nothing: большой
  - order: Всё верно?
    items: [{{product: торт}}]
    due: дата
    note: 'Повод: {{повод}}, гостей: {{порции}}'
  - say: 'Готово, {{customer.name | спасибо}}! {{order.number}}, {{order.total}}.'
  - stage: заказ
parts:
  большой:
    - say: 'На {{порции: гостя|гостей|гостей}} делаем по эскизу.'
    - id: человек
      handoff: Передаю мастеру.
      note: 'Крупный заказ: {{порции | ?}} порций'
"
    )
}

/// A partner with so many flows, and a chat on a site.
fn partner(folder: &Path, flows: usize) -> std::io::Result<()> {
    fs::create_dir_all(folder.join("flows"))?;
    fs::write(folder.join("config.yaml"), "name: Проба\naccounts: {web: {}}\n")?;
    let products = (0..100).map(|n| format!("t{n};Торт {n};Торты;{};{}\n", 2_000 + n * 50, 6 + n % 20));
    let header = "id;name;category;price;servings\n".to_owned();
    fs::write(folder.join("catalogue.csv"), header + &products.collect::<String>())?;
    for n in 0..flows {
        // Names of their own: the partner's expressions know thousands.
        let own =
            ["повод", "порции", "бюджет"].iter().fold(flow(n), |flow, slot| flow.replace(slot, &format!("{slot}_{n}")));
        fs::write(folder.join(format!("flows/f{n}.yaml")), own)?;
    }
    Ok(())
}

pub(super) fn measure(stand: &mut Stand) -> Result<Vec<Figure>, Failure> {
    let told = |error: std::io::Error| format!("files to measure: {error}");
    let flows = if stand.extent.quick { 100 } else { 1_000 };
    let rounds = stand.extent.rounds.max(3);
    let home = tempfile::tempdir().map_err(told)?;
    let many = home.path().join("many");
    partner(&many, flows).map_err(told)?;
    let mut checks = Vec::new();
    for _ in 0..rounds {
        let begun = Instant::now();
        let done = Command::new(&stand.binary).arg("check").arg(&many).output().map_err(told)?;
        checks.push(begun.elapsed().as_secs_f64() * 1e3);
        if !done.status.success() {
            return Err(format!("check fails: {}", String::from_utf8_lossy(&done.stdout)));
        }
    }
    let crowds = crowds(stand, rounds)?;
    let one = home.path().join("partners/one");
    partner(&one, 20).map_err(told)?;
    let swaps = swaps(stand, home.path(), &one, 3 * rounds)?;
    Ok(vec![
        Figure::new("check", format!("voronka check of {flows} flows of 12 steps"), "ms", checks).at_most(1_000.0),
        Figure::new("simulate", "voronka simulate of 1,000 customers over 30 days", "s", crowds).at_most(10.0),
        Figure::new("swap", "an edited flow of 20: loaded, checked and served by", "ms", swaps).at_most(100.0),
    ])
}

/// Plays a thousand made-up customers of the example partner through a month.
fn crowds(stand: &Stand, rounds: usize) -> Result<Vec<f64>, Failure> {
    let partner = shell::root().join("partners/zhiva");
    let mut all = Vec::new();
    for seed in 0..rounds {
        let mut simulate = Command::new(&stand.binary);
        simulate.arg("simulate").arg(&partner).args(["--customers", "1000", "--days", "30", "--json"]);
        let begun = Instant::now();
        let done =
            simulate.args(["--seed", &seed.to_string()]).output().map_err(|error| format!("simulate: {error}"))?;
        all.push(begun.elapsed().as_secs_f64());
        if !done.status.success() {
            return Err(format!("simulate breaks a promise: {}", String::from_utf8_lossy(&done.stdout)));
        }
    }
    Ok(all)
}

/// Saves a flow again and again under a running bot; what it says each swap took.
fn swaps(stand: &Stand, home: &Path, partner: &Path, rounds: usize) -> Result<Vec<f64>, Failure> {
    let told = |error: std::io::Error| format!("a swap to measure: {error}");
    let mut bot = Command::new(&stand.binary);
    bot.arg("--json-logs").arg("run").arg("--partners").arg(home.join("partners"));
    bot.arg("--data").arg(home.join("data")).args(["--listen", "127.0.0.1:0"]);
    let mut bot = Running(bot.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().map_err(told)?);
    let log = bot.0.stderr.take().ok_or("the bot has no log")?;
    let (send, swapped) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(log).lines().map_while(Result::ok) {
            let Ok(told) = serde_json::from_str::<serde_json::Value>(&line) else { continue };
            let us = told["fields"]["us"].as_u64().filter(|_| told["fields"]["partner"].is_string());
            if us.is_some_and(|us| send.send(us).is_err()) {
                return;
            }
        }
    });
    // It listens and looks at its folder from here on.
    thread::sleep(Duration::from_secs(2));
    let mut all = Vec::new();
    for round in 0..rounds {
        let path = partner.join("flows/f7.yaml");
        fs::write(&path, flow(7).replace("Я рядом", &format!("Я рядом ({round})"))).map_err(told)?;
        let us = swapped.recv_timeout(PATIENCE).map_err(|_| "the bot does not serve by an edited file")?;
        all.push(Duration::from_micros(us).as_secs_f64() * 1e3);
    }
    Ok(all)
}
