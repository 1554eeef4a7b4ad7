//! Dialogues: the inbox, a conversation beside its lead, and what a person does in it.

mod deeds;
mod files;
mod tail;
mod view;

use std::sync::Arc;

use askama::Template;
use axum::{
    Extension,
    extract::{Path, Query, State},
    response::Response,
};
use serde::Deserialize;
use voronka_core::{
    ids::ConversationId,
    message::ConversationKey,
    ports::{ConversationCard, ConversationFilter, ConversationView, Cursor, KnownBy, Page},
    rows::IdentityRow,
};

pub(super) use self::deeds::{SaysOfKin, Typed, at_once, kin, typed, wrong};
pub(crate) use self::files::Files;
pub(super) use self::files::file;
pub(super) use self::tail::messages;
pub(super) use self::view::reasons;
use self::view::{Head, LeadPanel, PersonPanel, Thread};
use super::{
    House,
    admit::Visit,
    csv::{self, CSV_ROWS_MAX},
    page::{self, Chip, Frame, Pager, Place, Problem},
    show::{Dates, Heat, called, initial, owner_words},
};

/// Messages shown when a conversation is opened.
const MESSAGES: usize = 60;
/// Most messages that are shown when earlier ones are asked for.
const MESSAGES_MAX: usize = 2_000;

/// Who answers, as filters name them.
const OWNERS: [&str; 3] = ["nobody", "person", "bot"];

/// The inbox's filters, as they stand in the address.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Filters {
    owner: Option<String>,
    q: Option<String>,
    after: Option<String>,
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

    fn after(&self) -> Option<Cursor> {
        page::begins(self.after.as_deref())
    }

    fn query(&self, owner: &str, after: Option<Cursor>) -> String {
        page::query(&[("owner", owner), ("q", self.search()), ("after", &page::shown(after))])
    }

    /// The piece of the inbox that the reader sees.
    fn here(&self) -> String {
        self.query(self.owner(), self.after())
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
    person: PersonPanel,
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
    let f = Frame::of(&house, &visit, Place::Chats, &format!("chats{}", filters.here())).await?;
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
    let query = filters.here();
    let here = format!("chats/{}{query}", view.card.id);
    let f = Frame::of(house, visit, Place::Chats, &here).await?;
    let inbox = list(house, visit, &f, filters, Some(view.card.id)).await?;
    let dates = Dates::of(visit);
    let open = Open {
        head: Head::of(visit, &view),
        thread: Thread::of(visit, &dates, &view, filters.n.unwrap_or(MESSAGES)),
        panel: LeadPanel::of(visit, &dates, &f.base, &view),
        person: PersonPanel::of(visit, &f.base, &view, &suggested(house, visit, &view).await?),
        form_key: draft.key.unwrap_or_else(|| house.token()),
        draft: draft.text,
        error: draft.error,
        lead_first: filters.view.as_deref() == Some("lead"),
        post: format!("{}/chats/{}", f.base, view.card.id),
        query,
    };
    Ok(ChatsPage { f, inbox, open: Some(open) })
}

/// Who may be the same person, each in one of their conversations.
async fn suggested(house: &House, visit: &Visit, view: &ConversationView) -> Result<Vec<IdentityRow>, Problem> {
    let mut found = Vec::new();
    for other in &view.same_as {
        found.extend(house.admin.directory.identities(&visit.partner.id, &KnownBy::Id(*other), 1).await?);
    }
    Ok(found)
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
    let (owner, search, after) = (filters.owner(), filters.search(), filters.after());
    let wanted = page::wanted(after);
    let mut cards = house.admin.directory.conversations(&visit.partner.id, &filters.of_store(), wanted).await?;
    let address = |after| format!("{}/chats{}", f.base, filters.query(owner, after));
    let pager = Pager::of(&mut cards, after, ConversationCard::cursor, address);
    let (w, dates) = (f.w, Dates::of(visit));
    let query = filters.here();
    let rows = cards.into_iter().map(|card| {
        let name = called(w, card.name, card.customer);
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
        href: format!("{}/chats{}", f.base, filters.query(to, None)),
        text: w.t(if to.is_empty() { "owner-all" } else { to_key(to) }),
        count: if to == "nobody" { f.figures.waiting } else { 0 },
        here: to == owner,
    });
    let csv = format!("{}/chats.csv{}", f.base, filters.query(owner, None));
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
