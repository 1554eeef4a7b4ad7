//! Leads: the hottest first, each with why it is and what to do now.

use std::sync::Arc;

use askama::Template;
use axum::{
    Extension,
    extract::{Query, State},
    response::Response,
};
use serde::Deserialize;
use voronka_core::ports::{LeadCard, Page};

use super::{
    House,
    admit::Visit,
    chats::reasons,
    page::{self, Chip, Frame, Pager, Place, Problem, ROWS, SEARCH_ROWS_MAX},
    show::{Call, Dates, Heat, finds, initial},
};

const HEATS: [&str; 3] = ["hot", "warm", "cold"];

/// Filters, as they stand in the address.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Filters {
    t: Option<String>,
    q: Option<String>,
    page: Option<String>,
}

impl Filters {
    fn query(&self, heat: &str, page: usize) -> String {
        let page = if page > 1 { page.to_string() } else { String::new() };
        page::query(&[("t", heat), ("q", self.search()), ("page", &page)])
    }

    fn heat(&self) -> &str {
        self.t.as_deref().filter(|heat| HEATS.contains(heat)).unwrap_or_default()
    }

    fn search(&self) -> &str {
        self.q.as_deref().unwrap_or_default().trim()
    }
}

/// A lead: who, how hot and why, what they said, what to do.
struct Lead {
    id: String,
    name: String,
    initial: String,
    heat: Heat,
    score: i32,
    score_words: String,
    why: Vec<String>,
    account: String,
    preview: String,
    brief: String,
    full: String,
    iso: String,
    call: Option<Call>,
    chat: String,
    /// The lead is worth a call now.
    call_first: bool,
}

#[derive(Template)]
#[template(path = "admin/leads.html")]
struct LeadsPage {
    f: Frame,
    leads: Vec<Lead>,
    chips: Vec<Chip>,
    heat: String,
    q: String,
    pager: Pager,
}

pub(super) async fn leads(
    State(house): State<Arc<House>>,
    Extension(visit): Extension<Visit>,
    Query(filters): Query<Filters>,
) -> Result<Response, Problem> {
    let number = page::page_number(filters.page.as_deref());
    let (heat, search) = (filters.heat(), filters.search());
    let f = Frame::of(&house, &visit, Place::Leads, &format!("leads{}", filters.query(heat, number))).await?;
    let of_heat = (!heat.is_empty()).then_some(heat);
    let directory = &house.admin.directory;
    // The store cannot search leads: a search looks through the hottest ones.
    let page = if search.is_empty() {
        Page { skip: (number - 1) * ROWS, limit: ROWS + 1 }
    } else {
        Page::first(SEARCH_ROWS_MAX)
    };
    let mut cards = directory.leads(&visit.partner.id, of_heat, page).await?;
    if !search.is_empty() {
        cards.retain(|card| is_found(card, search));
    }
    let more = search.is_empty() && cards.len() > ROWS;
    cards.truncate(ROWS);
    let dates = Dates::of(&visit);
    let leads = cards.into_iter().map(|card| lead(&visit, &dates, &f, card)).collect();
    let chips = ["", "hot", "warm", "cold"].map(|to| Chip {
        href: format!("{}/leads{}", f.base, filters.query(to, 1)),
        text: f.w.t(match to {
            "hot" => "filter-hot",
            "warm" => "filter-warm",
            "cold" => "filter-cold",
            _ => "owner-all",
        }),
        count: if to == "hot" { f.figures.hot } else { 0 },
        here: to == heat,
    });
    let at = |number: usize| format!("{}/leads{}", f.base, filters.query(heat, number));
    let pager = Pager { newer: (number > 1).then(|| at(number - 1)), older: more.then(|| at(number + 1)) };
    page::send(&LeadsPage { leads, chips: chips.into(), heat: heat.to_owned(), q: search.to_owned(), pager, f })
}

fn is_found(card: &LeadCard, search: &str) -> bool {
    let or_empty = |text: &Option<String>| text.clone().unwrap_or_default();
    finds(search, &[&or_empty(&card.name), &or_empty(&card.phone), &card.lead.why, &card.preview])
}

fn lead(visit: &Visit, dates: &Dates, f: &Frame, card: LeadCard) -> Lead {
    let w = visit.door.words;
    let name = card.name.unwrap_or_else(|| w.t("no-name"));
    let call = Call::of(card.phone.as_deref());
    Lead {
        id: card.lead.customer.to_string(),
        initial: initial(&name),
        name,
        heat: Heat::of(card.lead.temperature, w),
        score: card.lead.score,
        score_words: w.n("score-of", card.lead.score),
        why: reasons(&card.lead.data, &card.lead.why),
        account: w.word("account", card.account.as_str()),
        preview: card.preview,
        brief: dates.brief(card.lead.at),
        full: dates.full(card.lead.at),
        iso: card.lead.at.to_string(),
        call_first: card.lead.temperature == "hot" && call.as_ref().is_some_and(|call| !call.href.is_empty()),
        call,
        chat: format!("{}/chats/{}", f.base, card.conversation),
    }
}
