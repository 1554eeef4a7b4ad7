//! The owner's pages over a large shop: each is asked for many times of the binary as it is shipped.

use std::{
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    time::{Duration, Instant},
};

use super::{Stand, figure::Figure};
use crate::shell::{self, Failure};

/// The partner that the binary carries.
const PARTNER: &str = "korica";
/// How long the server may take to begin.
const PATIENCE: Duration = Duration::from_mins(1);
/// What no page may take longer than, at the 99th of a hundred, in milliseconds.
const BUDGET_MS: f64 = 50.0;

/// 100,000 conversations with 1,000,000 messages.
pub(super) fn measure(stand: &mut Stand) -> Result<Vec<Figure>, Failure> {
    let (conversations, times) = if stand.extent.quick { (2_000, 20) } else { (100_000, 200) };
    let folder = tempfile::tempdir().map_err(|error| format!("no folder for throw-away files: {error}"))?;
    fill(&folder.path().join("voronka.db"), conversations)?;
    let port = free_port()?;
    let mut server = std::process::Command::new(&stand.binary);
    server.arg("demo").args(["--port", &port.to_string(), "--data"]).arg(folder.path());
    server.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    let mut server = Server(server.spawn().map_err(|error| format!("the binary does not start: {error}"))?);
    wait_for(port)?;
    let mut slowest = (0.0, 0.0, String::new());
    for page in addresses(port)? {
        let mut took = Vec::with_capacity(times);
        let mut bytes = 0;
        for _ in 0..times {
            let begun = Instant::now();
            bytes = ask(port, &page)?.len();
            took.push(begun.elapsed().as_secs_f64() * 1e3);
        }
        took.sort_by(f64::total_cmp);
        let (p50, p99) = (took[times / 2], took[times * 99 / 100]);
        shell::say(&format!("  {page}: p50 {p50:.1} ms, p99 {p99:.1} ms, {bytes} bytes"));
        if p99 > slowest.1 {
            slowest = (p50, p99, page);
        }
    }
    server.end();
    let (p50, p99, page) = slowest;
    let of = format!("{conversations} conversations, {} messages", conversations * 10);
    // Their addresses hold letters of any kind: a table wants them short.
    let page = page.split('?').next().unwrap_or_default().split('/').nth(3).unwrap_or_default().to_owned();
    Ok(vec![
        Figure::new("pages_p99", format!("the owner's slowest page ({page}) over {of}, p99"), "ms", vec![p99])
            .at_most(BUDGET_MS),
        Figure::new("pages_p50", "the same, p50", "ms", vec![p50]),
    ])
}

/// A server that ends with its handle.
struct Server(std::process::Child);

impl Server {
    fn end(&mut self) {
        // It keeps nothing that anybody wants.
        let _ended = self.0.kill().and_then(|()| self.0.wait());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

fn fill(file: &Path, conversations: usize) -> Result<(), Failure> {
    let mut cargo = shell::cargo();
    cargo.args(["run", "--release", "--quiet", "-p", "voronka-sqlite", "--example", "fill", "--"]);
    shell::run(cargo.arg(file).args([conversations.to_string(), (conversations * 10).to_string(), PARTNER.to_owned()]))
}

fn free_port() -> Result<u16, Failure> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").map_err(|error| format!("no port: {error}"))?;
    listener.local_addr().map(|address| address.port()).map_err(|error| format!("no port: {error}"))
}

fn wait_for(port: u16) -> Result<(), Failure> {
    let begun = Instant::now();
    while ask(port, "/healthz").is_err() {
        if begun.elapsed() > PATIENCE {
            return Err("the server does not answer".to_owned());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// Every page, with its filters and searches.
fn addresses(port: u16) -> Result<Vec<String>, Failure> {
    let base = format!("/admin/{PARTNER}");
    let inbox = ask(port, &format!("{base}/chats"))?;
    let link = format!("{base}/chats/");
    let at = inbox.find(&link).ok_or("the inbox is empty")? + link.len();
    let conversation: String = inbox[at..].chars().take_while(|c| c.is_ascii_hexdigit() || *c == '-').collect();
    // «Ёлкина», a phone's end, «медовик», and «нетакого»: all is looked through for what nobody said.
    let (name, phone, word) =
        ("%D0%81%D0%BB%D0%BA%D0%B8%D0%BD%D0%B0", "345-67", "%D0%BC%D0%B5%D0%B4%D0%BE%D0%B2%D0%B8%D0%BA");
    let unheard = "%D0%BD%D0%B5%D1%82%D0%B0%D0%BA%D0%BE%D0%B3%D0%BE";
    let pages = [
        "chats".to_owned(),
        deep(port, &base, "chats")?,
        "chats?owner=nobody".to_owned(),
        format!("chats?q={name}"),
        format!("chats?q={phone}"),
        format!("chats?q={word}"),
        format!("chats?q={unheard}"),
        format!("chats/{conversation}"),
        format!("chats/{conversation}/messages?after=8"),
        "leads".to_owned(),
        deep(port, &base, "leads")?,
        "leads?t=hot".to_owned(),
        format!("leads?q={name}"),
        format!("leads?q={unheard}"),
        "orders".to_owned(),
        "orders?view=list".to_owned(),
        deep(port, &base, "orders?show=all")?,
        format!("orders?show=all&q={unheard}"),
        format!("orders?show=all&q={name}"),
        format!("orders?q={word}"),
        "more".to_owned(),
        "questions".to_owned(),
        "questions?show=wrong".to_owned(),
        "settings".to_owned(),
        "settings/file?path=config.yaml".to_owned(),
    ];
    Ok(pages.into_iter().map(|page| format!("{base}/{page}")).collect())
}

/// The hundredth page of a list, as its reader comes to it.
fn deep(port: u16, base: &str, list: &str) -> Result<String, Failure> {
    let mut page = list.to_owned();
    for _ in 1..100 {
        let html = ask(port, &format!("{base}/{page}"))?;
        let Some((_, next)) = html.split_once(&format!("rel=\"next\" href=\"{base}/")) else { break };
        page = next.split('"').next().unwrap_or_default().replace("&#38;", "&");
    }
    Ok(page)
}

/// One request over a connection of its own, as a browser's first.
fn ask(port: u16, path: &str) -> Result<String, Failure> {
    let failed = |error: std::io::Error| format!("{path}: {error}");
    let mut stream = TcpStream::connect(("127.0.0.1", port)).map_err(failed)?;
    let request =
        format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\naccept-language: ru\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).map_err(failed)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).map_err(failed)?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    if answer.starts_with("HTTP/1.1 200") {
        Ok(answer)
    } else {
        Err(format!("{path}: {}", answer.lines().next().unwrap_or("no answer")))
    }
}
