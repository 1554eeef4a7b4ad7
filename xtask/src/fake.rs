//! A small HTTP server in the place of a messenger or a model: a thread a connection, answers made by a closure.

use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use serde_json::{Value, json};

use crate::shell::Failure;

/// Largest call that is read.
const BODY_BYTES_MAX: usize = 1 << 20;

/// What is asked of the server.
#[derive(Debug)]
pub(crate) struct Call {
    /// The last part of the path, in lower case: the method of a Bot API, `completions` of a model.
    pub(crate) method: String,
    /// The body; `null` where it is no JSON.
    pub(crate) body: Value,
}

/// What it answers.
#[derive(Debug)]
pub(crate) struct Reply {
    status: u16,
    kind: &'static str,
    body: String,
    after: Duration,
}

impl Reply {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self { status, kind: "application/json", body: body.to_string(), after: Duration::ZERO }
    }

    /// The same, later.
    pub(crate) fn after(self, pause: Duration) -> Self {
        Self { after: pause, ..self }
    }

    /// What a Bot API says to anything that goes well.
    pub(crate) fn bot_api(call: &Call) -> Self {
        let bot = json!({"id": 1000, "is_bot": true, "first_name": "Bench", "username": "bench_bot"});
        let result = match call.method.as_str() {
            "getme" => bot,
            "sendmessage" => {
                let chat = json!({"id": call.body["chat_id"], "type": "private", "first_name": "Ann"});
                json!({"message_id": 1, "date": 1, "text": call.body["text"], "from": bot, "chat": chat})
            }
            _ => json!(true),
        };
        Self::json(200, &json!({"ok": true, "result": result}))
    }

    /// What a model says that always says the same.
    pub(crate) fn model(call: &Call, words: &str) -> Self {
        let usage = json!({"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120});
        let frame = |object: &str, choice: &Value| {
            json!({"id": "chatcmpl-1", "object": object, "created": 1, "model": "gpt-4o-mini", "choices": [choice],
                "usage": usage})
        };
        if call.body["stream"] != json!(true) {
            let message = json!({"role": "assistant", "content": words});
            let choice = json!({"index": 0, "finish_reason": "stop", "message": message});
            return Self::json(200, &frame("chat.completion", &choice));
        }
        let choice = json!({"index": 0, "finish_reason": "stop", "delta": {"role": "assistant", "content": words}});
        let body = format!("data: {}\n\ndata: [DONE]\n\n", frame("chat.completion.chunk", &choice));
        Self { status: 200, kind: "text/event-stream", body, after: Duration::ZERO }
    }
}

/// A server that runs until it is dropped.
pub(crate) struct Fake {
    address: SocketAddr,
    over: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
}

impl Fake {
    /// Listens at `address`.
    pub(crate) fn start(
        address: &str,
        answer: impl Fn(&Call) -> Reply + Send + Sync + 'static,
    ) -> Result<Self, Failure> {
        let listener = TcpListener::bind(address).map_err(|error| format!("{address}: {error}"))?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        let over = Arc::new(AtomicBool::new(false));
        let (stop, answer) = (Arc::clone(&over), Arc::new(answer));
        let accepting = thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                let answer = Arc::clone(&answer);
                // A caller that goes away is no trouble of ours.
                thread::spawn(move || stream.is_ok_and(|stream| serve(&stream, answer.as_ref()).is_some()));
            }
        });
        Ok(Self { address, over, accepting: Some(accepting) })
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        // Wakes the listener, whose port must be free again afterwards.
        let _woken = TcpStream::connect(self.address);
        if let Some(accepting) = self.accepting.take() {
            let _ended = accepting.join();
        }
    }
}

/// Answers calls until the caller hangs up.
fn serve(stream: &TcpStream, answer: &dyn Fn(&Call) -> Reply) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut reader = BufReader::new(stream);
    loop {
        let (first, body) = read(&mut reader)?;
        let path = first.split_whitespace().nth(1)?;
        let method = path.split('?').next()?.rsplit('/').next()?.to_ascii_lowercase();
        let reply = answer(&Call { method, body: serde_json::from_slice(&body).unwrap_or_default() });
        thread::sleep(reply.after);
        let head = format!(
            "HTTP/1.1 {} Said\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n",
            reply.status,
            reply.kind,
            reply.body.len()
        );
        let mut stream = stream;
        stream.write_all((head + &reply.body).as_bytes()).ok()?;
    }
}

/// One request: its first line and its body.
fn read(reader: &mut impl BufRead) -> Option<(String, Vec<u8>)> {
    let mut first = String::new();
    if reader.read_line(&mut first).ok()? == 0 {
        return None;
    }
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
    Some((first, body))
}

/// Calls a webhook as Telegram does and gives the status; `None`: nobody answered.
pub(crate) fn call(address: &str, path: &str, secret: &str, body: &Value) -> Option<u16> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_nodelay(true).ok()?;
    let body = body.to_string();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nX-Telegram-Bot-Api-Secret-Token: {secret}\r\n\
         Content-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).ok()?;
    let mut first = String::new();
    BufReader::new(stream).read_line(&mut first).ok()?;
    first.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fake_answers_as_a_bot_api_and_hears_what_was_sent() {
        let address = "127.0.0.1:0";
        let (told, heard) = std::sync::mpsc::channel();
        let fake = Fake::start(address, move |call| {
            told.send(call.body["text"].clone()).unwrap();
            Reply::bot_api(call)
        });
        let fake = fake.unwrap();
        let status = call(&fake.address.to_string(), "/bot1:T/sendMessage", "", &json!({"chat_id": 1, "text": "да"}));
        assert_eq!((status, heard.recv().unwrap()), (Some(200), json!("да")));
    }

    #[test]
    fn a_model_that_is_asked_for_a_stream_streams() {
        let call = Call { method: "completions".into(), body: json!({"stream": true}) };
        assert!(Reply::model(&call, "да").body.starts_with("data: {"));
        let call = Call { method: "completions".into(), body: Value::Null };
        assert!(Reply::model(&call, "да").body.starts_with('{'));
    }
}
