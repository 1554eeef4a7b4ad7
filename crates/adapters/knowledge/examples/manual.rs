//! Searches a large Russian manual and compares with what SQLite has to offer: FTS5 and its BM25 over Snowball stems.
//!
//! The manual is Debian's `libreoffice-help-ru`, whose human index (`bookmarks.js`) maps some 4,100 Russian phrases to pages:
//! every phrase is a question, the pages that it names are right. Phrases whose SHA-256 is even may be tuned on, the odd ones
//! judge.
//!
//! ```sh
//! apt-get download libreoffice-help-ru && dpkg -x libreoffice-help-ru_*.deb DIR
//! cargo run --release -p voronka-knowledge --example manual -- DIR/usr/share/libreoffice/help
//! ```

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    fs,
    io::{self, Write as _},
    path::Path,
    time::{Duration, Instant},
};

use rusqlite::Connection;
use sha2::{Digest as _, Sha256};
use voronka_core::{
    ids::PartnerId,
    lang::normal::Words,
    ports::Knowledge,
    spec::knowledge::{Audience, Page},
};
use voronka_knowledge::KnowledgeIndex;

type Done<T> = Result<T, Box<dyn std::error::Error>>;

/// Passages that are asked for, so that ten pages are among them.
const PASSAGES: usize = 30;
/// Each phrase is searched so many times, each time in a fresh index; the shortest time counts.
const ROUNDS: usize = 3;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Done<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let verbose = args.iter().any(|arg| arg == "-v");
    let Some(folder) = args.iter().find(|arg| *arg != "-v") else {
        return Err("usage: manual [-v] FOLDER-WITH-ru".into());
    };
    let folder = Path::new(folder);
    let pages = pages(folder)?;
    let phrases = phrases(&fs::read_to_string(folder.join("ru/bookmarks.js"))?);
    let mut out = io::stdout().lock();
    writeln!(out, "{} pages, {} phrases", pages.len(), phrases.len())?;

    let partner = PartnerId::parse("manual")?;
    let peer = Peer::over(&pages)?;
    let (mut ours, mut theirs) = (Halves::default(), Halves::default());
    for round in 0..ROUNDS {
        let index = KnowledgeIndex::in_memory()?;
        let started = Instant::now();
        let indexed = index.index(&partner, &pages).await?;
        if round == 0 {
            writeln!(out, "{} passages indexed in {:?}", indexed.passages, started.elapsed())?;
        }
        for (nth, (phrase, right)) in phrases.iter().enumerate() {
            let started = Instant::now();
            let passages = index.search(&partner, phrase, PASSAGES).await?;
            ours.took(nth, started.elapsed());
            let started = Instant::now();
            let found = peer.search(phrase)?;
            theirs.took(nth, started.elapsed());
            if round > 0 {
                continue;
            }
            theirs.count(phrase, right, &found);
            let mut seen = HashSet::new();
            let found: Vec<String> =
                passages.into_iter().map(|passage| passage.page).filter(|page| seen.insert(page.clone())).collect();
            ours.count(phrase, right, &found);
            if verbose && is_even(phrase) {
                let place = found.iter().position(|page| right.contains(page));
                let place = place.map_or("none".into(), |at| (at + 1).to_string());
                let right: Vec<&str> = right.iter().map(String::as_str).collect();
                writeln!(out, "{place}\t{phrase}\t{}\t{}", right.join(","), found[..found.len().min(3)].join(","))?;
            }
        }
    }
    for (name, halves) in [("voronka", &mut ours), ("fts5", &mut theirs)] {
        for (half, score) in [("even", &halves.even), ("odd", &halves.odd)] {
            writeln!(out, "{name} {half}: hit@1 {:.3}, hit@10 {:.3} of {}", score.at_1(), score.at_10(), score.asked)?;
        }
        halves.times.sort_unstable();
        let at = |percent: usize| halves.times.get(halves.times.len() * percent / 100).copied().unwrap_or_default();
        writeln!(out, "{name} search p50 {:?}, p99 {:?}", at(50), at(99))?;
    }
    Ok(())
}

fn is_even(phrase: &str) -> bool {
    Sha256::digest(phrase.as_bytes()).last().is_some_and(|byte| byte % 2 == 0)
}

#[derive(Debug, Default)]
struct Score {
    asked: u32,
    first: u32,
    tenth: u32,
}

impl Score {
    fn at_1(&self) -> f64 {
        f64::from(self.first) / f64::from(self.asked.max(1))
    }

    fn at_10(&self) -> f64 {
        f64::from(self.tenth) / f64::from(self.asked.max(1))
    }
}

#[derive(Debug, Default)]
struct Halves {
    even: Score,
    odd: Score,
    times: Vec<Duration>,
}

impl Halves {
    /// The shortest time of a phrase's searches: the machine may have other things to do.
    fn took(&mut self, nth: usize, time: Duration) {
        match self.times.get_mut(nth) {
            Some(least) => *least = time.min(*least),
            None => self.times.push(time),
        }
    }

    fn count(&mut self, phrase: &str, right: &BTreeSet<String>, found: &[String]) {
        let place = found.iter().position(|page| right.contains(page));
        let score = if is_even(phrase) { &mut self.even } else { &mut self.odd };
        score.asked += 1;
        score.first += u32::from(place == Some(0));
        score.tenth += u32::from(place.is_some_and(|at| at < 10));
    }
}

/// SQLite's full-text search over stems, a page a row.
struct Peer(Connection);

impl Peer {
    fn over(pages: &[Page]) -> Done<Self> {
        let db = Connection::open_in_memory()?;
        db.execute_batch("create virtual table pages using fts5(path unindexed, title, body, tokenize = 'unicode61')")?;
        let mut insert = db.prepare("insert into pages (path, title, body) values (?1, ?2, ?3)")?;
        for page in pages {
            insert.execute((&page.path, stems(&page.title), stems(&page.body)))?;
        }
        drop(insert);
        Ok(Self(db))
    }

    fn search(&self, phrase: &str) -> Done<Vec<String>> {
        let words: Vec<String> = stems(phrase).split(' ').map(|stem| format!("\"{stem}\"")).collect();
        let mut query = self.0.prepare_cached("select path from pages where pages match ?1 order by rank limit 10")?;
        let found = query.query_map([words.join(" OR ")], |row| row.get::<_, String>(0))?;
        Ok(found.collect::<Result<_, _>>()?)
    }
}

/// Stems of the words of a text.
fn stems(text: &str) -> String {
    // `Words` reads 32 KiB.
    let mut stems: Vec<String> = Vec::new();
    for line in text.lines() {
        stems.extend(Words::of(line).said().map(|(_, word)| word.stem.to_owned()));
    }
    stems.join(" ")
}

/// The Russian phrases of the index, each with the pages that it names.
fn phrases(script: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut phrases: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in script.lines() {
        let field = |name: &str| {
            let from = line.find(name)? + name.len();
            Some(&line[from..from + line[from..].find('"')?])
        };
        let (Some(url), Some(text)) = (field("url:\""), field("text:\"")) else { continue };
        if text.chars().any(|c| matches!(c, 'А'..='я' | 'ё' | 'Ё')) {
            let page = url.split(['?', '#']).next().unwrap_or(url);
            phrases.entry(plain(text)).or_default().insert(page.to_owned());
        }
    }
    phrases
}

fn pages(folder: &Path) -> Done<Vec<Page>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.join("ru/text")];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ext| ext == "html") {
                files.push(path);
            }
        }
    }
    files.sort_unstable();
    let mut pages = Vec::new();
    for file in files {
        let html = fs::read_to_string(&file)?;
        let path = file.strip_prefix(folder)?.to_string_lossy().into_owned();
        pages.push(page(&path, &html));
    }
    Ok(pages)
}

/// A page as its reader sees it: without what the page says to programs, the words of its index among it.
fn page(path: &str, html: &str) -> Page {
    let title = between(html, "<title>", "</title>").map(plain).unwrap_or_default();
    let shown = between(html, "<div id=\"DisplayArea\"", "<div id=\"SearchFrame\"").unwrap_or_default();
    let mut body = String::new();
    for part in shown.split('<').skip(1) {
        let (tag, text) = part.split_once('>').unwrap_or((part, ""));
        let tag = tag.split([' ', '\n']).next().unwrap_or_default();
        match tag {
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                body.push_str("\n\n");
                body.push_str(&"######"[..tag.as_bytes().last().map_or(1, |digit| usize::from(digit - b'0'))]);
                body.push(' ');
            }
            "/h1" | "/h2" | "/h3" | "/h4" | "/h5" | "/h6" | "p" | "/p" | "li" | "tr" | "pre" | "/pre" | "div"
            | "/div" => {
                body.push_str("\n\n");
            }
            "br" => body.push('\n'),
            _ => {}
        }
        let text = plain(text);
        if body.ends_with('\n') {
            body.push_str(text.trim_start());
        } else {
            body.push_str(&text.replace('\n', " "));
        }
    }
    Page {
        path: path.into(),
        title,
        also: Vec::new(),
        valid_until: None,
        audience: Audience::Customers,
        products: Vec::new(),
        lang: None,
        body: body.into(),
    }
}

fn between<'t>(text: &'t str, from: &str, to: &str) -> Option<&'t str> {
    let rest = &text[text.find(from)? + from.len()..];
    Some(&rest[..rest.find(to).unwrap_or(rest.len())])
}

fn plain(text: &str) -> String {
    let pairs = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&nbsp;", " "),
        ("&amp;", "&"),
    ];
    pairs
        .iter()
        .fold(text.to_owned(), |text, (code, sign)| text.replace(code, sign))
        .trim_end_matches('\u{a0}')
        .to_owned()
}
