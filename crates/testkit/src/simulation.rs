//! A deterministic simulation: the engine over a journal, messengers, models, pages and a clock that follow one seed.
//!
//! Several partners with accounts and customers of the same names write, press buttons and are helped by people, who pause the bot
//! and change its settings from their chats; messengers deliver twice, late and out of order; every port fails in every way that its errors allow; the process dies between any two
//! of its steps or in the middle of a call, and starts again. In the end the world is well, what waits is done, and what people
//! saw and the disk holds is compared with what DESIGN §3 promises. A seed is a run: the same seed gives the same run.
//!
//! `docs/simulation.md` tells how to use it.

mod drive;
mod journal;
mod mutants;
mod plan;
mod ports;
mod scene;
mod seeds;
mod settings;
mod truth;
mod world;

pub use mutants::Mutant;
pub use seeds::{Kept, SEEDS};

/// How a run went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The run.
    pub seed: u64,
    /// Promises that were broken, as `rule: what happened`; empty: none.
    pub broken: Vec<String>,
    /// The run, line by line: time by its clock, step, what happened. Empty unless it was asked for.
    pub story: Vec<String>,
    /// Steps of the scheduler: two runs of one seed have the same.
    pub steps: u64,
    /// Calls of ports.
    pub calls: u64,
    /// Unfinished answers that customers saw.
    pub previews: u64,
    /// Events that were set aside and put back in the end.
    pub put_back: u32,
    /// Pages of its settings that the team saw.
    pub pages: u32,
    /// Times that the bot answered what had waited in a pause.
    pub waited: u32,
}

impl Verdict {
    /// Whether this rule was broken.
    pub fn broke(&self, rule: &str) -> bool {
        self.broken.iter().any(|broken| broken.split_once(": ").is_some_and(|(name, _)| name == rule))
    }
}

/// Lives a seed, with an engine that is broken on purpose if a mutant is given.
pub fn run(seed: u64, mutant: Option<Mutant>) -> Verdict {
    play(seed, mutant, false)
}

/// The same, and tells the story of it.
pub fn tell(seed: u64, mutant: Option<Mutant>) -> Verdict {
    play(seed, mutant, true)
}

fn play(seed: u64, mutant: Option<Mutant>, telling: bool) -> Verdict {
    let world = world::World::new(seed, telling);
    drive::Drive::new(&world, mutant).run();
    let mut state = world.state();
    let broken = std::mem::take(&mut state.truth.broken);
    let (previews, put_back) = (state.truth.previewed, state.truth.letters);
    let (pages, waited) = (state.truth.settings.pages, state.truth.settings.answered);
    let (story, steps, calls) = (state.take_story(), state.step, state.calls);
    Verdict { seed, broken, story, steps, calls, previews, put_back, pages, waited }
}
