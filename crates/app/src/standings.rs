//! How partners do beside each other, for the operator of the house, of what was counted: nobody's name is in it.

use std::cmp::Reverse;

use futures::{StreamExt, TryStreamExt, stream};
use jiff::{Span, Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};
use voronka_core::{
    ids::PartnerId,
    money::{Currency, Money},
    ports::{Directory, StoreError},
    spec::partner::PartnerSpec,
    tally::{Counted, Tally},
};

use super::admin::Cards;

/// Longest span, in days.
pub(crate) const DAYS_MAX: u16 = 366;
/// Partners that are read at a time.
const AT_ONCE: usize = 8;

/// A partner and its clock.
#[derive(Debug, Clone)]
pub(crate) struct Whose {
    pub(crate) id: PartnerId,
    pub(crate) name: String,
    pub(crate) zone: TimeZone,
}

impl Whose {
    pub(crate) fn of(spec: &PartnerSpec) -> Self {
        Self { id: spec.id.clone(), name: spec.config.name.clone(), zone: spec.config.zone.clone() }
    }

    /// All whose pages this house shows.
    pub(crate) fn all(cards: &Cards) -> Vec<Self> {
        let all = cards.all(|_| true).into_iter();
        all.map(|card| Self { id: card.id, name: card.name, zone: card.zone }).collect()
    }

    /// So many days up to today, both included.
    pub(crate) fn days(&self, now: Timestamp, days: u16) -> (Date, Date) {
        let today = now.to_zoned(self.zone.clone()).date();
        (today.checked_sub(Span::new().days(i64::from(days.max(1)) - 1)).unwrap_or(Date::MIN), today)
    }
}

/// What was counted of a partner in some days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Standing {
    pub(crate) partner: PartnerId,
    pub(crate) name: String,
    /// Customers who wrote for the first time.
    pub(crate) leads: i64,
    /// Orders that were placed.
    pub(crate) orders: i64,
    /// Their sums, the greatest first; a currency each.
    pub(crate) revenue: Vec<Money>,
    /// Customers who wrote, each on every day on which they did.
    pub(crate) conversations: i64,
    /// How many of a hundred of those the bot managed alone; `None`: there were none.
    pub(crate) automation: Option<i64>,
}

impl Standing {
    /// What has to be counted for it.
    pub(crate) const OF: &[Counted] =
        &[Counted::Came, Counted::Order, Counted::OrderSum, Counted::Active, Counted::Handed];

    pub(crate) fn of(whose: Whose, tallies: &[Tally]) -> Self {
        let sum = |is: &dyn Fn(&Tally) -> bool| {
            let of = tallies.iter().filter(|tally| is(tally));
            of.fold(0, |sum: i64, tally| sum.saturating_add(tally.n))
        };
        let all = |what| sum(&|tally| tally.what == what);
        let (active, handed) = (all(Counted::Active), all(Counted::Handed));
        let alone = (active - handed).max(0);
        Self {
            partner: whose.id,
            name: whose.name,
            leads: all(Counted::Came),
            orders: sum(&|tally| tally.what == Counted::Order && tally.key == "placed"),
            revenue: revenue(tallies),
            conversations: active,
            automation: (active > 0).then(|| (alone * 100 + active / 2) / active),
        }
    }
}

fn revenue(tallies: &[Tally]) -> Vec<Money> {
    let mut sums: Vec<Money> = Vec::new();
    for tally in tallies.iter().filter(|tally| tally.what == Counted::OrderSum) {
        let Some(Ok(currency)) = tally.key.strip_prefix("placed ").map(Currency::parse) else { continue };
        match sums.iter_mut().find(|sum| sum.currency == currency) {
            Some(sum) => sum.minor = sum.minor.saturating_add(tally.n),
            None => sums.push(Money { minor: tally.n, currency }),
        }
    }
    sums.retain(|sum| sum.minor != 0);
    sums.sort_by_key(|sum| Reverse(sum.minor));
    sums
}

/// What partners stand in order of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum By {
    /// Customers who wrote for the first time.
    #[default]
    Leads,
    /// Orders.
    Orders,
    /// Their sum; currencies stand one behind the other, for nobody compares them here.
    Revenue,
    /// Days on which customers wrote.
    Conversations,
    /// How much the bot managed alone.
    Automation,
}

impl By {
    pub(crate) const ALL: [Self; 5] = [Self::Leads, Self::Orders, Self::Revenue, Self::Conversations, Self::Automation];

    /// As it stands in an address and a command.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Leads => "leads",
            Self::Orders => "orders",
            Self::Revenue => "revenue",
            Self::Conversations => "conversations",
            Self::Automation => "automation",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|by| by.name() == name)
    }

    /// The most first; who has as much as another stands by name.
    pub(crate) fn sort(self, all: &mut [Standing]) {
        all.sort_by(|one, other| one.partner.cmp(&other.partner));
        match self {
            Self::Leads => all.sort_by_key(|one| Reverse(one.leads)),
            Self::Orders => all.sort_by_key(|one| Reverse(one.orders)),
            Self::Revenue => all.sort_by_key(|one| {
                let most = one.revenue.first();
                (most.is_none(), most.map(|sum| (sum.currency.code().to_owned(), Reverse(sum.minor))))
            }),
            Self::Conversations => all.sort_by_key(|one| Reverse(one.conversations)),
            Self::Automation => all.sort_by_key(|one| Reverse(one.automation)),
        }
    }
}

/// Reads what was counted of partners, each for itself, up to today by its own clock.
pub(crate) async fn read(
    directory: &dyn Directory,
    whose: Vec<Whose>,
    now: Timestamp,
    days: u16,
) -> Result<Vec<Standing>, StoreError> {
    let one = |whose: Whose| async move {
        let (since, until) = whose.days(now, days);
        let tallies = directory.report(&whose.id, Standing::OF, since, until).await?;
        Ok(Standing::of(whose, &tallies))
    };
    stream::iter(whose).map(one).buffered(AT_ONCE).try_collect().await
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn whose(id: &str) -> Whose {
        let zone = TimeZone::fixed(jiff::tz::offset(3));
        Whose { id: PartnerId::parse(id).unwrap(), name: id.to_uppercase(), zone }
    }

    fn standing(id: &str, counted: &[(Counted, &str, i64)]) -> Standing {
        let tally = |(what, key, n): &(Counted, &str, i64)| Tally::of(date(2026, 12, 1), *what, key, *n);
        Standing::of(whose(id), &counted.iter().map(tally).collect::<Vec<_>>())
    }

    #[test]
    fn a_standing_sums_what_was_counted_and_keeps_currencies_apart() {
        let all = [
            (Counted::Came, "", 3),
            (Counted::Came, "vk", 2),
            (Counted::Order, "placed", 4),
            (Counted::Order, "paid", 9),
            (Counted::OrderSum, "placed RUB", 100),
            (Counted::OrderSum, "placed RUB", 400),
            (Counted::OrderSum, "placed USD", 700),
            (Counted::OrderSum, "paid RUB", 9_000),
            (Counted::Active, "", 8),
            (Counted::Handed, "", 1),
        ];
        let money = |minor, code: &str| Money { minor, currency: Currency::parse(code).unwrap() };
        assert_eq!(
            standing("a", &all),
            Standing {
                partner: PartnerId::parse("a").unwrap(),
                name: "A".into(),
                leads: 5,
                orders: 4,
                revenue: vec![money(700, "USD"), money(500, "RUB")],
                conversations: 8,
                automation: Some(88),
            }
        );
        assert_eq!(standing("a", &[]).automation, None);
    }

    #[test]
    fn whoever_has_the_most_stands_first_and_sums_are_compared_within_a_currency() {
        let all = [
            standing("a", &[(Counted::Came, "", 1), (Counted::OrderSum, "placed USD", 999)]),
            standing("b", &[(Counted::Came, "", 3), (Counted::Order, "placed", 1), (Counted::Active, "", 2)]),
            standing("c", &[(Counted::Came, "", 1), (Counted::OrderSum, "placed RUB", 5), (Counted::Active, "", 1)]),
            standing("d", &[(Counted::OrderSum, "placed RUB", 50), (Counted::Handed, "", 1), (Counted::Active, "", 1)]),
        ];
        let order = |by: By| {
            let mut all = all.to_vec();
            by.sort(&mut all);
            all.iter().map(|one| one.partner.as_str().to_owned()).collect::<String>()
        };
        assert_eq!(By::ALL.map(order), ["bacd", "bacd", "dcab", "bcda", "bcda"]);
        assert_eq!(By::ALL.map(|by| By::named(by.name())), By::ALL.map(Some));
    }

    #[test]
    fn days_are_the_partners_own() {
        let late = "2026-11-30T22:00:00Z".parse().unwrap();
        assert_eq!(whose("a").days(late, 7), (date(2026, 11, 25), date(2026, 12, 1)));
        assert_eq!(whose("a").days(late, 0), (date(2026, 12, 1), date(2026, 12, 1)));
    }
}
