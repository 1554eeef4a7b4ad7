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

/// Writes `partners/` below `folder`.
pub(super) fn write(folder: &Path, how: How, bots: usize, addresses: &Addresses) -> io::Result<()> {
    for bot in 0..bots {
        let token = 1000 + bot;
        let home = folder.join("partners").join(format!("bench-{token}"));
        fs::create_dir_all(home.join("knowledge"))?;
        let config = format!(
            "name: Кондитерская {token}
accounts:
  telegram: {{token: $TELEGRAM_TOKEN, api: \"http://{telegram}\", updates: {updates}}}
models:
  - {{openai: gpt-4o-mini, key: $OPENAI_KEY, base_url: \"http://{llm}/v1\", timeout: 8s}}
",
            telegram = addresses.telegram,
            updates = how.name(),
            llm = addresses.llm,
        );
        fs::write(home.join("config.yaml"), config)?;
        fs::write(home.join(".env"), format!("TELEGRAM_TOKEN={token}:TEST\nOPENAI_KEY=bench\n"))?;
        fs::write(home.join("knowledge/dostavka.md"), PAGE)?;
    }
    Ok(())
}
