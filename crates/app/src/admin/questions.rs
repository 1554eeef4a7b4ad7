//! Questions that found no answer: what the next page of knowledge should be about.

use std::sync::Arc;

use askama::Template;
use axum::{
    Extension,
    extract::{Query, State},
    response::Response,
};
use serde::Deserialize;
use voronka_core::ports::{Page, QuestionCard};

use super::{
    House,
    admit::Visit,
    csv::{self, CSV_ROWS_MAX},
    page::{self, Chip, Frame, Pager, Place, Problem, ROWS},
    show::Dates,
};

/// Filters, as they stand in the address.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Filters {
    page: Option<String>,
}

struct Asked {
    words: String,
    name: String,
    account: String,
    chat: String,
    brief: String,
    full: String,
    iso: String,
}

#[derive(Template)]
#[template(path = "admin/questions.html")]
struct QuestionsPage {
    f: Frame,
    chips: Vec<Chip>,
    asked: Vec<Asked>,
    pager: Pager,
}

pub(super) async fn questions(
    State(house): State<Arc<House>>,
    Extension(visit): Extension<Visit>,
    Query(filters): Query<Filters>,
) -> Result<Response, Problem> {
    let number = page::page_number(filters.page.as_deref());
    let f = Frame::of(&house, &visit, Place::More, &page::numbered("questions", number)).await?;
    let wanted = Page { skip: (number - 1) * ROWS, limit: ROWS + 1 };
    let mut cards = house.admin.directory.questions(&visit.partner.id, wanted).await?;
    let pager = Pager::of(number, page::cut(&mut cards), |number| {
        format!("{}/{}", f.base, page::numbered("questions", number))
    });
    let dates = Dates::of(&visit);
    let asked = cards.into_iter().map(|card| asked(&visit, &dates, &f.base, card)).collect();
    page::send(&QuestionsPage { chips: super::more::chips(&f, "questions"), asked, pager, f })
}

fn asked(visit: &Visit, dates: &Dates, base: &str, card: QuestionCard) -> Asked {
    let w = visit.door.words;
    Asked {
        words: words(&card),
        name: card.name.unwrap_or_else(|| w.t("no-name")),
        account: w.word("account", card.account.as_str()),
        chat: format!("{base}/chats/{}", card.conversation),
        brief: dates.brief(card.fact.at),
        full: dates.full(card.fact.at),
        iso: card.fact.at.to_string(),
    }
}

/// The question as the fact keeps it, else what the customer had said last.
fn words(card: &QuestionCard) -> String {
    #[derive(Deserialize)]
    struct Kept {
        #[serde(default)]
        question: String,
    }
    let kept = serde_json::from_str::<Kept>(&card.fact.data).map(|kept| kept.question).unwrap_or_default();
    if kept.is_empty() { card.words.clone() } else { kept }
}

pub(super) async fn csv(
    State(house): State<Arc<House>>,
    Extension(visit): Extension<Visit>,
) -> Result<Response, Problem> {
    let cards = house.admin.directory.questions(&visit.partner.id, Page::first(CSV_ROWS_MAX)).await?;
    let (w, dates) = (visit.door.words, Dates::of(&visit));
    let head = ["csv-when", "csv-question", "csv-name", "account"].map(|key| w.t(key)).into();
    let row = |card: QuestionCard| {
        let words = words(&card);
        vec![
            dates.sortable(card.fact.at),
            words,
            card.name.unwrap_or_default(),
            w.word("account", card.account.as_str()),
        ]
    };
    csv::file(&visit, "questions", head, cards.into_iter().map(row).collect())
}
