//! Dialogues: the inbox, a conversation beside its lead, and what a person does in it.

mod tail;
mod view;

use std::sync::Arc;

use askama::Template;
use axum::{
    Extension, Form,
    extract::{Path, Query, State},
    response::Response,
};
use serde::Deserialize;
use voronka_core::{
    ids::ConversationId,
    message::{ConversationKey, TeamAction},
    ports::{ConversationFilter, ConversationView, Page},
};

pub(super) use self::tail::messages;
pub(super) use self::view::reasons;
use self::view::{Head, LeadPanel, Thread};
use super::{
    House,
    act::{self, Target},
    admit::{AskedBy, Visit},
    csv::{self, CSV_ROWS_MAX},
    page::{self, Chip, Frame, Pager, Place, Problem, ROWS},
    show::{Dates, Heat, initial, owner_words},
};

/// Messages shown when a conversation is opened.
const MESSAGES: usize = 60;
/// Most messages that are shown when earlier ones are asked for.
const MESSAGES_MAX: usize = 2_000;
/// Longest reply, in characters: what the messengers take without cutting.
const REPLY_CHARS_MAX: usize = 4_000;
/// Longest note.
const NOTE_CHARS_MAX: usize = 2_000;

/// Who answers, as filters name them.
const OWNERS: [&str; 3] = ["nobody", "person", "bot"];

/// The inbox's filters, as they stand in the address.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Filters {
    owner: Option<String>,
    q: Option<String>,
    page: Option<String>,
    /// How many messages.
    n: Option<usize>,
    /// On a phone: the lead instead of the messages.
    view: Option<String>,
}

impl Filters {
    fn owner(&self) -> &str {
        self.owner.as_deref().filter(|owner| OWNERS.contains(owner)).unwrap_or_default()
    }

    fn search(&self) -> &str {
        self.q.as_deref().unwrap_or_default().trim()
    }

    fn of_store(&self) -> ConversationFilter {
        let set = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        ConversationFilter { owner: set(self.owner()), text: set(self.search()) }
    }

    fn query(&self, owner: &str, page: usize) -> String {
        let page = if page > 1 { page.to_string() } else { String::new() };
        page::query(&[("owner", owner), ("q", self.search()), ("page", &page)])
    }
}

/// A conversation in the inbox.
struct Row {
    id: String,
    href: String,
    name: String,
    initial: String,
    account: String,
    heat: Heat,
    owner: String,
    owner_word: String,
    preview: String,
    brief: String,
    full: String,
    iso: String,
    unread: u32,
    unread_words: String,
    here: bool,
}

/// The inbox.
struct Inbox {
    rows: Vec<Row>,
    chips: Vec<Chip>,
    q: String,
    owner: String,
    pager: Pager,
    csv: String,
}

#[derive(Template)]
#[template(path = "admin/chats.html")]
struct ChatsPage {
    f: Frame,
    inbox: Inbox,
    open: Option<Open>,
}

/// The conversation that is open.
struct Open {
    head: Head,
    thread: Thread,
    panel: LeadPanel,
    form_key: String,
    draft: String,
    error: Option<String>,
    /// On a phone: the lead is shown, not the messages.
    lead_first: bool,
    post: String,
    query: String,
}

pub(super) async fn inbox(
    State(house): State<Arc<House>>,
    Extension(visit): Extension<Visit>,
    Query(filters): Query<Filters>,
) -> Result<Response, Problem> {
    let number = page::page_number(filters.page.as_deref());
    let here = format!("chats{}", filters.query(filters.owner(), number));
    let f = Frame::of(&house, &visit, Place::Chats, &here).await?;
    let inbox = list(&house, &visit, &f, &filters, None).await?;
    page::send(&ChatsPage { f, inbox, open: None })
}

pub(super) async fn conversation(
    State(house): State<Arc<House>>,
    Extension(visit): Extension<Visit>,
    Path((_, id)): Path<(String, String)>,
    Query(filters): Query<Filters>,
) -> Result<Response, Problem> {
    let view = find(&house, &visit, &id, filters.n.unwrap_or(MESSAGES)).await?;
    page::send(&opened(&house, &visit, &filters, view, Draft::default()).await?)
}

/// What was typed and could not be sent.
#[derive(Default)]
struct Draft {
    text: String,
    key: Option<String>,
    error: Option<String>,
}

async fn opened(
    house: &House,
    visit: &Visit,
    filters: &Filters,
    view: ConversationView,
    draft: Draft,
) -> Result<ChatsPage, Problem> {
    let number = page::page_number(filters.page.as_deref());
    let query = filters.query(filters.owner(), number);
    let here = format!("chats/{}{query}", view.card.id);
    let f = Frame::of(house, visit, Place::Chats, &here).await?;
    let inbox = list(house, visit, &f, filters, Some(view.card.id)).await?;
    let dates = Dates::of(visit);
    let open = Open {
        head: Head::of(visit, &view),
        thread: Thread::of(visit, &dates, &view, filters.n.unwrap_or(MESSAGES)),
        panel: LeadPanel::of(visit, &dates, &f.base, &view),
        form_key: draft.key.unwrap_or_else(|| house.token()),
        draft: draft.text,
        error: draft.error,
        lead_first: filters.view.as_deref() == Some("lead"),
        post: format!("{}/chats/{}", f.base, view.card.id),
        query,
    };
    Ok(ChatsPage { f, inbox, open: Some(open) })
}

/// One conversation of this partner; anything else is not there.
async fn find(house: &House, visit: &Visit, id: &str, messages: usize) -> Result<ConversationView, Problem> {
    let conversation: ConversationId = id.parse().map_err(|_| Problem::NotFound)?;
    let key = ConversationKey { partner: visit.partner.id.clone(), conversation };
    let view = house.admin.directory.conversation(&key, messages.clamp(1, MESSAGES_MAX)).await?;
    view.ok_or(Problem::NotFound)
}

async fn list(
    house: &House,
    visit: &Visit,
    f: &Frame,
    filters: &Filters,
    open: Option<ConversationId>,
) -> Result<Inbox, Problem> {
    let number = page::page_number(filters.page.as_deref());
    let (owner, search) = (filters.owner(), filters.search());
    let page = Page { skip: (number - 1) * ROWS, limit: ROWS + 1 };
    let mut cards = house.admin.directory.conversations(&visit.partner.id, &filters.of_store(), page).await?;
    let further = page::cut(&mut cards);
    let (w, dates) = (f.w, Dates::of(visit));
    let query = filters.query(owner, number);
    let rows = cards.into_iter().map(|card| {
        let name = card.name.unwrap_or_else(|| w.t("no-name"));
        Row {
            href: format!("{}/chats/{}{query}", f.base, card.id),
            id: card.id.to_string(),
            initial: initial(&name),
            name,
            account: w.word("account", card.account.as_str()),
            heat: Heat::of(&card.temperature, w),
            owner_word: owner_words(w, &card.owner, card.holder.as_deref()),
            owner: card.owner,
            preview: card.preview,
            brief: dates.brief(card.at),
            full: dates.full(card.at),
            iso: card.at.to_string(),
            unread: card.unread,
            unread_words: w.n("unread", card.unread),
            here: open == Some(card.id),
        }
    });
    let chips = ["", "nobody", "person", "bot"].map(|to| Chip {
        href: format!("{}/chats{}", f.base, filters.query(to, 1)),
        text: w.t(if to.is_empty() { "owner-all" } else { to_key(to) }),
        count: if to == "nobody" { f.figures.waiting } else { 0 },
        here: to == owner,
    });
    let pager = Pager::of(number, further, |number| format!("{}/chats{}", f.base, filters.query(owner, number)));
    let csv = format!("{}/chats.csv{}", f.base, filters.query(owner, 1));
    Ok(Inbox { rows: rows.collect(), chips: chips.into(), q: search.to_owned(), owner: owner.to_owned(), pager, csv })
}

pub(super) async fn csv(
    State(house): State<Arc<House>>,
    Extension(visit): Extension<Visit>,
    Query(filters): Query<Filters>,
) -> Result<Response, Problem> {
    let page = Page::first(CSV_ROWS_MAX);
    let cards = house.admin.directory.conversations(&visit.partner.id, &filters.of_store(), page).await?;
    let (w, dates) = (visit.door.words, Dates::of(&visit));
    let head = ["csv-when", "csv-name", "account", "csv-owner", "csv-heat", "csv-score", "csv-last"];
    let rows = cards.into_iter().map(|card| {
        vec![
            dates.sortable(card.at),
            card.name.unwrap_or_default(),
            w.word("account", card.account.as_str()),
            owner_words(w, &card.owner, card.holder.as_deref()),
            Heat::of(&card.temperature, w).word,
            card.score.to_string(),
            card.preview,
        ]
    });
    csv::file(&visit, "chats", head.map(|key| w.t(key)).into(), rows.collect())
}

fn to_key(owner: &str) -> &'static str {
    match owner {
        "nobody" => "filter-nobody",
        "person" => "filter-person",
        _ => "filter-bot",
    }
}

/// What the forms of a conversation carry.
#[derive(Debug, Deserialize)]
pub(super) struct Deed {
    key: String,
    #[serde(default)]
    text: String,
}

pub(super) async fn take(
    state: State<Arc<House>>,
    visit: Extension<Visit>,
    path: Path<(String, String)>,
    filters: Query<Filters>,
    Form(deed): Form<Deed>,
) -> Result<Response, Problem> {
    simple(state, visit, path, filters, &deed, "take", TeamAction::TakeOver).await
}

pub(super) async fn give_back(
    state: State<Arc<House>>,
    visit: Extension<Visit>,
    path: Path<(String, String)>,
    filters: Query<Filters>,
    Form(deed): Form<Deed>,
) -> Result<Response, Problem> {
    simple(state, visit, path, filters, &deed, "back", TeamAction::GiveBack).await
}

pub(super) async fn handled(
    state: State<Arc<House>>,
    visit: Extension<Visit>,
    path: Path<(String, String)>,
    filters: Query<Filters>,
    Form(deed): Form<Deed>,
) -> Result<Response, Problem> {
    simple(state, visit, path, filters, &deed, "handled", TeamAction::Handled).await
}

/// An action that needs no words.
async fn simple(
    State(house): State<Arc<House>>,
    Extension(visit): Extension<Visit>,
    Path((_, id)): Path<(String, String)>,
    Query(filters): Query<Filters>,
    deed: &Deed,
    name: &str,
    action: TeamAction,
) -> Result<Response, Problem> {
    let key = act::form_key(&deed.key)?;
    let view = find(&house, &visit, &id, 1).await?;
    let event_key = format!("admin:{name}:{key}");
    act::act(&house, &visit.who, target(&visit, &view), &event_key, action).await?;
    Ok(page::go_to(&address(&visit, &filters, &view)))
}

pub(super) async fn reply(
    State(house): State<Arc<House>>,
    Extension(visit): Extension<Visit>,
    Path((_, id)): Path<(String, String)>,
    Query(filters): Query<Filters>,
    Form(deed): Form<Deed>,
) -> Result<Response, Problem> {
    let key = act::form_key(&deed.key)?;
    let view = find(&house, &visit, &id, filters.n.unwrap_or(MESSAGES)).await?;
    let text = deed.text.replace("\r\n", "\n");
    let text = text.trim();
    let w = visit.door.words;
    let length = text.chars().count();
    let refused = if text.is_empty() {
        Some((axum::http::StatusCode::UNPROCESSABLE_ENTITY, w.t("reply-empty")))
    } else if length > REPLY_CHARS_MAX {
        Some((
            axum::http::StatusCode::UNPROCESSABLE_ENTITY,
            w.n("reply-long", i64::try_from(length).unwrap_or(i64::MAX)),
        ))
    } else {
        let action = TeamAction::Reply { text: text.to_owned() };
        let event_key = format!("admin:reply:{}:{key}", view.card.id);
        match act::act(&house, &visit.who, target(&visit, &view), &event_key, action).await {
            Ok(()) => None,
            // For htmx the page keeps its form and the error goes into the corner.
            Err(problem) if visit.door.asked_by == AskedBy::Htmx => return Err(problem),
            Err(problem) => Some((problem.status(), w.t("reply-failed"))),
        }
    };
    let Some((status, error)) = refused else { return Ok(page::go_to(&address(&visit, &filters, &view))) };
    // What was typed is kept, and so is the key: a second try of the same words is the same message.
    let draft = Draft { text: deed.text.clone(), key: Some(key.to_owned()), error: Some(error) };
    page::send_as(status, &opened(&house, &visit, &filters, view, draft).await?)
}

/// Which answer.
#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    seq: i64,
}

/// Marks an answer as wrong.
pub(super) async fn wrong(
    State(house): State<Arc<House>>,
    Extension(visit): Extension<Visit>,
    Path((_, id)): Path<(String, String)>,
    Query(filters): Query<Filters>,
    Form(Answer { seq }): Form<Answer>,
) -> Result<Response, Problem> {
    let view = find(&house, &visit, &id, 1).await?;
    // An answer is wrong once, whoever says so.
    let event_key = format!("admin:wrong:{}:{seq}", view.card.id);
    act::act(&house, &visit.who, target(&visit, &view), &event_key, TeamAction::MarkWrong { seq }).await?;
    Ok(page::go_to(&format!("{}#m{seq}", address(&visit, &filters, &view))))
}

/// Writes something down for the team alone.
pub(super) async fn note(
    State(house): State<Arc<House>>,
    Extension(visit): Extension<Visit>,
    Path((_, id)): Path<(String, String)>,
    Query(filters): Query<Filters>,
    Form(deed): Form<Deed>,
) -> Result<Response, Problem> {
    let key = act::form_key(&deed.key)?;
    let view = find(&house, &visit, &id, filters.n.unwrap_or(MESSAGES)).await?;
    let text = deed.text.replace("\r\n", "\n");
    let text = text.trim();
    let length = text.chars().count();
    let w = visit.door.words;
    let error = if text.is_empty() {
        w.t("note-empty")
    } else if length > NOTE_CHARS_MAX {
        w.n("note-long", i64::try_from(length).unwrap_or(i64::MAX))
    } else {
        let action = TeamAction::Note { text: text.to_owned() };
        let event_key = format!("admin:note:{}:{key}", view.card.id);
        act::act(&house, &visit.who, target(&visit, &view), &event_key, action).await?;
        return Ok(page::go_to(&address(&visit, &filters, &view)));
    };
    let draft = Draft { text: deed.text.clone(), key: Some(key.to_owned()), error: Some(error) };
    let page = opened(&house, &visit, &filters, view, draft).await?;
    page::send_as(axum::http::StatusCode::UNPROCESSABLE_ENTITY, &page)
}

fn target(visit: &Visit, view: &ConversationView) -> Target {
    let key = ConversationKey { partner: visit.partner.id.clone(), conversation: view.card.id };
    Target { key, account: view.card.account.clone(), peer: view.card.peer.clone() }
}

fn address(visit: &Visit, filters: &Filters, view: &ConversationView) -> String {
    let number = page::page_number(filters.page.as_deref());
    format!("{}/{}/chats/{}{}", super::BASE, visit.partner.id, view.card.id, filters.query(filters.owner(), number))
}
