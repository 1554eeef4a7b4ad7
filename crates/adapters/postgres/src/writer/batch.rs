use std::collections::{BTreeMap, BTreeSet};

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
    session::{Pipeline, Posting},
};

/// Most partners in one transaction: what is locked for the first is locked until the last.
const PARTNERS_MAX: usize = 16;
/// Most bytes in one transaction, about.
const BYTES_MAX: usize = 1 << 20;

/// Calls of one transaction.
#[derive(Default)]
pub(super) struct Batch {
    posts: Vec<(Vec<Letter>, Reply<Vec<PostedMail>>)>,
    turns: Vec<(Box<Prepared>, Reply<()>)>,
    settled: Vec<(Vec<Outcome>, Reply<()>)>,
    partners: BTreeSet<PartnerId>,
    bytes: usize,
}

/// What became of the calls of a batch, in order.
pub(super) struct Outcomes {
    posted: Vec<Vec<PostedMail>>,
    turns: Vec<Written>,
    settled: Vec<Written>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    Yes,
    /// The conversation has moved on.
    Conflict,
    /// The partner is another process's.
    Elsewhere,
}

impl Written {
    fn told(self) -> Result<(), Problem> {
        match self {
            Self::Yes => Ok(()),
            Self::Conflict => Err(Problem::Conflict),
            Self::Elsewhere => Err(Problem::Store(StoreError::Elsewhere)),
        }
    }
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

impl Block<'_> {
    fn posting(&self) -> Posting {
        let brings = !self.letters.is_empty()
            || self.outcomes.iter().any(|one| one.letter().is_some())
            || self.turns.iter().any(|(_, turn)| !turn.posts().is_empty());
        if brings { Posting::Yes } else { Posting::No }
    }
}

/// What of a partner's is written once it is known what was found.
struct Rest<'b> {
    partner: &'b PartnerId,
    /// Those that found what they rest on.
    turns: Vec<&'b Prepared>,
    /// Events of bubbles that were given up.
    given_up: Vec<&'b Letter>,
}

async fn write(desk: &mut Desk<'_>, rest: &[Rest<'_>]) -> Result<(), Problem> {
    for (partner, turns) in those(rest, Prepared::erases) {
        desk.serve(partner, Posting::No).await?;
        turn::erase_pasts(desk.session, partner, &turns).await?;
    }
    let mut pipeline = Pipeline::default();
    let mut written = Vec::new();
    for Rest { partner, turns, given_up } in rest {
        desk.serve_in(&mut pipeline, partner, Posting::No);
        let posts = turns.iter().flat_map(|turn| turn.posts());
        let kept = mail::post(&mut pipeline, partner, given_up.iter().copied().chain(posts).collect());
        let turns = (!turns.is_empty()).then(|| turn::write(&mut pipeline, partner, turns));
        written.push((*partner, given_up, kept, turns));
    }
    if written.is_empty() {
        return Ok(());
    }
    let arrived = desk.session.send(pipeline).await?;
    for (partner, given_up, kept, turns) in written {
        turns.map_or(Ok(()), |turns| turns(&arrived))?;
        // Whoever has the partner's turns written serves it, and hears of their posts from them.
        let new = given_up.iter().zip(kept(&arrived)?).filter(|(_, kept)| matches!(kept, PostedMail::New(..)));
        desk.tell(partner, new.map(|(letter, _)| letter.key.conversation));
    }
    // Whom they name is there by now.
    for (partner, turns) in those(rest, Prepared::is_of_kin) {
        desk.serve(partner, Posting::No).await?;
        turn::mark(desk.session, partner, &turns).await?;
    }
    Ok(())
}

/// Turns of each partner that are so, of those that have any.
fn those<'r>(rest: &'r [Rest<'_>], are: impl Fn(&Prepared) -> bool) -> Vec<(&'r PartnerId, Vec<&'r Prepared>)> {
    let of = |rest: &'r Rest<'_>| (rest.partner, rest.turns.iter().copied().filter(|turn| are(turn)).collect());
    rest.iter().map(of).filter(|(_, turns): &(_, Vec<_>)| !turns.is_empty()).collect()
}

impl Batch {
    pub(super) fn add(&mut self, call: Call) {
        match call {
            Call::Post(letters, reply) => {
                self.bytes += letters.iter().map(Letter::bytes).sum::<usize>();
                self.meet(letters.iter().map(|letter| &letter.key.partner));
                self.posts.push((letters, reply));
            }
            Call::Turn(turn, reply) => {
                self.bytes += turn.bytes();
                self.meet([turn.partner()].into_iter());
                self.turns.push((turn, reply));
            }
            Call::Settle(outcomes, reply) => {
                self.bytes += outcomes.iter().map(Outcome::bytes).sum::<usize>();
                self.meet(outcomes.iter().map(|outcome| &outcome.partner));
                self.settled.push((outcomes, reply));
            }
            Call::Alone(call) => call.answer(Err(Problem::failed("an errand is not written with others"))),
        }
    }

    fn meet<'p>(&mut self, partners: impl Iterator<Item = &'p PartnerId>) {
        for partner in partners {
            if !self.partners.contains(partner) {
                self.partners.insert(partner.clone());
            }
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.partners.len() >= PARTNERS_MAX || self.bytes >= BYTES_MAX
    }

    pub(super) fn calls(&self) -> usize {
        self.posts.len() + self.turns.len() + self.settled.len()
    }

    /// For whom it writes.
    pub(super) fn partners(&self) -> &BTreeSet<PartnerId> {
        &self.partners
    }

    /// Writes it within a transaction that was begun for [`Self::partners`], in two trips however many they are: one that holds
    /// what turns rest on and writes mail and results, one that writes the turns that find it. Partners, and the rows of each,
    /// come in the order of their keys, so that two processes seldom wait for each other. What is another process's to write is left
    /// out before anything of it is.
    pub(super) async fn write(&self, desk: &mut Desk<'_>) -> Result<Outcomes, Problem> {
        let may_write = |partner: &PartnerId| if desk.may_write(partner) { Written::Yes } else { Written::Elsewhere };
        let of_call = |(outcomes, _): &(Vec<Outcome>, Reply<()>)| {
            let all = outcomes.iter().all(|outcome| desk.may_write(&outcome.partner));
            if all { Written::Yes } else { Written::Elsewhere }
        };
        let settled: Vec<Written> = self.settled.iter().map(of_call).collect();
        let mut written: Vec<Written> = self.turns.iter().map(|(turn, _)| may_write(turn.partner())).collect();
        let mut posted: Vec<Vec<PostedMail>> =
            self.posts.iter().map(|(letters, _)| vec![PostedMail::Seen; letters.len()]).collect();
        let blocks = self.blocks(&written, &settled);
        let mut pipeline = Pipeline::default();
        let begun: Vec<_> = blocks
            .iter()
            .map(|(partner, block)| {
                desk.serve_in(&mut pipeline, partner, block.posting());
                let given_up = mail::settle(&mut pipeline, partner, &block.outcomes);
                let kept = mail::post(&mut pipeline, partner, block.letters.iter().map(|(.., one)| *one).collect());
                let turns: Vec<&Prepared> = block.turns.iter().map(|(_, turn)| *turn).collect();
                (*partner, block, given_up, kept, turn::hold(&mut pipeline, partner, &turns))
            })
            .collect();
        let arrived = desk.session.send(pipeline).await?;
        let mut rest = Vec::new();
        for (partner, block, given_up, kept, fit) in begun {
            for ((call, place, letter), kept) in block.letters.iter().zip(kept(&arrived)?) {
                if matches!(kept, PostedMail::New(..)) {
                    desk.tell(partner, [letter.key.conversation]);
                }
                posted[*call][*place] = kept;
            }
            let mut turns = Vec::new();
            for ((call, turn), fits) in block.turns.iter().zip(fit(&arrived)?) {
                written[*call] = if fits { Written::Yes } else { Written::Conflict };
                turns.extend(fits.then_some(*turn));
            }
            rest.push(Rest { partner, turns, given_up: given_up(&arrived)? });
        }
        rest.retain(|rest| !rest.turns.is_empty() || !rest.given_up.is_empty());
        self::write(desk, &rest).await?;
        Ok(Outcomes { posted, turns: written, settled })
    }

    /// Without the turns and the results that are not to be written.
    fn blocks(&self, turns: &[Written], settled: &[Written]) -> BTreeMap<&PartnerId, Block<'_>> {
        let is_written = |of: &[Written], call: usize| of[call] == Written::Yes;
        let mut blocks: BTreeMap<&PartnerId, Block<'_>> = BTreeMap::new();
        for (call, (letters, _)) in self.posts.iter().enumerate() {
            for (place, letter) in letters.iter().enumerate() {
                blocks.entry(&letter.key.partner).or_default().letters.push((call, place, letter));
            }
        }
        for (call, (turn, _)) in self.turns.iter().enumerate().filter(|(call, _)| is_written(turns, *call)) {
            blocks.entry(turn.partner()).or_default().turns.push((call, turn));
        }
        let outcomes = self.settled.iter().enumerate().filter(|(call, _)| is_written(settled, *call));
        for outcome in outcomes.flat_map(|(_, (outcomes, _))| outcomes) {
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
            let _gone = reply.send(written.told());
        }
        for ((_, reply), written) in self.settled.into_iter().zip(outcomes.settled) {
            let _gone = reply.send(written.told());
        }
    }

    /// Tells the callers that nothing of it is written.
    pub(super) fn fail(self, problem: Problem) {
        if let Problem::Conflict = problem {
            for (_, reply) in self.turns {
                let _gone = reply.send(Err(Problem::Conflict));
            }
            return;
        }
        let error = StoreError::from(problem);
        tracing::warn!(%error, calls = self.calls(), "a transaction failed");
        metrics::counter!("voronka_store_commit_failures_total").increment(1);
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
