use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use jiff::Timestamp;
use voronka_core::{
    ids::{AccountId, ConversationId, PartnerId},
    message::{ConversationKey, Peer, Timer},
    ports::Fired,
};

use super::mail::{self, Letter};
use crate::{
    problem::Problem,
    session::{Posting, Session, of_partner, statement},
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
        let mut rung = BTreeSet::new();
        for (partner, timers) in of_partners {
            if !desk.may_write(partner) {
                continue;
            }
            desk.serve(partner, Posting::Yes).await?;
            rung.extend(ring(&mut desk.session, partner, &timers, self.now).await?);
        }
        desk.session.look_over_all().await?;
        let next = next(&mut desk.session, self.of.clone()).await?;
        let mut conversations = Vec::new();
        for (key, _) in due {
            if rung.remove(&key) {
                conversations.push(key);
            }
        }
        Ok(Fired { conversations, next })
    }
}

/// Those of a partner; the conversations that have mail now.
async fn ring(
    session: &mut Session<'_>,
    partner: &PartnerId,
    timers: &[(Id, &str)],
    now: Timestamp,
) -> Result<Vec<ConversationKey>, Problem> {
    let take = of_partner(sql::TIMERS_TAKE, partner)
        .bind(column(timers, |(of, _)| *of))
        .bind(column(timers, |(_, name)| text(name)))
        .bind(micros(now));
    let mut taken = session
        .all(take, |row| {
            let (of, name, due) = (get::<ConversationId>(row, 0)?, get::<String>(row, 1)?, get::<Timestamp>(row, 2)?);
            let timer: Option<Timer> = serde_json::from_str(&get::<String>(row, 3)?).ok();
            Ok((due, of, name, timer, get::<AccountId>(row, 4)?, get::<Peer>(row, 5)?))
        })
        .await?;
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
    mail::keep(session, partner, &letters).await?;
    Ok(letters.into_iter().map(|letter| letter.key).collect())
}

/// When the next timer is due: one step into an index, however many there are.
pub(super) async fn next(session: &mut Session<'_>, of: Option<Vec<String>>) -> Result<Option<Timestamp>, Problem> {
    Ok(session.one(statement(sql::TIMER_NEXT).bind(of), |row| get::<Option<Timestamp>>(row, 0)).await?.flatten())
}
