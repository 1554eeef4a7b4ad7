use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::postgres::PgRow;
use voronka_core::{
    ids::{AccountId, BubbleId, ConversationId, PartnerId},
    message::{ConversationKey, Event, EventKey, Inbound, Peer, Timer},
    ports::{PostedMail, Settled, StoreError},
    rows::{Mail, MailSeq, MailSetAside},
};

use crate::{
    problem::Problem,
    session::{Session, Statement, of_partner},
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
pub(crate) async fn post(
    session: &mut Session<'_>,
    partner: &PartnerId,
    letters: &[&Letter],
) -> Result<Vec<PostedMail>, Problem> {
    if letters.is_empty() {
        return Ok(Vec::new());
    }
    // One statement cannot meet a key of its own: a second one of a batch is known by now.
    let mut first = BTreeMap::new();
    for letter in letters.iter().rev() {
        first.insert(letter.name(), *letter);
    }
    let is_first = |letter: &&&Letter| std::ptr::eq(first[&letter.name()], **letter);
    let new: Vec<&Letter> = letters.iter().filter(is_first).copied().collect();
    let kept = session.all(bind(of_partner(sql::MAIL_POST, partner), &new), |row| {
        Ok(((get::<AccountId>(row, 0)?, get::<EventKey>(row, 1)?), get::<MailSeq>(row, 2)?))
    });
    let mut kept: HashMap<(AccountId, EventKey), MailSeq> = kept.await?.into_iter().collect();
    let posted = |letter: &&Letter| match kept.remove(&(letter.account.clone(), letter.event_key.clone())) {
        Some(seq) => PostedMail::New(letter.key.clone(), seq),
        None => PostedMail::Seen,
    };
    Ok(letters.iter().map(posted).collect())
}

/// Writes those of a partner, whatever their keys.
pub(super) async fn keep(session: &mut Session<'_>, partner: &PartnerId, letters: &[Letter]) -> Result<(), Problem> {
    if letters.is_empty() {
        return Ok(());
    }
    let letters: Vec<&Letter> = letters.iter().collect();
    session.run(bind(of_partner(sql::MAIL_KEEP, partner), &letters)).await?;
    Ok(())
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

    async fn ask(session: &mut Session<'_>, partner: &PartnerId, questions: &[Self]) -> Answers<Self> {
        let waiting = of_partner(sql::MAIL, partner)
            .bind(column(questions, |one| Id(one.conversation.0)))
            .bind(column(questions, |one| most(one.max)));
        let mut found: Vec<Result<Vec<Mail>, Problem>> = questions.iter().map(|_| Ok(Vec::new())).collect();
        for row in session.rows(waiting).await? {
            let place = usize::try_from(get::<i64>(&row, 6)? - 1).ok();
            let Some((one, answer)) = place.and_then(|place| Some((questions.get(place)?, found.get_mut(place)?)))
            else {
                continue;
            };
            if let Ok(mail) = answer {
                match read(&row, partner, one.conversation) {
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
fn read(row: &PgRow, partner: &PartnerId, conversation: ConversationId) -> Result<Mail, Problem> {
    let seq = get(row, 0)?;
    inbound(row, partner).map(|inbound| Mail { seq, inbound }).map_err(|problem| match problem {
        Problem::Unreadable(what) => {
            tracing::error!(%partner, %conversation, seq, what, "an event is not readable");
            Problem::Store(StoreError::Unreadable(seq))
        }
        other => other,
    })
}

fn inbound(row: &PgRow, partner: &PartnerId) -> Result<Inbound, Problem> {
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
pub(crate) async fn settle<'o>(
    session: &mut Session<'_>,
    partner: &PartnerId,
    outcomes: &[&'o Outcome],
) -> Result<Vec<&'o Letter>, Problem> {
    let mut tried: BTreeMap<BubbleId, i64> = BTreeMap::new();
    for outcome in outcomes.iter().filter(|outcome| matches!(outcome.fate, BubbleFate::Tried)) {
        *tried.entry(outcome.id).or_default() += 1;
    }
    if !tried.is_empty() {
        let ids: Vec<Id> = tried.keys().map(|id| Id(id.0)).collect();
        let times: Vec<i64> = tried.into_values().collect();
        session.run(of_partner(sql::OUTBOX_TRIED, partner).bind(ids).bind(times)).await?;
    }
    let gone: Vec<&&Outcome> = outcomes.iter().filter(|one| !matches!(one.fate, BubbleFate::Tried)).collect();
    if gone.is_empty() {
        return Ok(Vec::new());
    }
    let mut ids = column(&gone, |outcome| outcome.id);
    ids.sort_unstable();
    let drop = of_partner(sql::OUTBOX_DROP, partner).bind(column(&ids, |id| Id(id.0)));
    let mut were_there: Vec<BubbleId> = session.all(drop, |row| get(row, 0)).await?;
    // Of several outcomes of one bubble the first holds.
    let mut is_first = |outcome: &Outcome| {
        let place = were_there.iter().position(|id| *id == outcome.id);
        place.map(|place| were_there.swap_remove(place)).is_some()
    };
    Ok(gone.into_iter().filter(|outcome| is_first(outcome)).filter_map(|outcome| (*outcome).letter()).collect())
}
