//! `voronka partner top`: how partners do beside each other.

use std::{borrow::Cow, process::ExitCode};

use voronka_core::{lang::print, ports::Clock, spec::partner::PartnerSpec};
use voronka_engine::SystemClock;

use super::{failed, folders, running};
use crate::{
    cli::{Partner, TopPartners},
    out::{self, Problem},
    standings::{Standing, Whose},
    store::Kept,
    texts::Texts,
};

/// What stands between two columns.
const GAP: &str = "  ";

pub(super) async fn top(wish: &Partner, top: &TopPartners, texts: &Texts) -> Result<ExitCode, Problem> {
    let mut all = standings(wish, top.days).await?;
    top.by.sort(&mut all);
    if wish.json {
        for one in &all {
            out::line(&serde_json::to_string(one).unwrap_or_default());
        }
    } else if all.is_empty() {
        out::note(&texts.get("partner-none", &[("dir", Cow::from(wish.partners.display().to_string()))]));
    } else {
        out::line(&texts.get("partner-top-of", &[("days", Cow::from(top.days.to_string()))]));
        for line in table(&all, texts) {
            out::line(&line);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// As the running house says, else of the store and of the folders that are here.
async fn standings(wish: &Partner, days: u16) -> Result<Vec<Standing>, Problem> {
    if let Some(client) = running(wish).await? {
        let all = client.standings(days).await.map_err(|error| failed(&error.to_string()))?;
        return Ok(all.unwrap_or_default());
    }
    let mut whose = Vec::new();
    for partner in folders(&wish.partners)? {
        // What cannot be read is told of by `check`.
        let Ok(loaded) = voronka_files::load(&wish.partners.join(partner.as_str())) else { continue };
        whose.extend(PartnerSpec::parse(partner, &loaded.files).spec.as_ref().map(Whose::of));
    }
    let kept = Kept::of(&wish.data, wish.database.as_ref()).await?;
    kept.standings(whose, SystemClock.now(), days).await.map_err(|error| failed(&error.to_string()))
}

/// Columns under their heads, numbers to the right.
fn table(all: &[Standing], texts: &Texts) -> Vec<String> {
    let head = ["partner", "leads", "orders", "revenue", "conversations", "automation"];
    let head = head.map(|column| texts.get(&format!("partner-top-{column}"), &[]));
    let rows: Vec<[String; 6]> = [head].into_iter().chain(all.iter().map(|one| row(one, texts))).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths = [0, 1, 2, 3, 4, 5].map(width);
    let line = |row: &[String; 6]| {
        let [name, rest @ ..] = row;
        let cells = rest.iter().zip(&widths[1..]).map(|(cell, width)| format!("{cell:>width$}"));
        let first = widths[0];
        [format!("{name:<first$}")].into_iter().chain(cells).collect::<Vec<_>>().join(GAP)
    };
    rows.iter().map(line).collect()
}

fn row(one: &Standing, texts: &Texts) -> [String; 6] {
    let lang = texts.lang();
    let revenue: Vec<String> = one.revenue.iter().map(|sum| print::money(*sum, lang)).collect();
    let none = || "—".to_owned();
    [
        format!("{} ({})", one.partner, one.name),
        one.leads.to_string(),
        one.orders.to_string(),
        if revenue.is_empty() { none() } else { revenue.join(" + ") },
        one.conversations.to_string(),
        one.automation.map_or_else(none, |percent| format!("{percent}\u{a0}%")),
    ]
}
