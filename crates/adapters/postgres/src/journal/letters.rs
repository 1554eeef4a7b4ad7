//! What could not be processed, and its way back.

use async_trait::async_trait;
use voronka_core::{
    ids::{ConversationId, PartnerId},
    message::{ConversationKey, Inbound},
    ports::{EventSetAside, Replayed, StoreError, Telling},
    rows::{DeadLetter, MailSetAside, RawLetter, Told},
};

use super::{
    mail::{self, Letter},
    rows::Rows,
    turn,
};
use crate::{
    problem::Problem,
    session::{Posting, of_partner},
    sql,
    values::{Id, get, micros, text, time, words},
    writer::{Desk, Errand},
};

/// [`voronka_core::ports::Journal::set_aside`].
pub(super) struct SetAside {
    letter: DeadLetter,
    /// The bubbles of what is told, in JSON.
    told: Vec<String>,
}

impl SetAside {
    pub(super) fn of(letter: DeadLetter) -> Result<Self, Problem> {
        let outbox = letter.told.iter().flat_map(|told| &told.outbox);
        let told = outbox.map(turn::bubble_json).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { letter, told })
    }
}

#[async_trait]
impl Errand for SetAside {
    type Answer = Telling;

    fn partner(&self) -> Option<&PartnerId> {
        Some(&self.letter.key.partner)
    }

    async fn run(&self, desk: &mut Desk<'_>) -> Result<Telling, Problem> {
        let DeadLetter { mail, key, cause, at, told } = &self.letter;
        let partner = &key.partner;
        if !desk.may_write(partner) {
            return Err(Problem::Store(StoreError::Elsewhere));
        }
        desk.serve(partner, Posting::No).await?;
        let take = of_partner(sql::MAIL_SET_ASIDE, partner).bind(Id(key.conversation.0)).bind(mail.clone());
        let mail = desk
            .session
            .all(take, |row| {
                let event = MailSetAside::raw(&words(row, 4)?).map_err(|_| Problem::failed("a text is no JSON"))?;
                Ok(MailSetAside {
                    account: get(row, 0)?,
                    peer: get(row, 1)?,
                    key: get(row, 2)?,
                    at: get(row, 3)?,
                    event,
                })
            })
            .await?;
        let Some(first) = mail.first() else { return Ok(Telling::Nothing) };
        let account = first.account.as_str().to_owned();
        let mail = serde_json::to_string(&mail).map_err(|_| Problem::failed("an event is no JSON"))?;
        let row = of_partner(sql::LETTER_ADD, partner)
            .bind(account)
            .bind(Id(key.conversation.0))
            .bind(text(&mail))
            .bind(None::<Vec<u8>>)
            .bind(text(cause))
            .bind(micros(*at));
        desk.session.run(row).await?;
        let Some(Told { notice, outbox }) = told else { return Ok(Telling::Nothing) };
        if desk.session.run(turn::notices(partner, &[notice])).await? == 0 {
            return Ok(Telling::Nothing);
        }
        let bubbles = outbox.iter().zip(self.told.iter().map(String::as_str)).collect();
        desk.session.run(Rows::of_bubbles(bubbles).add(partner)).await?;
        Ok(Telling::Now)
    }
}

/// The events of a dead letter, as they were kept.
pub(crate) fn set_aside_events(mail: &str) -> Result<Vec<EventSetAside>, Problem> {
    let event = |kept: MailSetAside| {
        Ok(EventSetAside { key: kept.key, at: time(kept.at)?, event: kept.event.get().to_owned() })
    };
    kept(mail)?.into_iter().map(event).collect()
}

fn kept(mail: &str) -> Result<Vec<MailSetAside>, Problem> {
    serde_json::from_str(mail).map_err(|_| Problem::Unreadable("dead letter"))
}

/// [`voronka_core::ports::Journal::keep_raw`].
pub(super) struct KeepRaw(pub(super) RawLetter);

#[async_trait]
impl Errand for KeepRaw {
    type Answer = ();

    async fn run(&self, desk: &mut Desk<'_>) -> Result<(), Problem> {
        let RawLetter { partner, account, body, cause, at } = &self.0;
        desk.serve(partner, Posting::No).await?;
        let row = of_partner(sql::LETTER_ADD, partner)
            .bind(account.as_str().to_owned())
            .bind(None::<Id>)
            .bind(None::<String>)
            .bind(body.clone())
            .bind(text(cause))
            .bind(micros(*at));
        desk.session.run(row).await?;
        Ok(())
    }
}

/// [`voronka_core::ports::Journal::replay`].
pub(super) struct Replay {
    pub(super) partner: PartnerId,
    pub(super) letter: i64,
}

#[async_trait]
impl Errand for Replay {
    type Answer = Replayed;

    fn partner(&self) -> Option<&PartnerId> {
        Some(&self.partner)
    }

    async fn run(&self, desk: &mut Desk<'_>) -> Result<Replayed, Problem> {
        desk.serve(&self.partner, Posting::Yes).await?;
        let take = of_partner(sql::LETTER_TAKE, &self.partner).bind(self.letter);
        let taken =
            desk.session.one(take, |row| Ok((get::<Option<ConversationId>>(row, 0)?, kept(&words(row, 1)?)?))).await?;
        let Some((conversation, mail)) = taken else { return self.raw(desk).await };
        let conversation = conversation.ok_or(Problem::Unreadable("dead letter"))?;
        let key = ConversationKey { partner: self.partner.clone(), conversation };
        let letters: Vec<Letter> = mail.iter().map(|kept| Letter::put_back(key.clone(), kept)).collect();
        desk.session.run(mail::keep(&self.partner, &letters)).await?;
        desk.tell(&self.partner, [conversation]);
        Ok(Replayed::Waits(key))
    }
}

impl Replay {
    async fn raw(&self, desk: &mut Desk<'_>) -> Result<Replayed, Problem> {
        let of = of_partner(sql::LETTER_RAW, &self.partner).bind(self.letter);
        let raw = desk.session.one(of, |row| {
            let (account, cause, at, body) = (get(row, 0)?, get(row, 1)?, get(row, 2)?, get(row, 3)?);
            Ok(RawLetter { partner: self.partner.clone(), account, body, cause, at })
        });
        Ok(raw.await?.map_or(Replayed::Missing, Replayed::Raw))
    }
}

/// [`voronka_core::ports::Journal::replay_raw`].
pub(super) struct ReplayRaw {
    partner: PartnerId,
    letter: i64,
    events: Vec<Letter>,
}

impl ReplayRaw {
    pub(super) fn of(partner: PartnerId, letter: i64, events: &[Inbound]) -> Result<Self, Problem> {
        if events.iter().any(|event| event.partner != partner) {
            return Err(Problem::failed("an event of another partner"));
        }
        let events = events.iter().map(Letter::of).collect::<Result<_, _>>()?;
        Ok(Self { partner, letter, events })
    }
}

#[async_trait]
impl Errand for ReplayRaw {
    type Answer = bool;

    fn partner(&self) -> Option<&PartnerId> {
        Some(&self.partner)
    }

    async fn run(&self, desk: &mut Desk<'_>) -> Result<bool, Problem> {
        desk.serve(&self.partner, Posting::Yes).await?;
        let drop = of_partner(sql::LETTER_RAW_DROP, &self.partner).bind(self.letter);
        if desk.session.run(drop).await? == 0 {
            return Ok(false);
        }
        let events: Vec<&Letter> = self.events.iter().collect();
        desk.session.together(|pipeline| mail::post(pipeline, &self.partner, events.clone())).await?;
        desk.tell(&self.partner, events.iter().map(|event| event.key.conversation));
        Ok(true)
    }
}

/// [`voronka_core::ports::Journal::drop_letter`].
pub(super) struct Drop {
    pub(super) partner: PartnerId,
    pub(super) letter: i64,
}

#[async_trait]
impl Errand for Drop {
    type Answer = bool;

    async fn run(&self, desk: &mut Desk<'_>) -> Result<bool, Problem> {
        desk.serve(&self.partner, Posting::No).await?;
        Ok(desk.session.run(of_partner(sql::LETTER_DROP, &self.partner).bind(self.letter)).await? > 0)
    }
}
