//! A first start, without customers. The bots read their pages, make their database and tell where their webhooks are, and
//! with what secret. botload must know both from the start: what it sends before a bot has told them is refused for ever.

use std::{
    process::{Child, Command, Stdio},
    sync::mpsc::channel,
    thread,
    time::{Duration, Instant},
};

use super::Addresses;
use crate::{
    fake::{Call, Fake, Reply},
    shell::Failure,
};

/// How long the bots may take to start.
const START_WITHIN: Duration = Duration::from_mins(1);

/// Where a bot is called, and the secret that it wants to hear.
#[derive(Debug, Clone)]
pub(crate) struct Hook {
    pub(crate) url: String,
    pub(crate) secret: String,
}

impl Hook {
    /// What a bot tells about its webhook, if that is what this call does.
    pub(crate) fn told(call: &Call) -> Option<Self> {
        let (url, secret) = (call.body["url"].as_str()?, call.body["secret_token"].as_str()?);
        Some(Self { url: url.to_owned(), secret: secret.to_owned() })
    }
}

/// A process that ends with its owner.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _killed = self.0.kill();
        let _ended = self.0.wait();
    }
}

/// The webhooks of all bots.
pub(super) fn webhooks(spawn: &str, addresses: &Addresses, bots: usize) -> Result<Vec<Hook>, Failure> {
    let (told, heard) = channel();
    let _telegram = Fake::start(&addresses.telegram, move |call| {
        if let Some(hook) = Hook::told(call) {
            // Nobody listens any more once all have told theirs.
            let _heard = told.send(hook);
        }
        Reply::bot_api(call)
    })?;
    let mut bot = Command::new("sh");
    bot.arg("-c").arg(spawn).stdin(Stdio::null()).stdout(Stdio::null());
    let mut bot = Running(bot.spawn().map_err(|error| format!("the bot: {error}"))?);
    let deadline = Instant::now() + START_WITHIN;
    let mut hooks = Vec::new();
    while hooks.len() < bots {
        hooks.extend(heard.try_iter());
        if let Ok(Some(status)) = bot.0.try_wait() {
            return Err(format!("the bot did not start: {status}"));
        }
        if Instant::now() > deadline {
            return Err(format!("the bot has told no webhook within {} s", START_WITHIN.as_secs()));
        }
        thread::sleep(Duration::from_millis(2));
    }
    Ok(hooks)
}
