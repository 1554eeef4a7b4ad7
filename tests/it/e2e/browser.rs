//! Headless Chromium over its own protocol, through a pipe: no port, no driver, nothing to install but the browser.

use std::{
    collections::HashMap,
    path::PathBuf,
    process::Stdio,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{Child, ChildStdin, ChildStdout, Command},
    sync::oneshot,
};

use super::customer::Customer;

/// File descriptors 3 and 4 are where Chromium reads and writes; a shell puts them there.
const LAUNCH: &str = "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>/dev/null";

const FLAGS: [&str; 11] = [
    "--headless",
    "--remote-debugging-pipe",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=420,800",
];

type Waiting = Arc<Mutex<HashMap<u64, oneshot::Sender<Value>>>>;

/// A browser with one page.
pub(crate) struct Browser {
    _child: Child,
    _profile: TempDir,
    pipe: ChildStdin,
    waiting: Waiting,
    /// What went wrong in the page's own scripts.
    complaints: Arc<Mutex<Vec<String>>>,
    session: Option<String>,
    last: u64,
    /// Position of the last message that was heard.
    heard: i64,
}

fn executable() -> PathBuf {
    let named = std::env::var_os("CHROMIUM").map(PathBuf::from);
    let usual = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].map(PathBuf::from);
    let found = named.into_iter().chain(usual).find(|path| path.is_file());
    found.expect("Chromium is installed (`cargo xtask test --only browser` does it), or CHROMIUM names it")
}

impl Browser {
    /// Starts it and opens a page.
    pub(crate) async fn open(url: &str) -> Self {
        let profile = tempfile::tempdir().expect("a folder for the profile");
        let mut command = Command::new("sh");
        command.arg("-c").arg(LAUNCH).arg(executable()).args(FLAGS);
        command.arg(format!("--user-data-dir={}", profile.path().display())).arg("about:blank");
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("the browser starts");
        let pipe = child.stdin.take().expect("the pipe in");
        let output = child.stdout.take().expect("the pipe out");
        let (waiting, complaints) = (Waiting::default(), Arc::default());
        tokio::spawn(listen(output, Arc::clone(&waiting), Arc::clone(&complaints)));
        let mut browser =
            Self { _child: child, _profile: profile, pipe, waiting, complaints, session: None, last: 0, heard: 0 };
        let target = browser.call("Target.createTarget", json!({"url": "about:blank"})).await;
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let attached = browser.call("Target.attachToTarget", attach).await;
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        browser.call("Runtime.enable", json!({})).await;
        browser.call("Page.enable", json!({})).await;
        browser.call("Page.navigate", json!({"url": url})).await;
        browser
    }

    async fn call(&mut self, method: &str, params: Value) -> Value {
        self.last += 1;
        let mut call = json!({"id": self.last, "method": method, "params": params});
        if let Some(session) = &self.session {
            call["sessionId"] = json!(session);
        }
        let (told, answer) = oneshot::channel();
        self.waiting.lock().expect("no test panics while it holds this").insert(self.last, told);
        let mut bytes = call.to_string().into_bytes();
        bytes.push(0);
        self.pipe.write_all(&bytes).await.expect("the browser listens");
        let answer = tokio::time::timeout(super::PATIENCE, answer).await;
        let answer = answer.unwrap_or_else(|_| panic!("{method} was not answered")).expect("the browser lives");
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
    }

    /// The value of an expression in the page; null while the page is being loaded.
    pub(crate) async fn value(&mut self, expression: &str) -> Value {
        let answer = self.call("Runtime.evaluate", json!({"expression": expression, "returnByValue": true})).await;
        answer["result"]["value"].clone()
    }

    /// Waits until an expression gives something: not null, false or "".
    pub(crate) async fn until(&mut self, expression: &str) -> Value {
        let mut ticks = tokio::time::interval(super::LOOK_EVERY);
        let deadline = tokio::time::Instant::now() + super::PATIENCE;
        loop {
            ticks.tick().await;
            let value = self.value(expression).await;
            if !matches!(&value, Value::Null | Value::Bool(false)) && value != "" {
                return value;
            }
            if tokio::time::Instant::now() > deadline {
                let page = self.value("document.body.innerText").await;
                panic!("the page did not come to {expression}; it shows:\n{}", page.as_str().unwrap_or("nothing"));
            }
        }
    }

    pub(crate) async fn reload(&mut self) {
        self.value("document.documentElement.dataset.before = 'reload'").await;
        self.call("Page.reload", json!({})).await;
        self.until("!document.documentElement.dataset.before && document.readyState === 'complete'").await;
        self.ready().await;
    }

    /// Waits until the chat has shown its history.
    pub(crate) async fn ready(&mut self) {
        self.until("document.getElementById('chat')?.dataset.state === 'ready'").await;
    }

    /// Clicks with the mouse on what an expression finds: what lies under something else is not hit.
    pub(crate) async fn click(&mut self, element: &str) {
        let place = format!(
            "(() => {{
                const it = {element};
                if (!it || it.disabled) return null;
                it.scrollIntoView({{ block: 'center', inline: 'center', behavior: 'instant' }});
                const box = it.getBoundingClientRect();
                const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
                const hit = document.elementFromPoint(x, y);
                return hit && (hit === it || it.contains(hit)) ? [x, y] : null;
            }})()"
        );
        let place = self.until(&place).await;
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({"type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1});
            self.call("Input.dispatchMouseEvent", event).await;
        }
    }

    /// Types into the element that has the focus.
    pub(crate) async fn type_text(&mut self, text: &str) {
        self.call("Input.insertText", json!({"text": text})).await;
    }

    pub(crate) async fn enter(&mut self) {
        for kind in ["keyDown", "keyUp"] {
            let key = json!({"type": kind, "key": "Enter", "code": "Enter", "text": "\r", "windowsVirtualKeyCode": 13});
            self.call("Input.dispatchKeyEvent", key).await;
        }
    }

    /// Uncaught errors of the page's scripts.
    pub(crate) fn complaints(&self) -> Vec<String> {
        self.complaints.lock().expect("no test panics while it holds this").clone()
    }

    /// All messages shown: author and words.
    pub(crate) async fn log(&mut self) -> Vec<(String, String)> {
        let all = "[...document.querySelectorAll('#log [data-author]')].map((node) =>
            [node.dataset.author, (node.querySelector('.words') ?? node).textContent])";
        serde_json::from_value(self.value(all).await).expect("pairs of texts")
    }
}

async fn listen(output: ChildStdout, waiting: Waiting, complaints: Arc<Mutex<Vec<String>>>) {
    let mut output = BufReader::new(output);
    let mut bytes = Vec::new();
    while let Ok(1..) = output.read_until(0, &mut bytes).await {
        let told: Value = serde_json::from_slice(bytes.strip_suffix(&[0]).unwrap_or(&bytes)).unwrap_or_default();
        bytes.clear();
        if let Some(id) = told["id"].as_u64() {
            let asked = waiting.lock().expect("no test panics while it holds this").remove(&id);
            if let Some(asked) = asked {
                // Whoever asked may have given up.
                let _given_up = asked.send(told);
            }
        } else if told["method"] == "Runtime.exceptionThrown" {
            let what = told["params"]["exceptionDetails"].to_string();
            complaints.lock().expect("no test panics while it holds this").push(what);
        }
    }
}

impl Customer for Browser {
    async fn say(&mut self, text: &str) {
        self.click("document.getElementById('input')").await;
        self.type_text(text).await;
        self.enter().await;
    }

    async fn press(&mut self, label: &str) {
        let label = json!(label);
        self.click(&format!(
            "([...document.querySelectorAll('#choices button.press')].find((button) => button.textContent === {label})
                ?? [...document.querySelectorAll('#log .card')].reverse()
                    .find((card) => card.querySelector('h2')?.textContent === {label})?.querySelector('button'))"
        ))
        .await;
    }

    async fn give_phone(&mut self, phone: &str) {
        self.click("document.getElementById('phone')").await;
        self.type_text(phone).await;
        self.click("document.querySelector('form.contact button[type=submit]')").await;
    }

    async fn hear(&mut self, words: &[&str]) -> String {
        let (heard, words) = (self.heard, json!(words));
        let found = self
            .until(&format!(
                "(() => {{
                    const node = [...document.querySelectorAll('#log [data-author][data-seq]')].find((node) =>
                        node.dataset.author !== 'customer' && Number(node.dataset.seq) > {heard}
                        && {words}.every((word) => node.textContent.replace(/[\\u00a0\\u202f]/g, ' ').includes(word)));
                    return node ? [Number(node.dataset.seq), node.textContent] : null;
                }})()"
            ))
            .await;
        self.heard = found[0].as_i64().expect("a position");
        found[1].as_str().unwrap_or_default().to_owned()
    }
}
