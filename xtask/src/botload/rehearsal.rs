//! A first start, without customers. The bots read their pages, make their database and tell where their webhooks are, and
//! with what secret. botload must know both from the start: what it sends before a bot has told them is refused for ever.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::mpsc::{Sender, channel},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::Addresses;
use crate::shell::Failure;

/// How long the bots may take to start.
const START_WITHIN: Duration = Duration::from_mins(1);
/// Largest call that is read.
const BODY_BYTES_MAX: usize = 1 << 20;

/// Where a bot is called, and the secret that it wants to hear.
pub(super) struct Hook {
    pub(super) url: String,
    pub(super) secret: String,
}

/// A process that ends with the rehearsal.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _killed = self.0.kill();
        let _ended = self.0.wait();
    }
}

/// The webhooks of all bots.
pub(super) fn webhooks(spawn: &str, addresses: &Addresses, bots: usize) -> Result<Vec<Hook>, Failure> {
    let listener =
        TcpListener::bind(&addresses.telegram).map_err(|error| format!("{}: {error}", addresses.telegram))?;
    listener.set_nonblocking(true).map_err(|error| error.to_string())?;
    let mut bot = Command::new("sh");
    bot.arg("-c").arg(spawn).stdin(Stdio::null()).stdout(Stdio::null());
    let mut bot = Running(bot.spawn().map_err(|error| format!("the bot: {error}"))?);
    let (told, heard) = channel();
    let deadline = Instant::now() + START_WITHIN;
    let mut hooks = Vec::new();
    while hooks.len() < bots {
        if let Ok((stream, _)) = listener.accept() {
            let told = told.clone();
            thread::spawn(move || answer(&stream, &told));
        }
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

/// Enough of a Bot API to start against. A caller that goes away is no trouble of ours.
fn answer(stream: &TcpStream, told: &Sender<Hook>) -> Option<()> {
    stream.set_nonblocking(false).ok()?;
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let line = line.trim().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse::<usize>().ok()?.min(BODY_BYTES_MAX);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let method = first.split_whitespace().nth(1)?.rsplit('/').next()?.to_owned();
    let result = if method == "getMe" {
        json!({"id": 1000, "is_bot": true, "first_name": "Bench", "username": "bench_bot"})
    } else {
        json!(true)
    };
    let reply = json!({"ok": true, "result": result}).to_string();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close",
        reply.len()
    );
    let mut stream = stream;
    stream.write_all(format!("{head}\r\n\r\n{reply}").as_bytes()).ok()?;
    if let (Some(url), Some(secret)) = (body["url"].as_str(), body["secret_token"].as_str()) {
        told.send(Hook { url: url.to_owned(), secret: secret.to_owned() }).ok()?;
    }
    Some(())
}
