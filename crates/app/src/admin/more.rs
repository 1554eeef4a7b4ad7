//! Today's figures, notices, and what could not be processed.

use std::sync::Arc;

use askama::Template;
use axum::{Extension, Form, extract::State, response::Response};
use jiff::civil::Date;
use serde::Deserialize;
use voronka_core::{
    chart::{Chart, Reader, Row},
    ports::{LetterKind, Page},
    tally::{
        Counted, Tally,
        cohort::Cohort,
        quickness::{By, Quickness},
    },
};

use super::{
    super::drawing,
    BASE, House,
    admit::{self, Door, Visit},
    login::Need,
    page::{self, Chip, Frame, Place, Problem},
    pause::Paused,
    show::{Dates, money},
    words::Words,
};

/// Notices and letters shown.
const LATEST: usize = 30;
/// Days that the chart shows.
const CHART_DAYS: i64 = 30;

/// A number with what it compares to and where its rows are.
struct Figure {
    name: String,
    value: String,
    /// `▲ 12 %`.
    change: Option<String>,
    before: Option<String>,
    href: Option<String>,
    class: &'static str,
}

struct Notice {
    about: String,
    chat: Option<String>,
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
    chips: Vec<Chip>,
    paused: Option<Paused>,
    /// What stops parts of the service.
    troubles: Vec<String>,
    figures: Vec<Figure>,
    chart: Option<Drawn>,
    quickness: Vec<(String, String)>,
    cohorts: Vec<(String, String)>,
    team: Vec<Member>,
    post_me: String,
    notices: Vec<Notice>,
    letters: Vec<Letter>,
}

/// The days up to today as bars, and the same as a table for whoever does not see them.
struct Drawn {
    title: String,
    days: Vec<String>,
    rows: Vec<DrawnRow>,
}

struct DrawnRow {
    title: String,
    svg: String,
    values: Vec<String>,
}

/// Somebody who may sit before the page.
struct Member {
    name: String,
    here: bool,
}

/// The pages of this place.
pub(super) fn chips(f: &Frame, here: &str) -> Vec<Chip> {
    let chip = |name: &str| Chip {
        href: format!("{}/{name}", f.base),
        text: f.w.t(&format!("sub-{name}")),
        count: 0,
        here: name == here,
    };
    ["more", "questions", "broadcasts", "settings"].map(chip).into()
}

/// The front door: to the first partner's inbox.
pub(super) async fn start(
    State(house): State<Arc<House>>,
    Extension(door): Extension<Door>,
    visit: Option<Extension<Visit>>,
) -> Result<Response, Problem> {
    let asked = visit.map(|Extension(visit)| visit.partner.id);
    let id = asked
        .or_else(|| house.admin.partners.first(|card| door.who.sees(&card.id)).map(|card| card.id))
        .ok_or(Problem::NotFound)?;
    Ok(page::go_to(&format!("{BASE}/{id}/chats")))
}

pub(super) async fn more(
    State(house): State<Arc<House>>,
    Extension(visit): Extension<Visit>,
) -> Result<Response, Problem> {
    let f = Frame::of(&house, &visit, Place::More, "more").await?;
    let dates = Dates::of(&visit);
    let (w, directory, partner) = (f.w, &house.admin.directory, &visit.partner.id);
    let paused = Paused::of(&house, &visit, &f, &dates).await?;
    let lasting = house.admin.troubles.of(partner).await?;
    let troubles = lasting.iter().map(|news| news.words(w.lang(), &visit.partner.zone, visit.now)).collect();
    let figures = figures(&house, &visit, &dates, &f).await?;
    let today = dates.today();
    let since = dates.days_before(CHART_DAYS - 1);
    let of = [Chart::OF, &[Counted::Answered, Counted::Cohort]].concat();
    let tallies = if sees_business(&visit) {
        directory.report(partner, &of, since.min(Cohort::since(today)), today).await?
    } else {
        Vec::new()
    };
    let chart = chart(&visit, &tallies, since, today).await;
    let quickness = quickness(w, &tallies, since);
    let cohorts = Cohort::weeks(&tallies, today).into_iter();
    let cohorts = cohorts.map(|week| (week.days(w.lang(), today), week.told(w.lang()))).collect();
    let notices = directory.notices(partner, Page::first(LATEST)).await?.into_iter().map(|notice| {
        let mut lines = notice.text.lines().map(str::to_owned);
        Notice {
            chat: notice.conversation.map(|id| format!("{}/chats/{id}", f.base)),
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
    let team = visit.partner.team.iter();
    let team = team.map(|name| Member { name: name.clone(), here: *name == visit.who }).collect();
    let (chips, post_me) = (chips(&f, "more"), format!("{}/me", f.base));
    page::send(&MorePage {
        f,
        today,
        chips,
        paused,
        troubles,
        figures,
        chart,
        quickness,
        cohorts,
        team,
        post_me,
        notices,
        letters,
    })
}

/// Who says to sit before the page.
#[derive(Debug, Deserialize)]
pub(super) struct Me {
    name: String,
}

pub(super) async fn me(Extension(visit): Extension<Visit>, Form(me): Form<Me>) -> Result<Response, Problem> {
    if !visit.partner.team.contains(&me.name) {
        return Err(Problem::Unreadable);
    }
    let mut response = page::go_to(&format!("{BASE}/{}/more", visit.partner.id));
    admit::remember_who(&mut response, &visit.partner, &me.name);
    Ok(response)
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

/// Who answers, and how quickly.
fn quickness(w: Words, tallies: &[Tally], since: Date) -> Vec<(String, String)> {
    let lately: Vec<Tally> = tallies.iter().filter(|tally| tally.day >= since).cloned().collect();
    let told = |(by, who)| Some((w.t(who), Quickness::of(&lately, by)?.told(w.lang())));
    [(By::Bot, "quickness-bot"), (By::Person, "quickness-person")].into_iter().filter_map(told).collect()
}

/// `None`: nothing was counted.
async fn chart(visit: &Visit, tallies: &[Tally], since: Date, today: Date) -> Option<Drawn> {
    let (card, lang) = (&visit.partner, visit.door.words.lang());
    let chart = Chart::of(&card.name, tallies, since, today, Reader { lang, currency: card.currency, today })?;
    let bars = drawing::bars(chart.clone()).await?;
    let row = |(row, svg): (&Row, String)| DrawnRow { title: row.title.clone(), svg, values: row.printed(lang) };
    let rows = chart.rows.iter().zip(bars).map(row).collect();
    Some(Drawn { title: chart.title, days: chart.days, rows })
}

/// Whether they see how the business does, and not the work alone.
fn sees_business(visit: &Visit) -> bool {
    visit.door.who.may(&visit.partner.id, Need::Figures)
}

async fn figures(house: &House, visit: &Visit, dates: &Dates, f: &Frame) -> Result<Vec<Figure>, Problem> {
    let w = f.w;
    let (directory, partner) = (&house.admin.directory, &visit.partner.id);
    let today = directory.figures(partner, dates.day_start(0), visit.now).await?;
    // The same hours of the same weekday: a Saturday noon is compared with a Saturday noon.
    let then = directory.figures(partner, dates.day_start(7), dates.week_before(visit.now)).await?;
    let sum = |minor: i64| money(minor, visit.partner.currency.code(), visit.partner.currency, w.lang());
    let link = |to: &str| Some(format!("{}/{to}", f.base));
    let of_now = |key: &str, value: u32, to: &str| Figure {
        name: w.t(key),
        value: value.to_string(),
        change: None,
        before: Some(w.t("now")),
        href: link(to),
        class: if value > 0 { "hot" } else { "" },
    };
    let compared = |key: &str, value: u32, before: u32, to: &str| Figure {
        name: w.t(key),
        value: value.to_string(),
        change: change(value.into(), before.into()),
        before: Some(w.n("week-ago-n", before)),
        href: link(to),
        class: "",
    };
    let revenue = sees_business(visit).then(|| Figure {
        name: w.t("fig-revenue"),
        value: sum(today.revenue_minor),
        change: change(today.revenue_minor, then.revenue_minor),
        before: Some(w.with("week-ago-sum", "sum", &sum(then.revenue_minor))),
        href: link("orders?show=all"),
        class: "",
    });
    let mut figures = vec![
        of_now("fig-waiting", today.waiting, "chats?owner=nobody"),
        of_now("fig-hot", today.hot, "leads?t=hot"),
        compared("fig-orders", today.orders, then.orders, "orders"),
    ];
    figures.extend(revenue);
    figures.extend([
        compared("fig-customers", today.customers, then.customers, "chats"),
        compared("fig-unanswered", today.unanswered, then.unanswered, "questions"),
        Figure { href: None, ..compared("fig-blocked", today.blocked, then.blocked, "") },
    ]);
    Ok(figures)
}

/// `▲ 12 %`; `None` where there is nothing to compare with.
fn change(now: i64, then: i64) -> Option<String> {
    if then <= 0 {
        return None;
    }
    let percent = (now - then).saturating_mul(100) / then;
    let sign = match percent.signum() {
        1 => "▲",
        -1 => "▼",
        _ => "=",
    };
    Some(if percent == 0 { sign.to_owned() } else { format!("{sign}\u{a0}{}\u{a0}%", percent.abs()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_in_percent_of_what_was() {
        let told = [(28, 25), (20, 25), (25, 25), (3, 0), (0, 4)].map(|(now, then)| change(now, then));
        let told = told.map(|told| told.unwrap_or_default().replace('\u{a0}', " "));
        assert_eq!(told, ["▲ 12 %", "▼ 20 %", "=", "", "▼ 100 %"]);
    }
}
