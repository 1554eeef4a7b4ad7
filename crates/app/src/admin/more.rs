//! Today's figures, notices, and what could not be processed.

use std::sync::Arc;

use askama::Template;
use axum::{Extension, extract::State, response::Response};
use voronka_core::ports::{LetterKind, Page};

use super::{
    BASE, House,
    admit::Visit,
    page::{self, Frame, Place, Problem},
    show::{Dates, money},
};

/// Notices and letters shown.
const LATEST: usize = 30;

/// A number with what it compares to and where its rows are.
struct Figure {
    name: String,
    value: String,
    before: Option<String>,
    href: Option<String>,
    class: &'static str,
}

struct Notice {
    about: String,
    lines: Vec<String>,
    brief: String,
    full: String,
    iso: String,
}

struct Letter {
    id: i64,
    account: String,
    cause: String,
    full: String,
    iso: String,
    /// Where its buttons post to.
    post: String,
    /// Whether it can be tried again: a body that could not be read cannot.
    retries: Retries,
}

/// Whether a letter can be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Retries {
    Yes,
    No,
}

impl Retries {
    fn it(self) -> bool {
        self == Self::Yes
    }
}

#[derive(Template)]
#[template(path = "admin/more.html")]
struct MorePage {
    f: Frame,
    today: String,
    figures: Vec<Figure>,
    notices: Vec<Notice>,
    letters: Vec<Letter>,
}

/// The front door: to the first partner's inbox.
pub(super) async fn start(
    State(house): State<Arc<House>>,
    visit: Option<Extension<Visit>>,
) -> Result<Response, Problem> {
    let asked = visit.map(|Extension(visit)| visit.partner.id);
    let id = asked.or_else(|| house.admin.partners.first().map(|card| card.id.clone())).ok_or(Problem::NotFound)?;
    Ok(page::go_to(&format!("{BASE}/{id}/chats")))
}

pub(super) async fn more(
    State(house): State<Arc<House>>,
    Extension(visit): Extension<Visit>,
) -> Result<Response, Problem> {
    let f = Frame::of(&house, &visit, Place::More, "more").await?;
    let dates = Dates::of(&visit);
    let (w, directory, partner) = (f.w, &house.admin.directory, &visit.partner.id);
    let figures = figures(&house, &visit, &dates, &f).await?;
    let notices = directory.notices(partner, Page::first(LATEST)).await?.into_iter().map(|notice| {
        let mut lines = notice.text.lines().map(str::to_owned);
        Notice {
            about: lines.next().unwrap_or_else(|| w.word("fact", &notice.about)),
            lines: lines.filter(|line| !line.trim().is_empty()).collect(),
            brief: dates.brief(notice.at),
            full: dates.full(notice.at),
            iso: notice.at.to_string(),
        }
    });
    let notices = notices.collect();
    let letters = letters(&house, &visit, &dates, &f).await?;
    let today = dates.full(visit.now);
    page::send(&MorePage { f, today, figures, notices, letters })
}

async fn letters(house: &House, visit: &Visit, dates: &Dates, f: &Frame) -> Result<Vec<Letter>, Problem> {
    let (directory, partner) = (&house.admin.directory, &visit.partner.id);
    let listed = directory.dead_letters(partner, Page::first(LATEST)).await?;
    let letters = listed.into_iter().map(|letter| Letter {
        id: letter.id,
        account: f.w.word("account", letter.account.as_str()),
        cause: letter.cause,
        full: dates.full(letter.at),
        iso: letter.at.to_string(),
        post: format!("{}/letters/{}", f.base, letter.id),
        retries: match letter.holds {
            LetterKind::Events => Retries::Yes,
            LetterKind::Body => Retries::No,
        },
    });
    Ok(letters.collect())
}

async fn figures(house: &House, visit: &Visit, dates: &Dates, f: &Frame) -> Result<Vec<Figure>, Problem> {
    let w = f.w;
    let now = f.figures;
    // What can be subtracted is compared with the whole of yesterday.
    let since_yesterday = house.admin.directory.figures(&visit.partner.id, dates.day_start(1)).await?;
    let before = |then: u32, now: u32| Some(w.n("yesterday-n", then.saturating_sub(now)));
    let sum = |minor: i64| money(minor, visit.partner.currency.code(), visit.partner.currency, w.lang());
    let plain = |key: &str, value: u32, before: Option<String>, link: Option<&str>, class: &'static str| Figure {
        name: w.t(key),
        value: value.to_string(),
        before,
        href: link.map(|link| format!("{}/{link}", f.base)),
        class: if value > 0 { class } else { "" },
    };
    let revenue = since_yesterday.revenue_minor - now.revenue_minor;
    Ok(vec![
        plain("fig-waiting", now.waiting, None, Some("chats?owner=nobody"), "hot"),
        plain("fig-hot", now.hot, None, Some("leads?t=hot"), "hot"),
        plain("fig-orders", now.orders, before(since_yesterday.orders, now.orders), Some("orders"), ""),
        Figure {
            name: w.t("fig-revenue"),
            value: sum(now.revenue_minor),
            before: Some(w.with("yesterday-sum", "sum", &sum(revenue))),
            href: Some(format!("{}/orders?show=all", f.base)),
            class: "",
        },
        plain("fig-customers", now.customers, None, Some("chats"), ""),
        plain("fig-unanswered", now.unanswered, before(since_yesterday.unanswered, now.unanswered), None, "warm"),
        plain("fig-blocked", now.blocked, before(since_yesterday.blocked, now.blocked), None, ""),
    ])
}
