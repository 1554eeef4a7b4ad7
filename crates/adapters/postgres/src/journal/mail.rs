use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use jiff::Timestamp;
use tokio_postgres::Row;
use voronka_core::{
    ids::{AccountId, BubbleId, ConversationId, PartnerId},
    message::{ConversationKey, Event, EventKey, Inbound, Peer, Timer},
    ports::{PostedMail, Settled, StoreError},
    rows::{Mail, MailSeq, MailSetAside},
};

use crate::{
    problem::Problem,
    session::{Arrived, Pipeline, Session, Statement, of_partner},
    sql,
    together::{Answers, Question},
    values::{Id, column, get, micros, most, text, words},
};

/// What a row costs beside its JSON, about.
pub(crate) const ROW_BYTES: usize = 200;

/// An event, ready to be written: what is asked for in columns, the rest in JSON.
pub(crate) struct Letter {
    pub(crate) key: ConversationKey,
    account: AccountId,
    peer: Peer,
    event_key: EventKey,
    at: i64,
    event: String,
}

impl Letter {
    pub(crate) fn of(inbound: &Inbound) -> Result<Self, Problem> {
        Ok(Self {
            key: inbound.conversation(),
            account: inbound.account.clone(),
            peer: inbound.peer.clone(),
            event_key: inbound.key.clone(),
            at: micros(inbound.at),
            event: json(&inbound.event)?,
        })
    }

    /// A timer that rings.
    pub(super) fn of_timer(
        key: ConversationKey,
        timer: Timer,
        due: Timestamp,
        account: AccountId,
        peer: Peer,
    ) -> Result<Self, Problem> {
        let event_key = timer.event_key(&key, due);
        Ok(Self { key, account, peer, event_key, at: micros(due), event: json(&Event::Timer { timer })? })
    }

    /// As it was before it was set aside.
    pub(super) fn put_back(key: ConversationKey, kept: &MailSetAside) -> Self {
        Self {
            key,
            account: kept.account.clone(),
            peer: kept.peer.clone(),
            event_key: kept.key.clone(),
            at: kept.at,
            event: kept.event.get().to_owned(),
        }
    }

    /// What makes two of them the same event.
    fn name(&self) -> (&str, &str) {
        (self.account.as_str(), self.event_key.as_str())
    }

    pub(crate) fn bytes(&self) -> usize {
        ROW_BYTES + self.event.len()
    }
}

fn json(event: &Event) -> Result<String, Problem> {
    serde_json::to_string(event).map_err(|_| Problem::failed("an event is no JSON"))
}

/// Writes those of a partner whose key is new; the keys outlive them. One answer each, in order.
pub(crate) fn post<'l>(
    pipeline: &mut Pipeline,
    partner: &PartnerId,
    letters: Vec<&'l Letter>,
) -> impl FnOnce(&Arrived) -> Result<Vec<PostedMail>, Problem> + use<'l> {
    // One statement cannot meet a key of its own: a second one of a batch is known by now.
    let mut first = BTreeMap::new();
    for letter in letters.iter().rev() {
        first.insert(letter.name(), *letter);
    }
    let is_first = |letter: &&&Letter| std::ptr::eq(first[&letter.name()], **letter);
    let new: Vec<&Letter> = letters.iter().filter(is_first).copied().collect();
    let place = (!new.is_empty()).then(|| pipeline.ask(bind(of_partner(sql::MAIL_POST, partner), &new)));
    move |arrived| {
        let Some(place) = place else { return Ok(Vec::new()) };
        let row = |row: &Row| Ok(((get::<AccountId>(row, 0)?, get::<EventKey>(row, 1)?), get::<MailSeq>(row, 2)?));
        let mut kept: HashMap<(AccountId, EventKey), MailSeq> = arrived.all(place, row)?.into_iter().collect();
        let posted = |letter: &&Letter| match kept.remove(&(letter.account.clone(), letter.event_key.clone())) {
            Some(seq) => PostedMail::New(letter.key.clone(), seq),
            None => PostedMail::Seen,
        };
        Ok(letters.iter().map(posted).collect())
    }
}

/// Writes those of a partner, whatever their keys.
pub(super) fn keep(partner: &PartnerId, letters: &[Letter]) -> Statement {
    bind(of_partner(sql::MAIL_KEEP, partner), &letters.iter().collect::<Vec<_>>())
}

fn bind(statement: Statement, letters: &[&Letter]) -> Statement {
    statement
        .bind(column(letters, |letter| Id(letter.key.conversation.0)))
        .bind(column(letters, |letter| letter.account.as_str().to_owned()))
        .bind(column(letters, |letter| text(letter.peer.as_str())))
        .bind(column(letters, |letter| text(letter.event_key.as_str())))
        .bind(column(letters, |letter| letter.at))
        .bind(column(letters, |letter| text(&letter.event)))
}

/// [`voronka_core::ports::Journal::mail`].
pub(crate) struct Waiting {
    pub(super) conversation: ConversationId,
    pub(super) max: usize,
}

#[async_trait]
impl Question for Waiting {
    type Answer = Vec<Mail>;

    fn first(partner: &PartnerId, questions: &[Self]) -> Statement {
        of_partner(sql::MAIL, partner)
            .bind(column(questions, |one| Id(one.conversation.0)))
            .bind(column(questions, |one| most(one.max)))
    }

    async fn answers(_: &Session, partner: &PartnerId, questions: &[Self], first: &[Row]) -> Answers<Self> {
        let mut found: Vec<Result<Vec<Mail>, Problem>> = questions.iter().map(|_| Ok(Vec::new())).collect();
        for row in first {
            let place = usize::try_from(get::<i64>(row, 6)? - 1).ok();
            let Some((one, answer)) = place.and_then(|place| Some((questions.get(place)?, found.get_mut(place)?)))
            else {
                continue;
            };
            if let Ok(mail) = answer {
                match read(row, partner, one.conversation) {
                    Ok(read) => mail.push(read),
                    Err(problem) => *answer = Err(problem),
                }
            }
        }
        Ok(found)
    }
}

/// Columns as in [`sql::MAIL`]. Of an event that cannot be read (a newer version's, after a step back) the position is told: it
/// would hold up its conversation for ever.
fn read(row: &Row, partner: &PartnerId, conversation: ConversationId) -> Result<Mail, Problem> {
    let seq = get(row, 0)?;
    inbound(row, partner).map(|inbound| Mail { seq, inbound }).map_err(|problem| match problem {
        Problem::Unreadable(what) => {
            tracing::error!(%partner, %conversation, seq, what, "an event is not readable");
            Problem::Store(StoreError::Unreadable(seq))
        }
        other => other,
    })
}

fn inbound(row: &Row, partner: &PartnerId) -> Result<Inbound, Problem> {
    Ok(Inbound {
        partner: partner.clone(),
        account: get(row, 1)?,
        peer: get(row, 2)?,
        key: get(row, 3)?,
        at: get(row, 4)?,
        event: serde_json::from_str(&words(row, 5)?).map_err(|_| Problem::Unreadable("event"))?,
    })
}

/// [`Settled`], ready to be written.
pub(crate) struct Outcome {
    pub(crate) partner: PartnerId,
    pub(crate) id: BubbleId,
    pub(crate) fate: BubbleFate,
}

pub(crate) enum BubbleFate {
    Sent,
    Tried,
    GivenUp(Option<Letter>),
}

impl Outcome {
    pub(super) fn of(settled: Settled) -> Result<Self, Problem> {
        Ok(match settled {
            Settled::Sent { partner, id } => Self { partner, id, fate: BubbleFate::Sent },
            Settled::Tried { partner, id } => Self { partner, id, fate: BubbleFate::Tried },
            Settled::GivenUp { partner, event: Some(event), .. } if event.partner != partner => {
                return Err(Problem::failed("an event of another partner"));
            }
            Settled::GivenUp { partner, id, event } => {
                let event = event.as_deref().map(Letter::of).transpose()?;
                Self { partner, id, fate: BubbleFate::GivenUp(event) }
            }
        })
    }

    pub(crate) fn letter(&self) -> Option<&Letter> {
        match &self.fate {
            BubbleFate::GivenUp(event) => event.as_ref(),
            BubbleFate::Sent | BubbleFate::Tried => None,
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.letter().map_or(ROW_BYTES, Letter::bytes)
    }
}

/// Writes what became of a partner's bubbles; gives the events that are to be posted of those given up.
pub(crate) fn settle<'o>(
    pipeline: &mut Pipeline,
    partner: &PartnerId,
    outcomes: &[&'o Outcome],
) -> impl FnOnce(&Arrived) -> Result<Vec<&'o Letter>, Problem> + use<'o> {
    let (tried, gone): (Vec<&Outcome>, Vec<&Outcome>) =
        outcomes.iter().partition(|outcome| matches!(outcome.fate, BubbleFate::Tried));
    if !tried.is_empty() {
        let mut times: BTreeMap<BubbleId, i64> = BTreeMap::new();
        for outcome in tried {
            *times.entry(outcome.id).or_default() += 1;
        }
        let ids: Vec<Id> = times.keys().map(|id| Id(id.0)).collect();
        pipeline.ask(of_partner(sql::OUTBOX_TRIED, partner).bind(ids).bind(times.into_values().collect::<Vec<_>>()));
    }
    let place = (!gone.is_empty()).then(|| {
        let mut ids = column(&gone, |outcome| outcome.id);
        ids.sort_unstable();
        pipeline.ask(of_partner(sql::OUTBOX_DROP, partner).bind(column(&ids, |id| Id(id.0))))
    });
    move |arrived| {
        let Some(place) = place else { return Ok(Vec::new()) };
        let mut were_there: Vec<BubbleId> = arrived.all(place, |row| get(row, 0))?;
        // Of several outcomes of one bubble the first holds.
        let mut is_first = |outcome: &Outcome| {
            let place = were_there.iter().position(|id| *id == outcome.id);
            place.map(|place| were_there.swap_remove(place)).is_some()
        };
        Ok(gone.into_iter().filter(|outcome| is_first(outcome)).filter_map(Outcome::letter).collect())
    }
}
