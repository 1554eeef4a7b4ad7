use std::sync::Arc;

use rusqlite::{ToSql, params};
use voronka_core::{
    fact::Fact,
    ids::CustomerId,
    lead::Temperature,
    person::Kinship,
    ports::found_by,
    rows::{
        ConversationRow, CustomerRow, FactRow, LeadRow, MessageRow, NoticeRow, OrderRow, OutboxRow, Past, TimerRow,
        TurnCommit, Withdraw,
    },
    tally::Tally,
};

use super::{ROW_BYTES, all, mail::Letter, one};
use crate::{
    body,
    problem::Problem,
    sql,
    values::{self, micros, slot},
    writer::Pen,
};

/// A turn with its JSON made, so that the writing thread only writes.
pub(super) struct Prepared {
    turn: Arc<TurnCommit>,
    /// Of the turn's timers, in order; empty for one that is cancelled.
    timers: Vec<String>,
    /// Of the turn's bubbles, in order; `None` where a message has it.
    bubbles: Vec<Option<String>>,
    /// Bodies of the turn's messages without their words, in order; `None`: as it is.
    bodies: Vec<Option<String>>,
    /// What the turn's customer is found by.
    found_by: String,
    /// Its mail to other conversations.
    posts: Vec<Letter>,
}

impl Prepared {
    pub(super) fn of(turn: Arc<TurnCommit>) -> Result<Self, Problem> {
        if turn.outbox.iter().any(|row| row.conversation.partner != turn.key.partner) {
            return Err(Problem::failed("a bubble of another partner"));
        }
        if turn.posts.iter().any(|inbound| inbound.partner != turn.key.partner) {
            return Err(Problem::failed("an event of another partner"));
        }
        let json = |timer: &TimerRow| match timer {
            TimerRow::Set { timer, .. } => serde_json::to_string(timer),
            TimerRow::Cancel { .. } => Ok(String::new()),
        };
        let timers = turn.timers.iter().map(json).collect::<Result<Vec<_>, _>>();
        let timers = timers.map_err(|_| Problem::failed("a timer is no JSON"))?;
        let bubbles = turn.outbox.iter().map(|row| own_body(&turn, row)).collect::<Result<Vec<_>, _>>()?;
        let bodies =
            turn.messages.iter().map(|row| body::hollow(&row.body, &row.text)).collect::<Result<Vec<_>, _>>()?;
        let text = |row: &CustomerRow| found_by(row.name.as_deref(), row.phone.as_deref(), row.email.as_deref());
        let found_by = turn.customer.as_ref().map(text).unwrap_or_default();
        let posts = turn.posts.iter().map(Letter::of).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { turn, timers, bubbles, bodies, found_by, posts })
    }

    /// About how much it writes.
    pub(super) fn bytes(&self) -> usize {
        let turn = &self.turn;
        let messages: usize = turn.messages.iter().map(|row| row.text.len() + row.body.len()).sum();
        let facts: usize = turn.facts.iter().map(|row| row.data.len()).sum();
        let customer = turn.customer.as_ref().map_or(0, |row| row.data.len());
        let lead = turn.lead.as_ref().map_or(0, |row| row.data.len());
        let posts: usize = self.posts.iter().map(Letter::bytes).sum();
        10 * ROW_BYTES + posts + turn.conversation.state.len() + messages + facts + customer + lead
    }

    pub(super) fn write(&self, pen: &Pen<'_>) -> Result<(), Problem> {
        let to = self.to(pen);
        let (partner, conversation) = (to.partner, to.conversation);
        to.conversation(self.turn.expected, &self.turn.conversation)?;
        let mut take = pen.prepare_cached(sql::MAIL_TAKE)?;
        for seq in &self.turn.consumed {
            if take.execute(params![partner, conversation, seq])? == 0 {
                return Err(Problem::Conflict);
            }
        }
        to.finds(&self.turn.rests_on)?;
        if self.turn.past == Past::Erased {
            to.erase_past(self.turn.conversation.customer)?;
        }
        match &self.turn.withdraw {
            Withdraw::Nothing => {}
            Withdraw::Campaigns => drop(to.run(sql::OUTBOX_WITHDRAW, params![partner, conversation])?),
            Withdraw::Called(bubbles) => {
                for id in bubbles {
                    let row = params![partner, conversation, id.0.into_bytes(), micros(OutboxRow::LATE)];
                    to.run(sql::OUTBOX_LATE, row)?;
                }
            }
        }
        if let Some(row) = &self.turn.customer {
            to.customer(row, &self.found_by)?;
        }
        self.turn.lead.iter().try_for_each(|row| to.lead(row))?;
        if let Some(kinship) = self.turn.kinship {
            to.kinship(self.turn.conversation.customer, kinship)?;
        }
        self.turn.messages.iter().zip(&self.bodies).try_for_each(|(row, body)| to.message(row, body.as_deref()))?;
        self.turn.facts.iter().try_for_each(|row| to.fact(row))?;
        self.turn.orders.iter().try_for_each(|row| to.order(row))?;
        self.turn.timers.iter().zip(&self.timers).try_for_each(|(row, json)| to.timer(row, json))?;
        self.turn
            .outbox
            .iter()
            .zip(&self.bubbles)
            .try_for_each(|(row, json)| bubble(pen, partner, row, json.as_deref()))?;
        self.turn.notices.iter().try_for_each(|row| notice(pen, partner, row).map(|_| ()))?;
        self.turn.tallies.iter().try_for_each(|tally| to.tally(tally))?;
        self.posts.iter().try_for_each(|letter| letter.post(pen).map(|_| ()))
    }

    fn to<'a>(&'a self, pen: &'a Pen<'a>) -> To<'a> {
        let key = &self.turn.key;
        To { pen, partner: key.partner.as_str(), conversation: key.conversation.0.into_bytes() }
    }
}

/// A bubble's JSON.
pub(super) fn json(row: &OutboxRow) -> Result<String, Problem> {
    serde_json::to_string(&row.bubble).map_err(|_| Problem::failed("a bubble is no JSON"))
}

/// A bubble's JSON, unless the message of its position has the very same.
fn own_body(turn: &TurnCommit, row: &OutboxRow) -> Result<Option<String>, Problem> {
    let json = json(row)?;
    let same = |message: &MessageRow| message.seq == row.seq && message.body == json;
    let shared = row.conversation == turn.key && turn.messages.iter().any(same);
    Ok((!shared).then_some(json))
}

/// Where a turn's rows go.
struct To<'a> {
    pen: &'a Pen<'a>,
    partner: &'a str,
    conversation: [u8; 16],
}

impl To<'_> {
    /// [`Past::Erased`].
    fn erase_past(&self, customer: CustomerId) -> Result<(), Problem> {
        let of = params![self.partner, customer.0.into_bytes(), self.conversation];
        for sql in [sql::ERASE_MESSAGES, sql::ERASE_OUTBOX, sql::ERASE_NOTICES, sql::ERASE_LETTERS, sql::ERASE_WORDS] {
            self.run(sql, of)?;
        }
        for name in Fact::WORDED {
            let of = params![self.partner, customer.0.into_bytes(), name];
            let facts = all(self.pen, sql::FACTS_WORDED, of, |row| {
                Ok((values::get::<i64>(row, 0)?, values::get::<String>(row, 1)?))
            })?;
            for (id, data) in facts {
                let row = params![self.partner, customer.0.into_bytes(), id, Fact::stored_wordless(&data)];
                self.run(sql::FACT_SET, row)?;
            }
        }
        Ok(())
    }

    fn run(&self, sql: &str, row: impl rusqlite::Params) -> Result<usize, Problem> {
        Ok(self.pen.prepare_cached(sql)?.execute(row)?)
    }

    /// Writes a row by the first of the ways that meets it as it was read.
    fn put(&self, ways: &[&str], row: &[&dyn ToSql]) -> Result<(), Problem> {
        for sql in ways {
            if self.run(sql, row)? > 0 {
                return Ok(());
            }
        }
        Err(Problem::Conflict)
    }

    /// Customers are as a turn has read them, which does not write them.
    fn finds(&self, customers: &[(CustomerId, i64)]) -> Result<(), Problem> {
        for (id, version) in customers {
            let of = params![self.partner, id.0.into_bytes()];
            let there = one(self.pen, sql::CUSTOMER_VERSION, of, |row| values::get::<i64>(row, 0))?;
            if there.unwrap_or(0) != *version {
                return Err(Problem::Conflict);
            }
        }
        Ok(())
    }

    fn conversation(&self, expected: i64, row: &ConversationRow) -> Result<(), Problem> {
        let ways: &[&str] =
            if expected == 0 { &[sql::CONVERSATION_ADD] } else { &[sql::CONVERSATION_GO_ON, sql::CONVERSATION_SET] };
        let row = params![
            self.partner,
            self.conversation,
            expected,
            row.account.as_str(),
            row.peer.as_str(),
            row.customer.0.into_bytes(),
            row.owner,
            row.preview,
            micros(row.at),
            row.unread,
            row.state,
            slot(row.at)
        ];
        self.put(ways, row)
    }

    fn customer(&self, row: &CustomerRow, found_by: &str) -> Result<(), Problem> {
        let ways: &[&str] =
            if row.version == 0 { &[sql::CUSTOMER_ADD] } else { &[sql::CUSTOMER_GO_ON, sql::CUSTOMER_SET] };
        let id = row.id.0.into_bytes();
        self.put(ways, params![self.partner, id, row.name, row.phone, row.email, row.data, found_by, row.version])
    }

    fn lead(&self, row: &LeadRow) -> Result<(), Problem> {
        let heat = Temperature::from_name(row.temperature)
            .map(Temperature::number)
            .ok_or(Problem::failed("a lead is cold, warm or hot"))?;
        let ways: &[&str] = if row.version == 0 { &[sql::LEAD_ADD] } else { &[sql::LEAD_GO_ON, sql::LEAD_SET] };
        let row = params![
            self.partner,
            row.customer.0.into_bytes(),
            heat,
            row.score,
            row.stage,
            row.why,
            row.source,
            micros(row.at),
            row.data,
            slot(row.at),
            row.version
        ];
        self.put(ways, row)
    }

    fn kinship(&self, of: CustomerId, kinship: Kinship) -> Result<(), Problem> {
        let named = [of, kinship.other(of)].map(|customer| customer.0.into_bytes());
        let read = all(self.pen, sql::MARKS, params![self.partner, named[0], named[1]], |row| {
            Ok((values::get::<CustomerId>(row, 0)?, values::get::<Option<CustomerId>>(row, 1)?))
        })?;
        for (customer, mark) in kinship.sets(of, &read.into_iter().collect()) {
            let mark = mark.map(|mark| mark.0.into_bytes());
            self.run(sql::MARK, params![self.partner, customer.0.into_bytes(), mark])?;
        }
        Ok(())
    }

    fn message(&self, row: &MessageRow, hollow: Option<&str>) -> Result<(), Problem> {
        let key = row.key.as_ref().map(voronka_core::message::EventKey::as_str);
        let bubble = row.bubble.map(|id| id.0.into_bytes());
        let row = params![
            self.partner,
            self.conversation,
            row.seq,
            row.author.name(),
            micros(row.at),
            key,
            bubble,
            row.text,
            hollow.unwrap_or(&row.body),
            row.basis
        ];
        self.run(sql::MESSAGE_ADD, row).map(|_| ())
    }

    fn fact(&self, row: &FactRow) -> Result<(), Problem> {
        let id = self.pen.number()?;
        let row = params![self.partner, row.customer.0.into_bytes(), id, row.name, micros(row.at), row.data];
        self.run(sql::FACT_ADD, row).map(|_| ())
    }

    fn tally(&self, tally: &Tally) -> Result<(), Problem> {
        let row = params![self.partner, tally.what.name(), tally.day.to_string(), tally.key, tally.n];
        self.run(sql::TALLY_ADD, row).map(|_| ())
    }

    fn order(&self, row: &OrderRow) -> Result<(), Problem> {
        let row = params![
            self.partner,
            row.id.0.into_bytes(),
            row.customer.0.into_bytes(),
            self.conversation,
            row.number,
            row.state.name(),
            !row.state.is_over(),
            row.total_minor,
            row.currency,
            row.due,
            micros(row.at),
            row.placed().map(micros),
            row.data
        ];
        self.run(sql::ORDER_PUT, row).map(|_| ())
    }

    fn timer(&self, row: &TimerRow, json: &str) -> Result<(), Problem> {
        match row {
            TimerRow::Set { due, timer } => {
                let row = params![self.partner, self.conversation, timer.name(), micros(*due), json];
                self.run(sql::TIMER_SET, row)?;
            }
            TimerRow::Cancel { name } => {
                self.run(sql::TIMER_DROP, params![self.partner, self.conversation, name])?;
            }
        }
        Ok(())
    }
}

/// How many rows that were: a notice is told once.
pub(super) fn notice(pen: &Pen<'_>, partner: &str, row: &NoticeRow) -> Result<usize, Problem> {
    let of = row.conversation.map(|id| id.0.into_bytes());
    let row = params![partner, row.id.0.into_bytes(), row.about, row.text, micros(row.at), of];
    Ok(pen.prepare_cached(sql::NOTICE_ADD)?.execute(row)?)
}

/// `json`: the bubble, unless a message has it.
pub(super) fn bubble(pen: &Pen<'_>, partner: &str, row: &OutboxRow, json: Option<&str>) -> Result<(), Problem> {
    let row = params![
        partner,
        row.id.0.into_bytes(),
        row.conversation.conversation.0.into_bytes(),
        row.account.as_str(),
        row.peer.as_str(),
        row.seq,
        json,
        row.lane.number(),
        row.expires.map(micros),
        row.attempts
    ];
    pen.prepare_cached(sql::OUTBOX_ADD)?.execute(row)?;
    Ok(())
}
