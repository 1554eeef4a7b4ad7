//! Measures the search in many passages. Right answers are counted by `voronka eval PARTNER` and by the example `manual`.
//!
//! `cargo run --release -p voronka-knowledge --example eval -- --synthetic 100000`

use std::{
    io::{self, Write as _},
    time::{Duration, Instant},
};

use voronka_core::{
    ids::PartnerId,
    ports::Knowledge,
    spec::knowledge::{Audience, Page},
};
use voronka_knowledge::KnowledgeIndex;

type Done = Result<(), Box<dyn std::error::Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Done {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["--synthetic", count] => synthetic(count.parse()?).await,
        _ => Err("usage: eval --synthetic COUNT".into()),
    }
}

fn latency(out: &mut impl io::Write, mut times: Vec<Duration>) -> Done {
    times.sort_unstable();
    let at = |percent: usize| times.get((times.len() * percent / 100).min(times.len().saturating_sub(1))).copied();
    writeln!(out, "search p50 {:?}, p99 {:?}", at(50).unwrap_or_default(), at(99).unwrap_or_default())?;
    Ok(())
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
