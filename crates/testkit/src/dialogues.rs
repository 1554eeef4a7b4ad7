//! Made-up dialogues with outcomes, for judging how well scores tell who buys. Whoever is made up here has a will of their own and
//! ways of their own; the two hang together as loosely as with people. What they do and what becomes of them is drawn from these
//! alone: nothing here reads a partner's rules, and the outcome is drawn apart from what was said.
//!
//! They write to the example partner «Жива», whose questions they know as a customer would: by what stands on its buttons.

mod person;
mod talk;
mod words;

use jiff::{SignedDuration, Timestamp};
use voronka_core::{
    ids::AccountId,
    rehearsal::{
        chance::Chance,
        dialogues::{Dialogue, Part, Recording},
    },
};

use self::{person::Person, talk::Talk};

/// How many are made up.
const PEOPLE: u32 = 400;
/// All chance comes from it.
const SEED: u64 = 20_261_122;
/// Of ten dialogues so many are held out.
const HELD_OUT_OF_TEN: u32 = 4;
/// The first day on which somebody comes, at midnight in Moscow.
const FROM: &str = "2026-10-04T21:00:00Z";
/// Days on which people come.
const DAYS: i64 = 42;

const ABOUT: &str = "Made up, not recorded from people: voronka_testkit::dialogues draws from a seed who somebody is (what \
they want, what they can spend, whom they trust, how much they talk, how they write), then what they do, then what becomes of \
them. The outcome comes from how far they have made up their mind and from plain luck; the generator reads no scoring.yaml, and \
what was said does not enter into the outcome. How clearly people show their mind was set by hand with dialogues of another \
seed in view. The rules of scoring.yaml were tuned by the part tuning alone; of the part held_out nothing but its AUC was looked \
at, before and after.";

/// The dialogues of `partners/zhiva/tests/dialogues.jsonl`; always the same.
///
/// # Panics
/// Never: what is fixed here is sound.
pub fn made_up() -> Recording {
    let dialogues = (0..PEOPLE).map(dialogue).collect();
    Recording { about: ABOUT.to_owned(), dialogues }
}

fn dialogue(nth: u32) -> Dialogue {
    // A stream of its own, so that nobody hangs on how many others there are.
    let mut chance = Chance::new(SEED.wrapping_mul(1_000_003).wrapping_add(u64::from(nth)));
    let person = Person::draw(&mut chance);
    let bought = person.buys(&mut chance);
    let from: Timestamp = FROM.parse().unwrap_or(Timestamp::UNIX_EPOCH);
    let minutes = chance.within(0, DAYS - 1) * 24 * 60 + chance.within(8 * 60, 22 * 60);
    let at = from + SignedDuration::from_secs(minutes * 60 + chance.within(0, 59));
    let account = if person.on_the_site { "web" } else { "telegram" };
    let name = person.name.map(str::to_owned);
    let (lines, until) = Talk::of(&person, nth, at, &mut chance).into_lines();
    Dialogue {
        id: format!("{nth:04}"),
        part: if nth % 10 < HELD_OUT_OF_TEN { Part::HeldOut } else { Part::Tuning },
        account: AccountId::parse(account).unwrap_or_else(|error| panic!("{account}: {error}")),
        name,
        lines,
        until,
        bought,
    }
}
