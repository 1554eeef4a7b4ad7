//! Memory: with many conversations, and over many messages. And what the database grows by.

use std::{fs, path::Path};

use super::{
    Stand,
    figure::Figure,
    load::{CHATS, Who, play, words},
};
use crate::shell::Failure;

/// How many conversations the budget is for.
const CONVERSATIONS: usize = 10_000;

/// One partner with 10,000 conversations.
pub(super) fn conversations(stand: &mut Stand) -> Result<Vec<Figure>, Failure> {
    let chats = if stand.extent.quick { CONVERSATIONS / 5 } else { CONVERSATIONS };
    let rate = (stand.saturation()? / 2.0).max(20.0);
    let options =
        words(&[("--rate", format!("{rate:.1}")), ("--chats", chats.to_string()), ("--messages", "1".into())]);
    let played = play(stand, Who::Voronka, 1, &options)?;
    let what = format!("memory, 1 partner, {chats} conversations");
    Ok(vec![
        Figure::new("memory", what, "MiB", vec![played.number("/bot_rss_mib")]).at_most(60.0),
        Figure::new("memory_peak", "the same, at most during the run", "MiB", vec![played.watched.peak()]),
    ])
}

/// Many messages of few conversations: memory must not grow, and the database by so much a turn.
#[expect(clippy::cast_precision_loss, reason = "sizes of files")]
pub(super) fn growth(stand: &mut Stand) -> Result<Vec<Figure>, Failure> {
    let messages = stand.extent.growth_messages / CHATS;
    let options = words(&[("--chats", CHATS.to_string()), ("--messages", messages.to_string())]);
    let played = play(stand, Who::Voronka, 1, &options)?;
    let (middle, end) = (played.watched.between(40, 50), played.watched.between(90, 100));
    let staged = played.staged.as_ref().ok_or("the binary was staged")?;
    let bytes = database(&staged.folder.path().join("data")) as f64;
    let turns = played.number("/answered");
    let over = format!("over {} messages", CHATS * messages);
    Ok(vec![
        // Allocators keep a little more or less at any moment.
        Figure::new(
            "memory_growth",
            format!("memory at the end, of that at half-way, {over}"),
            "×",
            vec![end / middle],
        )
        .at_most(1.05),
        Figure::new("memory_end", format!("memory {over}"), "MiB", vec![end]),
        Figure::new("database_growth", format!("database, bytes a turn, {over}"), "", vec![bytes / turns])
            .at_most(1_536.0),
    ])
}

/// Bytes of the database's file, and of whatever of its log a clean stop left beside it.
fn database(data: &Path) -> u64 {
    let entries = fs::read_dir(data).into_iter().flatten().flatten();
    let ours = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("voronka.db"));
    ours.filter_map(|entry| entry.metadata().ok()).map(|meta| meta.len()).sum()
}
