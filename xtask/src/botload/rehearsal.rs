//! A first start, without customers. The bots read their pages, make their database and tell the fake Bot API where their
//! webhooks are: botload sends a second after it has started a bot, and what comes before a webhook is known waits for a poll
//! that never comes.

use std::{
    io::{Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::{Addresses, Tools};
use crate::shell::Failure;

/// How long the bots may take to start.
const START_WITHIN: Duration = Duration::from_mins(1);
/// How often the fake is asked.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Processes that end with the rehearsal.
struct Running(Vec<Child>);

impl Drop for Running {
    fn drop(&mut self) {
        for child in &mut self.0 {
            // It may have ended by itself.
            let _killed = child.kill();
            let _ended = child.wait();
        }
    }
}

/// The webhook of each bot.
pub(super) fn webhooks(tools: &Tools, spawn: &str, addresses: &Addresses, bots: usize) -> Result<Vec<String>, Failure> {
    let bots_option = bots.to_string();
    let mut fakes = Command::new(&tools.botload);
    fakes.args(["--serve-only", "--telegram", &addresses.telegram, "--llm", &addresses.llm, "--bots", &bots_option]);
    fakes.stdin(Stdio::null()).stderr(Stdio::null());
    let mut running = Running(vec![fakes.spawn().map_err(|error| format!("botload: {error}"))?]);
    let deadline = Instant::now() + START_WITHIN;
    while TcpStream::connect(&addresses.telegram).is_err() {
        wait(deadline, "the fake Bot API does not listen")?;
    }
    let mut bot = Command::new("sh");
    bot.arg("-c").arg(spawn).stdin(Stdio::null()).stdout(Stdio::null());
    running.0.push(bot.spawn().map_err(|error| format!("the bot: {error}"))?);
    let mut found = Vec::new();
    while found.len() < bots {
        match webhook(&addresses.telegram, 1000 + found.len()) {
            Some(url) => found.push(url),
            None => wait(deadline, "the bot has told no webhook")?,
        }
    }
    Ok(found)
}

fn wait(deadline: Instant, why: &str) -> Result<(), Failure> {
    if Instant::now() > deadline {
        return Err(format!("{why} within {} s", START_WITHIN.as_secs()));
    }
    thread::sleep(LOOK_EVERY);
    Ok(())
}

/// What `getWebhookInfo` tells of a bot; `None`: nothing yet.
fn webhook(telegram: &str, bot: usize) -> Option<String> {
    let mut stream = TcpStream::connect(telegram).ok()?;
    let request =
        format!("GET /bot{bot}:TEST/getWebhookInfo HTTP/1.1\r\nHost: {telegram}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (_, body) = answer.split_once("\r\n\r\n")?;
    let told: serde_json::Value = serde_json::from_str(body).ok()?;
    told["result"]["url"].as_str().filter(|url| !url.is_empty()).map(str::to_owned)
}
