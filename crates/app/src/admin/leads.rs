//! Leads: the hottest first, each with why it is and what to do now.

use std::sync::Arc;

use askama::Template;
use axum::{
    Extension,
    extract::{Query, State},
    response::Response,
};
use serde::Deserialize;
use voronka_core::ports::{Cursor, LeadCard, LeadFilter, Page};

use super::{
    House,
    admit::Visit,
    chats::reasons,
    csv::{self, CSV_ROWS_MAX},
    next::{Next, Phone},
    page::{self, Chip, Frame, Pager, Place, Problem},
    show::{Call, Dates, Heat, called, initial},
};

const HEATS: [&str; 3] = ["hot", "warm", "cold"];

/// Filters, as they stand in the address.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Filters {
    t: Option<String>,
    q: Option<String>,
    after: Option<String>,
}

impl Filters {
    fn query(&self, heat: &str, after: Option<Cursor>) -> String {
        page::query(&[("t", heat), ("q", self.search()), ("after", &page::shown(after))])
    }

    fn of_store(&self) -> LeadFilter {
        let set = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        LeadFilter { temperature: set(self.heat()), text: set(self.search()), ..LeadFilter::default() }
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
    next: Next,
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
    csv: String,
}

pub(super) async fn leads(
    State(house): State<Arc<House>>,
    Extension(visit): Extension<Visit>,
    Query(filters): Query<Filters>,
) -> Result<Response, Problem> {
    let after = page::begins(filters.after.as_deref());
    let (heat, search) = (filters.heat(), filters.search());
    let f = Frame::of(&house, &visit, Place::Leads, &format!("leads{}", filters.query(heat, after))).await?;
    let wanted = page::wanted(after);
    let mut cards = house.admin.directory.leads(&visit.partner.id, &filters.of_store(), wanted).await?;
    let address = |after| format!("{}/leads{}", f.base, filters.query(heat, after));
    let pager = Pager::of(&mut cards, after, LeadCard::cursor, address);
    let dates = Dates::of(&visit);
    let leads = cards.into_iter().map(|card| lead(&visit, &dates, &f, card)).collect();
    let chips = ["", "hot", "warm", "cold"].map(|to| Chip {
        href: format!("{}/leads{}", f.base, filters.query(to, None)),
        text: f.w.t(match to {
            "hot" => "filter-hot",
            "warm" => "filter-warm",
            "cold" => "filter-cold",
            _ => "owner-all",
        }),
        count: if to == "hot" { f.figures.hot } else { 0 },
        here: to == heat,
    });
    let csv = format!("{}/leads.csv{}", f.base, filters.query(heat, None));
    page::send(&LeadsPage { leads, chips: chips.into(), heat: heat.to_owned(), q: search.to_owned(), pager, csv, f })
}

pub(super) async fn csv(
    State(house): State<Arc<House>>,
    Extension(visit): Extension<Visit>,
    Query(filters): Query<Filters>,
) -> Result<Response, Problem> {
    let page = Page::first(CSV_ROWS_MAX);
    let cards = house.admin.directory.leads(&visit.partner.id, &filters.of_store(), page).await?;
    let (w, dates) = (visit.door.words, Dates::of(&visit));
    let head = [
        "csv-name",
        "csv-phone",
        "csv-heat",
        "csv-score",
        "lead-why",
        "lead-stage",
        "lead-source",
        "lead-segment",
        "account",
        "csv-when",
    ];
    let rows = cards.into_iter().map(|card| {
        let segment = card.lead.segment().unwrap_or_default();
        vec![
            card.name.unwrap_or_default(),
            card.phone.unwrap_or_default(),
            Heat::of(card.lead.temperature, w).word,
            card.lead.score.to_string(),
            reasons(&card.lead.data, &card.lead.why).join(", "),
            card.lead.stage,
            card.lead.source.unwrap_or_default(),
            segment,
            w.word("account", card.account.as_str()),
            dates.sortable(card.lead.at),
        ]
    });
    csv::file(&visit, "leads", head.map(|key| w.t(key)).into(), rows.collect())
}

fn lead(visit: &Visit, dates: &Dates, f: &Frame, card: LeadCard) -> Lead {
    let w = visit.door.words;
    let name = called(w, card.name, card.lead.customer);
    let call = Call::of(card.phone.as_deref());
    let phone = if call.is_some() { Phone::Known } else { Phone::Unknown };
    Lead {
        next: Next::of_lead(w, card.lead.temperature, phone),
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
