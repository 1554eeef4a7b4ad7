//! `voronka score`: whether a partner's scores tell who buys, and what changed rules would change.

mod eval;
mod replay;

use std::{borrow::Cow, process::ExitCode};

use voronka_core::lead::Temperature;

use crate::{
    cli::{Score, ScoreWish},
    out::Problem,
    texts::Texts,
};

pub(crate) async fn run(wish: Score, texts: &Texts) -> Result<ExitCode, Problem> {
    match wish.wish {
        ScoreWish::Eval(wish) => eval::run(&wish, texts),
        ScoreWish::Replay(wish) => replay::run(&wish, texts).await,
    }
}

/// How warm, in a word.
fn heat(temperature: Temperature, texts: &Texts) -> String {
    texts.get(&format!("score-{}", temperature.name()), &[])
}

fn line(texts: &Texts, key: &str, args: &[(&str, String)]) -> String {
    let args: Vec<_> = args.iter().map(|(name, value)| (*name, Cow::from(value.as_str()))).collect();
    texts.get(key, &args)
}
