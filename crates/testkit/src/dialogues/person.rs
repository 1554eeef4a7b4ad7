//! Who somebody is, and whether they buy.

use voronka_core::rehearsal::chance::Chance;

/// What brings somebody here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Errand {
    /// Wants something for themselves.
    Shopping,
    /// Has bought before, and knows what they want.
    Again,
    /// Looks around: curious, a competitor, a student with a questionnaire.
    Looking,
    /// Hunts for gifts and discounts.
    Bargain,
    /// Something went wrong with an order.
    Grievance,
    /// Wants to work with the team.
    Work,
}

/// How somebody writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// Whole sentences.
    Neat,
    /// Small letters, few signs.
    Plain,
    /// In a hurry, with slips.
    Hurried,
    /// Elderly, courteous, with dots…
    Elder,
    /// Young, with brackets for smiles.
    Young,
    /// In capitals.
    Loud,
}

/// Somebody. Inclinations are in thousandths.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) errand: Errand,
    pub(super) style: Style,
    /// How far they have made up their mind to buy.
    pub(super) resolve: u64,
    /// How much they trust a chat.
    pub(super) trust: u64,
    /// How much they talk; it says nothing of what they buy.
    pub(super) talk: u64,
    /// Rather presses than types.
    pub(super) presses: u64,
    /// Minutes to an answer, at most.
    pub(super) pause: i64,
    pub(super) name: Option<&'static str>,
    pub(super) on_the_site: bool,
}

const ERRANDS: [(Errand, u64); 6] = [
    (Errand::Shopping, 560),
    (Errand::Again, 90),
    (Errand::Looking, 110),
    (Errand::Bargain, 80),
    (Errand::Grievance, 60),
    (Errand::Work, 100),
];
const STYLES: [(Style, u64); 6] = [
    (Style::Neat, 260),
    (Style::Plain, 290),
    (Style::Hurried, 170),
    (Style::Elder, 110),
    (Style::Young, 130),
    (Style::Loud, 40),
];
const NAMES: [&str; 16] = [
    "Анна",
    "Марина В.",
    "Олег",
    "Светлана Петровна",
    "katya_k",
    "Ильдар",
    "Юля",
    "Надежда",
    "Serg",
    "мама Тёмы",
    "Дина",
    "Виктор Иванович",
    "Лена",
    "Настя",
    "Rustam",
    "Ольга",
];

fn drawn<T: Copy>(shares: &[(T, u64)], chance: &mut Chance) -> T {
    let mut roll = chance.below(1_000);
    for (one, share) in shares {
        if roll < *share {
            return *one;
        }
        roll -= share;
    }
    shares[0].0
}

/// Most are in the middle.
fn middling(chance: &mut Chance) -> u64 {
    u64::midpoint(chance.below(1_000), chance.below(1_000))
}

impl Person {
    pub(super) fn draw(chance: &mut Chance) -> Self {
        let errand = drawn(&ERRANDS, chance);
        // Most who come want it a little, some very much, some not at all.
        let wish = match errand {
            Errand::Shopping | Errand::Work => chance.below(1_000),
            Errand::Again => 550 + chance.below(450),
            Errand::Looking => chance.below(300),
            Errand::Bargain => 150 + chance.below(500),
            Errand::Grievance => chance.below(450),
        };
        let style = drawn(&STYLES, chance);
        let (purse, trust) = (middling(chance), middling(chance));
        Self {
            errand,
            style,
            resolve: Self::resolve(wish, purse, trust),
            trust,
            talk: match errand {
                Errand::Looking => 400 + chance.below(600),
                _ => chance.below(1_000),
            },
            presses: if style == Style::Elder { 300 } else { 450 + chance.below(500) },
            pause: match style {
                Style::Hurried | Style::Young => 3,
                Style::Elder => 25,
                Style::Neat | Style::Plain | Style::Loud => 12,
            },
            name: (!chance.one_in(6)).then(|| *chance.pick(&NAMES)),
            on_the_site: chance.permille(420),
        }
    }

    /// How far they have made up their mind to buy, as they want it, can pay for it and trust: few are undecided.
    fn resolve(wish: u64, purse: u64, trust: u64) -> u64 {
        const FROM: u64 = 370;
        const TO: u64 = 610;
        let leaning = (wish * 60 + purse * 20 + trust * 20) / 100;
        let at = (leaning.clamp(FROM, TO) - FROM) * 1_000 / (TO - FROM);
        at * at * (3_000 - 2 * at) / 1_000_000
    }

    /// Whether they pay in the end: as they have made up their mind, and now and then for no reason that anybody could have seen.
    pub(super) fn buys(&self, chance: &mut Chance) -> bool {
        match chance.below(1_000) {
            // The salary came, a friend persuaded them, it was a present.
            0..=11 => true,
            // Ill, moved away, bought elsewhere.
            12..=35 => false,
            _ => chance.permille(10 + self.resolve * 97 / 100),
        }
    }

    /// Whether they do something that hangs on how far they have made up their mind, on whether they trust, and on how much they
    /// talk; each by its weight in percent, on top of what everybody does so often.
    pub(super) fn does(&self, always: u64, [resolve, trust, talk]: [u64; 3], chance: &mut Chance) -> bool {
        chance.permille(always + (self.resolve * resolve + self.trust * trust + self.talk * talk) / 100)
    }
}
