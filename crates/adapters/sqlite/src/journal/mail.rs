use jiff::Timestamp;
use rusqlite::{Connection, Row, params};
use rustc_hash::FxHashSet;
use voronka_core::{
    ids::{AccountId, PartnerId},
    message::{ConversationKey, Event, EventKey, Inbound, Peer, Timer},
    ports::{EventSetAside, Fired, PostedMail, Replayed, StoreError, Telling},
    rows::{DeadLetter, Mail, MailSeq, MailSetAside, RawLetter, Told},
};

use super::{ROW_BYTES, all, most, one};
use crate::{
    problem::Problem,
    sql,
    values::{get, micros, time},
    writer::Pen,
};

/// What the next letter is called; no other ever had it here.
pub(super) fn letter_number(connection: &Connection) -> Result<i64, Problem> {
    Ok(connection.prepare_cached(sql::LETTER_NUMBER)?.query_row([], |row| row.get(0))?)
}

/// An event, ready to be written: what is asked for in columns, the rest in JSON.
pub(super) struct Letter {
    key: ConversationKey,
    account: AccountId,
    peer: Peer,
    event_key: EventKey,
    at: i64,
    pub(super) event: String,
}

impl Letter {
    pub(super) fn of(inbound: &Inbound) -> Result<Self, Problem> {
        Ok(Self {
            key: inbound.conversation(),
            account: inbound.account.clone(),
            peer: inbound.peer.clone(),
            event_key: inbound.key.clone(),
            at: micros(inbound.at),
            event: serde_json::to_string(&inbound.event).map_err(|_| Problem::failed("an event is no JSON"))?,
        })
    }

    /// About how much it writes.
    pub(super) fn bytes(&self) -> usize {
        ROW_BYTES + self.event.len()
    }

    /// Keeps it, if its key is new. The key outlives it.
    pub(super) fn post(&self, pen: &Pen<'_>) -> Result<PostedMail, Problem> {
        let key = params![self.key.partner.as_str(), self.account.as_str(), self.event_key.as_str(), self.at];
        if pen.prepare_cached(sql::KEY_ADD)?.execute(key)? == 0 {
            return Ok(PostedMail::Seen);
        }
        let seq = self.keep(pen)?;
        Ok(PostedMail::New(self.key.clone(), seq))
    }

    fn keep(&self, pen: &Pen<'_>) -> Result<MailSeq, Problem> {
        let seq = pen.number()?;
        pen.prepare_cached(sql::MAIL_ADD)?.execute(params![
            self.key.partner.as_str(),
            self.key.conversation.0.into_bytes(),
            seq,
            self.account.as_str(),
            self.peer.as_str(),
            self.event_key.as_str(),
            self.at,
            self.event
        ])?;
        Ok(seq)
    }
}

/// Columns as in [`sql::MAIL`]. Of an event that cannot be read (a newer version's, after a step back) the position is told: it
/// would hold up its conversation for ever.
pub(super) fn waiting(row: &Row<'_>, of: &ConversationKey) -> Result<Mail, Problem> {
    let seq = get(row, 0)?;
    read(row, of).map(|inbound| Mail { seq, inbound }).map_err(|problem| match problem {
        Problem::Unreadable(what) => {
            tracing::error!(partner = %of.partner, conversation = %of.conversation, seq, what, "an event is not readable");
            Problem::Store(StoreError::Unreadable(seq))
        }
        other => other,
    })
}

fn read(row: &Row<'_>, of: &ConversationKey) -> Result<Inbound, Problem> {
    let text = row.get_ref(5)?;
    let event = text.as_str().ok().and_then(|text| serde_json::from_str(text).ok());
    Ok(Inbound {
        partner: of.partner.clone(),
        account: get(row, 1)?,
        peer: get(row, 2)?,
        key: get(row, 3)?,
        at: get(row, 4)?,
        event: event.ok_or(Problem::Unreadable("event"))?,
    })
}

/// Timers that are due become mail.
pub(super) fn fire(pen: &Pen<'_>, now: Timestamp, limit: usize) -> Result<Fired, Problem> {
    let due = all(pen, sql::TIMERS_DUE, params![micros(now), most(limit)], |row| {
        let key = ConversationKey { partner: get(row, 0)?, conversation: get(row, 1)? };
        let (name, due): (String, Timestamp) = (get(row, 2)?, get(row, 3)?);
        let timer: Option<Timer> = serde_json::from_str(row.get_ref(4)?.as_str().map_err(rusqlite::Error::from)?).ok();
        let (account, peer): (AccountId, Peer) = (get(row, 5)?, get(row, 6)?);
        Ok((key, name, due, timer, account, peer))
    })?;
    let (mut conversations, mut seen) = (Vec::new(), FxHashSet::default());
    for (key, name, due, timer, account, peer) in due {
        let id = params![key.partner.as_str(), key.conversation.0.into_bytes(), name];
        pen.prepare_cached(sql::TIMER_DROP)?.execute(id)?;
        let Some(timer) = timer else {
            tracing::error!(partner = %key.partner, conversation = %key.conversation, name, "a timer is not readable");
            continue;
        };
        let event_key = timer.event_key(&key, due);
        let event =
            serde_json::to_string(&Event::Timer { timer }).map_err(|_| Problem::failed("an event is no JSON"))?;
        Letter { key: key.clone(), account, peer, event_key, at: micros(due), event }.keep(pen)?;
        if seen.insert(key.clone()) {
            conversations.push(key);
        }
    }
    Ok(Fired { conversations, next: next_timer(pen)? })
}

/// When the next timer is due: one step into an index, however many there are.
pub(super) fn next_timer(connection: &Connection) -> Result<Option<Timestamp>, Problem> {
    Ok(one(connection, sql::TIMER_NEXT, [], |row| get::<Option<Timestamp>>(row, 0))?.flatten())
}

/// `told`: the bubbles of what is told, in JSON.
pub(super) fn set_aside(pen: &Pen<'_>, letter: &DeadLetter, told: &[String]) -> Result<Telling, Problem> {
    let (partner, conversation) = (letter.key.partner.as_str(), letter.key.conversation.0.into_bytes());
    let mut mail = Vec::new();
    for seq in &letter.mail {
        mail.extend(all(pen, sql::MAIL_SET_ASIDE, params![partner, conversation, seq], |row| {
            let event = MailSetAside::raw(&get::<String>(row, 4)?).map_err(|_| Problem::failed("a text is no JSON"))?;
            Ok(MailSetAside { account: get(row, 0)?, peer: get(row, 1)?, key: get(row, 2)?, at: get(row, 3)?, event })
        })?);
    }
    let Some(first) = mail.first() else { return Ok(Telling::Nothing) };
    let account = first.account.clone();
    let mail = serde_json::to_string(&mail).map_err(|_| Problem::failed("an event is no JSON"))?;
    let (id, at) = (letter_number(pen)?, micros(letter.at));
    let row = params![partner, id, account.as_str(), conversation, mail, None::<&[u8]>, letter.cause, at];
    pen.prepare_cached(sql::LETTER_ADD)?.execute(row)?;
    let Some(Told { notice, outbox }) = &letter.told else { return Ok(Telling::Nothing) };
    if super::commit::notice(pen, partner, notice)? == 0 {
        return Ok(Telling::Nothing);
    }
    outbox.iter().zip(told).try_for_each(|(row, json)| super::commit::bubble(pen, partner, row, Some(json)))?;
    Ok(Telling::Now)
}

/// The events of a dead letter, as they were kept.
pub(crate) fn set_aside_events(mail: &str) -> Result<Vec<EventSetAside>, Problem> {
    let mail: Vec<MailSetAside> = serde_json::from_str(mail).map_err(|_| Problem::Unreadable("dead letter"))?;
    let event = |kept: MailSetAside| {
        Ok(EventSetAside { key: kept.key, at: time(kept.at)?, event: kept.event.get().to_owned() })
    };
    mail.into_iter().map(event).collect()
}

pub(super) fn replay(pen: &Pen<'_>, partner: &PartnerId, id: i64) -> Result<Replayed, Problem> {
    let taken = all(pen, sql::LETTER_TAKE, params![partner.as_str(), id], |row| {
        let mail: Vec<MailSetAside> = serde_json::from_str(row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?)
            .map_err(|_| Problem::Unreadable("dead letter"))?;
        Ok((get(row, 0)?, mail))
    })?;
    let Some((conversation, mail)) = taken.into_iter().next() else {
        return Ok(raw(pen, partner, id)?.map_or(Replayed::Missing, Replayed::Raw));
    };
    let key = ConversationKey { partner: partner.clone(), conversation };
    for MailSetAside { account, peer, key: event_key, at, event } in mail {
        Letter { key: key.clone(), account, peer, event_key, at, event: event.get().to_owned() }.keep(pen)?;
    }
    Ok(Replayed::Waits(key))
}

fn raw(pen: &Pen<'_>, partner: &PartnerId, id: i64) -> Result<Option<RawLetter>, Problem> {
    one(pen, sql::LETTER_RAW, params![partner.as_str(), id], |row| {
        let (account, cause, at, body) = (get(row, 0)?, get(row, 1)?, get(row, 2)?, row.get(3)?);
        Ok(RawLetter { partner: partner.clone(), account, body, cause, at })
    })
}

/// A raw letter leaves, and what was read from it comes.
pub(super) fn replay_raw(pen: &Pen<'_>, partner: &PartnerId, id: i64, events: &[Letter]) -> Result<bool, Problem> {
    if pen.prepare_cached(sql::LETTER_RAW_DROP)?.execute(params![partner.as_str(), id])? == 0 {
        return Ok(false);
    }
    for event in events {
        event.post(pen)?;
    }
    Ok(true)
}
