//! What the team sends to many: how far it has come, what it says, who would get it, and a stop.

use std::{sync::Arc, time::Duration};

use askama::Template;
use axum::{
    Extension, Form,
    extract::{Path, Query, State},
    response::Response,
};
use jiff::civil::Date;
use serde::Deserialize;
use tokio::time::timeout;
use voronka_core::{
    spec::{expr::Expr, sequence::Sequence},
    tally::Tally,
};

use super::{
    super::{
        broadcasts::{Phase, Preview, Refusal, Standing},
        progress::{Count, Progress},
    },
    BASE, House,
    admit::Visit,
    login::Need,
    meant::Meant,
    more,
    page::{self, Chip, Frame, Place, Problem},
    show::Dates,
    words::Words,
};

/// How long a reader waits for a count of who would get it; of many people the command line tells, however long it takes.
const COUNT_PATIENCE: Duration = Duration::from_secs(20);
/// What is said of a test that was sent, or was not.
const SAID: [&str; 3] = ["shown", "no-way", "not-shown"];

/// A broadcast, as it stands.
struct Card {
    title: String,
    href: String,
    state: Mark,
    meant: Meant,
    is_ad: bool,
    /// How far the walk has come, and when it ends.
    walk: Option<String>,
    /// How many got it, wait, and did not get it and why.
    figures: Vec<(String, String)>,
}

/// A word and its colour.
struct Mark {
    class: &'static str,
    word: String,
}

#[derive(Template)]
#[template(path = "admin/broadcasts.html")]
struct ListPage {
    f: Frame,
    chips: Vec<Chip>,
    cards: Vec<Card>,
    /// Another process serves the partner.
    is_elsewhere: bool,
    /// The bot is paused: nothing leaves.
    is_paused: bool,
}

#[derive(Template)]
#[template(path = "admin/broadcast.html")]
struct BroadcastPage {
    f: Frame,
    chips: Vec<Chip>,
    card: Card,
    messages: Vec<String>,
    outlook: Option<Outlook>,
    said: Option<String>,
    /// What the reader may do with it; `None`: look.
    deeds: Option<Deeds>,
    is_paused: bool,
}

/// Who would get it.
enum Outlook {
    Counted {
        rows: Vec<(String, u64)>,
        ad: bool,
    },
    /// They are too many to be counted while somebody waits.
    TooMany,
    /// Somebody else has asked for a count, which is under way.
    Busy,
}

/// What can be done with a broadcast now.
struct Deeds {
    post: String,
    /// Who of the team may have it sent.
    members: Vec<String>,
    /// What it is called to start it; `None`: it is under way.
    start: Option<String>,
    stops: Stops,
}

/// Whether there is anything to be stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stops {
    Yes,
    No,
}

impl Stops {
    fn it(self) -> bool {
        self == Self::Yes
    }
}

/// What is asked for beside the page.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    count: Option<String>,
    said: Option<String>,
}

/// Whom it is tried on.
#[derive(Debug, Deserialize)]
pub(super) struct Member {
    name: String,
}

pub(super) async fn broadcasts(
    State(house): State<Arc<House>>,
    Extension(visit): Extension<Visit>,
) -> Result<Response, Problem> {
    let f = Frame::of(&house, &visit, Place::More, "broadcasts").await?;
    let partner = &visit.partner.id;
    let (all, is_elsewhere) = match house.admin.broadcasts.all(partner).await {
        Ok(all) => (all, false),
        Err(Refusal::Unserved) => (Vec::new(), true),
        Err(refusal) => return Err(refusal.into()),
    };
    let tallies = counted(&house, &visit).await?;
    let dates = Dates::of(&visit);
    let cards = all.iter().map(|(sequence, standing)| card(&f, &dates, sequence, standing, &tallies)).collect();
    let is_paused = is_paused(&house, &visit).await?;
    page::send(&ListPage { chips: more::chips(&f, "broadcasts"), cards, is_elsewhere, is_paused, f })
}

pub(super) async fn broadcast(
    State(house): State<Arc<House>>,
    Extension(visit): Extension<Visit>,
    Path((_, id)): Path<(String, String)>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let (partner, broadcasts) = (&visit.partner.id, &house.admin.broadcasts);
    let (sequence, standing) = broadcasts.one(partner, &id).await?;
    let f = Frame::of(&house, &visit, Place::More, &place(&sequence.id)).await?;
    let card = card(&f, &Dates::of(&visit), &sequence, &standing, &counted(&house, &visit).await?);
    let outlook = match asked.count {
        None => None,
        Some(_) => Some(match timeout(COUNT_PATIENCE, broadcasts.counted(partner, &id)).await {
            Ok(counted) => counted?.map_or(Outlook::Busy, |preview| Outlook::of(f.w, &preview)),
            Err(_) => Outlook::TooMany,
        }),
    };
    let deeds = visit.door.who.may(partner, Need::Broadcast).then(|| Deeds {
        post: card.href.clone(),
        members: broadcasts.members(partner),
        start: match standing.phase {
            Phase::New => Some(f.w.t("broadcast-start")),
            Phase::Sent | Phase::Stopped => Some(f.w.t("broadcast-go-on")),
            Phase::Sending | Phase::Stopping => None,
        },
        stops: match standing.phase {
            Phase::Sending | Phase::Sent => Stops::Yes,
            Phase::New | Phase::Stopping | Phase::Stopped => Stops::No,
        },
    });
    let said = asked.said.filter(|said| SAID.contains(&said.as_str()));
    let said = said.map(|said| f.w.t(&format!("broadcast-said-{said}")));
    let messages = broadcasts.messages(partner, &sequence);
    let is_paused = is_paused(&house, &visit).await?;
    page::send(&BroadcastPage {
        chips: more::chips(&f, "broadcasts"),
        card,
        messages,
        outlook,
        said,
        deeds,
        is_paused,
        f,
    })
}

pub(super) async fn test(
    State(house): State<Arc<House>>,
    Extension(visit): Extension<Visit>,
    Path((_, id)): Path<(String, String)>,
    Form(member): Form<Member>,
) -> Result<Response, Problem> {
    let partner = &visit.partner.id;
    let said = match house.admin.broadcasts.show(partner, &id, &member.name).await {
        Ok(_messages) => "shown",
        Err(Refusal::NoWay { .. }) => "no-way",
        Err(Refusal::NotShown { .. }) => "not-shown",
        Err(refusal) => return Err(refusal.into()),
    };
    Ok(page::go_to(&format!("{BASE}/{partner}/{}{}", place(&id), page::query(&[("said", said)]))))
}

pub(super) async fn start(
    State(house): State<Arc<House>>,
    Extension(visit): Extension<Visit>,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let partner = &visit.partner.id;
    match house.admin.broadcasts.start(partner, &id).await {
        // A second click.
        Ok(_) | Err(Refusal::UnderWay) => Ok(page::go_to(&format!("{BASE}/{partner}/{}", place(&id)))),
        Err(refusal) => Err(refusal.into()),
    }
}

pub(super) async fn stop(
    State(house): State<Arc<House>>,
    Extension(visit): Extension<Visit>,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let partner = &visit.partner.id;
    match house.admin.broadcasts.stop(partner, &id).await {
        // A second click, or it had ended by then.
        Ok(_) | Err(Refusal::NotBegun) => Ok(page::go_to(&format!("{BASE}/{partner}/{}", place(&id)))),
        Err(refusal) => Err(refusal.into()),
    }
}

/// Where a broadcast's page is among the partner's: its id is the name of a file, in whatever letters.
pub(super) fn place(id: &str) -> String {
    let id: String = url::form_urlencoded::byte_serialize(id.as_bytes()).collect();
    format!("broadcasts/{id}")
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            // Nobody can tell which.
            Refusal::Unserved | Refusal::Unknown { .. } => Self::NotFound,
            Refusal::UnderWay | Refusal::Stopping | Refusal::NotBegun => Self::NotAllowed,
            Refusal::NoWay { .. } | Refusal::NotShown { .. } => Self::Failed,
            Refusal::Store(error) => error.into(),
        }
    }
}

impl Outlook {
    fn of(w: Words, preview: &Preview) -> Self {
        let Preview { ad, now, later, had, left_out, barred, .. } = *preview;
        let rows = [("now", now), ("later", later), ("had", had), ("left-out", left_out), ("barred", barred)];
        Self::Counted { rows: rows.map(|(name, n)| (w.t(&format!("outlook-{name}")), n)).into(), ad: ad && barred > 0 }
    }
}

async fn is_paused(house: &House, visit: &Visit) -> Result<bool, Problem> {
    Ok(house.admin.adjusted.of(&visit.partner.id).await?.pause().is_some())
}

async fn counted(house: &House, visit: &Visit) -> Result<Vec<Tally>, Problem> {
    Ok(house.admin.directory.report(&visit.partner.id, Progress::OF, Date::MIN, Date::MAX).await?)
}

fn card(f: &Frame, dates: &Dates, sequence: &Arc<Sequence>, standing: &Standing, tallies: &[Tally]) -> Card {
    let progress = Progress::of([sequence].into_iter(), tallies).into_iter().find(|one| one.sequence == *sequence.id);
    let (class, word) = match standing.phase {
        Phase::New => ("plain", "new"),
        Phase::Sending => ("busy", "sending"),
        Phase::Stopping => ("busy", "stopping"),
        Phase::Sent => ("good", "sent"),
        Phase::Stopped => ("off", "stopped"),
    };
    Card {
        title: sequence.title.clone(),
        href: format!("{}/{}", f.base, place(&sequence.id)),
        state: Mark { class, word: f.w.t(&format!("broadcast-{word}")) },
        meant: Meant::by(f.w, sequence.enter.when.as_ref().map(Expr::source)),
        is_ad: sequence.ad.is_some(),
        walk: walk(f.w, dates, standing),
        figures: progress.filter(|one| one.entered > 0).map(|one| figures(f.w, &one)).unwrap_or_default(),
    }
}

/// How many people were gone through, and when all will be at this pace.
fn walk(w: Words, dates: &Dates, standing: &Standing) -> Option<String> {
    let since = standing.since?;
    let met = w.n("broadcast-met", i64::try_from(standing.met).unwrap_or(i64::MAX));
    Some(match (standing.phase, standing.ends) {
        (Phase::Sending | Phase::Stopping, Some(ends)) => {
            format!("{met} {}", w.with("broadcast-ends", "at", &dates.full(ends)))
        }
        _ => format!("{met} {}", w.with("broadcast-begun", "at", &dates.full(since))),
    })
}

/// Who got each message, who waits, and why others did not get it.
fn figures(w: Words, progress: &Progress) -> Vec<(String, String)> {
    // Of the only message nobody need say which.
    let is_only = progress.steps.len() == 1;
    let of_steps = |key: &str, counts: &[Count]| -> Vec<(String, i64)> {
        let name = |step: &str| if is_only { w.t(key) } else { w.with(&format!("{key}-step"), "step", step) };
        counts.iter().map(|one| (name(&one.name), one.count)).collect()
    };
    let outcomes = progress.outcomes.iter().filter(|one| one.name != "done");
    let outcomes = outcomes.map(|Count { name, count }| (w.word("broadcast-outcome", name), *count));
    let not_got = of_steps("broadcast-barred", &progress.barred).into_iter().chain(outcomes).filter(|(_, n)| *n > 0);
    let mut rows = of_steps("broadcast-got", &progress.steps);
    rows.push((w.t("broadcast-waits"), progress.within));
    rows.into_iter().chain(not_got).map(|(name, n)| (name, n.to_string())).collect()
}
