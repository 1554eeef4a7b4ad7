//! One partner whose services are sick beside a healthy one: what the healthy one's customers feel of it.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use serde_json::json;

use super::{
    Stand,
    figure::Figure,
    load::{open_loop, play_on},
    recovery::ANSWER,
};
use crate::{
    botload::{How, Staged, free_address, partners, rehearsal::Hook},
    fake::{self, Call, Fake, Reply},
    shell::Failure,
};

/// The sick partner's bot.
const SICK: usize = 2000;
/// Its customers write so often, each once.
const SICK_EVERY: Duration = Duration::from_millis(50);
/// How long its model takes.
const SLOW: Duration = Duration::from_mins(1);
/// What its messenger asks it to wait, in seconds, whenever it sends.
const RETRY_AFTER_S: u32 = 3_600;
/// The healthy partner's load, of the saturation.
const LOAD: f64 = 0.25;

/// What ails the neighbour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Illness {
    /// Nothing, and nobody writes to it.
    None,
    /// Its messenger answers every message with 429.
    Limited,
    /// Its model takes a minute.
    SlowModel,
}

/// The healthy partner's p99 beside each illness, of that beside a silent neighbour.
pub(super) fn measure(stand: &mut Stand) -> Result<Vec<Figure>, Failure> {
    let rate = (stand.saturation()? * LOAD).max(5.0);
    let options = open_loop(rate, stand.extent.open_s / 2.0, &[]);
    let (mut alone, mut limited, mut slow) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..stand.extent.rounds.min(3) {
        alone.push(p99_beside(stand, Illness::None, &options)?);
        limited.push(p99_beside(stand, Illness::Limited, &options)?);
        slow.push(p99_beside(stand, Illness::SlowModel, &options)?);
    }
    let of = |sick: &[f64]| sick.iter().zip(&alone).map(|(sick, alone)| sick / alone).collect::<Vec<f64>>();
    Ok(vec![
        Figure::new("fair_limited", "p99 beside an account in an endless 429, of that without", "×", of(&limited))
            .at_most(1.5),
        Figure::new("fair_slow_model", "p99 beside a model that takes 60 s, of that without", "×", of(&slow))
            .at_most(1.5),
        Figure::new("fair_alone_p99", format!("p99 without, at {rate:.0} turns/s"), "ms", alone),
    ])
}

/// The healthy customers' p99, in milliseconds.
fn p99_beside(stand: &Stand, illness: Illness, options: &[String]) -> Result<f64, Failure> {
    let (telegram, model) = (free_address()?, free_address()?);
    let hook = Arc::new(Mutex::new(None));
    let told = Arc::clone(&hook);
    let _telegram = Fake::start(&telegram, move |call| {
        if let Some(hook) = Hook::told(call) {
            *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(hook);
        }
        if illness == Illness::Limited && call.method == "sendmessage" { limited() } else { Reply::bot_api(call) }
    })?;
    let pause = if illness == Illness::SlowModel { SLOW } else { Duration::ZERO };
    let _model = Fake::start(&model, move |call: &Call| Reply::model(call, ANSWER).after(pause))?;
    let staged = Staged::beside(&stand.binary, How::Webhook, 1, |folder| {
        partners::one(folder, How::Webhook, SICK, &telegram, &model)
    })?;
    let writing = (illness != Illness::None).then(|| Writing::to(hook));
    let played = play_on(stand, Some(staged), options)?;
    if let Some(writing) = writing {
        let written = writing.stop()?;
        if written == 0 {
            return Err("nobody could write to the sick partner".into());
        }
    }
    if !played.well {
        return Err(format!("a healthy partner's answers were lost or doubled beside {illness:?}"));
    }
    Ok(played.number("/latency_ms/p99"))
}

fn limited() -> Reply {
    let parameters = json!({"retry_after": RETRY_AFTER_S});
    let description = format!("Too Many Requests: retry after {RETRY_AFTER_S}");
    Reply::json(429, &json!({"ok": false, "error_code": 429, "description": description, "parameters": parameters}))
}

/// Customers who write to the sick partner until they are stopped.
struct Writing {
    over: Arc<AtomicBool>,
    thread: JoinHandle<usize>,
}

impl Writing {
    fn to(hook: Arc<Mutex<Option<Hook>>>) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&over);
        let thread = thread::spawn(move || {
            let mut taken = 0;
            for n in 1_usize.. {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let known = hook.lock().unwrap_or_else(PoisonError::into_inner).clone();
                taken += usize::from(known.is_some_and(|hook| write(&hook, n) == Some(200)));
                thread::sleep(SICK_EVERY);
            }
            taken
        });
        Self { over, thread }
    }

    /// How many messages were taken.
    fn stop(self) -> Result<usize, Failure> {
        self.over.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| "the sick partner's customers broke down".to_owned())
    }
}

/// A message of a new customer.
fn write(hook: &Hook, n: usize) -> Option<u16> {
    let (address, path) = hook.url.strip_prefix("http://")?.split_once('/')?;
    let chat = 9_000_000 + n;
    let update = json!({"update_id": n, "message": {"message_id": n, "date": 1_796_000_000, "text": "Есть доставка?",
        "from": {"id": chat, "is_bot": false, "first_name": "Ann", "language_code": "ru"},
        "chat": {"id": chat, "type": "private", "first_name": "Ann"}}});
    fake::call(address, &format!("/{path}"), &hook.secret, &update)
}
