use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use tokio_postgres::Row;
use voronka_core::{
    ids::{ConversationId, PartnerId},
    ports::{LOADED_KIN_MAX, LOADED_ORDERS_MAX, Loaded},
};

use crate::{
    problem::Problem,
    session::{Pipeline, Session, Statement, of_partner},
    sql,
    together::{Answers, Question},
    values::{self, Id, column, get, most},
};

/// [`voronka_core::ports::Journal::load`].
pub(crate) struct Load {
    pub(super) conversation: ConversationId,
    pub(super) history_max: usize,
}

#[async_trait]
impl Question for Load {
    type Answer = Loaded;

    fn first(partner: &PartnerId, questions: &[Self]) -> Statement {
        of_conversations(sql::CONVERSATIONS_LOAD, partner, questions)
    }

    async fn answers(session: &Session, partner: &PartnerId, questions: &[Self], first: &[Row]) -> Answers<Self> {
        let mut loaded: Vec<Result<Loaded, Problem>> = questions.iter().map(|_| Ok(Loaded::default())).collect();
        let is_merged = AtomicBool::new(false);
        read(first, &mut loaded, 0, |row, loaded| {
            if get::<Option<Id>>(row, 16)?.is_some() {
                is_merged.store(true, Ordering::Relaxed);
            }
            loaded.version = get(row, 1)?;
            loaded.conversation = Some(values::conversation(row, 2)?);
            loaded.customer = get::<Option<Id>>(row, 10)?.map(|_| values::customer(row, 10)).transpose()?;
            loaded.lead = get::<Option<Id>>(row, 17)?.map(|_| values::lead(row, 17)).transpose()?;
            Ok(())
        })?;
        if loaded.iter().flatten().all(|one| one.conversation.is_none()) {
            return Ok(loaded);
        }
        let mut pipeline = Pipeline::default();
        let of = |sql| of_conversations(sql, partner, questions);
        let messages = of(sql::MESSAGES_LOAD).bind(column(questions, |one| most(one.history_max)));
        let messages = pipeline.ask(messages);
        let orders = pipeline.ask(of(sql::ORDERS_LOAD).bind(most(LOADED_ORDERS_MAX)));
        let kin = is_merged.into_inner().then(|| pipeline.ask(of(sql::KIN_LOAD).bind(most(LOADED_KIN_MAX))));
        let arrived = session.send(pipeline).await?;
        if let Some(kin) = kin {
            read(arrived.rows(kin), &mut loaded, 10, |row, loaded| {
                loaded.kin.push(values::identity(row)?);
                Ok(())
            })?;
        }
        read(arrived.rows(messages), &mut loaded, 8, |row, loaded| {
            loaded.history.push(values::message(row)?);
            Ok(())
        })?;
        read(arrived.rows(orders), &mut loaded, 9, |row, loaded| {
            loaded.orders.push(values::order(row)?);
            Ok(())
        })?;
        for one in loaded.iter_mut().flatten() {
            one.history.sort_by_key(|message| message.seq);
            one.orders.sort_by_key(|order| (order.at, order.id));
            one.kin.sort_by_key(|kin| kin.customer);
        }
        Ok(loaded)
    }
}

fn of_conversations(sql: &'static str, partner: &PartnerId, questions: &[Load]) -> Statement {
    of_partner(sql, partner).bind(column(questions, |one| Id(one.conversation.0)))
}

/// Rows that tell in this column which question they answer, counted from 1. What cannot be read fails that question.
fn read(
    rows: &[Row],
    loaded: &mut [Result<Loaded, Problem>],
    of: usize,
    add: impl Fn(&Row, &mut Loaded) -> Result<(), Problem>,
) -> Result<(), Problem> {
    for row in rows {
        let place = usize::try_from(get::<i64>(row, of)? - 1).ok();
        let Some(answer) = place.and_then(|place| loaded.get_mut(place)) else { continue };
        if let Ok(one) = answer
            && let Err(problem) = add(row, one)
        {
            *answer = Err(problem);
        }
    }
    Ok(())
}
