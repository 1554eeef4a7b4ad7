use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use jiff::Timestamp;
use tokio_postgres::Row;
use voronka_core::{
    ids::{AccountId, ConversationId, PartnerId},
    message::{ConversationKey, Peer, Timer},
    ports::Fired,
};

use super::mail::{self, Letter};
use crate::{
    problem::Problem,
    session::{Pipeline, Posting, Session, of_partner, statement},
    sql,
    values::{Id, column, get, micros, most, text},
    writer::{Desk, Errand},
};

/// Timers that are due become mail.
pub(super) struct Fire {
    pub(super) now: Timestamp,
    pub(super) limit: usize,
    /// Of these partners; `None`: of all.
    pub(super) of: Option<Vec<String>>,
}

#[async_trait]
impl Errand for Fire {
    type Answer = Fired;

    /// First which are due, of all partners; then one partner's after another.
    async fn run(&self, desk: &mut Desk<'_>) -> Result<Fired, Problem> {
        desk.session.look_over_all().await?;
        let due = statement(sql::TIMERS_DUE).bind(micros(self.now)).bind(most(self.limit)).bind(self.of.clone());
        let due = desk
            .session
            .all(due, |row| {
                let key = ConversationKey { partner: get(row, 0)?, conversation: get(row, 1)? };
                Ok((key, get::<String>(row, 2)?))
            })
            .await?;
        desk.session.look_no_more().await?;
        let mut of_partners: BTreeMap<&PartnerId, Vec<(Id, &str)>> = BTreeMap::new();
        for (key, name) in &due {
            of_partners.entry(&key.partner).or_default().push((Id(key.conversation.0), name));
        }
        desk.hold(&of_partners.keys().copied().cloned().collect()).await?;
        of_partners.retain(|partner, _| desk.may_write(partner));
        let rung = ring(desk, &of_partners, self.now).await?;
        desk.session.look_over_all().await?;
        let next = next(desk.session, self.of.clone()).await?;
        let mut conversations = Vec::new();
        let mut rung: BTreeSet<&ConversationKey> = rung.iter().map(|letter| &letter.key).collect();
        for (key, _) in due {
            if rung.remove(&key) {
                conversations.push(key);
            }
        }
        Ok(Fired { conversations, next })
    }
}

/// Takes the timers of partners that are due still, and makes mail of them.
async fn ring(
    desk: &Desk<'_>,
    due: &BTreeMap<&PartnerId, Vec<(Id, &str)>>,
    now: Timestamp,
) -> Result<Vec<Letter>, Problem> {
    let mut pipeline = Pipeline::default();
    let mut takes = Vec::new();
    for (partner, timers) in due {
        desk.serve_in(&mut pipeline, partner, Posting::Yes);
        let take = of_partner(sql::TIMERS_TAKE, partner)
            .bind(column(timers, |(of, _)| *of))
            .bind(column(timers, |(_, name)| text(name)))
            .bind(micros(now));
        takes.push((*partner, pipeline.ask(take)));
    }
    let arrived = desk.session.send(pipeline).await?;
    let (mut pipeline, mut rung) = (Pipeline::default(), Vec::new());
    for (partner, take) in takes {
        let letters = letters(partner, arrived.rows(take))?;
        if !letters.is_empty() {
            desk.serve_in(&mut pipeline, partner, Posting::No);
            pipeline.ask(mail::keep(partner, &letters));
            rung.extend(letters);
        }
    }
    desk.session.send(pipeline).await?;
    Ok(rung)
}

/// Timers of a partner that ring, in order.
fn letters(partner: &PartnerId, taken: &[Row]) -> Result<Vec<Letter>, Problem> {
    let timer = |row: &Row| {
        let (of, name, due) = (get::<ConversationId>(row, 0)?, get::<String>(row, 1)?, get::<Timestamp>(row, 2)?);
        let timer: Option<Timer> = serde_json::from_str(&get::<String>(row, 3)?).ok();
        Ok((due, of, name, timer, get::<AccountId>(row, 4)?, get::<Peer>(row, 5)?))
    };
    let mut taken = taken.iter().map(timer).collect::<Result<Vec<_>, Problem>>()?;
    taken.sort_by(|a, b| (a.0, a.1, &a.2).cmp(&(b.0, b.1, &b.2)));
    let mut letters = Vec::new();
    for (due, conversation, name, timer, account, peer) in taken {
        let key = ConversationKey { partner: partner.clone(), conversation };
        let Some(timer) = timer else {
            tracing::error!(%partner, %conversation, name, "a timer is not readable");
            continue;
        };
        letters.push(Letter::of_timer(key, timer, due, account, peer)?);
    }
    Ok(letters)
}

/// When the next timer is due: one step into an index, however many there are.
pub(super) async fn next(session: &Session, of: Option<Vec<String>>) -> Result<Option<Timestamp>, Problem> {
    Ok(session.one(statement(sql::TIMER_NEXT).bind(of), |row| get::<Option<Timestamp>>(row, 0)).await?.flatten())
}
