//! All businesses of the house beside each other, for who runs it.

use std::sync::Arc;

use askama::Template;
use axum::{
    Extension,
    extract::{Query, State},
    response::Response,
};
use serde::Deserialize;
use voronka_core::money::Money;

use super::{
    super::standings::{self, By, Standing, Whose},
    BASE, House,
    admit::Door,
    page::{self, Chip, Plain, Problem},
    show,
    words::Words,
};

/// Where it is.
pub(super) const ADDRESS: &str = "/admin/.partners";
/// Spans that are offered, in days; the first is shown to who asks for none.
const SPANS: [u16; 3] = [30, 7, 90];
/// Businesses that are shown: the page stays light, and `partner top` tells of all.
const ROWS_MAX: usize = 100;

/// What is asked for, as it stands in the address.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    by: Option<String>,
    days: Option<u16>,
}

/// A business as it is shown.
struct Row {
    name: String,
    href: String,
    /// Each column's head and what it says.
    cells: [(String, String); 5],
}

#[derive(Template)]
#[template(path = "admin/standings.html")]
struct StandingsPage {
    f: Plain,
    spans: Vec<Chip>,
    orders: Vec<Chip>,
    /// The heads of the columns, and whether the rows stand by it.
    columns: [(String, bool); 5],
    rows: Vec<Row>,
    /// Those that are not shown.
    more: u32,
}

pub(super) async fn standings(
    State(house): State<Arc<House>>,
    Extension(door): Extension<Door>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let w = door.words;
    let by = asked.by.as_deref().and_then(By::named).unwrap_or_default();
    let days = asked.days.filter(|days| SPANS.contains(days)).unwrap_or(SPANS[0]);
    let whose = Whose::all(&house.admin.partners);
    let mut all = standings::read(&*house.admin.directory, whose, house.admin.clock.now(), days).await?;
    by.sort(&mut all);
    let more = u32::try_from(all.len().saturating_sub(ROWS_MAX)).unwrap_or(u32::MAX);
    let rows = all.into_iter().take(ROWS_MAX).map(|one| row(w, one)).collect();
    let address = |by: By, days: u16| {
        let query = page::query(&[("by", by.name()), ("days", &days.to_string())]);
        format!("{ADDRESS}{query}")
    };
    let span =
        |one: u16| Chip { href: address(by, one), text: w.n("standings-days", one), count: 0, here: one == days };
    let order = |one: By| Chip { href: address(one, days), text: named(w, one), count: 0, here: one == by };
    page::send(&StandingsPage {
        f: Plain::of(&door),
        spans: SPANS.map(span).into(),
        orders: By::ALL.map(order).into(),
        columns: By::ALL.map(|one| (named(w, one), one == by)),
        rows,
        more,
    })
}

fn named(w: Words, by: By) -> String {
    w.t(&format!("standings-{}", by.name()))
}

fn row(w: Words, one: Standing) -> Row {
    let lang = w.lang();
    let sum = |sum: &Money| show::money(sum.minor, sum.currency.code(), sum.currency, lang);
    let revenue: Vec<String> = one.revenue.iter().map(sum).collect();
    let none = || "—".to_owned();
    let told = |by: By| match by {
        By::Leads => one.leads.to_string(),
        By::Orders => one.orders.to_string(),
        By::Revenue if revenue.is_empty() => none(),
        By::Revenue => revenue.join(" + "),
        By::Conversations => one.conversations.to_string(),
        By::Automation => one.automation.map_or_else(none, |percent| format!("{percent}\u{a0}%")),
    };
    let cells = By::ALL.map(|by| (named(w, by), told(by)));
    Row { href: format!("{BASE}/{}/more", one.partner), name: one.name, cells }
}
