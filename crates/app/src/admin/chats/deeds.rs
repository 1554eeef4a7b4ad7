//! What a person does in a conversation.

use std::sync::Arc;

use axum::{
    Extension, Form,
    extract::{Path, Query, State},
    http::StatusCode,
    response::Response,
    routing::{MethodRouter, post},
};
use serde::Deserialize;
use voronka_core::{
    ids::CustomerId,
    message::{ConversationKey, Event, KinWord, TeamAction},
    ports::ConversationView,
};

use super::{
    super::{
        BASE, House,
        act::{self, Target},
        admit::{AskedBy, Visit},
        page::{self, Problem},
    },
    Draft, Filters, MESSAGES, find, opened,
};

/// What the forms of a conversation carry.
#[derive(Debug, Deserialize)]
struct Deed {
    key: String,
    #[serde(default)]
    text: String,
}

/// An action that needs no words.
pub(in super::super) fn at_once(name: &'static str, action: TeamAction) -> MethodRouter<Arc<House>> {
    post(
        async move |State(house): State<Arc<House>>,
                    Extension(visit): Extension<Visit>,
                    Path((_, id)): Path<(String, String)>,
                    Query(filters): Query<Filters>,
                    Form(deed): Form<Deed>| {
            let key = act::form_key(&deed.key)?;
            let view = find(&house, &visit, &id, 1).await?;
            let deed = Event::Team { who: visit.who.clone(), action };
            act::act(&house, target(&visit, &view), &format!("admin:{name}:{key}"), deed).await?;
            Ok::<_, Problem>(page::go_to(&address(&visit, &filters, &view)))
        },
    )
}

/// An action with words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Typed {
    /// To the customer.
    Reply,
    /// For the team alone.
    Note,
}

impl Typed {
    fn name(self) -> &'static str {
        match self {
            Self::Reply => "reply",
            Self::Note => "note",
        }
    }

    /// Most characters: a reply is what the messengers take without cutting.
    fn chars_max(self) -> usize {
        match self {
            Self::Reply => 4_000,
            Self::Note => 2_000,
        }
    }

    fn action(self, text: String) -> TeamAction {
        match self {
            Self::Reply => TeamAction::Reply { text },
            Self::Note => TeamAction::Note { text },
        }
    }
}

/// Sends what was typed. What cannot be sent stays in its box.
pub(in super::super) fn typed(what: Typed) -> MethodRouter<Arc<House>> {
    post(
        async move |State(house): State<Arc<House>>,
                    Extension(visit): Extension<Visit>,
                    Path((_, id)): Path<(String, String)>,
                    Query(filters): Query<Filters>,
                    Form(deed): Form<Deed>| {
            let key = act::form_key(&deed.key)?;
            let view = find(&house, &visit, &id, filters.n.unwrap_or(MESSAGES)).await?;
            let Some((status, error)) = send(&house, &visit, &view, what, &deed).await? else {
                return Ok(page::go_to(&address(&visit, &filters, &view)));
            };
            // The key is kept as well: a second try of the same words is the same message.
            let draft = Draft { text: deed.text.clone(), key: Some(key.to_owned()), error: Some(error) };
            page::send_as(status, &opened(&house, &visit, &filters, view, draft).await?)
        },
    )
}

/// What is wrong with what was typed, or with sending it; `None`: it was sent.
async fn send(
    house: &House,
    visit: &Visit,
    view: &ConversationView,
    what: Typed,
    deed: &Deed,
) -> Result<Option<(StatusCode, String)>, Problem> {
    let (w, name) = (visit.door.words, what.name());
    let text = deed.text.replace("\r\n", "\n");
    let text = text.trim();
    let length = text.chars().count();
    if text.is_empty() {
        return Ok(Some((StatusCode::UNPROCESSABLE_ENTITY, w.t(&format!("{name}-empty")))));
    }
    if length > what.chars_max() {
        let length = i64::try_from(length).unwrap_or(i64::MAX);
        return Ok(Some((StatusCode::UNPROCESSABLE_ENTITY, w.n(&format!("{name}-long"), length))));
    }
    let event_key = format!("admin:{name}:{}:{}", view.card.id, deed.key);
    let deed = Event::Team { who: visit.who.clone(), action: what.action(text.to_owned()) };
    match act::act(house, target(visit, view), &event_key, deed).await {
        Ok(()) => Ok(None),
        // For htmx the page keeps its form and the error goes into the corner.
        Err(problem) if visit.door.asked_by == AskedBy::Htmx => Err(problem),
        Err(problem) => Ok(Some((problem.status(), w.t(&format!("{name}-failed"))))),
    }
}

/// Which answer.
#[derive(Debug, Deserialize)]
pub(in super::super) struct Answer {
    seq: i64,
}

/// Marks an answer as wrong.
pub(in super::super) async fn wrong(
    State(house): State<Arc<House>>,
    Extension(visit): Extension<Visit>,
    Path((_, id)): Path<(String, String)>,
    Query(filters): Query<Filters>,
    Form(Answer { seq }): Form<Answer>,
) -> Result<Response, Problem> {
    let view = find(&house, &visit, &id, 1).await?;
    // An answer is wrong once, whoever says so.
    let event_key = format!("admin:wrong:{}:{seq}", view.card.id);
    let deed = Event::Team { who: visit.who.clone(), action: TeamAction::MarkWrong { seq } };
    act::act(&house, target(&visit, &view), &event_key, deed).await?;
    Ok(page::go_to(&format!("{}#m{seq}", address(&visit, &filters, &view))))
}

/// What a person says of who is one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum SaysOfKin {
    /// Somebody who is suggested is the same.
    Same,
    /// They are not.
    NotSame,
    /// This customer is a person of their own.
    Split,
}

/// What the forms about one person carry.
#[derive(Debug, Deserialize)]
struct OfKin {
    key: String,
    /// Who is suggested.
    other: Option<CustomerId>,
}

impl SaysOfKin {
    /// What the conversation is told; `None`: nobody is suggested any more, or there is nobody to be split from.
    fn word(self, by: &str, other: Option<CustomerId>, view: &ConversationView) -> Option<KinWord> {
        let suggested = other.filter(|other| view.same_as.contains(other));
        match self {
            Self::Same => suggested.map(|with| KinWord::Merge { with, by: by.to_owned() }),
            Self::NotSame => suggested.map(|of| KinWord::NotSame { of }),
            Self::Split => (!view.kin.is_empty()).then(|| KinWord::Split { by: by.to_owned() }),
        }
    }
}

/// Tells the conversation who is one person with its customer. What somebody else has settled meanwhile stays so: the page shows it.
pub(in super::super) fn kin(what: SaysOfKin) -> MethodRouter<Arc<House>> {
    post(
        async move |State(house): State<Arc<House>>,
                    Extension(visit): Extension<Visit>,
                    Path((_, id)): Path<(String, String)>,
                    Query(filters): Query<Filters>,
                    Form(said): Form<OfKin>| {
            let key = act::form_key(&said.key)?;
            let view = find(&house, &visit, &id, 1).await?;
            if let Some(word) = what.word(&visit.who, said.other, &view) {
                let about = said.other.map(|other| other.to_string()).unwrap_or_default();
                let event_key = format!("admin:kin:{what:?}:{about}:{key}");
                act::act(&house, target(&visit, &view), &event_key, Event::Kin { word }).await?;
            }
            Ok::<_, Problem>(page::go_to(&address(&visit, &filters, &view)))
        },
    )
}

fn target(visit: &Visit, view: &ConversationView) -> Target {
    let key = ConversationKey { partner: visit.partner.id.clone(), conversation: view.card.id };
    Target { key, account: view.card.account.clone(), peer: view.card.peer.clone() }
}

fn address(visit: &Visit, filters: &Filters, view: &ConversationView) -> String {
    format!("{BASE}/{}/chats/{}{}", visit.partner.id, view.card.id, filters.here())
}
