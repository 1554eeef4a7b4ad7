use std::collections::BTreeMap;

use jiff::{SignedDuration, tz::TimeZone};
use proptest::prelude::*;

use super::{funnel::Funnel, *};
use crate::{
    ids::OrderId,
    lead::Temperature,
    money::{Currency, Money},
    order::{OrderMove, OrderState},
};

fn moscow() -> impl Fn(Timestamp) -> Date {
    let zone = TimeZone::fixed(jiff::tz::offset(3));
    move |at| at.to_zoned(zone.clone()).date()
}

fn fact() -> impl Strategy<Value = Fact> {
    let word = || prop::sample::select(vec!["а", "б", "в"]).prop_map(str::to_owned);
    let states = vec![OrderState::Placed, OrderState::Paid, OrderState::Completed, OrderState::Cancelled];
    let state = prop::sample::select(states);
    let undone = prop::sample::select(vec![OrderState::Paid, OrderState::Completed, OrderState::Shipped]);
    let order = (state, 1..9_i64).prop_map(|(to, minor)| Fact::Order {
        order: OrderId::of(&["1"]),
        by: OrderMove::Place,
        to,
        total: Money { minor, currency: Currency::RUB },
    });
    prop_oneof![
        4 => Just(Fact::Message),
        2 => Just(Fact::Button),
        1 => order,
        1 => word().prop_map(|stage| Fact::Stage { stage }),
        1 => word().prop_map(|cause| Fact::Handoff { cause: format!("taken:{cause}") }),
        1 => Just(Fact::HandBack { who: None }),
        1 => undone.prop_map(|from| Fact::OrderUndone { order: OrderId::of(&["1"]), from, to: OrderState::Placed }),
        1 => (1..6_u8).prop_map(|stars| Fact::Rating { stars }),
        1 => (0..50_u32).prop_map(|input| Fact::ModelUsed { model: "м".into(), input, output: 1, prompt: String::new() }),
        1 => Just(Fact::HandoffAsked),
        1 => Just(Fact::ContactLeft { kind: "phone".into() }),
    ]
}

/// What happened to a customer, within some days.
fn life() -> impl Strategy<Value = Vec<FunnelEvent>> {
    prop::collection::vec((0..200_000_i64, fact()), 0..60).prop_map(|steps| {
        let mut at = 1_796_000_000;
        let event = |(step, fact)| {
            at += 1 + step / 7;
            FunnelEvent { at: Timestamp::from_second(at).unwrap(), fact }
        };
        steps.into_iter().map(event).collect()
    })
}

type Sums = BTreeMap<(Date, Counted, String), i64>;

fn add(sums: &mut Sums, tallies: Vec<Tally>) {
    for Tally { day, what, key, n } in tallies {
        *sums.entry((day, what, key)).or_default() += n;
    }
    sums.retain(|_, n| *n != 0);
}

/// Of many lives, each with where they came from.
fn lives() -> impl Strategy<Value = Vec<(Vec<FunnelEvent>, Option<String>)>> {
    prop::collection::vec((life(), prop::option::of("[a-z]{1,3}")), 1..5)
}

/// Counted turn by turn, as a lead remembers what there was before.
fn counted(facts: &[FunnelEvent], source: Option<&str>, turn: usize) -> Sums {
    let mut sums = Sums::new();
    let (mut log, mut known) = (FactLog::default(), Known { source, ..Known::default() });
    for facts in facts.chunks(turn) {
        let before = log.clone();
        let stages: Vec<&str> = before.named("stage.").map(|(stage, _)| stage).collect();
        add(&mut sums, of(facts, Known { done: Done::of(&before), stages: &stages, ..known }, moscow()));
        facts.iter().filter(|event| event.fact.is_asked_for()).for_each(|event| assert!(log.note(event)));
        let acts = facts.iter().filter(|event| matches!(event.fact, Fact::Message | Fact::Button));
        let (first, last) = (acts.clone().map(|event| event.at).next(), acts.map(|event| event.at).next_back());
        known.came = known.came.or(first);
        let latest =
            |wanted: fn(&Fact) -> bool| facts.iter().rev().find(|event| wanted(&event.fact)).map(|event| event.at);
        known.handed = latest(|fact| matches!(fact, Fact::Handoff { .. })).or(known.handed);
        known.back = latest(|fact| matches!(fact, Fact::HandBack { .. })).or(known.back);
        known.active = last.or(known.active);
    }
    sums
}

/// Whether each of these was ever true of a newcomer: they came, left a contact, ordered as well, paid as well; ordered nameless.
fn walked(facts: &[FunnelEvent]) -> [bool; 5] {
    let is = |wanted: fn(&Fact) -> bool| facts.iter().any(|event| wanted(&event.fact));
    let mut paid = 0_i32;
    for event in facts {
        paid += match &event.fact {
            Fact::Order { to: OrderState::Paid | OrderState::Completed, .. } => 1,
            Fact::OrderUndone { from: OrderState::Paid | OrderState::Completed, .. } => -1,
            _ => 0,
        };
    }
    let came = is(|fact| matches!(fact, Fact::Message | Fact::Button));
    let contact = came && is(|fact| matches!(fact, Fact::ContactLeft { .. }));
    let ordered = came && is(|fact| matches!(fact, Fact::Order { to: OrderState::Placed, .. }));
    [came, contact, contact && ordered, contact && ordered && paid > 0, ordered && !contact]
}

proptest! {
    #[test]
    fn what_was_counted_turn_by_turn_is_what_is_counted_again(lives in lives(), turn in 1..8_usize) {
        for (facts, source) in &lives {
            let mut again = Sums::new();
            add(&mut again, of(facts, Known { source: source.as_deref(), ..Known::default() }, moscow()));
            prop_assert_eq!(counted(facts, source.as_deref(), turn), again);
        }
    }

    #[test]
    fn a_funnel_counts_each_newcomer_once_at_a_step_and_no_step_has_more_than_the_one_before(
        lives in lives(),
        turn in 1..8_usize,
    ) {
        let sums = lives.iter().flat_map(|(facts, source)| counted(facts, source.as_deref(), turn));
        let tallies: Vec<Tally> = sums.map(|((day, what, key), n)| Tally { day, what, key, n }).collect();
        let Funnel { came, contact, order, paid, unnamed } = Funnel::of(&tallies);
        let people = |step: usize| {
            i64::try_from(lives.iter().filter(|(facts, _)| walked(facts)[step]).count()).unwrap()
        };
        prop_assert_eq!([came, contact, order, paid, unnamed], [0, 1, 2, 3, 4].map(people));
        prop_assert!(came >= contact && contact >= order && order >= paid && came - contact >= unnamed);
        for stage in ["а", "б", "в"] {
            let reached = tallies.iter().filter(|tally| tally.what == Counted::Reached && tally.key == stage);
            let has = |event: &FunnelEvent| matches!(&event.fact, Fact::Stage { stage: one } if one == stage);
            let have = lives.iter().filter(|(facts, _)| walked(facts)[0] && facts.iter().any(has)).count();
            prop_assert_eq!(reached.map(|tally| tally.n).sum::<i64>(), i64::try_from(have).unwrap());
        }
    }
}

#[test]
fn a_regular_with_five_orders_is_one_who_ordered() {
    let at = |hours: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours);
    let order = |to| Fact::Order {
        order: OrderId::of(&["1"]),
        by: OrderMove::Place,
        to,
        total: Money { minor: 1, currency: Currency::RUB },
    };
    let mut facts = vec![Fact::Message, order(OrderState::Placed), Fact::ContactLeft { kind: "phone".into() }];
    facts.extend(std::iter::repeat_with(|| order(OrderState::Placed)).take(4));
    let mut told = Vec::new();
    let paid_and_undone = [
        order(OrderState::Paid),
        Fact::OrderUndone { order: OrderId::of(&["1"]), from: OrderState::Paid, to: OrderState::Placed },
        order(OrderState::Completed),
    ];
    for fact in [None].into_iter().chain(paid_and_undone.map(Some)) {
        facts.extend(fact);
        let events: Vec<_> = (0..).zip(&facts).map(|(n, fact)| FunnelEvent { at: at(n), fact: fact.clone() }).collect();
        let Funnel { came, contact, order, paid, unnamed } = Funnel::of(&of(&events, Known::default(), moscow()));
        told.push([came, contact, order, paid, unnamed]);
    }
    let before_paying = [1, 1, 1, 0, 0];
    assert_eq!(told, [before_paying, [1, 1, 1, 1, 0], before_paying, [1, 1, 1, 1, 0]]);
}

#[test]
fn a_day_is_the_partners_and_a_customer_counts_once_in_it() {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let facts = ["2026-12-01T20:00:00Z", "2026-12-01T21:30:00Z", "2026-12-01T23:00:00Z"]
        .map(|text| FunnelEvent { at: at(text), fact: Fact::Message });
    let told = |tallies: Vec<Tally>| -> Vec<String> {
        tallies.iter().map(|one| format!("{} {} {}={}", one.day, one.what.name(), one.key, one.n)).collect()
    };
    let known = Known { source: Some("vk"), ..Known::default() };
    let days = [
        "2026-12-01 cohort came=1",
        "2026-12-01 came vk=1",
        "2026-12-01 funnel came=1",
        "2026-12-01 active =1",
        "2026-12-02 active =1",
    ];
    assert_eq!(told(of(&facts, known, moscow())), days);
    let known = Known { active: Some(facts[1].at), ..known };
    assert!(of(&facts[2..], known, moscow()).is_empty(), "they wrote that day already");
}

#[test]
fn a_day_on_which_a_person_had_the_conversation_counts_once_and_until_it_comes_back() {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let events = [
        ("2026-12-01T09:00:00Z", Fact::Message),
        ("2026-12-01T10:00:00Z", Fact::Handoff { cause: "asked".into() }),
        ("2026-12-01T10:05:00Z", Fact::Handoff { cause: "taken:мастер".into() }),
        ("2026-12-02T09:00:00Z", Fact::Message),
        ("2026-12-02T09:30:00Z", Fact::HandBack { who: None }),
        ("2026-12-02T10:00:00Z", Fact::Handoff { cause: "asked".into() }),
        ("2026-12-02T11:00:00Z", Fact::HandBack { who: None }),
        ("2026-12-03T09:00:00Z", Fact::Message),
        // Somebody looks at it, and the customer says nothing that day.
        ("2026-12-04T09:00:00Z", Fact::Handoff { cause: "taken:мастер".into() }),
    ];
    let facts = events.map(|(when, fact)| FunnelEvent { at: at(when), fact });
    let told = of(&facts, Known::default(), moscow());
    let of_kind = |what: Counted| -> Vec<(String, i64)> {
        told.iter().filter(|one| one.what == what).map(|one| (one.day.to_string(), one.n)).collect()
    };
    let days = |days: &[&str]| days.iter().map(|day| ((*day).to_owned(), 1)).collect::<Vec<_>>();
    assert_eq!(of_kind(Counted::Active), days(&["2026-12-01", "2026-12-02", "2026-12-03"]));
    assert_eq!(of_kind(Counted::Handed), days(&["2026-12-01", "2026-12-02"]));
}

#[test]
fn names_are_read_back_and_of_an_unknown_one_nothing_is_made() {
    for counted in Counted::ALL {
        assert_eq!(Counted::from_name(counted.name()), Some(*counted));
    }
    assert_eq!(Counted::from_name("mood"), None);
    assert_eq!(Temperature::Hot.name(), "hot");
}

#[test]
fn a_long_source_is_cut_at_a_letter() {
    let facts = [FunnelEvent { at: Timestamp::UNIX_EPOCH, fact: Fact::Message }];
    let source = "ё".repeat(500);
    let counted = of(&facts, Known { source: Some(&source), ..Known::default() }, moscow());
    assert_eq!(counted.iter().find(|one| one.what == Counted::Came).unwrap().key, "ё".repeat(KEY_CHARS_MAX));
}

#[test]
fn a_newcomer_counts_on_the_day_they_came_by_what_they_did_first_and_in_how_many_weeks() {
    let came: Timestamp = "2026-12-01T10:00:00Z".parse().unwrap();
    let after = |days: i64, fact: Fact| FunnelEvent { at: came + SignedDuration::from_hours(24 * days), fact };
    let order = |to| Fact::Order {
        order: OrderId::of(&["1"]),
        by: OrderMove::Place,
        to,
        total: Money { minor: 1, currency: Currency::RUB },
    };
    let contact = || Fact::ContactLeft { kind: "phone".into() };
    let facts = [
        after(0, Fact::Message),
        after(8, contact()),
        after(9, contact()),
        after(20, order(OrderState::Placed)),
        after(21, order(OrderState::Placed)),
    ];
    let of_cohort = |tallies: Vec<Tally>| -> Vec<String> {
        let cohort = tallies.iter().filter(|one| one.what == Counted::Cohort);
        cohort.map(|one| format!("{} {}={}", one.day, one.key, one.n)).collect()
    };
    let all = ["2026-12-01 came=1", "2026-12-01 contact.2=1", "2026-12-01 order.4=1"];
    assert_eq!(of_cohort(of(&facts, Known::default(), moscow())), all);
    let late = [after(0, Fact::Message), after(28, contact())];
    assert_eq!(of_cohort(of(&late, Known::default(), moscow())), ["2026-12-01 came=1"], "after four weeks it is late");
    // Of somebody who came before that was noted nothing is told.
    let known = Known { active: Some(came), ..Known::default() };
    assert!(of_cohort(of(&facts, known, moscow())).is_empty());
}
