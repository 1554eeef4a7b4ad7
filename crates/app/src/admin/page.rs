//! What all pages share: their frame, their errors, and how they are sent.

use askama::Template;
use axum::{
    Extension,
    http::{
        StatusCode,
        header::{CONTENT_TYPE, HeaderValue, LOCATION},
    },
    response::{IntoResponse, Response},
};
use voronka_core::ports::{Cursor, Figures, Page, StoreError};

use super::{
    BASE, House,
    admit::{AskedBy, Door, Visit},
    assets,
    home::Look,
    standings,
    words::Words,
};

/// Rows of a list on one page.
pub(super) const ROWS: usize = 50;

/// Why a page is not shown or an action not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Problem {
    /// There is no such thing, or it is another partner's: nobody can tell which.
    NotFound,
    /// The host is not one of ours.
    WrongHost,
    /// Another site asks for a change.
    CrossSite,
    /// Nobody has signed in.
    SignedOut,
    /// Whoever has may not do this.
    NotYours,
    /// A form that is not one of ours.
    Unreadable,
    /// The thing has moved on: this cannot be done to it any more.
    NotAllowed,
    /// Not now; nothing was changed.
    Busy,
    /// A bug or a broken store.
    Failed,
}

impl Problem {
    fn name(self) -> &'static str {
        match self {
            Self::NotFound => "not-found",
            Self::WrongHost => "wrong-host",
            Self::CrossSite => "cross-site",
            Self::SignedOut => "signed-out",
            Self::NotYours => "not-yours",
            Self::Unreadable => "unreadable",
            Self::NotAllowed => "not-allowed",
            Self::Busy => "busy",
            Self::Failed => "failed",
        }
    }
}

/// The door renders it: only there the reader's language is known.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the owner's page could not read the store");
        match error {
            StoreError::Busy(_) | StoreError::Full => Self::Busy,
            StoreError::Damaged(_) | StoreError::Unreadable(_) | StoreError::Elsewhere | StoreError::Failed(_) => {
                Self::Failed
            }
        }
    }
}

/// The four places of the bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Chats,
    Leads,
    Orders,
    More,
}

impl Place {
    pub(super) const ALL: [Self; 4] = [Self::Chats, Self::Leads, Self::Orders, Self::More];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Chats => "chats",
            Self::Leads => "leads",
            Self::Orders => "orders",
            Self::More => "more",
        }
    }
}

/// A partner in the switcher.
pub(super) struct Other {
    pub(super) name: String,
    pub(super) href: String,
    pub(super) here: bool,
}

/// A place of the bar, as it is shown.
pub(super) struct Spot {
    pub(super) place: Place,
    pub(super) href: String,
    pub(super) text: String,
    /// Number beside it; 0: none.
    pub(super) badge: u32,
    pub(super) badge_words: String,
    pub(super) here: bool,
}

impl Spot {
    fn of(place: Place, w: Words, base: &str, figures: Figures, here: Place) -> Self {
        let (badge, badge_words) = match place {
            Place::Chats => (figures.waiting, w.n("badge-chats", figures.waiting)),
            Place::Leads => (figures.hot, w.n("badge-leads", figures.hot)),
            Place::Orders | Place::More => (0, String::new()),
        };
        let name = place.name();
        let (href, text) = (format!("{base}/{name}"), w.t(&format!("place-{name}")));
        Self { place, href, text, badge, badge_words, here: place == here }
    }
}

/// The frame of a partner's page.
pub(super) struct Frame {
    pub(super) w: Words,
    pub(super) nonce: String,
    pub(super) partner: String,
    pub(super) base: String,
    pub(super) spots: [Spot; 4],
    pub(super) look: Look,
    pub(super) script: &'static str,
    pub(super) htmx: &'static str,
    /// This page's own address, to ask for it again.
    pub(super) here: String,
    pub(super) others: Vec<Other>,
    pub(super) figures: Figures,
    pub(super) other_lang: &'static str,
    /// Where the reader signs out, if they have signed in.
    pub(super) account: Option<&'static str>,
    /// Where all partners stand beside each other, for who runs the house.
    pub(super) all: Option<&'static str>,
}

impl Frame {
    /// `here`: the address without the base, with its query.
    pub(super) async fn of(house: &House, visit: &Visit, place: Place, here: &str) -> Result<Self, Problem> {
        let base = format!("{BASE}/{}", visit.partner.id);
        let seen = house.admin.partners.all(|card| visit.door.who.sees(&card.id));
        let all = (visit.door.who.runs_house() && seen.len() > 1).then_some(standings::ADDRESS);
        let others = seen.into_iter().map(|card| Other {
            name: card.name,
            href: format!("{BASE}/{}/{}", card.id, place.name()),
            here: card.id == visit.partner.id,
        });
        let w = visit.door.words;
        // Of the present alone: what was counted since the morning stands on its own page.
        let figures = house.admin.directory.figures(&visit.partner.id, visit.now, visit.now).await?;
        Ok(Self {
            w,
            nonce: visit.door.nonce.clone(),
            partner: visit.partner.name.clone(),
            spots: Place::ALL.map(|spot| Spot::of(spot, w, &base, figures, place)),
            look: visit.door.site.look(w),
            script: assets::address("admin.js"),
            htmx: assets::address("htmx.js"),
            here: format!("{base}/{here}"),
            base,
            others: others.collect(),
            figures,
            account: visit.door.who.account(),
            all,
            other_lang: if w.code() == "ru" { "en" } else { "ru" },
        })
    }

    /// The same page in the other language.
    pub(super) fn in_other_lang(&self) -> String {
        let joint = if self.here.contains('?') { '&' } else { '?' };
        format!("{}{joint}lang={}", self.here, self.other_lang)
    }
}

/// A choice among filters: a link that says whether it is the one.
pub(super) struct Chip {
    pub(super) href: String,
    pub(super) text: String,
    pub(super) count: u32,
    pub(super) here: bool,
}

/// What every page has that is of no partner: at the door, and where something is wrong.
pub(super) struct Plain {
    pub(super) w: Words,
    pub(super) look: Look,
}

impl Plain {
    pub(super) fn of(door: &Door) -> Self {
        Self { w: door.words, look: door.site.look(door.words) }
    }
}

#[derive(Template)]
#[template(path = "admin/problem.html")]
struct ProblemPage {
    f: Plain,
    home: &'static str,
    name: &'static str,
    status: u16,
}

/// Tells of a problem: a page for a browser, a line in the corner for htmx.
pub(super) fn tell(problem: Problem, door: &Door) -> Response {
    let w = door.words;
    let status = problem.status();
    if door.asked_by == AskedBy::Htmx {
        let text = format!(
            "{} {}",
            w.t(&format!("problem-{}", problem.name())),
            w.t(&format!("problem-{}-do", problem.name()))
        );
        let mut response = (status, text).into_response();
        let headers = response.headers_mut();
        headers.insert("hx-retarget", HeaderValue::from_static("#toast"));
        headers.insert("hx-reswap", HeaderValue::from_static("textContent"));
        headers.insert("hx-reselect", HeaderValue::from_static("unset"));
        return response;
    }
    let page = ProblemPage { f: Plain::of(door), home: BASE, name: problem.name(), status: status.as_u16() };
    match page.render() {
        Ok(html) => (status, [(CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response(),
        Err(_) => status.into_response(),
    }
}

/// Sends a page.
pub(super) fn send(page: &impl Template) -> Result<Response, Problem> {
    send_as(StatusCode::OK, page)
}

/// Sends a page that tells of something else than success.
pub(super) fn send_as(status: StatusCode, page: &impl Template) -> Result<Response, Problem> {
    let html = page.render().map_err(|error| {
        tracing::error!(%error, "a page could not be made");
        Problem::Failed
    })?;
    Ok((status, [(CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response())
}

/// Sends the browser to a page of ours after a change. htmx follows and picks the part it wants.
pub(super) fn go_to(address: &str) -> Response {
    match HeaderValue::from_str(address) {
        Ok(to) => (StatusCode::SEE_OTHER, [(LOCATION, to)]).into_response(),
        Err(_) => Problem::Failed.into_response(),
    }
}

pub(super) async fn nothing_here(_door: Option<Extension<Door>>) -> Problem {
    Problem::NotFound
}

/// A query string of what is set; with its `?` unless all is empty.
pub(super) fn query(pairs: &[(&str, &str)]) -> String {
    let mut out = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        out.append_pair(name, value);
    }
    let text = out.finish();
    if text.is_empty() { text } else { format!("?{text}") }
}

/// Where in a list a page begins, as it stands in the address; what is no such place is the beginning.
pub(super) fn begins(after: Option<&str>) -> Option<Cursor> {
    after.and_then(|after| after.parse().ok())
}

/// `after` in an address.
pub(super) fn shown(after: Option<Cursor>) -> String {
    after.map(|after| after.to_string()).unwrap_or_default()
}

/// What is asked of the store for a page: one row more than it has, to know whether there is a next one.
pub(super) fn wanted(after: Option<Cursor>) -> Page {
    Page { after, limit: ROWS + 1 }
}

/// A page's links: to the list's beginning and to the next page.
pub(super) struct Pager {
    pub(super) first: Option<String>,
    pub(super) older: Option<String>,
}

impl Pager {
    /// Nothing but this page.
    pub(super) const NONE: Self = Self { first: None, older: None };

    /// Cuts the row that was asked for beyond the page.
    pub(super) fn of<T>(
        rows: &mut Vec<T>,
        after: Option<Cursor>,
        cursor: impl Fn(&T) -> Cursor,
        at: impl Fn(Option<Cursor>) -> String,
    ) -> Self {
        let is_last = rows.len() <= ROWS;
        rows.truncate(ROWS);
        let next = rows.last().filter(|_| !is_last).map(cursor);
        Self { first: after.map(|_| at(None)), older: next.map(|next| at(Some(next))) }
    }
}
