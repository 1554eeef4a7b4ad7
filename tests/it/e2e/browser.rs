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
    /// Where expressions are evaluated: the page itself, or the frame in it.
    context: Option<i64>,
}

/// How large the page is shown, and in which colours.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Screen {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// `light` or `dark`.
    pub(crate) colors: &'static str,
}

impl Screen {
    /// What a picture on it is called.
    pub(crate) fn named(self, of: &str) -> String {
        format!("{of}-{}-{}", self.width, self.colors)
    }
}

/// A phone and a desk, by day and by night (UI.md).
pub(crate) const SCREENS: [Screen; 4] = [
    Screen { width: 390, height: 844, colors: "light" },
    Screen { width: 390, height: 844, colors: "dark" },
    Screen { width: 1440, height: 900, colors: "light" },
    Screen { width: 1440, height: 900, colors: "dark" },
];

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
        let mut browser = Self {
            _child: child,
            _profile: profile,
            pipe,
            waiting,
            complaints,
            session: None,
            last: 0,
            heard: 0,
            context: None,
        };
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

    /// Where the visitor is, and that they let pages know; `None`: they don't.
    pub(crate) async fn stand_at(&mut self, place: Option<(f64, f64)>) {
        let session = self.session.take();
        let setting = if place.is_some() { "granted" } else { "denied" };
        let permission = json!({"permission": {"name": "geolocation"}, "setting": setting});
        self.call("Browser.setPermission", permission).await;
        self.session = session;
        if let Some((latitude, longitude)) = place {
            let place = json!({"latitude": latitude, "longitude": longitude, "accuracy": 10});
            self.call("Emulation.setGeolocationOverride", place).await;
        }
    }

    /// The value of an expression in the page; null while the page is being loaded.
    pub(crate) async fn value(&mut self, expression: &str) -> Value {
        let mut asked = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        if let Some(context) = self.context {
            asked["contextId"] = json!(context);
        }
        let answer = self.call("Runtime.evaluate", asked).await;
        answer["result"]["value"].clone()
    }

    /// Goes on in the first frame of the page: what is asked from now on is asked there.
    pub(crate) async fn enter_frame(&mut self) {
        self.context = None;
        let mut ticks = tokio::time::interval(super::LOOK_EVERY);
        let deadline = tokio::time::Instant::now() + super::PATIENCE;
        let frame = loop {
            ticks.tick().await;
            let tree = self.call("Page.getFrameTree", json!({})).await;
            let inner = tree["frameTree"]["childFrames"][0]["frame"].clone();
            if inner["url"].as_str().is_some_and(|url| url.starts_with("http")) {
                break inner["id"].clone();
            }
            assert!(tokio::time::Instant::now() < deadline, "no frame: {tree}");
        };
        let world = self.call("Page.createIsolatedWorld", json!({"frameId": frame})).await;
        self.context = world["executionContextId"].as_i64();
    }

    /// Goes on in the page itself.
    pub(crate) fn leave_frame(&mut self) {
        self.context = None;
    }

    /// Shows the page on such a screen.
    pub(crate) async fn show_on(&mut self, screen: Screen) {
        let phone = screen.width < 600;
        let metrics = json!({"width": screen.width, "height": screen.height, "deviceScaleFactor": 1, "mobile": phone});
        self.call("Emulation.setDeviceMetricsOverride", metrics).await;
        let features = json!([{"name": "prefers-color-scheme", "value": screen.colors}]);
        self.call("Emulation.setEmulatedMedia", json!({"features": features})).await;
    }

    /// Asks for less motion, as people set it in their system.
    pub(crate) async fn hold_still(&mut self) {
        let features = json!([{"name": "prefers-reduced-motion", "value": "reduce"}]);
        self.call("Emulation.setEmulatedMedia", json!({"features": features})).await;
    }

    /// A picture of what is seen, in the target folder, for people to look at.
    pub(crate) async fn picture(&mut self, name: &str) -> PathBuf {
        let shot = self.call("Page.captureScreenshot", json!({"format": "png"})).await;
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("screens");
        std::fs::create_dir_all(&folder).expect("a folder in the target folder");
        let path = folder.join(format!("{name}.png"));
        let bytes = base64(shot["data"].as_str().expect("a picture"));
        std::fs::write(&path, bytes).expect("it can be written");
        path
    }

    /// Waits until the page's images are there and nothing on it moves.
    pub(crate) async fn settled(&mut self) {
        let loaded = "[...document.images].every((image) => image.complete || image.loading === 'lazy')";
        let still = "document.getAnimations().every((one) => one.effect.getTiming().iterations === Infinity)";
        self.until(&format!("{loaded} && {still}")).await;
    }

    /// What axe finds wrong, each with its place; nothing when there is no axe on this machine.
    pub(crate) async fn violations(&mut self) -> Vec<String> {
        let Some(axe) = std::env::var_os("AXE").and_then(|path| std::fs::read_to_string(path).ok()) else {
            super::left_out("axe was not asked: npm has no axe-core here");
            return Vec::new();
        };
        self.value(&format!("{axe}; 'loaded'")).await;
        let found = self
            .value(
                "axe.run(document, { resultTypes: ['violations'] }).then((result) => result.violations.flatMap((one) =>
                one.nodes.map((node) => `${one.id}: ${node.target} ${node.failureSummary}`)))",
            )
            .await;
        serde_json::from_value(found).expect("a list of findings")
    }

    /// Looks at a page on every screen: a picture of each, nothing that hangs out, nothing too small to be touched, and what
    /// axe finds wrong, which is nothing.
    pub(crate) async fn look(&mut self, name: &str) {
        let mut wrong = Vec::new();
        for screen in SCREENS {
            self.show_on(screen).await;
            self.settled().await;
            self.picture(&screen.named(name)).await;
            if self.value("document.documentElement.scrollWidth > innerWidth").await == json!(true) {
                wrong.push(format!("{screen:?}: it hangs out"));
            }
            if self.value("document.querySelector('main').getBoundingClientRect().width < 340").await == json!(true) {
                wrong.push(format!("{screen:?}: its content is squeezed"));
            }
            let small = self
                .value(
                    "innerWidth > 600 ? [] : [...document.querySelectorAll('button, a.button, input:not([type=hidden]), textarea, select, summary')]
                    .filter((node) => node.offsetParent && !node.closest('.vh'))
                    .filter((node) => { const box = node.getBoundingClientRect(); return box.width > 2 && box.height < 44; })
                    .map((node) => `too small: ${node.outerHTML}`)",
                )
                .await;
            wrong.extend(serde_json::from_value::<Vec<String>>(small).expect("texts"));
            wrong.extend(self.violations().await.into_iter().map(|one| format!("{screen:?}: {one}")));
        }
        assert_eq!(wrong, Vec::<String>::new(), "{name}");
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

    /// Opens another page.
    pub(crate) async fn go(&mut self, url: &str) {
        self.context = None;
        self.value("document.documentElement.dataset.before = 'go'").await;
        self.call("Page.navigate", json!({"url": url})).await;
        self.until("!document.documentElement.dataset.before && document.readyState === 'complete'").await;
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

    /// Clicks with the mouse on something in a shadow, wherever the page has put it.
    pub(crate) async fn click_on(&mut self, element: &str) {
        let place = format!(
            "(() => {{
                const box = {element}?.getBoundingClientRect();
                return box && box.width ? [box.x + box.width / 2, box.y + box.height / 2] : null;
            }})()"
        );
        let place = self.until(&place).await;
        self.press_at(&place[0], &place[1]).await;
    }

    async fn press_at(&mut self, x: &Value, y: &Value) {
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1});
            self.call("Input.dispatchMouseEvent", event).await;
        }
    }

    /// Clicks with the mouse on what an expression finds, once it rests: what lies under something else is not hit, and what moves
    /// or is being swapped is not either.
    pub(crate) async fn click(&mut self, element: &str) {
        let place = format!(
            "(() => {{
                const it = {element};
                if (!it || it.disabled || document.querySelector('.htmx-request, .htmx-swapping, .htmx-settling')) return null;
                it.scrollIntoView({{ block: 'center', inline: 'center', behavior: 'instant' }});
                const box = it.getBoundingClientRect();
                const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
                const hit = document.elementFromPoint(x, y);
                const before = window.seen;
                window.seen = {{ it, x, y }};
                const rests = before && before.it === it && before.x === x && before.y === y;
                return rests && hit && (hit === it || it.contains(hit)) ? [x, y] : null;
            }})()"
        );
        let place = self.until(&place).await;
        let (left, top) = self.frame_corner().await;
        let (x, y) = (place[0].as_f64().unwrap_or_default() + left, place[1].as_f64().unwrap_or_default() + top);
        self.press_at(&json!(x), &json!(y)).await;
    }

    /// Where the frame that we are in begins.
    async fn frame_corner(&mut self) -> (f64, f64) {
        let Some(context) = self.context.take() else { return (0.0, 0.0) };
        let corner = "(() => {
            const chat = document.querySelector('voronka-chat').shadowRoot.querySelector('iframe');
            const box = chat.getBoundingClientRect();
            return [box.x + chat.clientLeft, box.y + chat.clientTop];
        })()";
        let corner = self.value(corner).await;
        self.context = Some(context);
        (corner[0].as_f64().unwrap_or_default(), corner[1].as_f64().unwrap_or_default())
    }

    /// Types into the element that has the focus.
    pub(crate) async fn type_text(&mut self, text: &str) {
        self.call("Input.insertText", json!({"text": text})).await;
    }

    pub(crate) async fn enter(&mut self) {
        self.key("Enter", "Enter", 13, "\r").await;
    }

    pub(crate) async fn escape(&mut self) {
        self.key("Escape", "Escape", 27, "").await;
    }

    pub(crate) async fn tab(&mut self) {
        self.key("Tab", "Tab", 9, "").await;
    }

    async fn key(&mut self, key: &str, code: &str, number: u32, text: &str) {
        for kind in ["keyDown", "keyUp"] {
            let mut event = json!({"type": kind, "key": key, "code": code, "windowsVirtualKeyCode": number});
            if !text.is_empty() {
                event["text"] = json!(text);
            }
            self.call("Input.dispatchKeyEvent", event).await;
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

/// What Chromium writes pictures in.
fn base64(text: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bytes, mut held, mut bits) = (Vec::new(), 0_u32, 0);
    for letter in text.bytes() {
        let Some(value) = DIGITS.iter().position(|digit| *digit == letter) else { continue };
        held = (held << 6) | u32::try_from(value).expect("below 64");
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from((held >> bits) & 0xff).expect("a byte"));
        }
    }
    bytes
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
