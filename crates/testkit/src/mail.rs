//! A mail server for tests: it keeps the letters that it takes, and fails where it is told to.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// A step of the dialogue (RFC 5321), as the server sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Somebody has connected.
    Greeting,
    /// `EHLO`.
    Hello,
    /// `AUTH`.
    SignIn,
    /// `MAIL FROM`.
    Sender,
    /// `RCPT TO`.
    Recipient,
    /// `DATA`.
    Data,
    /// The letter itself has come.
    Letter,
}

/// What happens at a stage instead of what should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// It says this: `550 5.1.1 No such user`.
    Says(String),
    /// It says nothing, and keeps the connection.
    Hangs,
    /// It closes the connection.
    Closes,
}

/// A letter that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Whom the envelope names as its sender.
    pub from: String,
    /// Whom it is for.
    pub to: String,
    /// Headers and words as they came, without the dots of the wire.
    pub raw: String,
}

impl Letter {
    /// Headers in their order, unfolded, as they are on the wire.
    pub fn headers(&self) -> Vec<(String, String)> {
        let head = self.raw.split("\r\n\r\n").next().unwrap_or_default();
        let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        let header = |line: &str| match line.split_once(':') {
            Some((name, value)) => (name.to_owned(), value.trim().to_owned()),
            None => (String::new(), line.to_owned()),
        };
        unfolded.split("\r\n").map(header).collect()
    }

    /// A header as its reader sees it; empty: there is none.
    pub fn header(&self, name: &str) -> String {
        let found = self.headers().into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| decoded(&value)).unwrap_or_default()
    }

    /// The words as their reader sees them.
    pub fn words(&self) -> String {
        let body = self.raw.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
        let bytes = match self.header("Content-Transfer-Encoding").as_str() {
            "base64" => from_base64(&body.split_whitespace().collect::<String>()),
            "quoted-printable" => unquoted(&body.replace("=\r\n", "")),
            _ => body.as_bytes().to_vec(),
        };
        String::from_utf8_lossy(&bytes).replace("\r\n", "\n").trim_end().to_owned()
    }
}

fn from_base64(text: &str) -> Vec<u8> {
    BASE64_STANDARD.decode(text).unwrap_or_default()
}

fn unquoted(text: &str) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((first, more)) = rest.split_first() {
        let hex = more.get(..2).filter(|_| *first == b'=').and_then(|hex| std::str::from_utf8(hex).ok());
        if let Some(byte) = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            bytes.push(byte);
            rest = &more[2..];
        } else {
            bytes.push(*first);
            rest = more;
        }
    }
    bytes
}

/// `=?utf-8?b?…?=` (RFC 2047) as words; spaces between two such words are none.
fn decoded(value: &str) -> String {
    let (mut text, mut rest) = (String::new(), value);
    let mut bytes = Vec::new();
    while let Some((before, word)) = rest.split_once("=?") {
        let mut parts = word.splitn(4, '?');
        let (Some(_), Some(kind), Some(coded), Some(after)) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            break;
        };
        if !before.trim().is_empty() {
            text.push_str(&String::from_utf8_lossy(&std::mem::take(&mut bytes)));
            text.push_str(before);
        }
        if kind.eq_ignore_ascii_case("b") {
            bytes.extend(from_base64(coded));
        } else {
            bytes.extend(unquoted(&coded.replace('_', " ")));
        }
        rest = after.strip_prefix('=').unwrap_or(after);
    }
    text + &String::from_utf8_lossy(&bytes) + rest
}

#[derive(Debug, Default)]
struct State {
    letters: Vec<Letter>,
    trouble: Option<(Stage, Trouble)>,
    /// What `AUTH PLAIN` must say.
    login: Option<String>,
    connections: usize,
}

/// A mail server on this machine. It speaks no TLS: a test that wants it puts that before it.
#[derive(Debug)]
pub struct FakeMailServer {
    port: u16,
    state: Arc<Mutex<State>>,
    serving: JoinHandle<()>,
}

impl Drop for FakeMailServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl FakeMailServer {
    /// A server that takes every letter.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let state = Arc::<Mutex<State>>::default();
        let served = Arc::clone(&state);
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = Arc::clone(&served);
                tokio::spawn(async move { Talk { state, signed_in: false }.serve(stream).await });
            }
        });
        Ok(Self { port, state, serving })
    }

    /// It wants everybody to sign in so.
    #[must_use]
    pub fn with_login(self, user: &str, password: &str) -> Self {
        locked(&self.state).login = Some(BASE64_STANDARD.encode(format!("\0{user}\0{password}")));
        self
    }

    /// Where it listens, on `127.0.0.1`.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// From now on this happens at a stage.
    pub fn trouble(&self, stage: Stage, trouble: Trouble) {
        locked(&self.state).trouble = Some((stage, trouble));
    }

    /// It is well again.
    pub fn mend(&self) {
        locked(&self.state).trouble = None;
    }

    /// What it has taken, in order.
    pub fn letters(&self) -> Vec<Letter> {
        locked(&self.state).letters.clone()
    }

    /// How often somebody has connected.
    pub fn connections(&self) -> usize {
        locked(&self.state).connections
    }
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A dialogue with one client.
struct Talk {
    state: Arc<Mutex<State>>,
    signed_in: bool,
}

impl Talk {
    async fn serve(mut self, stream: TcpStream) -> io::Result<()> {
        let mut stream = BufReader::new(stream);
        locked(&self.state).connections += 1;
        if !self.answer(&mut stream, Stage::Greeting, "220 fake ESMTP").await? {
            return Ok(());
        }
        let (mut from, mut to, mut line) = (String::new(), String::new(), String::new());
        loop {
            line.clear();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            let said = line.trim_end();
            let verb = said.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            let (stage, reply) = match verb.as_str() {
                "EHLO" => (Stage::Hello, "250-fake\r\n250-8BITMIME\r\n250 AUTH PLAIN"),
                "AUTH" => {
                    let given = said.rsplit(' ').next().map(str::to_owned);
                    self.signed_in = given == locked(&self.state).login;
                    (Stage::SignIn, if self.signed_in { "235 2.7.0 Welcome" } else { "535 5.7.8 Who are you?" })
                }
                "MAIL" => {
                    from = within_brackets(said);
                    let must_sign_in = locked(&self.state).login.is_some() && !self.signed_in;
                    (Stage::Sender, if must_sign_in { "530 5.7.0 Sign in first" } else { "250 2.1.0 Ok" })
                }
                "RCPT" => {
                    to = within_brackets(said);
                    (Stage::Recipient, "250 2.1.5 Ok")
                }
                "DATA" => (Stage::Data, "354 Go on"),
                "QUIT" => return stream.write_all(b"221 2.0.0 Bye\r\n").await,
                _ => (Stage::Hello, "502 5.5.2 What?"),
            };
            if !self.answer(&mut stream, stage, reply).await? {
                return Ok(());
            }
            if stage == Stage::Data && !self.is_troubled(Stage::Data) {
                let raw = letter(&mut stream).await?;
                if !self.is_troubled(Stage::Letter) {
                    let letter = Letter { from: from.clone(), to: to.clone(), raw };
                    locked(&self.state).letters.push(letter);
                }
                if !self.answer(&mut stream, Stage::Letter, "250 2.0.0 Taken").await? {
                    return Ok(());
                }
            }
        }
    }

    fn is_troubled(&self, stage: Stage) -> bool {
        locked(&self.state).trouble.as_ref().is_some_and(|(at, _)| *at == stage)
    }

    /// Says what the stage has to say; `false`: the dialogue is over.
    async fn answer(&self, stream: &mut BufReader<TcpStream>, stage: Stage, reply: &str) -> io::Result<bool> {
        let trouble = locked(&self.state).trouble.clone().filter(|(at, _)| *at == stage).map(|(_, trouble)| trouble);
        let reply = match &trouble {
            None => reply,
            Some(Trouble::Says(said)) => said,
            Some(Trouble::Closes) => return Ok(false),
            Some(Trouble::Hangs) => {
                // Until the client gives up.
                stream.read_to_end(&mut Vec::new()).await?;
                return Ok(false);
            }
        };
        stream.write_all(format!("{reply}\r\n").as_bytes()).await?;
        Ok(true)
    }
}

/// All up to the line with a dot alone.
async fn letter(stream: &mut BufReader<TcpStream>) -> io::Result<String> {
    let (mut raw, mut line) = (String::new(), String::new());
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 || line == ".\r\n" {
            return Ok(raw);
        }
        raw.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}

fn within_brackets(line: &str) -> String {
    let inner = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inner.map(|(address, _)| address.to_owned()).unwrap_or_default()
}
