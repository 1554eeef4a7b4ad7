//! Measures the search. Questions are lines `page.md<TAB>question` (`one.md,other.md` where both are right), with `-` for a page
//! where nothing answers them. Those that only a product answers (`catalogue:ID`) are left out: the search knows pages alone.
//!
//! `cargo run -p voronka-knowledge --example eval -- partners/korica/knowledge tests/data/korica-questions.txt`
//! `cargo run -p voronka-knowledge --example eval -- --synthetic 100000`
//!
//! With `-v` every miss is shown.

use std::{
    collections::HashSet,
    fs,
    io::{self, Write as _},
    path::Path,
    time::{Duration, Instant},
};

use voronka_core::{
    ids::PartnerId,
    ports::{Knowledge, Passage},
    spec::knowledge::{Audience, Page},
};
use voronka_knowledge::KnowledgeIndex;

type Done = Result<(), Box<dyn std::error::Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Done {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let verbose = args.iter().any(|arg| arg == "-v");
    let args: Vec<&str> = args.iter().map(String::as_str).filter(|arg| *arg != "-v").collect();
    match args.as_slice() {
        ["--synthetic", count] => synthetic(count.parse()?).await,
        [folder, questions] => measure(Path::new(folder), Path::new(questions), verbose).await,
        _ => Err("usage: eval [-v] FOLDER QUESTIONS | --synthetic COUNT".into()),
    }
}

async fn measure(folder: &Path, questions: &Path, verbose: bool) -> Done {
    let mut out = io::stdout().lock();
    let (index, partner) = (KnowledgeIndex::in_memory()?, PartnerId::parse("eval")?);
    let pages = read(folder)?;
    let started = Instant::now();
    let indexed = index.index(&partner, &pages).await?;
    writeln!(out, "{} pages, {} passages, indexed in {:?}", pages.len(), indexed.passages, started.elapsed())?;
    let text = fs::read_to_string(questions)?;
    let (mut answerable, mut sure, mut first, mut third) = (0, 0, 0, 0);
    let (mut third_page, mut tenth_page) = (0, 0);
    let (mut unanswerable, mut unsure) = (0, 0);
    let mut times = Vec::new();
    for (page, question) in asked_of_pages(&text) {
        let started = Instant::now();
        let found = index.search(&partner, question, 30).await?;
        times.push(started.elapsed());
        let best = found.first().map_or(0.0, |passage| passage.score);
        let is_sure = best >= Passage::SURE;
        if page == "-" {
            unanswerable += 1;
            unsure += u32::from(!is_sure);
            if verbose {
                let page = found.first().map_or("", |passage| passage.page.as_str());
                writeln!(out, "{} {best:.2} - {question} → {page}", if is_sure { "WRONGLY SURE" } else { "ok" })?;
            }
            continue;
        }
        answerable += 1;
        sure += u32::from(is_sure);
        // Passages are counted, and pages as well: among passages, a page that comes twice takes two places.
        let right = |found: &str| page.split([',', '|']).any(|page| page == found);
        let rank = found.iter().position(|passage| right(&passage.page));
        let mut distinct: Vec<&str> = found.iter().map(|passage| passage.page.as_str()).collect();
        let mut seen = HashSet::new();
        distinct.retain(|page| seen.insert(*page));
        let page_rank = distinct.iter().position(|page| right(page));
        third_page += u32::from(page_rank.is_some_and(|rank| rank < 3));
        tenth_page += u32::from(page_rank.is_some_and(|rank| rank < 10));
        first += u32::from(rank == Some(0));
        third += u32::from(rank.is_some_and(|rank| rank < 3));
        if verbose {
            let place = rank.map_or("none".to_owned(), |rank| (rank + 1).to_string());
            let pages: Vec<String> =
                found.iter().take(3).map(|passage| format!("{} {:.2}", passage.page, passage.score)).collect();
            writeln!(out, "{place} {best:.2} {page} {question} → {}", pages.join(", "))?;
        }
    }
    let share = |part: u32, of: u32| format!("{:.3} ({part}/{of})", f64::from(part) / f64::from(of.max(1)));
    writeln!(out, "hit@1 {}", share(first, answerable))?;
    writeln!(out, "hit@3 {}", share(third, answerable))?;
    writeln!(
        out,
        "page among the first 3 pages {}, 10 pages {}",
        share(third_page, answerable),
        share(tenth_page, answerable)
    )?;
    writeln!(out, "answerable and sure {}", share(sure, answerable))?;
    writeln!(out, "unanswerable recognised {}", share(unsure, unanswerable))?;
    latency(&mut out, times)
}

/// What answers and the question, of each line that pages answer or that nothing does.
fn asked_of_pages(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let of_pages = |answers: &str| answers.split(',').any(|answer| !answer.starts_with("catalogue:"));
    text.lines().filter_map(|line| line.split_once('\t')).filter(move |(answers, _)| of_pages(answers))
}

fn latency(out: &mut impl io::Write, mut times: Vec<Duration>) -> Done {
    times.sort_unstable();
    let at = |percent: usize| times.get((times.len() * percent / 100).min(times.len().saturating_sub(1))).copied();
    writeln!(out, "search p50 {:?}, p99 {:?}", at(50).unwrap_or_default(), at(99).unwrap_or_default())?;
    Ok(())
}

/// Pages of a folder, with the parts of their front matter that matter here.
fn read(folder: &Path) -> Result<Vec<Page>, Box<dyn std::error::Error>> {
    let mut pages = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_none_or(|ext| ext != "md") {
            continue;
        }
        let text = fs::read_to_string(&path)?;
        let (front, body) = match text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n")) {
            Some((front, body)) => (front, body),
            None => ("", text.as_str()),
        };
        let field = |name: &str| {
            let line = front.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            line.map(|value| value.trim().to_owned())
        };
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let heading = body.lines().find_map(|line| line.strip_prefix("# ")).unwrap_or(name);
        let also = field("also").unwrap_or_default();
        pages.push(Page {
            path: name.into(),
            title: field("title").unwrap_or_else(|| heading.to_owned()),
            also: also.trim_matches(['[', ']']).split(',').map(|word| word.trim().to_owned()).collect(),
            valid_until: None,
            audience: if field("for").is_some_and(|who| who.starts_with("team")) {
                Audience::Team
            } else {
                Audience::Customers
            },
            products: Vec::new(),
            lang: None,
            body: body.into(),
        });
    }
    Ok(pages)
}

/// A hundred thousand passages of made-up words, whose frequencies fall as they do in texts.
async fn synthetic(count: usize) -> Done {
    const PASSAGES_A_PAGE: usize = 10;
    const WORDS: usize = 80;
    let mut out = io::stdout().lock();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut chance = move |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let syllables =
        ["ка", "ро", "ви", "те", "сло", "мен", "пра", "дун", "жил", "бор", "чай", "гру", "лес", "нов", "ша", "ки"];
    let vocabulary: Vec<String> = (0..40_000)
        .map(|_| (0..2 + chance(3)).map(|_| syllables[usize::try_from(chance(16)).unwrap_or(0)]).collect())
        .collect();
    // The product of two draws favours the first words: roughly what Zipf found.
    let mut word = || {
        let nth = chance(200) * chance(200);
        vocabulary[usize::try_from(nth).unwrap_or(0)].as_str()
    };
    let mut pages = Vec::new();
    for nth in 0..count.div_ceil(PASSAGES_A_PAGE) {
        let mut body = String::new();
        for _ in 0..PASSAGES_A_PAGE {
            for part in ["\n## ", word(), "\n"] {
                body.push_str(part);
            }
            for _ in 0..WORDS {
                body.push_str(word());
                body.push(' ');
            }
        }
        pages.push(Page {
            path: format!("{nth}.md").into(),
            title: format!("{} {}", word(), word()),
            also: vec![word().to_owned()],
            valid_until: None,
            audience: Audience::Customers,
            products: Vec::new(),
            lang: None,
            body: body.into(),
        });
    }
    let (index, partner) = (KnowledgeIndex::in_memory()?, PartnerId::parse("eval")?);
    let started = Instant::now();
    let indexed = index.index(&partner, &pages).await?;
    writeln!(out, "{} passages indexed in {:?}", indexed.passages, started.elapsed())?;
    let mut times = Vec::new();
    for nth in 0..400 {
        let mut question = format!("{} {} {} {}", word(), word(), word(), word());
        if nth % 4 == 0 {
            // A typing error in every fourth question.
            question.push_str("кщ");
        }
        let started = Instant::now();
        index.search(&partner, &question, 5).await?;
        times.push(started.elapsed());
    }
    latency(&mut out, times)
}
