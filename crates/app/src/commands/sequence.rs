//! `voronka sequence`: how far customers are in a partner's sequences. The running house tells.

use std::{borrow::Cow, process::ExitCode};

use super::unreadable;
use crate::{
    cli::{Sequence, SequenceWish},
    observe::Client,
    out::{self, Problem},
    progress::{Count, Progress},
    texts::Texts,
};

pub(super) async fn run(wish: Sequence, texts: &Texts) -> Result<ExitCode, Problem> {
    let SequenceWish::Status(of) = &wish.wish;
    let reached = Client::reach(&wish.data).await.map_err(|error| unreadable(&wish.data, &error))?;
    let house = reached.ok_or_else(|| {
        let args = vec![("path", wish.data.display().to_string())];
        Problem::new("broadcast-no-house", args).hint("broadcast-no-house-hint")
    })?;
    let all = house.progress(&of.partner).await;
    let all = all.map_err(|error| Problem::new("sequence-unknown", vec![("cause", error.to_string())]))?;
    let all = all.ok_or_else(|| Problem::new("sequence-no-partner", vec![("partner", of.partner.to_string())]))?;
    if wish.json {
        out::line(&serde_json::to_string(&all).unwrap_or_default());
        return Ok(ExitCode::SUCCESS);
    }
    if all.is_empty() {
        out::note(&texts.get("sequence-none", &[("partner", Cow::from(of.partner.to_string()))]));
    }
    all.iter().flat_map(|one| words(one, texts)).for_each(|line| out::line(&line));
    Ok(ExitCode::SUCCESS)
}

fn words(one: &Progress, texts: &Texts) -> Vec<String> {
    let title = if one.title.is_empty() { String::new() } else { format!(" ({})", one.title) };
    let args = [
        ("sequence", Cow::from(format!("{}{title}", one.sequence))),
        ("entered", Cow::from(one.entered.to_string())),
        ("within", Cow::from(one.within.to_string())),
    ];
    let listed = |key: &str, counts: &[Count]| {
        let list: Vec<String> = counts.iter().map(|one| format!("{} {}", one.name, one.count)).collect();
        (!list.is_empty()).then(|| texts.get(key, &[("list", Cow::from(list.join(", ")))]))
    };
    let head = texts.get("sequence-progress", &args);
    let more = [
        listed("sequence-steps", &one.steps),
        listed("sequence-barred", &one.barred),
        listed("sequence-outcomes", &one.outcomes),
    ];
    [head].into_iter().chain(more.into_iter().flatten().map(|line| format!("  {line}"))).collect()
}
