//! Who a simulated customer is: drawn from the seed once, and the same ever after.

use jiff::{SignedDuration, Timestamp, civil::Time, tz::TimeZone};
use serde::Serialize;

use super::Scene;
use crate::{lang::Lang, rehearsal::chance::Chance, spec::config::Span};

/// How a customer is disposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Temper {
    /// Answers what is asked, in their own time.
    Patient,
    /// Answers at once, types sloppily, is soon gone.
    Hurried,
    /// Asks more than they answer.
    Curious,
    /// Complains, wants a person, wants no letters.
    Angry,
    /// Says little and falls silent.
    Silent,
}

/// What somebody tends to do, in thousandths, and how many minutes they take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Habits {
    /// Goes on when something is asked.
    pub(super) answers: u64,
    /// Presses a button where there is one.
    pub(super) presses: u64,
    /// Asks something of their own instead.
    pub(super) asks: u64,
    /// Complains instead.
    pub(super) complains: u64,
    /// Wants a person instead.
    pub(super) human: u64,
    /// Types what nobody understands.
    pub(super) babbles: u64,
    /// Comes back when they are written to, or by themselves.
    pub(super) returns: u64,
    /// Wants no more letters when one comes.
    pub(super) opts_out: u64,
    /// Blocks us when one comes.
    pub(super) blocks: u64,
    /// Minutes to an answer, at least and at most.
    pub(super) pause: (i64, i64),
}

impl Temper {
    /// How many in a thousand are so.
    const SHARES: [(Self, u64); 5] =
        [(Self::Patient, 350), (Self::Hurried, 250), (Self::Curious, 150), (Self::Angry, 80), (Self::Silent, 170)];

    /// All of them.
    pub const ALL: [Self; 5] = [Self::Patient, Self::Hurried, Self::Curious, Self::Angry, Self::Silent];

    pub(super) fn habits(self) -> Habits {
        let usual = Habits {
            answers: 940,
            presses: 700,
            asks: 50,
            complains: 2,
            human: 5,
            babbles: 10,
            returns: 350,
            opts_out: 20,
            blocks: 3,
            pause: (1, 12),
        };
        match self {
            Self::Patient => usual,
            Self::Hurried => Habits { answers: 880, presses: 900, babbles: 40, pause: (0, 2), ..usual },
            Self::Curious => Habits { asks: 260, presses: 450, pause: (1, 30), ..usual },
            Self::Angry => {
                Habits { answers: 820, asks: 80, complains: 60, human: 50, opts_out: 150, blocks: 30, ..usual }
            }
            Self::Silent => Habits { answers: 620, presses: 800, asks: 10, returns: 150, pause: (5, 180), ..usual },
        }
    }
}

/// Where customers live besides the partner's own zone.
const ELSEWHERE: [&str; 9] = [
    "Europe/Kaliningrad",
    "Europe/Moscow",
    "Europe/Samara",
    "Asia/Yekaterinburg",
    "Asia/Novosibirsk",
    "Asia/Vladivostok",
    "Europe/Berlin",
    "Asia/Dubai",
    "America/New_York",
];
/// Hours of the day in which people write; the last ones are awake at night.
const AWAKE: [(i8, i8); 5] = [(8, 22), (7, 20), (10, 23), (9, 19), (20, 3)];
/// What messengers call people.
const NAMES: [[&str; 6]; 2] = [
    ["Анна", "Дмитрий", "Ольга К.", "мама двоих", "Рустам", "Света"],
    ["Emma", "Jack", "Olivia B.", "mum of two", "Rustam", "Sue"],
];

/// A simulated customer.
#[derive(Debug, Clone)]
pub struct Person {
    /// Their number in the crowd.
    pub nth: u32,
    /// How they are disposed.
    pub temper: Temper,
    /// How much they want what the partner sells, in thousandths. Nothing that decides or scores sees it.
    pub wish: u64,
    /// Their clock.
    pub zone: TimeZone,
    /// The hours of it in which they write.
    pub awake: Span,
    /// What the messenger calls them.
    pub name: Option<&'static str>,
    /// Which of the partner's accounts they write to.
    pub door: usize,
    /// When they write first.
    pub arrives: Timestamp,
}

impl Person {
    pub(super) fn draw(scene: &Scene, nth: u32, chance: &mut Chance) -> Self {
        let config = &scene.playbook.spec.config;
        let own = config.zone.clone();
        let zone = if chance.one_in(2) { own } else { TimeZone::get(chance.pick::<&str>(&ELSEWHERE)).unwrap_or(own) };
        let (from, until) = *chance.pick(&AWAKE);
        let awake = Span { from: Time::constant(from, 0, 0, 0), until: Time::constant(until, 0, 0, 0) };
        let lang = config.languages.first().copied().unwrap_or_default();
        let names = match lang {
            Lang::Ru => NAMES[0],
            Lang::En => NAMES[1],
        };
        let name = (!chance.one_in(5)).then(|| *chance.pick(&names));
        // They come in the first two thirds of the time, so that most are seen to their end.
        let minutes = i64::from(scene.days) * 24 * 60 * 2 / 3;
        let arrives = scene.from + SignedDuration::from_mins(chance.within(0, minutes.max(1)));
        let mut person = Self {
            nth,
            temper: temper(chance),
            // Most want it a little, few a lot.
            wish: chance.below(1_000).min(chance.below(1_400)),
            zone,
            awake,
            name,
            door: chance.index(scene.doors.len()),
            arrives,
        };
        person.arrives = person.awake_from(person.arrives, chance);
        person
    }

    /// Whether something happens that happens to so many in a thousand, more to those who want what is sold.
    pub(super) fn is_keen(&self, of_thousand: u64, chance: &mut Chance) -> bool {
        chance.permille(of_thousand * (700 + self.wish * 3 / 10) / 1_000)
    }

    /// When they do something that they mean to do after so many minutes: at an hour at which they write.
    pub(super) fn awake_from(&self, at: Timestamp, chance: &mut Chance) -> Timestamp {
        let local = at.to_zoned(self.zone.clone());
        if self.awake.holds(local.time()) {
            return at;
        }
        let day = local.date();
        let days = [Some(day), day.tomorrow().ok()].into_iter().flatten();
        let mornings = days.map(|day| crate::may_write::moment(day.to_datetime(self.awake.from), &self.zone));
        let morning = mornings.filter(|morning| *morning > at).min().unwrap_or(at);
        morning + SignedDuration::from_mins(chance.within(0, 90))
    }
}

fn temper(chance: &mut Chance) -> Temper {
    let mut drawn = chance.below(1_000);
    for (temper, share) in Temper::SHARES {
        if drawn < share {
            return temper;
        }
        drawn -= share;
    }
    Temper::Patient
}
