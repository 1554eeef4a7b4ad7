//! Questions that went wrong, without an answer or with one that a person marked: what the next page of knowledge should be
//! about.

use std::sync::Arc;

use askama::Template;
use axum::{
    Extension,
    extract::{Query, State},
    response::Response,
};
use jiff::Timestamp;
use serde::Deserialize;
use voronka_core::{
    fact::Fact,
    ports::{Cursor, Fault, Page, QuestionCard},
};

use super::{
    House,
    admit::Visit,
    csv::{self, CSV_ROWS_MAX},
    page::{self, Chip, Frame, Pager, Place, Problem},
    show::{Dates, called},
};

/// Filters, as they stand in the address.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Filters {
    show: Option<String>,
    after: Option<String>,
}

impl Filters {
    fn fault(&self) -> Fault {
        if self.show.as_deref() == Some("wrong") { Fault::Wrong } else { Fault::Unanswered }
    }
}

fn query(fault: Fault, after: Option<Cursor>) -> String {
    let show = if fault == Fault::Wrong { "wrong" } else { "" };
    page::query(&[("show", show), ("after", &page::shown(after))])
}

/// A question as it is shown.
struct Asked {
    question: String,
    /// What was answered; empty where nothing was, or where it is forgotten.
    answer: String,
    name: String,
    account: String,
    /// Who marked the answer.
    by: String,
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
    views: [Chip; 2],
    /// The end of the names of its texts.
    kind: &'static str,
    asked: Vec<Asked>,
    pager: Pager,
    csv: String,
}

pub(super) async fn questions(
    State(house): State<Arc<House>>,
    Extension(visit): Extension<Visit>,
    Query(filters): Query<Filters>,
) -> Result<Response, Problem> {
    let (fault, after) = (filters.fault(), page::begins(filters.after.as_deref()));
    let f = Frame::of(&house, &visit, Place::More, &format!("questions{}", query(fault, after))).await?;
    let mut cards =
        house.admin.directory.questions(&visit.partner.id, fault, Timestamp::MIN, page::wanted(after)).await?;
    let address = |fault, after| format!("{}/questions{}", f.base, query(fault, after));
    let pager = Pager::of(&mut cards, after, QuestionCard::cursor, |after| address(fault, after));
    let views = [(Fault::Unanswered, "questions-unanswered"), (Fault::Wrong, "questions-wrong")]
        .map(|(to, key)| Chip { href: address(to, None), text: f.w.t(key), count: 0, here: to == fault });
    let dates = Dates::of(&visit);
    let asked = cards.into_iter().map(|card| asked(&visit, &dates, &f.base, fault, card)).collect();
    let kind = if fault == Fault::Wrong { "wrong" } else { "unanswered" };
    let csv = format!("{}/questions.csv{}", f.base, query(fault, None));
    page::send(&QuestionsPage { chips: super::more::chips(&f, "questions"), views, kind, asked, pager, csv, f })
}

fn asked(visit: &Visit, dates: &Dates, base: &str, fault: Fault, card: QuestionCard) -> Asked {
    let w = visit.door.words;
    let told = Told::of(fault, &card);
    let place = told.seq.map(|seq| format!("#m{seq}")).unwrap_or_default();
    Asked {
        question: if told.question.is_empty() { w.t("question-forgotten") } else { told.question },
        answer: told.answer,
        name: called(w, card.name, card.fact.customer),
        account: w.word("account", card.account.as_str()),
        by: if told.who.is_empty() { told.who } else { w.with("wrong-by", "name", &told.who) },
        chat: format!("{base}/chats/{}{place}", card.conversation),
        brief: dates.brief(card.fact.at),
        full: dates.full(card.fact.at),
        iso: card.fact.at.to_string(),
    }
}

/// What a card tells.
#[derive(Default)]
struct Told {
    question: String,
    answer: String,
    who: String,
    seq: Option<i64>,
}

impl Told {
    fn of(fault: Fault, card: &QuestionCard) -> Self {
        let (question, words) = (card.question(), card.words.clone());
        match (serde_json::from_str(&card.fact.data), fault) {
            (Ok(Fact::AnswerWrong { seq, who, .. }), _) => Self { question, answer: words, who, seq: Some(seq) },
            (_, Fault::Unanswered) => Self { question, ..Self::default() },
            (_, Fault::Wrong) => Self { answer: words, ..Self::default() },
        }
    }
}

pub(super) async fn csv(
    State(house): State<Arc<House>>,
    Extension(visit): Extension<Visit>,
    Query(filters): Query<Filters>,
) -> Result<Response, Problem> {
    let fault = filters.fault();
    let page = Page::first(CSV_ROWS_MAX);
    let cards = house.admin.directory.questions(&visit.partner.id, fault, Timestamp::MIN, page).await?;
    let (w, dates) = (visit.door.words, Dates::of(&visit));
    let head = ["csv-when", "csv-question", "csv-answer", "csv-name", "account"].map(|key| w.t(key)).into();
    let row = |card: QuestionCard| {
        let told = Told::of(fault, &card);
        vec![
            dates.sortable(card.fact.at),
            told.question,
            told.answer,
            card.name.unwrap_or_default(),
            w.word("account", card.account.as_str()),
        ]
    };
    csv::file(&visit, "questions", head, cards.into_iter().map(row).collect())
}
