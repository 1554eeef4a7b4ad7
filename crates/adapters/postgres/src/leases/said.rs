//! What is said of partners in the leases, for all processes to follow.

use async_trait::async_trait;
use voronka_core::{ids::PartnerId, ports::StoreError};

use super::{Pace, Share, register::Page};
use crate::{
    PostgresStore,
    problem::Problem,
    session::{Posting, of_partner, statement},
    sql,
    values::text,
    writer::{Desk, Errand},
};

/// What may be said of a partner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// Whoever can serve it may, unless it was removed.
    Start,
    /// Nobody is to serve it.
    Stop,
    /// It is gone for good, whatever folders and processes still know of it.
    Remove,
    /// One of its name has come and is all here: what was said of the one before it says nothing of this one. It is stopped still.
    Admit,
}

/// Whether it was taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// All follow it.
    Yes,
    /// The partner was removed: it does not start.
    WasRemoved,
}

/// Who is to serve partners.
struct Want(Vec<String>, Option<String>);

#[async_trait]
impl Errand for Want {
    type Answer = ();

    async fn run(&self, desk: &mut Desk<'_>) -> Result<(), Problem> {
        desk.session.look_over_all().await?;
        let want = statement(sql::WANT).bind(self.0.clone()).bind(self.1.as_deref().map(text));
        desk.session.run(want).await.map(|_| ())
    }
}

struct Say(PartnerId, Word);

#[async_trait]
impl Errand for Say {
    type Answer = Heard;

    async fn run(&self, desk: &mut Desk<'_>) -> Result<Heard, Problem> {
        let Self(partner, word) = self;
        desk.serve(partner, Posting::No).await?;
        let said = match word {
            Word::Start => of_partner(sql::STOP, partner).bind(false),
            Word::Stop => of_partner(sql::STOP, partner).bind(true),
            Word::Remove => of_partner(sql::REMOVE, partner),
            Word::Admit => of_partner(sql::ADMIT, partner),
        };
        let is_done = desk.session.run(said).await? > 0;
        Ok(if *word == Word::Start && !is_done { Heard::WasRemoved } else { Heard::Yes })
    }
}

/// What was said of a partner that has not come after all.
struct Unsay(PartnerId);

#[async_trait]
impl Errand for Unsay {
    type Answer = ();

    async fn run(&self, desk: &mut Desk<'_>) -> Result<(), Problem> {
        desk.must_be_nobody_elses(&self.0).await?;
        desk.session.run(of_partner(sql::LEASE_DROP, &self.0)).await.map(|_| ())
    }
}

impl PostgresStore {
    /// Who serves whom, for somebody who does not share. Whose signs are older than usual is taken for dead.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn sharing(&self) -> Result<Share, StoreError> {
        let reading = self.readers.reading_of_all().await?;
        let page = Page::read(reading.session(), Pace::default().dead_after).await?;
        reading.end();
        Ok(page.share())
    }

    /// Says which instance is to serve these partners; `None`: whichever.
    ///
    /// # Errors
    /// As of any write.
    pub async fn want(&self, partners: &[PartnerId], instance: Option<&str>) -> Result<(), StoreError> {
        let names = partners.iter().map(|partner| partner.as_str().to_owned()).collect();
        Ok(self.writer.alone(Want(names, instance.map(ToOwned::to_owned))).await?)
    }

    /// Says something of a partner. Said again it changes nothing.
    ///
    /// # Errors
    /// As of any write.
    pub async fn say(&self, partner: &PartnerId, word: Word) -> Result<Heard, StoreError> {
        Ok(self.writer.alone(Say(partner.clone(), word)).await?)
    }

    /// Nothing was said of a partner that was to come and has not. That one of its name was removed stays said.
    ///
    /// # Errors
    /// [`StoreError::Elsewhere`]: another process serves it. Else as of any write.
    pub async fn unsay(&self, partner: &PartnerId) -> Result<(), StoreError> {
        Ok(self.writer.alone(Unsay(partner.clone())).await?)
    }
}
