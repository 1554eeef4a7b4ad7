use std::collections::BTreeMap;

use voronka_core::{
    ids::PartnerId,
    ports::{PostedMail, StoreError},
};

use super::{Call, Desk, Reply};
use crate::{
    journal::{
        mail::{self, Letter, Outcome},
        turn::{self, Prepared},
    },
    problem::Problem,
};

/// Calls of one transaction.
#[derive(Default)]
pub(super) struct Batch {
    posts: Vec<(Vec<Letter>, Reply<Vec<PostedMail>>)>,
    turns: Vec<(Box<Prepared>, Reply<()>)>,
    settled: Vec<(Vec<Outcome>, Reply<()>)>,
    bytes: usize,
}

/// What became of the calls of a batch, in order.
pub(super) struct Outcomes {
    posted: Vec<Vec<PostedMail>>,
    /// Whether each turn was written; the others are in conflict.
    turns: Vec<bool>,
}

/// What a batch writes of one partner.
#[derive(Default)]
struct Block<'b> {
    /// With the places of their call and within it.
    letters: Vec<(usize, usize, &'b Letter)>,
    /// With the place of their call.
    turns: Vec<(usize, &'b Prepared)>,
    outcomes: Vec<&'b Outcome>,
}

impl Batch {
    pub(super) fn add(&mut self, call: Call) {
        match call {
            Call::Post(letters, reply) => {
                self.bytes += letters.iter().map(Letter::bytes).sum::<usize>();
                self.posts.push((letters, reply));
            }
            Call::Turn(turn, reply) => {
                self.bytes += turn.bytes();
                self.turns.push((turn, reply));
            }
            Call::Settle(outcomes, reply) => {
                self.bytes += outcomes.iter().map(Outcome::bytes).sum::<usize>();
                self.settled.push((outcomes, reply));
            }
            Call::Alone(call) => call.answer(Err(Problem::failed("an errand is not written with others"))),
        }
    }

    pub(super) fn calls(&self) -> usize {
        self.posts.len() + self.turns.len() + self.settled.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether it may bring mail.
    pub(super) fn brings_mail(&self) -> bool {
        !self.posts.is_empty()
            || self.settled.iter().flat_map(|(outcomes, _)| outcomes).any(|one| one.letter().is_some())
    }

    /// Writes it, partner by partner.
    pub(super) async fn write(&self, desk: &mut Desk<'_>) -> Result<Outcomes, Problem> {
        let mut posted: Vec<Vec<PostedMail>> =
            self.posts.iter().map(|(letters, _)| vec![PostedMail::Seen; letters.len()]).collect();
        let mut written = vec![false; self.turns.len()];
        for (partner, block) in self.blocks() {
            desk.serve(partner).await?;
            let given_up = mail::settle(&mut desk.session, partner, &block.outcomes).await?;
            let letters: Vec<&Letter> = block.letters.iter().map(|(.., letter)| *letter).chain(given_up).collect();
            let kept = mail::post(&mut desk.session, partner, &letters).await?;
            for ((call, place, _), kept) in block.letters.iter().zip(kept) {
                posted[*call][*place] = kept;
            }
            let turns: Vec<&Prepared> = block.turns.iter().map(|(_, turn)| *turn).collect();
            let fit = turn::write(&mut desk.session, partner, &turns).await?;
            for ((call, _), fits) in block.turns.iter().zip(fit) {
                written[*call] = fits;
            }
        }
        Ok(Outcomes { posted, turns: written })
    }

    fn blocks(&self) -> BTreeMap<&PartnerId, Block<'_>> {
        let mut blocks: BTreeMap<&PartnerId, Block<'_>> = BTreeMap::new();
        for (call, (letters, _)) in self.posts.iter().enumerate() {
            for (place, letter) in letters.iter().enumerate() {
                blocks.entry(&letter.key.partner).or_default().letters.push((call, place, letter));
            }
        }
        for (call, (turn, _)) in self.turns.iter().enumerate() {
            blocks.entry(turn.partner()).or_default().turns.push((call, turn));
        }
        for outcome in self.settled.iter().flat_map(|(outcomes, _)| outcomes) {
            blocks.entry(&outcome.partner).or_default().outcomes.push(outcome);
        }
        blocks
    }

    /// Each call as a batch of its own.
    pub(super) fn apart(self) -> impl Iterator<Item = Self> {
        let posts = self.posts.into_iter().map(|(letters, reply)| Call::Post(letters, reply));
        let turns = self.turns.into_iter().map(|(turn, reply)| Call::Turn(turn, reply));
        let settled = self.settled.into_iter().map(|(outcomes, reply)| Call::Settle(outcomes, reply));
        posts.chain(turns).chain(settled).map(|call| {
            let mut one = Self::default();
            one.add(call);
            one
        })
    }

    /// Tells the callers. Who does not wait any more need not be told.
    pub(super) fn answer(self, outcomes: Outcomes) {
        for ((_, reply), posted) in self.posts.into_iter().zip(outcomes.posted) {
            let _gone = reply.send(Ok(posted));
        }
        for ((_, reply), written) in self.turns.into_iter().zip(outcomes.turns) {
            let _gone = reply.send(if written { Ok(()) } else { Err(Problem::Conflict) });
        }
        for (_, reply) in self.settled {
            let _gone = reply.send(Ok(()));
        }
    }

    /// Tells the callers that nothing of it is written.
    pub(super) fn fail(self, problem: Problem) {
        let error = StoreError::from(problem);
        tracing::warn!(%error, calls = self.calls(), "a transaction failed");
        let told = || Problem::Store(error.clone());
        for (_, reply) in self.posts {
            let _gone = reply.send(Err(told()));
        }
        for (_, reply) in self.turns {
            let _gone = reply.send(Err(told()));
        }
        for (_, reply) in self.settled {
            let _gone = reply.send(Err(told()));
        }
    }
}
