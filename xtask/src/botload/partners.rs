//! Throw-away partners: one for each of botload's bots.

use std::{fs, io, path::Path};

use super::{Addresses, How};

/// What the fake model says is what the page says, so that the guard of facts has nothing against it.
const PAGE: &str = "---
title: Доставка
---
# Доставка
Да, есть доставка по городу, срок два дня. Сколько стоит торт на 12 человек, скажет мастер.
";

/// Writes `partners/` below `folder`: a partner for each bot.
pub(super) fn write(folder: &Path, how: How, bots: usize, addresses: &Addresses) -> io::Result<()> {
    (0..bots).try_for_each(|bot| one(folder, how, 1000 + bot, &addresses.telegram, &addresses.llm))
}

/// Writes one partner below `folder`, whose bot has this number and calls these addresses.
pub(crate) fn one(folder: &Path, how: How, bot: usize, telegram: &str, llm: &str) -> io::Result<()> {
    let home = folder.join("partners").join(format!("bench-{bot}"));
    fs::create_dir_all(home.join("knowledge"))?;
    let config = format!(
        "name: Кондитерская {bot}
accounts:
  telegram: {{token: $TELEGRAM_TOKEN, api: \"http://{telegram}\", updates: {updates}}}
models:
  - {{openai: gpt-4o-mini, key: $OPENAI_KEY, base_url: \"http://{llm}/v1\", timeout: 8s, calls: 4096}}
",
        updates = how.name(),
    );
    fs::write(home.join("config.yaml"), config)?;
    fs::write(home.join(".env"), format!("TELEGRAM_TOKEN={bot}:TEST\nOPENAI_KEY=bench\n"))?;
    fs::write(home.join("knowledge/dostavka.md"), PAGE)
}
